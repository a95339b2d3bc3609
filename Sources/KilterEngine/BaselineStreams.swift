import KilterMath
import KilterState
import KilterVocabulary

/// A stream as the state holds it, whatever its kind.
struct KnownStream {
    enum Baseline {
        case value(RankBaseline)
        case rate(RateBaseline)
        case mix(MixStream)
        /// Of a group, or of answers to requests that come again.
        case score(ScoreBaseline)
        /// Where embeddings lie.
        case place(VectorStream)
    }

    var watch: StreamWatch
    var tenant: NameHash
    var baseline: Baseline
    /// How far embeddings lie from their centre, which their place does not say.
    var isDistance = false

    var identity: StreamIdentity { watch.identity }

    /// Observations so far.
    var count: UInt32 {
        switch baseline {
        case .value(let baseline): baseline.count
        case .rate(let baseline): baseline.count
        case .mix(let stream): stream.baseline.count
        case .score(let baseline): baseline.count
        case .place(let stream): stream.count
        }
    }

    /// Observations from which on a change can be told.
    var needed: UInt32 {
        switch baseline {
        case .value: RankBaseline.ready
        case .rate, .mix: RateBaseline.ready
        case .score(let baseline): baseline.ready
        case .place: VectorStream.ready
        }
    }
}

extension Engine {
    /// Every agent of which a run is over, with its tenant, in a fixed order.
    func forEachAgent(_ body: (_ key: UInt64, _ tenant: NameHash, AgentBaseline) -> Void) {
        for room in shards {
            for key in room.shard.agents.sortedKeys() {
                guard let kept = room.shard.agents.peek(key), kept.slot.runs > 0 else { continue }
                body(key, kept.owner, kept.slot)
            }
        }
    }

    /// The same of groups.
    func forEachGroup(_ body: (_ key: UInt64, _ tenant: NameHash, AgentBaseline) -> Void) {
        for room in shards {
            for key in room.shard.groupBaselines.sortedKeys() {
                guard let kept = room.shard.groupBaselines.peek(key), kept.slot.runs > 0 else { continue }
                body(key, kept.owner, kept.slot)
            }
        }
    }

    /// Every stream of the agents and groups that are wanted, in a fixed order. Cost: a walk over all of them.
    func forEachStream(where isWanted: (StreamIdentity) -> Bool, _ body: (KnownStream) -> Void) {
        func offer(_ watch: StreamWatch, _ tenant: NameHash, _ baseline: KnownStream.Baseline, isDistance: Bool = false) {
            guard isWanted(watch.identity) else { return }
            body(KnownStream(watch: watch, tenant: tenant, baseline: baseline, isDistance: isDistance))
        }
        for room in shards {
            for key in room.shard.values.sortedKeys() {
                if let kept = room.shard.values.peek(key) { offer(kept.slot.watch, kept.owner, .value(kept.slot.baseline)) }
            }
            for key in room.shard.rates.sortedKeys() {
                if let kept = room.shard.rates.peek(key) { offer(kept.slot.watch, kept.owner, .rate(kept.slot.baseline)) }
            }
            for key in room.shard.mixes.sortedKeys() {
                if let kept = room.shard.mixes.peek(key) { offer(kept.slot.watch, kept.owner, .mix(kept.slot)) }
            }
            for key in room.shard.scores.sortedKeys() {
                if let kept = room.shard.scores.peek(key) { offer(kept.slot.watch, kept.owner, .score(kept.slot.baseline)) }
            }
            for key in room.shard.repeats.sortedKeys() {
                guard let kept = room.shard.repeats.peek(key), kept.slot.stream.baseline.count > 0 else { continue }
                offer(kept.slot.stream.watch, kept.owner, .score(kept.slot.stream.baseline))
            }
            for key in room.shard.vectors.sortedKeys() {
                guard let kept = room.shard.vectors.peek(key) else { continue }
                offer(kept.slot.watch, kept.owner, .place(kept.slot))
                // Of a first run there is no distance, and nothing that tells whose it is.
                guard kept.slot.spread.baseline.count > 0 else { continue }
                offer(kept.slot.spread.watch, kept.owner, .value(kept.slot.spread.baseline), isDistance: true)
            }
        }
    }
}
