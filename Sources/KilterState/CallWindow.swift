import KilterMath
import KilterVocabulary

/// One tool call as the repetition detectors see it.
public struct Call: BitwiseCopyable, Sendable {
    /// Hash of (tool, arguments); zero when the arguments are unknown.
    public var call: UInt64
    /// Hash of (tool, arguments, result); zero when either is unknown, and then equal to nothing.
    public var symbol: UInt64
    /// Hash of the result alone; zero is unknown.
    public var outcome: UInt64
    /// Hash of the arguments alone; zero is unknown.
    public var arguments: UInt64
    public var tool: NameHash
    public var error: UInt64
    public var span: UInt64
    public var parent: UInt64
    public var start: UInt64
    public var end: UInt64
    public var responseID: UInt64
    /// What the run had spent when the call ended.
    public var spend: SpendMark
    public var parentIsInference: Bool
    /// The outcome, when it is a success that says something; zero otherwise.
    public var told: UInt64
    /// The words of arguments and result; unknown in a failure and in a result that says next to nothing.
    public var argumentsSketch: WordSketch
    public var toldSketch: WordSketch
    /// Length of the arguments; zero is empty or unknown.
    public var argumentsCharacters: UInt32
    /// It failed because there is no such tool.
    public var isOfUnknownTool: Bool

    /// The call that `row`, an executed tool, stands for.
    ///
    /// The outcome is the result; of a failed call also its error, whose text alone is an outcome where no result is
    /// captured. An error that shows nothing but its type is the same error only in the same tool, and no outcome.
    public init(_ row: SpanRecord, tool: NameHash) { self = withUnsafePointer(to: row) { Call($0, tool: tool) } }

    // Guard: the pointer is only used here.
    public init(_ row: UnsafePointer<SpanRecord>, tool: NameHash) {
        let arguments = row.pointee.arguments
        let result = row.pointee.result
        self.tool = tool
        self.arguments = arguments.isKnown ? StableHash.combine(arguments.high, arguments.low) : 0
        call = arguments.isKnown ? StableHash.combine(tool, self.arguments) : 0
        var outcome: UInt64 = result.isKnown ? StableHash.combine(result.high, result.low) : 0
        error = row.pointee.flags.contains(.failed) ? row.pointee.errorDigest : 0
        if error != 0 {
            if outcome != 0 || row.pointee.flags.contains(.errorText) { outcome = StableHash.combine(outcome, error) }
            if !row.pointee.flags.contains(.errorText) { error = StableHash.combine(error, tool) }
        }
        self.outcome = outcome
        symbol = call != 0 && outcome != 0 ? StableHash.combine(call, outcome) : 0
        span = row.pointee.span
        parent = row.pointee.parent
        start = row.pointee.startNanoseconds
        end = row.pointee.endNanoseconds
        responseID = row.pointee.responseID
        spend = row.pointee.place.mark
        parentIsInference = row.pointee.place.parentIsInference
        told = row.pointee.flags.isDisjoint(with: [.failed, .briefResult]) ? outcome : 0
        argumentsSketch = row.pointee.argumentsSketch
        toldSketch = told != 0 ? row.pointee.resultSketch : .unknown
        argumentsCharacters = row.pointee.argumentsCharacters
        isOfUnknownTool = row.pointee.flags.contains(.unknownTool)
    }
}

/// What is remembered of the calls of one agent in one turn. Fixed size; one update costs a few SIMD comparisons.
///
/// Three views of the same sequence: the last eight calls with, for each distance 1…8, how long the sequence has
/// been repeating at that distance (rows and cycles); the last twenty (repeats with other calls in between); and the
/// distinct calls of the turn with their counts (repeats however far apart, the oldest forgotten first).
public struct CallWindow: BitwiseCopyable, Sendable {
    // In the order of use: what every call touches lies in the first lines, see `hotLines`.

    /// Symbols of the last eight calls, newest first.
    public internal(set) var symbols = SIMD8<UInt64>(repeating: 0)
    /// Tools of the last eight calls, newest first.
    public internal(set) var tools = SIMD8<UInt64>(repeating: 0)
    /// Lane d-1: for how many calls now the symbol has equalled the one d calls before.
    public internal(set) var repeats = SIMD8<UInt32>(repeating: 0)

    /// What the last call pushed out, so that it can be taken back.
    var repeatsBefore = SIMD8<UInt32>(repeating: 0)
    var symbolEighth: UInt64 = 0
    var toolEighth: UInt64 = 0

