import KilterMath
import KilterState
import KilterVocabulary

/// Claim: an agent sends another one, or itself, the same message again and again and nobody does any work.
///
/// Evidence: equal text digests in one direction in a row, no tool call by either side since the previous one
/// (0 of 208 clean multi-agent runs at three); to oneself, equal digests within a minute. Texts aside, a dialogue that stands
/// apart from all others of its pair and phase, three times as long as half of them: it may be slow or paraphrased.
/// People are not agents, and a message whose sender is not known is no evidence at all.
enum MessageStorm {
    /// The verdict on one message; `subject` is made only for a finding.
    // Guard: the pointer is only used here.
    @inline(never) static func judge(
        _ board: inout MessageBoard, _ row: UnsafePointer<SpanRecord>, sender: NameHash, _ counts: Thresholds,
        subject: () -> Subject
    ) -> Finding? {
        let receiver = row.pointee.place.agentName
        if sender == receiver {
            let sight = board.observeSelfMessage(
                agent: sender, digest: row.pointee.messageDigest, span: row.pointee.span, end: row.pointee.endNanoseconds,
                window: Thresholds.messageToSelfWindow, spend: row.pointee.place.mark)
            return verdict(sight, counts.messageToSelf, .toSelf, subject)
        }
        let sight = board.observeMessage(
            from: sender, to: receiver, digest: row.pointee.messageDigest, span: row.pointee.span,
            parent: row.pointee.parent, start: row.pointee.startNanoseconds, spend: row.pointee.place.mark)
        guard let sight else { return nil }
        return verdict(sight, counts.messagePair, .pair, subject)
    }

    private static func verdict(
        _ sight: MessageBoard.Sight, _ ladder: Ladder, _ rule: Finding.Rule, _ make: () -> Subject
    ) -> Finding? {
        guard let severity = ladder.severity(of: sight.count) else { return nil }
        let subject = make()
        var finding = subject.finding(.messageStorm, keying: .run)
        finding.tier = .identicalResult
        finding.severity = severity
        finding.rule = rule
        finding.count = sight.count
        finding.threshold = ladder.threshold(of: severity)
        finding.peer = subject.strings.hash(subject.row.sender)
        // Both directions of a pair are one episode.
        finding.subject = StableHash.combine(min(finding.peer, finding.agent), max(finding.peer, finding.agent))
        finding.digest = subject.row.messageDigest
        finding.firstSpan = sight.firstSpan
        finding.previousSpan = sight.previousSpan
        finding.startedAt = EventTime(nanoseconds: sight.startedAt)
        finding.spent = subject.row.place.mark.since(sight.spend)
        finding.delaySpans = sight.delay
        return finding
    }

    /// `message_cycle` needs the same.
    static func readiness(_ seen: Visibility, of detector: DetectorID) -> Readiness {
        if seen.messages == 0 {
            return Shortfall.noMessages(detector)
        }
        if Shortfall.isMost(seen.comparableMessages, of: seen.messages) {
            return Readiness(
                detector: detector, state: .live, tier: .identicalResult, why: "messages have a sender and a digest")
        }
        return Readiness(
            detector: detector, state: seen.comparableMessages == 0 ? .blind : .limited,
            tier: seen.comparableMessages == 0 ? nil : .identicalResult,
            why: "only \(Shortfall.share(seen.comparableMessages, of: seen.messages, "messages")) have a text that can be compared",
            missing: Shortfall.digests,
            fix: "Set kilter.message.sha256 (hex digest of the text) on the span that carries the message.")
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        if finding.rule == .outgrown { return explainOutgrown(finding, name) }
        let sender = name(finding.peer)
        let receiver = name(finding.agent)
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        let toSelf = finding.rule == .toSelf
        let what =
            toSelf
            ? "\(sender) sent itself the same message \(finding.count) times"
            : "\(sender) sent \(receiver) the same message \(finding.count) times in a row without a tool call by either"
        return Explanation(
            summary: "\(what) within \(span) (\(Wording.level(finding))).",
            advice: toSelf
                ? "You are sending yourself the same message; stop, or do the work it asks for."
                : "You and \(sender) are exchanging the same messages; do not answer again unless there is something new to say or do.",
            evidence: [
                Evidence("rule", .string(finding.rule.name)), Evidence("path", .strings([sender, receiver])),
                Evidence("message", .string(Hex.string(finding.digest))),
            ] + Wording.occurrences(finding),
            unit: "messages")
    }
}
