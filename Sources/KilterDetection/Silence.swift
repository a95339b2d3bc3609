import KilterMath
import KilterState
import KilterVocabulary

/// Claim: an agent that works steadily says nothing for longer than its pauses allow.
///
/// Evidence: the calls that were to be expected meanwhile at these hours, against the longest pauses of the agent, counted in the
/// same way (`PauseBaseline`), so that nights and weekends in which it never works are no pause. The limit follows from
/// the budget of false alarms. Readiness: a day to find out how often it calls, then two days of each hour of working days,
/// and two of weekends, before these count. It resolves when the agent is heard of again.
enum Silence {
    /// A bucket is over.
    // Guard: the slot is of the shard's paces; the caller changes nothing meanwhile.
    static func judge(
        _ closed: AgentPace.Closed, _ slot: UnsafeMutablePointer<AgentPace>, allowance: Double, _ version: NameHash, _ end: EventTime,
        _ desk: PaceDesk, _ found: inout Found
    ) {
        let expected = slot.pointee.stream.baseline.expected(cell: PaceBaseline.cell(seconds: closed.begin))
        slot.pointee.pauses.pass(allowance: allowance)
        guard closed.events == 0 else {
            slot.pointee.pauses.note(Double(slot.pointee.waited))
            slot.pointee.waited = 0
            return
        }
        guard !slot.pointee.isSilent, let expected, expected > 0 else { return }
        slot.pointee.waited += Float(expected)
        let least = max(slot.pointee.stream.baseline.mean, expected)
        guard slot.pointee.stream.baseline.count >= PaceBaseline.ready, let limit = slot.pointee.pauses.limit(least: least),
            Double(slot.pointee.waited) > limit, !desk.standards.isSilenced(.silence, slot.pointee.thresholdSet)
        else { return }
        slot.pointee.isSilent = true
        found.findings.append(finding(slot.pointee, limit: limit, version, end, desk))
    }

    private static func finding(_ pace: AgentPace, limit: Double, _ version: NameHash, _ end: EventTime, _ desk: PaceDesk) -> Finding {
        var finding = desk.finding(.silence, .absence, .warning, pace, at: end)
        finding.agentVersion = version
        finding.startedAt = EventTime(nanoseconds: pace.lastEnd)
        finding.count = 1
        var change = SignalChange()
        change.signal = .callRate
        change.step = .span
        change.way = .down
        (change.before, change.after) = (pace.pauses.greatest, Double(pace.waited))
        (change.lower, change.upper) = (limit, limit)
        change.countBefore = pace.pauses.count
        finding.change = change
        return finding
    }

    /// The agent was heard of again. A pause that was told is none that is usual.
    // Guard: as above; the row is only read.
    static func end(_ slot: UnsafeMutablePointer<AgentPace>, _ row: UnsafePointer<SpanRecord>, _ desk: PaceDesk, _ found: inout Found) {
        slot.pointee.isSilent = false
        slot.pointee.waited = 0
        let end = EventTime(nanoseconds: row.pointee.endNanoseconds)
        var finding = desk.finding(.silence, .absence, .info, slot.pointee, at: end)
        finding.isOver = true
        found.findings.append(finding)
    }

    static func explain(_ finding: Finding, _ name: NameLookup, budget: String) -> Explanation {
        let change = finding.change ?? SignalChange()
        let pause = finding.observedAt.since(finding.startedAt)
        let missed = figure(change.after), limit = figure(change.upper)
        let longest = change.countBefore == 0 ? "it had not paused before" : "its longest pause so far cost \(figure(change.before))"
        var explanation = Explanation(
            summary:
                "\(name(finding.agent)) has made no call for \(Wording.duration(pause)), in which about \(missed) were to be expected at "
                + "these hours; \(longest) (\(finding.severity.name) from \(limit) on, by what \(budget) allows).",
            advice: "",
            evidence: [
                Evidence("last_heard", .string("\(finding.startedAt.nanoseconds)")),
                Evidence("expected_calls", .amount(Amount(rounding: change.after))),
                Evidence("longest_pause_in_calls", .amount(Amount(rounding: change.before))),
                Evidence("limit_in_calls", .amount(Amount(rounding: change.upper))),
                Evidence("pauses", .integer(Int64(change.countBefore))), Evidence("last_trace_id", .string(finding.trace.hex)),
                Evidence("last_span_id", .string(Hex.string(finding.span))),
            ], unit: "calls missed")
        explanation.numbers = .init(
            signal: Signal.callRate.name(""), observed: Amount(rounding: change.after), expected: Amount(rounding: change.before),
            direction: change.way.name, budget: budget)
        return explanation
    }

    private static func figure(_ value: Double) -> String { Amount(rounding: (value * 10).rounded() / 10).text }

    static func readiness(_ seen: Visibility) -> Readiness {
        let isSeen = seen.calls > 0 || seen.withModel > 0
        return Readiness(
            detector: .silence, state: isSeen ? .live : .idle, tier: isSeen ? .absence : nil,
            why: isSeen ? "calls are seen; each hour of the day counts once it was seen on two days" : "no call of a model or tool seen yet"
        )
    }
}
