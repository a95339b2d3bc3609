/// One statement about a run that is no work of its own: a score, an outcome, feedback, a declared change. It comes on
/// a span or on a log record, at once or days later.
public struct Assessment: BitwiseCopyable, Sendable {
    public enum Kind: UInt8, BitwiseCopyable, Sendable, CaseIterable {
        /// `name` with `score`, `label` or both, given by `judge`.
        case evaluation
        /// How a run ended: `label` says it (`approved`, `escalated`).
        case outcome
        /// What a person thought of it: `score`.
        case feedback
        /// A declared change: `name` is its kind (deploy, prompt, knowledge base, tool), `label` its target, `judge` the
        /// note it came with.
        case mark
        /// What a guardrail decided: `name` with `label`.
        case guardrail
    }

    /// What the statement is about: a result for a whole trace or conversation is never one of each of its spans.
    public enum Extent: UInt8, BitwiseCopyable, Sendable, CaseIterable { case span, trace, session }

    public var kind = Kind.evaluation
    public var extent = Extent.span
    /// False where `score` means nothing. Scores are finite; ranges and directions are the judge's own.
    public var hasScore = false
    public var name: StringRef = 0
    public var label: StringRef = 0
    /// Who judged (`human`, `llm`, `code`, a name); zero is unknown.
    public var judge: StringRef = 0
    public var score: Double = 0
    /// The trace and span that it speaks of; zero where unknown. Without a span the whole trace is meant.
    public var trace = TraceID()
    public var span: UInt64 = 0
    /// Hash of the response id that it speaks of, where no span is named; zero is absent.
    public var responseID: UInt64 = 0

    public init() {}
}
