/// A decimal number as events carry it: exact, so that it reads and writes as the same digits everywhere.
public struct Amount: BitwiseCopyable, Equatable, Sendable {
    /// The number times ten to the power of `places`.
    public var digits: Int64
    public var places: UInt8

    @inlinable public init(_ whole: Int64) {
        digits = whole
        places = 0
    }

    public init(digits: Int64, places: UInt8) {
        self.digits = digits
        self.places = min(places, Self.placesMax)
    }

    /// `value` to four significant digits and at most nine places; what is not finite is zero, what is too large the largest.
    public init(rounding value: Double) {
        self.init(0)
        guard value.isFinite, value != 0 else { return }
        var scale = 1.0
        while places < Self.placesMax, value.magnitude * scale < 999.95 {
            scale *= 10
            places += 1
        }
        digits = Int64(exactly: (value * scale).rounded()) ?? (value < 0 ? -.max : .max)
        self = trimmed
    }

    /// The same number without zeros at its end.
    public var trimmed: Amount {
        var amount = self
        while amount.places > 0, amount.digits % 10 == 0 {
            amount.digits /= 10
            amount.places -= 1
        }
        return amount
    }

    public static let placesMax: UInt8 = 9

    /// `-0.0125`, `812`.
    public var text: String {
        let sign = digits < 0 ? "-" : ""
        let plain = String(digits.magnitude)
        guard places > 0 else { return sign + plain }
        let padded = String(repeating: "0", count: max(0, Int(places) + 1 - plain.count)) + plain
        return "\(sign)\(padded.dropLast(Int(places))).\(padded.suffix(Int(places)))"
    }
}
