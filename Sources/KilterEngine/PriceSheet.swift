import KilterIntake
import KilterVocabulary

/// One file of `Models/Prices`: what one seller asks for its models, from its public price page.
///
/// Amounts are whole microdollars per million tokens; a price that such an integer cannot say is not in the file.
public struct PriceSheet: Sendable, Equatable {
    /// One row with where it comes from.
    public struct Row: Sendable, Equatable {
        public var model: String
        public var aliases: [String]
        public var row: PriceList.Row
        /// The page that says so.
        public var source: String
        /// When the page was known to say so.
        public var asOf: EventTime
        /// In the file, from 1.
        public var line: Int
    }

    public var seller = PriceList.Seller.host(providers: [])
    /// In file order.
    public var rows: [Row] = []

    /// Reads a file strictly: an unknown key, a missing source, an amount that is no whole number, or two rows for the
    /// same model, day and threshold are errors with line and column.
    public static func parse(_ yaml: String, file: String) throws(ConfigurationError) -> PriceSheet {
        var parser = PriceSheetParser()
        if let root = try ConfigurationReader.root(yaml, file: file) {
            parser.read(root)
        } else {
            parser.reader.fail(1, 1, "an empty list of prices")
        }
        if let first = parser.reader.problems.first {
            throw ConfigurationError(file: file, problem: first, further: Array(parser.reader.problems.dropFirst()))
        }
        return parser.result
    }

    /// The rows of each model together.
    public var models: [PriceList.Model] {
        var names: [String] = []
        var groups: [String: [Row]] = [:]
        for row in rows {
            if groups[row.model] == nil { names.append(row.model) }
            groups[row.model, default: []].append(row)
        }
        return names.map { name in
            let group = groups[name] ?? []
            return PriceList.Model(names: [name] + group.flatMap(\.aliases), seller: seller, rows: group.map(\.row))
        }
    }
}

private struct PriceSheetParser {
    /// Who a file speaks for.
    private enum Role: String, CaseIterable { case maker, host }

    private static let amounts = ["input", "cache_read", "cache_write", "output", "reasoning"]

    var reader = ConfigurationReader()
    var result = PriceSheet()
    private var source: String?
    private var asOf: EventTime?
    /// Names and who bears them: a name means one model.
    private var bearers: [String: String] = [:]

    mutating func read(_ root: ConfigurationField) {
        let needed = ["role", "providers", "source", "as_of", "prices"]
        guard let entries = reader.entries(root, needed, required: needed) else { return }
        if let field = entries["source"] { source = readSource(field) }
        if let field = entries["as_of"] { asOf = reader.day(field) }
        if let field = entries["providers"], let role = entries["role"] { readSeller(role, field) }
        guard let field = entries["prices"], let elements = reader.elements(field, of: "prices") else { return }
        if elements.isEmpty { reader.fail(field, "expected at least one price") }
        for element in elements { if let row = readRow(element) { keep(row, element) } }
        for row in result.rows where !hasBase(row) {
            reader.fail(row.line, 1, "`\(row.model)` has a price above \(row.row.aboveTokens) tokens and none below")
        }
    }

    private mutating func readSeller(_ role: ConfigurationField, _ providers: ConfigurationField) {
        guard let names = reader.someTexts(providers, of: "providers"), let role: Role = reader.word(role) else { return }
        result.seller = role == .maker ? .maker(providers: names) : .host(providers: names)
    }

    private mutating func readSource(_ field: ConfigurationField) -> String? {
        guard let text = reader.text(field, "the address of a price page") else { return nil }
        if !text.hasPrefix("https://") { reader.fail(field, "`\(text)` is no address; expected one with `https://`") }
        return text
    }

    private mutating func readRow(_ field: ConfigurationField) -> PriceSheet.Row? {
        let keys = ["model", "aliases", "from", "above"] + Self.amounts + ["source", "as_of"]
        guard let entries = reader.entries(field, keys, required: ["model", "input", "output"]),
            let model = entries["model"].flatMap({ reader.text($0, "the name of a model") })
        else { return nil }
        var row = PriceList.Row(rate: PriceList.Rate())
        if let from = entries["from"] { row.from = reader.day(from) ?? row.from }
        if let above = entries["above"] { row.aboveTokens = reader.tokens(above) ?? 0 }
        func amount(_ name: String) -> UInt64? { entries[name].flatMap { readAmount($0) } }
        row.rate = PriceList.Rate(
            input: amount("input"), output: amount("output"), cacheRead: amount("cache_read"), cacheWrite: amount("cache_write"),
            reasoning: amount("reasoning"))
        let aliases = entries["aliases"].flatMap { reader.someTexts($0, of: "names of a model") } ?? []
        let source = entries["source"].map { readSource($0) } ?? self.source
        let asOf = entries["as_of"].map { reader.day($0) } ?? self.asOf
        return PriceSheet.Row(
            model: model, aliases: aliases, row: row, source: source ?? "", asOf: asOf ?? .zero, line: field.valueLine)
    }

    private mutating func readAmount(_ field: ConfigurationField) -> UInt64? {
        let expected = "whole microdollars per million tokens"
        return reader.quantity(field, expected) { text throws(QuantityError) in
            guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let amount = UInt64(text) else {
                throw QuantityError(message: "`\(text)` is no amount; expected \(expected), such as 1250000 for $1.25")
            }
            return amount
        }
    }

    private mutating func keep(_ row: PriceSheet.Row, _ field: ConfigurationField) {
        for name in [row.model] + row.aliases {
            if let bearer = bearers.updateValue(row.model, forKey: name.lowercased()), bearer != row.model {
                reader.fail(field, "`\(name)` names `\(bearer)` already")
            }
        }
        let isSaid = result.rows.contains {
            $0.model == row.model && $0.row.from == row.row.from && $0.row.aboveTokens == row.row.aboveTokens
        }
        if isSaid { reader.fail(field, "`\(row.model)` has a price from then on already") }
        result.rows.append(row)
    }

    private func hasBase(_ row: PriceSheet.Row) -> Bool {
        result.rows.contains { $0.model == row.model && $0.row.from == row.row.from && $0.row.aboveTokens == 0 }
    }
}
