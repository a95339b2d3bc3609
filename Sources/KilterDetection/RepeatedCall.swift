import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the agent keeps making the same call.
///
/// Five rules, from the strongest evidence to the weakest; the highest severity speaks, the stronger rule on a tie:
/// 1. identical (tool, arguments, result) in an unbroken row;
/// 2. the same among the last twenty calls, other calls in between, unless they form an established cycle;
/// 3. identical (tool, arguments) in the turn whose result is not known;
/// 4. identical (tool, arguments) in the turn whose results are known and change: polling, most likely;
/// 5. calls of one tool in a row whose arguments and results share four fifths of their words with the call before. Results
///    that only resemble may be progress, so it warns only where arguments vary too, and never trips.
///
/// Readiness: none needed, the evidence is in the turn itself. Counts: `Thresholds`.
/// Unknown arguments equal nothing, so a content-free stream of one tool name never fires.
enum RepeatedCall {
    /// The verdict on the call just observed, or nil below the information level.
    @inline(never) static func judge(
        _ window: CallWindow, _ sight: CallWindow.Sight, inCycle: Bool, isAcknowledgement: @autoclosure () -> Bool,
        _ subject: Subject
    ) -> Finding? {
        guard window.symbols[0] != 0 || sight.sameArguments > 1 || sight.wasNear else { return nil }
        var best: Finding?
        let counts = subject.thresholds
        if window.symbols[0] != 0 {
            consider(&best, inRow(window, counts, subject))
            if !inCycle { consider(&best, inWindow(sight, counts, subject)) }
        }
        if !inCycle { consider(&best, inTurn(window, sight, counts, subject)) }
        // "The file was changed" after each of several changes resembles itself.
        if sight.wasNear, !isAcknowledgement() { consider(&best, nearRow(window, counts, subject)) }
        return best
    }

    private static func nearRow(_ window: CallWindow, _ counts: Thresholds, _ subject: Subject) -> Finding? {
        let near = window.near
        guard var severity = counts.nearInRow.severity(of: near.row.count) else { return nil }
        if near.variations == 0 { severity = .info }
        guard let threshold = counts.nearInRow.reached(severity, by: near.row.count) else { return nil }
        var finding = base(.nearInRow, .near, severity, subject)
        // An episode of its own, so that equal calls behind it are told as such.
        finding.subject = StableHash.combine(finding.tool, UInt64(near.row.firstCall))
        finding.count = near.row.count
        finding.threshold = threshold
        finding.begin(near.row, now: subject)
        finding.previousSpan = window.past(1)?.span ?? 0
        return finding
    }

    private static func consider(_ best: inout Finding?, _ candidate: Finding?) {
        guard let candidate else { return }
        if let standing = best, standing.severity >= candidate.severity { return }
        best = candidate
    }

    private static func inRow(_ window: CallWindow, _ counts: Thresholds, _ subject: Subject) -> Finding? {
        guard let severity = counts.repeatedInRow.severity(of: window.row) else { return nil }
        var finding = base(.inRow, .identicalResult, severity, subject)
        finding.count = window.row
        finding.threshold = counts.repeatedInRow.threshold(of: severity)
        finding.delaySpans = window.row &- 1
        // The row may be longer than the ring of twenty: then the oldest one kept stands for its beginning.
        let back = min(window.row &- 1, 19)
        if let first = window.past(back) {
            finding.firstSpan = first.span
            finding.startedAt = EventTime(nanoseconds: first.start)
            finding.spent = subject.row.place.mark.since(first.spend)
        }
        finding.previousSpan = window.past(1)?.span ?? 0
        return finding
    }

    private static func inWindow(_ sight: CallWindow.Sight, _ counts: Thresholds, _ subject: Subject) -> Finding? {
        guard let severity = counts.repeatedInWindow.severity(of: sight.inWindow) else { return nil }
        var finding = base(.inWindow, .identicalResult, severity, subject)
        finding.count = sight.inWindow
        finding.window = Thresholds.repeatWindow
        finding.threshold = counts.repeatedInWindow.threshold(of: severity)
        finding.firstSpan = sight.inWindowFirstSpan
        finding.previousSpan = sight.inWindowPreviousSpan
        finding.startedAt = EventTime(nanoseconds: sight.inWindowStartedAt)
        finding.spent = subject.row.place.mark.since(sight.inWindowSpend)
        finding.delaySpans = sight.inWindowDelay
        return finding
    }

