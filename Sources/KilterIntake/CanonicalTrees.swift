import KilterVocabulary

/// Arrays and key-value lists of attributes, made canonical as the JSON they stand for: a list is an object, bytes are
/// base64, an empty AnyValue is null. Equal trees of both encodings, and the JSON text of either, give equal bytes.
struct TreeWriter {
    // Guard: the workspace belongs to the decoder that made this writer, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    // MARK: Protobuf

    /// An AnyValue message, already checked at its top level. Refuses malformed wire below.
    func write(protobuf message: Text) throws(Refusal) {
        space.pointee.canonical.begin()
        try writeProtobufValue(message, depth: 0)
    }

    /// An array or key-value list of an AnyValue of OTLP/JSON, already known to be well-formed JSON.
    func write(json value: AttributeValue) throws(Refusal) {
        space.pointee.canonical.begin()
        try writeJSONTree(value, depth: 0)
    }

    private func writeProtobufValue(_ message: Text, depth: Int) throws(Refusal) {
        var reader = ProtobufReader(message)
        var member: UInt32 = 0
        var bits: UInt64 = 0
        var text = Text.none
        while !reader.isAtEnd {
            let tag = try reader.tag()
            switch tag {
            case Tag.length1, Tag.bytesValue: text = try reader.bytes()
            case Tag.boolValue, Tag.intValue: bits = try reader.varint()
            case Tag.doubleValue: bits = try reader.fixed64()
            case Tag.arrayValue, Tag.listValue:
                let piece = try reader.bytes()
                text = member == tag ? try space.pointee.join(text, piece) : piece
            default:
                try reader.skip(tag)
                continue
            }
            member = tag
        }
        switch member {
        case Tag.length1:
            guard isUTF8(text) else { throw Refusal(.invalidUTF8) }
            space.pointee.canonical.string(text)
        case Tag.bytesValue: space.pointee.canonical.base64(text)
        case Tag.boolValue: space.pointee.canonical.literal(bits != 0 ? "true" : "false")
        case Tag.intValue: space.pointee.canonical.integer(Int64(bitPattern: bits))
        case Tag.doubleValue: space.pointee.canonical.double(Double(bitPattern: bits))
        case Tag.arrayValue: try writeProtobufArray(text, depth: depth)
        case Tag.listValue: try writeProtobufList(text, depth: depth)
        default: space.pointee.canonical.literal("null")
        }
    }

    private func writeProtobufArray(_ message: Text, depth: Int) throws(Refusal) {
        guard depth < Limits.valueDepthMax else { throw Refusal(.tooDeep) }
        space.pointee.canonical.byte(Byte.openBracket)
        var reader = ProtobufReader(message)
        var isFirst = true
        while !reader.isAtEnd {
            let tag = try reader.tag()
            guard tag == Tag.length1 else {
                try reader.skip(tag)
                continue
            }
            if !isFirst { space.pointee.canonical.byte(Byte.comma) }
            isFirst = false
            try writeProtobufValue(reader.bytes(), depth: depth + 1)
        }
        space.pointee.canonical.byte(Byte.closeBracket)
    }

