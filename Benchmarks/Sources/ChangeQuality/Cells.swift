import Foundation
import KilterMath

/// One observation of a stream; `time` counts from 0. Nil without an alarm, else the observations since the presumed onset.
typealias Stream = (_ time: Int, _ chance: inout Chance) -> UInt32?

/// A change whose delay is measured.
struct DelayCell: Sendable {
    let name: String
    /// Observations before the change.
    let change: Int
    let target: Double
    let gate: Double?, goal: Double?
    /// Observations after the change that count as a miss.
    let horizon: Int
    /// A new stream that alarms at `target` observations to a false one.
    let start: @Sendable () -> Stream
    let oracle: Oracle?
}

enum Cells {
    static let sigma = 0.6
    static let tools = [0.30, 0.20, 0.15, 0.10, 0.07, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01]
    static let movedTools = [0.20, 0.20, 0.15, 0.10, 0.17, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01]

    // MARK: Streams

    static func rate(_ direction: Direction, target: Double, _ probability: @escaping @Sendable (Int) -> Double) -> @Sendable () -> Stream {
        {
            var baseline = RateBaseline(direction: direction)
            return { time, chance in
                baseline.observe(chance.uniform() < probability(time), allowance: Float(1 / target)) >= 1
                    ? baseline.change.countAfter : nil
            }
        }
    }

    static func value(_ direction: Direction, target: Double, _ draw: @escaping @Sendable (Int, inout Chance) -> Double)
        -> @Sendable () -> Stream
    {
        {
            var baseline = RankBaseline(direction: direction)
            return { time, chance in
                let value = draw(time, &chance)
                return baseline.observe(value, allowance: Float(1 / target)) >= 1 ? baseline.change.countAfter : nil
            }
        }
    }

    static func mix(target: Double, change: Int) -> @Sendable () -> Stream {
        {
            var baseline = MixBaseline(categories: 12)
            return { time, chance in
                baseline.observe(chance.index(time < change ? tools : movedTools), allowance: Float(1 / target)) >= 1
                    ? baseline.change.countAfter : nil
            }
        }
    }

    static func vector(target: Double, change: Int, length: Double) -> @Sendable () -> Stream {
        {
            var baseline = VectorBaseline(dimensions: 16)
            return { time, chance in
                var scores = SIMD16<Float>(repeating: 0)
                let shift = time < change ? 0 : length / 4
                for lane in 0..<16 { scores[lane] = Float(chance.normal() + shift) }
                return baseline.observe(scores, allowance: Float(1 / target)) >= 1 ? baseline.change.countAfter : nil
            }
        }
    }

    // MARK: Oracles

    static func bernoulli(_ p: Double, _ q: Double) -> Oracle {
        let (hit, miss) = (log(q / p), log((1 - q) / (1 - p)))
        return Oracle(before: { $0.uniform() < p ? hit : miss }, after: { $0.uniform() < q ? hit : miss })
    }

    static func shift(_ factor: Double) -> Oracle {
        let d = log(factor) / sigma
        return Oracle(before: { d * $0.normal() - d * d / 2 }, after: { d * ($0.normal() + d) - d * d / 2 })
    }

    static func spread(_ s: Double) -> Oracle {
        @Sendable func ratio(_ z: Double) -> Double { -log(s) + z * z / 2 * (1 - 1 / (s * s)) }
        return Oracle(before: { ratio($0.normal()) }, after: { ratio($0.normal() * s) })
    }

    static func counts(_ a: Double, _ b: Double) -> Oracle {
        @Sendable func ratio(_ count: Int) -> Double { Double(count) * log(b / a) - (b - a) }
        return Oracle(before: { ratio($0.poisson(a)) }, after: { ratio($0.poisson(b)) })
    }

    static let mixes: Oracle = {
        let ratios = zip(movedTools, tools).map { log($0 / $1) }
        return Oracle(before: { ratios[$0.index(tools)] }, after: { ratios[$0.index(movedTools)] })
    }()

    static func vectors(_ length: Double) -> Oracle {
        Oracle(before: { length * $0.normal() - length * length / 2 }, after: { length * ($0.normal() + length) - length * length / 2 })
    }

    static func lognormal(_ chance: inout Chance) -> Double { exp(sigma * chance.normal()) }

    // MARK: The table

    static let delays: [DelayCell] = steps + slow

