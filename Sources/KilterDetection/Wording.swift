import KilterVocabulary

/// Phrases that several detectors' explanations share.
enum Wording {
    /// `850 ms`, `12 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`: two units at most.
    static func duration(_ time: Nanoseconds) -> String {
        let milliseconds = time.count / 1_000_000
        if milliseconds < 1_000 { return "\(milliseconds) ms" }
        let seconds = milliseconds / 1_000
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return join(seconds / 60, "min", seconds % 60, "s") }
        if seconds < 172_800 { return join(seconds / 3_600, "h", seconds % 3_600 / 60, "min") }
        return join(seconds / 86_400, "d", seconds % 86_400 / 3_600, "h")
    }

    private static func join(_ large: UInt64, _ largeUnit: String, _ small: UInt64, _ smallUnit: String) -> String {
        small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
    }

    /// Severity and the count at which it begins.
    static func level(_ finding: Finding) -> String { "\(finding.severity.name) from \(finding.threshold)" }

    static func fingerprints(_ finding: Finding) -> [Evidence] {
        var facts: [Evidence] = []
        if let arguments = finding.arguments.hex { facts.append(Evidence("arguments", .string(arguments))) }
        if let result = finding.result.hex { facts.append(Evidence("result", .string(result))) }
        return facts
    }

    /// First, previous and last span of the evidence.
    static func occurrences(_ finding: Finding) -> [Evidence] {
        var facts: [Evidence] = []
        if finding.firstSpan != 0 { facts.append(Evidence("first_span_id", .string(Hex.string(finding.firstSpan)))) }
        if finding.previousSpan != 0 { facts.append(Evidence("previous_span_id", .string(Hex.string(finding.previousSpan)))) }
        facts.append(Evidence("last_span_id", .string(Hex.string(finding.span))))
        return facts
    }
}
