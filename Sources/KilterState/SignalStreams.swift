import KilterMath
import KilterVocabulary

/// Which stream it is.
public struct StreamIdentity: BitwiseCopyable, Sendable, Equatable {
    public var agentKey: UInt64 = 0
    /// Tool or phase of a kind of step; the label of an outcome, the name of an evaluation or a guardrail.
    public var name: NameHash = 0
    public var epoch: UInt32 = 0
    public var signal = Signal.latency
    public var step = SignalChange.Step.run

    public init() {}

    public init(agentKey: UInt64, name: NameHash, epoch: UInt32, signal: Signal, step: SignalChange.Step) {
        self.agentKey = agentKey
        self.name = name
        self.epoch = epoch
        self.signal = signal
        self.step = step
    }

    public var key: UInt64 {
        let what = UInt64(signal.rawValue) | UInt64(step.rawValue) << 8 | UInt64(epoch) << 16
        return StableHash.combine(StableHash.combine(agentKey, name), what)
    }
}

/// What every watched stream of one signal knows of itself beside its baseline.
public struct StreamWatch: BitwiseCopyable, Sendable {
    public var identity = StreamIdentity()
    /// Engine time and number of the agent's run at the previous observation: allowances are for what passed since.
    public var firstSeen = EventTime.zero
    public var lastSeen = EventTime.zero
    public var lastRun: UInt32 = 0
    /// Its observations have not all been alike.
    public var hasVaried = false
    /// The change that stands is told as a burst.
    public var isBurst = false
    /// Observations since an alarm without evidence at its level; `calm` of them and the alarm is over.
    public var quiet: UInt32 = 0
    public var calm: UInt32 = 0
    /// The severity that was said; from critical on nothing is learned while it stands.
    public var said = Said.nothing
    /// Times, in seconds, at which each lane's evidence began.
    public var onsets = SIMD16<UInt32>(repeating: 0)
    /// Of the change that stands: figures before it and the observations that they rest on.
    public var before = 0.0
    public var countBefore: UInt32 = 0
    /// When the change was said that stands.
    public var changedAt = EventTime.zero
    /// When there was last no evidence to speak of, where lanes do not tell.
    public var lastChange = EventTime.zero
    /// What the stream adds to its agent's pool of evidence, and the round of the pool that it is in.
    public var pooled: Float = 0
    public var round: UInt32 = 0
    /// Somebody froze what is usual: nothing more is learned, whatever comes.
    public var isPinned = false
    /// The epoch that its own goes back to by steps of which none was told: its anchor; its own where it begins one.
    public var anchor: UInt32 = 0
    /// As an anchor: the epoch that is held against it.
    public var heldFor: UInt32 = 0
    /// What was usual and on how many observations it rested when the next epoch began, of which it goes on to learn while the two are
    /// compared; none is not compared yet.
    public var leftLevel = 0.0
    public var leftCount: UInt32 = 0
    /// The change that stood is over with this observation.
    public var isOver = false

    public enum Said: UInt8, BitwiseCopyable, Sendable { case nothing, warning, critical }

    public init() {}

    /// Lanes whose evidence began longer ago than `age`. Mutating because everything would be copied for a reader.
    public mutating func lanes(olderThan age: Nanoseconds, at time: EventTime) -> SIMDMask<SIMD16<UInt32.SIMDMaskScalar>> {
        let seconds = time.nanoseconds / 1_000_000_000, old = age.count / 1_000_000_000
        return onsets .< SIMD16(repeating: UInt32(clamping: seconds > old ? seconds - old : 0))
    }

    /// Whether the evidence of a lane in 0..<16 had begun by then.
    public func began(_ lane: Int, by time: EventTime) -> Bool { UInt64(onsets[lane]) <= time.nanoseconds / 1_000_000_000 }

    /// Keeps the times of lanes whose evidence has just begun.
    public mutating func note(_ evidence: borrowing ChangeEvidence, at time: EventTime) {
        let now = SIMD16<UInt32>(repeating: UInt32(clamping: time.nanoseconds / 1_000_000_000))
        onsets.replace(with: now, where: evidence.ages .<= 1)
    }
}

