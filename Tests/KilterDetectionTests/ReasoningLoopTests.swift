import KilterDetection
import KilterMath
import KilterState
import KilterVocabulary
import Seeded
import Testing

@Suite("Agents that repeat what they say")
struct ReasoningLoopTests {
    private func severity(_ found: [Finding]) -> Severity? {
        found.first { $0.detector == .reasoningLoop && $0.rule == .inRow }?.severity
    }

    @Test("The same answer: information at 2, warning at 3, critical at 6, and one episode")
    func row() {
        var turn = Turn()
        let found = (1...7).map { _ in turn.answer(5, prompt: 4) }
        #expect(found.map(severity) == [nil, .info, .warning, .warning, .warning, .critical, .critical])
        let all = found.joined()
        #expect(Set(all.map(\.subject)).count == 1 && Set(all.map(\.firstSpan)) == [1])
        #expect(all.allSatisfy { $0.tier == .identicalResult && $0.keying == .agent && $0.digest == 5 })
        #expect(all.map(\.count) == [2, 3, 4, 5, 6, 7])
    }

    @Test("Where the question is not seen it goes no further than a warning: whoever grades says the same of many things")
    func questionUnseen() {
        let said = severities(.reasoningLoop, 12) { turn, _ in turn.answer(5) }
        #expect(said == [nil, .info] + [Severity?](repeating: .warning, count: 10))
    }