    /// Calls of the turn so far, batches counted once.
    public internal(set) var calls: UInt32 = 0
    public internal(set) var errorCount: UInt32 = 0
    /// The failing calls differ, or their arguments are unknown.
    public internal(set) var errorVaries = false
    var batchCount: UInt32 = 0
    // The row of failures with one error.
    public internal(set) var errorDigest: UInt64 = 0
    public internal(set) var errorCall: UInt64 = 0

    // The batch of parallel calls that the last call belongs to.
    var batchCalls = SIMD8<UInt64>(repeating: 0)
    var batchParent: UInt64 = 0
    var batchResponse: UInt64 = 0
    var batchStart: UInt64 = 0
    var batchEnd: UInt64 = 0
    var batchError: UInt64 = 0
    /// Parents and arguments of the last eight spans of executed tools, counted or not: who is whose outer span.
    var parents = SIMD8<UInt64>(repeating: 0)
    var parentTools = SIMD8<UInt64>(repeating: 0)
    var parentArguments = SIMD8<UInt64>(repeating: 0)
    /// Spans of tool calls so far, copies and outer ones too.
    public internal(set) var spansSeen: UInt32 = 0

    // The distinct calls of the turn: what they are found by, and what is known of each.
    var knownCalls = InlineArray<12, UInt64>(repeating: 0)
    var knownLastCalls = InlineArray<12, UInt32>(repeating: 0)
    /// Their latest results, as far as they tell something.
    var knownResults = InlineArray<12, UInt64>(repeating: 0)
    /// Arguments that grow from call to call of one tool.
    public internal(set) var growth = Growth()
    /// Calls of one tool in a row that resemble one another.
    public internal(set) var near = NearRow()
    /// Calls of tools that do not exist.
    public internal(set) var unknownTools = Tally()
    // The last twenty calls, a ring.
    var ringSymbols = InlineArray<20, UInt64>(repeating: 0)

    var ringSpans = InlineArray<20, UInt64>(repeating: 0)
    var ringStarts = InlineArray<20, UInt64>(repeating: 0)
    var ringSpends = InlineArray<20, SpendMark>(repeating: SpendMark())
    public internal(set) var errorFirstSpan: UInt64 = 0
    public internal(set) var errorStartedAt: UInt64 = 0
    public internal(set) var errorSpend = SpendMark()
    var known = InlineArray<12, KnownCall>(repeating: KnownCall())

    /// Lines of 64 bytes that every call touches: everything up to `ringSymbols`.
    public static let hotLines = 20

    public init() {}

    /// One distinct call of the turn; its hash and its latest occurrence stand in `knownCalls` and `knownLastCalls`.
    struct KnownCall: BitwiseCopyable {
        var firstSpan: UInt64 = 0
        var lastSpan: UInt64 = 0
        var startedAt: UInt64 = 0
        var outcome: UInt64 = 0
        var spend = SpendMark()
        var count: UInt32 = 0
        var firstCall: UInt32 = 0
        var changes: UInt32 = 0
        /// Occurrences whose result is unknown.
        var unknown: UInt32 = 0
    }

    /// What one observed call amounts to, for the detectors' verdicts.
    public struct Sight: BitwiseCopyable, Sendable {
        /// Occurrences of the same (tool, arguments) in the turn, this one included.
        public var sameArguments: UInt32 = 0
        /// Those of them whose result is unknown.
        public var unknownResults: UInt32 = 0
        /// Times its outcome differed from the one before.
        public var changes: UInt32 = 0
        public var sameArgumentsFirstSpan: UInt64 = 0
        public var sameArgumentsPreviousSpan: UInt64 = 0
        public var sameArgumentsStartedAt: UInt64 = 0
        public var sameArgumentsSpend = SpendMark()
        /// Calls of the turn since the first of them.
        public var sameArgumentsDelay: UInt32 = 0
        /// Occurrences of the same symbol among the last twenty calls, this one included.
        public var inWindow: UInt32 = 0
        public var inWindowFirstSpan: UInt64 = 0
        public var inWindowPreviousSpan: UInt64 = 0
        public var inWindowStartedAt: UInt64 = 0
        public var inWindowSpend = SpendMark()
        /// Calls of the turn since the first of them.
        public var inWindowDelay: UInt32 = 0
        /// Distinct calls among those remembered whose latest result is this one's, this one included.
        public var sameResult = Tally()
        public var sameResultPreviousSpan: UInt64 = 0
        /// The call adds to what `growth`, or `unknownTools`, counts.
        public var grew = false
        public var wasUnknownTool = false
        /// The call resembles the one before, without being the same.
        public var wasNear = false
    }
}