    private static let steps: [DelayCell] = [
        approval(change: 5000, gate: 510, goal: 450), approval(change: 1000, gate: 950, goal: 700),
        DelayCell(
            name: "errors .02 to .06, up, m 5000", change: 5000, target: 1e5, gate: 340, goal: 285, horizon: 3500,
            start: rate(.up, target: 1e5) { $0 < 5000 ? 0.02 : 0.06 }, oracle: bernoulli(0.02, 0.06)),
        latency(1.2, gate: 210, goal: 180), latency(1.5, gate: 50, goal: 45),
        DelayCell(
            name: "spread x1.5, up, m 5000", change: 5000, target: 1e5, gate: 62, goal: 52, horizon: 3500,
            start: value(.up, target: 1e5) { exp(sigma * ($0 < 5000 ? 1 : 1.5) * $1.normal()) }, oracle: spread(1.5)),
        DelayCell(
            name: "Poisson 4 to 6, up, m 5000", change: 5000, target: 1e5, gate: 30, goal: 27, horizon: 3500,
            start: value(.up, target: 1e5) { Double($1.poisson($0 < 5000 ? 4 : 6)) }, oracle: counts(4, 6)),
        DelayCell(
            name: "tool mix, 10 % of 12, m 5000", change: 5000, target: 1e5, gate: 205, goal: 175, horizon: 3500,
            start: mix(target: 1e5, change: 5000), oracle: mixes),
        DelayCell(
            name: "approval, m 200, prior of 500", change: 200, target: 1e5, gate: nil, goal: nil, horizon: 5000,
            start: {
                var baseline = RateBaseline(direction: .either, priorHits: 425, priorMisses: 75)
                return { time, chance in
                    baseline.observe(chance.uniform() < (time < 200 ? 0.85 : 0.91), allowance: 1e-5) >= 1 ? baseline.change.countAfter : nil
                }
            }, oracle: bernoulli(0.85, 0.91)),
        DelayCell(
            name: "burst .02 to .5, up, at 1e6", change: 5000, target: 1e6, gate: 14, goal: 12, horizon: 500,
            start: rate(.up, target: 1e6) { $0 < 5000 ? 0.02 : 0.5 }, oracle: bernoulli(0.02, 0.5)),
        DelayCell(
            name: "vector of 16, shift .7, m 5000", change: 5000, target: 1e5, gate: nil, goal: nil, horizon: 3500,
            start: vector(target: 1e5, change: 5000, length: 0.7), oracle: vectors(0.7)),
    ]

    private static let slow: [DelayCell] = [
        DelayCell(
            name: "rate .85 to .91 over 60,000", change: 10_000, target: 1e5, gate: nil, goal: nil, horizon: 80_000,
            start: rate(.either, target: 1e5) { 0.85 + 0.06 * max(0, min(1, Double($0 - 10_000) / 60_000)) }, oracle: nil),
        DelayCell(
            name: "approval ramp over 5000", change: 5000, target: 1e5, gate: 3600, goal: 3200, horizon: 9000,
            start: rate(.either, target: 1e5) { 0.85 + 0.06 * ramp($0) }, oracle: nil),
        DelayCell(
            name: "latency ramp to x1.5 over 5000", change: 5000, target: 1e5, gate: 1450, goal: 1300, horizon: 9000,
            start: value(.up, target: 1e5) { lognormal(&$1) * exp(ramp($0) * log(1.5)) }, oracle: nil),
    ]

    private static func ramp(_ time: Int) -> Double { max(0, min(1, Double(time - 5000) / 5000)) }

    private static func approval(change: Int, gate: Double, goal: Double) -> DelayCell {
        DelayCell(
            name: "approval .85 to .91, either, m \(change)", change: change, target: 1e5, gate: gate, goal: goal, horizon: 5000,
            start: rate(.either, target: 1e5) { $0 < change ? 0.85 : 0.91 }, oracle: bernoulli(0.85, 0.91))
    }

    private static func latency(_ factor: Double, gate: Double, goal: Double) -> DelayCell {
        DelayCell(
            name: "latency x\(factor), up, m 5000", change: 5000, target: 1e5, gate: gate, goal: goal, horizon: 3500,
            start: value(.up, target: 1e5) { lognormal(&$1) * ($0 < 5000 ? 1 : factor) }, oracle: shift(factor))
    }
}
