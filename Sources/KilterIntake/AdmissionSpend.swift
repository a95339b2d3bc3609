import KilterMath
import KilterVocabulary

// What a run spends, counted once.
extension TenantMemory {
    /// Adds what `row` spent and notes in its place what its run has spent with it.
    ///
    /// Tokens count where a model was asked. Agents and workflows repeat the sum of what is below them, so theirs count
    /// only in a trace in which no model's own span was seen so far, and only as far as they exceed what is counted; what
    /// they counted is taken off the calls that come after them.
    /// Two instrumentations of one call give two model spans, one inside the other: the second one of them to come counts
    /// as far as it exceeds the first. (When such pairs overlap in one trace, some of them count twice.)
    // Guard: as for `admit`; the trace is in `traces`, which nothing here inserts into.
    @inline(__always) mutating func spend(_ row: UnsafeMutablePointer<SpanRecord>, _ trace: UnsafeMutablePointer<TraceMemory>) {
        let own = UInt64(row.pointee.inputTokens) + UInt64(row.pointee.outputTokens)
        var tokens: UInt64 = 0
        var cost = row.pointee.flags.contains(.priced) ? row.pointee.costPicodollars : 0
        if row.pointee.kind.isInference {
            trace.pointee.hasInference = true
            (tokens, cost) = uncounted(row, own, cost, trace)
            let known = min(tokens, trace.pointee.tokensOfTotals)
            trace.pointee.tokensOfTotals -= known
            tokens -= known
        } else if own > trace.pointee.tokens, !trace.pointee.hasInference, row.pointee.kind.isTotal {
            tokens = own - trace.pointee.tokens
            trace.pointee.tokensOfTotals &+= tokens
        }
        trace.pointee.tokens.add(tokens)
        trace.pointee.picodollars.add(cost)
        var run = (tokens: trace.pointee.tokens, picodollars: trace.pointee.picodollars)
        if trace.pointee.conversation != 0 { run = spend(tokens, cost, row.pointee.trace, trace) }
        row.pointee.place.runTokens = run.tokens
        row.pointee.place.runPicodollars = run.picodollars
        row.pointee.place.mark = SpendMark(
            tokens: run.tokens &- trace.pointee.tokensUnmarked, picodollars: run.picodollars &- trace.pointee.picodollarsUnmarked)
    }

    /// Adds to the conversation that `trace` belongs to. One that was forgotten meanwhile begins anew with this trace.
    // Guard: as above.
    @inline(__always) private mutating func spend(
        _ tokens: UInt64, _ cost: UInt64, _ id: TraceID, _ trace: UnsafePointer<TraceMemory>
    ) -> (tokens: UInt64, picodollars: UInt64) {
        let key = StableHash.combine(name, trace.pointee.conversation)
        let fresh = ConversationMemory(trace: traceKey(id), turn: trace.pointee.turn, personDigest: trace.pointee.personDigest)
        let memory = conversations.findOrInsert(key, owner: 0, initial: fresh).slot
        memory.pointee.tokens.add(tokens)
        memory.pointee.picodollars.add(cost)
        return (memory.pointee.tokens, memory.pointee.picodollars)
    }

    /// What a trace spent before its conversation was known is the conversation's from now on; when it goes over from one
    /// conversation to another, it stays where it was spent. The marks of the trace go on where they were.
    // Guard: the pointers are into `traces` and `conversations`, which nothing here inserts into.
    mutating func carrySpending(of trace: UnsafeMutablePointer<TraceMemory>, to memory: UnsafeMutablePointer<ConversationMemory>) {
        // A trace that belongs to a conversation from its first record on counts as the conversation does.
        guard trace.pointee.spans > 1 else { return }
        var before = (tokens: trace.pointee.tokens, picodollars: trace.pointee.picodollars)
        if trace.pointee.conversation == 0 {
            memory.pointee.tokens.add(trace.pointee.tokens)
            memory.pointee.picodollars.add(trace.pointee.picodollars)
        } else if let old = conversations.find(StableHash.combine(name, trace.pointee.conversation)) {
            before = (old.pointee.tokens, old.pointee.picodollars)
        }
        trace.pointee.tokensUnmarked &+= memory.pointee.tokens &- before.tokens
        trace.pointee.picodollarsUnmarked &+= memory.pointee.picodollars &- before.picodollars
    }

    /// What is left of a model call's tokens and cost without those of the call around it or inside of it.
    // Guard: as above.
    @inline(__always) private func uncounted(
        _ row: UnsafePointer<SpanRecord>, _ tokens: UInt64, _ cost: UInt64, _ trace: UnsafeMutablePointer<TraceMemory>
    ) -> (tokens: UInt64, cost: UInt64) {
        let key = RecentSpans.key(row.pointee.trace, row.pointee.span)
        let parent = row.pointee.parent == 0 ? 0 : RecentSpans.key(row.pointee.trace, row.pointee.parent)
        var before = CountedCall()
        if trace.pointee.below.span == key {
            before = trace.pointee.below
        } else if parent != 0 && trace.pointee.counted.span == parent {
            before = trace.pointee.counted
        }
        trace.pointee.counted = CountedCall(span: key, tokens: tokens, picodollars: cost)
        if trace.pointee.below.span != parent { trace.pointee.below = CountedCall(span: parent) }
        trace.pointee.below.tokens &+= tokens
        trace.pointee.below.picodollars &+= cost
        return (tokens - min(tokens, before.tokens), cost - min(cost, before.picodollars))
    }
}

extension UInt64 {
    /// A sum that cannot be held stays at the most that can: eighteen million dollars in picodollars.
    @inline(__always) fileprivate mutating func add(_ more: UInt64) {
        let (sum, overflow) = addingReportingOverflow(more)
        self = overflow ? .max : sum
    }
}

extension OperationKind {
    /// Kinds whose token counts are sums over what is below them.
    var isTotal: Bool { self == .invokeAgent || self == .workflow || self == .step }
}
