import CLanes
import KilterVocabulary

/// Reads an ExportTraceServiceRequest (or TracesData, which is the same on the wire).
struct ProtobufTraces {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    func read(_ payload: Text, into batch: inout SpanBatch) throws(Refusal) {
        var reader = ProtobufReader(payload)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                try readResourceSpans(reader.bytes(), into: &batch)
            } else {
                try reader.skip(tag)
            }
        }
    }

    /// Two passes over the top level, because the resource may follow its spans and may come in pieces.
    private func readResourceSpans(_ message: Text, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.beginResource()
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                try readResource(reader.bytes())
            } else {
                try reader.skip(tag)
            }
        }
        space.pointee.resolveResource(into: &batch)
        reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length2 {
                try readScopeSpans(reader.bytes(), into: &batch)
            } else {
                try reader.skip(tag)
            }
        }
    }

    private func readResource(_ message: Text) throws(Refusal) {
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                try readAttribute(reader.bytes(), into: space.pointee.resourceCandidates)
            } else {
                try reader.skip(tag)
            }
        }
    }

    private func readScopeSpans(_ message: Text, into batch: inout SpanBatch) throws(Refusal) {
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length2 {
                space.pointee.beginSpan()
                try readSpan(reader.bytes())
                SpanResolver(space: space).finish(into: &batch)
            } else {
                try reader.skip(tag)
            }
        }
    }

    private func readSpan(_ message: Text) throws(Refusal) {
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case Tag.length9: try readSpanAttribute(reader.bytes())
            case Tag.length1: readTraceID(try reader.bytes())
            case Tag.length2: readSpanID(try reader.bytes())
            case Tag.length4: readParentID(try reader.bytes())
            case Tag.length5: space.pointee.facts.name = checked(try reader.bytes())
            case Tag.varint6: space.pointee.facts.kind = Int32(truncatingIfNeeded: try reader.varint())
            case Tag.fixed7: space.pointee.facts.start = try reader.fixed64()
            case Tag.fixed8: space.pointee.facts.end = try reader.fixed64()
            case Tag.varint10: space.pointee.facts.attributesDropped = UInt32(truncatingIfNeeded: try reader.varint()) != 0
            case Tag.length11: try readEvent(reader.bytes())
            case Tag.length15: try readStatus(reader.bytes())
            default: try reader.skip(tag)
            }
        }
    }

    private func readTraceID(_ bytes: Text) {
        space.pointee.facts.lacksTrace = bytes.isEmpty
        space.pointee.facts.trace = TraceID()
        guard bytes.count == 16 else { return }
        space.pointee.facts.trace = TraceID(
            high: load8(bytes.base).byteSwapped, low: load8(bytes.base + 8).byteSwapped)
    }

    private func readSpanID(_ bytes: Text) {
        space.pointee.facts.span = bytes.count == 8 ? load8(bytes.base).byteSwapped : 0
    }

    private func readParentID(_ bytes: Text) {
        if bytes.count != 8 && !bytes.isEmpty { space.pointee.facts.refuse(.invalidSpanID) }
        space.pointee.facts.parent = bytes.count == 8 ? load8(bytes.base).byteSwapped : 0
    }

    /// Text that will be looked at must be UTF-8; otherwise the span is refused, not the payload.
    @inline(__always) private func checked(_ text: Text) -> Text {
        if kilter_is_utf8(text.base, text.count) != 0 { return text }
        space.pointee.facts.refuse(.invalidUTF8)
        return .none
    }

    private func readStatus(_ message: Text) throws(Refusal) {
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length2 {
                space.pointee.facts.statusMessage = checked(try reader.bytes())
            } else if tag == Tag.statusCode {
                space.pointee.facts.statusCode = Int32(truncatingIfNeeded: try reader.varint())
            } else {
                try reader.skip(tag)
            }
        }
    }

    /// Only exceptions are looked at. The name may follow the attributes, hence two passes.
    private func readEvent(_ message: Text) throws(Refusal) {
        var name = Text.none
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length2 { name = try reader.bytes() } else { try reader.skip(tag) }
        }
        guard name.equals("exception") else { return }
        reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length3 {
                try readExceptionAttribute(reader.bytes())
            } else {
                try reader.skip(tag)
            }
        }
    }

    private func readExceptionAttribute(_ message: Text) throws(Refusal) {
        let (key, value) = try readKeyValue(message)
        if key.equals("exception.type") {
            let read = try readValue(value)
            if read.shape == .text { space.pointee.facts.exceptionType = read.text }
        } else if key.equals("exception.message") {
            let read = try readValue(value)
            if read.shape == .text { space.pointee.facts.exceptionMessage = read.text }
        }
    }

    @inline(__always) private func readSpanAttribute(_ message: Text) throws(Refusal) {
        space.pointee.facts.attributes &+= 1
        if space.pointee.facts.attributes > Limits.attributesMax {
            space.pointee.facts.refuse(.tooManyAttributes)
            return
        }
        try readAttribute(message, into: space.pointee.candidates)
    }

    @inline(__always) private func readAttribute(_ message: Text, into candidates: Candidates) throws(Refusal) {
        let (key, value) = try readKeyValue(message)
        let slot = space.pointee.keys.slot(of: key)
        if slot == .ignored { return }
        if !candidates.set(slot, try readValue(value)) { space.pointee.facts.duplicateKeys &+= 1 }
    }

    /// Key and value of a KeyValue. A value that comes in several pieces is joined, which is what merging means on
    /// this wire.
    @inline(__always) private func readKeyValue(_ message: Text) throws(Refusal) -> (Text, Text) {
        // Usual case without a detour: a short key, then a short value, and nothing else.
        let first = message.base
        if message.count >= 4 && first[0] == UInt8(Tag.length1) && Int(first[1]) + 4 <= message.count {
            let length = Int(first[1])
            let second = first + (2 + length)
            if length < 0x80 && second[0] == UInt8(Tag.length2) && second[1] < 0x80
                && length + Int(second[1]) + 4 == message.count
            {
                return (Text(first + 2, length), Text(second + 2, Int(second[1])))
            }
        }
        return try readLooseKeyValue(message)
    }

    @inline(never) private func readLooseKeyValue(_ message: Text) throws(Refusal) -> (Text, Text) {
        var reader = ProtobufReader(message)
        var key = Text.none
        var value = Text.none
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                key = try reader.bytes()
            } else if tag == Tag.length2 {
                let piece = try reader.bytes()
                value = value.isEmpty ? piece : try join(value, piece)
            } else {
                try reader.skip(tag)
            }
        }
        return (key, value)
    }

    @inline(never) private func join(_ a: Text, _ b: Text) throws(Refusal) -> Text {
        try space.pointee.join(a, b)
    }

    /// An AnyValue; the last member wins. Arrays and lists are kept as they stand for who wants to walk them.
    @inline(__always) private func readValue(_ message: Text) throws(Refusal) -> AttributeValue {
        // Usual case without a detour: one short string.
        if message.count >= 2 && message[0] == UInt8(Tag.length1) && message[1] < 0x80
            && Int(message[1]) + 2 == message.count
        {
            return .text(checked(message.dropFirst(2)))
        }
        return try readLooseValue(message)
    }

    private func readLooseValue(_ message: Text) throws(Refusal) -> AttributeValue {
        var reader = ProtobufReader(message)
        var value = AttributeValue.absent
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case Tag.length1: value = .text(checked(try reader.bytes()))
            case Tag.intValue: value = .integer(Int64(bitPattern: try reader.varint()))
            case Tag.boolValue: value = .boolean(try reader.varint() != 0)
            case Tag.doubleValue: value = .double(Double(bitPattern: try reader.fixed64()))
            case Tag.bytesValue: value = AttributeValue(.bytes, try reader.bytes())
            case Tag.arrayValue, Tag.listValue:
                try reader.skip(tag)
                value = AttributeValue(.protobufTree, message)
            default: try reader.skip(tag)
            }
        }
        return value
    }
}

extension Workspace {
    /// Two pieces of one embedded message, one after the other.
    mutating func join(_ a: Text, _ b: Text) throws(Refusal) -> Text {
        guard let room = arena.room(a.count + b.count) else { throw ProtobufReader.malformed }
        room.update(from: a.base, count: a.count)
        (room + a.count).update(from: b.base, count: b.count)
        return arena.keep(a.count + b.count)
    }
}
