/// Export requests one behind the other in memory, each with zero bytes behind it, as a reader wants them.
public struct PayloadSet: Sendable {
    /// Zero bytes behind each payload.
    public static let slack = 64

    private var bytes: ContiguousArray<UInt8> = []
    private var ranges: [Range<Int>] = []
    public let spansPerPayload: Int

    public var count: Int { ranges.count }

    /// The next `count` payloads of `stream`.
    public init(_ stream: inout SpanStream, _ encoding: SpanStream.Encoding, count: Int) {
        spansPerPayload = stream.shape.spansPerPayload
        for _ in 0..<count { append(stream.next(encoding)) }
    }

    /// The payloads of a stream file. A JSON line is one, and so is a protobuf message with its length before it.
    public init(file: [UInt8], _ encoding: SpanStream.Encoding, spansPerPayload: Int) {
        self.spansPerPayload = spansPerPayload
        bytes.reserveCapacity(file.count + file.count / 32)
        if encoding == .json {
            var start = 0
            while start < file.count {
                var end = start
                while end < file.count, file[end] != 10 { end += 1 }
                if end > start { append(file[start..<end]) }
                start = end + 1
            }
        } else {
            var at = 0
            while let (length, start) = Self.varint(file, at), start + length <= file.count {
                append(file[start..<start + length])
                at = start + length
            }
        }
    }

    private mutating func append(_ payload: some Collection<UInt8>) {
        ranges.append(bytes.count..<bytes.count + payload.count)
        bytes.append(contentsOf: payload)
        bytes.append(contentsOf: repeatElement(0, count: Self.slack))
    }

    private static func varint(_ bytes: [UInt8], _ start: Int) -> (value: Int, end: Int)? {
        var value = 0
        for place in 0..<9 where start + place < bytes.count {
            let byte = bytes[start + place]
            value |= Int(byte & 127) << (7 * place)
            if byte < 128 { return (value, start + place + 1) }
        }
        return nil
    }

    /// Bytes of payload `number`, without its slack.
    public func size(_ number: Int) -> Int { ranges[number].count }

    /// Bytes of all payloads, without slack.
    public var size: Int { ranges.reduce(0) { $0 + $1.count } }

    public func withPayload<Result>(_ number: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[ranges[number]])) }
    }
}
