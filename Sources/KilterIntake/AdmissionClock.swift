import KilterVocabulary

extension SpanRecord {
    /// Brings a time more than ten minutes ahead of `arrival` back to there (contract, section 4.2). True when it did.
    /// A span that did not end properly stays as it is.
    mutating func clampTime(arrival: EventTime) -> Bool {
        let latest = (arrival + Admission.aheadMax).nanoseconds
        guard endNanoseconds > latest, startNanoseconds <= endNanoseconds else { return false }
        endNanoseconds = latest
        startNanoseconds = min(startNanoseconds, latest)
        return true
    }
}

extension SpanBatch {
    /// Does to the rows from `row` on what admission does to live input: for recordings, which know the arrival of
    /// every message.
    public mutating func clampTimes(from row: Int, arrival: EventTime) {
        for index in row..<max(rows.count, row) where rows[index].clampTime(arrival: arrival) { note(.timeClamped) }
    }
}