/// One signal with its baseline.
public struct WatchedStream<Baseline: ChangeBaseline>: BitwiseCopyable, Sendable {
    public var baseline: Baseline
    public var watch = StreamWatch()

    public init(_ baseline: Baseline) { self.baseline = baseline }

    /// What was a change, and told, is what is usual now.
    public mutating func restart(_ fresh: Baseline) {
        let epoch = watch.identity.epoch
        self = Self(fresh)
        watch.anchor = epoch
    }
}

/// A rate, hit or not, of one agent.
public typealias RateStream = WatchedStream<RateBaseline>
/// A value of one kind of step, or of the runs, of one agent.
public typealias ValueStream = WatchedStream<RankBaseline>
/// How unusual the runs of a group are for their agents, in one signal of one kind of step.
public typealias ScoreStream = WatchedStream<ScoreBaseline>

/// How often an agent calls, or sends messages, in buckets of time.
public typealias PaceStream = WatchedStream<PaceBaseline>

/// Which of several: a mix of one agent, with the names of its categories.
public struct MixStream: BitwiseCopyable, Sendable {
    /// Categories with places of their own; further ones share the last.
    public static let categoriesMax = 15
    public var baseline: MixBaseline
    public var watch = StreamWatch()
    public internal(set) var categories = InlineArray<15, UInt64>(repeating: 0)
    /// Of a category that is a step from one tool to another, both.
    public internal(set) var origins = InlineArray<15, NameHash>(repeating: 0)
    public internal(set) var targets = InlineArray<15, NameHash>(repeating: 0)
    public internal(set) var known: UInt8 = 0
    var recent = InlineArray<64, UInt8>(repeating: 0)
    var choices: UInt32 = 0
    /// All choices by category, the recent ones included; halved together when they become many.
    var counts = InlineArray<16, UInt32>(repeating: 0)

    public init(_ baseline: MixBaseline) { self.baseline = baseline }

    /// The place of a category, which it keeps; the last one where all are taken.
    public mutating func place(of category: UInt64, from origin: NameHash = 0, to target: NameHash = 0) -> Int {
        for index in 0..<Int(known) where categories[index] == category { return index }
        guard Int(known) < Self.categoriesMax else { return Self.categoriesMax }
        categories[Int(known)] = category
        origins[Int(known)] = origin
        targets[Int(known)] = target
        known &+= 1
        return Int(known) - 1
    }

    /// Keeps a choice.
    public mutating func note(_ place: Int) {
        recent[Int(choices % 64)] = UInt8(truncatingIfNeeded: place)
        choices &+= 1
        counts[place] &+= 1
        guard counts[place] == 1 << 24 else { return }
        for index in 0..<16 { counts[index] /= 2 }
    }

    /// Since when the choices have most likely been other ones, among the recent: how many those are, and the shares of each
    /// category before and since. The number that makes the latest choices most surprising, by their divergence from those before.
    public var change: (since: UInt32, before: [Double], after: [Double]) {
        var after = InlineArray<16, Double>(repeating: 0)
        let all = (0..<16).reduce(0.0) { $0 + Double(counts[$1]) }
        var best = (score: -Double.infinity, since: 0)
        let most = Int(min(choices, 64))
        for length in 1...max(most, 1) where length <= most {
            after[Int(recent[Int((choices &- UInt32(length)) % 64)])] += 1
            guard length >= 3, all > Double(length) + 1 else { continue }
            var score = 0.0
            for index in 0..<16 where after[index] > 0 {
                let before = (Double(counts[index]) - after[index] + 0.5) / (all - Double(length) + 8)
                score += after[index] * Elementary.log(after[index] / Double(length) / before)
            }
            // Every category that the choices may differ in costs what a free share costs.
            score -= 0.5 * Double(known) * Elementary.log(Double(length))
            if score > best.score { best = (score, length) }
        }
        var now = [Double](repeating: 0, count: 16)
        for back in 1...max(best.since, 1) where back <= best.since { now[Int(recent[Int((choices &- UInt32(back)) % 64)])] += 1 }
        let rest = max(all - Double(best.since), 1)
        let then = (0..<16).map { max(0, Double(counts[$0]) - now[$0]) / rest }
        return (UInt32(best.since), then, now.map { $0 / Double(max(best.since, 1)) })
    }
}
