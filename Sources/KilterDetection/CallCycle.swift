import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the agent goes round in a circle of two to eight calls, each with the same result as last time.
///
/// Evidence: the sequence of (tool, arguments, result) has repeated itself at one distance for at least two whole
/// turns of that distance. The shortest such distance is the period; a row of one call is `repeated_call`'s.
/// Source of the counts: peers' thresholds, 0 of 371 solved runs at three turns. Cost: a look at eight lanes.
enum CallCycle {
    /// The shortest period in 2…8 that the sequence now follows for at least two turns, with its full turns.
    static func period(_ window: CallWindow) -> (period: UInt32, turns: UInt32)? {
        for period in UInt32(1)...UInt32(Limits.cyclePeriodMax) {
            let repeats = window.repeats[Int(period) - 1]
            guard repeats >= period else { continue }
            // Already a row, or a part of one: nothing longer is a cycle of its own.
            return period == 1 ? nil : (period, repeats / period &+ 1)
        }
        return nil
    }

    @inline(never) static func judge(_ window: CallWindow, _ subject: Subject) -> Finding? {
        guard let (period, turns) = period(window) else { return nil }
        let ladder = subject.thresholds.cycleTurns
        guard let severity = ladder.severity(of: turns) else { return nil }
        var finding = subject.finding(.callCycle, keying: .agent)
        finding.tier = .identicalResult
        finding.severity = severity
        finding.count = turns
        finding.threshold = ladder.threshold(of: severity)
        finding.period = UInt8(truncatingIfNeeded: period)
        for step in 0..<Int(period) { finding.cycle[step] = window.tools[Int(period) - 1 - step] }
        let length = window.repeats[Int(period) - 1] &+ period
        finding.delaySpans = length &- 1
        if let first = window.past(min(length &- 1, 19)) {
            finding.firstSpan = first.span
            finding.startedAt = EventTime(nanoseconds: first.start)
            finding.spent = subject.row.place.mark.since(first.spend)
        }
        finding.previousSpan = window.past(period)?.span ?? 0
        finding.tool = subject.strings.hash(subject.row.tool)
        return finding
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if let plain = Shortfall.identicalResult(.callCycle, seen) { return plain }
        let both = min(seen.knownArguments, seen.knownResults)
        return Readiness(
            detector: .callCycle, state: both == 0 ? .blind : .limited, tier: both == 0 ? nil : .identicalResult,
            why: both == 0
                ? "no tool call shows its result"
                : "only \(Shortfall.share(both, of: seen.calls, "calls")) show both arguments and result",
            missing: seen.knownArguments < seen.knownResults ? Shortfall.arguments : Shortfall.results, fix: Shortfall.content)
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let tools = (0..<Int(finding.period)).map { name(finding.cycle[$0]) }
        let circle = tools.joined(separator: " → ")
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        return Explanation(
            summary: "\(name(finding.agent)) went round the same cycle of \(finding.period) calls (\(circle)) \(finding.count) times "
                + "with the same results within \(span) (\(Wording.level(finding))).",
            advice: "You are repeating the same \(finding.period) steps (\(circle)) and nothing changes; "
                + "take another approach, or stop and report what is missing.",
            evidence: [
                Evidence("cycle", .strings(tools)), Evidence("period", .integer(Int64(finding.period))),
            ] + Wording.occurrences(finding),
            unit: "turns")
    }
}
