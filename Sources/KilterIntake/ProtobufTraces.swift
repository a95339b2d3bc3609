import KilterVocabulary

/// Reads an ExportTraceServiceRequest (or TracesData, which is the same on the wire).
struct ProtobufTraces: ProtobufRequest {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    func readRecord(_ message: Text, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.beginSpan()
        try readSpan(message)
        SpanResolver(space: space).finish(into: &batch)
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
            case Tag.length13: try readLink(reader.bytes())
            case Tag.length15: try readStatus(reader.bytes())
            // A log record begins with its time where a span has its trace id, and is not read further as a span.
            case Tag.fixed1: return
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

    /// Where the span points to; a target without both ids is none.
    private func readLink(_ message: Text) throws(Refusal) {
        space.pointee.facts.links &+= 1
        space.pointee.facts.linkedTrace = TraceID()
        space.pointee.facts.linkedSpan = 0
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                let bytes = try reader.bytes()
                guard bytes.count == 16 else { continue }
                space.pointee.facts.linkedTrace = TraceID(
                    high: load8(bytes.base).byteSwapped, low: load8(bytes.base + 8).byteSwapped)
            } else if tag == Tag.length2 {
                let bytes = try reader.bytes()
                space.pointee.facts.linkedSpan = bytes.count == 8 ? load8(bytes.base).byteSwapped : 0
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
}
