import Testing

@Suite("Swift text taken apart")
struct LiteralScannerTests {
    @Test(
        "Comments and literals are blanked, interpolated code stays",
        arguments: [
            ("a // b", "a"), ("a /* b /* c */ d */ e", "a                   e"), ("\"a\" + b", "\" \" + b"),
            ("\"// a\" + b", "\"    \" + b"), ("\"\\\"a\" + b", "\"   \" + b"), ("#\"a\"b\"# + c", "#\"   \"# + c"),
            ("\"a\\(b(c))d\" + e", "\"   b(c)  \" + e"), ("\"\\(a ?? \"b\")\" + c", "\"  a ?? \" \" \" + c"),
            ("#\"\\(a)\\#(b)\"# + c", "#\"       b \"# + c"), ("\"a\nb + c", "\"\nb + c"),
            ("\"\"\"\n\"a\" // b\n\"\"\" + c", "\"\"\"\n\n\"\"\" + c"), ("#\"\"\"# + a", "#\" \"# + a"), ("\"\" + a", "\"\" + a"),
        ])
    func blanking(text: String, code: String) {
        let found = SwiftText(path: "A.swift", text: text).code.map { line in
            line.last == " " ? String(line.reversed().drop { $0 == " " }.reversed()) : line
        }
        #expect(found.joined(separator: "\n") == code)
    }

    @Test("Nothing of any file is lost")
    func everyByteIsTold() {
        for file in SourceTree.swift {
            #expect(file.code.count == file.lines.count && file.comments.count == file.lines.count)
            #expect(zip(file.lines, file.code).allSatisfy { $0.utf8.count == $1.utf8.count }, "\(file.path)")
        }
    }
}
