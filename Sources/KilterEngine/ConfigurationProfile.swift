import KilterModels
import KilterVocabulary

/// A named set of thresholds from `Models/Profiles`: every value with its unit and what it rests on.
public struct Profile: Sendable, Equatable {
    /// One value and why it is what it is.
    public struct Value: Sendable, Equatable {
        /// Such as `repeated_call.in_row.warning`.
        public var path: String
        /// As written.
        public var value: String
        public var unit: String
        public var basis: String
    }

    public var name: String
    public var thresholds: Thresholds
    public var quiet: Nanoseconds
    /// In the order of the ladders, `quiet` first.
    public var values: [Value]

    /// Reads a profile; a value that is missing, or without its unit or its basis, is an error.
    public static func parse(_ yaml: String, file: String) throws(ConfigurationError) -> Profile {
        var parser = ProfileParser()
        let root = try ConfigurationReader.root(yaml, file: file)
        if let root {
            parser.read(root)
        } else {
            parser.reader.fail(1, 1, "an empty profile")
        }
        if let first = parser.reader.problems.first {
            throw ConfigurationError(file: file, problem: first, further: Array(parser.reader.problems.dropFirst()))
        }
        return parser.result
    }
}

private struct ProfileParser {
    var reader = ConfigurationReader()
    var result = Profile(name: "", thresholds: .published, quiet: Configuration.publishedQuiet, values: [])

    mutating func read(_ root: ConfigurationField) {
        let detectors = DetectorID.allCases.map(\.name)
        guard let entries = reader.entries(root, ["profile", "quiet"] + detectors, required: ["profile", "quiet"] + detectors)
        else { return }
        if let field = entries["profile"] { result.name = reader.text(field, "the profile's name") ?? "" }
        if let field = entries["quiet"], let (value, _) = readValue(field, unit: "duration") {
            result.quiet = reader.duration(value) ?? result.quiet
        }
        for detector in DetectorID.allCases where detector.counts {
            if let field = entries[detector.name] { readDetector(field, detector) }
        }
    }

    private mutating func readDetector(_ field: ConfigurationField, _ detector: DetectorID) {
        guard detector.counts else { return readSensitivity(field) }
        let names = LadderName.allCases.filter { $0.detector == detector }
        guard let entries = reader.entries(field, names.map(\.key), required: names.map(\.key)) else { return }
        for name in names {
            guard let entry = entries[name.key], let ladder = readLadder(entry, name) else { continue }
            if !ladder.isOrdered { reader.fail(entry, "a higher severity begins below a lower one") }
            name.set(ladder, in: &result.thresholds)
        }
    }

    /// Of a detector without counts only where its sensitivity comes from is said.
    private mutating func readSensitivity(_ field: ConfigurationField) {
        guard let entries = reader.entries(field, ["sensitivity"], required: ["sensitivity"]), let entry = entries["sensitivity"],
            let (value, text) = readValue(entry, unit: "budget")
        else { return }
        if text != "false_alarms" { reader.fail(value, "expected `false_alarms`, which is where this detector's sensitivity comes from") }
    }

    private mutating func readLadder(_ field: ConfigurationField, _ name: LadderName) -> Ladder? {
        let severities = Severity.allCases.map(\.name)
        guard let entries = reader.entries(field, severities, required: severities) else { return nil }
        let counts = severities.compactMap { entries[$0].flatMap { readCount($0, name) } }
        guard counts.count == severities.count else { return nil }
        return Ladder(info: counts[0], warning: counts[1], critical: counts[2])
    }

    private mutating func readCount(_ field: ConfigurationField, _ name: LadderName) -> UInt32? {
        guard let (value, text) = readValue(field, unit: name.unit) else { return nil }
        if text == "never" { return Ladder.never }
        return reader.quantity(value, "a whole number from 1, or `never`", WrittenQuantity.count)
    }

    /// The value's field and text, once unit and basis are as they must be.
    private mutating func readValue(_ field: ConfigurationField, unit: String) -> (ConfigurationField, String)? {
        let keys = ["value", "unit", "basis"]
        guard let entries = reader.entries(field, keys, required: keys), let value = entries["value"],
            let unitField = entries["unit"], let basisField = entries["basis"],
            let text = reader.text(value, "a value"), let written = reader.text(unitField, "a unit"),
            let basis = reader.text(basisField, "what the value rests on")
        else { return nil }
        if written != unit { reader.fail(unitField, "expected the unit `\(unit)`, found `\(written)`") }
        result.values.append(Profile.Value(path: field.path, value: text, unit: written, basis: basis))
        return (value, text)
    }
}
