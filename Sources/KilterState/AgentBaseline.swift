import KilterMath
import KilterVocabulary

/// What the baselines of one agent have in common: which signals it shows, its version, the models that answer it, the
/// outcomes of its runs. Fixed size.
public struct AgentBaseline: BitwiseCopyable, Sendable {
    static let outcomesMax = 6

    /// Whose they are.
    public var environment: NameHash = 0
    public var service: NameHash = 0
    public var agent: NameHash = 0
    /// Runs observed so far.
    public var runs: UInt32 = 0
    /// Streams of each signal; those of one signal share its part of the budget.
    var streams = InlineArray<32, UInt8>(repeating: 0)
    /// Sum of the shares of the signals that are there.
    var sharesPresent: UInt32 = 0
    /// What the streams say together.
    public var pool = EvidencePool()
    /// Kinds of steps whose single values are watched.
    var tails: UInt16 = 0

    /// The declared version of the run at hand, and its epoch: each version has one, whichever runs beside it.
    public internal(set) var version: NameHash = 0
    public internal(set) var epoch: UInt32 = 0
    /// The versions seen last and their epochs, and how many there have been.
    var versions = InlineArray<6, NameHash>(repeating: 0)
    var versionEpochs = InlineArray<6, UInt32>(repeating: 0)
    var versionCount: UInt32 = 0
    /// The epoch that began last, and the one that it is compared with.
    var latestEpoch: UInt32 = 0
    public internal(set) var comparedEpoch: UInt32 = 0
    public internal(set) var versionBefore: NameHash = 0
    /// Until then the epoch before is compared with: engine time, and runs of the agent.
    public internal(set) var comparesUntil = EventTime.zero

    /// What was declared by marks.
    public internal(set) var declared = DeclaredEpochs()

    /// The model that answered last, the one before, and when the change was seen; zero is none.
    public internal(set) var model: NameHash = 0
    public internal(set) var modelBefore: NameHash = 0
    public internal(set) var modelChangedAt = EventTime.zero
    /// Runs in a row that the present model has answered, up to `modelSteady`, and whether it ever has been steady.
    var modelRuns: UInt32 = 0

    public internal(set) var outcomes = InlineArray<6, NameHash>(repeating: 0)
    var outcomeCounts = InlineArray<6, UInt32>(repeating: 0)
    public internal(set) var outcomeCount: UInt8 = 0
    /// The one of two outcomes that is watched, once enough runs have shown which is the usual one.
    public internal(set) var usualOutcome: NameHash = 0

    /// Runs of the agent that were begun last and may still go on.
    var open = InlineArray<8, UInt64>(repeating: 0)
    var nextOpen: UInt8 = 0

    /// Spans of its runs name no parents, so that no span ends a run.
    public var isFlat = false
    /// Somebody froze what is usual: no version and no declared change begins an epoch.
    public var isPinned = false
    /// Of a group: sums of what its agents' repeated answers left unexplained, and of the parts that were left to the group.
    var repeatSum: Float = 0
    var repeatParts: Float = 0
    /// Of a group: when a run ended last of which something failed.
    public var failedAt = EventTime.zero
    /// Of a group: which of 128 places its members fall into.
    var members = Bits128()

    public init() {}

    /// What is left of a group's score of repeated answers, when `part` of what was to be expected is the group's to say: where
    /// such scores lie on average, with what is presumed of figures of an unknown level.
    public mutating func remainder(of score: Float, part: Float) -> Float {
        let presumed = ScoreBaseline.Level.unknown
        let level = (repeatSum + Float(presumed.presumed * presumed.presumedMean)) / (repeatParts + Float(presumed.presumed))
        if repeatParts < 0x1p20 {
            repeatSum += score
            repeatParts += part
        }
        return score - part * level
    }

    /// Counts a member of a group.
    public mutating func note(member: UInt64) { members.set(UInt32(truncatingIfNeeded: StableHash.combine(member, 0x6d) & 127)) }

