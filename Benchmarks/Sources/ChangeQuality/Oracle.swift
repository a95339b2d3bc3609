import Foundation

/// CUSUM that is told both laws: optimal in Lorden's sense (Moustakides, 1986), the yardstick of every delay.
struct Oracle: Sendable {
    /// Log-likelihood ratio of an observation drawn before and after the change.
    let before: @Sendable (inout Chance) -> Double
    let after: @Sendable (inout Chance) -> Double

    /// The threshold at which the mean number of observations to a false alarm is `target`.
    ///
    /// A false alarm ends one of the statistic's cycles between visits of zero. How often a cycle does is found by
    /// drawing it from the law after the change and weighing by the likelihood ratio.
    func threshold(target: Double, seed: UInt64) -> Double {
        var chance = Chance(seed: seed, stream: 0, cell: 901)
        var steps = 0
        let cycles = 200_000
        for _ in 0..<cycles {
            var sum = 0.0
            repeat {
                sum += before(&chance)
                steps += 1
            } while sum > 0 && sum < 20
        }
        let length = Double(steps) / Double(cycles)
        var low = log(target) - 7, high = log(target) + 1
        for round in 0..<14 {
            let middle = (low + high) / 2
            if length / reach(middle, seed: seed &+ UInt64(round)) < target { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }

    /// Probability under the law before the change that a cycle reaches `level`.
    private func reach(_ level: Double, seed: UInt64) -> Double {
        var chance = Chance(seed: seed, stream: 0, cell: 902), weight = 0.0
        let cycles = 8_000
        for _ in 0..<cycles {
            var sum = 0.0
            repeat { sum += after(&chance) } while sum > 0 && sum < level
            if sum >= level { weight += exp(-sum) }
        }
        return weight / Double(cycles)
    }

    /// Mean delay when the change comes after 1,000 observations, over runs without an alarm before.
    func delay(threshold: Double, replicates: Int, seed: UInt64) -> Double {
        var sum = 0.0, runs = 0
        for replicate in 0..<replicates {
            var chance = Chance(seed: seed, stream: replicate, cell: 903), statistic = 0.0, isFalse = false
            for _ in 0..<1_000 where !isFalse {
                statistic = max(0, statistic) + before(&chance)
                isFalse = statistic >= threshold
            }
            guard !isFalse else { continue }
            var count = 0
            repeat {
                statistic = max(0, statistic) + after(&chance)
                count += 1
            } while statistic < threshold && count < 100_000
            sum += Double(count)
            runs += 1
        }
        return sum / Double(max(runs, 1))
    }
}
