import KilterMath
import KilterVocabulary

// Log records: statements about spans that came, come, or never come.
extension TenantMemory {
    /// Admits a log record: finds out whose it is, and keeps an exception for its span.
    ///
    /// It joins the run and agent of the span that it names, or of its trace; it begins neither, and no sequence of calls
    /// sees it. A record is a duplicate when another one said the same of the same span at the same time.
    // Guard: the row is nobody else's while it is admitted.
    mutating func admitLog(_ row: UnsafeMutablePointer<SpanRecord>, _ names: RowNames) -> Outcome {
        let key = RecentSpans.key(row.pointee.trace, row.pointee.span)
        guard recentLogs.find(key) == nil else { return .duplicate }
        recentLogs.add(.init(key: key, parent: 0, agent: 0, kind: row.pointee.kind))

        let isTraced = row.pointee.trace.isValid
        let traceKey = isTraced ? self.traceKey(row.pointee.trace) : 0
        var trace = (isTraced ? traces.find(traceKey)?.pointee : nil) ?? TraceMemory(turn: traceKey, task: traceKey)
        if names.conversation != 0 { trace.conversation = names.conversation }
        row.pointee.place.agentName = agent(of: row, names, trace)
        fillKeys(row, names, traceKey, &trace)
        if row.pointee.kind == .exception { keepException(row) }
        if row.pointee.answer.kind != .absent { keepAnswer(row) }

        engineTime = max(engineTime, EventTime(nanoseconds: row.pointee.endNanoseconds))
        row.pointee.place.engineTime = engineTime
        row.pointee.place.fleet = fleet.size
        return .processed
    }

    // Guard: as above.
    private func agent(of row: UnsafePointer<SpanRecord>, _ names: RowNames, _ trace: TraceMemory) -> NameHash {
        if names.agent != 0 { return names.agent }
        if row.pointee.parent != 0 {
            let above = ancestorAgent(recent.find(RecentSpans.key(row.pointee.trace, row.pointee.parent)))
            if above != 0 { return above }
        }
        return trace.lastAgent != 0 ? trace.lastAgent : names.service
    }

    /// Log records are exported seconds before the span that they speak of, which shows its error by its status alone.
    // Guard: as above.
    private mutating func keepException(_ row: UnsafePointer<SpanRecord>) {
        guard row.pointee.parent != 0, row.pointee.errorDigest != 0 else { return }
        let key = RecentSpans.key(row.pointee.trace, row.pointee.parent)
        let slot = exceptions.findOrInsert(key, owner: 0, initial: ExceptionMemory()).slot
        slot.pointee = ExceptionMemory(
            type: row.pointee.place.errorName, digest: row.pointee.errorDigest,
            flags: row.pointee.flags.intersection(
                row.pointee.flags.contains(.partOfCall) ? [.failed, .errorText, .rateLimited] : [.errorText, .rateLimited]))
    }

    /// Log records of what a model answered are exported before its span too; of several choices the last one counts.
    // Guard: as above.
    private mutating func keepAnswer(_ row: UnsafePointer<SpanRecord>) {
        let key = RecentSpans.key(row.pointee.trace, row.pointee.parent)
        answers.findOrInsert(key, owner: 0, initial: Answer()).slot.pointee = row.pointee.answer
    }

    /// Gives a model's span that shows no answer the one that a log record told.
    // Guard: as above.
    @inline(never) mutating func takeAnswer(of row: UnsafeMutablePointer<SpanRecord>) {
        guard row.pointee.kind.answers || row.pointee.kind == .invokeAgent else { return }
        if let known = answers.find(RecentSpans.key(row.pointee.trace, row.pointee.span))?.pointee { row.pointee.answer = known }
    }

    /// Gives a failed span that says nothing of its error what a log record said of it. Returns the error's type, or zero.
    // Guard: as above.
    @inline(__always) mutating func takeException(of row: UnsafeMutablePointer<SpanRecord>) -> NameHash {
        if row.pointee.flags.contains(.partOfCall) { keepException(row) }
        guard exceptions.count > 0, !row.pointee.flags.contains(.errorText) else { return 0 }
        guard row.pointee.flags.contains(.failed) || row.pointee.kind == .executeTool else { return 0 }
        return knownException(row)
    }

    // Guard: as above.
    @inline(never) private mutating func knownException(_ row: UnsafeMutablePointer<SpanRecord>) -> NameHash {
        guard let known = exceptions.find(RecentSpans.key(row.pointee.trace, row.pointee.span))?.pointee else { return 0 }
        guard row.pointee.flags.contains(.failed) || known.flags.contains(.failed) else { return 0 }
        row.pointee.errorDigest = known.digest
        row.pointee.flags.formUnion(known.flags)
        return known.type
    }
}
