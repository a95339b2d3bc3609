/// A declaration in a type or at the top of a file, as far as the rules need it. Declarations inside functions are left out.
struct Declaration {
    enum Kind: Equatable { case property, function, caseOfEnum, alias }

    let kind: Kind
    let isPublic: Bool
    /// Lines, from 1: where it begins, attributes included, and where its signature ends.
    let firstLine: Int
    let lastLine: Int
    /// From the keyword to the end of the signature.
    let tokens: [String]

    /// Names with their types as text: of a property its own, of a function those of its parameters. A property
    /// without a type has its value there.
    var members: [(name: String, type: String)] {
        switch kind {
        case .property: [(tokens.count > 1 ? tokens[1] : "", tokens.dropFirst(2).joined(separator: " "))]
        case .function: parameters
        case .caseOfEnum, .alias: []
        }
    }

    private var parameters: [(name: String, type: String)] {
        guard let open = tokens.firstIndex(of: "(") else { return [] }
        var found: [(String, String)] = [], words: [String] = [], depth = 0
        for token in tokens[open...] {
            if token == ")" || token == "]" || token == ">" { depth -= 1 }
            if depth == 0 && token == ")" || depth == 1 && token == "," {
                if let colon = words.firstIndex(of: ":"), colon > 0 {
                    let type = words[(colon + 1)...].prefix { $0 != "=" }
                    // Label and inner name both count: either may carry the unit.
                    found.append((words[..<colon].filter { $0 != "_" }.joined(separator: " "), type.joined(separator: " ")))
                }
                words = []
                if token == ")" { break }
            } else if depth > 0 {
                words.append(token)
            }
            if token == "(" || token == "[" || token == "<" { depth += 1 }
        }
        return found
    }
}

extension SwiftText {
    /// The comment on the lines of a declaration and directly above it, attributes in between.
    func comment(of declaration: Declaration) -> String {
        let own = comments[(declaration.firstLine - 1)..<declaration.lastLine]
        return (commentLines(above: declaration.firstLine) + own).joined(separator: "\n")
    }

    /// The lines of comment directly above line `number`.
    func commentLines(above number: Int) -> [String] {
        let above = (0..<(number - 1)).reversed().prefix { code[$0].trimmed.isEmpty && !comments[$0].trimmed.isEmpty }
        return above.reversed().map { comments[$0] }
    }

    var declarations: [Declaration] {
        var scanner = DeclarationScanner(self)
        return scanner.run()
    }
}
