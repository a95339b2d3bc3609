import KilterMath
import KilterState
import KilterVocabulary

/// Claim: one call costs, says, reads or takes far more than any before it: $50 where calls cost a tenth of a cent.
///
/// Evidence: the tail of all values of its kind of step (`TailBaseline`), and at least four times the usual. It is told at the
/// span itself, and may be so improbable as to be expected at most as often as the budget allows. Of the signals of one span
/// that stand out the first is told, the others with it. Readiness: fifty calls of the kind. Five outliers of one kind of step are what
/// is usual from then on.
enum Outlier {
    static func explain(_ finding: Finding, _ name: NameLookup, budget: String) -> Explanation {
        guard let change = finding.change else { return Explanation(summary: "", advice: "", evidence: [], unit: "") }
        let signal = change.signal.name("")
        let observed = SignalWords.figure(change.after, change), usual = SignalWords.figure(change.before, change)
        let others = names(change.others)
        let also = others.isEmpty ? "" : "; so do its \(others.map { $0.replacing("_", with: " ") }.joined(separator: " and "))"
        let call = change.step == .tool ? "A call of \(name(finding.tool))" : "A model call"
        let verb = change.signal == .latency ? "took" : change.signal == .cost ? "cost" : change.signal == .inputTokens ? "read" : "wrote"
        let times = Amount(rounding: (change.after / max(change.before, 1e-9)).rounded())
        let summary =
            "\(call) by \(name(finding.agent)) \(verb) \(observed), \(times.text) times the usual \(usual) and more than any of "
            + "\(change.countBefore) before\(also). One as large is to be expected once in \(often(change.rarity)) calls "
            + "(\(finding.severity.name) at \(SignalWords.strength(change)) times what \(budget) takes)."
        var explanation = Explanation(
            summary: summary, advice: "", evidence: evidence(finding, change, others), unit: change.signal.unit.rawValue)
        explanation.numbers = .init(
            signal: signal, observed: SignalWords.amount(change.after, change), expected: SignalWords.amount(change.before, change),
            direction: change.way.name, budget: budget)
        return explanation
    }

    private static func evidence(_ finding: Finding, _ change: SignalChange, _ others: [String]) -> [Evidence] {
        var facts = [
            Evidence("step", .string(change.step.name)), Evidence("usual", .amount(SignalWords.amount(change.before, change))),
            Evidence("largest_before", .amount(SignalWords.amount(change.largest, change))),
            Evidence("expected_once_in", .amount(Amount(rounding: min(change.rarity, 1e15).rounded()))),
            Evidence("baseline", .integer(Int64(change.countBefore))),
            Evidence("log10_evidence", .amount(Amount(rounding: SignalWords.log10(Double(change.evidence))))),
        ]
        if !others.isEmpty { facts.append(Evidence("other_signals", .strings(others))) }
        if finding.count > 1 { facts.append(Evidence("outliers", .integer(Int64(finding.count)))) }
        return facts
    }

    private static func names(_ signals: UInt32) -> [String] {
        TailStream.signals.filter { signals & (1 << UInt32($0.rawValue)) != 0 }.map { $0.name("") }
    }

    /// In figures that people read.
    private static func often(_ count: Double) -> String {
        if count >= 1e9 { return "a billion" }
        if count >= 1e6 { return "\(Amount(rounding: (count / 1e6).rounded()).text) million" }
        return Amount(rounding: count.rounded()).text
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.inferences == 0 && seen.calls == 0 {
            return Readiness(detector: .outlier, state: .idle, tier: nil, why: "neither model calls nor tool calls seen yet")
        }
        let isPaid = seen.priced > 0 || seen.inferences == 0
        return Readiness(
            detector: .outlier, state: isPaid ? .live : .limited, tier: .statistical,
            why: isPaid ? "what single calls take is there" : "times are there; no model call shows what it costs",
            missing: isPaid ? [] : ["gen_ai.usage.input_tokens and gen_ai.usage.output_tokens", "kilter.cost_microdollars"])
    }
}

