import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the messages of a run cause ever more messages, bring in ever more agents, or do not die out.
///
/// Healthy is what stops growing: one agent that asks twenty, each of whom answers; a team of three levels that reports
/// upwards, which grows for two generations and is not mentioned; a dialogue of two, however long; a pipeline of a few steps. Each
/// message there causes one or less, and answers bring in nobody. Evidence against a run, see `AgentGraph`: three generations in a row
/// that grow by agents never seen, whether messages come in their order or spans as they end, innermost first; the same with
/// forty-eight agents in the run; a chain of agents each brought in by the one before; five generations that only pass on
/// what was said already, among three parties or more, none of whom worked. Source: peers' thresholds; pi-msg measured 0.03 to 0.33
/// messages a message in health. Structural: it may trip only a breaker that lists it. Limits: an agent that is used again
/// under its old name is not new, and beyond sixty-four agents nobody knows who brought in whom.
enum MessageGrowth {
    @inline(never) static func judge(
        _ graph: inout AgentGraph, _ sight: AgentGraph.Sight, _ counts: Thresholds, sender: NameHash, subject: () -> Subject
    ) -> Finding? {
        var best: (rule: Finding.Rule, count: UInt32, ladder: Ladder, back: UInt32)?
        var severity = Severity.info
        // Of rules that speak as loudly, the first.
        func weigh(_ rule: Finding.Rule, _ count: UInt32, _ ladder: Ladder, back: UInt32) {
            guard count > 0, let reached = ladder.severity(of: count), best == nil || reached > severity else { return }
            (best, severity) = ((rule, count, ladder, back), reached)
        }
        weigh(.growingGenerations, sight.growing, counts.growingGenerations, back: sight.growing)
        weigh(.depth, sight.depth, counts.chainDepth, back: sight.depth)
        weigh(.relayedTexts, sight.passing, counts.relayingGenerations, back: sight.passing)
        weigh(.agentsOfGrowingRun, sight.spread, counts.agentsOfGrowingRun, back: sight.generation)
        guard let best else { return nil }
        let subject = subject()
        var finding = subject.finding(.messageGrowth, keying: .run)
        finding.tier = .structural
        finding.severity = severity
        finding.rule = best.rule
        finding.count = best.count
        finding.threshold = best.ladder.threshold(of: severity)
        finding.peer = sender
        finding.digest = subject.row.messageDigest
        finding.members = graph.agents
        let path = graph.path(to: subject.row.place.agentName)
        finding.cycle = path.names
        finding.period = UInt8(clamping: path.count)
        let onset = graph.onset(of: sight.generation, count: best.back)
        finding.firstSpan = onset.span
        finding.startedAt = EventTime(nanoseconds: onset.startedAt)
        finding.delaySpans = onset.delay
        return finding
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.messages == 0 { return Shortfall.noMessages(.messageGrowth) }
        if seen.comparableMessages > 0 {
            return Readiness(detector: .messageGrowth, state: .live, tier: .structural, why: "messages have a sender")
        }
        return Readiness(
            detector: .messageGrowth, state: .limited, tier: .structural,
            why: "messages have a sender and no text: it sees agents that bring in agents, not texts that are passed on",
            missing: Shortfall.digests,
            fix: "Set kilter.message.sha256 (hex digest of the text) on the span that carries the message.")
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let agents = (0..<Int(finding.period)).map { name(finding.cycle[$0]) }
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        let what: String
        let unit: String
        switch finding.rule {
        case .depth:
            what = "\(finding.count) agents brought in one another in a chain, down to \(name(finding.agent))"
            unit = "agents"
        case .relayedTexts:
            what =
                "\(finding.count) generations of messages in a row only passed on what had been said, the last from "
                + "\(name(finding.peer)) to \(name(finding.agent))"
            unit = "generations"
        case .agentsOfGrowingRun:
            what = "The run has \(finding.count) agents, and the last three generations each brought in more than they had"
            unit = "agents"
        default:
            what =
                "\(finding.count) generations of messages in a row each brought in more agents than the one before, \(finding.members) so far"
            unit = "generations"
        }
        var evidence = [
            Evidence("rule", .string(finding.rule.name)), Evidence("path", .strings(agents)),
            Evidence("agents", .integer(Int64(finding.members))),
        ]
        if finding.digest != 0 { evidence.append(Evidence("message", .string(Hex.string(finding.digest)))) }
        evidence += Wording.occurrences(finding)
        if finding.digest == 0 { evidence.append(Evidence("not_observable", .strings(["message"]))) }
        return Explanation(
            summary: "\(what), within \(span) (\(Wording.level(finding))).",
            advice: finding.rule == .relayedTexts
                ? "You are passing on what everybody has been told; answer only if there is something new to say or do."
                : "This task has been handed on to \(finding.members) agents; do the work yourself instead of bringing in more.",
            evidence: evidence, unit: unit)
    }
}
