/// One number, or one choice, per span or per run whose behaviour has a baseline (contract, sections 2 and 5).
public enum Signal: UInt8, CaseIterable, BitwiseCopyable, Sendable {
    // Values, per kind of step.
    case latency, timeToFirstToken, tokensPerSecond, inputTokens, outputTokens, reasoningTokens, cacheReadRatio, cost
    // Of runs.
    case errorRate, runCost, runSteps, runDuration, outcome, evaluation, guardrail, feedback
    // In time.
    case callRate, messageRate
    // Mixes: which of several.
    case tool, transition, model, finishReason, outcomeMix
    // All numbers of a run together.
    case joint
    /// Where a run's embeddings lie.
    case embedding
    /// How unlike the first answer to a request is to the one it got before.
    case repeatAnswer

    /// Those that each step of a run may show.
    public static let ofSteps: InlineArray<8, Signal> = [
        .latency, .outputTokens, .inputTokens, .cost, .tokensPerSecond, .timeToFirstToken, .reasoningTokens, .cacheReadRatio,
    ]

    /// What is asked of an observation.
    public enum Kind: UInt8, BitwiseCopyable, Sendable { case value, rate, mix, vector }

    public var kind: Kind {
        switch self {
        case .errorRate, .outcome, .guardrail: .rate
        case .tool, .transition, .model, .finishReason, .outcomeMix: .mix
        case .joint, .embedding: .vector
        default: .value
        }
    }

    /// Its values rarely equal each other: what the hour or the run before adds to them can be taken out. Of counts and scores
    /// it cannot, without tearing equal ones apart.
    public var isSmooth: Bool {
        switch self {
        case .runSteps, .evaluation, .feedback, .cacheReadRatio, .callRate, .messageRate, .repeatAnswer: false
        default: kind == .value
        }
    }

    /// How long something takes, which follows how busy everything is.
    public var isTime: Bool {
        switch self {
        case .latency, .timeToFirstToken, .tokensPerSecond, .runDuration: true
        default: false
        }
    }

    /// Which way it gets worse.
    public enum Direction: UInt8, BitwiseCopyable, Sendable { case up, down, either }

    public var badDirection: Direction {
        switch self {
        case .latency, .timeToFirstToken, .cost, .errorRate, .runCost, .runSteps, .runDuration, .guardrail, .repeatAnswer: .up
        case .tokensPerSecond, .feedback: .down
        default: .either
        }
    }

    /// The part of an agent's budget for false alarms that is its own, in thousandths. Signals that an agent does not show
    /// leave theirs to those that it does.
    public var share: UInt32 {
        switch self {
        case .outcome, .errorRate, .latency, .tool, .repeatAnswer: 100
        case .inputTokens, .outputTokens, .cost, .callRate, .messageRate, .joint, .embedding: 50
        case .timeToFirstToken, .tokensPerSecond: 25
        case .evaluation, .runCost, .runSteps, .runDuration: 17
        case .guardrail, .feedback: 16
        case .transition, .model, .finishReason, .outcomeMix: 12
        case .reasoningTokens, .cacheReadRatio: 25
        }
    }

    /// The contract's name; those with a label go on with it.
    public func name(_ label: String) -> String {
        switch self {
        case .latency: "latency"
        case .timeToFirstToken: "time_to_first_token"
        case .tokensPerSecond: "tokens_per_second"
        case .inputTokens: "input_tokens"
        case .outputTokens: "output_tokens"
        case .reasoningTokens: "reasoning_tokens"
        case .cacheReadRatio: "cache_read_ratio"
        case .cost: "cost"
        case .errorRate: "error_rate"
        case .callRate: "call_rate"
        case .messageRate: "message_rate"
        case .runCost: "run_cost"
        case .runSteps: "run_steps"
        case .runDuration: "run_duration"
        case .outcome: "outcome:" + label
        case .evaluation: "evaluation:" + label
        case .guardrail: "guardrail:" + label
        case .feedback: "feedback"
        case .tool: "tool"
        case .transition: "transition"
        case .model: "model"
        case .finishReason: "finish_reason"
        case .outcomeMix: "outcome"
        case .joint: "joint"
        case .embedding: "embedding"
        case .repeatAnswer: "repeat_answer"
        }
    }

    /// In what its values are written in events.
    public var unit: Unit {
        switch self {
        case .latency, .timeToFirstToken, .runDuration: .nanoseconds
        case .inputTokens, .outputTokens, .reasoningTokens: .tokens
        case .cost, .runCost: .microdollars
        case .tokensPerSecond: .tokensPerSecond
        case .errorRate, .outcome, .guardrail, .cacheReadRatio: .share
        case .runSteps: .steps
        case .callRate, .messageRate: .perMinute
        case .evaluation, .feedback: .score
        case .tool, .transition, .model, .finishReason, .outcomeMix: .share
        case .joint, .embedding: .deviations
        case .repeatAnswer: .unlikeness
        }
    }

    public enum Unit: String, Sendable {
        case nanoseconds = "ns"
        case tokens, microdollars
        case tokensPerSecond = "tokens/s"
        case share, steps
        case perMinute = "per minute"
        case score
        case unlikeness
        case deviations = "standard deviations"
    }
}
