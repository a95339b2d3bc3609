import KilterVocabulary

/// What a log record states about a run: evaluation and guardrail results, outcomes, feedback, declared changes.
struct LogStatements {
    // Guard: the workspace belongs to the decoder that made this resolver, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    private var candidates: Candidates { space.pointee.candidates }

    /// Appends the record's statements to `batch`, in a fixed order, and lets the row refer to them.
    func resolve(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        let first = batch.assessments.count
        let event = space.pointee.facts.name
        if event.equals("gen_ai.evaluation.result") {
            append(evaluation(&row, into: &batch), to: &batch)
        } else if event.equals("gen_ai.guardrail.result") {
            append(guardrail(row, into: &batch), to: &batch)
        } else if event.equals("kilter.mark") {
            append(mark(row, into: &batch), to: &batch)
        }
        if candidates.has(.outcome) { append(outcome(row, into: &batch), to: &batch) }
        if candidates.has(.feedback) { append(feedback(&row), to: &batch) }
        row.firstAssessment = UInt32(clamping: first)
        row.assessmentCount = UInt16(clamping: batch.assessments.count - first)
        if row.assessmentCount == 0 { row.firstAssessment = 0 }
    }

    /// A statement that lacks what makes it one is counted instead.
    private func append(_ statement: Assessment?, to batch: inout SpanBatch) {
        if let statement { batch.assessments.append(statement) } else { space.pointee.note(.assessmentsDropped) }
    }

    // MARK: Statements

    private func evaluation(_ row: inout SpanRecord, into batch: inout SpanBatch) -> Assessment? {
        var said = target(.evaluation, row)
        said.name = name(.evaluationName, into: &batch)
        said.label = name(.evaluationLabel, into: &batch)
        said.judge = space.pointee.name(judge(), into: &batch)
        if candidates.has(.evaluationScore), let score = number(.evaluationScore, &row) {
            said.score = score
            said.hasScore = true
        }
        return said.name == 0 || (!said.hasScore && said.label == 0) ? nil : said
    }

    private func guardrail(_ row: SpanRecord, into batch: inout SpanBatch) -> Assessment? {
        var said = target(.guardrail, row)
        said.name = name(.guardrailName, into: &batch)
        said.label = name(.guardrailOutcome, into: &batch)
        let triggered = candidates.first(.guardrailTriggered)
        if said.label == 0 && triggered.shape == .boolean {
            said.label = space.pointee.name(Text(triggered.bits != 0 ? "triggered" : "passed"), into: &batch)
        }
        return said.name == 0 || said.label == 0 ? nil : said
    }

    private func mark(_ row: SpanRecord, into batch: inout SpanBatch) -> Assessment? {
        var said = target(.mark, row)
        said.name = name(.markKind, into: &batch)
        said.label = name(.markTarget, into: &batch)
        said.judge = name(.markNote, into: &batch)
        return said
    }

    private func outcome(_ row: SpanRecord, into batch: inout SpanBatch) -> Assessment? {
        var said = ofRun(.outcome, row)
        said.label = name(.outcome, into: &batch)
        return said.label == 0 ? nil : said
    }

    private func feedback(_ row: inout SpanRecord) -> Assessment? {
        guard let score = number(.feedback, &row) else { return nil }
        var said = ofRun(.feedback, row)
        said.score = score
        said.hasScore = true
        return said
    }

    // MARK: Targets

    /// A result is about the span that the record names, else about the response, else about the trace.
    private func target(_ kind: Assessment.Kind, _ row: SpanRecord) -> Assessment {
        var said = ofRun(kind, row)
        said.responseID = row.responseID
        if row.parent != 0 || row.responseID != 0 { said.extent = .span }
        return said
    }

    /// An outcome and feedback are about the run, whatever span was current when they came in.
    private func ofRun(_ kind: Assessment.Kind, _ row: SpanRecord) -> Assessment {
        var said = Assessment()
        said.kind = kind
        said.trace = row.trace
        said.span = row.parent
        said.extent = row.trace.isValid ? .trace : .session
        return said
    }

    // MARK: Values

    private func name(_ field: Field, into batch: inout SpanBatch) -> StringRef {
        candidates.has(field) ? space.pointee.name(space.pointee.nameText(field), into: &batch) : 0
    }

    private func judge() -> Text {
        let spans = SpanResolver(space: space)
        return candidates.has(.evaluationJudge) ? spans.folded(spans.scalarText(candidates.first(.evaluationJudge))) : .none
    }

    /// A finite number, whichever type it was sent as. What is none is noted and treated as absent.
    private func number(_ field: Field, _ row: inout SpanRecord) -> Double? {
        if let number = SpanResolver(space: space).score(candidates.first(field)) { return number }
        row.flags.insert(.badNumber)
        space.pointee.note(.badNumber)
        return nil
    }
}
