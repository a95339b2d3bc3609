import KilterDetection
import KilterMath
import KilterState
import KilterVocabulary
import Testing

@Suite("Detectors at their thresholds")
struct DetectorTests {
    @Test("Identical calls in a row: information at 3, warning at 4, critical at 8")
    func inRow() {
        let seen = severities(.repeatedCall, 9) { turn, _ in turn.call("a", arguments: 1, result: 1) }
        #expect(seen == [nil, nil, .info, .warning, .warning, .warning, .warning, .critical, .critical])
    }

    @Test("Identical calls among others: information at 4, warning at 6, critical at 10 of the last 20")
    func inWindow() {
        // Every other call is new, so there is no row and no cycle.
        let seen = severities(.repeatedCall, 19) { turn, number in
            number % 2 == 1 ? turn.call("a", arguments: 1, result: 1) : turn.call("b", arguments: UInt64(number), result: 9)
        }
        let repeats = stride(from: 0, to: 19, by: 2).map { seen[$0] }
        #expect(repeats == [nil, nil, nil, .info, .info, .warning, .warning, .warning, .warning, .critical])
    }

    @Test("Unknown results inform at 10 and warn at 20, never more; changing results inform only")
    func weakerTiers() {
        let unknown = severities(.repeatedCall, 60) { turn, _ in turn.call("a", arguments: 1) }
        #expect(unknown[8] == nil && unknown[9] == .info && unknown[18] == .info && unknown[19] == .warning)
        #expect(!unknown.contains(.critical))
        let changing = severities(.repeatedCall, 60) { turn, number in turn.call("a", arguments: 1, result: UInt64(number)) }
        #expect(changing[8] == nil && changing[9] == .info)
        #expect(changing[10...].allSatisfy { $0 == .info })
    }

    @Test("A poll with changing results is not warned for the odd result that is missing")
    func pollWithGap() {
        let seen = severities(.repeatedCall, 40) { turn, number in
            turn.call("a", arguments: 1, result: number % 15 == 0 ? 0 : UInt64(number))
        }
        #expect(seen[9] == .info && !seen.contains(.warning))
    }

    @Test("An error that shows nothing but its type is no result, and the same only in the same tool")
    func bareErrors() {
        #expect(severities(.repeatedCall, 12) { turn, _ in turn.call("a", arguments: 1, error: 5) }.allSatisfy { $0 != .critical })
        let tools = severities(.errorStreak, 12) { turn, number in turn.call("tool-\(number)", arguments: UInt64(number), error: 5) }
        #expect(tools.allSatisfy { $0 == nil })
        let told = severities(.repeatedCall, 8) { turn, _ in turn.call("a", arguments: 1, error: 5, flags: .errorText) }
        #expect(told.last == .critical)
    }

    @Test("Unknown arguments equal nothing; refused, late and served calls are neither repeat nor progress")
    func nothingToCompare() {
        #expect(severities(.repeatedCall, 40) { turn, _ in turn.call("a", result: 1) }.allSatisfy { $0 == nil })
        for flags in [SpanFlags.rateLimited, .blocked, .serverSide] {
            let seen = severities(.repeatedCall, 12) { turn, number in
                number % 3 == 0 ? turn.call("a", arguments: 1, result: 1, flags: flags) : turn.call("a", arguments: 1, result: 1)
            }
            // Eight of the twelve count, and the others do not break the row.
            #expect(seen.compactMap { $0 } == [.info, .warning, .warning, .warning, .warning, .critical])
        }
        let late = severities(.repeatedCall, 12) { turn, _ in turn.call("a", arguments: 1, result: 1, outcome: .late) }
        #expect(late.allSatisfy { $0 == nil })
    }

