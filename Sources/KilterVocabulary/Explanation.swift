/// A finding put into words and named facts, for the event it becomes.
public struct Explanation: Sendable, Equatable {
    /// One English sentence for people, with the numbers.
    public var summary: String
    /// One sentence that a gateway may hand to the agent.
    public var advice: String
    public var evidence: [Evidence]
    /// What the counts count.
    public var unit: String
    /// The numbers of a statistical claim, which stand in place of counts.
    public var numbers: Numbers?

    public struct Numbers: Sendable, Equatable {
        public var signal: String
        public var observed: Amount
        public var expected: Amount
        public var direction: String
        public var budget: String

        public init(signal: String, observed: Amount, expected: Amount, direction: String, budget: String) {
            self.signal = signal
            self.observed = observed
            self.expected = expected
            self.direction = direction
            self.budget = budget
        }
    }

    public init(summary: String, advice: String, evidence: [Evidence], unit: String) {
        self.summary = summary
        self.advice = advice
        self.evidence = evidence
        self.unit = unit
    }
}

/// Turns a name hash back into text.
public typealias NameLookup = (NameHash) -> String
