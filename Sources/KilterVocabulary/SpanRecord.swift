/// Index of a string in its batch's `StringTable`. Zero is the absent string.
public typealias StringRef = UInt32

/// One finished span after decoding: fixed size, trivially copyable, its text held as references into the
/// batch's string table and as fingerprints. `place` is filled by admission, everything else by the readers.
public struct SpanRecord: BitwiseCopyable, Sendable {
    // Envelope. Times are Unix nanoseconds; an end of zero or before the start is an unfinished span.
    public var trace = TraceID()
    public var span: UInt64 = 0
    /// Zero means root.
    public var parent: UInt64 = 0
    public var startNanoseconds: UInt64 = 0
    public var endNanoseconds: UInt64 = 0

    // What makes calls and messages comparable.
    public var arguments = Fingerprint.unknown
    public var result = Fingerprint.unknown
    /// The words of a tool's arguments, those with digits left out, and of its result.
    public var argumentsSketch = WordSketch.unknown
    public var resultSketch = WordSketch.unknown
    /// Hash of the first word of the command that a shell was given; zero for other tools.
    public var command: UInt64 = 0
    /// Digest of an agent-to-agent message's text; zero is unknown.
    public var messageDigest: UInt64 = 0
    /// SimHash of the message's text (64 bits); zero is unknown.
    public var messageSimilarity: UInt64 = 0
    /// Hash of the phase of work that a message belongs to, as its producer calls it; zero is absent.
    public var phase: UInt64 = 0
    /// Digest of the error's type and text; zero when there is no error.
    public var errorDigest: UInt64 = 0
    /// Hash of the provider's response id or, on a tool span, of the response that asked for it; zero is absent.
    public var responseID: UInt64 = 0
    /// Hash of the tool call id; zero is absent.
    public var callID: UInt64 = 0
    /// What a model, or an agent as a whole, answered.
    public var answer = Answer()
    /// What the span cost, in millionths of a microdollar: exact for every price in microdollars per million tokens.
    /// Zero without `SpanFlags.priced`.
    public var costPicodollars: UInt64 = 0

    // Names, as references into the batch's string table; zero is absent.
    public var tenant: StringRef = 0
    public var environment: StringRef = 0
    public var service: StringRef = 0
    public var agent: StringRef = 0
    public var agentVersion: StringRef = 0
    public var conversation: StringRef = 0
    public var workflow: StringRef = 0
    public var tool: StringRef = 0
    public var model: StringRef = 0
    public var responseModel: StringRef = 0
    public var provider: StringRef = 0
    public var errorType: StringRef = 0
    public var sender: StringRef = 0
    public var department: StringRef = 0
    /// Why the model stopped, of the first choice.
    public var finishReason: StringRef = 0

    // Counts, saturating; zero is absent or none.
    public var inputTokens: UInt32 = 0
    public var outputTokens: UInt32 = 0
    public var cacheReadTokens: UInt32 = 0
    public var cacheWriteTokens: UInt32 = 0
    public var reasoningTokens: UInt32 = 0
    /// Microseconds from the request to the first part of a streamed answer; zero is unknown.
    public var firstTokenMicroseconds: UInt32 = 0
    /// Lengths in characters, saturating; zero is empty or unknown.
    public var argumentsCharacters: UInt32 = 0
    public var resultCharacters: UInt32 = 0
    public var messageCharacters: UInt32 = 0

    /// What the record says about a run or declares, as a range of the batch's `assessments`.
    public var firstAssessment: UInt32 = 0
    public var assessmentCount: UInt16 = 0

    public var kind = OperationKind.other
    public var flags: SpanFlags = []

    /// The tool calls that a model asked for, as a range of the batch's `requestedCalls`.
    public var requestedCallCount: UInt16 = 0
    public var firstRequestedCall: UInt32 = 0
    /// Number of its embedding among the batch's, from one; zero is none.
    public var embedding: UInt32 = 0

    /// Where admission put this span. Meaningless before.
    public var place = Place()

    public init() {}
}

