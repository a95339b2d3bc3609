import KilterIntake
import KilterVocabulary
import Seeded
import Testing

@Suite("What sketches of words tell")
struct WordSketchTests {
    private func row(_ arguments: String, _ result: String) throws -> SpanRecord {
        try #require(
            Build.row([
                ("gen_ai.operation.name", Build.text("execute_tool")), ("gen_ai.tool.name", Build.text("search")),
                ("gen_ai.tool.call.arguments", Build.text(arguments)), ("gen_ai.tool.call.result", Build.text(result)),
            ])
        ).row
    }

    private func sketch(_ result: String) throws -> WordSketch { try row("{}", result).resultSketch }

    /// Distinct words of six letters.
    private static func words(_ count: Int, from first: Int = 0) -> [String] {
        (first..<first + count).map { number in
            var rest = number * 7_368_787 % 308_915_776
            var word = ""
            for _ in 0..<6 {
                word.append(Character(Unicode.Scalar(UInt8(97 + rest % 26))))
                rest /= 26
            }
            return word
        }
    }

    @Test("Case, order, repetition and what stands between the words make no difference")
    func sameWords() throws {
        let first = try sketch("The harbour office opens at nine, said the harbour master.")
        #expect(first.isKnown)
        #expect(try sketch("at NINE -- master/office: harbour (opens) said THE the the") == first)
    }

    @Test("Nearly all texts of which three words in a hundred differ resemble each other, texts of other words never do")
    func shareOfWords() throws {
        var resembling = 0
        for start in stride(from: 0, to: 400, by: 10) {
            let words = Self.words(100, from: start)
            let changed = Array(words.dropLast(3)) + Self.words(3, from: start + 1_000)
            let text = try sketch(words.joined(separator: " "))
            resembling += text.resembles(try sketch(changed.joined(separator: ", "))) ? 1 : 0
            #expect(!text.resembles(try sketch(Self.words(100, from: start + 5_000).joined(separator: " "))))
        }
        #expect(resembling >= 38)
    }

    @Test("Words with digits are no part of arguments, and part of a result")
    func digits() throws {
        let first = try row(#"{"page":1,"list":"open-tickets","of":"T-40"}"#, "page 1 of the open tickets")
        let second = try row(#"{"page":27,"list":"open-tickets","of":"T-41"}"#, "page 27 of the open tickets")
        #expect(first.argumentsSketch.isKnown && first.argumentsSketch == second.argumentsSketch)
        #expect(first.resultSketch != second.resultSketch)
        #expect(first.arguments != second.arguments)
    }

    @Test("Where a text stands in its payload makes no difference, whatever its length")
    func surroundings() throws {
        let words = Self.words(600)
        for count in Array(1...70) + [200, 280] {
            let text = words.prefix(count).joined(separator: count % 2 == 0 ? "-" : "_")
            let alone = try sketch("# " + text)
            #expect(try row(text, "# " + text).resultSketch == alone)
            #expect(try sketch("# " + text + " #") == alone, "\(count)")
        }
    }

    @Test("Answers that say next to nothing have none, nor have texts without words")
    func nothingToSketch() throws {
        #expect(try !sketch("ok").isKnown)
        #expect(try !row("{}", "…").argumentsSketch.isKnown)
    }
}
