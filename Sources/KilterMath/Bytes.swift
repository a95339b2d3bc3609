/// Appends fixed-width little-endian values: the writing half of snapshots. Same values, same bytes.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(_ value: Bool) { bytes.append(value ? 1 : 0) }

    public mutating func write(_ text: String) {
        write(UInt32(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    public mutating func write(optional text: String?) {
        write(text != nil)
        if let text { write(text) }
    }

    public mutating func write(optional value: (some FixedWidthInteger)?) {
        write(value != nil)
        if let value { write(value) }
    }

    public mutating func write(raw: some Sequence<UInt8>) { bytes.append(contentsOf: raw) }
}

/// Reads what `ByteWriter` wrote. Never reads past the end: a short or odd input throws.
public struct ByteReader: Sendable {
    /// The input ended early or does not make sense.
    public struct Short: Error {
        public init() {}
    }

    public let bytes: [UInt8]
    public private(set) var offset = 0

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    public var remaining: Int { bytes.count - offset }

    public mutating func read<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Short) -> T {
        let width = MemoryLayout<T>.size
        guard remaining >= width else { throw Short() }
        var value: T = 0
        for index in 0..<width { value |= T(truncatingIfNeeded: bytes[offset + index]) << T(8 * index) }
        offset += width
        return value
    }

    public mutating func readBool() throws(Short) -> Bool { try read(UInt8.self) != 0 }

    public mutating func readRaw(_ count: Int) throws(Short) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw Short() }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    public mutating func readString() throws(Short) -> String {
        let count = try read(UInt32.self)
        return String(decoding: try readRaw(Int(count)), as: UTF8.self)
    }

    public mutating func readOptionalString() throws(Short) -> String? {
        try readBool() ? try readString() : nil
    }

    public mutating func readOptional<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Short) -> T? {
        try readBool() ? try read(T.self) : nil
    }
}
