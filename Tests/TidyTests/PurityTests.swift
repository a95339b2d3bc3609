import Testing

/// From the decoded batch to the verdict everything is a function of state, records and the engine's own time: that
/// is what makes a replay repeat a live run byte by byte. These checks read text; they know no types.
@Suite("Pure rooms")
struct PurityTests {
    static let rooms = House.rooms.filter(\.isPure)

    static let banned: [(phrase: String, replacement: String)] = [
        ("Date(", "take the engine's time as an argument"),
        ("ContinuousClock", "take the engine's time as an argument"),
        ("SuspendingClock", "take the engine's time as an argument"),
        ("clock_gettime", "take the engine's time as an argument"),
        ("Task {", "return what is to be done; KilterEngine owns tasks"),
        ("Task.", "return what is to be done; KilterEngine owns tasks"),
        ("DispatchQueue", "return what is to be done; KilterEngine owns threads"),
        ("NSLock", "let one owner hold the state"),
        ("Mutex", "let one owner hold the state"),
        ("print(", "return the fact; a door prints it"),
        ("random(", "derive the value from the input, or take a seeded generator as an argument"),
        (".randomElement(", "derive the value from the input, or take a seeded generator as an argument"),
        ("SystemRandomNumberGenerator", "derive the value from the input, or take a seeded generator as an argument"),
        (".shuffled(", "sort by a stated key"),
        (".hashValue", "use StableHash: Swift seeds its own hash anew in every process"),
        ("Hasher()", "use StableHash: Swift seeds its own hash anew in every process"),
        ("FileManager", "return bytes; KilterEngine owns files"),
        ("FileHandle", "return bytes; KilterEngine owns files"),
    ]

    @Test("No clock, task, lock, log, chance or file", arguments: rooms.map(\.folder))
    func nothingFromOutside(folder: String) {
        expectNone(SourceTree.swift(below: folder).flatMap(Self.intrusions))
    }

    @Test("No iteration over a dictionary or a set, whose order differs from process to process", arguments: rooms.map(\.folder))
    func noHashOrder(folder: String) {
        let files = SourceTree.swift(below: folder)
        let names = Set(files.flatMap { $0.code.flatMap(Self.unorderedNames) })
        expectNone(files.flatMap { Self.walks(over: names, in: $0) })
    }

    @Test("The table gives a pure room no module of the system")
    func nothingFromTheSystem() {
        #expect(Self.rooms.count == 6)
        for room in Self.rooms {
            #expect(room.system.isEmpty && room.products.isEmpty, "\(room.name) is pure – drop its outside modules from House.rooms")
        }
    }

    static func intrusions(in file: SwiftText) -> [Offence] {
        banned.flatMap { phrase, replacement in
            file.linesOfCode(with: phrase).map { Offence(file.path, $0, "`\(phrase)` in a pure room", replacement) }
        }
    }

    // MARK: Order

    /// Members that go through a collection in its own order, or give out a part of it that depends on that order.
    private static let walks = [
        ".map", ".compactMap", ".flatMap", ".forEach", ".reduce", ".first", ".enumerated", ".values", ".keys", ".prefix",
        ".makeIterator", ".popFirst", ".removeFirst", ".startIndex", ".lazy", ".joined", ".elementsEqual",
    ]

    /// `names` are those of a whole room: a dictionary is often walked in another file than the one that declares it.
    static func walks(over names: Set<String>, in file: SwiftText) -> [Offence] {
        file.code.indices.flatMap { index -> [Offence] in
            let next = index + 1 < file.code.count ? String(file.code[index + 1].trimmed) : ""
            let statement = file.code[index] + (next.hasPrefix(".") ? next : "")
            return names.sorted().filter { isWalked($0, in: statement) }.map {
                Offence(
                    file.path, index + 1, "goes through `\($0)` in the order of its hash",
                    "go through `\($0).keys.sorted()`, or keep an array beside it")
            }
        }
    }

