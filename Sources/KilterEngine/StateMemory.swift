import KilterState
import KilterVocabulary

/// How much state may be kept, over all shards.
public struct StateMemory: Sendable, Equatable {
    public var bounds: Shard.Bounds

    public static let published = StateMemory(
        Shard.Bounds(
            turnsMax: Limits.turnsMax, longTurnsMax: Limits.longTurnsMax, runsMax: Limits.runsMax,
            graphsMax: Limits.graphsMax, effectsMax: Limits.effectsMax, agentsMax: Limits.agentsMax,
            pairsMax: Limits.dialoguePairsMax, answersMax: Limits.answersMax))

    /// At least one slot of each kind in each shard.
    public init(_ bounds: Shard.Bounds) {
        self.bounds = Shard.Bounds(
            turnsMax: max(bounds.turnsMax, Limits.shards), longTurnsMax: max(bounds.longTurnsMax, Limits.shards),
            runsMax: max(bounds.runsMax, Limits.shards), graphsMax: max(bounds.graphsMax, Limits.shards),
            effectsMax: max(bounds.effectsMax, Limits.shards), agentsMax: max(bounds.agentsMax, Limits.shards),
            pairsMax: max(bounds.pairsMax, Limits.shards), answersMax: max(bounds.answersMax, Limits.shards))
    }

    /// `bytes` shared out in the published proportion.
    public init(bytes: Int) {
        let all = Self.published
        func part(_ slots: Int) -> Int {
            let product = UInt64(clamping: slots).multipliedFullWidth(by: UInt64(clamping: bytes))
            guard product.high < UInt64(clamping: all.bytes) else { return .max }
            return Int(clamping: UInt64(clamping: all.bytes).dividingFullWidth(product).quotient)
        }
        self.init(
            Shard.Bounds(
                turnsMax: part(all.bounds.turnsMax), longTurnsMax: part(all.bounds.longTurnsMax),
                runsMax: part(all.bounds.runsMax), graphsMax: part(all.bounds.graphsMax),
                effectsMax: part(all.bounds.effectsMax), agentsMax: part(all.bounds.agentsMax),
                pairsMax: part(all.bounds.pairsMax), answersMax: part(all.bounds.answersMax)))
    }

    /// Upper bound of what the slots take.
    public var bytes: Int { bounds.bytes }
}
