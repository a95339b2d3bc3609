import Testing

/// A place that breaks a rule of the house, and what to write there instead.
struct Offence: CustomStringConvertible {
    let path: String
    /// From 1; 0 where the whole file, or a missing one, is meant.
    let line: Int
    let what: String
    let replacement: String

    init(_ path: String, _ line: Int, _ what: String, _ replacement: String) {
        self.path = path
        self.line = line
        self.what = what
        self.replacement = replacement
    }

    var description: String { "\(path)\(line > 0 ? ":\(line)" : ""): \(what) – \(replacement)" }
}

/// Fails the test once per place, in the order of files and lines.
func expectNone(_ offences: [Offence]) {
    for offence in offences.sorted(by: { ($0.path, $0.line) < ($1.path, $1.line) }) {
        Issue.record("\(offence.description)")
    }
}