    @Test("Cycles of every period from 2 to 8 speak at 2, 3 and 5 whole turns, and shorter than 2 is a row", arguments: 2...8)
    func cycles(period: Int) {
        let seen = severities(.callCycle, period * 6) { turn, number in
            turn.call("tool-\(number % period)", arguments: UInt64(number % period + 1), result: 1)
        }
        #expect(seen.firstIndex { $0 == .info } == 2 * period - 1)
        #expect(seen.firstIndex { $0 == .warning } == 3 * period - 1)
        #expect(seen.firstIndex { $0 == .critical } == 5 * period - 1)
        let row = severities(.callCycle, 30) { turn, _ in turn.call("a", arguments: 1, result: 1) }
        #expect(row.allSatisfy { $0 == nil })
        let changing = severities(.callCycle, period * 6) { turn, number in
            turn.call("tool-\(number % period)", arguments: UInt64(number % period + 1), result: UInt64(number))
        }
        #expect(changing.allSatisfy { $0 == nil }, "the results change")
    }

    @Test("The names of a cycle stand in the order of the calls")
    func cycleNames() {
        var turn = Turn()
        var last: Finding?
        for number in 0..<9 {
            for finding in turn.call(["x", "y", "z"][number % 3], arguments: UInt64(number % 3 + 1), result: 1)
            where finding.detector == .callCycle { last = finding }
        }
        let names = (0..<3).map { last?.cycle[$0] ?? 0 }
        #expect(names == ["x", "y", "z"].map { StableHash.hash($0) })
        #expect(last?.count == 3 && last?.period == 3)
    }

    @Test("One error over differing calls speaks at 3, 4 and 8; a success ends it; identical calls are another detector's")
    func errorStreak() {
        let seen = severities(.errorStreak, 9) { turn, number in turn.call("a", arguments: UInt64(number), error: 5) }
        #expect(seen == [nil, nil, .info, .warning, .warning, .warning, .warning, .critical, .critical])
        let broken = severities(.errorStreak, 20) { turn, number in
            number % 3 == 0 ? turn.call("a", arguments: 99, result: 1) : turn.call("a", arguments: UInt64(number), error: 5)
        }
        #expect(broken.allSatisfy { $0 == nil })
        let identical = severities(.errorStreak, 9) { turn, _ in turn.call("a", arguments: 1, error: 5) }
        #expect(identical.allSatisfy { $0 == nil })
        let unobservable = severities(.errorStreak, 4) { turn, _ in turn.call("a", error: 5) }
        #expect(unobservable.last == .warning)
    }

    @Test("The same message in one direction speaks at 3 and 9; to oneself at 4 and 12 within a minute")
    func messages() {
        let pair = severities(.messageStorm, 9) { turn, number in turn.message(1, to: 2, digest: 7, atSecond: UInt64(number) * 100) }
        #expect(pair == [nil, nil, .warning, .warning, .warning, .warning, .warning, .warning, .critical])
        let fast = severities(.messageStorm, 12) { turn, number in turn.message(1, to: 1, digest: 7, atSecond: UInt64(number)) }
        #expect(fast == [nil, nil, nil] + Array(repeating: .warning, count: 8) + [.critical])
        let slow = severities(.messageStorm, 12) { turn, number in turn.message(1, to: 1, digest: 7, atSecond: UInt64(number) * 30) }
        #expect(slow.allSatisfy { $0 == nil })
        let varied = severities(.messageStorm, 12) { turn, number in turn.message(1, to: 2, digest: UInt64(number), atSecond: 1) }
        #expect(varied.allSatisfy { $0 == nil })
        let silent = severities(.messageStorm, 12) { turn, number in turn.message(1, to: 2, digest: 0, atSecond: 1) }
        #expect(silent.allSatisfy { $0 == nil }, "a text that is not known equals nothing")
    }

    @Test("Every finding explains itself with its numbers")
    func explanations() {
        var turn = Turn()
        for _ in 0..<8 {
            for finding in turn.call("pay", arguments: 1, result: 1) {
                let words = Detection.explain(finding) { $0 == StableHash.hash("pay") ? "pay" : "someone" }
                #expect(words.summary.contains("pay") && words.summary.contains("\(finding.count) times"))
                #expect(!words.advice.isEmpty && !words.evidence.isEmpty)
                #expect(words.evidence.contains { $0.name == "first_span_id" })
                #expect(words.evidence.contains { $0.name == "last_span_id" })
            }
        }
    }
}
