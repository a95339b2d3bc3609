import KilterMath
import KilterVocabulary

// What a run spends, counted once.
extension TenantMemory {
    /// Adds what `row` spent and notes in its place what its run has spent with it.
    ///
    /// Tokens count where a model was asked. Agents and workflows repeat the sum of what is below them, so theirs count
    /// only in a trace in which no model's own span was seen so far, and only as far as they exceed what is counted.
    // Guard: as for `admit`; the trace is in `traces`, which nothing here inserts into.
    @inline(__always) mutating func spend(_ row: UnsafeMutablePointer<SpanRecord>, _ trace: UnsafeMutablePointer<TraceMemory>) {
        let own = UInt64(row.pointee.inputTokens) + UInt64(row.pointee.outputTokens)
        var tokens: UInt64 = 0
        if row.pointee.kind.isInference {
            tokens = own
            trace.pointee.hasInference = true
        } else if own > trace.pointee.tokens, !trace.pointee.hasInference, row.pointee.kind.isTotal {
            tokens = own - trace.pointee.tokens
        }
        let cost = row.pointee.flags.contains(.priced) ? row.pointee.costPicodollars : 0
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
}

extension OperationKind {
    /// Kinds whose token counts are sums over what is below them.
    var isTotal: Bool { self == .invokeAgent || self == .workflow || self == .step }
}
