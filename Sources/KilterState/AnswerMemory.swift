import KilterVocabulary

/// What an agent answered last in one turn, and how often in a row. Fixed size.
///
/// Only what begins after the answer before has ended can repeat it: the same text on the spans around a model call, from
/// two instrumentations side by side, or drawn several times at once is one answer.
public struct AnswerMemory: BitwiseCopyable, Sendable {
    /// Digest of the last answer; zero when there is none to repeat.
    public internal(set) var digest: UInt64 = 0
    /// Digest of the message that it answered; zero is unknown.
    public internal(set) var prompt: UInt64 = 0
    /// Digest of the last message that another agent sent; zero is unknown.
    var message: UInt64 = 0
    public internal(set) var count: UInt32 = 0
    /// Spans of tool calls that the turn had seen when it was given.
    var calls: UInt32 = 0
    public internal(set) var firstSpan: UInt64 = 0
    public internal(set) var previousSpan: UInt64 = 0
    public internal(set) var startedAt: UInt64 = 0
    public internal(set) var spend = SpendMark()
    var span: UInt64 = 0
    var responseID: UInt64 = 0
    var start: UInt64 = 0
    var end: UInt64 = 0

    public init() {}

    /// Takes an answer; false when it is none of its own, and changes nothing about the row.
    /// - Parameter calls: spans of tool calls that the turn has seen.
    // Guard: the pointer is only used here.
    public mutating func observe(_ row: UnsafePointer<SpanRecord>, calls: UInt32) -> Bool {
        if isSameAnswer(row) {
            end = max(end, row.pointee.endNanoseconds)
            return false
        }
        let answer = row.pointee.answer
        let isNew = answer.kind == .request || answer.digest == 0 || answer.digest != digest || calls != self.calls || isNewPrompt(answer)
        if isNew {
            digest = answer.kind == .request ? 0 : answer.digest
            count = 0
            firstSpan = row.pointee.span
            startedAt = row.pointee.startNanoseconds
            spend = row.pointee.place.mark
            span = 0
            prompt = 0
        }
        if answer.prompt != 0 { prompt = answer.prompt }
        self.calls = calls
        count &+= 1
        previousSpan = span
        span = row.pointee.span
        responseID = row.pointee.responseID
        start = row.pointee.startNanoseconds
        end = row.pointee.endNanoseconds
        return true
    }

    /// Takes a message from another agent: a new one, unlike the same one again, is something new to answer. The first that is
    /// seen is none if its span is the one around the last answer.
    // Guard: the pointer is only used here.
    public mutating func observeMessage(_ row: UnsafePointer<SpanRecord>) {
        let isAnswered = message == 0 && count > 0 && row.pointee.startNanoseconds <= start
        if message != row.pointee.messageDigest, !isAnswered { digest = 0 }
        message = row.pointee.messageDigest
    }

    /// A message that is shown now and differs from the one shown before. What is not shown is no news.
    private func isNewPrompt(_ answer: Answer) -> Bool { answer.prompt != 0 && prompt != 0 && answer.prompt != prompt }

    /// One response told twice, or spans that ran at the same time: more than a tenth of the shorter one, because what
    /// merely touches, by rounding or two clocks, is one after the other.
    // Guard: as above.
    private func isSameAnswer(_ row: UnsafePointer<SpanRecord>) -> Bool {
        guard count > 0 else { return false }
        if responseID != 0, row.pointee.responseID == responseID { return true }
        let earlierEnd = min(end, row.pointee.endNanoseconds)
        let overlap = earlierEnd &- min(max(start, row.pointee.startNanoseconds), earlierEnd)
        return overlap > min(row.pointee.endNanoseconds &- row.pointee.startNanoseconds, end &- start) / 10
    }
}
