/// The numbers of a change that a baseline has seen, as a finding carries them.
public struct SignalChange: BitwiseCopyable, Sendable {
    public enum Way: UInt8, BitwiseCopyable, Sendable {
        case up, down, wider, narrower, mix, moved

        /// The contract's word.
        public var name: String {
            switch self {
            case .up: "up"
            case .down: "down"
            case .wider: "wider"
            case .narrower: "narrower"
            case .mix: "mix"
            case .moved: "moved"
            }
        }
    }

    /// What kind of step the figures are of.
    public enum Step: UInt8, BitwiseCopyable, Sendable {
        case run, tool, request, answer, inference, opening, phase, span

        /// As evidence and reports name it.
        public var name: String {
            switch self {
            case .run: "run"
            case .tool: "tool"
            case .request: "model_call_that_asks"
            case .answer: "model_call_that_answers"
            case .inference: "model_call"
            case .opening: "first_model_call"
            case .phase: "phase"
            case .span: "span"
            }
        }
    }

    /// A category of a mix and its shares before and since.
    public struct Category: BitwiseCopyable, Sendable {
        public var name: UInt64 = 0
        /// Of a step from one tool to another, both; else zero.
        public var origin: NameHash = 0
        public var target: NameHash = 0
        public var before: Float = 0
        public var after: Float = 0

        public init() {}

        public init(name: UInt64, origin: NameHash, target: NameHash, before: Float, after: Float) {
            self.name = name
            self.origin = origin
            self.target = target
            self.before = before
            self.after = after
        }
    }

    public var signal = Signal.latency
    /// The label of an outcome, the name of an evaluation or guardrail.
    public var label: NameHash = 0
    public var step = Step.run
    /// Whether it is about a group of agents, and which.
    public var isGroup = false
    public var group = GroupRun.Kind.service
    /// Of one agent: the streams in which its service's and its model's groups watch the same; zero where they do not.
    public var serviceStream: UInt64 = 0
    public var modelStream: UInt64 = 0
    public var way = Way.up
    /// In the signal's own unit; geometric means of values, shares of rates.
    public var before = 0.0
    public var after = 0.0
    /// 95 % interval of `after`; equal where none is known.
    public var lower = 0.0
    public var upper = 0.0
    /// Observations before the estimated onset and since.
    public var countBefore: UInt32 = 0
    public var countAfter: UInt32 = 0
    /// Of what is counted by time: seconds that one observation takes; zero elsewhere.
    public var bucketSeconds: UInt32 = 0
    /// Evidence in units of its threshold, and the size of the change that explains it best.
    public var evidence: Float = 0
    /// What the signal says of it alone.
    public var ownEvidence: Float = 0
    public var alternative: Float = 0
    /// The version that the figures before are of, when it is not the one of today.
    public var comparedVersion: NameHash = 0
    /// Of what went step by step: new versions and declared changes since the figures before, and when those began to be learned.
    public var stepCount: UInt32 = 0
    public var comparedSince = EventTime.zero
    /// The declared change that the figures before lie before, its kind and what it concerned; a time of zero is none.
    public var declaredAt = EventTime.zero
    public var declaredKind: NameHash = 0
    public var declaredTarget: NameHash = 0
    /// The model that answered before, when another one has answered since shortly before the onset.
    public var modelBefore: NameHash = 0
    public var modelAfter: NameHash = 0
    /// Of a single value: among how many observations one as large is to be expected, and the largest one before it.
    public var rarity = 0.0
    public var largest = 0.0
    /// Other signals that the same span is an outlier of, a bit each.
    public var others: UInt32 = 0
    public var categories = InlineArray<3, Category>(repeating: Category())

    public init() {}
}
