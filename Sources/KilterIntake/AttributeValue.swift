/// A run of UTF-8 bytes inside the payload or inside the decoder's arena.
/// Valid until the span (for resources: the resource) it belongs to has been resolved.
struct Text: BitwiseCopyable {
    // Guard: base points into memory that the decoder borrows or owns for as long as a Text is used, with at least
    // 64 readable bytes behind the end; or to a literal, which is only compared, hashed and copied.
    var base: UnsafePointer<UInt8>
    var count: Int

    // Guard: points into the payload being decoded, which outlives the span that is read from it.
    @inline(__always) init(_ base: UnsafePointer<UInt8>, _ count: Int) {
        self.base = base
        self.count = count
    }

    init(_ literal: StaticString) {
        self.init(literal.utf8Start, literal.utf8CodeUnitCount)
    }

    // Guard: points into the payload being decoded, which outlives the span that is read from it.
    @inline(__always) var isEmpty: Bool { count == 0 }
    @inline(__always) var end: UnsafePointer<UInt8> { base + count }
    @inline(__always) var buffer: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: count) }
    @inline(__always) subscript(_ index: Int) -> UInt8 { base[index] }

    /// The empty text. It stands before bytes that may be read, as those of any other text may.
    static var none: Text { Text("................................................................").prefix(0) }

    @inline(__always) func dropFirst(_ n: Int) -> Text { Text(base + n, count - n) }
    @inline(__always) func prefix(_ n: Int) -> Text { Text(base, n) }

    /// The text without blanks and control characters around it.
    var trimmed: Text {
        var start = 0
        var end = count
        while end > 0, base[end - 1] <= 0x20 { end -= 1 }
        while start < end, base[start] <= 0x20 { start += 1 }
        return Text(base + start, end - start)
    }

    /// Byte equality with a literal.
    @inline(__always) func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        return sameBytes(base, literal.utf8Start, count)
    }

    /// Equality with a lower-case ASCII literal, whatever the case here.
    func equalsFolded(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        if sameBytes(base, literal.utf8Start, count) { return true }
        for index in 0..<count where lowered(base[index]) != literal.utf8Start[index] { return false }
        return true
    }

    func hasPrefix(_ literal: StaticString) -> Bool {
        count >= literal.utf8CodeUnitCount && sameBytes(base, literal.utf8Start, literal.utf8CodeUnitCount)
    }

    func hasSuffix(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        return count >= length && sameBytes(base + (count - length), literal.utf8Start, length)
    }

    /// Offset of the first occurrence of a literal, or nil.
    func find(_ literal: StaticString) -> Int? {
        let length = literal.utf8CodeUnitCount
        guard length > 0, count >= length else { return nil }
        for start in 0...(count - length) where base[start] == literal.utf8Start[0] {
            if sameBytes(base + start, literal.utf8Start, length) { return start }
        }
        return nil
    }
}

@inline(__always) func lowered(_ byte: UInt8) -> UInt8 {
    byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte
}

// Guard: points into the payload being decoded, which outlives the span that is read from it.
@inline(__always) func load8(_ p: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt64.self))
}

// Guard: points into the payload being decoded, which outlives the span that is read from it.
@inline(__always) func load4(_ p: UnsafePointer<UInt8>) -> UInt32 {
    UInt32(littleEndian: UnsafeRawPointer(p).loadUnaligned(as: UInt32.self))
}

/// Byte equality of two runs of `count` bytes, by overlapping words that stay inside the runs.
// Guard: points into the payload being decoded, which outlives the span that is read from it.
@inline(__always) func sameBytes(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    if count >= 8 {
        var offset = 0
        while offset + 8 < count {
            if load8(a + offset) != load8(b + offset) { return false }
            offset += 8
        }
        return load8(a + (count - 8)) == load8(b + (count - 8))
    }
    if count >= 4 {
        return load4(a) == load4(b) && load4(a + (count - 4)) == load4(b + (count - 4))
    }
    for index in 0..<count where a[index] != b[index] { return false }
    return true
}

/// The value of one attribute as the wire gave it, before anybody asked what it means.
struct AttributeValue: BitwiseCopyable {
    enum Shape: UInt8 {
        /// No member set, or null: as if the attribute were not there.
        case absent
        /// `text`: UTF-8.
        case text
        /// `bits`: Int64.
        case integer
        /// `bits`: bit pattern of a Double.
        case double
        /// `bits`: 0 or 1.
        case boolean
        /// `text`: raw bytes.
        case bytes
        /// A number that its own syntax or range forbids.
        case badNumber
        /// `text`: an AnyValue message of the protobuf wire that holds an array or a key-value list.
        case protobufTree
        /// `text`: an AnyValue object of OTLP/JSON that holds an array or a key-value list.
        case jsonTree
        /// `text`: an array or object of plain JSON, from hand-rolled exporters.
        case plainTree
    }

    var text: Text
    var bits: UInt64
    var shape: Shape

    @inline(__always) init(_ shape: Shape, _ text: Text, bits: UInt64 = 0) {
        self.text = text
        self.bits = bits
        self.shape = shape
    }

    static var absent: AttributeValue { AttributeValue(.absent, .none) }

    @inline(__always) static func text(_ text: Text) -> AttributeValue { AttributeValue(.text, text) }
    @inline(__always) static func integer(_ value: Int64) -> AttributeValue {
        AttributeValue(.integer, .none, bits: UInt64(bitPattern: value))
    }
    @inline(__always) static func double(_ value: Double) -> AttributeValue {
        AttributeValue(.double, .none, bits: value.bitPattern)
    }
    @inline(__always) static func boolean(_ value: Bool) -> AttributeValue {
        AttributeValue(.boolean, .none, bits: value ? 1 : 0)
    }
}
