import KilterVocabulary

/// Turns what was collected about one log record into a row. Who speaks is found as for a span; what it says is an
/// exception, a statement about a run, a declared change, or nothing that the engine acts on.
struct LogResolver {
    // Guard: the workspace belongs to the decoder that made this resolver, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    private var candidates: Candidates { space.pointee.candidates }

    /// Appends the record's row to `batch`, or counts why it is refused.
    func finish(into batch: inout SpanBatch) {
        space.pointee.records &+= 1
        if space.pointee.facts.lacksTrace { space.pointee.foreignRecords &+= 1 }
        if let reason = refusal() {
            space.pointee.refused[Int(reason.rawValue)] &+= 1
            return
        }
        append(to: &batch)
    }

    private func refusal() -> QuarantineReason? {
        if space.pointee.facts.lacksTrace { return .notOTLP }
        return space.pointee.facts.refusal ?? space.pointee.resourceRefusal
    }

    private func append(to batch: inout SpanBatch) {
        space.pointee.echoConfigured(in: candidates)
        if space.pointee.facts.name.isEmpty { space.pointee.facts.name = candidates.text(.eventName) }
        var row = SpanRecord()
        row.flags = .logRecord
        copyEnvelope(to: &row)
        row.kind = kind()
        let spans = SpanResolver(space: space)
        spans.settleProducer(event: space.pointee.facts.name)
        spans.resolveNames(&row, into: &batch)
        spans.resolveParties(&row, into: &batch)
        space.pointee.resolveConfigured(&row, into: &batch)
        spans.resolveAnswer(event: space.pointee.facts.name, &row)
        if row.kind == .exception { resolveException(&row, spans, into: &batch) }
        LogStatements(space: space).resolve(&row, into: &batch)
        row.span = LogDigest(space: space).finish(
            row, event: space.pointee.facts.name, service: batch.strings.hash(row.service))
        if space.pointee.facts.duplicateKeys > 0 { space.pointee.note(.duplicateKey) }
        batch.rows.append(row)
    }

    /// A record has one time: its own or, where its source knows none, when it was observed.
    private func copyEnvelope(to row: inout SpanRecord) {
        let time = space.pointee.facts.start == 0 ? space.pointee.facts.end : space.pointee.facts.start
        row.trace = space.pointee.facts.trace
        row.parent = space.pointee.facts.parent
        row.startNanoseconds = time
        row.endNanoseconds = time
        guard space.pointee.facts.attributesDropped else { return }
        row.flags.insert(.partial)
        space.pointee.note(.attributesDropped)
    }

    // MARK: Kinds

    /// The event's name decides, then what the record carries.
    private func kind() -> OperationKind {
        let event = space.pointee.facts.name
        for (name, kind) in Self.events where event.equals(name) { return kind }
        if candidates.has(.outcome) || candidates.has(.feedback) { return .assessment }
        if candidates.has(.exceptionType) || candidates.has(.exceptionMessage) { return .exception }
        return .log
    }

    private static let events: [(StaticString, OperationKind)] = [
        ("gen_ai.evaluation.result", .assessment), ("gen_ai.guardrail.result", .assessment), ("kilter.mark", .mark),
        ("exception", .exception), ("gen_ai.client.operation.exception", .exception),
    ]

    /// The failure that a span shows which ended with this exception.
    private func resolveException(_ row: inout SpanRecord, _ spans: SpanResolver, into batch: inout SpanBatch) {
        space.pointee.facts.statusCode = 2
        space.pointee.facts.exceptionType = candidates.text(.exceptionType)
        space.pointee.facts.exceptionMessage = candidates.text(.exceptionMessage)
        spans.resolveFailure(&row, into: &batch)
    }
}
