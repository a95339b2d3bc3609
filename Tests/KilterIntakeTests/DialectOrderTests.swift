import KilterIntake
import KilterVocabulary
import Testing

/// What a span says never depends on the order in which it says it.
@Suite struct DialectOrderTests {
    @Test func everyPlaceBelongsToOneKey() {
        let shared = Dictionary(grouping: DialectCatalog.places) { "\($0.field) \($0.rank)" }.filter { $0.value.count > 1 }
        #expect(shared.isEmpty, "\(shared.mapValues { $0.map(\.key) })")
    }

    /// General names that the conventions' reference takes from any producer: a call that failed, and the two sides of a
    /// handoff, which count as a pair only.
    private static let general: Set<String> = ["success", "from_agent", "to_agent"]

    @Test func namesWithoutAPrefixBelongToTheirProducers() {
        let unprefixed = Set(DialectCatalog.places.filter { !$0.key.contains(".") }.map(\.key))
        #expect(unprefixed.subtracting(Self.general) == Set(DialectCatalog.places.filter(\.isBare).map(\.key)))
    }

    /// A case whose value no other key has.
    private struct Said {
        var key: String
        var field: String
        var value: String
        var beside: [(String, String)]

        init(_ alias: AliasCase, field: String, number: Int) {
            key = alias.key
            self.field = field
            beside = alias.beside.map { ($0.0, Build.text($0.1)) }
            let isText = [Build.text("x"), Build.text("ab"), Build.text("b")].contains(alias.value)
            value = isText ? Build.text("value \(number)") : alias.value.contains("intValue") ? Build.int(Int64(number + 100)) : alias.value
        }
    }

    private static let said: [Said] = {
        let fields = Dictionary(uniqueKeysWithValues: DialectCatalog.places.map { ($0.key, $0.field) })
        return AliasCase.all.enumerated().map { Said($1, field: fields[$1.key] ?? "?", number: $0) }
    }()

    /// One span for each pair, with what either key needs beside it.
    private static func spans(_ pairs: [(Said, Said)], name: String) -> [String] {
        pairs.map { first, second in
            var list = [(first.key, first.value), (second.key, second.value)]
            let needed = (first.beside + second.beside).sorted { $0 < $1 }
            for attribute in needed where !list.contains(where: { $0.0 == attribute.0 }) { list.append(attribute) }
            return Build.span(list, name: name)
        }
    }

    /// All keys against all others, so that no field can hide another one either.
    @Test(arguments: ["work", "claude_code.llm_request", "claude_code.tool", "message.send", "chat m"], ["s", "ai", "langfuse-sdk"])
    func bothOrdersOfAnyTwoKeysGiveTheSameRow(name: String, scope: String) {
        let said = Self.said
        for (number, first) in said.enumerated() {
            // Keys of one field everywhere, all others once.
            let others = said[(number + 1)...].filter { $0.field == first.field || (name == "work" && scope == "s") }
            let forward = Decoded(json: Build.request(Self.spans(others.map { (first, $0) }, name: name), scope: scope))
            let backward = Decoded(json: Build.request(Self.spans(others.map { ($0, first) }, name: name), scope: scope))
            #expect(forward.rows.count == others.count && forward.batch.notes == backward.batch.notes, "\(first.key)")
            let different = zip(others, zip(forward.rows, backward.rows)).filter { $1.0 != $1.1 }.map(\.0.key)
            #expect(different.isEmpty, "\(first.key) and \(different)")
            #expect(forward.statements == backward.statements, "\(first.key)")
        }
    }
}
