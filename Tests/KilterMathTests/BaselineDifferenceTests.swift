import KilterMath
import Seeded
import Testing

@Suite("How two baselines differ")
struct BaselineDifferenceTests {
    private func values(_ seed: UInt64, count: Int = 500, _ draw: (inout Seeded) -> Double) -> RankBaseline {
        var baseline = RankBaseline(), random = Seeded(seed)
        for _ in 0..<count { _ = baseline.observe(draw(&random), allowance: 0) }
        return baseline
    }

    @Test("The size is that of all pairs, whatever the bins of each, and turns its sign with the sides")
    func sizes() throws {
        let one = try #require(values(1) { 250 * Elementary.exp(0.5 * $0.normal()) }.histogram)
        // Wider, so that its bins are others.
        let other = try #require(values(2) { 400 * Elementary.exp(0.8 * $0.normal()) }.histogram)
        let there = try #require(one.difference(to: other, deviations: 2)), back = try #require(other.difference(to: one, deviations: 2))
        // ln 1.6 over the root of 0.5² + 0.8².
        let expected = 2 * Elementary.normalDistribution(Elementary.log(1.6) / 0.943) - 1
        #expect((there.size - expected).magnitude < 0.08 && (there.size + back.size).magnitude < 1e-12)
        #expect(there.lower < expected && expected < there.upper && there.isBeyondChance)
        #expect(try #require(one.difference(to: one, deviations: 2)).size == 0)
    }

    @Test("Equal values are equal however their bins were placed, and zeros lie below all others")
    func lumps() throws {
        let plain = try #require(values(3) { _ in 2 }.histogram)
        let varied = try #require(values(4) { $0.uniform() < 0.75 ? 2 : 64 }.histogram)
        let difference = try #require(plain.difference(to: varied, deviations: 2))
        #expect((difference.size - 0.25).magnitude < 0.06)
        let zeros = try #require(values(5) { $0.uniform() < 0.5 ? 0 : 2 }.histogram)
        #expect((try #require(zeros.difference(to: plain, deviations: 2)).size - 0.5).magnitude < 0.07)
    }

    @Test("The interval covers what is true about as often as it says")
    func coverage() throws {
        var hits = 0, inside = 0
        for seed in 0..<200 {
            let one = try #require(values(UInt64(100 + seed), count: 120) { Elementary.exp($0.normal()) }.histogram)
            let other = try #require(values(UInt64(5_000 + seed), count: 80) { Elementary.exp($0.normal()) }.histogram)
            if !(try #require(one.difference(to: other, deviations: 1.96)).isBeyondChance) { inside += 1 }
            var random = Seeded(UInt64(9_000 + seed)), rates = (RateBaseline(), RateBaseline())
            for _ in 0..<150 {
                _ = rates.0.observe(random.uniform() < 0.1, allowance: 0)
                _ = rates.1.observe(random.uniform() < 0.3, allowance: 0)
            }
            let difference = try #require(rates.0.difference(to: rates.1, deviations: 1.96))
            if difference.lower <= 0.2, difference.upper >= 0.2 { hits += 1 }
        }
        #expect(inside >= 180 && hits >= 180)
        #expect(RateBaseline().difference(to: RateBaseline(), deviations: 2) == nil)
    }
}
