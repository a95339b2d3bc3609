import KilterMath
import KilterState
import KilterVocabulary

/// A record under judgement: its row, its place in the step, the counts in effect for its agent.
struct Subject {
    let row: SpanRecord
    let strings: StringTable
    let record: UInt32
    var thresholds: Thresholds

    /// A finding about this record with its subject filled in.
    func finding(_ detector: DetectorID, keying: Keying) -> Finding {
        var finding = Finding()
        finding.record = record
        finding.keying = keying
        finding.detector = detector
        finding.agentKey = row.place.agentKey
        finding.runKey = row.place.runKey
        finding.traceKey = row.place.traceKey
        finding.tenant = row.place.tenantName
        finding.environment = strings.hash(row.environment)
        finding.service = strings.hash(row.service)
        finding.agent = row.place.agentName
        finding.agentVersion = strings.hash(row.agentVersion)
        finding.conversation = row.place.conversationName
        finding.model = strings.hash(row.model)
        finding.errorType = row.place.errorName
        finding.trace = row.trace
        finding.span = row.span
        finding.engineTime = row.place.engineTime
        finding.observedAt = EventTime(nanoseconds: row.endNanoseconds)
        finding.spend = row.place.spend
        finding.arguments = row.arguments
        finding.result = row.result
        return finding
    }
}

extension Finding {
    /// Fills in where a count of calls began, as far as it is known there.
    mutating func begin(_ tally: Tally, now subject: Subject) {
        firstSpan = tally.firstSpan
        startedAt = EventTime(nanoseconds: tally.startedAt)
        spent = subject.row.place.mark.since(tally.spend)
        delaySpans = count &- 1
    }
}
