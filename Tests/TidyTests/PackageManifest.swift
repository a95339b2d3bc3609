/// What `Package.swift` declares about its targets, read from its text.
struct PackageManifest {
    struct Declared {
        let line: Int
        /// Targets of this package.
        var inside: Set<String> = []
        /// Products of other packages.
        var products: Set<String> = []
    }

    /// Targets that are no tests, by name.
    private(set) var targets: [String: Declared] = [:]

    /// Reads calls of `room(` and of SwiftPM's own target constructors; a call without a literal name (as in the
    /// function `room` itself) declares nothing.
    init(_ text: String) {
        let swift = SwiftText(path: "Package.swift", text: text)
        for index in swift.code.indices {
            for opener in ["room(", ".target(", ".executableTarget(", ".systemLibrary("] {
                for end in swift.code[index].ends(ofPhrase: opener) {
                    read(Self.call(swift, index, end), line: index + 1)
                }
            }
        }
    }

    private mutating func read(_ call: String, line: Int) {
        let isNamedLiterally = call.trimmed.hasPrefix("\"") || call.trimmed.hasPrefix("name: \"")
        guard isNamedLiterally, let name = Self.literals(call).first else { return }
        var declared = Declared(line: line)
        for part in Self.dependencies(call).split(separator: ",").map(String.init) {
            guard let literal = Self.literals(part).first else { continue }
            if part.contains(".product(") {
                declared.products.insert(literal)
            } else if !part.contains("package:") {
                declared.inside.insert(literal)
            }
        }
        targets[name] = declared
    }

    /// The text between the parenthesis that opens before byte `start` of line `index` and the one that closes it.
    private static func call(_ swift: SwiftText, _ index: Int, _ start: Int) -> String {
        var depth = 1, out: [UInt8] = []
        for line in index..<swift.code.count {
            let code = Array(swift.code[line].utf8), text = Array(swift.lines[line].utf8)
            let comment = Array(swift.comments[line].utf8)
            for at in (line == index ? start : 0)..<code.count where comment[at] == UInt8(ascii: " ") {
                if code[at] == UInt8(ascii: "(") { depth += 1 }
                if code[at] == UInt8(ascii: ")") { depth -= 1 }
                if depth == 0 { return String(decoding: out, as: UTF8.self) }
                out.append(text[at])
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The list of dependencies in a call: what `dependencies:` labels, or in a call of `room` the second argument.
    private static func dependencies(_ call: String) -> Substring {
        var rest = call[...]
        if call.trimmed.hasPrefix("name:") {
            guard let label = call.ends(ofPhrase: "dependencies:").first else { return "" }
            rest = call[call.utf8.index(call.startIndex, offsetBy: label)...]
        }
        guard let open = rest.firstIndex(of: "["), let close = rest[open...].firstIndex(of: "]") else { return "" }
        return rest[rest.index(after: open)..<close]
    }

    private static func literals(_ text: String) -> [String] {
        let pieces = text.split(separator: "\"", omittingEmptySubsequences: false)
        return pieces.indices.filter { $0 % 2 == 1 }.map { String(pieces[$0]) }
    }
}
