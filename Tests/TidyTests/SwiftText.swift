/// A Swift file taken apart line by line, so that a rule can look at code without being fooled by comments and literals.
struct SwiftText {
    let path: String
    let lines: [String]
    /// The lines with comments and the insides of string literals blanked; interpolated code stays.
    let code: [String]
    /// The lines with everything blanked but comments.
    let comments: [String]

    init(path: String, text: String) {
        var scanner = LiteralScanner(Array(text.utf8))
        scanner.run()
        self.path = path
        lines = Self.split(scanner.bytes)
        code = Self.split(scanner.masked { $0 == .code })
        comments = Self.split(scanner.masked { $0 == .comment })
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Numbers, from 1, of the lines whose code holds `phrase` as whole words.
    func linesOfCode(with phrase: String) -> [Int] {
        code.indices.filter { code[$0].holds(phrase: phrase) }.map { $0 + 1 }
    }

    /// The modules that this file imports, with their lines.
    var imports: [(module: String, line: Int)] {
        let access: Set<String> = ["public", "package", "internal", "private", "fileprivate"]
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
        return code.indices.compactMap { index in
            let words = code[index].split(separator: " ").map(String.init)
            guard let at = words.firstIndex(of: "import"),
                words[..<at].allSatisfy({ $0.hasPrefix("@") || access.contains($0) }),
                let name = words[(at + 1)...].first(where: { !kinds.contains($0) })
            else { return nil }
            return (String(name.prefix { $0 != "." }), index + 1)
        }
    }
}

extension String {
    /// Whether `phrase` occurs so that no identifier goes on before or behind it.
    func holds(phrase: String) -> Bool { !ends(ofPhrase: phrase).isEmpty }

    /// Offsets, in UTF-8 bytes, behind every occurrence of `phrase` as whole words.
    func ends(ofPhrase phrase: String) -> [Int] {
        let text = Array(utf8), sought = Array(phrase.utf8)
        guard let first = sought.first, let last = sought.last, text.count >= sought.count else { return [] }
        return (0...text.count - sought.count).compactMap { start in
            let end = start + sought.count
            guard text[start] == first, text[start..<end].elementsEqual(sought) else { return nil }
            if first.isOfWord, start > 0, text[start - 1].isOfWord { return nil }
            if last.isOfWord, end < text.count, text[end].isOfWord { return nil }
            return end
        }
    }

    var trimmed: Substring {
        let blank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let start = firstIndex(where: { !blank($0) }), let end = lastIndex(where: { !blank($0) }) else { return "" }
        return self[start...end]
    }

    /// `retryDelayMs` and `retry-delay_ms` are both `retry`, `delay`, `ms`; `JSONUtils` is `json`, `utils`.
    var wordsOfName: [String] {
        var words: [String] = [], word = ""
        let letters = Array(self)
        for (index, letter) in letters.enumerated() {
            let previous = index > 0 ? letters[index - 1] : " "
            let next = index + 1 < letters.count ? letters[index + 1] : " "
            let opens = letter.isUppercase && (!previous.isUppercase || next.isLowercase)
            if opens || !letter.isLetter, !word.isEmpty { words.append(word); word = "" }
            if letter.isLetter { word += letter.lowercased() }
        }
        return word.isEmpty ? words : words + [word]
    }
}

extension UInt8 {
    /// A byte of an identifier: letter, digit, underscore, or part of a character beyond ASCII.
    var isOfWord: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 0x80...: true
        default: false
        }
    }
}
