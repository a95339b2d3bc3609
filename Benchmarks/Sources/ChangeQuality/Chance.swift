import Foundation

/// Draws from the laws of the cells: SplitMix64 from a seed, so that every run repeats.
struct Chance: RandomNumberGenerator {
    private var state: UInt64
    private var spare: Double?

    init(seed: UInt64, stream: Int, cell: Int) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: stream) &* 0xd134_2543_de82_ef95
        state ^= UInt64(truncatingIfNeeded: cell) &* 0xaf25_1af3_b0f0_25b5
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// In (0, 1).
    mutating func uniform() -> Double { (Double(next() >> 12) + 0.5) * 0x1p-52 }

    /// Marsaglia's polar method.
    mutating func normal() -> Double {
        if let value = spare {
            spare = nil
            return value
        }
        while true {
            let a = 2 * uniform() - 1, b = 2 * uniform() - 1, square = a * a + b * b
            guard square < 1, square > 0 else { continue }
            let factor = (-2 * log(square) / square).squareRoot()
            spare = a * factor
            return b * factor
        }
    }

    /// Student's law with two degrees of freedom, by its closed quantile function.
    mutating func studentTwo() -> Double {
        let u = uniform()
        return (2 * u - 1) / (2 * u * (1 - u)).squareRoot()
    }

    mutating func exponential() -> Double { -log(uniform()) }

    mutating func poisson(_ mean: Double) -> Int {
        var left = exp(-mean), count = 0, u = uniform()
        while u > left, count < 200 {
            u -= left
            count += 1
            left *= mean / Double(count)
        }
        return count
    }

    /// An index by `shares`, whose sum is 1.
    mutating func index(_ shares: [Double]) -> Int {
        var u = uniform()
        for (index, share) in shares.enumerated() {
            u -= share
            if u < 0 { return index }
        }
        return shares.count - 1
    }
}
