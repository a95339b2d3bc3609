/// A 128-bit keyed hash of canonical content. Zero means *unknown*: non-comparable, never equal to anything.
public struct Fingerprint: BitwiseCopyable, Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    @inlinable public init(high: UInt64 = 0, low: UInt64 = 0) {
        self.high = high
        self.low = low
    }

    public static let unknown = Fingerprint()

    @inlinable public var isKnown: Bool { high | low != 0 }

    /// Equality that follows the contract: an unknown part equals nothing, not even itself.
    @inlinable public func matches(_ other: Fingerprint) -> Bool {
        isKnown && high == other.high && low == other.low
    }

    /// 32 lower-case hex digits, or nil when unknown.
    public var hex: String? { isKnown ? Hex.string(high) + Hex.string(low) : nil }
}

/// W3C trace id, 16 bytes as two big-endian halves. All zero is invalid.
public struct TraceID: BitwiseCopyable, Hashable, Sendable {
    public var high: UInt64
    public var low: UInt64

    @inlinable public init(high: UInt64 = 0, low: UInt64 = 0) {
        self.high = high
        self.low = low
    }

    @inlinable public var isValid: Bool { high | low != 0 }
    public var hex: String { Hex.string(high) + Hex.string(low) }
}

/// Stable 64-bit hash of a name's UTF-8 bytes. Zero means absent. The string behind it lives in the batch
/// that showed it and, for names that outlive a batch, in the name table of intake.
public typealias NameHash = UInt64

public enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// 16 lower-case hex digits.
    public static func string(_ value: UInt64) -> String {
        String(unsafeUninitializedCapacity: 16) { out in
            for position in 0..<16 {
                out[position] = digits[Int(truncatingIfNeeded: (value >> UInt64(60 - 4 * position)) & 15)]
            }
            return 16
        }
    }
}