    private static func inTurn(
        _ window: CallWindow, _ sight: CallWindow.Sight, _ counts: Thresholds, _ subject: Subject
    ) -> Finding? {
        let resultKnown = window.symbols[0] != 0
        // Known and never changing is the business of the first two rules.
        if resultKnown && sight.changes == 0 { return nil }
        let ladder = resultKnown ? counts.sameArgumentsChangingResult : counts.sameArgumentsUnknownResult
        let count = resultKnown ? sight.sameArguments : sight.unknownResults
        guard let severity = ladder.severity(of: count) else { return nil }
        let rule: Finding.Rule = resultKnown ? .sameArgumentsChangingResult : .sameArgumentsUnknownResult
        var finding = base(rule, .identicalArguments, severity, subject)
        finding.count = count
        finding.threshold = ladder.threshold(of: severity)
        finding.firstSpan = sight.sameArgumentsFirstSpan
        finding.previousSpan = sight.sameArgumentsPreviousSpan
        finding.startedAt = EventTime(nanoseconds: sight.sameArgumentsStartedAt)
        finding.spent = subject.row.place.mark.since(sight.sameArgumentsSpend)
        finding.delaySpans = sight.sameArgumentsDelay
        return finding
    }

    private static func base(
        _ rule: Finding.Rule, _ tier: Tier, _ severity: Severity, _ subject: Subject
    ) -> Finding {
        var finding = subject.finding(.repeatedCall, keying: .agent)
        finding.rule = rule
        finding.tier = tier
        finding.severity = severity
        finding.tool = subject.strings.hash(subject.row.tool)
        finding.subject = finding.tool
        return finding
    }

    /// With arguments alone it warns late and never trips.
    static func readiness(_ seen: Visibility) -> Readiness {
        if let plain = Shortfall.identicalResult(.repeatedCall, seen) { return plain }
        if seen.knownResults == 0 {
            return Readiness(
                detector: .repeatedCall, state: .limited, tier: .identicalArguments,
                why: "no tool call shows its result: it warns late, on equal arguments alone, and never trips",
                missing: Shortfall.results, fix: Shortfall.content)
        }
        let both = Shortfall.share(min(seen.knownArguments, seen.knownResults), of: seen.calls, "calls")
        return Readiness(
            detector: .repeatedCall, state: .limited, tier: .identicalResult, why: "only \(both) show both arguments and result",
            missing: seen.knownArguments < seen.knownResults ? Shortfall.arguments : Shortfall.results, fix: Shortfall.content)
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let tool = name(finding.tool)
        let agent = name(finding.agent)
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        var evidence: [Evidence] = [Evidence("rule", .string(finding.rule.name))]
        evidence += Wording.fingerprints(finding)
        evidence += Wording.occurrences(finding)
        let what: String
        switch finding.rule {
        case .inWindow:
            what = "made the same call to \(tool) with the same result \(finding.count) times in its last \(finding.window) calls"
        case .sameArgumentsUnknownResult:
            what = "made the same call to \(tool) \(finding.count) times in one turn; results are not captured"
            evidence.append(Evidence("not_observable", .strings(["result"])))
        case .sameArgumentsChangingResult:
            what = "made the same call to \(tool) \(finding.count) times in one turn, with changing results"
        case .nearInRow:
            what = "made \(finding.count) calls to \(tool) in a row that resemble one another, in their arguments and in their results"
        default:
            what = "made the same call to \(tool) with the same result \(finding.count) times in a row"
        }
        return Explanation(
            summary: "\(agent) \(what) within \(span) (\(Wording.level(finding))).",
            advice: advice(finding, tool), evidence: evidence, unit: "calls")
    }

    private static func advice(_ finding: Finding, _ tool: String) -> String {
        switch finding.rule {
        case .sameArgumentsChangingResult:
            "You have asked \(tool) the same question \(finding.count) times; wait for the change you need or stop asking."
        case .nearInRow:
            "Your last \(finding.count) calls to \(tool) hardly differ, and neither do their results; "
                + "use what you have, change the approach, or stop and report."
        default:
            "You have already called \(tool) with these arguments \(finding.count) times and got the same answer; "
                + "use it, change the approach, or stop and report."
        }
    }
}
