import Testing

/// A name such as `timeout` says nothing about its number. The check is textual: names that end in one of `vague`, of
/// public declarations of a bare number; a type that carries its unit, such as `Nanoseconds`, is out of its reach.
@Suite("Units of numbers")
struct UnitTests {
    static let vague: Set<String> = ["timeout", "interval", "duration", "delay", "size", "limit"]
    static let numbers: Set<String> = [
        "Int", "Int8", "Int16", "Int32", "Int64", "UInt", "UInt8", "UInt16", "UInt32", "UInt64", "Double", "Float",
    ]
    static let units: Set<String> = [
        "nanoseconds", "microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "bytes", "bits", "kilobytes",
        "rows", "characters", "count", "counts", "tokens", "microdollars", "spans", "events", "entries", "calls", "messages",
        "frames", "lines", "slots", "agents", "turns", "runs", "tenants", "shards", "files", "records", "names", "keys",
        "percent", "ratio",
    ]

    @Test("Public numbers with a vague name say their unit")
    func unitsAreSaid() {
        expectNone(SourceTree.swift(below: "Sources").flatMap(Self.unitless))
    }

    static func unitless(in file: SwiftText) -> [Offence] {
        file.declarations.filter(\.isPublic).flatMap { declaration in
            let comment = Set(file.comment(of: declaration).lowercased().wordsOfName)
            return declaration.members.filter { member in
                let words = member.name.wordsOfName
                guard let last = words.last, vague.contains(last), isNumber(member.type) else { return false }
                return units.isDisjoint(with: words + words.map { $0 + "s" }) && units.isDisjoint(with: comment)
            }.map {
                Offence(
                    file.path, declaration.firstLine, "`\($0.name)` has no unit",
                    "say it in the name (`\($0.name)Bytes`, `\($0.name)Nanoseconds`), in the type, or in the comment above")
            }
        }
    }

    /// `: Int`, `: Int?`, `= 32`, or the type of a parameter.
    private static func isNumber(_ type: String) -> Bool {
        let bare = type.split(separator: " ").filter { !["?", "inout", ":"].contains($0) }
        if bare.first == "=" { return bare.count > 1 && bare[1].first?.isNumber == true }
        return bare.first.map { numbers.contains(String($0)) } ?? false
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        func lines(_ text: String) -> [Int] { Self.unitless(in: SwiftText(path: "A.swift", text: text)).map(\.line) }
        #expect(lines("public struct A {\n    public var retryDelay: Int = 3\n    var delay: Int\n}") == [2])
        #expect(lines("public struct A {\n    public var delay: Nanoseconds\n    public var byteLimit: Int\n}").isEmpty)
        #expect(lines("public struct A {\n    /// In milliseconds.\n    public var delay: UInt32 = 0\n}").isEmpty)
        #expect(lines("extension A {\n    public static let size = 32\n    public static let limit = Limit.none\n}") == [2])
        #expect(lines("public func wait(_ a: Int, timeout: Double = 2) {}\npublic func wait(timeoutSeconds: Double) {}") == [1])
        #expect(lines("public protocol A {\n    func wait(for timeout: Int)\n    var sized: Int { get }\n}") == [2])
    }
}
