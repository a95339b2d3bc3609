import KilterMath
import KilterState
import KilterVocabulary

/// One message of a dialogue, on its way to what is known of such dialogues over all runs.
public struct DialogueMark: Sendable {
    public var record: UInt32
    public var tenant: NameHash
    public var dialogue: Dialogue

    /// Key of the pair and the phase within the tenant.
    public var key: UInt64 {
        let key = StableHash.combine(tenant, dialogue.key)
        return key == 0 ? 1 : key
    }
}

extension Detection {
    /// Group keying: one message against the dialogues of the same two agents in the same phase, whatever the run. `shard` is
    /// that of the mark's key; marks come in the order of their records.
    public static func stepDialogue(
        _ mark: DialogueMark, _ batch: SpanBatch, _ standards: Standards, _ shard: inout Shard, into findings: inout [Finding]
    ) {
        // Guard: the pointer is used before the slab is changed again.
        let history = shard.dialogues.findOrInsert(mark.key, owner: mark.tenant, initial: DialogueHistory()).slot
        history.pointee.observe(length: mark.dialogue.length)
        let row = batch.rows[Int(mark.record)]
        guard let sight = history.pointee.judge(length: mark.dialogue.length) else { return }
        let counts = standards.thresholds[Int(row.place.thresholdSet)]
        let subject = Subject(row: row, strings: batch.strings, record: mark.record, thresholds: counts)
        if let finding = MessageStorm.judge(mark.dialogue, sight, subject) { findings.append(finding) }
    }
}

extension MessageStorm {
    /// The verdict on a dialogue that stands apart from all others of its pair and phase.
    static func judge(_ dialogue: Dialogue, _ sight: DialogueHistory.Sight, _ subject: Subject) -> Finding? {
        let ladder = subject.thresholds.dialogueOutgrown
        guard sight.median > 0, let severity = ladder.severity(of: (dialogue.length &- 1) / sight.median) else { return nil }
        var finding = subject.finding(.messageStorm, keying: .group)
        finding.tier = .structural
        finding.severity = severity
        finding.rule = .outgrown
        finding.count = dialogue.length
        // More than so many times the median, and never fewer than make a dialogue.
        let begins = ladder.threshold(of: severity).multipliedReportingOverflow(by: sight.median).partialValue
        finding.threshold = max(begins &+ 1, DialogueHistory.messagesMin)
        finding.window = sight.dialogues
        finding.members = sight.median
        finding.peer = subject.strings.hash(subject.row.sender)
        finding.subject = StableHash.combine(min(finding.peer, finding.agent), max(finding.peer, finding.agent))
        finding.digest = subject.row.messageDigest
        finding.firstSpan = dialogue.firstSpan
        finding.previousSpan = dialogue.previousSpan
        finding.startedAt = EventTime(nanoseconds: dialogue.startedAt)
        finding.spent = subject.row.place.mark.since(dialogue.spend)
        finding.delaySpans = dialogue.length &- 1
        return finding
    }

    static func explainOutgrown(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let sender = name(finding.peer)
        let receiver = name(finding.agent)
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        var evidence = [
            Evidence("rule", .string(finding.rule.name)), Evidence("path", .strings([sender, receiver])),
            Evidence("dialogues", .integer(Int64(finding.window))), Evidence("median_messages", .integer(Int64(finding.members))),
        ]
        if finding.digest == 0 { evidence.append(Evidence("not_observable", .strings(["message"]))) }
        return Explanation(
            summary: "\(sender) and \(receiver) exchanged \(finding.count) messages in a row without a tool call within \(span); half of "
                + "their \(finding.window) dialogues before were of \(finding.members) messages at most (\(Wording.level(finding))).",
            advice: "You and \(sender) have talked far longer than you ever do; agree on something to do, or stop.",
            evidence: evidence + Wording.occurrences(finding), unit: "messages")
    }
}