extension CallWindow {
    /// Length of the unbroken row of identical (tool, arguments, result) that ends in the last call; at least 1.
    @inlinable public var row: UInt32 { repeats[0] &+ 1 }

    /// Span and start of the call `back` calls ago, 0 being the last one, and what the run had spent when it ended; nil
    /// beyond twenty or the turn's beginning.
    public func past(_ back: UInt32) -> (span: UInt64, start: UInt64, spend: SpendMark)? {
        guard back < 20, back < calls else { return nil }
        let at = Int((calls &- 1 &- back) % 20)
        return (ringSpans[at], ringStarts[at], ringSpends[at])
    }

    /// Takes one call into the window. Nil when it adds nothing: another copy of the same call within one batch, or
    /// the outer span of a call whose inner span was already seen. Where the inner one showed less, the outer one
    /// takes its place.
    public mutating func observe(_ call: Call) -> Sight? {
        let isOuter = isOuterSpan(call)
        defer { noteSpan(call) }
        if isOuter {
            guard symbols[0] == 0, call.symbol != 0, tools[0] == call.tool, calls > 0 else { return nil }
            takeBackLast()
        }
        let inBatch = joinsBatch(call)
        if inBatch, call.call != 0, any(batchCalls .== SIMD8(repeating: call.call)) { return nil }
        enterBatch(call, inBatch)
        noteError(call, inBatch)
        noteSequence(call)
        var sight = noteWindow(call)
        noteKnown(call, &sight)
        noteResult(call, &sight)
        sight.grew = growth.observe(call, at: calls)
        if !inBatch { sight.wasNear = near.observe(call, at: calls) }
        if call.isOfUnknownTool {
            unknownTools.count(call, at: calls)
            sight.wasUnknownTool = true
        }
        return sight
    }

    // Some of the following change nothing; they are mutating because the window would be copied for a reader.

    /// Two instrumentations of one call (an MCP client's span inside the agent's): the inner one ends first and names
    /// the outer one as its parent; tool or arguments are the same.
    private mutating func isOuterSpan(_ call: Call) -> Bool {
        let inner = parents .== SIMD8(repeating: call.span)
        guard call.span != 0, any(inner) else { return false }
        let sameTool = inner .& (parentTools .== SIMD8(repeating: call.tool))
        if any(sameTool) { return true }
        return call.arguments != 0 && any(inner .& (parentArguments .== SIMD8(repeating: call.arguments)))
    }

    private mutating func noteSpan(_ call: Call) {
        let at = Int(spansSeen & 7)
        parents[at] = call.parent
        parentTools[at] = call.tool
        parentArguments[at] = call.arguments
        spansSeen &+= 1
    }

    /// Forgets the last call, whose symbol is unknown, so that a fuller account of it can stand in its place.
    private mutating func takeBackLast() {
        repeats = repeatsBefore
        for lane in 0..<7 {
            symbols[lane] = symbols[lane + 1]
            tools[lane] = tools[lane + 1]
        }
        symbols[7] = symbolEighth
        tools[7] = toolEighth
        calls &-= 1
        if batchCount > 0 { batchCount &-= 1 }
        guard let at = (0..<12).first(where: { knownCalls[$0] != 0 && knownLastCalls[$0] == calls &+ 1 }) else { return }
        known[at].count &-= 1
        known[at].unknown &-= 1
    }

    /// Parallel calls: the same known inference parent, the same response, or overlapping under the same parent.
    private mutating func joinsBatch(_ call: Call) -> Bool {
        guard batchCount > 0 else { return false }
        if call.responseID != 0, call.responseID == batchResponse { return true }
        guard call.parent != 0, call.parent == batchParent else { return false }
        if call.parentIsInference { return true }
        // More than a tenth of the shorter one: what merely touches, by rounding or two clocks, is one after the other.
        let overlap = min(call.end, batchEnd) &- min(max(call.start, batchStart), min(call.end, batchEnd))
        return overlap > min(call.end &- call.start, batchEnd &- batchStart) / 10
    }

    private mutating func enterBatch(_ call: Call, _ inBatch: Bool) {
        if inBatch {
            batchStart = min(batchStart, call.start)
            batchEnd = max(batchEnd, call.end)
        } else {
            batchParent = call.parent
            batchResponse = call.responseID
            batchStart = call.start
            batchEnd = call.end
            batchCalls = SIMD8(repeating: 0)
            batchCount = 0
            batchError = 0
        }
        batchCalls[Int(batchCount & 7)] = call.call
        batchCount &+= 1
    }

