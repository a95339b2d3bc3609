/// Attributes of events, which are log records with a name: results of evaluations and guardrails, outcomes, feedback
/// and declared changes.
enum EventDialect {
    /// The events that have attributes without a prefix.
    static func hasBareNames(_ event: Text) -> Bool {
        event.equals("kilter.mark") || event.equals("gen_ai.evaluation.result") || event.equals("gen_ai.choice")
    }

    /// The events that hold what a model answered, which stands in no attribute of its span.
    static func tellsAnswers(_ event: Text) -> Bool {
        event.equals("gen_ai.choice") || event.equals("gen_ai.client.inference.operation.details")
    }

    /// Of ordinary records nobody looks at this one, so that it may be no UTF-8.
    static let message = Slot(.outputMessages, Rank.bareOfEvents)

    static let aliases: [Alias] = [
        Alias("event.name", .eventName, Rank.current),
        Alias("gen_ai.evaluation.name", .evaluationName, Rank.current),
        Alias("gen_ai.evaluation.score.value", .evaluationScore, Rank.current),
        Alias("gen_ai.evaluation.score.label", .evaluationLabel, Rank.current),
        Alias("gen_ai.evaluation.annotator_kind", .evaluationJudge, Rank.vendor),
        Alias("gen_ai.evaluation.judge", .evaluationJudge, Rank.vendor + 1),
        Alias("annotator_kind", .evaluationJudge, Rank.bareOfEvents),
        Alias("gen_ai.guardrail.component.name", .guardrailName, Rank.current),
        Alias("gen_ai.guardrail.policy.id", .guardrailName, Rank.current + 1),
        Alias("gen_ai.guardrail.name", .guardrailName, Rank.vendor),
        Alias("gen_ai.guardrail.result.type", .guardrailOutcome, Rank.current),
        Alias("gen_ai.guardrail.result.value", .guardrailOutcome, Rank.current + 1),
        Alias("gen_ai.guardrail.status", .guardrailOutcome, Rank.vendor),
        Alias("gen_ai.guardrail.triggered", .guardrailTriggered, Rank.vendor),
        Alias("kilter.outcome", .outcome, Rank.kilter),
        Alias("kilter.user_feedback", .feedback, Rank.kilter),
        Alias("message", .outputMessages, Rank.bareOfEvents),
        Alias("kind", .markKind, Rank.bareOfEvents),
        Alias("target", .markTarget, Rank.bareOfEvents),
        Alias("note", .markNote, Rank.bareOfEvents),
    ]
}
