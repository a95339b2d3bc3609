import KilterMath
import Seeded
import Testing

@Suite("Paces and pauses")
struct PaceTests {
    /// Events of a bucket: Poisson's law about a level that itself scatters from hour to hour.
    private struct Traffic {
        var random: Seeded
        var scatter = 0.0
        private var hour: UInt64 = .max
        private var level = 1.0

        init(_ seed: UInt64, scatter: Double) {
            random = Seeded(seed)
            self.scatter = scatter
        }

        mutating func events(_ mean: Double, seconds: UInt64) -> UInt32 {
            if seconds / 3_600 != hour {
                hour = seconds / 3_600
                level = Elementary.exp(scatter * random.normal() - scatter * scatter / 2)
            }
            var rest = mean * level, count: UInt32 = 0
            while true {
                rest += Elementary.log(random.uniform())
                if rest < 0 { return count }
                count += 1
            }
        }
    }

    /// A working day's swing by a half, and two fifths of it at weekends.
    private static func usual(_ seconds: UInt64) -> Double {
        let hour = seconds / 3_600 % 24, isWeekend = (seconds / 86_400 + 3) % 7 >= 5
        return (hour >= 8 && hour < 20 ? 12 : 4) * (isWeekend ? 0.4 : 1)
    }

    private static let begin: UInt64 = 1_772_409_600

    @Test("Nights, weekends and hours that scatter raise no more false alarms than are allowed", arguments: [0.0, 0.5])
    func falseAlarms(scatter: Double) {
        let agents = 12, days = 84, allowance = 20 / Float(agents * days * 96)
        var alarms = 0
        for agent in 0..<agents {
            var traffic = Traffic(700 + UInt64(agent), scatter: scatter), baseline = PaceBaseline()
            for bucket in 0..<UInt64(days * 96) {
                let seconds = Self.begin + bucket * 900
                let events = traffic.events(Self.usual(seconds), seconds: seconds)
                guard baseline.observe(events: events, seconds: seconds, allowance: allowance) >= 1 else { continue }
                alarms += 1
                baseline.restart()
            }
        }
        // With mean 20, 32 and more come once in a hundred.
        #expect(alarms < 32, "\(alarms)")
    }

    @Test("A pace that doubles, or falls to a third, is told within hours, with what was usual in those hours", arguments: [2.0, 0.33])
    func change(factor: Double) {
        var traffic = Traffic(41, scatter: 0.2), baseline = PaceBaseline(), bucket: UInt64 = 0
        func step(_ factor: Double) -> Float {
            let seconds = Self.begin + bucket * 900
            bucket += 1
            let events = traffic.events(Self.usual(seconds) * factor, seconds: seconds)
            return baseline.observe(events: events, seconds: seconds, allowance: 1e-5)
        }
        for _ in 0..<28 * 96 + 36 { #expect(step(1) < 1) }
        var delay = 1
        while step(factor) < 1, delay < 200 { delay += 1 }
        #expect(delay <= 24, "\(delay) buckets")
        let change = baseline.change
        #expect(change.isIncrease == (factor > 1) && change.lower < change.after && change.after < change.upper)
        #expect(Swift.abs(change.after / change.before / factor - 1) < 0.35, "\(change)")
    }

    @Test("Hours that were not seen on two days say nothing")
    func unseen() {
        var baseline = PaceBaseline()
        // Five days by day only, and then a night full of work, and a weekend without any.
        for bucket in 0..<UInt64(5 * 24) {
            let seconds = Self.begin + bucket * 3_600, hour = bucket % 24
            guard hour >= 8 && hour < 18 else { continue }
            _ = baseline.observe(events: 20, seconds: seconds, allowance: 1)
        }
        #expect(baseline.expected(cell: PaceBaseline.cell(seconds: Self.begin + 9 * 3_600)) == 20)
        #expect(baseline.expected(cell: PaceBaseline.cell(seconds: Self.begin)) == nil)
        #expect(baseline.expected(cell: PaceBaseline.cell(seconds: Self.begin + 5 * 86_400 + 9 * 3_600)) == nil)
        let before = baseline.evidence
        _ = baseline.observe(events: 900, seconds: Self.begin + 4 * 86_400 + 22 * 3_600, allowance: 1)
        #expect(baseline.evidence == before)
    }

    @Test("Pauses of two laws exceed the limit no more often than is allowed")
    func pauses() {
        for law in 0..<2 {
            var told = 0, random = Seeded(51 + UInt64(law))
            for _ in 0..<60 {
                var baseline = PauseBaseline()
                for _ in 0..<3_000 {
                    let short = -Elementary.log(random.uniform())
                    let pause = law == 1 && random.next() % 10 == 0 ? 7 * short : short
                    if let limit = baseline.limit(least: 1), pause > limit { told += 1 }
                    baseline.pass(allowance: 0.5 / 3_000)
                    baseline.note(pause)
                }
            }
            // With mean 30, 44 and more come once in a hundred.
            #expect(told < 44, "law \(law): \(told)")
        }
    }

    @Test("The limit is beyond every pause so far, and grows as fewer false alarms are allowed")
    func limits() throws {
        var generous = PauseBaseline(), strict = PauseBaseline(), random = Seeded(61)
        #expect(generous.limit(least: 1) == nil)
        for _ in 0..<2_000 {
            let pause = -Elementary.log(random.uniform())
            generous.pass(allowance: 1e-4)
            strict.pass(allowance: 1e-6)
            generous.note(pause)
            strict.note(pause)
        }
        let near = try #require(generous.limit(least: 1)), far = try #require(strict.limit(least: 1))
        #expect(near > generous.greatest && far > near && near < 40 && far < 200, "\(near) and \(far)")
    }

    @Test("Pauses are written and read, and bytes that make no sense are refused")
    func codec() throws {
        var baseline = PauseBaseline(), writer = ByteWriter()
        for pause in [3.0, 9, 1, 4, 4] { baseline.note(pause) }
        baseline.pass(allowance: 0.25)
        baseline.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        #expect(try PauseBaseline(from: &reader) == baseline && reader.remaining == 0)
        for (offset, value) in [(4, Float.nan), (4, 12), (60, -1), (64, .infinity)] where offset < 64 {
            var altered = writer.bytes
            for byte in 0..<4 { altered[offset + byte] = UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(8 * byte)) }
            var reader = ByteReader(altered)
            #expect(throws: ByteReader.Short.self) { try PauseBaseline(from: &reader) }
        }
        for cut in 0..<writer.bytes.count {
            var reader = ByteReader(Array(writer.bytes[..<cut]))
            #expect(throws: ByteReader.Short.self) { try PauseBaseline(from: &reader) }
        }
    }
}