    @Test("A call, another answer, a request for tools, a new message and a new question each begin anew")
    func resets() {
        let between: [(inout Turn) -> Void] = [
            { _ = $0.call("look", arguments: 1, result: 1) }, { _ = $0.answer(6) }, { _ = $0.answer(0, kind: .request) },
            { _ = $0.call("look") }, { _ = $0.message(7, to: 9, digest: $0.spans + 1, atSecond: $0.spans) },
        ]
        for (number, event) in between.enumerated() {
            var turn = Turn()
            for _ in 1...6 {
                for _ in 1...2 { #expect((severity(turn.answer(5)) ?? .info) < .warning, "\(number)") }
                event(&turn)
            }
        }
        var asked = Turn()
        for question in 1...12 { #expect(severity(asked.answer(5, prompt: UInt64(question))) == nil) }
    }

    @Test("The same question again, the same message again, failures and copies neither count nor begin anew")
    func neutral() {
        var turn = Turn()
        var seen: [Severity?] = []
        for _ in 1...6 {
            _ = turn.message(7, to: 9, digest: 3, atSecond: 0)
            seen.append(severity(turn.answer(5, prompt: 4)))
            #expect(severity(turn.answer(5, flags: .failed)) == nil && severity(turn.answer(5, flags: .rateLimited)) == nil)
            #expect(severity(turn.answer(5, outcome: .late)) == nil && severity(turn.answer(5, outcome: .duplicate)) == nil)
        }
        #expect(seen == [nil, .info, .warning, .warning, .warning, .critical])
        var sampled = Turn()
        for _ in 1...9 { #expect(severity(sampled.answer(5) { ($0.startNanoseconds, $0.endNanoseconds) = (1_000, 90_000) }) == nil) }
        var copied = Turn()
        for _ in 1...9 { #expect(severity(copied.answer(5) { $0.responseID = 8 }) == nil) }
        var unknown = Turn()
        for _ in 1...9 { #expect(unknown.answer(0).isEmpty) }
    }

    @Test("Brief answers weigh a fifth, and only inform where nobody sees what they answer")
    func brief() {
        let hidden = severities(.reasoningLoop, 40) { turn, _ in turn.answer(5, kind: .brief) }
        #expect(hidden[8] == nil && hidden[9] == .info && hidden[39] == .info)
        let shown = severities(.reasoningLoop, 30) { turn, _ in turn.answer(5, kind: .brief, prompt: 4) }
        #expect(shown[8] == nil && shown[9] == .info && shown[14] == .warning && shown[28] == .warning && shown[29] == .critical)
    }

    @Test("Other agents of the turn, whatever they do, change nothing; each has its own count")
    func interleaved() {
        var random = Seeded(state: 5)
        var alone = Turn()
        var mixed = Turn()
        for step in 0..<400 {
            let digest = random.next() % 2 + 1
            let works = random.next() % 7 == 0
            if works { _ = (alone.call("a", arguments: 1, agent: 20), mixed.call("a", arguments: 1, agent: 20)) }
            let other = random.next() % 4
            if other == 0 { _ = mixed.call("b", arguments: 2, result: 2, agent: 21) }
            if other <= 1 { _ = mixed.answer(random.next() % 2 + 1, agent: 21) }
            #expect(alone.answer(digest, agent: 20).map(\.count) == mixed.answer(digest, agent: 20).map(\.count), "step \(step)")
        }
    }

    @Test("The count is that of a slow and obvious reckoning, and so it is when the state is cut and put back")
    func oracle() throws {
        var random = Seeded(state: 77)
        var turn = Turn()
        var (last, row, calls, lastCalls): (UInt64, UInt32, Int, Int) = (0, 0, 0, 0)
        for step in 0..<3_000 {
            if random.next() % 5 == 0 {
                _ = turn.call("a", arguments: UInt64(step))
                calls += 1
            }
            let digest = random.next() % 3 / 2 + 1
            row = digest == last && calls == lastCalls ? row + 1 : 1
            (last, lastCalls) = (digest, calls)
            let found = turn.answer(digest).first { $0.detector == .reasoningLoop }
            #expect(found?.count == (row > 1 ? row : nil), "step \(step)")
            if step % 97 == 0 { try turn.cutAndRestore() }
        }
    }

    @Test("An end that repeats: information at 5, warning at 8, never more, and structural")
    func tail() {
        for (copies, expected) in [(4, nil), (5, .info), (7, .info), (8, .warning), (9_000, .warning)] as [(UInt16, Severity?)] {
            var turn = Turn()
            let found = turn.answer(5) {
                $0.answer.tailBytes = 61
                $0.answer.tailRepeats = copies
            }
            #expect(found.first?.severity == expected && found.allSatisfy { $0.rule == .tail && $0.tier == .structural && $0.step == 61 })
        }
    }

    @Test("Thresholds hold, and never means never")
    func thresholds() {
        var turn = Turn()
        turn.thresholds.repeatedAnswers = Ladder(info: Ladder.never, warning: 4, critical: Ladder.never)
        turn.thresholds.answerTail = Ladder(info: Ladder.never, warning: Ladder.never, critical: Ladder.never)
        let seen = (1...8).map { _ in severity(turn.answer(5) { $0.answer.tailRepeats = 100 }) }
        #expect(seen == [nil, nil, nil, .warning, .warning, .warning, .warning, .warning])
        #expect((1...200).allSatisfy { _ in turn.answer(9, kind: .brief).isEmpty })
    }

    @Test("Every finding explains itself without content, and says what was not to be seen")
    func explanations() {
        for prompt in [0, 4] as [UInt64] {
            var turn = Turn()
            let found = (1...3).flatMap { _ in turn.answer(5, prompt: prompt) { $0.answer.tailRepeats = 12 } }
            #expect(found.count == 5)
            for finding in found {
                let words = Detection.explain(finding) { _ in "clerk" }
                #expect(words.summary.contains("clerk") && !words.advice.isEmpty)
                guard finding.rule == .inRow,
                    case .strings(let hidden)? = words.evidence.first(where: { $0.name == "not_observable" })?.value
                else { continue }
                #expect(hidden.contains("messages to the agent") == (prompt == 0))
            }
        }
    }

    @Test("Readiness: idle without models, blind without answers, live with most of them or their digests")
    func readiness() throws {
        func state(shown: Int, hidden: Int) -> (Readiness.State, Bool)? {
            var seen = Visibility()
            for number in 0..<(shown + hidden) {
                var row = SpanRecord()
                row.kind = .chat
                if number < shown { row.answer.kind = number % 3 == 0 ? .request : .text }
                withUnsafePointer(to: row) { seen.observe($0, []) }
            }
            return Detection.readiness(seen).first { $0.detector == .reasoningLoop }.map { ($0.state, $0.missing.isEmpty) }
        }
        #expect(try #require(state(shown: 0, hidden: 0)) == (.idle, false))
        #expect(try #require(state(shown: 0, hidden: 9)) == (.blind, false))
        #expect(try #require(state(shown: 5, hidden: 9)) == (.limited, false))
        #expect(try #require(state(shown: 95, hidden: 5)) == (.live, true))
    }
}
