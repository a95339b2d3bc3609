import CLanes
import KilterVocabulary

/// What requests for traces and for log records have in common on the protobuf wire: resources, scopes and attributes.
/// Their containers have the same field numbers, so only the records themselves differ.
protocol ProtobufRequest {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    var space: UnsafeMutablePointer<Workspace> { get }
    /// Reads one record and appends its row to `batch`.
    func readRecord(_ message: Text, into batch: inout SpanBatch) throws(Refusal)
}

extension ProtobufRequest {
    func read(_ payload: Text, into batch: inout SpanBatch) throws(Refusal) {
        var reader = ProtobufReader(payload)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                try readResourceRecords(reader.bytes(), into: &batch)
            } else {
                try reader.skip(tag)
            }
        }
    }

    /// Two passes over the top level, because the resource may follow its records and may come in pieces.
    private func readResourceRecords(_ message: Text, into batch: inout SpanBatch) throws(Refusal) {
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
                try readRecords(reader.bytes(), into: &batch)
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
                try readAttribute(reader.bytes(), into: space.pointee.resourceCandidates, isSpan: false)
            } else {
                try reader.skip(tag)
            }
        }
    }

    /// Two passes, because the scope may follow its records.
    private func readRecords(_ message: Text, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.scope = .unknown
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 { try readScope(reader.bytes()) } else { try reader.skip(tag) }
        }
        reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length2 {
                try readRecord(reader.bytes(), into: &batch)
            } else {
                try reader.skip(tag)
            }
        }
    }

    private func readScope(_ message: Text) throws(Refusal) {
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                space.pointee.scope = Producer.of(scope: try reader.bytes())
            } else {
                try reader.skip(tag)
            }
        }
    }

    /// Text that will be looked at must be UTF-8; otherwise the record is refused, not the payload.
    @inline(__always) func checked(_ text: Text) -> Text {
        if kilter_is_utf8(text.base, text.count) != 0 { return text }
        space.pointee.facts.refuse(.invalidUTF8)
        return .none
    }

    @inline(__always) func readAttribute(
        _ message: Text, into candidates: Candidates, isSpan: Bool = true
    ) throws(Refusal) {
        let (key, value) = try readKeyValue(message)
        let slot = space.pointee.keys.slot(of: key)
        if slot == .ignored {
            if isSpan, let indexed = IndexedKey(key) { space.pointee.keep(indexed, try readValue(value)) }
            return
        }
        if !candidates.set(slot, try readValue(value)) { space.pointee.facts.duplicateKeys &+= 1 }
    }

    /// Key and value of a KeyValue. A value that comes in several pieces is joined, which is what merging means on
    /// this wire.
    @inline(__always) func readKeyValue(_ message: Text) throws(Refusal) -> (Text, Text) {
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

    @inline(never) func join(_ a: Text, _ b: Text) throws(Refusal) -> Text {
        try space.pointee.join(a, b)
    }

    /// An AnyValue; the last member wins. Arrays and lists are kept as they stand for who wants to walk them.
    @inline(__always) func readValue(_ message: Text) throws(Refusal) -> AttributeValue {
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