    public mutating func hasManyMembers() -> Bool { members.count(from: 0, 128) > 1 }

    /// About how many members there are, at least one: by the places that stayed empty (linear counting, Whang 1990); right to
    /// a tenth up to two hundred, six hundred at most.
    /// Mutating, as is the one above, because everything would be copied for a reader.
    public mutating func memberCount() -> Double {
        let empty = 128 - Double(members.count(from: 0, 128))
        return max(1, -128 * Elementary.log(max(empty, 1) / 128))
    }

    /// Notes a run that begins; returns those before it that may be over.
    public mutating func begin(_ turnKey: UInt64) -> InlineArray<8, UInt64> {
        let before = open
        open[Int(nextOpen)] = turnKey
        nextOpen = (nextOpen &+ 1) % 8
        return before
    }

    /// How long a new version is compared with the one before.
    static let comparison = Nanoseconds.seconds(30 * 86_400)
    /// Runs after which a model is what answers an agent, and outcomes after which the usual one is known.
    static let modelSteady: UInt32 = 5
    static let outcomesSteady: UInt32 = 40

    // MARK: Budget

    /// Counts one more stream of `signal`.
    public mutating func noteStream(_ signal: Signal) {
        let at = Int(signal.rawValue)
        if streams[at] == 0 { sharesPresent &+= signal.share }
        if streams[at] < .max { streams[at] &+= 1 }
    }

    /// Parts of a stream's budget while two versions are compared: for each of the two, and for the one that they go back to.
    static let comparedPart = 0.45
    public static let anchorPart = 1 - 2 * comparedPart

    /// The part of the agent's budget that one stream of `signal` has, all of its epochs together.
    public func share(of signal: Signal) -> Double {
        let streams = max(streams[Int(signal.rawValue)], 1)
        return Double(signal.share) / Double(max(sharesPresent, signal.share)) / Double(streams)
    }

    /// That of one epoch.
    public func share(of signal: Signal, at time: EventTime) -> Double {
        isComparing(at: time) ? share(of: signal) * Self.comparedPart : share(of: signal)
    }

    public func isComparing(at time: EventTime) -> Bool { epoch == latestEpoch && epoch != comparedEpoch && time < comparesUntil }

    // MARK: Versions

    /// Notes the model that answered a run; true when another one had answered steadily and this one is new.
    public mutating func note(model next: NameHash, at time: EventTime) -> Bool {
        guard next != 0 else { return false }
        if next == model {
            modelRuns = min(modelRuns &+ 1, Self.modelSteady)
            return false
        }
        let wasSteady = model != 0 && modelRuns >= Self.modelSteady
        let isReturn = next == modelBefore && !wasSteady
        (modelBefore, model) = (model, next)
        modelRuns = 1
        guard wasSteady, !isReturn else { return false }
        modelChangedAt = time
        return true
    }

    // MARK: Outcomes

    /// Counts the outcome of a run; false where it is one too many to have a place.
    public mutating func note(outcome label: NameHash) -> Bool {
        var at = Int(outcomeCount)
        for index in 0..<Int(outcomeCount) where outcomes[index] == label { at = index }
        if at == Int(outcomeCount) {
            guard at < Self.outcomesMax else { return false }
            outcomes[at] = label
            outcomeCount &+= 1
        }
        outcomeCounts[at] &+= 1
        settleUsual()
        return true
    }

    /// Whether the outcome at a place of `outcomes` is watched: of two only the usual one is, because the other says the same.
    public func isWatched(outcome index: Int) -> Bool { outcomeCount != 2 || usualOutcome == 0 || outcomes[index] == usualOutcome }

    private mutating func settleUsual() {
        guard usualOutcome == 0, outcomeCount == 2, outcomeCounts[0] &+ outcomeCounts[1] >= Self.outcomesSteady else { return }
        usualOutcome = outcomeCounts[0] >= outcomeCounts[1] ? outcomes[0] : outcomes[1]
    }
}
