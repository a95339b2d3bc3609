import KilterVocabulary
import Testing

@Suite("Vocabulary")
struct VocabularyTests {
    @Test("An unknown fingerprint equals nothing, not even itself")
    func unknown() {
        #expect(!Fingerprint.unknown.matches(.unknown))
        #expect(Fingerprint(high: 1, low: 2).matches(Fingerprint(high: 1, low: 2)))
        #expect(Fingerprint.unknown.hex == nil)
        #expect(Fingerprint(high: 1, low: 0xabc).hex == "00000000000000010000000000000abc")
    }

    @Test("The limits fit each other")
    func limits() {
        #expect(Limits.messageBytesMax <= Limits.inflatedBytesMax)
        #expect(Limits.nameBytesMax <= Limits.valueBytesMax)
        #expect(Limits.cyclePeriodMax == 8, "the call window has eight lanes")
        #expect(Limits.circleMax == 16 && Limits.cyclePeriodMax <= Limits.circleMax, "a finding has sixteen names")
        #expect(Thresholds.repeatWindow == 20, "the call window keeps twenty calls")
        #expect(Limits.batchRows * 12 <= Limits.namesMax, "a name used in a batch is still known at its end")
        #expect(Limits.shards.nonzeroBitCount == 1)
        #expect(Limits.turnsMax % Limits.shards == 0 && Limits.runsMax % Limits.shards == 0)
        #expect(Limits.graphsMax % Limits.shards == 0)
    }

    @Test("Strings are kept once, in order, and a cut table forgets what came after")
    func stringTable() {
        var table = StringTable()
        func intern(_ text: String, _ hash: UInt64) -> StringRef {
            Array(text.utf8).withUnsafeBufferPointer { table.intern($0, hash: hash) }
        }
        let references = (1...2_000).map { intern("name-\($0)", UInt64($0) &* 0x9e37_79b9_7f4a_7c15) }
        #expect(intern("", 5) == 0)
        #expect(Set(references).count == 2_000)
        #expect(intern("name-77", 77 &* 0x9e37_79b9_7f4a_7c15) == references[76])
        #expect(table.string(references[1_999]) == "name-2000")
        table.truncate(toCount: Int(references[1_000]))
        #expect(table.string(references[999]) == "name-1000")
        #expect(intern("name-1001", 1_001 &* 0x9e37_79b9_7f4a_7c15) == references[1_000])
        #expect(intern("name-1000", 1_000 &* 0x9e37_79b9_7f4a_7c15) == references[999])
    }

    @Test("Deadlines come in the order of time, then of arming")
    func deadlines() {
        var queue = Deadlines<Int>()
        var value: UInt64 = 12_345
        var armed: [(UInt64, UInt64, Int)] = []
        for serial in 0..<500 {
            value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let time = value >> 58
            queue.push(serial, at: EventTime(nanoseconds: time), serial: UInt64(serial))
            armed.append((time, UInt64(serial), serial))
        }
        var fired: [Int] = []
        for now in UInt64(0)...64 {
            while let due = queue.pop(dueAt: EventTime(nanoseconds: now)) { fired.append(due.key) }
        }
        #expect(fired == armed.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2))
    }

    @Test("Ladders give the highest severity reached and never one that is off")
    func ladders() {
        let ladder = Ladder(info: 3, warning: Ladder.never, critical: 8)
        #expect((0...9).map { ladder.severity(of: $0) } == [nil, nil, nil, .info, .info, .info, .info, .info, .critical, .critical])
    }

    @Test("Event time saturates instead of wrapping")
    func time() {
        #expect(EventTime(nanoseconds: .max - 5) + .seconds(1) == .never)
        #expect(EventTime(nanoseconds: 5).since(EventTime(nanoseconds: 9)).count == 0)
    }
}
