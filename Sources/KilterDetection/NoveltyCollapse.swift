import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the agent does nothing any more that it has not done before in this turn.
///
/// Evidence: how many of its last thirty (call, result) pairs the turn had seen already, most of them twice at least; or
/// whether it had seen each of its last ten three times. The shape of the repetition does not matter, and one more pass over
/// the same files is none. Results that only acknowledge, and tools that poll, count as new. Where results are
/// not known, calls alone may inform. Solved runs still bring 18 new pairs in their worst 30 calls, and none of 371 has
/// ten without one. What `repeated_call` or `call_cycle` say of the same record as loudly, this one leaves to them.
enum NoveltyCollapse {
    /// Pairs among the last thirty that must have been seen twice: a second and a third pass over fifteen files have fifteen.
    private static let wornMin: UInt32 = 16

    @inline(never) static func judge(_ window: NoveltyWindow, resultKnown: Bool, louderThan said: Severity?, _ subject: Subject) -> Finding?
    {
        let counts = subject.thresholds
        var best = verdict(.lastThirty, window.knownPairs(ofLast: 30), 30, counts.knownOfThirty, window, subject)
        if window.wornPairs(ofLast: 30) < wornMin { best = nil }
        if let standing = best, standing.severity == .warning, !window.isFalling { best?.severity = .info }
        let ten = verdict(.lastTen, window.wornOutPairs(ofLast: 10), 10, counts.knownOfTen, window, subject)
        if let ten, ten.severity > best?.severity ?? .info { best = ten }
        if best == nil, !resultKnown {
            best = verdict(.callsOfThirty, window.knownCalls(ofLast: 30), 30, counts.knownCallsOfThirty, window, subject)
            best?.tier = .identicalArguments
        }
        guard let best, said.map({ best.severity > $0 }) ?? true else { return nil }
        return best
    }

    private static func verdict(
        _ rule: Finding.Rule, _ count: UInt32, _ last: UInt32, _ ladder: Ladder, _ window: NoveltyWindow, _ subject: Subject
    ) -> Finding? {
        guard let severity = ladder.severity(of: count) else { return nil }
        var finding = subject.finding(.noveltyCollapse, keying: .agent)
        finding.tier = .identicalOutcome
        finding.rule = rule
        finding.severity = severity
        finding.count = count
        finding.window = last
        finding.threshold = ladder.threshold(of: severity)
        finding.tool = subject.strings.hash(subject.row.tool)
        finding.firstSpan = window.lastNewSpan
        finding.startedAt = EventTime(nanoseconds: window.lastNewAt)
        finding.delaySpans = window.calls &- window.lastNewCall
        finding.spent = subject.row.place.mark.since(window.lastNewSpend)
        return finding
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if var plain = Shortfall.identicalResult(.noveltyCollapse, seen) {
            if plain.state == .live { plain.tier = .identicalOutcome }
            return plain
        }
        let shows = seen.knownArguments < seen.knownResults ? Shortfall.arguments : Shortfall.results
        if seen.knownResults == 0 {
            return Readiness(
                detector: .noveltyCollapse, state: .limited, tier: .identicalArguments,
                why: "no tool call shows its result: it informs, on equal arguments alone, and never warns",
                missing: shows, fix: Shortfall.content)
        }
        let both = Shortfall.share(min(seen.knownArguments, seen.knownResults), of: seen.calls, "calls")
        return Readiness(
            detector: .noveltyCollapse, state: .limited, tier: .identicalOutcome,
            why: "only \(both) show both arguments and result", missing: shows, fix: Shortfall.content)
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        let fresh = finding.window - min(finding.count, finding.window)
        let onCallsAlone = finding.rule == .callsOfThirty
        let what = onCallsAlone ? "calls" : "calls with their results"
        var evidence = [
            Evidence("rule", .string(finding.rule.name)), Evidence("new", .integer(Int64(fresh))),
            Evidence("of_last", .integer(Int64(finding.window))),
        ]
        if finding.firstSpan != 0 { evidence.append(Evidence("last_new_span_id", .string(Hex.string(finding.firstSpan)))) }
        evidence.append(Evidence("last_span_id", .string(Hex.string(finding.span))))
        if onCallsAlone { evidence.append(Evidence("not_observable", .strings(["result"]))) }
        return Explanation(
            summary: "\(fresh) of the last \(finding.window) \(what) of \(name(finding.agent)) were new to its turn"
                + (finding.delaySpans > 0 ? "; nothing new for \(finding.delaySpans) calls, \(span)" : "")
                + " (\(finding.severity.name) from \(finding.threshold) known).",
            advice: "Only \(fresh) of your last \(finding.window) calls tried or learned anything new; "
                + "take another approach, or stop and report what is missing.",
            evidence: evidence, unit: "known calls")
    }
}
