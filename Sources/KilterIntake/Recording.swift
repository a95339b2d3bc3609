import CCompression
import KilterMath
import KilterVocabulary

/// Kilter's own form of a recorded stream: what came in over ZeroMQ, message by message as it was received, with the
/// time of its arrival. All numbers are little-endian, checksums are the CRC-32 of gzip (RFC 1952).
///
///     file     "KLTR" | u16 format | u16 0 | u32 n | n bytes of JSON: who recorded what | u32 checksum of all before
///     record   u32 payload bytes | u16 topic bytes | u8 kind | u8 flags | u64 arrival | u64 sequence
///              | u8 signal | u8 encoding | u8 compression | u8 0 | u32 checksum of the 28 bytes before
///              | topic | payload | u32 checksum of topic and payload
///
/// Kind 1 is a message; kind 2 a mark without topic and payload, which says that time had passed; others are passed
/// over. Flags: 1 the message had a sequence number, 2 its topic declared the encoding. Arrival is Unix time in
/// nanoseconds. Signal: 0 traces, 1 logs. Encoding: 0 JSON, 1 protobuf. Compression: 0 none, 1 gzip, 2 zstd.
///
/// Records are only ever appended, so a file that was cut, by the end of its writer or of its disk, is whole up to its
/// last record. The head's own checksum tells a cut from damage.
public enum Recording {
    static let magic = Array("KLTR".utf8)
    static let format: UInt16 = 1
    /// Bytes before the creation info.
    static let prologueBytes = 12
    static let infoBytesMax = 64 << 10
    /// Bytes of a record before its topic.
    public static let headBytes = 32
    static let checksumBytes = 4

    enum Kind: UInt8 { case message = 1, mark = 2 }

    /// The beginning of a recording. `info` is a JSON object for people and tools; replay does not read it.
    public static func header(info: String) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(raw: magic)
        writer.write(format)
        writer.write(UInt16(0))
        let text = Array(info.utf8.prefix(infoBytesMax))
        writer.write(UInt32(clamping: text.count))
        writer.write(raw: text)
        writer.write(checksum(writer.bytes))
        return writer.bytes
    }

    /// Appends one message as it was received, compressed or not, and returns what its frames say. Throws why its
    /// frames say nothing; then nothing is appended. A topic longer than 65,535 bytes is cut.
    public static func append(
        frames: [UnsafeBufferPointer<UInt8>], arrival: EventTime, to bytes: inout [UInt8]
    ) throws(Refusal) -> Envelope {
        let envelope = try Envelope.read(frames)
        let payload = UnsafeRawBufferPointer(frames[envelope.payloadFrame])
        let topicBytes = envelope.payloadFrame == 0 ? 0 : min(frames[0].count, Int(UInt16.max))
        let topic = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(frames[0])[..<topicBytes])
        var head = Head(kind: Kind.message.rawValue, arrival: arrival)
        head.payloadBytes = UInt32(clamping: payload.count)
        head.topicBytes = UInt16(clamping: topic.count)
        head.sequence = envelope.sequence
        head.signal = envelope.signal
        head.encoding = envelope.encoding
        head.encodingIsDeclared = envelope.encodingIsDeclared
        head.compression = Compression(magic: payload)
        bytes.append(contentsOf: head.bytes)
        bytes.append(contentsOf: topic)
        bytes.append(contentsOf: payload)
        append(checksum(payload, after: checksum(topic)), to: &bytes)
        return envelope
    }

    /// Appends that time had passed up to `arrival` and nothing had come.
    public static func appendMark(arrival: EventTime, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: Head(kind: Kind.mark.rawValue, arrival: arrival).bytes)
        append(checksum([]), to: &bytes)
    }

    private static func append(_ checksum: UInt32, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: checksum.littleEndian) { bytes.append(contentsOf: $0) }
    }

    static func checksum(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { checksum($0) } }

    /// The checksum of `bytes`, or of what `before` is the checksum of with `bytes` behind it.
    static func checksum(_ bytes: UnsafeRawBufferPointer, after before: UInt32 = 0) -> UInt32 {
        guard !bytes.isEmpty else { return before }
        let base = bytes.assumingMemoryBound(to: UInt8.self).baseAddress
        return UInt32(truncatingIfNeeded: crc32(UInt(before), base, UInt32(clamping: bytes.count)))
    }
}

extension Recording {
    /// What stands before topic and payload of a record.
    struct Head {
        var kind: UInt8
        var arrival: EventTime
        var payloadBytes: UInt32 = 0
        var topicBytes: UInt16 = 0
        var sequence: UInt64?
        var signal = OTLPSignal.traces
        var encoding = PayloadEncoding.protobuf
        var encodingIsDeclared = false
        var compression: Compression?

        init(kind: UInt8, arrival: EventTime) {
            self.kind = kind
            self.arrival = arrival
        }

        /// Reads the head at the front of `bytes`, of which there must be `headBytes`. Nil when it is damaged.
        init?(_ bytes: UnsafeRawBufferPointer) {
            let front = UnsafeRawBufferPointer(rebasing: bytes[..<(headBytes - checksumBytes)])
            guard Self.load(bytes, headBytes - checksumBytes, UInt32.self) == checksum(front) else { return nil }
            kind = bytes[6]
            arrival = EventTime(nanoseconds: Self.load(bytes, 8, UInt64.self))
            payloadBytes = Self.load(bytes, 0, UInt32.self)
            topicBytes = Self.load(bytes, 4, UInt16.self)
            if bytes[7] & 1 != 0 { sequence = Self.load(bytes, 16, UInt64.self) }
            encodingIsDeclared = bytes[7] & 2 != 0
            signal = OTLPSignal(rawValue: bytes[24]) ?? .other
            encoding = bytes[25] == PayloadEncoding.json.rawValue ? .json : .protobuf
        }

        /// Bytes of the whole record.
        var recordBytes: Int { headBytes + Int(topicBytes) + Int(payloadBytes) + checksumBytes }

        var bytes: [UInt8] {
            var writer = ByteWriter()
            writer.write(payloadBytes)
            writer.write(topicBytes)
            writer.write(kind)
            writer.write(UInt8((sequence == nil ? 0 : 1) | (encodingIsDeclared ? 2 : 0)))
            writer.write(arrival.nanoseconds)
            writer.write(sequence ?? 0)
            writer.write(signal.rawValue)
            writer.write(encoding.rawValue)
            writer.write(UInt8(compression.map { $0 == .gzip ? 1 : 2 } ?? 0))
            writer.write(UInt8(0))
            writer.write(checksum(writer.bytes))
            return writer.bytes
        }

        private static func load<T: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, _ offset: Int, _: T.Type) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
    }
}
