import KilterMath
import Seeded
import Testing

@Suite("Changes are found, and told right")
struct ChangeDelayTests {
    /// Observations from the change to the alarm at one false alarm in 100,000, over streams with different seeds.
    static func delays(_ streams: Int, seed: UInt64, before: Int, horizon: Int, _ start: () -> (Bool, inout Seeded) -> Float) -> [Int] {
        (0..<streams).map { stream in
            var random = Seeded(seed &+ UInt64(stream) &* 1_000_003)
            let observe = start()
            for _ in 0..<before { _ = observe(false, &random) }
            for count in 1...horizon where observe(true, &random) >= 1 { return count }
            return horizon
        }
    }

    static func mean(_ delays: [Int]) -> Double { Double(delays.reduce(0, +)) / Double(delays.count) }

    @Test("A rate of errors that grows from 2 to 6 %, and its read-out")
    func rate() {
        var last = RateBaseline(direction: .up)
        let delays = Self.delays(20, seed: 51, before: 3_000, horizon: 2_000) {
            last = RateBaseline(direction: .up)
            return { last.observe($1.uniform() < ($0 ? 0.06 : 0.02), allowance: 1e-5) }
        }
        #expect(Self.mean(delays) < 500)
        let change = last.change
        #expect(change.isIncrease && change.before > 0.01 && change.before < 0.03 && change.after > 0.04 && change.after < 0.09)
        #expect(change.lower < change.after && change.after < change.upper && change.lower > 0.02)
        #expect(change.countBefore + change.countAfter == last.count && change.countAfter < 2 * UInt32(delays[19]) + 200)
    }

    @Test("A burst of errors within some twenty observations, by an alternative that says so")
    func burst() {
        var last = RateBaseline(direction: .up)
        let delays = Self.delays(20, seed: 52, before: 1_000, horizon: 500) {
            last = RateBaseline(direction: .up)
            return { last.observe($1.uniform() < ($0 ? 0.5 : 0.02), allowance: 1e-6) }
        }
        #expect(Self.mean(delays) < 20)
        #expect(last.change.alternative >= 2.4)
    }

