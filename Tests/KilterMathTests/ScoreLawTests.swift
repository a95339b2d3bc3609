import KilterMath
import Seeded
import Testing

@Suite("Laws of normal scores")
struct ScoreLawTests {
    /// Alarms of `streams` times `observations` scores by `law`, at an allowance each.
    private func alarms(streams: Int, observations: Int, allowance: Float, seed: UInt64, _ law: (inout Seeded, Int) -> Double) -> Int {
        var alarms = 0, random = Seeded(seed)
        for _ in 0..<streams {
            var baseline = ScoreBaseline()
            for number in 0..<observations where baseline.observe(Float(law(&random, number)), allowance: allowance) >= 1 {
                alarms += 1
                baseline.restart()
            }
        }
        return alarms
    }

    @Test("Few scores of an unknown spread claim no more than they are allowed", arguments: [1.0, 0.6, 0.4])
    func shortStreams(spread: Double) {
        // 400 streams of 60 are allowed 48; 66 and more have a chance of one in a hundred.
        let raised = alarms(streams: 400, observations: 60, allowance: 0.002, seed: 51) { random, _ in spread * random.normal() }
        #expect(raised <= 66, "\(raised)")
    }

    @Test("Long streams spend what they are allowed, and no more")
    func longStreams() {
        // 100 are allowed; 125 and more have a chance of one in a hundred.
        let raised = alarms(streams: 50, observations: 4_000, allowance: 5e-4, seed: 52) { random, _ in random.normal() }
        #expect(raised <= 125 && raised >= 20, "\(raised)")
    }

    @Test("Scores that are mostly equal, with a rare jump, are no narrow normal law")
    func lumpyScores() {
        let raised = alarms(streams: 100, observations: 500, allowance: 1e-3, seed: 53) { random, _ in
            random.uniform() < 0.06 ? (random.uniform() < 0.5 ? 1.2 : -1.2) : 0
        }
        #expect(raised <= 66, "\(raised)")
    }

    /// Figures that differ by chance: normal ones, skew ones, ones that are mostly nothing at all.
    enum Law: CaseIterable {
        case narrow, wide, skew, rare, half

        func draw(_ random: inout Seeded) -> Double {
            switch self {
            case .narrow: max(0, 0.2 + 0.05 * random.normal())
            case .wide: max(0, 1.2 + random.normal())
            case .skew: -0.5 * Elementary.log(max(random.uniform(), 1e-9))
            case .rare: random.uniform() < 0.2 ? 1.5 : 0
            case .half: random.uniform() < 0.5 ? 0 : -Elementary.log(max(random.uniform(), 1e-9))
            }
        }
    }

    @Test("Figures of any law and any level claim no more than they are allowed, few of them or many", arguments: Law.allCases)
    func anyLaw(_ law: Law) {
        // 300 streams of 100 are allowed 30, 20 of 1,500 as well; 44 and more have a chance of one in a hundred.
        for (streams, observations) in [(300, 100), (20, 1_500)] {
            var raised = 0, random = Seeded(56)
            for _ in 0..<streams {
                var baseline = ScoreBaseline(direction: .up, level: .unknown)
                for _ in 0..<observations where baseline.observe(Float(min(law.draw(&random), 4)), allowance: 1e-3) >= 1 {
                    raised += 1
                    baseline.restart()
                }
            }
            #expect(raised < 44, "\(law) \(raised)")
        }
    }

    @Test("What figures of any law have learned of their ratios is kept, and refused where it cannot be")
    func ratiosAreKept() throws {
        var baseline = ScoreBaseline(direction: .up, level: .unknown), random = Seeded(58)
        for _ in 0..<60 { _ = baseline.observe(Float(Law.skew.draw(&random)), allowance: 1e-4) }
        var writer = ByteWriter()
        baseline.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(try ScoreBaseline(from: &reader) == baseline)
        // The last lane of the sums since the onset.
        for bits: UInt32 in [Float.nan.bitPattern, (-1 as Float).bitPattern, (1e13 as Float).bitPattern] {
            var bytes = writer.bytes
            withUnsafeBytes(of: bits.littleEndian) { bytes.replaceSubrange(bytes.count - 4..<bytes.count, with: $0) }
            var reader = ByteReader(bytes)
            #expect(throws: ByteReader.Short.self) { try ScoreBaseline(from: &reader) }
        }
    }

