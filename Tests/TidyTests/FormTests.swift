import Testing

@Suite("Form of files")
struct FormTests {
    /// The ratchet: no file is longer today, none may become so.
    static let linesMax = 400
    static let columnsMax = 140

    @Test("No Swift file is longer than 400 lines")
    func length() {
        expectNone(SourceTree.swift.flatMap(Self.overlong))
    }

    @Test("Lines of 140 characters at most, no tabs, no blanks at their ends, a newline at the end of the file")
    func lines() {
        #expect(SourceTree.swift.count > 100)
        expectNone(SourceTree.swift.flatMap(Self.untidyLines))
    }

    static func overlong(_ file: SwiftText) -> [Offence] {
        let count = file.lines.count - (file.lines.last == "" ? 1 : 0)
        guard count > linesMax else { return [] }
        return [Offence(file.path, count, "is longer than \(linesMax) lines", "split it by its nouns")]
    }

    /// Text that a test gives or expects, alone on its line: breaking it would change or hide it.
    static func isLiteral(_ line: String) -> Bool {
        let text = line.drop { $0 == " " }
        return ["\"", "#\"", "{\"", "[{\""].contains { text.hasPrefix($0) }
    }

    static func untidyLines(_ file: SwiftText) -> [Offence] {
        var offences = file.lines.indices.flatMap { index -> [Offence] in
            let line = file.lines[index]
            var found: [(String, String)] = []
            if line.count > columnsMax, !isLiteral(line) {
                found.append(("has \(line.count) characters", "break the line at \(columnsMax)"))
            }
            if line.contains("\t") { found.append(("holds a tab", "indent by four spaces, and write \\t in literals")) }
            if line.hasSuffix(" ") || line.hasSuffix("\t") { found.append(("ends in a blank", "remove it")) }
            if line.hasSuffix("\r") { found.append(("ends in a carriage return", "end lines in a newline alone")) }
            return found.map { Offence(file.path, index + 1, $0.0, $0.1) }
        }
        if file.lines.last != "" {
            offences.append(Offence(file.path, file.lines.count, "does not end in a newline", "add one"))
        } else if file.lines.count > 1, file.lines[file.lines.count - 2].isEmpty {
            offences.append(Offence(file.path, file.lines.count - 1, "ends in an empty line", "remove it"))
        }
        return offences
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        func found(_ text: String) -> Int { Self.untidyLines(SwiftText(path: "A.swift", text: text)).count }
        #expect(found("let a = 1\n") == 0)
        #expect(found("let a = 1") == 1)
        #expect(found("let a = 1 \n") == 1)
        #expect(found("\tlet a = 1\n\n") == 2)
        #expect(found(String(repeating: "é", count: 140) + "\n") == 0)
        #expect(found(String(repeating: "a", count: 141) + "\n") == 1)
        #expect(found("    \"" + String(repeating: "a", count: 141) + "\"\n") == 0, "a literal alone on its line")
        let long = String(repeating: "\n", count: 400)
        #expect(Self.overlong(SwiftText(path: "A.swift", text: long)).isEmpty)
        #expect(Self.overlong(SwiftText(path: "A.swift", text: long + "\n")).count == 1)
    }
}
