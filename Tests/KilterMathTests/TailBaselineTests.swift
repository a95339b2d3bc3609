import KilterMath
import Seeded
import Testing

@Suite("Single values against the tail of all before them")
struct TailBaselineTests {
    /// Laws without a change, each a new stream at every call.
    static let laws: [(name: String, start: @Sendable () -> (inout Seeded) -> Double)] = [
        ("lognormal", { { Elementary.exp($0.normal()) } }),
        ("narrow lognormal", { { Elementary.exp(0.1 * $0.normal()) } }),
        ("Pareto 1.2", { { power($0.uniform(), -1 / 1.2) } }),
        ("Student t2", { { Swift.abs(student($0.uniform())) } }),
        ("log-Student t2", { { Elementary.exp(min(max(0.413 * student($0.uniform()), -6), 6)) } }),
        ("lumpy", { { -(Elementary.log($0.uniform()) * 4).rounded(.down) } }),
        ("two values", { { $0.uniform() < 0.3 ? 40 : 1 } }),
        ("two values, one rare", { { $0.uniform() < 0.05 ? 40 : 1 } }),
        ("two modes", { { Elementary.exp(0.5 * $0.normal() + ($0.uniform() < 0.05 ? 4 : 0)) } }),
        (
            "AR(1)",
            {
                var last = 0.0
                return { random in
                    last = 0.6 * last + 0.8 * random.normal()
                    return Elementary.exp(last)
                }
            }
        ),
        (
            "diurnal",
            {
                var time = 0
                return { random in
                    time += 1
                    let isDay = time / 500 % 2 == 1
                    return Elementary.exp(0.7 * random.normal() + (isDay ? 0.4 : 0))
                }
            }
        ),
    ]

    static func power(_ base: Double, _ exponent: Double) -> Double { Elementary.exp(exponent * Elementary.log(base)) }
    static func student(_ u: Double) -> Double { (2 * u - 1) / (2 * u * (1 - u)).squareRoot() }

    /// Alarms of `streams` streams of `length` values at one allowance a value.
    static func alarms(_ law: Int, streams: Int, length: Int, allowance: Double, seed: UInt64) -> Int {
        var random = Seeded(seed), alarms = 0
        for _ in 0..<streams {
            var baseline = TailBaseline()
            let draw = laws[law].start()
            for _ in 0..<length where baseline.observe(draw(&random), allowance: allowance) != nil { alarms += 1 }
        }
        return alarms
    }

    @Test("Where nothing changes there are no more alarms than allowed, whatever the law", arguments: laws.indices)
    func falseAlarms(law: Int) {
        // 40 are allowed in each; with mean 40, 56 and more come once in a hundred.
        let often = Self.alarms(law, streams: 200, length: 2_000, allowance: 1e-4, seed: 100 + UInt64(law))
        let rarely = Self.alarms(law, streams: 400, length: 2_000, allowance: 5e-5, seed: 200 + UInt64(law))
        #expect(often < 56 && rarely < 56, "\(Self.laws[law].name): \(often) and \(rarely)")
    }

    @Test("One call of fifty dollars is told at once, where calls cost a tenth of a cent", arguments: [0.1, 0.3, 0.5])
    func told(spread: Double) {
        var random = Seeded(7), missed = 0, missedEarly = 0
        for _ in 0..<200 {
            var baseline = TailBaseline()
            for count in 0..<1_500 {
                if count == 200 {
                    var early = baseline
                    if early.observe(50, allowance: 1e-4) == nil { missedEarly += 1 }
                }
                _ = baseline.observe(0.001 * Elementary.exp(spread * random.normal()), allowance: 1e-6)
            }
            guard let sight = baseline.observe(50, allowance: 2e-6) else {
                missed += 1
                continue
            }
            #expect(sight.count >= 1_499 && sight.flagged == 1 && sight.probability < 2e-6)
            #expect(Swift.abs(sight.usual / 0.001 - 1) < 0.2 && sight.largest > sight.usual && sight.largest < 0.03)
        }
        #expect(missed <= 10 && missedEarly <= 20, "\(missed) and \(missedEarly) of 200")
    }

