/// Appends fixed-width little-endian values: the writing half of snapshots. Same values, same bytes.
public struct ByteWriter: Sendable {
    @usableFromInline var written: [UInt8] = []

    public init() {}

    /// What was written so far.
    @inlinable public var bytes: [UInt8] { written }

    // Seen by callers, because code for an integer of unknown width costs ten times as much.
    @inlinable public mutating func write(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { written.append(contentsOf: $0) }
    }

    @inlinable public mutating func write(_ value: Bool) { written.append(value ? 1 : 0) }

    public mutating func write(_ text: String) {
        write(UInt32(text.utf8.count))
        written.append(contentsOf: text.utf8)
    }

    public mutating func write(optional text: String?) {
        write(text != nil)
        if let text { write(text) }
    }

    public mutating func write(optional value: (some FixedWidthInteger)?) {
        write(value != nil)
        if let value { write(value) }
    }

    @inlinable public mutating func write(raw: some Sequence<UInt8>) { written.append(contentsOf: raw) }
}

/// Reads what `ByteWriter` wrote. Never reads past the end: a short or odd input throws.
public struct ByteReader: Sendable {
    /// The input ended early or does not make sense.
    public struct Short: Error {
        @inlinable public init() {}
    }

    public let bytes: [UInt8]
    @usableFromInline var position = 0

    /// Bytes read so far.
    @inlinable public var offset: Int { position }

    public init(_ bytes: [UInt8]) { self.bytes = bytes }

    @inlinable public var remaining: Int { bytes.count - position }

    @inlinable public mutating func read<T: FixedWidthInteger>(_ type: T.Type = T.self) throws(Short) -> T {
        let width = MemoryLayout<T>.size
        guard remaining >= width else { throw Short() }
        var value: T = 0
        withUnsafeMutableBytes(of: &value) { value in
            for index in 0..<width { value[index] = bytes[position &+ index] }
        }
        position += width
        return T(littleEndian: value)
    }

    @inlinable public mutating func readBool() throws(Short) -> Bool { try read(UInt8.self) != 0 }

    public mutating func readRaw(_ count: Int) throws(Short) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw Short() }
        defer { position += count }
        return Array(bytes[position..<position + count])
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
