import KilterVocabulary

/// One attribute of a span or a resource.
public typealias Attribute = TelemetryValue.Field

/// A process that emits spans: the OTLP resource and the instrumentation library.
public struct SimulatedService: Sendable, Equatable {
    /// Which conventions its instrumentation follows.
    public enum Dialect: Sendable, Equatable, CaseIterable {
        case genAI, openInference, openLLMetry, langfuse, langSmith, vercel, agentOps, claudeCode, agentDevelopmentKit
        case geminiCLI, agentFramework, mcp
    }

    /// `full` writes what a well-configured SDK writes; `lean` only what the conventions require.
    public enum Detail: Sendable, Equatable { case full, lean }

    public var name: String
    public var environment: String
    public var version: String
    public var dialect: Dialect
    public var detail: Detail

    public init(
        _ name: String, environment: String = "production", version: String = "1.0.0", dialect: Dialect = .genAI,
        detail: Detail = .full
    ) {
        self.name = name
        self.environment = environment
        self.version = version
        self.dialect = dialect
        self.detail = detail
    }
}

/// An agent of a service, and the model behind it.
public struct SimulatedAgent: Sendable, Equatable {
    public var name: String
    public var service: SimulatedService
    public var model: String
    public var provider: String
    /// What its producer says the version of prompt, model and tools is; nil where it says nothing.
    public var version: String?

    public init(_ name: String, in service: SimulatedService, model: String, provider: String = "openai") {
        self.name = name
        self.service = service
        self.model = model
        self.provider = provider
    }
}

/// Names one span of a stream.
public struct SpanReference: Sendable, Hashable {
    public var trace: TraceID
    public var span: UInt64
}

/// One finished span before it is written. Times are Unix nanoseconds.
struct SimulatedSpan: Sendable {
    /// OTLP span kinds that agents use.
    enum Kind: Int, Sendable { case `internal` = 1, client = 3 }

    var reference: SpanReference
    /// Zero means root.
    var parent: UInt64
    var service: SimulatedService
    /// Name of the agent that did it, whether or not the span says so.
    var actor: String
    var name: String
    var kind: Kind
    var start: UInt64
    var end: UInt64
    var attributes: [Attribute]
    /// Nil leaves the status unset, which means success.
    var failure: String?
    /// Whether the status is OK and not only unset.
    var claimsSuccess = false
    /// The tool that was called, where it is a call.
    var tool: String?

    var isTool: Bool { tool != nil }
}
