import KilterMath
import Seeded
import Testing

@Suite("The smallest change that would be told, against streams that change by as much")
struct SmallestChangeTests {
    /// The share of streams whose change is told within `after` observations.
    private static func told(_ after: Int, before: Int, seed: UInt64, _ start: () -> (Bool, inout Seeded) -> Float) -> Double {
        let delays = ChangeDelayTests.delays(40, seed: seed, before: before, horizon: after + 1, start)
        return Double(delays.count { $0 <= after }) / Double(delays.count)
    }

    /// Neither next to none nor next to all.
    private static let half = 0.3...0.95

    @Test("Rates", arguments: [(400, 1_000, 1e-6), (3_000, 300, 1e-4), (3_000, 3_000, 1e-6), (400, 100, 1e-4)])
    func rates(_ before: Int, _ after: Int, _ allowance: Double) throws {
        let change = try #require(SmallestChange(before: Double(before), after: Double(after), allowance: allowance))
        for (usual, isUp) in [(0.02, true), (0.2, true), (0.85, false)] {
            let moved = try #require(change.rate(from: usual, isIncrease: isUp))
            let share = Self.told(after, before: before, seed: 71) {
                var baseline = RateBaseline(direction: isUp ? .up : .either)
                return { baseline.observe($1.uniform() < ($0 ? moved : usual), allowance: Float(allowance)) }
            }
            #expect(Self.half.contains(share), "\(usual) to \(moved): \(share)")
        }
    }

    @Test("Values", arguments: [(400, 100, 1e-4), (400, 1_000, 1e-6), (3_000, 300, 1e-6), (100, 100, 1e-4)])
    func values(_ before: Int, _ after: Int, _ allowance: Double) throws {
        let change = try #require(SmallestChange(before: Double(before), after: Double(after), allowance: allowance))
        let factor = try #require(change.factor(logDeviation: 0.5))
        var last = RankBaseline(direction: .up)
        let share = Self.told(after, before: before, seed: 72) {
            last = RankBaseline(direction: .up)
            return { last.observe(($0 ? factor : 1) * 250 * Elementary.exp(0.5 * $1.normal()), allowance: Float(allowance)) }
        }
        #expect(Self.half.contains(share), "times \(factor): \(share)")
        #expect(last.logDeviation > 0.3 && last.logDeviation < 0.8)
    }

    @Test("More is seen by who knows more, waits longer, or allows more; and where nothing would be, nothing is said")
    func orders() throws {
        func rate(_ before: Double, _ after: Double, _ allowance: Double) -> Double? {
            SmallestChange(before: before, after: after, allowance: allowance)?.rate(from: 0.02, isIncrease: true)
        }
        let usual = try #require(rate(500, 200, 1e-5))
        for other in [rate(5_000, 200, 1e-5), rate(500, 2_000, 1e-5), rate(500, 200, 1e-3)] { #expect(try #require(other) < usual) }
        #expect(rate(500, 2, 1e-9) == nil)
        for bad in [0, -1, .nan, .infinity] {
            #expect(SmallestChange(before: bad, after: 1, allowance: 1e-3) == nil)
            #expect(SmallestChange(before: 1, after: bad, allowance: 1e-3) == nil)
            #expect(SmallestChange(before: 1, after: 1, allowance: bad) == nil)
        }
        let change = try #require(SmallestChange(before: 500, after: 200, allowance: 1e-5))
        #expect(change.rate(from: 0, isIncrease: true) == nil && change.rate(from: 1, isIncrease: false) == nil)
        #expect(change.factor(logDeviation: 0) == nil && SmallestChange(before: 20, after: 2, allowance: 1e-6)?.shift == nil)
    }
}
