import KilterDetection
import KilterMath
import KilterState
import KilterVocabulary
import Seeded
import Testing

@Suite("Detectors of work that brings nothing new")
struct ProgressTests {
    @Test("Different calls with one result: information at 4, warning at 6, critical at 12, whatever the tool")
    func sameResult() {
        let seen = severities(.stagnation, 13) { turn, number in
            turn.call(number % 2 == 0 ? "a" : "b", arguments: UInt64(number), result: 7)
        }
        let expected: [Severity?] = [
            nil, nil, nil, .info, .info, .warning, .warning, .warning, .warning, .warning, .warning, .critical, .critical,
        ]
        #expect(seen == expected)
    }

    @Test("Neither an acknowledgement, nor a failure, nor an unknown result is the same answer")
    func noAnswer() {
        #expect(
            severities(.stagnation, 12) { $0.call("a", arguments: UInt64($1), result: 7, flags: .briefResult) }.allSatisfy { $0 == nil })
        #expect(severities(.stagnation, 12) { $0.call("a", arguments: UInt64($1), result: 7, error: 3) }.allSatisfy { $0 == nil })
        #expect(severities(.stagnation, 12) { $0.call("a", arguments: UInt64($1)) }.allSatisfy { $0 == nil })
        #expect(severities(.stagnation, 12) { turn, _ in turn.call("a", arguments: 1, result: 7) }.allSatisfy { $0 == nil })
    }

    @Test("A result that changes meanwhile no longer counts")
    func changedResult() {
        var turn = Turn()
        for number in 1...5 { _ = turn.call("a", arguments: UInt64(number), result: 7) }
        // The first three are asked again, and now say something else.
        for number in 1...3 { _ = turn.call("a", arguments: UInt64(number), result: UInt64(90 + number)) }
        #expect(turn.call("a", arguments: 6, result: 7).contains { $0.detector == .stagnation } == false)
    }

    @Test("What five other runs got for different arguments is an acknowledgement, from the end of a period on")
    func learned() {
        let learned = Acknowledgements()
        let result: UInt64 = 0x77
        for run in UInt64(1)...5 {
            for _ in 1...2 { learned.take([AcknowledgementVote(record: 0, tenant: 3, result: result, run: run)]) }
        }
        #expect(!learned.results.contains(result, tenant: 3, besides: 99))
        advance(learned, records: Int(Limits.learningPeriod), tenant: 3)
        #expect(learned.results.contains(result, tenant: 3, besides: 99))
        #expect(!learned.results.contains(result, tenant: 3, besides: 5), "its own run is none of the others")
        #expect(!learned.results.contains(result, tenant: 4, besides: 99), "another tenant")
        learned.take([AcknowledgementVote(record: 0, tenant: 3, result: result, run: 6)])
        advance(learned, records: Int(Limits.learningPeriod), tenant: 3)
        #expect(learned.results.contains(result, tenant: 3, besides: 5))
    }

    /// Lets a tenant's records pass, in parts that do not fit the period.
    private func advance(_ learned: Acknowledgements, records: Int, tenant: NameHash) {
        var batch = SpanBatch()
        var row = SpanRecord()
        row.place.outcome = .processed
        row.place.tenantName = tenant
        for _ in 0..<records { batch.rows.append(row) }
        var start = 0
        while start < records {
            start = learned.advance(batch, start..<min(start + 1_000, records))
            learned.publish()
        }
    }

    @Test("What was learned survives a snapshot, and gives the same bytes again")
    func learnedSnapshot() throws {
        let learned = Acknowledgements()
        for run in UInt64(1)...6 { learned.take([AcknowledgementVote(record: 0, tenant: 3, result: 5, run: run)]) }
        advance(learned, records: 5_000, tenant: 3)
        learned.take([AcknowledgementVote(record: 0, tenant: 3, result: 6, run: 1)])
        let pieces = learned.snapshot()
        let restored = Acknowledgements()
        for piece in pieces {
            var reader = ByteReader(piece.payload)
            try restored.restore(tenant: piece.tenant, from: &reader)
        }
        #expect(restored.results.contains(5, tenant: 3, besides: 99))
        #expect(restored.snapshot().map(\.payload) == pieces.map(\.payload))
    }

    @Test("Ten calls, each seen three times before, are a warning; two more passes over fifteen files are none")
    func worn() {
        let passes = severities(.noveltyCollapse, 60) { turn, number in
            turn.call(
                "read", arguments: UInt64(number <= 30 ? number : (number - 31) % 15 + 1), result: UInt64(900 + (number - 1) % 30 % 15))
        }
        #expect(passes.allSatisfy { ($0 ?? .info) < .warning })
        var random = Seeded(state: 11)
        let drained = severities(.noveltyCollapse, 90) { turn, number in
            let pick = number <= 12 ? UInt64(number) : random.next() % 12 + 1
            return turn.call("read", arguments: pick, result: pick)
        }
        #expect(drained.contains(.warning) && drained.last == .critical)
    }

    @Test("Polling, mere acknowledgements and changing results never wear out")
    func exempt() {
        for flags in [SpanFlags.briefResult, []] {
            let seen = severities(.noveltyCollapse, 80) { turn, number in
                turn.call(
                    "ask", arguments: UInt64(number % 12), result: UInt64(number % 12 + 1), flags: flags,
                    toolClass: flags.isEmpty ? .poll : .normal)
            }
            #expect(seen.allSatisfy { $0 == nil })
        }
        let changing = severities(.noveltyCollapse, 80) { $0.call("ask", arguments: UInt64($1 % 12), result: UInt64($1)) }
        #expect(changing.allSatisfy { $0 == nil })
    }

    @Test("The second identical success of a payment is critical, across agents of a turn; failures, retries and copies are none")
    func effects() {
        var turn = Turn()
        var reference: UInt64 = 0
        func pay(_ turn: inout Turn, _ arguments: UInt64, error: UInt64 = 0, agent: UInt64 = 9, callID: UInt64 = 0) -> Severity? {
            reference += 1
            let found = turn.call(
                "pay", arguments: arguments, result: reference, error: error, toolClass: .sideEffect, agent: agent
            ) { $0.callID = callID }
            return found.first { $0.detector == .duplicateSideEffect }?.severity
        }
        #expect(pay(&turn, 1, error: 4) == nil)
        #expect(pay(&turn, 1) == nil, "a retry")
        #expect(pay(&turn, 2) == nil, "another order")
        #expect(pay(&turn, 1, agent: 10) == .critical, "another agent")
        #expect(pay(&turn, 0) == nil && pay(&turn, 0) == nil, "unknown arguments equal nothing")
        var copies = Turn()
        #expect(pay(&copies, 1, callID: 5) == nil && pay(&copies, 1, callID: 5) == nil, "one execution told twice")
        #expect(pay(&copies, 1, callID: 6) == .critical)
    }

    @Test("Arguments that grow by the same length again: information at 3 steps, warning at 5; other growth is work")
    func growth() {
        let steady = severities(.growingCall, 8) { $0.call("bash", arguments: UInt64($1), characters: UInt32(20 + 17 * $1)) }
        #expect(steady == [nil, nil, nil, .info, .info, .warning, .warning, .warning])
        let doubled = severities(.growingCall, 8) { $0.call("bash", arguments: UInt64($1), characters: 10 << UInt32($1)) }
        #expect(doubled.last == .warning)
        var random = Seeded(state: 3)
        let work = severities(.growingCall, 60) { $0.call("bash", arguments: UInt64($1), characters: UInt32(random.next() % 200 + 1)) }
        #expect(work.allSatisfy { ($0 ?? .info) < .warning })
        let pages = severities(.growingCall, 200) { $0.call("list", arguments: UInt64($1), characters: UInt32(30 + String($1).count)) }
        #expect(pages.allSatisfy { $0 == nil })
    }

    @Test("Tools that do not exist: information at 5, warning at 10, critical at 20, whatever is called between")
    func unknownTools() {
        var turn = Turn()
        var seen: [Severity?] = []
        for number in 1...20 {
            _ = turn.call("read", arguments: UInt64(500 + number), result: UInt64(number))
            let found = turn.call("made_up", arguments: UInt64(number), error: UInt64(number), flags: .unknownTool)
            seen.append(found.first { $0.detector == .unknownTool }?.severity)
        }
        #expect(seen[3] == nil && seen[4] == .info && seen[9] == .warning && seen[18] == .warning && seen[19] == .critical)
    }

    @Test("A tool that polls weighs a fifth, one that is ignored nothing")
    func classes() {
        let polled = severities(.repeatedCall, 40) { turn, _ in turn.call("wait", arguments: 1, result: 1, toolClass: .poll) }
        #expect(polled[13] == nil && polled[14] == .info && polled[19] == .warning && polled[38] == .warning && polled[39] == .critical)
        let ignored = severities(.repeatedCall, 40) { turn, _ in turn.call("log", arguments: 1, result: 1, toolClass: .ignore) }
        #expect(ignored.allSatisfy { $0 == nil })
    }
}
