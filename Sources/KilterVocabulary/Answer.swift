/// What a model, or an agent as a whole, answered in words: figures from which repetition can be told, never the text.
public struct Answer: BitwiseCopyable, Equatable, Sendable {
    /// What kind of answer it is, as far as the span shows it.
    public enum Kind: UInt8, BitwiseCopyable, Sendable {
        /// The span shows no answer.
        case absent
        /// A text that says something.
        case text
        /// Fewer than sixteen letters: "Done.", a label, a yes or no.
        case brief
        /// The model asked for tool calls, whatever it said besides.
        case request
    }

    /// Digest of the text, or what the producer sent in its place; zero is unknown.
    public var digest: UInt64 = 0
    /// Digest of the last message before it that is not the model's own; zero is unknown.
    public var prompt: UInt64 = 0
    /// Bytes of the block that the end of the text repeats, and how often; zero when it does not.
    public var tailBytes: UInt16 = 0
    public var tailRepeats: UInt16 = 0
    public var kind = Kind.absent

    public init() {}
}
