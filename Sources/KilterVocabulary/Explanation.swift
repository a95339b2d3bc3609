/// A finding put into words and named facts, for the event it becomes.
public struct Explanation: Sendable, Equatable {
    /// One English sentence for people, with the numbers.
    public var summary: String
    /// One sentence that a gateway may hand to the agent.
    public var advice: String
    public var evidence: [Evidence]
    /// What the counts count.
    public var unit: String

    public init(summary: String, advice: String, evidence: [Evidence], unit: String) {
        self.summary = summary
        self.advice = advice
        self.evidence = evidence
        self.unit = unit
    }
}

/// Turns a name hash back into text.
public typealias NameLookup = (NameHash) -> String
