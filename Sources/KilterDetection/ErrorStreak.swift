import KilterMath
import KilterState
import KilterVocabulary

/// Claim: one call after the other fails with the same error, though the calls differ.
///
/// The error's identity is its type with its text where there is one. A success ends the streak, refused calls do
/// not count. Identical calls are `repeated_call`'s; arguments that are not known count as different.
enum ErrorStreak {
    static func judge(_ window: CallWindow, _ subject: Subject) -> Finding? {
        guard window.errorCount > 0, window.errorVaries else { return nil }
        let ladder = subject.thresholds.errorStreak
        guard let severity = ladder.severity(of: window.errorCount) else { return nil }
        var finding = subject.finding(.errorStreak, keying: .agent)
        finding.tier = .identicalOutcome
        finding.severity = severity
        finding.count = window.errorCount
        finding.threshold = ladder.threshold(of: severity)
        finding.tool = subject.strings.hash(subject.row.tool)
        finding.digest = window.errorDigest
        finding.subject = window.errorDigest
        finding.firstSpan = window.errorFirstSpan
        finding.startedAt = EventTime(nanoseconds: window.errorStartedAt)
        finding.spent = subject.row.place.spend.since(window.errorSpend)
        finding.delaySpans = window.errorCount &- 1
        return finding
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let type = name(finding.errorType)
        let error = type.isEmpty ? "the same error" : "the same error (\(type))"
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        var evidence = [Evidence("error", .string(Hex.string(finding.digest)))]
        if !type.isEmpty { evidence.append(Evidence("error_type", .string(type))) }
        evidence += Wording.occurrences(finding)
        if !finding.arguments.isKnown { evidence.append(Evidence("not_observable", .strings(["arguments"]))) }
        return Explanation(
            summary: "\(name(finding.agent)) had \(finding.count) calls in a row fail with \(error), last in \(name(finding.tool)), "
                + "within \(span) (\(Wording.level(finding))).",
            advice: "The last \(finding.count) calls failed with \(error); trying other arguments has not helped, "
                + "so find the cause or stop and report it.",
            evidence: evidence, unit: "calls")
    }
}
