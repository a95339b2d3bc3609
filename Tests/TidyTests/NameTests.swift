import Testing

@Suite("Names and places")
struct NameTests {
    static let banned: Set<String> = [
        "core", "common", "shared", "util", "utils", "helper", "helpers", "manager", "managers", "misc",
    ]

    @Test("No file or folder is named for having no room")
    func namesSaySomething() {
        let paths = SourceTree.paths + SourceTree.topLevel.filter { $0.hasPrefix(".") }
        #expect(paths.count > 100)
        expectNone(paths.flatMap(Self.emptyNames))
    }

    static func emptyNames(in path: String) -> [Offence] {
        let name = String(path.split(separator: "/").last ?? "")
        return name.wordsOfName.filter(banned.contains).map {
            Offence(path, 0, "has `\($0)` in its name", "name it by the noun of what it holds")
        }
    }

    @Test("The top folder holds what the house has, and nothing else")
    func topFolder() {
        let expected: Set<String> = [
            "Package.swift", "Sources/", "Tests/", "Models/", "Benchmarks/", "Fixtures/", "README.md", "Makefile", "LICENSE",
        ]
        let found = Set(SourceTree.topLevel.filter { !$0.hasPrefix(".") })
        expectNone(
            found.subtracting(expected).map { Offence($0, 0, "does not belong at the top", "move it into the room it serves") }
                + expected.subtracting(found).map { Offence($0, 0, "is missing at the top", "add it") })
    }

    @Test("The map in the README equals the tree")
    func map() {
        let rooms = SourceTree.folders(below: "Sources").filter(Self.isRoom)
        let listed = Self.rooms(inReadme: SourceTree.text(of: "README.md") ?? "")
        let names = listed.map(\.name)
        expectNone(
            rooms.filter { !names.contains($0) }.map {
                Offence("README.md", 0, "has no room `\($0)` under \"## The house\"", "add the line \"- `\($0)`: …\"")
            }
                + listed.filter { !rooms.contains($0.name) }.map {
                    Offence("README.md", $0.line, "lists `\($0.name)`, which is no folder of Sources", "drop or rename the line")
                })
        #expect(Set(names).count == names.count, "README.md lists a room twice under \"## The house\"")
    }

    /// A folder of Swift, or a package of Python. C modules are not listed: each belongs to the room that imports it.
    static func isRoom(_ folder: String) -> Bool {
        !SourceTree.swift(below: "Sources/\(folder)").isEmpty || SourceTree.isPython("Sources/\(folder)")
    }

    /// The rooms listed as "- `Name`: …" under "## The house".
    static func rooms(inReadme text: String) -> [(name: String, line: Int)] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let start = lines.firstIndex(of: "## The house") else { return [] }
        let end = lines[(start + 1)...].firstIndex { $0.hasPrefix("## ") } ?? lines.count
        return (start..<end).filter { lines[$0].hasPrefix("- `") }.map { index in
            (String(lines[index].dropFirst(3).prefix { $0 != "`" }), index + 1)
        }
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        #expect(Self.emptyNames(in: "Sources/A/JSONUtils.swift").count == 1)
        #expect(Self.emptyNames(in: "Fixtures/kilter-core/").count == 1)
        #expect(Self.emptyNames(in: "Sources/A/Scores.swift").isEmpty)
        #expect(Self.emptyNames(in: "Sources/SharedState/Row.swift").isEmpty, "the folder is reported, not each file in it")
        #expect("retryDelayMs-HTTP2Frame".wordsOfName == ["retry", "delay", "ms", "http", "frame"])
        let readme = "- `No`: a\n## The house\n\n- `A`: b\n- c\n- `B`: d\n## Next\n- `C`: e"
        #expect(Self.isRoom("Python") && Self.isRoom("kilter") && !Self.isRoom("CLanes"))
        #expect(Self.rooms(inReadme: readme).map(\.name) == ["A", "B"])
        #expect(SourceTree.isNamed(".build-asan", isFolder: true, by: ".build-*/"))
        #expect(!SourceTree.isNamed(".build-notes", isFolder: false, by: ".build-*/"))
        #expect(SourceTree.isNamed("a.pyc", isFolder: false, by: "*.pyc") && !SourceTree.isNamed("a.py", isFolder: false, by: "*.pyc"))
    }
}
