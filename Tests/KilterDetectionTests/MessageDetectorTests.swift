import KilterDetection
import KilterState
import KilterVocabulary
import Testing

@Suite("Detectors of what goes on between agents")
struct MessageDetectorTests {
    /// What `count` messages cause, by detector.
    private func findings(_ count: Int, _ message: (Int) -> (from: UInt64, to: UInt64, digest: UInt64)) -> [[Finding]] {
        var turn = Turn()
        return (0..<count).map { number in
            let said = message(number)
            return turn.message(said.from, to: said.to, digest: said.digest, atSecond: UInt64(number) * 100)
        }
    }

    private func severities(_ detector: DetectorID, _ found: [[Finding]]) -> [Severity?] {
        found.map { $0.first { $0.detector == detector }?.severity }
    }

    @Test("A circle speaks at 2, 3 and 5 turns, whoever begins, in one episode, and growth leaves it alone", arguments: [3, 9, 16])
    func circle(members: Int) {
        for first in 0..<members {
            let found = findings(members * 6) { number in
                (UInt64((first + number) % members + 1), UInt64((first + number + 1) % members + 1), 7)
            }
            let seen = severities(.messageCycle, found)
            #expect(seen.firstIndex { $0 == .info } == 2 * members - 1)
            #expect(seen.firstIndex { $0 == .warning } == 3 * members - 1)
            #expect(seen.firstIndex { $0 == .critical } == 5 * members - 1)
            let cycles = found.joined().filter { $0.detector == .messageCycle }
            #expect(cycles.count == members * 4 + 1 && Set(cycles.map(\.subject)).count == 1)
            #expect(cycles.allSatisfy { $0.tier == .identicalResult && Int($0.period) == members })
            #expect(severities(.messageGrowth, found).allSatisfy { $0 == nil || $0 == .info || members > 12 })
        }
    }

    @Test("A chain speaks at 8, 12 and 24 agents; without a text too")
    func chain() {
        for digest in [0, 7] as [UInt64] {
            let seen = severities(.messageGrowth, findings(30) { (UInt64($0 + 1), UInt64($0 + 2), digest) })
            #expect(seen.firstIndex { $0 == .info } == 7 && seen.firstIndex { $0 == .warning } == 11)
            #expect(seen.firstIndex { $0 == .critical } == 23)
        }
    }

    @Test("A tree warns in its third generation and is critical at the forty-eighth agent")
    func tree() {
        let found = findings(100) { number in (number < 5 ? 1_000 : UInt64((number - 5) / 3 + 1), UInt64(number + 1), UInt64(number + 1)) }
        let seen = severities(.messageGrowth, found)
        #expect(seen.firstIndex { $0 == .warning } == 35)
        #expect(seen.firstIndex { $0 == .critical } == 46, "the lead is the first agent")
        let wide = severities(.messageGrowth, findings(100) { (UInt64($0 < 8 ? 1_000 : ($0 - 8) / 8 + 1), UInt64($0 + 1), 0) })
        let critical = wide.firstIndex { $0 == .critical } ?? 100
        #expect(critical > 60 && critical < 76, "with eight each the third generation begins at agent 73")
    }

    @Test("One who asks twenty, a team of three levels, and a dialogue are silent, however often")
    func healthy() {
        let fan = findings(240) { number in
            let worker = UInt64(number % 20 + 2)
            return number / 20 % 2 == 0 ? (1, worker, UInt64(number + 1)) : (worker, 1, UInt64(number + 1))
        }
        #expect(fan.joined().isEmpty)
        let reminded = findings(240) { number in
            let worker = UInt64(number % 20 + 2)
            return number / 20 % 2 == 0 ? (1, worker, 7) : (worker, 1, 8)
        }
        #expect(severities(.messageGrowth, reminded).allSatisfy { $0 == nil }, "the same question and answer in every round")
        let dialogue = findings(40) { number in (UInt64(number % 2 + 1), UInt64((number + 1) % 2 + 1), UInt64(number + 1)) }
        #expect(dialogue.joined().isEmpty)
        let pipeline = findings(40) { number in (UInt64(number % 5 + 1), UInt64((number + 1) % 5 + 1), UInt64(number + 1)) }
        #expect(pipeline.joined().isEmpty, "round and round, but always something new")
    }

    @Test("Texts passed on by many in no fixed circle speak at 5 and 10 generations")
    func relays() {
        // Seventeen in a ring are too many for a circle; the seventeen are brought in before.
        let found = findings(17 * 4) { number in
            number < 17 ? (1, UInt64(number + 2), UInt64(100 + number)) : (UInt64(number % 17 + 2), UInt64((number + 1) % 17 + 2), 7)
        }
        let seen = severities(.messageGrowth, found)
        #expect(seen.firstIndex { $0 == .warning }.map { (17 + 5...17 + 7).contains($0) } == true)
        #expect(seen.firstIndex { $0 == .critical }.map { (17 + 10...17 + 12).contains($0) } == true)
    }

    @Test("Every finding explains itself with its path")
    func explanations() {
        var found = findings(9) { (UInt64($0 % 3 + 1), UInt64(($0 + 1) % 3 + 1), 7) }.joined().filter { $0.detector == .messageCycle }
        found += findings(24) { (UInt64($0 + 1), UInt64($0 + 2), 0) }.joined().filter { $0.detector == .messageGrowth }
        #expect(found.count > 4)
        for finding in found {
            let words = Detection.explain(finding) { "agent-\($0)" }
            #expect(words.summary.contains("agent-") && !words.advice.isEmpty)
            let path = words.evidence.first { $0.name == "path" }?.value
            #expect(path.map { if case .strings(let names) = $0 { names.count >= 3 } else { false } } == true)
            #expect(words.evidence.contains { $0.name == "not_observable" } && words.evidence.contains { $0.name == "first_span_id" })
        }
    }
}
