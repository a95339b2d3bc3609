/// Draws from continuous laws. All of it is arithmetic that IEEE 754 rounds correctly, in a fixed order, so that the same
/// seed gives the same numbers on every machine; mathematics libraries differ in the last bit. Cost: about 10 ns a draw.
extension SplitMix64 {
    /// A number strictly between 0 and 1.
    public mutating func unit() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

    /// True with this probability.
    public mutating func happens(_ probability: Double) -> Bool { unit() < probability }

    /// A standard normal number.
    public mutating func normal() -> Double { Chance.normalQuantile(unit()) }

    /// A positive number with mean 1 whose law has no memory, as gaps between independent arrivals have.
    public mutating func exponential() -> Double { -Chance.log(unit()) }

    /// An index, drawn by weights that need not add up to 1; 0 for no weights.
    public mutating func index(weights: [Double]) -> Int {
        var left = unit() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            left -= weight
            if left < 0 { return index }
        }
        return max(0, weights.count - 1)
    }
}

/// Functions that draws need, from additions, multiplications, divisions and square roots alone.
public enum Chance {
    private static let ln2High = 6.93147180369123816490e-01
    private static let ln2Low = 1.90821492927058770002e-10

    /// Natural logarithm of a positive number; relative error below 1e-15 away from 1.
    public static func log(_ x: Double) -> Double {
        guard x > 0, x.isFinite else { return x == 0 ? -.infinity : .nan }
        var mantissa = x.significand
        var exponent = Double(x.exponent)
        if mantissa > 1.4142135623730951 {
            mantissa /= 2
            exponent += 1
        }
        let s = (mantissa - 1) / (mantissa + 1)
        let square = s * s
        var sum = 0.0
        for odd in stride(from: 23.0, through: 1, by: -2) { sum = sum * square + 1 / odd }
        return exponent * ln2High + (2 * s * sum + exponent * ln2Low)
    }

    /// Relative error below 1e-15; arguments beyond ±700 count as ±700.
    public static func exp(_ x: Double) -> Double {
        let x = min(max(x, -700), 700)
        let twos = (x / (ln2High + ln2Low)).rounded()
        let rest = (x - twos * ln2High) - twos * ln2Low
        var sum = 1.0
        for term in stride(from: 16.0, through: 1, by: -1) { sum = 1 + rest / term * sum }
        return sum * Double(sign: .plus, exponent: Int(twos), significand: 1)
    }

    /// The share of a standard normal law below `z`, precise in both tails (G. West: "Better Approximations to Cumulative
    /// Normal Functions", Wilmott 2005, after Hart); error below 1e-14, and 0 or 1 beyond 7 standard deviations.
    public static func normalShare(below z: Double) -> Double {
        let size = abs(z)
        guard size < 7.07106781186547 else { return z < 0 ? 0 : 1 }
        let upper = [
            3.52624965998911e-02, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
            220.206867912376,
        ]
        let lower = [
            8.83883476483184e-02, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
            793.826512519948, 440.413735824752,
        ]
        let tail = exp(-size * size / 2) * polynomial(upper, size) / polynomial(lower, size)
        return z < 0 ? tail : 1 - tail
    }

    /// Where a standard normal law has the share `p` below it (P. J. Acklam's rational approximation); relative error below 1.2e-9.
    public static func normalQuantile(_ p: Double) -> Double {
        guard p > 0, p < 1 else { return p <= 0 ? -.infinity : .infinity }
        let lowest = 0.02425
        if p < lowest || p > 1 - lowest {
            let q = (-2 * log(min(p, 1 - p))).squareRoot()
            let size =
                polynomial(
                    [
                        -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838, -2.549732539343734, 4.374664141464968,
                        2.938163982698783,
                    ], q)
                / polynomial([7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996, 3.754408661907416, 1], q)
            return p < 0.5 ? size : -size
        }
        let q = p - 0.5
        let r = q * q
        return q
            * polynomial(
                [
                    -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
                    -3.066479806614716e+01, 2.506628277459239,
                ], r)
            / polynomial(
                [
                    -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
                    -1.328068155288572e+01, 1,
                ], r)
    }

    /// Coefficients from the highest power down.
    private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
        coefficients.reduce(0) { $0 * x + $1 }
    }
}
