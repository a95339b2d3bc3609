import KilterMath
import Seeded
import Testing

/// Draws for the change statistics.
extension Seeded {
    mutating func uniform() -> Double { Double.random(in: 0x1p-60..<1, using: &self) }
    mutating func normal() -> Double { Elementary.normalQuantile(uniform()) }

    mutating func index(_ shares: [Double]) -> Int {
        var rest = uniform()
        for (index, share) in shares.enumerated() {
            rest -= share
            if rest < 0 { return index }
        }
        return shares.count - 1
    }
}

@Suite("Laws of the change statistics")
struct ChangeLawTests {
    static let tools = [0.30, 0.20, 0.15, 0.10, 0.07, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01, 0.01]

    @Test("Twice the allowance is twice the evidence, bit by bit")
    func scale() {
        var once = RateBaseline(), twice = RateBaseline(), random = Seeded(11)
        for _ in 0..<3_000 {
            let hit = random.uniform() < 0.1
            let evidence = once.observe(hit, allowance: 1e-6)
            #expect(twice.observe(hit, allowance: 2e-6) == 2 * evidence)
        }
        #expect(once.change == twice.change)
    }

    @Test("Nothing is forgotten by restarting but the evidence")
    func restart() {
        var baseline = RateBaseline(), random = Seeded(12)
        for _ in 0..<500 { _ = baseline.observe(random.uniform() < 0.3, allowance: 0.01) }
        let rate = baseline.rate
        baseline.restart()
        #expect(baseline.rate == rate && baseline.evidence == ChangeEvidence() && baseline.count == 500)
    }

    @Test("Ranks lie around zero and spread at most as uniform ones whatever the law", arguments: 0..<5)
    func fairRanks(law: Int) {
        var baseline = RankBaseline(), random = Seeded(20 + UInt64(law)), sum = 0.0, squares = 0.0
        let draws = 16_000
        for _ in 0..<draws + 50 {
            let z = random.normal(), u = random.uniform()
            let values: [Double] = [Elementary.exp(0.6 * z), 1 / (u * u), (u * 4).rounded(.down), u < 0.5 ? 0 : 3 + z * z, 7]
            _ = baseline.observe(values[law], allowance: 0)
            guard baseline.count > 50 else { continue }
            sum += Double(baseline.score)
            squares += Double(baseline.score * baseline.score)
        }
        let mean = sum / Double(draws), square = squares / Double(draws)
        // Four standard errors. What never differs says nothing; bins of a smooth law lose next to nothing.
        #expect(Swift.abs(mean) < 4 / Double(draws).squareRoot(), "\(mean)")
        #expect(law == 4 ? square < 1e-6 : square < 1.03 && (law > 1 || square > 0.97), "\(square)")
    }

    @Test("Twofold, a thousandfold or a thousandth of the values changes no bit of the evidence")
    func doubling() {
        for power in [1.0, 1024.0, 0x1p-10] {
            var plain = RankBaseline(direction: .up), scaled = RankBaseline(direction: .up), random = Seeded(13)
            for _ in 0..<1_500 {
                let value = Elementary.exp(random.normal())
                let evidence = plain.observe(value, allowance: 1e-5)
                #expect(scaled.observe(value * power, allowance: 1e-5).bitPattern == evidence.bitPattern)
            }
            #expect(Swift.abs(scaled.change.before / plain.change.before - power) < 1e-4 * power)
        }
    }

    /// The mean evidence of many streams that end after `length` observations, as a share of what was allowed.
    static func meanEvidence(streams: Int, length: Int, seed: UInt64, _ start: () -> (inout Seeded, Float) -> Float) -> Double {
        var random = Seeded(seed), sum = 0.0
        for _ in 0..<streams {
            let observe = start()
            var last: Float = 0
            for time in 0..<length { last = observe(&random, time < length - 60 ? 0 : 1.0 / 60) }
            sum += Double(last)
        }
        return sum / Double(streams)
    }

