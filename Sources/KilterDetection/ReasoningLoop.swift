import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the agent says the same thing again and again instead of doing something.
///
/// Two rules. In a row: identical answers of one agent in a turn, one after the other, no tool call by it and no new message to
/// it in between; the same message put in again by a program is no new one. Tail: the end of a single answer is one block of
/// words over and over; lists that only begin alike, tables, code and numbers are none (`AnswerTail`).
///
/// A failed request is no answer, one that asks for tools is work. Where the question is not seen it only warns.
/// Answers of fewer than sixteen letters ("Done.", a label)
/// weigh a fifth and, where nobody sees what they answer, only inform.
enum ReasoningLoop {
    /// Whether `row` is an answer that counts.
    // Guard: the pointer is only used here.
    @inline(__always) static func concerns(_ row: UnsafePointer<SpanRecord>) -> Bool {
        row.pointee.answer.kind != .absent && row.pointee.place.outcome == .processed
            && row.pointee.flags.isDisjoint(with: [.failed, .rateLimited, .blocked, .serverSide, .logRecord])
    }

    /// By how much more often a brief answer must come.
    private static let briefWeight: UInt32 = 5

    /// The verdicts on one answer, which `memory` has taken; `subject` is made only for a finding.
    @inline(never) static func judge(
        _ memory: AnswerMemory, _ answer: Answer, _ counts: Thresholds, subject make: () -> Subject, into findings: inout [Finding]
    ) {
        if let finding = inRow(memory, answer, counts, make) { findings.append(finding) }
        guard let severity = counts.answerTail.severity(of: UInt32(answer.tailRepeats)) else { return }
        let subject = make()
        var finding = base(.tail, .structural, severity, subject)
        finding.count = UInt32(answer.tailRepeats)
        finding.threshold = counts.answerTail.threshold(of: severity)
        finding.step = UInt32(answer.tailBytes)
        // One episode with the row that the same answer may be part of.
        finding.subject = answer.digest
        finding.firstSpan = subject.row.span
        finding.startedAt = EventTime(nanoseconds: subject.row.startNanoseconds)
        findings.append(finding)
    }

    private static func inRow(_ memory: AnswerMemory, _ answer: Answer, _ counts: Thresholds, _ make: () -> Subject) -> Finding? {
        guard memory.digest != 0, memory.count > 1 else { return nil }
        let isBrief = answer.kind == .brief
        let ladder = isBrief ? counts.repeatedAnswers.multiplied(by: briefWeight) : counts.repeatedAnswers
        guard var severity = ladder.severity(of: memory.count) else { return nil }
        if isBrief && memory.prompt == 0 {
            // Labels for many questions look the same as one who says no more than "OK".
            guard ladder.info != Ladder.never else { return nil }
            severity = .info
        }
        // Whoever grades or classifies says the same of many things; without the question that may be what happens.
        if memory.prompt == 0, severity == .critical, ladder.warning != Ladder.never { severity = .warning }
        let subject = make()
        var finding = base(.inRow, .identicalResult, severity, subject)
        finding.count = memory.count
        finding.threshold = ladder.threshold(of: severity)
        finding.subject = memory.digest
        finding.members = memory.prompt == 0 ? 0 : 1
        finding.firstSpan = memory.firstSpan
        finding.previousSpan = memory.previousSpan
        finding.startedAt = EventTime(nanoseconds: memory.startedAt)
        finding.spent = subject.row.place.mark.since(memory.spend)
        finding.delaySpans = memory.count &- 1
        return finding
    }

    private static func base(_ rule: Finding.Rule, _ tier: Tier, _ severity: Severity, _ subject: Subject) -> Finding {
        var finding = subject.finding(.reasoningLoop, keying: .agent)
        finding.rule = rule
        finding.tier = tier
        finding.severity = severity
        finding.digest = subject.row.answer.digest
        return finding
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.answers == 0 {
            return Readiness(
                detector: .reasoningLoop, state: .idle, tier: nil, why: "no model call seen yet", missing: ["gen_ai.operation.name"],
                fix: "Give every model call a span of its own with gen_ai.operation.name=chat.")
        }
        if Shortfall.isMost(seen.shownAnswers, of: seen.answers) {
            return Readiness(
                detector: .reasoningLoop, state: .live, tier: .identicalResult, why: "model calls show what was answered, or its digest")
        }
        return Readiness(
            detector: .reasoningLoop, state: seen.shownAnswers == 0 ? .blind : .limited,
            tier: seen.shownAnswers == 0 ? nil : .identicalResult,
            why: "only \(Shortfall.share(seen.shownAnswers, of: seen.answers, "model calls")) show what was answered, or its digest",
            missing: ["gen_ai.output.messages", "kilter.message.sha256"],
            fix: "Set kilter.message.sha256 (hex digest of the answer; in Python kilter.message(text)) on the model call's span, or let "
                + "the instrumentation capture content (OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=SPAN_ONLY).")
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        finding.rule == .tail ? explainTail(finding, name) : explainRow(finding, name)
    }

    private static func explainRow(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let span = Wording.duration(finding.observedAt.since(finding.startedAt))
        let hidden = ["work without a tool span"] + (finding.members == 0 ? ["messages to the agent"] : [])
        return Explanation(
            summary: "\(name(finding.agent)) gave the same answer \(finding.count) times in a row without a tool call or a new message "
                + "in between, within \(span) (\(Wording.level(finding))).",
            advice: "You have given this answer \(finding.count) times and nothing has changed; take the next step, or stop and report.",
            evidence: [
                Evidence("rule", .string(finding.rule.name)), Evidence("answer", .string(Hex.string(finding.digest))),
            ] + Wording.occurrences(finding) + [Evidence("not_observable", .strings(hidden))],
            unit: "answers")
    }

    private static func explainTail(_ finding: Finding, _ name: NameLookup) -> Explanation {
        Explanation(
            summary: "An answer of \(name(finding.agent)) ends in \(finding.count) copies of one block of \(finding.step) bytes "
                + "(\(Wording.level(finding))).",
            advice: "The end of your last answer repeats itself; leave it out, and go on with what you were asked for.",
            evidence: [
                Evidence("rule", .string(finding.rule.name)), Evidence("answer", .string(Hex.string(finding.digest))),
                Evidence("period_bytes", .integer(Int64(finding.step))), Evidence("copies", .integer(Int64(finding.count))),
            ] + Wording.occurrences(finding),
            unit: "copies")
    }
}
