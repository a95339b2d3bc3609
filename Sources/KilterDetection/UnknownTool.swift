import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the agent keeps calling tools that do not exist.
///
/// Evidence: calls of the turn whose error says that there is no tool of that name, whatever their arguments and whatever
/// else is called in between. Counts as in OpenClaw.
enum UnknownTool {
    @inline(never) static func judge(_ window: CallWindow, _ sight: CallWindow.Sight, _ subject: Subject) -> Finding? {
        let ladder = subject.thresholds.unknownTools
        guard sight.wasUnknownTool, let severity = ladder.severity(of: window.unknownTools.count) else { return nil }
        var finding = subject.finding(.unknownTool, keying: .agent)
        finding.tier = .identicalOutcome
        finding.severity = severity
        finding.count = window.unknownTools.count
        finding.threshold = ladder.threshold(of: severity)
        finding.tool = subject.strings.hash(subject.row.tool)
        finding.begin(window.unknownTools, now: subject)
        finding.delaySpans = window.calls &- window.unknownTools.firstCall
        return finding
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.calls == 0 { return Shortfall.noCalls(.unknownTool) }
        return Readiness(
            detector: .unknownTool, state: .live, tier: .identicalOutcome,
            why: seen.failedCalls == 0 ? "no call has failed yet" : "failed calls name their error")
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        let type = name(finding.errorType)
        var evidence: [Evidence] = []
        if !type.isEmpty { evidence.append(Evidence("error_type", .string(type))) }
        return Explanation(
            summary: "\(name(finding.agent)) called tools that do not exist \(finding.count) times in one turn, last "
                + "\(name(finding.tool)), within \(span) (\(Wording.level(finding))).",
            advice: "There is no tool called \(name(finding.tool)); use one of those you were given, or stop and report what you need.",
            evidence: evidence + Wording.occurrences(finding), unit: "calls")
    }
}
