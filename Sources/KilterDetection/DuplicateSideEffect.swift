import KilterMath
import KilterState
import KilterVocabulary

/// Claim: something that changes the world outside was done twice.
///
/// Evidence: a call of a tool that the configuration calls `side_effect` succeeds with the same arguments as one that
/// succeeded before in the turn, whichever agent made it and whatever it returned: message ids differ, the payment is the
/// same. A retry after a failure is none. The same write with two successes occurs in 0.7 % of good runs that write.
enum DuplicateSideEffect {
    /// The verdict on one successful call; `subject` is made only for a finding.
    // Guard: the pointer is only used here.
    @inline(never) static func judge(
        _ memory: inout EffectMemory, _ row: UnsafePointer<SpanRecord>, _ counts: Thresholds, subject make: () -> Subject
    ) -> Finding? {
        guard memory.observe(row), let severity = counts.sideEffects.severity(of: memory.count) else { return nil }
        let subject = make()
        var finding = subject.finding(.duplicateSideEffect, keying: .run)
        finding.tier = .identicalResult
        finding.severity = severity
        finding.count = memory.count
        finding.threshold = counts.sideEffects.threshold(of: severity)
        finding.tool = subject.strings.hash(subject.row.tool)
        finding.subject = StableHash.combine(finding.tool, subject.row.arguments.low)
        finding.firstSpan = memory.firstSpan
        finding.previousSpan = memory.previousSpan
        finding.startedAt = EventTime(nanoseconds: memory.startedAt)
        finding.delaySpans = memory.count &- 1
        finding.spent = subject.row.place.mark.since(memory.spend)
        return finding
    }

    /// Whether `row` is a success that must not happen twice.
    // Guard: as above.
    @inline(__always) static func concerns(_ row: UnsafePointer<SpanRecord>) -> Bool {
        row.pointee.place.toolClass == .sideEffect && row.pointee.arguments.isKnown && !row.pointee.flags.contains(.failed)
    }

    /// The key of what `row` did: the same for every agent of the turn.
    // Guard: as above.
    static func key(_ row: UnsafePointer<SpanRecord>, tool: NameHash) -> UInt64 {
        let call = StableHash.combine(tool, StableHash.combine(row.pointee.arguments.high, row.pointee.arguments.low))
        let key = StableHash.combine(row.pointee.place.turn ^ row.pointee.place.tenantName, call)
        return key == 0 ? 1 : key
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.calls == 0 { return Shortfall.noCalls(.duplicateSideEffect) }
        if seen.sideEffects == 0 {
            return Readiness(
                detector: .duplicateSideEffect, state: .idle, tier: nil, why: "no call of a tool with side effects seen",
                missing: ["tools"],
                fix: "Name the tools that pay, send or book in the configuration: tools: [{for: {tool: \"refund*\"}, class: side_effect}].")
        }
        guard !Shortfall.isMost(seen.knownArguments, of: seen.calls) else {
            return Readiness(
                detector: .duplicateSideEffect, state: .live, tier: .identicalResult, why: "arguments are comparable")
        }
        let share = Shortfall.share(seen.knownArguments, of: seen.calls, "calls")
        return Readiness(
            detector: .duplicateSideEffect, state: seen.knownArguments == 0 ? .blind : .limited,
            tier: seen.knownArguments == 0 ? nil : .identicalResult, why: "only \(share) show their arguments",
            missing: Shortfall.arguments, fix: Shortfall.content)
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let tool = name(finding.tool)
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        var evidence: [Evidence] = []
        if let arguments = finding.arguments.hex { evidence.append(Evidence("arguments", .string(arguments))) }
        evidence += Wording.occurrences(finding)
        if !finding.result.isKnown { evidence.append(Evidence("not_observable", .strings(["result"]))) }
        return Explanation(
            summary: "\(tool) has side effects and succeeded \(finding.count) times with the same arguments within \(span), "
                + "last for \(name(finding.agent)) (\(Wording.level(finding))).",
            advice: "\(tool) has already succeeded with exactly these arguments; do not do it again unless you were asked to.",
            evidence: evidence, unit: "calls")
    }
}
