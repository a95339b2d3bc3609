import KilterMath
import KilterVocabulary

/// The state of one virtual shard: slots of the agent keying (calls and answers per turn, tools and baselines per agent) and
/// of the run keying (messages, effects).
///
/// Which shard a key belongs to follows from the key alone; how many workers there are does not matter.
public struct Shard: ~Copyable {
    /// The calls of each turn.
    public var turns: KeyedSlab<CallWindow>
    /// What is new in the longer ones.
    public var longTurns: KeyedSlab<NoveltyWindow>
    /// The messages of each run.
    public var runs: KeyedSlab<MessageBoard>
    /// Who brings whom into each run, and which texts go round in it.
    public var graphs: KeyedSlab<AgentGraph>
    /// What was done in a turn that must not be done twice.
    public var effects: KeyedSlab<EffectMemory>
    /// The tools of each agent.
    public var repertoires: KeyedSlab<Repertoire>
    /// The dialogues of each pair of agents, over all runs.
    public var dialogues: KeyedSlab<DialogueHistory>
    /// What each turn's agent answered last, and how often in a row.
    public var answers: KeyedSlab<AnswerMemory>
    /// The runs of each agent that go on, or were over a little while ago.
    public var tallies: KeyedSlab<RunTally>
    public var idleRuns = IdleRuns()
    /// What the baselines of each agent have in common, and the baselines.
    public var agents: KeyedSlab<AgentBaseline>
    public var rates: KeyedSlab<RateStream>
    public var values: KeyedSlab<ValueStream>
    public var mixes: KeyedSlab<MixStream>
    /// How far values of each kind of step go.
    public var tails: KeyedSlab<TailStream>
    /// Where the embeddings of each agent lie.
    public var vectors: KeyedSlab<VectorStream>
    /// What each agent answers to requests that come again.
    public var repeats: KeyedSlab<RepeatStream>
    /// Tasks of each group that may go on.
    public var groups: KeyedSlab<GroupTally>
    /// What the streams of each group have in common, and these.
    public var groupBaselines: KeyedSlab<AgentBaseline>
    public var scores: KeyedSlab<ScoreStream>
    /// How often each agent calls and sends messages, and when the buckets of that are over.
    public var paces: KeyedSlab<AgentPace>
    public var paceDeadlines = PaceDeadlines()
    /// What was declared last in each tenant.
    public var changes: KeyedSlab<ChangeBoard>

    /// - Parameters:
    ///   - bounds: how many slots this shard may have.
    ///   - secret: see `KeyedSlab`.
    public init(_ bounds: Bounds, secret: UInt64 = 0) {
        turns = KeyedSlab(capacityMax: max(bounds.turnsMax, 1), secret: secret)
        longTurns = KeyedSlab(capacityMax: max(bounds.longTurnsMax, 1), secret: secret)
        runs = KeyedSlab(capacityMax: max(bounds.runsMax, 1), secret: secret)
        graphs = KeyedSlab(capacityMax: max(bounds.graphsMax, 1), secret: secret)
        effects = KeyedSlab(capacityMax: max(bounds.effectsMax, 1), secret: secret)
        repertoires = KeyedSlab(capacityMax: max(bounds.agentsMax, 1), secret: secret)
        dialogues = KeyedSlab(capacityMax: max(bounds.pairsMax, 1), secret: secret)
        answers = KeyedSlab(capacityMax: max(bounds.answersMax, 1), secret: secret)
        tallies = KeyedSlab(capacityMax: max(bounds.talliesMax, 1), secret: secret)
        agents = KeyedSlab(capacityMax: max(bounds.agentsMax, 1), secret: secret)
        rates = KeyedSlab(capacityMax: max(bounds.ratesMax, 1), secret: secret)
        values = KeyedSlab(capacityMax: max(bounds.valuesMax, 1), secret: secret)
        mixes = KeyedSlab(capacityMax: max(bounds.mixesMax, 1), secret: secret)
        tails = KeyedSlab(capacityMax: max(bounds.tailsMax, 1), secret: secret)
        vectors = KeyedSlab(capacityMax: max(bounds.vectorsMax, 1), secret: secret)
        repeats = KeyedSlab(capacityMax: max(bounds.repeatsMax, 1), secret: secret)
        groups = KeyedSlab(capacityMax: max(bounds.groupsMax, 1), secret: secret)
        groupBaselines = KeyedSlab(capacityMax: max(bounds.groupsMax, 1), secret: secret)
        // Eight signals of a group, on average.
        scores = KeyedSlab(capacityMax: max(bounds.groupsMax, 1) * 8, secret: secret)
        paces = KeyedSlab(capacityMax: max(bounds.agentsMax, 1), secret: secret)
        changes = KeyedSlab(capacityMax: Limits.tenantsMax, secret: secret)
    }