    @Test("Six figures of an unknown level are enough to tell a large rise by")
    func riseOfFew() {
        var baseline = ScoreBaseline(direction: .up, level: .unknown), random = Seeded(57), count = 0
        for _ in 0..<7 { _ = baseline.observe(Float(0.2 + 0.1 * random.normal()), allowance: 1e-4) }
        while count < 30, baseline.observe(Float(1.6 + 0.4 * random.normal()), allowance: 1e-4) < 1 { count += 1 }
        #expect(count < 15, "\(count)")
        #expect(baseline.change.isIncrease && baseline.change.after > 1)
    }

    @Test("A shift is found, with its direction and its size")
    func shift() {
        var baseline = ScoreBaseline(), random = Seeded(54)
        for _ in 0..<200 { _ = baseline.observe(Float(0.6 * random.normal()), allowance: 1e-5) }
        var count = 0
        while count < 100, baseline.observe(Float(0.6 * random.normal() + 0.6), allowance: 1e-5) < 1 { count += 1 }
        #expect(count < 60)
        #expect(baseline.change.isIncrease && baseline.change.after > 0.3 && baseline.change.before < 0.2)
    }

    @Test("What comes and goes with the hour is followed while members do not know their hours, what jumps is not")
    func tide() {
        // Twenty scores a minute, a swing of half a deviation over the day.
        func run(_ seed: UInt64, isYoung: Bool, jump: Double) -> Int? {
            var baseline = ScoreBaseline(), random = Seeded(seed)
            for number in 0..<12_000 {
                let day = Double(number) / 28_800
                let tide = 2 * day < 1 ? 8 * day * (1 - 2 * day) : -4 * (2 * day - 1) * (2 - 2 * day)
                let level = 0.25 * tide + (number >= 9_000 ? jump : 0)
                if isYoung { baseline.forget(lanes: baseline.evidence.ages .> SIMD16(repeating: 400)) }
                let total = baseline.observe(Float(level + random.normal()), allowance: 1e-6, passedSeconds: 3, isYoung: isYoung)
                if total >= 1 { return number }
            }
            return nil
        }
        #expect(run(55, isYoung: false, jump: 0) != nil, "the tide itself is evidence of a change")
        let still = (0..<6).compactMap { run(60 + UInt64($0), isYoung: true, jump: 0) }
        #expect(still.count <= 1, "\(still)")
        let jumped = (0..<6).compactMap { run(70 + UInt64($0), isYoung: true, jump: 0.5) }.filter { $0 >= 9_000 && $0 < 9_300 }
        #expect(jumped.count >= 5, "\(jumped)")
    }

    @Test("Its written form continues with the same bits, and impossible ones are refused")
    func codec() throws {
        var baseline = ScoreBaseline(direction: .up), random = Seeded(56)
        for number in 0..<300 {
            _ = baseline.observe(Float(random.normal()), allowance: 1e-3, passedSeconds: 30, isYoung: number < 200)
        }
        var writer = ByteWriter()
        baseline.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        var copy = try ScoreBaseline(from: &reader)
        for _ in 0..<50 {
            let score = Float(random.normal())
            #expect(copy.observe(score, allowance: 1e-3) == baseline.observe(score, allowance: 1e-3))
        }
        for length in stride(from: 0, to: writer.bytes.count, by: 7) {
            var short = ByteReader(Array(writer.bytes[..<length]))
            #expect(throws: ByteReader.Short.self) { _ = try ScoreBaseline(from: &short) }
        }
    }
}
