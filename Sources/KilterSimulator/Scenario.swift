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
    /// What the report of a recorded incident says, where the scenario tells one.
    public let incident: Incident?
    let compose: @Sendable (ScenarioBuilder) -> Void

    init(
        _ id: String, seed: UInt64, summary: String, why: String, configuration: String? = nil, incident: Incident? = nil,
        compose: @escaping @Sendable (ScenarioBuilder) -> Void
    ) {
        self.id = id
        self.seed = seed
        self.summary = summary
        self.why = why
        self.configuration = configuration
        self.incident = incident
        self.compose = compose
    }

    /// Stream and expectation under a seed, the scenario's own by default. Cost: about 2 µs a span.
    public func recording(seed: UInt64? = nil) -> Recording {
        let builder = ScenarioBuilder(seed: seed ?? self.seed)
        compose(builder)
        return builder.recording()
    }

    /// The same story of other agents, elsewhere in time.
    func told(seed: UInt64, variation: Variation) -> ScenarioBuilder {
        let builder = ScenarioBuilder(seed: seed, variation: variation)
        compose(builder)
        return builder
    }

    /// The OTLP/JSON lines under the scenario's own seed.
    public func stream() -> String { recording().stream }

    /// What must and must not follow under the scenario's own seed.
    public var expectation: Expectation { recording().expectation }
}

extension Scenario: CustomStringConvertible {
    public var description: String { id }

    /// What is told of it, as one line of JSON without its line feed.
    public var factsLine: String {
        var fields: [TelemetryValue.Field] = [
            .init("id", .string(id)), .init("summary", .string(summary)), .init("why", .string(why)),
            .init("seed", .integer(Int64(clamping: seed))), .init("configured", .bool(configuration != nil)),
        ]
        if let incident {
            fields.append(
                .init(
                    "incident",
                    ["source": .string(incident.source), "tokens": .integer(Int64(incident.tokens)), "dollars": .double(incident.dollars)]))
        }
        return TelemetryValue.object(fields).jsonText()
    }
}

/// What was reported of something that happened to somebody.
public struct Incident: Sendable, Equatable {
    /// Repository and number of the report, or where else it stands.
    public var source: String
    /// What it took until somebody noticed; zero where the report does not say.
    public var tokens: Int
    public var dollars: Double
}

/// Every scenario, in the order of their ids' families: silent (N), alerting (P), life cycle (L), incidents, demonstration.
public enum Scenarios {
    /// Those of the fixtures, and recorded incidents whose streams are too long to keep.
    public static let library: [Scenario] = all + longIncidents

    /// Those of the fixtures.
    public static let all: [Scenario] =
        silentPolling + silentFaults + silentCoding + silentPlans + silentTurns + silentDelivery + repeatedCalls + repeatedDialects
        + callCycles + errorStreaks + sameAnswers + nearRepetition + toolClasses + reasoningLoops + messageStorms + longDialogues
        + messageCircles + growingRuns + firstUses + drifts + lifeCycle + shortIncidents + [demonstration]

    public static func named(_ id: String) -> Scenario? { library.first { $0.id == id } }
}