/// Facts about a span that are a bit each.
public struct SpanFlags: OptionSet, BitwiseCopyable, Sendable {
    public let rawValue: UInt16
    @inlinable public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Failed, by any of the evidence the conventions name.
    public static let failed = SpanFlags(rawValue: 1 << 0)
    /// Refused by a rate limit: neither repeat nor progress.
    public static let rateLimited = SpanFlags(rawValue: 1 << 1)
    /// Refused by a gateway that obeyed a breaker: neither repeat nor progress.
    public static let blocked = SpanFlags(rawValue: 1 << 2)
    /// OpenTelemetry span kind SERVER: the other end of a call, never a call of its own.
    public static let serverSide = SpanFlags(rawValue: 1 << 3)
    /// The sender is a person (`user`, `human`), not an agent.
    public static let fromPerson = SpanFlags(rawValue: 1 << 4)
    /// Attributes were dropped on the way (by the producer or by our limits).
    public static let partial = SpanFlags(rawValue: 1 << 5)
    /// Content was hidden on purpose by the producer.
    public static let redacted = SpanFlags(rawValue: 1 << 6)
    /// A numeric attribute was not a finite number in range and was dropped.
    public static let badNumber = SpanFlags(rawValue: 1 << 7)
    /// The error shows more than its type: a message, or the result of the failed call.
    public static let errorText = SpanFlags(rawValue: 1 << 8)
    /// `costPicodollars` is known, be it by the producer or by the price list.
    public static let priced = SpanFlags(rawValue: 1 << 9)
    /// Tokens of a model that no price is known for.
    public static let unpriced = SpanFlags(rawValue: 1 << 10)
    /// The producer's own cost was absurd against its tokens and was not taken.
    public static let absurdCost = SpanFlags(rawValue: 1 << 11)
    /// A log record: its `span` is a digest of what it says, its `parent` the span that it speaks of.
    public static let logRecord = SpanFlags(rawValue: 1 << 12)
    /// The inner half of its parent's call: no call of its own, but how it failed is how its parent failed.
    public static let partOfCall = SpanFlags(rawValue: 1 << 13)
    /// Failed because there is no tool of that name.
    public static let unknownTool = SpanFlags(rawValue: 1 << 14)
    /// The result says next to nothing: fewer than sixteen letters, keys and markup left out ("ok", "done", "[]").
    public static let briefResult = SpanFlags(rawValue: 1 << 15)
}

/// What admission resolved for a span: keys, order, time.
public struct Place: BitwiseCopyable, Sendable {
    /// Key of (tenant, environment, service, agent).
    public var agentKey: UInt64 = 0
    /// Key of the run (conversation, else trace) within its tenant.
    public var runKey: UInt64 = 0
    /// Key of the trace within its tenant; equals `runKey` while no conversation is known.
    public var traceKey: UInt64 = 0
    /// Key of the agent's turn: sequences of calls are kept under it.
    public var turnKey: UInt64 = 0
    /// Key of what baselines take for one run of the agent: all its turns in one trace.
    public var taskKey: UInt64 = 0
    /// The turn as all its agents share it: what was done once in it is done.
    public var turn: UInt64 = 0
    public var tenantName: NameHash = 0
    public var agentName: NameHash = 0
    /// Hash of the error's type, which a log record may have told; zero is absent.
    public var errorName: NameHash = 0
    /// The conversation known at this moment; zero means the run is the trace.
    public var conversationName: NameHash = 0
    /// Engine time of the tenant when this record is judged.
    public var engineTime = EventTime.zero
    public var outcome = Outcome.undecided
    /// Which of the engine's sets of thresholds is in effect for the agent.
    public var thresholdSet: UInt16 = 0
    /// What the configuration says the tool is.
    public var toolClass = ToolClass.normal
    /// What the run has spent up to and with this record: tokens of inference, counted once, and their cost.
    public var runTokens: UInt64 = 0
    public var runPicodollars: UInt64 = 0
    /// The same as findings keep it.
    @inlinable public var spend: SpendMark { SpendMark(tokens: runTokens, picodollars: runPicodollars) }
    /// The same as sequences of calls keep it: it goes on without a jump when the run of a trace turns out to be another.
    public var mark = SpendMark()
    /// Agents of the tenant that were alive of late.
    public var fleet: UInt32 = 0
    /// The parent is a known inference span, so siblings under it are one batch.
    public var parentIsInference = false

    public init() {}
}