    private func writeProtobufList(_ message: Text, depth: Int) throws(Refusal) {
        guard depth < Limits.valueDepthMax else { throw Refusal(.tooDeep) }
        var object = space.pointee.canonical.beginObject()
        var reader = ProtobufReader(message)
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                try writeProtobufMember(reader.bytes(), &object, depth: depth)
            } else {
                try reader.skip(tag)
            }
        }
        _ = space.pointee.canonical.endObject(object)
    }

    private func writeProtobufMember(
        _ message: Text, _ object: inout CanonicalWriter.Object, depth: Int
    ) throws(Refusal) {
        var reader = ProtobufReader(message)
        var key = Text.none
        var value = Text.none
        while !reader.isAtEnd {
            let tag = try reader.tag()
            if tag == Tag.length1 {
                key = try reader.bytes()
            } else if tag == Tag.length2 {
                let piece = try reader.bytes()
                value = value.isEmpty ? piece : try space.pointee.join(value, piece)
            } else {
                try reader.skip(tag)
            }
        }
        guard isUTF8(key) else { throw Refusal(.invalidUTF8) }
        space.pointee.canonical.beginMember(object)
        space.pointee.canonical.string(key)
        space.pointee.canonical.endKey(&object)
        try writeProtobufValue(value, depth: depth + 1)
        space.pointee.canonical.endMember()
    }

    // MARK: OTLP/JSON

    /// An AnyValue object of OTLP/JSON, or the inside of one, already known to be well-formed JSON.
    private func writeJSONValue(_ reader: inout JSONReader, depth: Int) throws(Refusal) {
        let value = try reader.anyValue()
        switch value.shape {
        case .text: space.pointee.canonical.string(value.text)
        case .integer: space.pointee.canonical.integer(Int64(bitPattern: value.bits))
        case .double: space.pointee.canonical.double(Double(bitPattern: value.bits))
        case .boolean: space.pointee.canonical.literal(value.bits != 0 ? "true" : "false")
        case .bytes: space.pointee.canonical.base64(value.text)
        case .jsonTree: try writeJSONTree(value, depth: depth)
        case .plainTree: if !space.pointee.appendPlain(value.text, depth: depth) { throw Refusal(.tooDeep) }
        case .absent, .badNumber, .protobufTree: space.pointee.canonical.literal("null")
        }
    }

    /// An array or a key-value list: the text is the member's value, from its opening brace on.
    private func writeJSONTree(_ value: AttributeValue, depth: Int) throws(Refusal) {
        guard depth < Limits.valueDepthMax else { throw Refusal(.tooDeep) }
        let isList = value.bits != 0
        var object = CanonicalWriter.Object(firstMember: 0)
        if isList { object = space.pointee.canonical.beginObject() } else { space.pointee.canonical.byte(Byte.openBracket) }
        var reader = JSONReader(value.text.base, space)
        if reader.p.pointee == Byte.openBracket {
            try writeJSONElements(&reader, isList: isList, &object, depth: depth)
        } else if reader.p.pointee == Byte.openBrace, try reader.enter(Byte.openBrace, Byte.closeBrace) {
            repeat {
                let key = try reader.key()
                if key.equals("values") && reader.p.pointee == Byte.openBracket {
                    try writeJSONElements(&reader, isList: isList, &object, depth: depth)
                } else {
                    try reader.skipValue()
                }
            } while try reader.next(Byte.closeBrace)
        }
        if isList { _ = space.pointee.canonical.endObject(object) } else { space.pointee.canonical.byte(Byte.closeBracket) }
    }

    private func writeJSONElements(
        _ reader: inout JSONReader, isList: Bool, _ object: inout CanonicalWriter.Object, depth: Int
    ) throws(Refusal) {
        guard try reader.enter(Byte.openBracket, Byte.closeBracket) else { return }
        var isFirst = true
        repeat {
            if isList {
                try writeJSONMember(&reader, &object, depth: depth)
            } else {
                if !isFirst { space.pointee.canonical.byte(Byte.comma) }
                isFirst = false
                try writeJSONValue(&reader, depth: depth + 1)
            }
        } while try reader.next(Byte.closeBracket)
    }

    private func writeJSONMember(
        _ reader: inout JSONReader, _ object: inout CanonicalWriter.Object, depth: Int
    ) throws(Refusal) {
        guard reader.p.pointee == Byte.openBrace else {
            try reader.skipValue()
            return
        }
        var key = Text.none
        var value: JSONReader?
        if try reader.enter(Byte.openBrace, Byte.closeBrace) {
            repeat {
                let member = try reader.key()
                if member.equals("key") && reader.p.pointee == Byte.quote {
                    key = try reader.text()
                } else {
                    if member.equals("value") { value = reader }
                    try reader.skipValue()
                }
            } while try reader.next(Byte.closeBrace)
        }
        space.pointee.canonical.beginMember(object)
        space.pointee.canonical.string(key)
        space.pointee.canonical.endKey(&object)
        if var value { try writeJSONValue(&value, depth: depth + 1) } else { space.pointee.canonical.literal("null") }
        space.pointee.canonical.endMember()
    }
}
