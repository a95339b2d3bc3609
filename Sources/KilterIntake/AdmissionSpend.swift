import KilterMath
import KilterVocabulary

// What a run spends, counted once.
extension TenantMemory {
    /// Adds what `row` spent and notes in its place what its run has spent with it.
    ///
    /// Tokens count where a model was asked. Agents and workflows repeat the sum of what is below them, so theirs count
    /// only in a trace in which no model's own span was seen so far, and only as far as they exceed what is counted.
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
        } else if own > trace.pointee.tokens, !trace.pointee.hasInference, row.pointee.kind.isTotal {
            tokens = own - trace.pointee.tokens
        }
        trace.pointee.tokens &+= tokens
        trace.pointee.picodollars &+= cost
        guard trace.pointee.conversation != 0 else {
            row.pointee.place.runTokens = trace.pointee.tokens
            row.pointee.place.runPicodollars = trace.pointee.picodollars
            return
        }
        guard let memory = conversations.find(StableHash.combine(name, trace.pointee.conversation)) else { return }
        memory.pointee.tokens &+= tokens
        memory.pointee.picodollars &+= cost
        row.pointee.place.runTokens = memory.pointee.tokens
        row.pointee.place.runPicodollars = memory.pointee.picodollars
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

extension OperationKind {
    /// Kinds whose token counts are sums over what is below them.
    var isTotal: Bool { self == .invokeAgent || self == .workflow || self == .step }
}
