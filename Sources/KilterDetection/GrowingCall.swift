import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the agent sends one call again and again, each time with one more copy of the same in it.
///
/// Evidence: arguments of one tool that grow by the same length from call to call, or double; other tools in between do not
/// matter. Lengths are enough, so it works where content is hashed. Source of the shape: a recorded command of 107 steps.
enum GrowingCall {
    @inline(never) static func judge(_ window: CallWindow, _ sight: CallWindow.Sight, _ subject: Subject) -> Finding? {
        let ladder = subject.thresholds.growthSteps
        let steps = window.growth.steps
        guard sight.grew, let severity = ladder.severity(of: steps.count) else { return nil }
        var finding = subject.finding(.growingCall, keying: .agent)
        finding.tier = .identicalOutcome
        finding.severity = severity
        finding.count = steps.count
        finding.threshold = ladder.threshold(of: severity)
        finding.tool = subject.strings.hash(subject.row.tool)
        finding.subject = finding.tool
        finding.step = window.growth.step
        finding.begin(steps, now: subject)
        finding.delaySpans = window.calls &- steps.firstCall
        return finding
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.calls == 0 { return Shortfall.noCalls(.growingCall) }
        if Shortfall.isMost(seen.knownArguments, of: seen.calls) || Shortfall.hasRecovered(seen) {
            return Readiness(detector: .growingCall, state: .live, tier: .identicalOutcome, why: "arguments show their length")
        }
        return Readiness(
            detector: .growingCall, state: seen.knownArguments == 0 ? .blind : .limited,
            tier: seen.knownArguments == 0 ? nil : .identicalOutcome,
            why: "only \(Shortfall.share(seen.knownArguments, of: seen.calls, "calls")) show their arguments",
            missing: Shortfall.arguments + ["kilter.tool.args_chars"], fix: Shortfall.content)
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let tool = name(finding.tool)
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        return Explanation(
            summary: "\(name(finding.agent)) made its call to \(tool) longer by \(finding.step) characters \(finding.count) times in a row "
                + "within \(span) (\(Wording.level(finding))).",
            advice:
                "Each of your last calls to \(tool) repeats the one before and adds the same to it; send it once, or change the approach.",
            evidence: [Evidence("step_characters", .integer(Int64(finding.step)))] + Wording.occurrences(finding),
            unit: "growth steps")
    }
}
