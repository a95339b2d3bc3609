import KilterMath
import KilterState
import KilterVocabulary

/// Claim: one call after the other fails with the same error, though the calls differ.
///
/// The error's identity is its type with its text where there is one. A success ends the streak, refused calls do
/// not count. Identical calls are `repeated_call`'s; arguments that are not known count as different.
enum ErrorStreak {
    @inline(never) static func judge(_ window: CallWindow, _ subject: Subject) -> Finding? {
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
        finding.spent = subject.row.place.mark.since(window.errorSpend)
        finding.delaySpans = window.errorCount &- 1
        return finding
    }

    /// An error's bare type is compared within one tool only.
    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.calls == 0 { return Shortfall.noCalls(.errorStreak) }
        guard seen.failedCalls > 0, !Shortfall.isMost(seen.explainedFailures, of: seen.failedCalls) else {
            return Readiness(
                detector: .errorStreak, state: .live, tier: .identicalOutcome,
                why: seen.failedCalls == 0 ? "no call has failed yet" : "failures say what went wrong")
        }
        return Readiness(
            detector: .errorStreak, state: .limited, tier: .identicalOutcome,
            why: "only \(Shortfall.share(seen.explainedFailures, of: seen.failedCalls, "failures")) say more than their type, "
                + "and bare types are compared within one tool",
            missing: ["status.message", "exception.message"],
            fix: "Set the span's status description or record the exception: span.record_exception(error), "
                + "span.set_status(StatusCode.ERROR, str(error)).")
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
