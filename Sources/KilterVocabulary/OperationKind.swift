/// What a span did, after the dialects are resolved (an open set: a value this build does not know is `other`).
public struct OperationKind: RawRepresentable, BitwiseCopyable, Hashable, Sendable {
    public let rawValue: UInt8

    @inlinable public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let other = OperationKind(rawValue: 0)
    public static let chat = OperationKind(rawValue: 1)
    public static let textCompletion = OperationKind(rawValue: 2)
    public static let embeddings = OperationKind(rawValue: 3)
    public static let rerank = OperationKind(rawValue: 4)
    public static let retrieval = OperationKind(rawValue: 5)
    public static let executeTool = OperationKind(rawValue: 6)
    public static let invokeAgent = OperationKind(rawValue: 7)
    public static let createAgent = OperationKind(rawValue: 8)
    public static let workflow = OperationKind(rawValue: 9)
    public static let step = OperationKind(rawValue: 10)
    public static let plan = OperationKind(rawValue: 11)
    public static let memory = OperationKind(rawValue: 12)
    public static let handoff = OperationKind(rawValue: 13)
    public static let agentMessage = OperationKind(rawValue: 14)
    public static let guardrail = OperationKind(rawValue: 15)
    public static let evaluator = OperationKind(rawValue: 16)
    public static let promptRender = OperationKind(rawValue: 17)
    public static let fetchResponse = OperationKind(rawValue: 18)
    public static let protocolOther = OperationKind(rawValue: 19)
    // Log records.
    /// A log record that means nothing to the engine: counted, judged by nobody.
    public static let log = OperationKind(rawValue: 20)
    /// An exception of the span it names.
    public static let exception = OperationKind(rawValue: 21)
    /// An evaluation result, an outcome or feedback, known after the span it speaks of.
    public static let assessment = OperationKind(rawValue: 22)
    /// `kilter.mark`: a declared change.
    public static let mark = OperationKind(rawValue: 23)

    /// A model was asked: the kinds whose tokens count and that may parent a batch of parallel calls.
    @inlinable public var isInference: Bool { rawValue >= 1 && rawValue <= 4 }

    /// A model was asked for words.
    @inlinable public var answers: Bool { self == .chat || self == .textCompletion }

    /// The conventional names, for tables and diagnostics.
    public var name: String { Self.names[Int(rawValue) < Self.names.count ? Int(rawValue) : 0] }

    private static let names = [
        "other", "chat", "text_completion", "embeddings", "rerank", "retrieval", "execute_tool", "invoke_agent",
        "create_agent", "workflow", "step", "plan", "memory", "handoff", "agent_message", "guardrail", "evaluator",
        "prompt_render", "fetch_response", "protocol_other", "log", "exception", "assessment", "mark",
    ]
}
