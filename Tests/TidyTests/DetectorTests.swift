import Foundation
import Testing

@Suite("What every detector has")
struct DetectorTests {
    static let vocabulary = "Sources/KilterVocabulary/Detectors.swift"
    static let profile = "Models/Profiles/default.yaml"

    /// Cases of `DetectorID` with the ids that events and configuration carry.
    static let detectors: [(identifier: String, id: String)] = cases(of: SourceTree.text(of: vocabulary) ?? "")

    @Test("Detectors are found where they are declared")
    func found() {
        #expect(Self.detectors.count >= 4, "\(Self.vocabulary) no longer reads `enum DetectorID`, `case a, b`, `case .a: \"a\"`")
    }

    @Test("A file of its own", arguments: detectors.map(\.identifier))
    func file(identifier: String) {
        let path = "Sources/KilterDetection/" + identifier.prefix(1).uppercased() + identifier.dropFirst() + ".swift"
        #expect(SourceTree.files.contains(path), "\(Self.vocabulary): .\(identifier) has no file – write \(path)")
    }

    @Test("An entry in the default profile", arguments: detectors.map(\.id))
    func entry(id: String) {
        let text = SourceTree.text(of: Self.profile) ?? ""
        #expect(Self.section(id, of: text).contains("value:"), "\(Self.profile): no thresholds for \(id) – add them under \"\(id):\"")
    }

    @Test("Every value of the default profile has a unit and a basis beside it")
    func basis() {
        let text = SourceTree.text(of: Self.profile) ?? ""
        #expect(text.contains("value:"), "\(Self.profile) holds no value – add the thresholds of every detector")
        expectNone(Self.bareValues(in: text))
    }

    @Test("A fixture that must find it", arguments: detectors.map(\.id))
    func fixture(id: String) {
        let wanted = SourceTree.folders(below: "Fixtures").filter { Self.required(in: "Fixtures/\($0)/scenario.json").contains(id) }
        #expect(!wanted.isEmpty, "no Fixtures/*/scenario.json requires \(id) under `must` – add a scenario that does")
    }

    static func cases(of text: String) -> [(identifier: String, id: String)] {
        let file = SwiftText(path: vocabulary, text: text)
        guard let start = file.code.firstIndex(where: { $0.contains("enum DetectorID") }) else { return [] }
        let body = file.lines[start...].prefix { $0 != "}" }.map { String($0.trimmed) }
        let identifiers = body.filter { $0.hasPrefix("case ") && !$0.contains(":") }
            .flatMap { $0.dropFirst(5).split(separator: ",").map { String(String($0).trimmed) } }
        return identifiers.map { identifier in
            let line = body.first { $0.hasPrefix("case .\(identifier):") } ?? ""
            let pieces = line.split(separator: "\"")
            return (identifier, pieces.count > 1 ? String(pieces[1]) : identifier)
        }
    }

    /// The lines of a profile from the key `id` without indentation to the next such key, without comments.
    static func section(_ id: String, of text: String) -> String {
        let lines = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }
        guard let start = lines.firstIndex(where: { $0.hasPrefix("\(id):") }) else { return "" }
        let rest = lines[(start + 1)...].prefix { $0.hasPrefix(" ") }
        return ([lines[start]] + rest).joined(separator: "\n")
    }

    /// Values without a unit and a basis: in the same braces, or in lines of the same indentation.
    static func bareValues(in text: String) -> [Offence] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        return lines.indices.filter { lines[$0].holds(phrase: "value:") && !lines[$0].trimmed.hasPrefix("#") }.flatMap { index in
            let beside = lines[index].contains("{") ? [lines[index]] : siblings(of: index, in: lines)
            return ["unit:", "basis:"].filter { key in !beside.contains { isGiven(key, in: $0) } }.map {
                Offence(profile, index + 1, "a value without `\($0)`", "say beside it in what unit it is and what the number rests on")
            }
        }
    }

    private static func isGiven(_ key: String, in line: String) -> Bool {
        line.ends(ofPhrase: key).contains { end in
            let given = String(String(decoding: Array(line.utf8)[end...], as: UTF8.self).trimmed)
            return !given.isEmpty && !["\"\"", ",", "}", "#"].contains { given.hasPrefix($0) }
        }
    }

    private static func siblings(of index: Int, in lines: [String]) -> [String] {
        let indent = lines[index].prefix { $0 == " " }
        func belongs(_ line: String) -> Bool { line.hasPrefix(indent) && !line.trimmed.isEmpty }
        func isBeside(_ line: String) -> Bool { !line.dropFirst(indent.count).hasPrefix(" ") }
        let before = lines[..<index].reversed().prefix(while: belongs)
        return (before + lines[index...].prefix(while: belongs)).filter(isBeside)
    }

    /// Ids of the detectors that a scenario requires.
    private static func required(in path: String) -> [String] {
        guard let text = SourceTree.text(of: path),
            let scenario = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
            let expectation = scenario["expectation"] as? [String: Any],
            let must = expectation["must"] as? [[String: Any]]
        else { return [] }
        return must.compactMap { $0["detector"] as? String }
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        let found = Self.cases(
            of: "enum DetectorID: UInt8 {\n    case a, bC\n    switch self {\n    case .bC: \"b_c\"\n    case .a: \"a\"\n    }\n}\n")
        #expect(found.map(\.id) == ["a", "b_c"])
        let good = "a:\n  x:\n    value: 3\n    unit: calls\n    basis: seen\n  y: {value: 4, unit: calls, basis: \"seen\"}\n"
        #expect(Self.bareValues(in: good).isEmpty && Self.section("a", of: good).contains("value:"))
        #expect(Self.section("b", of: good).isEmpty && Self.section("x", of: good).isEmpty)
        let bad = "a:\n  x:\n    value: 3\n    unit: calls\n  y:\n    basis: other\n  z: {value: 4, unit: calls, basis: \"\"}\n"
        #expect(Self.bareValues(in: bad).map(\.line) == [3, 7])
    }
}
