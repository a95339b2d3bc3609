import KilterVocabulary

/// A cursor over one message of the protobuf wire format (protobuf.dev, "Encoding"). Unknown fields are skipped,
/// groups refused, every length checked against the enclosing message; nothing is read outside it except that a
/// varint may look up to nine bytes ahead, into the slack every payload has.
struct ProtobufReader: BitwiseCopyable {
    // Guard: `p` never passes `end` without `Refusal` being thrown, and `end` lies inside the borrowed payload
    // (or the decoder's arena), which has 64 readable bytes behind it.
    private(set) var p: UnsafePointer<UInt8>
    // Guard: as above.
    let end: UnsafePointer<UInt8>

    static var malformed: Refusal { Refusal(.malformedProtobuf) }

    @inline(__always) init(_ message: Text) {
        p = message.base
        end = message.end
    }

    @inline(__always) var isAtEnd: Bool { p >= end }
    @inline(__always) var rest: Text { Text(p, end - p) }

    /// Field number × 8 + wire type. Field number zero is refused.
    @inline(__always) mutating func tag() throws(Refusal) -> UInt32 {
        let byte = p.pointee
        if byte < 0x80 && byte >= 8 {
            p += 1
            return UInt32(byte)
        }
        return try longTag()
    }

    @inline(never) private mutating func longTag() throws(Refusal) -> UInt32 {
        let value = try longVarint()
        guard value >= 8, value <= UInt64(UInt32.max) else { throw Self.malformed }
        return UInt32(truncatingIfNeeded: value)
    }

    @inline(__always) mutating func varint() throws(Refusal) -> UInt64 {
        let byte = p.pointee
        if byte < 0x80 && p < end {
            p += 1
            return UInt64(byte)
        }
        return try longVarint()
    }

    /// Up to ten bytes; bits beyond the 64th are dropped, as the format demands.
    @inline(never) private mutating func longVarint() throws(Refusal) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while p < end && shift < 70 {
            let byte = p.pointee
            p += 1
            if shift < 64 { value |= UInt64(byte & 0x7f) << shift }
            if byte < 0x80 { return value }
            shift += 7
        }
        throw Self.malformed
    }

    @inline(__always) mutating func fixed64() throws(Refusal) -> UInt64 {
        guard end - p >= 8 else { throw Self.malformed }
        let value = load8(p)
        p += 8
        return value
    }

    /// The bytes of a length-delimited field: a string, bytes or an embedded message.
    @inline(__always) mutating func bytes() throws(Refusal) -> Text {
        let length = try varint()
        guard length <= UInt64(truncatingIfNeeded: end - p) else { throw Self.malformed }
        let text = Text(p, Int(truncatingIfNeeded: length))
        p += text.count
        return text
    }

    /// Passes over a field's value. A known field of an unexpected wire type ends here too.
    @inline(never) mutating func skip(_ tag: UInt32) throws(Refusal) {
        switch tag & 7 {
        case 0: _ = try varint()
        case 1: _ = try fixed64()
        case 2: _ = try bytes()
        case 5:
            guard end - p >= 4 else { throw Self.malformed }
            p += 4
        default: throw Self.malformed
        }
    }
}

/// Tags of the OTLP messages that are read (opentelemetry-proto 1.11): field number × 8 + wire type.
enum Tag {
    static let fixed1: UInt32 = 0x09
    static let length1: UInt32 = 0x0a
    static let length2: UInt32 = 0x12
    static let length3: UInt32 = 0x1a
    static let length4: UInt32 = 0x22
    static let length5: UInt32 = 0x2a
    static let varint6: UInt32 = 0x30
    static let length6: UInt32 = 0x32
    static let varint7: UInt32 = 0x38
    static let fixed7: UInt32 = 0x39
    static let fixed8: UInt32 = 0x41
    static let length9: UInt32 = 0x4a
    static let varint10: UInt32 = 0x50
    static let length10: UInt32 = 0x52
    static let fixed11: UInt32 = 0x59
    static let length11: UInt32 = 0x5a
    static let length12: UInt32 = 0x62
    static let length13: UInt32 = 0x6a
    static let length15: UInt32 = 0x7a

    static let boolValue: UInt32 = 0x10
    static let intValue: UInt32 = 0x18
    static let doubleValue: UInt32 = 0x21
    static let arrayValue: UInt32 = 0x2a
    static let listValue: UInt32 = 0x32
    static let bytesValue: UInt32 = 0x3a
    static let statusCode: UInt32 = 0x18
}