    @Test("Without a change the mean evidence is what was allowed: no family bets with more than it has")
    func fairBets() {
        let rate = Self.meanEvidence(streams: 2_000, length: 260, seed: 31) {
            var baseline = RateBaseline()
            return { baseline.observe($0.uniform() < 0.2, allowance: $1) }
        }
        let rank = Self.meanEvidence(streams: 1_500, length: 200, seed: 32) {
            var baseline = RankBaseline()
            return { random, allowance in
                let value = Elementary.exp(random.normal())
                return baseline.observe(value, allowance: allowance)
            }
        }
        let young = Self.meanEvidence(streams: 6_000, length: 64, seed: 37) {
            var baseline = RankBaseline(direction: .up)
            return { random, allowance in
                let value = Elementary.exp(random.normal())
                return baseline.observe(value, allowance: allowance)
            }
        }
        let mix = Self.meanEvidence(streams: 1_000, length: 400, seed: 33) {
            var baseline = MixBaseline(categories: 12)
            return { baseline.observe($0.index(Self.tools), allowance: $1) }
        }
        let vector = Self.meanEvidence(streams: 150, length: 600, seed: 35) {
            var baseline = VectorBaseline(dimensions: 6)
            return { random, allowance in
                var scores = SIMD16<Float>(repeating: 0)
                for lane in 0..<6 { scores[lane] = Float(random.normal()) }
                return baseline.observe(scores, allowance: allowance)
            }
        }
        for (name, mean) in [("rate", rate), ("rank", rank), ("young", young), ("mix", mix), ("vector", vector)] {
            #expect(mean > 0.3 && mean < 1.2, "\(name): \(mean)")
        }
    }

    @Test("Streams that end young keep to what was allowed, whatever their values' law", arguments: 0..<5)
    func youngRanks(law: Int) {
        var random = Seeded(60 + UInt64(law)), alarms = 0
        let streams = 5_000, length = 50
        for _ in 0..<streams {
            var baseline = RankBaseline(direction: .up, hygiene: law == 1 ? [.autocorrelation] : [])
            var isTold = false
            for _ in 0..<length {
                let z = random.normal(), u = random.uniform()
                let values: [Double] = [
                    Elementary.exp(0.6 * z), 1 / (u * u), (u * 4).rounded(.down), u < 0.5 ? 0 : 3 + z * z, u < 0.8 ? 1 : 2,
                ]
                let evidence = baseline.observe(values[law], allowance: 40 / Float(streams * length))
                isTold = isTold || evidence >= 1
            }
            if isTold { alarms += 1 }
        }
        // With mean 40, 56 and more come once in a hundred.
        #expect(alarms < 56 && (law > 0 || alarms > 4), "\(alarms)")
    }

    /// Alarms in `count` observations that may cause 40.
    static func falseAlarms(_ count: Int, seed: UInt64, restart: () -> Void = {}, _ observe: (inout Seeded, Float) -> Float) -> Int {
        var random = Seeded(seed), alarms = 0
        for _ in 0..<count where observe(&random, 40 / Float(count)) >= 1 {
            alarms += 1
            restart()
        }
        return alarms
    }

