import KilterVocabulary

/// Writes JSON (RFC 8259) into a byte array: the same calls give the same bytes, keys in the order of the calls.
///
/// Strings are safe to print: beside what JSON demands, every control, bidirectional, zero-width and line-separating
/// character is written as `\uXXXX`, so that no event can move a terminal's cursor or hide text in a log.
struct JSONWriter {
    var bytes: [UInt8]

    /// Goes on behind what `bytes` holds already.
    init(appendingTo bytes: consuming [UInt8] = []) { self.bytes = bytes }

    // MARK: Structure

    /// Opens an object as a value of its own, behind whatever the bytes hold.
    mutating func openRoot() { bytes.append(UInt8(ascii: "{")) }

    mutating func open(_ key: StaticString) {
        write(key: key)
        bytes.append(UInt8(ascii: "{"))
    }

    mutating func close() { bytes.append(UInt8(ascii: "}")) }

    // MARK: Members

    mutating func member(_ key: StaticString, _ value: String) {
        write(key: key)
        write(value)
    }

    /// Leaves the member out when the value is unknown.
    mutating func member(_ key: StaticString, known value: String?) {
        guard let value, !value.isEmpty else { return }
        member(key, value)
    }

    mutating func member(_ key: StaticString, _ value: UInt64) {
        write(key: key)
        write(value)
    }

    mutating func member(_ key: StaticString, known value: Int64?) {
        guard let value else { return }
        write(key: key)
        write(value)
    }

    mutating func member(_ key: StaticString, known value: Amount?) {
        guard let value else { return }
        write(key: key)
        write(value)
    }

    mutating func member(_ key: StaticString, known value: UInt32?) {
        guard let value else { return }
        member(key, UInt64(value))
    }

    mutating func memberTrue(_ key: StaticString) {
        write(key: key)
        bytes.append(contentsOf: "true".utf8)
    }

    /// A string of ASCII that needs no escapes, written by `body`.
    mutating func member(_ key: StaticString, ascii body: (inout [UInt8]) -> Void) {
        write(key: key)
        bytes.append(UInt8(ascii: "\""))
        body(&bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Unix nanoseconds as a string, because JSON readers lose digits of numbers above 2⁵³.
    mutating func member(_ key: StaticString, _ time: EventTime) {
        member(key, ascii: { Digits.append(time.nanoseconds, to: &$0) })
    }

    /// `value` is JSON already.
    mutating func member(_ key: StaticString, encoded value: [UInt8]) {
        write(key: key)
        bytes.append(contentsOf: value)
    }

    mutating func member(_ key: StaticString, facts: [Evidence]) {
        write(key: key)
        write(object: facts)
    }

    /// The members of `facts` as members of the object that is open.
    mutating func members(_ facts: [Evidence]) {
        for fact in facts {
            separate()
            write(fact.name)
            bytes.append(UInt8(ascii: ":"))
            write(fact.value)
        }
    }

    // MARK: Values

    private mutating func write(_ value: Evidence.Value) {
        switch value {
        case .string(let text): write(text)
        case .integer(let number): write(number)
        case .amount(let amount): write(amount)
        case .amounts(let amounts):
            bytes.append(UInt8(ascii: "["))
            for amount in amounts {
                separate()
                write(amount)
            }
            bytes.append(UInt8(ascii: "]"))
        case .strings(let texts):
            bytes.append(UInt8(ascii: "["))
            for text in texts {
                separate()
                write(text)
            }
            bytes.append(UInt8(ascii: "]"))
        case .facts(let facts): write(object: facts)
        }
    }

    private mutating func write(object facts: [Evidence]) {
        bytes.append(UInt8(ascii: "{"))
        members(facts)
        bytes.append(UInt8(ascii: "}"))
    }

    /// A comma, unless the last byte has just opened an object or an array.
    private mutating func separate() {
        if let last = bytes.last, last != UInt8(ascii: "{"), last != UInt8(ascii: "[") {
            bytes.append(UInt8(ascii: ","))
        }
    }

    /// Keys are literals of this room and need no escapes.
    private mutating func write(key: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        key.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func write(_ value: Int64) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        write(value.magnitude)
    }

    private mutating func write(_ value: Amount) { bytes.append(contentsOf: value.text.utf8) }

    private mutating func write(_ value: UInt64) { Digits.append(value, to: &bytes) }

    // MARK: Strings

    mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        let isPlain = text.withUTF8 { utf8 in
            guard Self.isPlain(utf8) else { return false }
            bytes.append(contentsOf: utf8)
            return true
        }
        if !isPlain {
            for scalar in text.unicodeScalars { write(scalar) }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether all bytes are printable ASCII without quotation mark and backslash. No early way out, so that the
    /// compiler looks at many bytes at once.
    private static func isPlain(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        var isOdd = false
        for byte in utf8 {
            isOdd = isOdd || byte < 0x20 || byte >= 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
        }
        return !isOdd
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        if scalar == "\"" || scalar == "\\" {
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        } else if Self.isUnsafe(scalar.value) {
            for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter { writeEscape(unit) }
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    private mutating func writeEscape(_ unit: UInt16) {
        bytes.append(UInt8(ascii: "\\"))
        bytes.append(UInt8(ascii: "u"))
        for shift in [12, 8, 4, 0] as [UInt16] { bytes.append(Digits.lowerHex((unit >> shift) & 15)) }
    }

    /// C0, DEL and C1 controls, and the invisible characters of Unicode's general punctuation, separators, byte-order
    /// mark, interlinear annotation and tag block that reorder, hide or smuggle text.
    private static func isUnsafe(_ value: UInt32) -> Bool {
        switch value {
        case 0..<0x20, 0x7F...0x9F, 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF,
            0xFFF9...0xFFFB, 0xE0000...0xE007F:
            true
        default: false
        }
    }
}

/// Numbers as ASCII bytes.
enum Digits {
    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var divisor: UInt64 = 1
        var count = 1
        while count < 20, value / divisor >= 10 {
            divisor &*= 10
            count += 1
        }
        append(value, count: count, to: &bytes)
    }

    /// Exactly `count` digits, the lowest ones, with leading zeros.
    static func append(_ value: UInt64, count: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: count))
        var rest = value
        for position in stride(from: start + count - 1, through: start, by: -1) {
            bytes[position] += UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    /// Sixteen lower-case hex digits.
    static func appendHex(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            bytes.append(lowerHex(UInt16(truncatingIfNeeded: (value >> shift) & 15)))
        }
    }

    static func lowerHex(_ nibble: UInt16) -> UInt8 {
        UInt8(truncatingIfNeeded: nibble < 10 ? nibble + 0x30 : nibble - 10 + 0x61)
    }

    static func upperHex(_ nibble: UInt8) -> UInt8 { nibble < 10 ? nibble + 0x30 : nibble - 10 + 0x41 }
}