    @Test("With a prior, a burst in the first observations")
    func prior() {
        var baseline = RateBaseline(direction: .up, priorHits: 2, priorMisses: 98), random = Seeded(53), count = 0
        while baseline.observe(random.uniform() < 0.6, allowance: 1e-5) < 1, count < 100 { count += 1 }
        #expect(count < 30)
        var plain = RateBaseline(direction: .up)
        for _ in 0..<50 { #expect(plain.observe(true, allowance: 1e-3) == 0) }
    }

    @Test("Latency that grows by a half, shrinks, or spreads")
    func values() {
        func found(_ direction: Direction, _ draw: @escaping (Double) -> Double) -> (Double, ValueChange) {
            var last = RankBaseline(direction: direction)
            let delays = Self.delays(10, seed: 54, before: 1_500, horizon: 1_000) {
                last = RankBaseline(direction: direction)
                return { isChanged, random in
                    let z = random.normal()
                    return last.observe(250 * (isChanged ? draw(z) : Elementary.exp(0.6 * z)), allowance: 1e-5)
                }
            }
            return (Self.mean(delays), last.change)
        }
        let (slower, up) = found(.up) { 1.5 * Elementary.exp(0.6 * $0) }
        #expect(slower < 80 && up.kind == .increase && Swift.abs(up.before / 250 - 1) < 0.1 && up.after / up.before > 1.25)
        #expect(Swift.abs(up.median / 250 - 1) < 0.15 && up.countAfter < 150)
        let (faster, down) = found(.down) { Elementary.exp(0.6 * $0) / 1.5 }
        #expect(faster < 80 && down.kind == .decrease && down.after / down.before < 0.8)
        let (wider, spread) = found(.up) { Elementary.exp(0.9 * $0) }
        #expect(wider < 100 && spread.kind == .wider && spread.alternative > 1)
    }

    @Test("What is another thing altogether after a dozen observations is told within a dozen more, and its read-out")
    func young() {
        var last = RankBaseline()
        let delays = Self.delays(40, seed: 58, before: 12, horizon: 16) {
            last = RankBaseline(direction: .up)
            return { last.observe(($0 ? 20 : 2) * Elementary.exp(0.4 * $1.normal()), allowance: 5e-5) }
        }
        #expect(delays.count { $0 <= 14 } >= 34, "\(delays)")
        let change = last.change
        #expect(change.kind == .increase && change.before > 1 && change.before < 5 && change.after > 12 && change.after < 30)
        #expect(change.lower > change.before && change.lower < change.after && change.after < change.upper)
        #expect(change.countBefore >= 10 && change.countBefore <= 14 && last.median > 1 && last.logDeviation > 0.2)
    }

    @Test("A jump up or down is most of all evidence of the largest shift that way", arguments: [10, 0.1])
    func jump(factor: Double) {
        var random = Seeded(54), baseline = RankBaseline()
        for _ in 0..<1_000 { _ = baseline.observe(Elementary.exp(0.3 * random.normal()), allowance: 1e-5) }
        for _ in 0..<6 { _ = baseline.observe(factor * Elementary.exp(0.3 * random.normal()), allowance: 1e-5) }
        let shifts = (0..<11).map { baseline.evidence.strengths[$0] }
        let largest = factor > 1 ? RankBaseline.largestIncrease : RankBaseline.largestDecrease
        #expect(shifts.indices.allSatisfy { $0 == largest || shifts[$0] < shifts[largest] })
    }

    @Test("Values that begin with another stream's histogram are judged from the first one on")
    func histogram() {
        var fleet = RankBaseline(), random = Seeded(55)
        #expect(fleet.histogram == nil)
        for _ in 0..<4_000 { _ = fleet.observe(Elementary.exp(0.6 * random.normal()), allowance: 0) }
        guard let histogram = fleet.histogram else { Issue.record("no histogram after 4,000 values"); return }
        var young = RankBaseline(prior: histogram, priorCount: 500, direction: .up), count = 0
        while young.observe(8 * Elementary.exp(0.6 * random.normal()), allowance: 1e-5) < 1, count < 100 { count += 1 }
        #expect(count < 20)
        #expect(young.observe(-1, allowance: 1) >= 0 && young.observe(.nan, allowance: 1) >= 0)
    }

    @Test("A mix of which a tenth moved, the two tools named; and a tool never seen before")
    func mix() {
        let tools = ChangeLawTests.tools
        var moved = tools
        moved[0] -= 0.1
        moved[4] += 0.1
        var last = MixBaseline(categories: 12)
        let delays = Self.delays(10, seed: 56, before: 3_000, horizon: 1_000) {
            last = MixBaseline(categories: 12)
            return { last.observe($1.index($0 ? moved : tools), allowance: 1e-5) }
        }
        #expect(Self.mean(delays) < 300)
        #expect(Set(last.change.contributions.prefix(2).map(\.category)) == [0, 4])
        var random = Seeded(57), calls = 0
        var mix = MixBaseline(categories: 6)
        for _ in 0..<5_000 { _ = mix.observe(Int(random.next() % 4), allowance: 1e-6) }
        while mix.observe(4, allowance: 1e-6) < 1, calls < 20 { calls += 1 }
        #expect(calls < 4 && mix.change.contributions.first?.category == 4)
    }

    @Test("A shift of many scores at once that none of them shows")
    func vectors() {
        var last = VectorBaseline(dimensions: 16)
        let delays = Self.delays(6, seed: 60, before: 2_000, horizon: 600) {
            last = VectorBaseline(dimensions: 16)
            return { isChanged, random in
                var scores = SIMD16<Float>(repeating: isChanged ? 0.2 : 0)
                let common = 0.5 * random.normal()
                for lane in 0..<16 { scores[lane] += Float(common + 0.866 * random.normal()) }
                if isChanged { scores[3] += 0.8 }
                return last.observe(scores, allowance: 1e-5)
            }
        }
        #expect(Self.mean(delays) < 150)
        #expect(last.change.contributions.first?.coordinate == 3)
    }
}
