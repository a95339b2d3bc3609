import Testing

@Suite("Forbidden texts")
struct ForbiddenTextTests {
    /// Found anywhere, in comments and literals too.
    static let texts: [(phrase: String, replacement: String)] = [
        ("TODO", "do it, or say in the README what is missing"),
        ("FIXME", "do it, or say in the README what is missing"),
        ("XXX", "do it, or say in the README what is missing"),
        ("/work/", "derive the path from #filePath or an argument"),
        ("/root/", "derive the path from #filePath or an argument"),
        ("/tmp/kilter", "ask the system for a temporary folder of its own"),
    ]

    /// Found in Swift code only.
    static let code: [(phrase: String, replacement: String)] = [
        ("try!", "use try, or do and catch"),
        ("as!", "use as? and say what else happens"),
        ("fatalError(", "return an error for outside input; for a broken invariant use precondition(…, \"BUG: …\")"),
    ]

    static let folders = ["Sources/", "Tests/", "Models/", "Benchmarks/"]
    /// This file has to spell what it forbids.
    static let own = "Tests/TidyTests/ForbiddenTextTests.swift"

    @Test("Nothing unfinished, no path of one machine")
    func plainTexts() {
        let files = SourceTree.files.filter { file in folders.contains { file.hasPrefix($0) } } + ["README.md", "Makefile"]
        expectNone(files.filter { $0 != Self.own }.flatMap { file in Self.leftovers(file, SourceTree.text(of: file) ?? "") })
    }

    @Test("No trap on what came from outside")
    func traps() {
        expectNone(SourceTree.swift.filter { $0.path != Self.own }.flatMap(Self.traps))
    }

    @Test("A precondition says BUG and what is broken")
    func preconditions() {
        expectNone(SourceTree.swift(below: "Sources").flatMap(Self.silentPreconditions))
    }

    @Test("No floating-point number becomes an integer unchecked")
    func conversions() {
        expectNone(SourceTree.swift(below: "Sources").flatMap(Self.uncheckedConversions))
    }

    private var folders: [String] { Self.folders }

    static func leftovers(_ path: String, _ text: String) -> [Offence] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.indices.flatMap { index -> [Offence] in
            let lowered = lines[index].lowercased()
            var found = texts.filter { lines[index].holds(phrase: $0.phrase) }
            if lowered.contains("not implemented") { found.append(("not implemented", "write it, or leave the door out")) }
            return found.map { Offence(path, index + 1, "holds `\($0.phrase)`", $0.replacement) }
        }
    }

    static func traps(in file: SwiftText) -> [Offence] {
        code.flatMap { phrase, replacement in
            file.linesOfCode(with: phrase).map { Offence(file.path, $0, "holds `\(phrase)`", replacement) }
        }
    }

    static func silentPreconditions(in file: SwiftText) -> [Offence] {
        let names = ["precondition(", "preconditionFailure(", "assert(", "assertionFailure("]
        return names.flatMap { name in
            file.linesOfCode(with: name).filter { !arguments(in: file, from: $0).contains("\"BUG: ") }.map {
                Offence(file.path, $0, "`\(name)…)` without its message", "add the message \"BUG: …\" that says what is broken")
            }
        }
    }

    /// The text of a statement: line `number` and those that follow until its parentheses are closed.
    private static func arguments(in file: SwiftText, from number: Int) -> String {
        var depth = 0, text = ""
        for index in (number - 1)..<file.code.count {
            text += file.lines[index]
            depth += file.code[index].count { $0 == "(" } - file.code[index].count { $0 == ")" }
            if depth <= 0 { break }
        }
        return text
    }

    static func uncheckedConversions(in file: SwiftText) -> [Offence] {
        let integers = ["Int", "UInt"].flatMap { name in ["", "8", "16", "32", "64"].map { name + $0 + "(" } }
        let checked = ["exactly:", "bitPattern:"]
        return file.code.indices.flatMap { index in
            integers.filter { integer in
                file.code[index].ends(ofPhrase: integer).contains { end in
                    let argument = closed(String(decoding: Array(file.code[index].utf8)[end...], as: UTF8.self))
                    let mentions = argument.contains("Double") || argument.contains("double")
                    return mentions && !checked.contains { argument.hasPrefix($0) } && !argument.hasSuffix(".bitPattern")
                }
            }.map {
                Offence(
                    file.path, index + 1, "`\($0)…)` of a floating-point number traps on NaN and beyond its range",
                    "use `\($0)exactly:)`, or clamp first")
            }
        }
    }

    /// The front of `text` up to the parenthesis that closes what opened before it.
    private static func closed(_ text: String) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text[...]
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        #expect(Self.leftovers("a", "fine\n// TODO later\nat /work/here, Not implemented\n\\uXXXX").map(\.line) == [2, 3, 3])
        func file(_ text: String) -> SwiftText { SwiftText(path: "A.swift", text: text) }
        #expect(Self.traps(in: file("let a = try! f() // as!\nlet b = \"as!\"\nlet c = \"\\(d as! Int)\"")).map(\.line) == [1, 3])
        let checks = "precondition(\n    a > 0,\n    \"BUG: no a\")\nprecondition(a > 0)\nprecondition(f(a), \"a\")"
        #expect(Self.silentPreconditions(in: file(checks)).map(\.line) == [4, 5])
        let conversions = "Int(exactly: someDouble)\nInt(someDouble)\nUInt64(Double(a) * 2)\nInt64(f(double).bitPattern)\nInt(a), Double(b)"
        #expect(Self.uncheckedConversions(in: file(conversions)).map(\.line) == [2, 3])
    }
}
