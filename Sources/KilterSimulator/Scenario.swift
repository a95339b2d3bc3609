import KilterVocabulary

/// A named, seeded stream with what must follow from it.
public struct Scenario: Sendable {
    /// Family, number and a few words, such as `N1-status-poll-progresses`; the name of its fixture's folder.
    public let id: String
    /// What happens in the stream, in one sentence.
    public let summary: String
    /// Why this must, or must not, raise an alert.
    public let why: String
    /// The seed of the checked-in fixture.
    public let seed: UInt64
    /// The configuration under which it must, as YAML; nil for the defaults.
    public let configuration: String?
    private let compose: @Sendable (ScenarioBuilder) -> Void

    init(
        _ id: String, seed: UInt64, summary: String, why: String, configuration: String? = nil,
        compose: @escaping @Sendable (ScenarioBuilder) -> Void
    ) {
        self.id = id
        self.seed = seed
        self.summary = summary
        self.why = why
        self.configuration = configuration
        self.compose = compose
    }

    /// Stream and expectation under a seed, the scenario's own by default. Cost: about 2 µs a span.
    public func recording(seed: UInt64? = nil) -> Recording {
        let builder = ScenarioBuilder(seed: seed ?? self.seed)
        compose(builder)
        return builder.recording()
    }

    /// The OTLP/JSON lines under the scenario's own seed.
    public func stream() -> String { recording().stream }

    /// What must and must not follow under the scenario's own seed.
    public var expectation: Expectation { recording().expectation }
}

extension Scenario: CustomStringConvertible {
    public var description: String { id }
}

/// Every scenario, in the order of their ids' families: silent (N), alerting (P), life cycle (L), demonstration.
public enum Scenarios {
    public static let all: [Scenario] =
        silentPolling + silentFaults + silentCoding + silentTurns + silentDelivery + repeatedCalls + repeatedDialects
        + callCycles + errorStreaks + sameAnswers + nearRepetition + toolClasses + messageStorms + longDialogues + messageCircles
        + growingRuns + firstUses
        + lifeCycle
        + [demonstration]

    public static func named(_ id: String) -> Scenario? { all.first { $0.id == id } }
}
