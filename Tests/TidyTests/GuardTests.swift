import Testing

@Suite("Guards of what the compiler does not check")
struct GuardTests {
    static let pointers: Set<String> = ["UnsafeMutablePointer", "UnsafePointer", "UnsafeMutableRawPointer", "UnsafeRawPointer"]

    @Test("Unchecked conformances and unsafe globals name their guard")
    func conformances() {
        expectNone(SourceTree.swift.flatMap(Self.unguardedClaims))
    }

    @Test("Declarations with unsafe pointers name their guard", arguments: House.rooms.map(\.folder))
    func declarations(folder: String) {
        expectNone(SourceTree.swift(below: folder).flatMap(Self.unguardedPointers))
    }

    static func unguardedClaims(in file: SwiftText) -> [Offence] {
        ["@unchecked Sendable", "nonisolated(unsafe)"].flatMap { claim in
            file.linesOfCode(with: claim).filter { !isGuarded(file, $0...$0) }.map {
                Offence(file.path, $0, "`\(claim)` without its guard", "say in the line above: // Guard: who keeps threads apart, and how")
            }
        }
    }

    static func unguardedPointers(in file: SwiftText) -> [Offence] {
        file.declarations.filter { declaration in
            declaration.tokens.contains(where: pointers.contains)
                && !isGuarded(file, declaration.firstLine...declaration.lastLine)
        }.map {
            let word = $0.tokens.first { pointers.contains($0) } ?? ""
            return Offence(
                file.path, $0.firstLine, "declares an `\(word)` without its guard",
                "say in the line above: // Guard: who owns the memory and what keeps access inside it; or take a buffer or a span")
        }
    }

    /// Whether the comment on these lines or directly above them, attributes in between, names the guard. A run of
    /// properties without a blank line may share the comment above the first.
    private static func isGuarded(_ file: SwiftText, _ lines: ClosedRange<Int>) -> Bool {
        if lines.contains(where: { file.comments[$0 - 1].contains("Guard") }) { return true }
        var first = lines.lowerBound
        while first > 1, file.code[first - 2].trimmed.hasPrefix("@") || isPointerProperty(file.code[first - 2]) {
            first -= 1
            if file.comments[first - 1].contains("Guard") { return true }
        }
        return file.commentLines(above: first).contains { $0.contains("Guard") }
    }

    private static func isPointerProperty(_ code: String) -> Bool {
        (code.holds(phrase: "let") || code.holds(phrase: "var")) && !code.contains("{")
            && pointers.contains { code.holds(phrase: $0) }
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        func lines(_ text: String) -> [Int] {
            let file = SwiftText(path: "A.swift", text: text)
            return (Self.unguardedClaims(in: file) + Self.unguardedPointers(in: file)).map(\.line).sorted()
        }
        #expect(lines("struct A: @unchecked Sendable {}\n// Guard: one owner.\nstruct B: @unchecked Sendable {}") == [1])
        #expect(lines("// @unchecked Sendable\nlet a = \"nonisolated(unsafe)\"").isEmpty)
        #expect(lines("struct A {\n    // Guard: owned.\n    let a: UnsafePointer<Int>\n    let b: UnsafeRawPointer\n}").isEmpty)
        #expect(lines("struct A {\n    let a: UnsafePointer<Int>\n\n    var b: Int\n}") == [2])
        #expect(lines("struct A {\n    let a = UnsafeMutablePointer<Int>.allocate(capacity: 1)\n}") == [2])
        #expect(lines("func a(\n    _ p: UnsafePointer<Int>\n) {\n    let q: UnsafePointer<Int> = p\n}") == [1])
        #expect(lines("/// Reads.\n// Guard: the caller's.\n@inline(never)\nfunc a() -> UnsafeRawPointer { f() }").isEmpty)
        #expect(lines("func a(_ p: UnsafeBufferPointer<Int>, _ q: UnsafeMutableRawBufferPointer) {}").isEmpty)
        #expect(lines("func a() {\n    struct B {\n        let p: UnsafePointer<Int>\n    }\n    let c: UnsafePointer<Int>\n}") == [3])
    }
}