    @Test("False alarms stay below the upper bound of a Poisson count with the allowed mean, in every family")
    func falseAlarms() {
        // With mean 40, 56 and more come once in a hundred.
        var rate = RateBaseline(direction: .up), rank = RankBaseline(), mix = MixBaseline(categories: 12)
        var vector = VectorBaseline(dimensions: 8)
        let rates = Self.falseAlarms(400_000, seed: 41, restart: { rate.restart() }) { rate.observe($0.uniform() < 0.05, allowance: $1) }
        let ranks = Self.falseAlarms(200_000, seed: 42, restart: { rank.restart() }) { random, allowance in
            let u = random.uniform()
            return rank.observe(1 / (u * u), allowance: allowance)
        }
        let mixes = Self.falseAlarms(100_000, seed: 43, restart: { mix.restart() }) { mix.observe($0.index(Self.tools), allowance: $1) }
        let vectors = Self.falseAlarms(40_000, seed: 45, restart: { vector.restart() }) { random, allowance in
            var scores = SIMD16<Float>(repeating: 0)
            for lane in 0..<8 { scores[lane] = Float(random.normal()) }
            return vector.observe(scores, allowance: allowance)
        }
        let all = [("rate", rates), ("rank", ranks), ("mix", mixes), ("vector", vectors)]
        for (name, alarms) in all { #expect(alarms < 56, "\(name): \(alarms)") }
        #expect(rates > 10 && ranks > 10 && mixes > 10, "quieter than it should be: \(all)")
    }

    @Test("An epoch that follows knows what hours differ by; one that begins anew takes the morning for a change")
    func followingEpoch() {
        func evidence(follows: Bool) -> Float {
            var random = Seeded(49), most: Float = 0
            func value(_ time: Int, _ level: Double) -> Double {
                level * Elementary.exp((time / 20 % 24 < 12 ? 0.3 : -0.3) + 0.3 * random.normal())
            }
            var before = RankBaseline(hygiene: [.season])
            for time in 0..<20 * 24 * 10 { _ = before.observe(value(time, 1), allowance: 0, hour: time / 20 % 24, day: Int32(time / 480)) }
            var next = follows ? RankBaseline(after: before) : RankBaseline(hygiene: [.season])
            // Twice as much, from noon on.
            for time in 4_800 + 240..<4_800 + 720 {
                most = max(most, next.observe(value(time, 2), allowance: 1e-4, hour: time / 20 % 24, day: Int32(time / 480)))
            }
            return most
        }
        #expect(evidence(follows: true) < 1 && evidence(follows: false) > 1_000)
    }

    @Test("What remembers and swings with the day alarms too often without hygiene, and not with it")
    func hygiene() {
        func alarms(_ options: ValueHygiene.Options) -> Int {
            var baseline = RankBaseline(hygiene: options), noise = 0.0, time = 0
            return Self.falseAlarms(60_000, seed: 47, restart: { baseline.restart() }) { random, allowance in
                noise = 0.3 * noise + 0.5 * random.normal()
                let hour = time / 60 % 24
                let level = hour < 12 ? 0.2 : -0.2
                defer { time += 1 }
                return baseline.observe(
                    Elementary.exp(noise + level), allowance: allowance, hour: hour, day: Int32(time / 1440))
            }
        }
        let with = alarms([.autocorrelation, .season]), without = alarms([])
        #expect(with < 56 && without > 150, "\(with) with, \(without) without")
    }

    @Test("Of values that are always equal there is no more evidence than was allowed")
    func equalValues() {
        var baseline = RankBaseline(direction: .up, hygiene: [.autocorrelation, .season])
        for time in 0..<200 {
            let evidence = baseline.observe(100, allowance: 1e-4, hour: time / 10 % 24, day: Int32(time / 240))
            #expect(evidence <= 1e-4 * Float(time + 1) * 1.0001)
        }
    }

    @Test("A first value that is far off misleads hygiene no longer than any other")
    func outlierFirst() {
        var baseline = RankBaseline(hygiene: [.autocorrelation, .season]), time = 0
        let alarms = Self.falseAlarms(20_000, seed: 49, restart: { baseline.restart() }) { random, allowance in
            defer { time += 1 }
            let value = time == 0 ? 1e9 : Elementary.exp(0.5 * random.normal())
            return baseline.observe(value, allowance: allowance, hour: time / 60 % 24, day: Int32(time / 1440))
        }
        #expect(alarms < 56)
        #expect(Swift.abs(baseline.median - 1) < 0.1)
    }

    @Test("A rate of one after millions of hits still tells a single miss from none")
    func nearOne() {
        var baseline = RateBaseline(direction: .down)
        for _ in 0..<3_000_000 { _ = baseline.observe(true, allowance: 1e-9) }
        var misses = 0
        while baseline.observe(false, allowance: 1e-6) < 1, misses < 10 { misses += 1 }
        #expect(misses > 0 && misses < 5)
    }
}
