/// How small a change may be to be told within so many observations: what the budget and what is known so far leave room for.
///
/// Observations after a change, n of them, held against m before it, make as much evidence as their two-sample likelihood ratio: of
/// a shift what mn / (m + n) would if what was usual were known, of rates `m KL(p, r) + n KL(q, r)` with r the rate of
/// both together. With I nats of that in all the evidence grows to about `a / K · exp(I)`, K being the nats of one observation: a
/// sum over the 1 / K onsets that fit best, each begun with the allowance a. An alarm takes one, and what it costs that the alternatives
/// share the allowance, about two nats:
///
///     I = ln(1 / a) + 2 + min(ln K, 0)
///
/// Of changes of this size about half are told within n observations by their stream alone; what others say makes it sooner.
public struct SmallestChange: Sendable, Equatable {
    /// Observations before and after the change.
    private let before: Double, after: Double
    /// What they are worth, in observations held against what is known.
    private let informed: Double
    /// Nats from which on a change is told, were each observation worth one.
    private let needed: Double

    /// Parts that the alternatives share the allowance in, in nats.
    private static let mixture = 2.0
    /// The largest shift that ranks tell from larger ones, in standard deviations.
    private static let shiftMax = 2.6

    /// - Parameters:
    ///   - before: observations of what is usual.
    ///   - after: observations within which the change is to be told.
    ///   - allowance: expected false alarms an observation.
    public init?(before: Double, after: Double, allowance: Double) {
        guard before > 0, after > 0, allowance > 0, before < 1e15, after < 1e15, allowance < .infinity else { return nil }
        self.before = before
        self.after = after
        informed = before * after / (before + after)
        needed = Elementary.log(1 / allowance) + Self.mixture
    }

    /// Whether a change of so many nats in all is told. Less than one is chance.
    private func isTold(_ nats: Double) -> Bool { nats >= 1 && nats - Elementary.log(min(nats / informed, 1)) >= needed }

    /// The least shift of a normal law that is told, in its standard deviations; nil where none is.
    public var shift: Double? {
        Self.least(from: 0, to: Self.shiftMax) { isTold(informed * $0 * $0 / 2) }
    }

    /// The factor, more than 1, that values must be multiplied by whose logarithms have the standard deviation `logDeviation`;
    /// nil where none is told.
    public func factor(logDeviation: Double) -> Double? { logDeviation > 0 ? shift.map { Elementary.exp($0 * logDeviation) } : nil }

    /// The rate in 0...1 that one of `usual` must change to; nil where not even all or none is told.
    public func rate(from usual: Double, isIncrease: Bool) -> Double? {
        guard usual > 0, usual < 1 else { return nil }
        return Self.least(from: usual, to: isIncrease ? 1 : 0) { rate in
            let both = (before * usual + after * rate) / (before + after)
            return isTold(before * Self.entropy(of: usual, to: both) + after * Self.entropy(of: rate, to: both))
        }
    }

    /// Relative entropy of a yes-or-no law to another, in nats.
    private static func entropy(of rate: Double, to other: Double) -> Double {
        let hits = rate > 0 ? rate * Elementary.log(rate / other) : 0
        return rate < 1 ? hits + (1 - rate) * Elementary.log((1 - rate) / (1 - other)) : hits
    }

    /// The first value on the way to `far` that is told, by halving; nil where `far` is not.
    private static func least(from near: Double, to far: Double, _ isTold: (Double) -> Bool) -> Double? {
        guard isTold(far) else { return nil }
        var (near, far) = (near, far)
        for _ in 0..<50 {
            let middle = (near + far) / 2
            if isTold(middle) { far = middle } else { near = middle }
        }
        return far
    }
}
