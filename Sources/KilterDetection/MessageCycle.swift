import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the same text goes round a circle of three or more agents who only pass it on.
///
/// Evidence: an agent gets back, word for word, what it had sent, along the agents from whom each got it last, and calls no tool
/// between one time and the next. Turns are counted where the text comes back first, so a circle of nine has made its third turn
/// with its 27th message. To and fro between two is `message_storm`'s, a circle of more than sixteen `message_growth`'s. One
/// episode for each circle and text, whichever agent it is told from. Cost: nothing until a text comes back.
enum MessageCycle {
    @inline(never) static func judge(
        _ graph: inout AgentGraph, _ sight: AgentGraph.Sight, _ counts: Thresholds, sender: NameHash, subject: () -> Subject
    ) -> Finding? {
        guard sight.turns > 0, let severity = counts.circleTurns.severity(of: sight.turns) else { return nil }
        let subject = subject()
        guard let circle = graph.circle(of: subject.row.messageDigest, through: subject.row.place.agentName) else { return nil }
        var finding = subject.finding(.messageCycle, keying: .run)
        finding.tier = .identicalResult
        finding.severity = severity
        finding.count = sight.turns
        finding.threshold = counts.circleTurns.threshold(of: severity)
        finding.peer = sender
        finding.subject = circle.mark
        finding.digest = subject.row.messageDigest
        finding.period = UInt8(clamping: circle.count)
        finding.cycle = circle.names
        finding.members = circle.messages
        finding.firstSpan = circle.firstSpan
        finding.previousSpan = circle.previousSpan
        finding.startedAt = EventTime(nanoseconds: circle.startedAt)
        finding.spent = subject.row.place.mark.since(circle.spend)
        finding.delaySpans = circle.delay
        return finding
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let agents = (0..<Int(finding.period)).map { name(finding.cycle[$0]) }
        let circle = (agents + agents.prefix(1)).joined(separator: " → ")
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        return Explanation(
            summary:
                "The same message went round \(finding.period) agents (\(circle)) \(finding.count) times, \(finding.members) messages, "
                + "without a tool call by \(name(finding.agent)), within \(span) (\(Wording.level(finding))).",
            advice: "This message has come back to you \(finding.count) times; "
                + "do not pass it on again unless there is something new to say or do.",
            evidence: [
                Evidence("path", .strings(agents)), Evidence("message", .string(Hex.string(finding.digest))),
                Evidence("length", .integer(Int64(finding.period))), Evidence("messages", .integer(Int64(finding.members))),
            ] + Wording.occurrences(finding) + [Evidence("not_observable", .strings(["work without a tool span"]))],
            unit: "turns")
    }
}