    /// Slots of each kind at most.
    public struct Bounds: Sendable, Equatable {
        public var turnsMax: Int
        public var longTurnsMax: Int
        public var runsMax: Int
        public var graphsMax: Int
        public var effectsMax: Int
        public var agentsMax: Int
        public var pairsMax: Int
        public var answersMax: Int
        public var talliesMax: Int
        public var ratesMax: Int
        public var valuesMax: Int
        public var mixesMax: Int
        public var tailsMax: Int
        public var vectorsMax: Int
        public var repeatsMax: Int
        public var groupsMax: Int

        public init(
            turnsMax: Int, longTurnsMax: Int, runsMax: Int, graphsMax: Int, effectsMax: Int, agentsMax: Int, pairsMax: Int,
            answersMax: Int, talliesMax: Int, ratesMax: Int, valuesMax: Int, mixesMax: Int, tailsMax: Int,
            vectorsMax: Int, repeatsMax: Int, groupsMax: Int
        ) {
            self.turnsMax = turnsMax
            self.longTurnsMax = longTurnsMax
            self.runsMax = runsMax
            self.graphsMax = graphsMax
            self.effectsMax = effectsMax
            self.agentsMax = agentsMax
            self.pairsMax = pairsMax
            self.answersMax = answersMax
            self.talliesMax = talliesMax
            self.ratesMax = ratesMax
            self.valuesMax = valuesMax
            self.mixesMax = mixesMax
            self.tailsMax = tailsMax
            self.vectorsMax = vectorsMax
            self.repeatsMax = repeatsMax
            self.groupsMax = groupsMax
        }

        /// Upper bound of what the slots take.
        public var bytes: Int {
            turnsMax * KeyedSlab<CallWindow>.slotBytesMax + longTurnsMax * KeyedSlab<NoveltyWindow>.slotBytesMax
                + runsMax * KeyedSlab<MessageBoard>.slotBytesMax + graphsMax * KeyedSlab<AgentGraph>.slotBytesMax
                + effectsMax * KeyedSlab<EffectMemory>.slotBytesMax + agentsMax * KeyedSlab<Repertoire>.slotBytesMax
                + pairsMax * KeyedSlab<DialogueHistory>.slotBytesMax + answersMax * KeyedSlab<AnswerMemory>.slotBytesMax
                + talliesMax * KeyedSlab<RunTally>.slotBytesMax + agentsMax * KeyedSlab<AgentBaseline>.slotBytesMax
                + agentsMax * KeyedSlab<AgentPace>.slotBytesMax
                + ratesMax * KeyedSlab<RateStream>.slotBytesMax + valuesMax * KeyedSlab<ValueStream>.slotBytesMax
                + mixesMax * KeyedSlab<MixStream>.slotBytesMax + groupsMax * KeyedSlab<GroupTally>.slotBytesMax
                + groupsMax * KeyedSlab<AgentBaseline>.slotBytesMax + tailsMax * KeyedSlab<TailStream>.slotBytesMax
                + vectorsMax * KeyedSlab<VectorStream>.slotBytesMax + repeatsMax * KeyedSlab<RepeatStream>.slotBytesMax
                + groupsMax * 8 * KeyedSlab<ScoreStream>.slotBytesMax
        }

        /// Every bound changed in the same way.
        public func map(_ change: (Int) -> Int) -> Bounds {
            Bounds(
                turnsMax: change(turnsMax), longTurnsMax: change(longTurnsMax), runsMax: change(runsMax), graphsMax: change(graphsMax),
                effectsMax: change(effectsMax), agentsMax: change(agentsMax), pairsMax: change(pairsMax), answersMax: change(answersMax),
                talliesMax: change(talliesMax), ratesMax: change(ratesMax), valuesMax: change(valuesMax), mixesMax: change(mixesMax),
                tailsMax: change(tailsMax), vectorsMax: change(vectorsMax), repeatsMax: change(repeatsMax),
                groupsMax: change(groupsMax))
        }

        /// An equal part of the bounds of all shards together.
        public var perShard: Bounds { map { $0 / Limits.shards } }
    }

    /// Shard of a turn's calls: sequences are kept per turn, so the turns of a busy agent are spread out.
    @inlinable public static func ofTurn(_ turnKey: UInt64) -> Int {
        Int(truncatingIfNeeded: turnKey >> 32) & (Limits.shards - 1)
    }

    @inlinable public static func ofAgent(_ agentKey: UInt64) -> Int {
        Int(truncatingIfNeeded: agentKey >> 32) & (Limits.shards - 1)
    }

    /// Shard of a pair's dialogues.
    @inlinable public static func ofPair(_ pairKey: UInt64) -> Int {
        Int(truncatingIfNeeded: pairKey >> 32) & (Limits.shards - 1)
    }

    @inlinable public static func ofRun(_ runKey: UInt64) -> Int {
        Int(truncatingIfNeeded: runKey >> 32) & (Limits.shards - 1)
    }
}
