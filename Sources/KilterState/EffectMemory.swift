import KilterVocabulary

/// One successful call with side effects, remembered for its turn: who made it first, and its latest copy.
public struct EffectMemory: BitwiseCopyable, Sendable {
    public internal(set) var count: UInt32 = 0
    public internal(set) var firstSpan: UInt64 = 0
    public internal(set) var previousSpan: UInt64 = 0
    public internal(set) var startedAt: UInt64 = 0
    public internal(set) var spend = SpendMark()
    var span: UInt64 = 0
    var parent: UInt64 = 0
    var responseID: UInt64 = 0
    var callID: UInt64 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0

    public init() {}

    /// Takes one success; false when it is the same execution told twice.
    // Guard: the pointer is only used here.
    public mutating func observe(_ row: UnsafePointer<SpanRecord>) -> Bool {
        if count > 0, isSameExecution(row) { return false }
        if count == 0 {
            firstSpan = row.pointee.span
            startedAt = row.pointee.startNanoseconds
            spend = row.pointee.place.mark
        }
        previousSpan = span
        count &+= 1
        span = row.pointee.span
        parent = row.pointee.parent
        responseID = row.pointee.responseID
        callID = row.pointee.callID
        start = row.pointee.startNanoseconds
        end = row.pointee.endNanoseconds
        return true
    }

    /// Inner and outer span of one call, two instrumentations side by side, or parallel copies that count once. Copies
    /// with call ids of their own were executed one by one, side by side or not.
    // Guard: as above.
    private func isSameExecution(_ row: UnsafePointer<SpanRecord>) -> Bool {
        if row.pointee.span == parent || (row.pointee.parent != 0 && row.pointee.parent == span) { return true }
        if row.pointee.callID != 0, callID != 0 { return row.pointee.callID == callID }
        if responseID != 0, row.pointee.responseID == responseID { return true }
        guard parent != 0, row.pointee.parent == parent else { return false }
        if row.pointee.place.parentIsInference { return true }
        return min(end, row.pointee.endNanoseconds) > max(start, row.pointee.startNanoseconds)
    }
}
