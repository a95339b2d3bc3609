import KilterMath
import KilterState
import KilterVocabulary

extension Engine {
    /// What was pinned, or freed.
    public struct Pinned: Sendable, Equatable {
        public var agents = 0
        public var streams = 0
        /// Streams of these agents that go on learning: too little is known of them, or they are mixes or embeddings.
        public var learning = 0
    }

    /// Freezes what is usual of the agents whose name matches `pattern` as the reference for all that follows, or lets it go on: rates
    /// and values that enough is known of, those of the version that ran last. No version begins anew until then.
    public func pin(agents pattern: String, _ isPinned: Bool = true) -> Pinned {
        var pinned = Pinned()
        var epochs: [UInt64: UInt32] = [:]
        forEachAgent { key, tenant, slot in
            if Glob.matches(pattern, admission.names(of: tenant).text(slot.agent)) { epochs[key] = slot.epoch }
        }
        pinned.agents = epochs.count
        for room in shards {
            for key in room.shard.agents.sortedKeys() where epochs[key] != nil {
                room.shard.agents.find(key)?.pointee.isPinned = isPinned
            }
            for key in room.shard.rates.sortedKeys() {
                // Guard: the slot is of the room's own slab, which is not changed meanwhile.
                guard let slot = room.shard.rates.find(key) else { continue }
                let isKnown = slot.pointee.baseline.count >= RateBaseline.ready
                Self.pin(isPinned, &slot.pointee.watch, epochs, isKnown: isKnown, &pinned)
            }
            for key in room.shard.values.sortedKeys() {
                // Guard: as above.
                guard let slot = room.shard.values.find(key) else { continue }
                let isKnown = slot.pointee.baseline.isPlaced && !slot.pointee.baseline.hygiene.isWaitingForSeason
                Self.pin(isPinned, &slot.pointee.watch, epochs, isKnown: isKnown, &pinned)
            }
        }
        forEachStream(where: { epochs[$0.agentKey] == $0.epoch }) { stream in
            switch stream.baseline {
            case .mix, .place: pinned.learning += 1
            default: if stream.isDistance { pinned.learning += 1 }
            }
        }
        return pinned
    }

    private static func pin(
        _ isPinned: Bool, _ watch: inout StreamWatch, _ epochs: [UInt64: UInt32], isKnown: Bool, _ pinned: inout Pinned
    ) {
        guard let epoch = epochs[watch.identity.agentKey] else { return }
        if isPinned, isKnown, watch.identity.epoch == epoch {
            watch.isPinned = true
            pinned.streams += 1
        } else if !isPinned, watch.isPinned {
            watch.isPinned = false
            pinned.streams += 1
        } else if watch.identity.epoch == epoch {
            pinned.learning += 1
        }
    }
}
