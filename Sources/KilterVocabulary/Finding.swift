/// A detector's claim about one subject at one instant: fixed size, names as hashes, ready to cross threads.
/// Detectors emit one for every record that adds evidence at or above the information level; which of them
/// becomes an event is for incidents to say.
public struct Finding: BitwiseCopyable, Sendable {
    /// Position of the completing record in the engine's step; with keying and detector it orders events.
    public var record: UInt32 = 0
    public var keying = Keying.agent
    public var detector = DetectorID.repeatedCall
    public var tier = Tier.identicalResult
    public var severity = Severity.info

    // Subject
    public var agentKey: UInt64 = 0
    public var runKey: UInt64 = 0
    /// The run that the trace was before its conversation was known; equal to `runKey` where there is none.
    public var traceKey: UInt64 = 0
    /// What tells episodes of one detector apart within agent and run: tool, pair of agents.
    public var subject: UInt64 = 0
    public var tenant: NameHash = 0
    public var environment: NameHash = 0
    public var service: NameHash = 0
    public var agent: NameHash = 0
    public var agentVersion: NameHash = 0
    public var conversation: NameHash = 0
    public var tool: NameHash = 0
    public var model: NameHash = 0
    public var peer: NameHash = 0
    public var errorType: NameHash = 0

    // The completing span, and engine time when it was judged.
    public var trace = TraceID()
    public var span: UInt64 = 0
    public var engineTime = EventTime.zero
    public var observedAt = EventTime.zero
    public var startedAt = EventTime.zero

    // The numbers
    public var count: UInt32 = 0
    /// Calls or messages looked back over; zero when the count is of an unbroken row.
    public var window: UInt32 = 0
    /// The count at which this severity begins.
    public var threshold: UInt32 = 0
    /// Calls or messages of the subject from onset to decision.
    public var delaySpans: UInt32 = 0

    /// What the run has spent from the first span to the completing one.
    public var spent = SpendMark()
    /// What the run has spent in all.
    public var spend = SpendMark()

    // Evidence
    public var firstSpan: UInt64 = 0
    public var previousSpan: UInt64 = 0
    public var arguments = Fingerprint.unknown
    public var result = Fingerprint.unknown
    public var digest: UInt64 = 0
    public var rule = Rule.none
    public var period: UInt8 = 0
    /// By how many characters each call was longer than the one before; characters read before; bytes of the block that a text
    /// ends in.
    public var step: UInt32 = 0
    /// Messages with the text that goes round, agents of the run, or runs that brought something new.
    public var members: UInt32 = 0
    /// Names of the cycle's tools or of a path's agents, in order; the first `period` of them are meant.
    public var cycle: InlineNames = InlineNames()

    /// What was claimed is over: the open episode resolves.
    public var isOver = false
    /// The numbers of a statistical claim; nil elsewhere.
    public var change: SignalChange?

    /// What changed in an agent belongs to none of its runs; a call that stands out belongs to its own.
    public var isOfRun: Bool { change == nil || detector == .outlier }

    public init() {}

    /// The rule of the detector that spoke, where it has several.
    public enum Rule: UInt8, BitwiseCopyable, Sendable {
        case none, inRow, inWindow, sameArgumentsUnknownResult, sameArgumentsChangingResult, pair, toSelf
        case lastThirty, lastTen, callsOfThirty
        case growingGenerations, relayedTexts, depth, agentsOfGrowingRun
        case nearInRow, outgrown
        case actsAfterReading
        case tail

        public var name: String {
            switch self {
            case .none: "none"
            case .inRow: "in_row"
            case .inWindow: "in_window"
            case .sameArgumentsUnknownResult: "same_arguments_unknown_result"
            case .sameArgumentsChangingResult: "same_arguments_changing_result"
            case .pair: "pair"
            case .toSelf: "to_self"
            case .lastThirty: "last_thirty"
            case .lastTen: "last_ten"
            case .callsOfThirty: "calls_of_thirty"
            case .growingGenerations: "growing_generations"
            case .relayedTexts: "relayed_texts"
            case .depth: "depth"
            case .agentsOfGrowingRun: "agents_of_growing_run"
            case .nearInRow: "near_in_row"
            case .outgrown: "outgrown"
            case .actsAfterReading: "acts_after_reading"
            case .tail: "tail"
            }
        }
    }
}

/// Up to sixteen name hashes in place (`Limits.cyclePeriodMax`, `Limits.circleMax`).
public struct InlineNames: BitwiseCopyable, Sendable {
    private var storage = SIMD16<UInt64>(repeating: 0)
    @inlinable public init() {}
    public subscript(index: Int) -> NameHash {
        get { storage[index] }
        set { storage[index] = newValue }
    }
}
