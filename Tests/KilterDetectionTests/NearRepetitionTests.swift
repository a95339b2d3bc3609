import KilterDetection
import KilterState
import KilterVocabulary
import Testing

@Suite("Calls that resemble one another")
struct NearRepetitionTests {
    /// A sketch whose bins are all taken, `changed` of them otherwise than in the sketch of 0.
    private static func sketch(_ changed: Int, _ value: UInt64 = 2) -> WordSketch {
        var bins: UInt64 = 0x1111_1111_1111_1111
        for bin in 0..<changed { bins += (value - 1) << UInt64(4 * bin) }
        return WordSketch(bins: bins)
    }

    private static func near(_ turn: inout Turn, _ number: Int, changed: Int = 1, result: Int = 1) -> [Finding] {
        turn.call("search", arguments: UInt64(number), result: UInt64(1_000 + number)) { row in
            row.argumentsSketch = sketch(changed, UInt64(2 + number % 2))
            row.resultSketch = sketch(result, UInt64(2 + number % 2))
        }
    }

    @Test("Speaks at 3 and 5, on its own tier, and never becomes critical")
    func ladder() {
        let said = severities(.repeatedCall, 30) { turn, number in Self.near(&turn, number) }
        #expect(said == [nil, nil, .info, .info] + [Severity?](repeating: .warning, count: 26))
        var turn = Turn()
        let finding = (1...5).flatMap { number in Self.near(&turn, number) }.last
        #expect(finding?.tier == .near)
        #expect(finding?.count == 5)
        #expect(finding?.threshold == 5)
    }

    @Test("Arguments that stay the same may only inform, whatever the results are near to")
    func sameArguments() {
        let said = severities(.repeatedCall, 9) { turn, number in
            turn.call("scroll", arguments: 7, result: UInt64(number)) { row in
                row.argumentsSketch = Self.sketch(0)
                row.resultSketch = Self.sketch(1, UInt64(2 + number % 3))
            }
        }
        #expect(said == [nil, nil] + [Severity?](repeating: .info, count: 7))
    }

    @Test("Whatever breaks the likeness begins anew: words, result, tool, a failure, an empty answer, numbers alone", arguments: 0..<6)
    func breaks(how: Int) {
        var turn = Turn()
        var said: [Severity?] = []
        for number in 1...12 {
            let isBreak = number % 3 == 0
            let findings = turn.call(
                isBreak && how == 2 ? "other" : "search", arguments: UInt64(number), result: UInt64(1_000 + number),
                error: isBreak && how == 3 ? 9 : 0, flags: isBreak && how == 4 ? .briefResult : []
            ) { row in
                row.argumentsSketch = Self.sketch(isBreak && how == 0 ? 8 : 1, UInt64(2 + number % 2))
                // The words of the call before, under another fingerprint.
                if isBreak && how == 5 { row.argumentsSketch = Self.sketch(1, UInt64(2 + (number - 1) % 2)) }
                row.resultSketch = Self.sketch(isBreak && how == 1 ? 8 : 1, UInt64(2 + number % 2))
            }
            said.append(findings.first { $0.detector == .repeatedCall }?.severity)
        }
        #expect(said.allSatisfy { ($0 ?? .info) == .info })
        #expect(said.compactMap { $0 }.count <= 4)
    }

    @Test("Without sketches, as where no content is captured, nothing resembles anything")
    func contentFree() {
        let said = severities(.repeatedCall, 20) { turn, number in
            turn.call("search", arguments: UInt64(number), result: UInt64(1_000 + number))
        }
        #expect(said.allSatisfy { $0 == nil })
    }

    @Test("A fifth of the bins may differ, and bins empty in both do not count")
    func resemblance() {
        for changed in 0...16 { #expect(Self.sketch(changed).resembles(Self.sketch(0)) == (changed <= 3)) }
        #expect(WordSketch(bins: 0x11).resembles(WordSketch(bins: 0x11)))
        #expect(!WordSketch(bins: 0x11).resembles(WordSketch(bins: 0x12)))
        #expect(!WordSketch.unknown.resembles(.unknown))
    }
}
