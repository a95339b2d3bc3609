import Foundation

/// The exact interval of the mean of a Poisson count, of 95 % (F. Garwood, Biometrika 1936): the least and the greatest
/// mean under which a count as far from it as this one comes in 2.5 % of cases.
public struct PoissonInterval: Sendable, Equatable {
    public var low: Double
    public var high: Double

    public init(of count: Int) {
        let count = max(count, 0)
        let far = 10 * (Double(count) + 5)
        // With a greater mean fewer counts lie below; a count of none excludes no small mean.
        low = count == 0 ? 0 : Self.crossing(from: 0, to: far) { 1 - Self.share(upTo: count - 1, mean: $0) >= 0.025 }
        high = Self.crossing(from: 0, to: far) { Self.share(upTo: count, mean: $0) <= 0.025 }
    }

    /// Probability of `count` or less under a mean: the greatest term, and its neighbours by their ratios.
    static func share(upTo count: Int, mean: Double) -> Double {
        guard mean > 0 else { return 1 }
        let top = min(count, Int(min(mean, 1e9)))
        let logarithm = (0..<top).reduce(-mean) { $0 + log(mean) - log(Double($1 + 1)) }
        var sum = 1.0
        var term = 1.0
        for below in stride(from: top, to: 0, by: -1) {
            term *= Double(below) / mean
            sum += term
        }
        term = 1
        for above in stride(from: top + 1, through: count, by: 1) {
            term *= mean / Double(above)
            sum += term
        }
        return min(1, exp(logarithm) * sum)
    }

    /// The mean from which on a condition holds.
    private static func crossing(from low: Double, to high: Double, _ holds: (Double) -> Bool) -> Double {
        var (low, high) = (low, high)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if holds(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
