import KilterVocabulary

/// Reads an ExportLogsServiceRequest (or LogsData, which is the same on the wire).
struct ProtobufLogs: ProtobufRequest {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    func readRecord(_ message: Text, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.beginSpan()
        space.pointee.facts.lacksTrace = false
        let body = try readMembers(message)
        if !body.isEmpty { try readBody(body) }
        LogResolver(space: space).finish(into: &batch)
    }

    /// Reads everything but the body, which is returned.
    private func readMembers(_ message: Text) throws(Refusal) -> Text {
        var body = Text.none
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case Tag.length6: try readLogAttribute(reader.bytes())
            case Tag.fixed1: space.pointee.facts.start = try reader.fixed64()
            case Tag.fixed11: space.pointee.facts.end = try reader.fixed64()
            case Tag.length5:
                let piece = try reader.bytes()
                body = body.isEmpty ? piece : try join(body, piece)
            case Tag.varint7: space.pointee.facts.attributesDropped = UInt32(truncatingIfNeeded: try reader.varint()) != 0
            case Tag.length9: readTraceID(try reader.bytes())
            case Tag.length10: readSpanID(try reader.bytes())
            case Tag.length12: space.pointee.facts.name = checked(try reader.bytes())
            case Tag.length1:
                // A span has its trace id where a log record has its time, and is not read further as a log record.
                space.pointee.facts.lacksTrace = true
                return .none
            default: try reader.skip(tag)
            }
        }
        return body
    }

    private func readTraceID(_ bytes: Text) {
        space.pointee.facts.trace = TraceID()
        if bytes.count == 16 {
            space.pointee.facts.trace = TraceID(
                high: load8(bytes.base).byteSwapped, low: load8(bytes.base + 8).byteSwapped)
        } else if !bytes.isEmpty {
            space.pointee.facts.refuse(.invalidTraceID)
        }
    }

    private func readSpanID(_ bytes: Text) {
        if bytes.count != 8 && !bytes.isEmpty { space.pointee.facts.refuse(.invalidSpanID) }
        space.pointee.facts.parent = bytes.count == 8 ? load8(bytes.base).byteSwapped : 0
    }

    /// Every attribute goes into the record's digest, whether it is looked at or not.
    private func readLogAttribute(_ message: Text) throws(Refusal) {
        guard countAttribute() else { return }
        let (key, value) = try readKeyValue(message)
        let slot = space.pointee.keys.slot(of: key)
        let read = try readLogValue(value, under: key, isLookedAt: slot != .ignored && slot != EventDialect.message)
        space.pointee.keep(read, in: slot)
    }

    private func countAttribute() -> Bool {
        space.pointee.facts.attributes &+= 1
        if space.pointee.facts.attributes <= Limits.attributesMax { return true }
        space.pointee.facts.refuse(.tooManyAttributes)
        return false
    }

    /// Text that nobody will look at may be no UTF-8, as in logs it often is; then its bytes count as they are.
    private func readLogValue(_ value: Text, under key: Text, isLookedAt: Bool) throws(Refusal) -> AttributeValue {
        let refusal = space.pointee.facts.refusal
        let read = try readValue(value)
        let isBad = refusal == nil && space.pointee.facts.refusal != nil
        if isBad && !isLookedAt { space.pointee.facts.refusal = nil }
        LogDigest(space: space).take(key, isBad ? AttributeValue(.bytes, value) : read)
        return read
    }

    /// Older SDKs put the fields of an event into a map in its body. They stand behind the record's own attributes.
    private func readBody(_ body: Text) throws(Refusal) {
        let value = try readLogValue(body, under: .none, isLookedAt: false)
        guard value.shape == .protobufTree else { return }
        var reader = ProtobufReader(body)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.listValue {
                try readBodyList(reader.bytes())
            } else {
                try reader.skip(tag)
            }
        }
    }

    private func readBodyList(_ message: Text) throws(Refusal) {
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                let member = try reader.bytes()
                guard countAttribute() else { return }
                let (key, value) = try readKeyValue(member)
                let slot = space.pointee.keys.slot(of: key)
                guard slot != .ignored else { continue }
                let refusal = space.pointee.facts.refusal
                space.pointee.offer(try readValue(value), to: slot)
                if slot == EventDialect.message { space.pointee.facts.refusal = refusal }
            } else {
                try reader.skip(tag)
            }
        }
    }
}
