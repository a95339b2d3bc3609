/// How unusual one run was for its agent, signal by signal, on its way to a group that the agent belongs to.
public struct GroupRun: BitwiseCopyable, Sendable {
    /// What agents have in common that makes a group.
    public enum Kind: UInt8, BitwiseCopyable, Sendable {
        case service, model

        public var name: String {
            switch self {
            case .service: "service"
            case .model: "model"
            }
        }
    }

    /// Position of the record in the engine's step.
    public var record: UInt32 = 0
    public var kind = Kind.service
    public var groupKey: UInt64 = 0
    /// Runs whose part of the budget their agents cannot spend themselves yet, because they know too little.
    public var unspent: UInt16 = 0
    /// Agent, or service, by which the members of the group are told apart.
    public var member: UInt64 = 0
    /// Bits of the facets that have a score, and these: normal scores, each among the runs of the same agent.
    public var facets: UInt64 = 0
    public var scores = InlineArray<40, Float>(repeating: 0)
    /// Agents whose runs of the trace it sums up, by facet.
    public var counts = InlineArray<40, UInt16>(repeating: 0)

    /// Of the score of answers to requests that came again: the part of what is expected that the group has to say, because the
    /// agents do not know enough themselves; a sum like the score.
    public var unexpected: Float = 0
    /// Whether one of its agents failed.
    public var hasFailed = false

    // Whose run it was.
    public var tenant: NameHash = 0
    public var environment: NameHash = 0
    public var service: NameHash = 0
    public var model: NameHash = 0
    public var trace = TraceID()
    public var span: UInt64 = 0
    public var startedAt = EventTime.zero
    public var observedAt = EventTime.zero
    public var engineTime = EventTime.zero
    public var fleet: UInt32 = 0
    public var thresholdSet: UInt16 = 0

    public init() {}
}

extension GroupRun {
    /// What a group keeps apart of a run: signals of steps by the kind of step, because another model may do more when it asks
    /// for tools and less when it answers, and those of the run as a whole.
    public struct Facet: BitwiseCopyable, Sendable {
        public static let count = 40
        private static let steps: [SignalChange.Step] = [.tool, .request, .answer, .inference]
        private static let ofRuns: [Signal] = [
            .errorRate, .runCost, .runSteps, .runDuration, .evaluation, .feedback, .callRate, .repeatAnswer,
        ]
        /// Of each signal its place among those of steps, or eight more than that among those of runs; 16 for neither.
        private static let places: [UInt8] = Signal.allCases.map { signal in
            let ofSteps = Signal.ofSteps.indices.first { Signal.ofSteps[$0] == signal }
            return UInt8(ofSteps ?? ofRuns.firstIndex(of: signal).map { $0 + 8 } ?? 16)
        }

        /// In 0..<40.
        public let index: Int

        public init(index: Int) { self.index = index }

        /// Nil for signals that groups do not watch.
        public init?(_ signal: Signal, _ step: SignalChange.Step) {
            let place = Int(Self.places[Int(signal.rawValue)])
            guard place < 16 else { return nil }
            guard place < 8 else {
                // Behind four kinds of steps.
                index = 32 + place - 8
                return
            }
            switch step {
            case .tool: index = place
            case .request: index = 8 + place
            case .answer: index = 16 + place
            default: index = 24 + place
            }
        }

        public var signal: Signal { index < 32 ? Signal.ofSteps[index % 8] : Self.ofRuns[index - 32] }
        public var step: SignalChange.Step { index < 32 ? Self.steps[index / 8] : .run }
    }
}
