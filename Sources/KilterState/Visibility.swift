import KilterVocabulary

/// What an agent's records show and what they leave out: counts from which a detector can say what it is able to see.
/// A sum: two of one agent merge by adding.
public struct Visibility: BitwiseCopyable, Sendable {
    public private(set) var spans: UInt64 = 0
    /// Spans that named the agent themselves; the others took it from an ancestor, their trace or their service.
    public private(set) var namedAgent: UInt64 = 0
    public private(set) var withConversation: UInt64 = 0
    public private(set) var withVersion: UInt64 = 0
    /// Attributes were dropped on the way.
    public private(set) var partial: UInt64 = 0
    /// Content was hidden on purpose.
    public private(set) var redacted: UInt64 = 0
    public private(set) var late: UInt64 = 0

    // Tool calls, those that a rate limit or a gateway refused left out.
    public private(set) var calls: UInt64 = 0
    public private(set) var namedTools: UInt64 = 0
    public private(set) var knownArguments: UInt64 = 0
    public private(set) var knownResults: UInt64 = 0
    /// The latest calls that show both, without one between them that does not.
    public private(set) var comparableInARow: UInt64 = 0
    /// Calls in another turn than the agent's call before them.
    public private(set) var turnsBegun: UInt64 = 0
    private var lastTurn: UInt64 = 0
    public private(set) var failedCalls: UInt64 = 0
    /// Calls of tools that the configuration says have side effects.
    public private(set) var sideEffects: UInt64 = 0
    /// Failures that show more than their type.
    public private(set) var explainedFailures: UInt64 = 0

    // Models.
    public private(set) var inferences: UInt64 = 0
    public private(set) var withTokens: UInt64 = 0
    public private(set) var withModel: UInt64 = 0
    public private(set) var priced: UInt64 = 0
    public private(set) var embeddings: UInt64 = 0
    /// Tokens of models that no price is known for.
    public private(set) var unpricedTokens: UInt64 = 0

    /// Model calls that could show an answer, or answers of agents as a whole; and those that show it, or ask for tools.
    public private(set) var answers: UInt64 = 0
    public private(set) var shownAnswers: UInt64 = 0

    // Messages between agents: with a sender, and with a text that can be compared.
    public private(set) var messages: UInt64 = 0
    public private(set) var comparableMessages: UInt64 = 0

    // Said about the agent's runs.
    public private(set) var evaluations: UInt64 = 0
    public private(set) var outcomes: UInt64 = 0
    public private(set) var feedback: UInt64 = 0
    public private(set) var guardrails: UInt64 = 0
    public private(set) var marks: UInt64 = 0
    public private(set) var logRecords: UInt64 = 0

    public init() {}

    /// Adds what another one counted.
    public mutating func add(_ other: Visibility) {
        for path in Self.counts { self[keyPath: path] &+= other[keyPath: path] }
    }

    private static let counts: [any WritableKeyPath<Visibility, UInt64> & Sendable] = [
        \.spans, \.namedAgent, \.withConversation, \.withVersion, \.partial, \.redacted, \.late, \.calls, \.namedTools,
        \.knownArguments, \.knownResults, \.failedCalls, \.sideEffects, \.explainedFailures, \.inferences, \.withTokens,
        \.withModel, \.priced, \.embeddings, \.unpricedTokens, \.answers, \.shownAnswers, \.messages, \.comparableMessages, \.evaluations,
        \.outcomes,
        \.feedback, \.guardrails, \.marks, \.logRecords,
    ]

    // Guard: the pointer is only used here.
    public mutating func observe(_ row: UnsafePointer<SpanRecord>, _ assessments: ArraySlice<Assessment>) {
        for assessment in assessments { observe(assessment) }
        if row.pointee.place.outcome == .late { late &+= 1 }
        if row.pointee.flags.contains(.logRecord) {
            logRecords &+= 1
            return
        }
        spans &+= 1
        if row.pointee.agent != 0 { namedAgent &+= 1 }
        if row.pointee.place.conversationName != 0 { withConversation &+= 1 }
        if row.pointee.agentVersion != 0 { withVersion &+= 1 }
        if row.pointee.flags.contains(.partial) { partial &+= 1 }
        if row.pointee.flags.contains(.redacted) { redacted &+= 1 }
        let isRefused = !row.pointee.flags.isDisjoint(with: [.rateLimited, .blocked, .serverSide])
        if row.pointee.kind == .executeTool, !isRefused { observeCall(row) }
        if row.pointee.kind.isInference { observeInference(row) }
        let isShown = row.pointee.answer.kind != .absent
        if isShown || (row.pointee.kind.answers && row.pointee.flags.isDisjoint(with: [.failed, .rateLimited, .blocked])) { answers &+= 1 }
        if isShown { shownAnswers &+= 1 }
        if row.pointee.sender != 0, !row.pointee.flags.contains(.fromPerson) {
            messages &+= 1
            if row.pointee.messageDigest != 0 { comparableMessages &+= 1 }
        }
    }

    private mutating func observe(_ assessment: Assessment) {
        switch assessment.kind {
        case .evaluation: evaluations &+= 1
        case .guardrail: guardrails &+= 1
        case .outcome: outcomes &+= 1
        case .feedback: feedback &+= 1
        case .mark: marks &+= 1
        }
    }

    // Guard: as above.
    private mutating func observeCall(_ row: UnsafePointer<SpanRecord>) {
        calls &+= 1
        if row.pointee.place.turnKey != lastTurn { turnsBegun &+= 1 }
        lastTurn = row.pointee.place.turnKey
        // What a failure says is its result.
        let showsOutcome = row.pointee.result.isKnown || row.pointee.flags.contains(.errorText)
        comparableInARow = row.pointee.arguments.isKnown && showsOutcome ? comparableInARow &+ 1 : 0
        if row.pointee.place.toolClass == .sideEffect { sideEffects &+= 1 }
        if row.pointee.tool != 0 { namedTools &+= 1 }
        if row.pointee.arguments.isKnown { knownArguments &+= 1 }
        if showsOutcome { knownResults &+= 1 }
        guard row.pointee.flags.contains(.failed) else { return }
        failedCalls &+= 1
        if row.pointee.flags.contains(.errorText) { explainedFailures &+= 1 }
    }

    // Guard: as above.
    private mutating func observeInference(_ row: UnsafePointer<SpanRecord>) {
        inferences &+= 1
        let tokens = UInt64(row.pointee.inputTokens) + UInt64(row.pointee.outputTokens)
        if tokens > 0 { withTokens &+= 1 }
        if row.pointee.model != 0 || row.pointee.responseModel != 0 { withModel &+= 1 }
        if row.pointee.flags.contains(.priced) { priced &+= 1 }
        if row.pointee.embedding != 0 { embeddings &+= 1 }
        if row.pointee.flags.contains(.unpriced) { unpricedTokens &+= tokens }
    }
}
