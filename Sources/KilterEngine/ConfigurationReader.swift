import KilterVocabulary
import Yams

/// A node of the file with the path that led to it.
struct ConfigurationField {
    var path: String
    var node: Node
    /// Line and column of the key, or of the value where there is none.
    var line: Int
    var column: Int

    var valueLine: Int { node.mark?.line ?? line }
    var valueColumn: Int { node.mark?.column ?? column }
}

/// The entries of one mapping by key.
struct ConfigurationEntries {
    fileprivate(set) var fields: [String: ConfigurationField] = [:]
    /// No key was unknown. Where one was, what seems to be missing was probably misspelt, and is not complained about.
    fileprivate(set) var isWhole = true

    subscript(name: String) -> ConfigurationField? { fields[name] }

    /// None of `names` is there, and none of them can have been meant.
    func lacks(_ names: String...) -> Bool { isWhole && names.allSatisfy { fields[$0] == nil } }
}

/// Reads nodes as what they must be and gathers what is wrong. A reader that returns nil has said why.
struct ConfigurationReader {
    private(set) var problems: [ConfigurationError.Problem] = []
    private(set) var withoutEffect: [Configuration.Inert] = []

    // MARK: Messages

    mutating func fail(_ line: Int, _ column: Int, _ message: String) {
        problems.append(ConfigurationError.Problem(line: line, column: column, message: message))
    }

    /// Complains at the value.
    mutating func fail(_ field: ConfigurationField, _ message: String) {
        let place = field.path.isEmpty ? "" : "\(field.path): "
        fail(field.valueLine, field.valueColumn, place + message)
    }

    /// Notes a key that changes nothing in this build.
    mutating func inert(_ field: ConfigurationField) {
        withoutEffect.append(Configuration.Inert(path: field.path, line: field.line))
    }

    // MARK: Shapes

