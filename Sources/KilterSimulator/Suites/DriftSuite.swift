import KilterVocabulary

/// A long stream of agents of which one law is known, and when and how it changes: what statistical alerts are held against.
///
/// An observation is one trace. All agents start together, work steadily, and each keeps its own level; the change comes
/// after the same number of observations of each, unless it comes to all at one time.
public struct DriftSuite: Sendable {
    /// Such as `drift-latency`.
    public let id: String
    /// What happens in the stream, in one sentence.
    public let summary: String
    /// Why this must, or must not, raise an alert.
    public let why: String
    public let seed: UInt64
    /// Agents of the stream unless asked otherwise.
    public let agents: Int
    /// Observations of each agent unless asked otherwise.
    public let observations: Int
    /// Observations of an agent before it changes, in a stream of `observations`.
    public let onset: Int
    let form: Form
    var conditions: Conditions
    let change: Change?

    /// What of a trace is told.
    enum Form: Sendable {
        /// One model call, a trace by itself.
        case call
        /// An invocation of the agent, with its outcome where there is one, around a model call.
        case answer
        /// The same with a tool call that the model asked for.
        case work
    }

    /// How an agent's law changes.
    struct Change: Sendable {
        /// Which agents change, by their number.
        var concerns: @Sendable (Int) -> Bool = { _ in true }
        /// Observations over which it grows from nothing to all; 0 for a step.
        var ramp = 0
        /// Observations after which it is over; nil for one that stays.
        var lasts: Int?
        /// Whether it comes to all agents at one time, however far each is.
        var isCommon = false
        /// Whether agents declare it, by their number: with a version on their spans, or with a mark.
        var isDeclared = false
        /// Whether agents that change join when the others have half of their observations behind them.
        var joinsLate = false
        /// Signals that change, the main one first.
        var signals: [Signal]
        /// What becomes of the law of agent `number` at a share of the change from 0 to 1.
        var apply: @Sendable (_ law: inout Behaviour, _ share: Double, _ number: Int) -> Void
    }

    /// A signal that changes, and which way.
    struct Signal: Sendable {
        var name: String
        /// `up`, `down`, `wider` or `mix`.
        var direction: String
        /// For which agents, by their number.
        var concerns: @Sendable (Int) -> Bool = { _ in true }

        static func up(_ name: String) -> Signal { Signal(name: name, direction: "up") }
        static func down(_ name: String) -> Signal { Signal(name: name, direction: "down") }
        static func wider(_ name: String) -> Signal { Signal(name: name, direction: "wider") }
        static func mix(_ name: String) -> Signal { Signal(name: name, direction: "mix") }
    }

    init(
        _ id: String, seed: UInt64, summary: String, why: String, agents: Int, observations: Int, onset: Int, form: Form,
        conditions: Conditions = Conditions(), change: Change? = nil
    ) {
        self.id = id
        self.seed = seed
        self.summary = summary
        self.why = why
        self.agents = agents
        self.observations = observations
        self.onset = onset
        self.form = form
        self.conditions = conditions
        self.change = change
    }

    /// What is told of it, as one line of JSON without its line feed.
    public var factsLine: String {
        TelemetryValue.object([
            .init("id", .string(id)), .init("summary", .string(summary)), .init("why", .string(why)),
            .init("seed", .integer(Int64(clamping: seed))), .init("agents", .integer(Int64(agents))),
            .init("observations", .integer(Int64(observations))), .init("onset", .integer(Int64(onset))),
        ]).jsonText()
    }
}

extension DriftSuite: CustomStringConvertible {
    public var description: String { id }
}

/// Every suite: without a change, with one in one signal, in a mix, slow, short, early, declared, common.
public enum DriftSuites {
    public static let all: [DriftSuite] = still + outcomes + values + mixes + ramps + passing + starts + releases + groups

    public static func named(_ id: String) -> DriftSuite? { all.first { $0.id == id } }
}
