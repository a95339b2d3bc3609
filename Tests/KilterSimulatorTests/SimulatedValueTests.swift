import Foundation
import KilterSimulator
import Testing

@Suite struct SimulatedValueTests {
    /// The published reference values of SplitMix64 for this seed.
    @Test func generatorGivesTheReferenceSequence() {
        var random = SplitMix64(seed: 1_234_567)
        let drawn = (0..<5).map { _ in random.next() }
        #expect(
            drawn == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func drawsStayInTheirRangesAndReachTheirEnds() {
        var random = SplitMix64(seed: 7)
        var seen: Set<Int> = []
        for _ in 0..<2_000 { seen.insert(random.within(3...9)) }
        #expect(seen == Set(3...9))
        #expect(random.below(0) == 0)
        #expect(random.hex(6).count == 6)
    }

    @Test func shufflingKeepsEveryElement() {
        var random = SplitMix64(seed: 11)
        for count in 0..<40 {
            let list = Array(0..<count)
            #expect(random.shuffled(list).sorted() == list)
        }
    }

    /// What is written reads back as the same text, whatever stands in it.
    @Test func textSurvivesJSON() throws {
        var random = SplitMix64(seed: 23)
        let alphabet: [Character] = ["a", "\"", "\\", "\n", "\r", "\t", "\u{0}", "\u{1f}", "é", "漢", "🙂", "/", " "]
        for _ in 0..<500 {
            let text = String((0..<random.below(24)).map { _ in random.pick(alphabet) })
            let value: TelemetryValue = ["key \(text)": .string(text), "list": [1, -2, 0.1, true]]
            for spaced in [false, true] {
                let json = Data(value.jsonText(spaced: spaced).utf8)
                let read = try #require(try JSONSerialization.jsonObject(with: json) as? [String: Any])
                #expect(read["key \(text)"] as? String == text)
                #expect((read["list"] as? [Any])?.count == 4)
            }
        }
    }
}