    /// The entries of a mapping; nil when it is none. Keys that are not `allowed` are problems.
    mutating func entries(
        _ field: ConfigurationField, _ allowed: [String], required: [String] = []
    ) -> ConfigurationEntries? {
        guard case .mapping(let mapping) = field.node else {
            fail(field, "expected a mapping with \(Self.list(allowed)), found \(Self.describe(field.node))")
            return nil
        }
        var entries = ConfigurationEntries()
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            let (line, column) = (key.mark?.line ?? field.valueLine, key.mark?.column ?? field.valueColumn)
            if allowed.contains(name) {
                let path = field.path.isEmpty ? name : "\(field.path).\(name)"
                entries.fields[name] = ConfigurationField(path: path, node: value, line: line, column: column)
            } else {
                let place = field.path.isEmpty ? "" : "\(field.path): "
                fail(line, column, "\(place)unknown key `\(name)`\(NearestName.hint(for: name, among: allowed))")
                entries.isWhole = false
            }
        }
        for name in required where entries.lacks(name) { fail(field, "`\(name)` is missing") }
        return entries
    }

    /// The entries of a mapping with keys of the user's own, in file order; nil when it is none or empty.
    mutating func pairs(_ field: ConfigurationField, _ expected: String) -> [(key: String, value: ConfigurationField)]? {
        guard case .mapping(let mapping) = field.node, !mapping.isEmpty else {
            fail(field, "expected a mapping of \(expected), found \(Self.describe(field.node))")
            return nil
        }
        return mapping.compactMap { key, value in
            let place = ConfigurationField(
                path: field.path, node: key, line: key.mark?.line ?? field.line, column: key.mark?.column ?? field.column)
            guard let name = text(place, "one of the \(expected)") else { return nil }
            return (name, ConfigurationField(path: "\(field.path).\(name)", node: value, line: place.line, column: place.column))
        }
    }

    /// The elements of a sequence; nil when it is none.
    mutating func elements(_ field: ConfigurationField, of what: String) -> [ConfigurationField]? {
        guard case .sequence(let sequence) = field.node else {
            fail(field, "expected a list of \(what), found \(Self.describe(field.node))")
            return nil
        }
        return sequence.enumerated().map { index, node in
            ConfigurationField(
                path: "\(field.path)[\(index)]", node: node, line: node.mark?.line ?? field.line,
                column: node.mark?.column ?? field.column)
        }
    }

    /// The text of a scalar that is not empty.
    mutating func text(_ field: ConfigurationField, _ expected: String) -> String? {
        guard case .scalar(let scalar) = field.node, !Self.isNull(scalar), !scalar.string.isEmpty else {
            fail(field, "expected \(expected), found \(Self.describe(field.node))")
            return nil
        }
        return scalar.string
    }

    mutating func texts(_ field: ConfigurationField, of what: String) -> [String]? {
        guard let elements = elements(field, of: what) else { return nil }
        let texts = elements.compactMap { text($0, "one of the \(what)") }
        return texts.count == elements.count ? texts : nil
    }

    /// A list that must not be empty.
    mutating func someTexts(_ field: ConfigurationField, of what: String) -> [String]? {
        guard let texts = texts(field, of: what) else { return nil }
        if texts.isEmpty { fail(field, "expected at least one of the \(what)") }
        return texts.isEmpty ? nil : texts
    }

    /// One of a closed set of words.
    mutating func word<Word: RawRepresentable & CaseIterable>(
        _ field: ConfigurationField, _ type: Word.Type = Word.self
    ) -> Word? where Word.RawValue == String {
        let names = Word.allCases.map(\.rawValue)
        guard let text = text(field, "one of \(Self.list(names))") else { return nil }
        if let word = Word(rawValue: text) { return word }
        fail(field, "`\(text)` is none of \(Self.list(names))\(NearestName.hint(for: text, among: names))")
        return nil
    }

    /// A written quantity.
    mutating func quantity<Value>(
        _ field: ConfigurationField, _ expected: String, _ read: (String) throws(QuantityError) -> Value
    ) -> Value? {
        guard let text = text(field, expected) else { return nil }
        do {
            return try read(text)
        } catch {
            fail(field, error.message)
            return nil
        }
    }

    mutating func duration(_ field: ConfigurationField) -> Nanoseconds? {
        guard let value = quantity(field, "a duration such as `5m`", WrittenQuantity.duration) else { return nil }
        if value.count == 0 { fail(field, "must be longer than nothing") }
        return value.count == 0 ? nil : value
    }

    mutating func count(_ field: ConfigurationField) -> UInt32? {
        quantity(field, "a whole number from 1", WrittenQuantity.count)
    }

    mutating func money(_ field: ConfigurationField) -> UInt64? {
        quantity(field, "dollars such as `$20`", WrittenQuantity.money)
    }

    mutating func percentage(_ field: ConfigurationField) -> UInt32? {
        quantity(field, "a percentage such as `85%`", WrittenQuantity.percentage)
    }

    mutating func selector(_ field: ConfigurationField?) -> Configuration.Selector {
        let keys = Configuration.Selector.Key.allCases
        guard let field, let entries = entries(field, keys.map(\.rawValue)) else { return Configuration.Selector() }
        if entries.isWhole && entries.fields.isEmpty { fail(field, "names nobody; leave `for` out to mean everybody") }
        var patterns: [Configuration.Selector.Key: String] = [:]
        for key in keys {
            guard let entry = entries[key.rawValue] else { continue }
            patterns[key] = text(entry, "a name or a pattern with `*` and `?`")
        }
        return Configuration.Selector(patterns)
    }

    // MARK: Words

    static func list(_ names: [String]) -> String { names.map { "`\($0)`" }.joined(separator: ", ") }

    static func isNull(_ scalar: Node.Scalar) -> Bool {
        scalar.style == .plain && ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    static func describe(_ node: Node) -> String {
        switch node {
        case .scalar(let scalar): isNull(scalar) || scalar.string.isEmpty ? "nothing" : "`\(scalar.string.prefix(80))`"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    // MARK: Files

    /// The root of a document; nil when it is empty. Errors of YAML itself end the reading.
    static func root(_ yaml: String, file: String) throws(ConfigurationError) -> ConfigurationField? {
        guard yaml.utf8.count <= Configuration.bytesMax else {
            let message = "larger than \(Configuration.bytesMax) bytes"
            throw ConfigurationError(file: file, problem: .init(line: 1, column: 1, message: message))
        }
        do {
            guard let node = try Parser(yaml: yaml).singleRoot() else { return nil }
            if case .scalar(let scalar) = node, isNull(scalar) { return nil }
            return ConfigurationField(path: "", node: node, line: 1, column: 1)
        } catch {
            throw ConfigurationError(file: file, problem: problem(error, yaml))
        }
    }

    /// The next line that has `key`, which stands at `first`, in the same column; the parser tells of the first one only.
    /// Nil when there is none, as in a mapping on one line.
    private static func lineAgain(_ key: String, after first: Mark, _ yaml: String) -> Int? {
        let lines = yaml.split(separator: "\n", omittingEmptySubsequences: false)
        guard (0..<lines.count).contains(first.line) else { return nil }
        let indented = String(repeating: " ", count: max(first.column - 1, 0)) + key
        let found = lines[first.line...].firstIndex { line in
            line.hasPrefix(indented) && line.dropFirst(indented.count).drop { $0 == " " }.hasPrefix(":")
        }
        return found.map { $0 + 1 }
    }

    private static func problem(_ error: any Error, _ yaml: String) -> ConfigurationError.Problem {
        func at(_ mark: Mark, line: Int? = nil, _ message: String) -> ConfigurationError.Problem {
            .init(line: max(line ?? mark.line, 1), column: max(mark.column, 1), message: "no valid YAML: \(message)")
        }
        switch error {
        case YamlError.scanner(_, let problem, let mark, _), YamlError.parser(_, let problem, let mark, _),
            YamlError.composer(_, let problem, let mark, _):
            return at(mark, problem)
        case YamlError.duplicatedKeysInMapping(let names, let context):
            let line = names.first.flatMap { lineAgain($0, after: context.mark, yaml) }
            return at(context.mark, line: line, "\(list(names)) given more than once in one mapping")
        case YamlError.reader(let problem, let offset, _, _):
            let before = yaml.unicodeScalars.prefix(offset ?? 0)
            let line = before.count { $0 == "\n" } + 1
            let column = before.reversed().prefix { $0 != "\n" }.count + 1
            return .init(line: line, column: column, message: "no valid YAML: \(problem)")
        default:
            return .init(line: 1, column: 1, message: "no valid YAML: \(error)")
        }
    }
}
