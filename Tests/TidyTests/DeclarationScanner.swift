/// Finds the declarations of a file by keywords and braces, without a parser.
struct DeclarationScanner {
    private struct Token {
        let text: String
        let line: Int
    }

    private enum Scope {
        /// The body of a type; its members are public by themselves in a public protocol or extension.
        case type(isPublic: Bool)
        case code
    }

    private static let types: Set<String> = ["struct", "class", "enum", "actor", "protocol", "extension"]
    private static let kinds: [String: Declaration.Kind] = [
        "var": .property, "let": .property, "func": .function, "init": .function, "subscript": .function,
        "case": .caseOfEnum, "typealias": .alias,
    ]
    /// Words that go on with the signature of a function on a new line.
    private static let continuing: Set<String> = ["-", "throws", "async", "rethrows", "where", "{"]

    private let file: SwiftText
    private let tokens: [Token]
    private var scopes: [Scope] = [.type(isPublic: false)]
    private var pending: Scope?
    private var at = 0

    init(_ file: SwiftText) {
        self.file = file
        tokens = file.code.indices.flatMap { index in
            Self.words(of: file.code[index]).map { Token(text: $0, line: index + 1) }
        }
    }

    mutating func run() -> [Declaration] {
        var found: [Declaration] = []
        while at < tokens.count {
            let word = tokens[at].text
            if word == "{" {
                scopes.append(pending ?? .code)
                pending = nil
            } else if word == "}" {
                if scopes.count > 1 { scopes.removeLast() }
            } else if Self.types.contains(word), opensType {
                pending = .type(isPublic: (word == "protocol" || word == "extension") && isPublic(at))
            } else if let kind = Self.kinds[word], case .type(let isPublic) = scopes[scopes.count - 1], isDeclaration {
                found.append(declaration(kind, isPublic: isPublic || self.isPublic(at)))
                continue
            }
            at += 1
        }
        return found
    }

    /// `class` and `actor` are other things, too: a type's keyword is followed by a name with a capital letter.
    private var opensType: Bool {
        let isMember = at > 0 && tokens[at - 1].text == "."
        let next = at + 1 < tokens.count ? tokens[at + 1].text : ""
        return !isMember && next.first?.isUppercase == true
    }

    /// Not `.init`, `self.init`, and not a name in backquotes.
    private var isDeclaration: Bool {
        at == 0 || ![".", "`"].contains(tokens[at - 1].text)
    }

    private func isPublic(_ index: Int) -> Bool {
        var before = index - 1
        while before >= 0, tokens[before].line == tokens[index].line, !["{", "}", ";"].contains(tokens[before].text) {
            if tokens[before].text == "public" || tokens[before].text == "open" { return true }
            before -= 1
        }
        return false
    }

    /// Reads to the end of the signature, which leaves an opening brace to be read.
    private mutating func declaration(_ kind: Declaration.Kind, isPublic: Bool) -> Declaration {
        let start = at
        var depth = 0, isTyped = false
        at += 1
        while at < tokens.count {
            let token = tokens[at], previous = tokens[at - 1]
            if depth == 0 {
                if ["{", "}", ";"].contains(token.text) { break }
                if token.text == ":" { isTyped = true }
                if kind == .property, token.text == "=", isTyped { break }
                let goesOn = Self.continuing.contains(token.text) || ["-", ">", ",", ":", "="].contains(previous.text)
                if token.line > previous.line, !goesOn { break }
            }
            if token.text == "(" || token.text == "[" { depth += 1 }
            if token.text == ")" || token.text == "]" { depth -= 1 }
            at += 1
        }
        var first = tokens[start].line
        while first > 1, file.code[first - 2].trimmed.hasPrefix("@") { first -= 1 }
        let signature = tokens[start..<at]
        return Declaration(
            kind: kind, isPublic: isPublic, firstLine: first, lastLine: tokens[at - 1].line, tokens: signature.map(\.text))
    }

    /// Identifiers and numbers as they stand, every other visible character alone.
    private static func words(of line: String) -> [String] {
        var words: [String] = [], word: [UInt8] = []
        for byte in line.utf8 {
            if byte.isOfWord { word.append(byte); continue }
            if !word.isEmpty { words.append(String(decoding: word, as: UTF8.self)); word = [] }
            if byte > UInt8(ascii: " ") { words.append(String(decoding: [byte], as: UTF8.self)) }
        }
        return word.isEmpty ? words : words + [String(decoding: word, as: UTF8.self)]
    }
}
