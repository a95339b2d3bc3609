import KilterVocabulary

/// Streams with sequences of their own; the raw value is the name on the catch-up socket.
public enum EventStream: String, Sendable, CaseIterable {
    case alert
    /// Enforced and shadow breakers alike.
    case breaker
    case incident, notice

    public var index: Int {
        switch self {
        case .alert: 0
        case .breaker: 1
        case .incident: 2
        case .notice: 3
        }
    }

    public static let count = 4
}

/// Name of one life of the event log, 16 bytes. A data folder that was wiped gets a new one.
public struct LogID: Hashable, Sendable, CustomStringConvertible {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A new name, from the system's random source.
    public static func random() -> LogID {
        LogID(high: .random(in: 1...UInt64.max), low: .random(in: UInt64.min...UInt64.max))
    }

    /// From 32 hex digits, as `hex` writes them.
    public init?(hex: String) {
        let digits = Array(hex.utf8)
        guard digits.count == 32, digits.allSatisfy({ $0 >= UInt8(ascii: "0") }),
            let high = UInt64(String(decoding: digits[..<16], as: UTF8.self), radix: 16),
            let low = UInt64(String(decoding: digits[16...], as: UTF8.self), radix: 16)
        else { return nil }
        self.init(high: high, low: low)
    }

    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == 16, let high = BigEndian.read(bytes, at: 0), let low = BigEndian.read(bytes, at: 8) else {
            return nil
        }
        self.init(high: high, low: low)
    }

    /// 32 lower-case hex digits.
    public var hex: String { Hex.string(high) + Hex.string(low) }
    public var bytes: [UInt8] { BigEndian.bytes(high) + BigEndian.bytes(low) }
    public var description: String { hex }
}

/// The second frame of a published event, 32 bytes: sequence, epoch and log id, big-endian.
public struct EventHeader: Hashable, Sendable {
    /// Gap-free from 1 within a stream; 0 for heartbeats and provisional trips, which are in no stream.
    public var sequence: UInt64
    /// Counts the starts of the engine on this log.
    public var epoch: UInt64
    public var logID: LogID

    /// Bytes.
    public static let size = 32

    public init(sequence: UInt64, epoch: UInt64, logID: LogID) {
        self.sequence = sequence
        self.epoch = epoch
        self.logID = logID
    }

    public init?(bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Self.size, let sequence = BigEndian.read(bytes, at: 0),
            let epoch = BigEndian.read(bytes, at: 8), let logID = LogID(bytes: .init(rebasing: bytes[16...]))
        else { return nil }
        self.init(sequence: sequence, epoch: epoch, logID: logID)
    }

    public var bytes: [UInt8] { BigEndian.bytes(sequence) + BigEndian.bytes(epoch) + logID.bytes }
}

/// Eight-byte integers, most significant byte first.
enum BigEndian {
    static func bytes(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }

    /// Nil when fewer than eight bytes follow the offset.
    static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> UInt64? {
        guard offset >= 0, bytes.count >= 8, offset <= bytes.count - 8 else { return nil }
        return UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
}