    private mutating func noteError(_ call: Call, _ inBatch: Bool) {
        guard call.error != 0 else {
            errorCount = 0
            errorDigest = 0
            return
        }
        if call.error != errorDigest {
            errorDigest = call.error
            errorCall = call.call
            errorFirstSpan = call.span
            errorStartedAt = call.start
            errorSpend = call.spend
            errorCount = 0
            errorVaries = call.call == 0
        }
        if call.call == 0 || call.call != errorCall { errorVaries = true }
        if inBatch, batchError == call.error { return }
        batchError = call.error
        errorCount &+= 1
    }

    private mutating func noteSequence(_ call: Call) {
        repeatsBefore = repeats
        symbolEighth = symbols[7]
        toolEighth = tools[7]
        repeats = SIMD8(repeating: 0)
        if call.symbol != 0 {
            for lane in 0..<8 where symbols[lane] == call.symbol { repeats[lane] = repeatsBefore[lane] &+ 1 }
        }
        Self.push(call.symbol, onto: &symbols)
        Self.push(call.tool, onto: &tools)
    }

    /// Moves every lane one further; the last one is forgotten.
    @inline(__always) private static func push(_ value: UInt64, onto lanes: inout SIMD8<UInt64>) {
        withUnsafeMutableBytes(of: &lanes) { bytes in
            // Guard: eight words of eight bytes, of which seven are moved by one; the pointer does not leave this closure.
            guard let base = bytes.baseAddress else { return }
            (base + 8).copyMemory(from: base, byteCount: 56)
            base.storeBytes(of: value, as: UInt64.self)
        }
    }

    private mutating func noteWindow(_ call: Call) -> Sight {
        var sight = Sight()
        let at = Int(calls % 20)
        ringSymbols[at] = call.symbol
        ringSpans[at] = call.span
        ringStarts[at] = call.start
        ringSpends[at] = call.spend
        calls &+= 1
        guard call.symbol != 0 else { return sight }
        var equal: UInt32 = 0
        for position in 0..<20 { equal &+= ringSymbols[position] == call.symbol ? 1 : 0 }
        sight.inWindow = 1
        sight.inWindowFirstSpan = call.span
        sight.inWindowStartedAt = call.start
        sight.inWindowSpend = call.spend
        // Most calls are the only ones of their kind.
        if equal > 1 { lookBack(call.symbol, equal, &sight) }
        return sight
    }

    /// Finds the `equal` last calls with `symbol`, the newest first.
    private mutating func lookBack(_ symbol: UInt64, _ equal: UInt32, _ sight: inout Sight) {
        for back in 1..<max(min(calls, 20), 1) where sight.inWindow < equal {
            let position = Int((calls &- 1 &- back) % 20)
            guard ringSymbols[position] == symbol else { continue }
            sight.inWindow &+= 1
            if sight.inWindow == 2 { sight.inWindowPreviousSpan = ringSpans[position] }
            sight.inWindowFirstSpan = ringSpans[position]
            sight.inWindowStartedAt = ringStarts[position]
            sight.inWindowSpend = ringSpends[position]
            sight.inWindowDelay = back
        }
    }

    private mutating func noteKnown(_ call: Call, _ sight: inout Sight) {
        guard call.call != 0 else { return }
        var at = 0
        for index in 0..<12 {
            if knownCalls[index] == call.call {
                at = index
                break
            }
            if knownLastCalls[index] < knownLastCalls[at] { at = index }
        }
        var entry = known[at]
        if knownCalls[at] != call.call {
            knownCalls[at] = call.call
            entry = KnownCall(
                firstSpan: call.span, startedAt: call.start, outcome: call.outcome, spend: call.spend, firstCall: calls)
        }
        if call.outcome != 0, entry.outcome != 0, entry.outcome != call.outcome { entry.changes &+= 1 }
        sight.sameArgumentsPreviousSpan = entry.lastSpan
        if call.outcome != 0 { entry.outcome = call.outcome }
        entry.count &+= 1
        if call.outcome == 0 { entry.unknown &+= 1 }
        knownLastCalls[at] = calls
        entry.lastSpan = call.span
        known[at] = entry
        sight.sameArguments = entry.count
        sight.changes = entry.changes
        sight.unknownResults = entry.unknown
        sight.sameArgumentsFirstSpan = entry.firstSpan
        sight.sameArgumentsStartedAt = entry.startedAt
        sight.sameArgumentsSpend = entry.spend
        sight.sameArgumentsDelay = calls &- entry.firstCall
    }
}
