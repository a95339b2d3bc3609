import KilterVocabulary

extension SpanResolver {
    /// What the span says about a run: its outcome, a person's feedback, evaluations, what a guardrail decided.
    @inline(__always) func resolveAssessments(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        let says =
            candidates.ranks(.outcome) | candidates.ranks(.feedback) | candidates.ranks(.guardrailName)
            | candidates.ranks(.evaluationName) | candidates.ranks(.guardrailOutcome) | candidates.ranks(.guardrailTriggered)
        if says == 0 && space.pointee.evaluations.isEmpty && row.kind != .guardrail { return }
        keepAssessments(&row, into: &batch)
    }

    @inline(never) private func keepAssessments(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        let first = batch.assessments.count
        keepOutcome(row, into: &batch)
        keepFeedback(row, into: &batch)
        keepGuardrail(row, into: &batch)
        if candidates.has(.evaluationName) { keepEvaluation(attributedEvaluation(), row, into: &batch) }
        for draft in space.pointee.evaluations { keepEvaluation(draft, row, into: &batch) }
        let kept = min(batch.assessments.count - first, Limits.assessmentsMax)
        if kept < batch.assessments.count - first {
            batch.assessments.removeSubrange((first + kept)...)
            if !space.pointee.facts.assessmentsDropped { space.pointee.note(.assessmentsDropped) }
        }
        if kept == 0 { return }
        row.firstAssessment = UInt32(clamping: first)
        row.assessmentCount = UInt16(clamping: kept)
    }

    private func keepOutcome(_ row: SpanRecord, into batch: inout SpanBatch) {
        guard candidates.has(.outcome) else { return }
        let label = scalarText(candidates.first(.outcome))
        guard !label.isEmpty else { return }
        var outcome = Assessment()
        outcome.kind = .outcome
        outcome.extent = .trace
        outcome.trace = row.trace
        outcome.label = space.pointee.name(label, into: &batch)
        batch.assessments.append(outcome)
    }

    private func keepFeedback(_ row: SpanRecord, into batch: inout SpanBatch) {
        guard candidates.has(.feedback) else { return }
        guard let score = score(candidates.first(.feedback)) else {
            space.pointee.note(.badNumber)
            return
        }
        var feedback = Assessment()
        feedback.kind = .feedback
        feedback.extent = .trace
        feedback.trace = row.trace
        feedback.hasScore = true
        feedback.score = score
        batch.assessments.append(feedback)
    }

    /// OpenInference has no attribute for a guardrail's decision: there it is what the span put out.
    private func keepGuardrail(_ row: SpanRecord, into batch: inout SpanBatch) {
        var label = scalarText(candidates.first(.guardrailOutcome))
        let triggered = candidates.first(.guardrailTriggered)
        if label.isEmpty && triggered.shape == .boolean { label = Text(triggered.bits != 0 ? "triggered" : "passed") }
        if label.isEmpty && row.kind == .guardrail { label = candidates.text(.genericOutput) }
        guard !label.isEmpty else { return }
        var guardrail = Assessment()
        guardrail.kind = .guardrail
        guardrail.trace = row.trace
        guardrail.span = row.span
        let name = space.pointee.nameText(.guardrailName)
        guardrail.name = space.pointee.name(name.isEmpty ? space.pointee.facts.name : name, into: &batch)
        guardrail.label = space.pointee.name(label, into: &batch)
        batch.assessments.append(guardrail)
    }

    /// An evaluation in the names of the event that should have carried it.
    private func attributedEvaluation() -> EvaluationDraft {
        var draft = EvaluationDraft(extent: .span, index: 0)
        draft.name = candidates.first(.evaluationName)
        draft.score = candidates.first(.evaluationScore)
        draft.label = candidates.first(.evaluationLabel)
        draft.judge = candidates.first(.evaluationJudge)
        return draft
    }

    /// An evaluation without a name, or without both score and label, says nothing.
    private func keepEvaluation(_ draft: EvaluationDraft, _ row: SpanRecord, into batch: inout SpanBatch) {
        let name = scalarText(draft.name)
        let score = score(draft.score)
        let label = scalarText(draft.label)
        if score == nil && draft.score.shape != .absent { space.pointee.note(.badNumber) }
        guard !name.isEmpty, score != nil || !label.isEmpty else { return }
        var evaluation = Assessment()
        evaluation.extent = draft.extent
        evaluation.hasScore = score != nil
        evaluation.score = score ?? 0
        evaluation.name = space.pointee.name(name, into: &batch)
        evaluation.label = space.pointee.name(label, into: &batch)
        let judge = folded(scalarText(draft.judge))
        evaluation.judge = space.pointee.name(judge.isEmpty ? scalarText(draft.identifier) : judge, into: &batch)
        target(&evaluation, row)
        batch.assessments.append(evaluation)
    }

    /// A result that came afterwards stands on a span of its own, whose only link says what it is about; its parent says
    /// nothing. Any other result is about the span that carries it.
    private func target(_ evaluation: inout Assessment, _ row: SpanRecord) {
        let isCarrier = row.kind == .evaluator && space.pointee.facts.links == 1 && space.pointee.facts.linkedTrace.isValid
        evaluation.trace = isCarrier ? space.pointee.facts.linkedTrace : row.trace
        guard evaluation.extent == .span else { return }
        evaluation.span = isCarrier ? space.pointee.facts.linkedSpan : row.span
    }

    // MARK: Values

    /// A finite number, or text of one.
    func score(_ value: AttributeValue) -> Double? {
        switch value.shape {
        case .integer: return Double(Int64(bitPattern: value.bits))
        case .double:
            let score = Double(bitPattern: value.bits)
            return score.isFinite ? score : nil
        case .boolean: return value.bits == 0 ? 0 : 1
        case .text:
            guard value.text.count <= 32, let text = space.pointee.arena.copy(value.text), isNumber(text) else { return nil }
            return parseDouble(text).flatMap { $0.isFinite ? $0 : nil }
        default: return nil
        }
    }

    /// Text, or what a number or truth value reads as.
    func scalarText(_ value: AttributeValue) -> Text {
        switch value.shape {
        case .text: value.text
        case .integer: space.pointee.arena.decimal(Int64(bitPattern: value.bits))
        case .boolean: Text(value.bits == 0 ? "false" : "true")
        default: .none
        }
    }

    func folded(_ text: Text) -> Text {
        guard let out = space.pointee.arena.room(text.count) else { return text }
        for index in 0..<text.count { out[index] = lowered(text[index]) }
        return space.pointee.arena.keep(text.count)
    }
}