    @Test("Not before fifty values, not below four times the usual, not for what is small")
    func readiness() {
        var young = TailBaseline(), random = Seeded(8)
        for _ in 0..<49 { _ = young.observe(1 + random.uniform() * 0.01, allowance: 1) }
        #expect(young.observe(1e9, allowance: 1) == nil)
        var known = TailBaseline()
        for _ in 0..<5_000 { _ = known.observe(1 + random.uniform() * 0.01, allowance: 1e-4) }
        #expect(known.observe(3.9, allowance: 1e-4) == nil && known.observe(0.001, allowance: 1e-4) == nil)
        #expect(known.observe(.infinity, allowance: 1) == nil && known.observe(.nan, allowance: 1) == nil)
        #expect(known.observe(40, allowance: 1e-4) != nil && known.observe(40, allowance: 0) == nil)
    }

    @Test("The fifth of a new level makes it usual, and what is told before teaches nothing")
    func becomesUsual() {
        var baseline = TailBaseline(), random = Seeded(9)
        for _ in 0..<2_000 { _ = baseline.observe(Elementary.exp(0.3 * random.normal()), allowance: 1e-5) }
        let told = (0..<60).map { _ in baseline.observe(1_000 * Elementary.exp(0.3 * random.normal()), allowance: 1e-5)?.flagged ?? 0 }
        #expect(told.prefix(5) == [1, 2, 3, 4, 5] && told.dropFirst(5).allSatisfy { $0 == 0 })
        #expect(baseline.count >= 2_055)
    }

    @Test("Where values repeat each other a new one is told once")
    func levels() {
        var baseline = TailBaseline()
        for index in 0..<3_000 { _ = baseline.observe(index % 10 == 0 ? 120 : 100, allowance: 1e-6) }
        #expect(baseline.observe(50_000, allowance: 1e-6) != nil)
        #expect(baseline.observe(50_000, allowance: 1e-6) == nil)
    }

    @Test("How often as large a value is to be expected: by its place among the largest, beyond them as an outlier is judged")
    func probability() {
        var baseline = TailBaseline(), random = Seeded(11), largest = 0.0
        for count in 0..<2_000 {
            if count < 50 { #expect(baseline.probability(of: 1) == nil) }
            let value = Elementary.exp(0.5 * random.normal())
            largest = max(largest, value)
            _ = baseline.observe(value, allowance: 0)
        }
        for value in [0, -1, .infinity, .nan] { #expect(baseline.probability(of: value) == nil) }
        #expect(baseline.probability(of: 1) == 1 && baseline.probability(of: largest) == 2 / 2_001)
        let rising = (0..<600).compactMap { baseline.probability(of: Elementary.exp(0.02 * Double($0))) }
        #expect(rising.count == 600 && zip(rising, rising.dropFirst()).allSatisfy { $0 >= $1 } && rising[599] < 1e-6)
        let expected = baseline.probability(of: 1_000), sight = baseline.observe(1_000, allowance: 1)
        #expect(expected != nil && expected == sight?.probability)
    }

    @Test("As large values are not more often than said, whatever the law", arguments: laws.indices.prefix(9))
    func probabilityHolds(law: Int) {
        var random = Seeded(300 + UInt64(law)), rare = 0, rarer = 0
        for _ in 0..<100 {
            var baseline = TailBaseline()
            let draw = Self.laws[law].start()
            for _ in 0..<2_050 {
                let value = draw(&random), probability = baseline.probability(of: value) ?? 1
                if probability <= 0.005 { rare += 1 }
                if probability <= 0.0002 { rarer += 1 }
                _ = baseline.observe(value, allowance: 0)
            }
        }
        // Of 200,000 values 1,000 and 40 are to be expected, and four deviations more in none.
        #expect(rare < 1_127 && rarer < 66, "\(Self.laws[law].name): \(rare) and \(rarer)")
    }

    @Test("A thousand times the values is told at the same values, and a long stream follows a new level down")
    func scale() {
        var plain = TailBaseline(), scaled = TailBaseline(), random = Seeded(10)
        for _ in 0..<60_000 {
            let value = power(random.uniform())
            let (one, other) = (plain.observe(value, allowance: 1e-3), scaled.observe(value * 1024, allowance: 1e-3))
            #expect((one == nil) == (other == nil) && Swift.abs((one?.probability ?? 1) / (other?.probability ?? 1) - 1) < 0.01)
        }
        for _ in 0..<140_000 { _ = plain.observe(1e-3 * power(random.uniform()), allowance: 0) }
        // The largest of before was above a hundred.
        #expect(plain.observe(10, allowance: 1e-4) != nil)
    }

    private func power(_ u: Double) -> Double { Self.power(u, -0.4) }
}