extension BaselineDesk {
    /// Holds the values of one span against all before it of its kind of step.
    // Guard: the row is only read, and only here.
    @inline(__always) func watchTails(
        _ row: UnsafePointer<SpanRecord>, _ tool: NameHash, finishReason: NameHash, _ strings: StringTable, _ shard: inout Shard,
        _ found: inout Found
    ) {
        guard let step = RunTally.step(of: row, tool: tool, finishReason: finishReason) else { return }
        let name = step.kind == .tool || step.kind == .phase ? step.name : 0
        let key = TailStream.key(agentKey: row.pointee.place.agentKey, step.kind, name)
        // Guard: the pointers are used before their slabs are changed again.
        let stream = shard.tails.findOrInsert(key, owner: row.pointee.place.tenantName, initial: TailStream()).slot
        var allowance = 0.0
        if stream.pointee.isReady, let agent = shard.agents.find(row.pointee.place.agentKey) {
            let passed = stream.pointee.pass(now, runs: agent.pointee.runs)
            let whole = standards.budget.allowance(passed: passed.time, runs: Double(passed.runs), agents: fleet)
            allowance = stream.pointee.spend(whole * agent.pointee.shareOfTail)
        }
        let values = Self.values(row)
        var first: (place: Int, sight: TailBaseline.Sight)?
        var others: UInt32 = 0
        for place in 0..<4 where values[place] > 0 {
            let sight = stream.pointee.tails[place].observe(values[place], allowance: allowance)
            if stream.pointee.tails[place].count == TailBaseline.ready, stream.pointee.noteReady(place) { begin(row, stream, &shard) }
            guard let sight else { continue }
            if first == nil {
                first = (place, sight)
            } else {
                others |= 1 << UInt32(TailStream.signals[place].rawValue)
            }
        }
        guard let first else { return }
        var change = SignalChange()
        change.signal = TailStream.signals[first.place]
        change.step = SignalChange.Step(step.kind)
        (change.before, change.after, change.largest) = (first.sight.usual, values[first.place], first.sight.largest)
        (change.lower, change.upper) = (change.after, change.after)
        (change.countBefore, change.countAfter) = (first.sight.count, 1)
        change.rarity = 1 / first.sight.probability
        change.evidence = Float(min(allowance / first.sight.probability, 1e30))
        change.others = others
        report(row, change, flagged: first.sight.flagged, subject: key, tool: step.kind == .tool ? step.name : 0, strings, &found)
    }

    /// From here on the kind of step has a part of the budget.
    // Guard: as above; the slot is of the shard's tails, which nothing in here inserts into.
    @inline(never) private func begin(
        _ row: UnsafePointer<SpanRecord>, _ stream: UnsafeMutablePointer<TailStream>, _ shard: inout Shard
    ) {
        guard let agent = shard.agents.find(row.pointee.place.agentKey) else { return }
        agent.pointee.noteTail()
        stream.pointee.begin(now, runs: agent.pointee.runs)
    }

    /// What a span shows of `TailStream.signals`, in their units; zero where it shows nothing.
    // Guard: as above.
    @inline(__always) private static func values(_ row: UnsafePointer<SpanRecord>) -> SIMD4<Double> {
        SIMD4(
            Double(row.pointee.costPicodollars), Double(row.pointee.outputTokens), Double(row.pointee.inputTokens),
            Double(row.pointee.endNanoseconds &- row.pointee.startNanoseconds))
    }

    // Guard: as above.
    @inline(never) private func report(
        _ row: UnsafePointer<SpanRecord>, _ change: SignalChange, flagged: UInt8, subject: UInt64, tool: NameHash, _ strings: StringTable,
        _ found: inout Found
    ) {
        let set = row.pointee.place.thresholdSet
        guard !standards.isSilenced(.outlier, set), !standards.isMaintained(set, at: row.pointee.endNanoseconds) else { return }
        var finding = Subject(row: row.pointee, strings: strings, record: record, thresholds: standards.of(set)).finding(
            .outlier, keying: .agent)
        finding.tier = .statistical
        finding.severity = change.evidence >= standards.budget.criticalFactor ? .critical : .warning
        // Outliers of one signal that follow closely are one episode, in whichever run they are.
        (finding.runKey, finding.traceKey, finding.spend) = (0, 0, SpendMark())
        finding.subject = StableHash.combine(subject, UInt64(change.signal.rawValue))
        finding.tool = tool
        finding.startedAt = EventTime(nanoseconds: row.pointee.startNanoseconds)
        finding.count = UInt32(flagged)
        finding.delaySpans = 1
        finding.change = change
        found.findings.append(finding)
    }
}
