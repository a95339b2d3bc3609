import KilterVocabulary

/// One tool call as an agent makes it.
public struct ToolCall: Sendable {
    public var tool: String
    public var arguments: CallArguments
    public var outcome: CallOutcome
    /// Nil draws a time between 60 and 900 ms.
    public var took: Nanoseconds?

    public init(_ tool: String, _ arguments: CallArguments, _ outcome: CallOutcome, took: Nanoseconds? = nil) {
        self.tool = tool
        self.arguments = arguments
        self.outcome = outcome
        self.took = took
    }
}

/// The arguments of a call, in the form in which the producer captured them.
public enum CallArguments: Sendable, ExpressibleByDictionaryLiteral {
    /// JSON text; every writing draws the order of the keys anew, as clients in dynamic languages do.
    case json(TelemetryValue)
    /// An attribute of nested keys and values, in a new order each time.
    case structured(TelemetryValue)
    /// Content capture is off.
    case notCaptured

    public init(dictionaryLiteral elements: (String, TelemetryValue)...) {
        self = .json(.object(elements.map { TelemetryValue.Field($0.0, $0.1) }))
    }

    var length: Int {
        switch self {
        case .json(let value), .structured(let value): value.jsonText().utf8.count
        case .notCaptured: 0
        }
    }

    /// The same arguments in the words of this one call.
    func spoken(by random: inout SplitMix64) -> CallArguments {
        switch self {
        case .json(let value): .json(value.reordered(by: &random))
        case .structured(let value): .structured(value.reordered(by: &random))
        case .notCaptured: .notCaptured
        }
    }
}

/// How a call ended.
public enum CallOutcome: Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    case text(String)
    case json(TelemetryValue)
    /// It worked; what it returned was not captured.
    case notCaptured
    case failed(type: String, message: String)
    /// It failed, but the transport did not: the status is OK, and the answer says what went wrong.
    case failedUnderOK(type: String, message: String)
    /// Never executed: a gateway obeyed a breaker.
    case blocked(by: String)
    /// Never executed. `status` is the HTTP status, if the producer gave one.
    case rateLimited(type: String, status: Int?)

    public init(stringLiteral value: String) { self = .text(value) }

    var length: Int {
        switch self {
        case .text(let text): text.utf8.count
        case .json(let value): value.jsonText().utf8.count
        case .notCaptured: 120
        case .failed(_, let message), .failedUnderOK(_, let message): message.utf8.count
        case .blocked: 60
        case .rateLimited: 40
        }
    }

    var failure: String? {
        switch self {
        case .text, .json, .notCaptured, .failedUnderOK: nil
        case .failed(_, let message): message
        case .rateLimited: "rate limit reached, retry later"
        case .blocked: "refused by the gateway: the breaker of this run is open"
        }
    }

    /// Whether the producer says in so many words that it worked.
    var claimsSuccess: Bool { if case .failedUnderOK = self { true } else { false } }
}

/// What a model read and wrote in one call.
public struct TokenUsage: Sendable, Equatable {
    /// Includes what came from the cache.
    public var input: Int
    public var output: Int
    public var cacheRead: Int

    public init(input: Int, output: Int, cacheRead: Int = 0) {
        self.input = input
        self.output = output
        self.cacheRead = cacheRead
    }
}

/// The numbers of one model call.
struct ChatExchange: Sendable {
    var responseID: String
    var usage: TokenUsage
    /// Whether the model asked for tools; else it stopped.
    var asksForTools: Bool
    /// What it said, as far as the span shows it.
    var answer: ModelAnswer?
}

/// What a model said.
struct ModelAnswer: Sendable {
    var text: String
    /// The user's message that it answers, where the span shows the input.
    var question: String?
    /// The first 16 hex digits of the SHA-256 of the text, which stands on the span in its place; nil where the text does.
    var digest: String?
}

/// One message from an agent, or a person, to an agent.
struct AgentMessage: Sendable {
    var sender: String
    var text: String
    /// The first 16 hex digits of the SHA-256 of the text.
    var digest: String
    var carriesText: Bool
}