    private static func isWalked(_ name: String, in statement: String) -> Bool {
        statement.ends(ofPhrase: name).contains { end in
            let behind = String(decoding: Array(statement.utf8)[end...], as: UTF8.self)
            let before = String(decoding: Array(statement.utf8)[..<(end - name.utf8.count)], as: UTF8.self)
            if behind.hasPrefix(".sorted(") || behind.hasPrefix(".keys.sorted(") || behind.hasPrefix(".values.sorted(") { return false }
            if walks.contains(where: { behind.ends(ofPhrase: $0).contains($0.utf8.count) }) { return true }
            // `for … in a.b.name {`, `Array(a.name)`, `zip(name, …)`; a subscript or another member behind it is no walk.
            let path = before.split(separator: " ", omittingEmptySubsequences: false).last.map(String.init) ?? ""
            let isWhole = ![".", "["].contains(behind.prefix(1))
            let isLooped = before.holds(phrase: "for") && before.dropLast(path.count).hasSuffix(" in ")
            let isCopied = ["Array(", "zip("].contains { path.hasSuffix($0) || path.contains($0) }
            return isWhole && (isLooped || isCopied)
        }
    }

    /// Names that a line declares as a dictionary or a set: by their type, or by an empty value.
    static func unorderedNames(in line: String) -> [String] {
        let text = Array(line.utf8)
        return text.indices.compactMap { at in
            let isType = text[at] == UInt8(ascii: ":") && at > 0 && text[at - 1].isOfWord
            let isValue = text[at] == UInt8(ascii: "=") && at > 0 && text[at - 1] == UInt8(ascii: " ")
            guard isType || isValue else { return nil }
            let behind = String(decoding: text[(at + 1)...].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
            guard isUnordered(behind) else { return nil }
            let head = text[..<at].reversed().drop { $0 == UInt8(ascii: " ") }
            let name = String(decoding: head.prefix { $0.isOfWord }.reversed(), as: UTF8.self)
            return name.isEmpty ? nil : name
        }
    }

    private static func isUnordered(_ type: String) -> Bool {
        let bare = type.replacing("inout ", with: "")
        if bare.hasPrefix("Set<") || bare.hasPrefix("Set(") || bare.hasPrefix("Dictionary<") || bare.hasPrefix("Dictionary(") {
            return true
        }
        guard bare.hasPrefix("[") else { return false }
        var depth = 0
        for letter in bare {
            if "[(<".contains(letter) { depth += 1 }
            if "])>".contains(letter) { depth -= 1 }
            if depth == 0 { return false }
            if depth == 1, letter == ":" { return true }
        }
        return false
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        let file = SwiftText(
            path: "A.swift",
            text: """
                let fingerprint = fingerprint(of: a) // print(a)
                print(a); let b = Date()
                Task { await run() }
                let at = UInt64.random(in: 0..<9)
                """)
        #expect(Self.intrusions(in: file).map(\.line).sorted() == [2, 2, 3, 4])
        let names = "func f(_ a: inout [Int: [Int]], b: [[Int: Int]]) { var c: Set<Int> = []; let d = [String: Int]() }"
        #expect(Set(Self.unorderedNames(in: names)) == ["a", "c", "d"])
    }

    @Test(
        "Walks in hash order are told from sorted ones and from look-ups",
        arguments: [
            ("for (key, value) in open {", true), ("for key in self.open.keys {", true), ("open.values.map(f)", true),
            ("ledger.open.forEach {", true), ("let all = Array(open)", true), ("open.first", true),
            ("for key in open.keys.sorted() {", false), ("for key in open\n    .keys.sorted() {", false),
            ("guard let episode = open[key] else {", false), ("open.count", false), ("opened.map(f)", false),
            ("for row in open[key]", false), ("for row in rows where open[row] == nil {", false),
        ])
    func walksAreTold(line: String, isFound: Bool) {
        let file = SwiftText(path: "A.swift", text: "var open: [UInt64: Episode] = [:]\n" + line)
        #expect(Self.walks(over: ["open"], in: file).isEmpty != isFound)
    }
}
