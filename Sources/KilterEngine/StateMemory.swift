import KilterState
import KilterVocabulary

/// How much state may be kept, over all shards.
public struct StateMemory: Sendable, Equatable {
    public var bounds: Shard.Bounds

    public static let published = StateMemory(
        Shard.Bounds(
            turnsMax: Limits.turnsMax, longTurnsMax: Limits.longTurnsMax, runsMax: Limits.runsMax,
            graphsMax: Limits.graphsMax, effectsMax: Limits.effectsMax, agentsMax: Limits.agentsMax,
            pairsMax: Limits.dialoguePairsMax, answersMax: Limits.answersMax,
            talliesMax: Limits.talliesMax, ratesMax: Limits.ratesMax, valuesMax: Limits.valuesMax, mixesMax: Limits.mixesMax,
            tailsMax: Limits.tailsMax, vectorsMax: Limits.vectorsMax, repeatsMax: Limits.repeatsMax,
            groupsMax: Limits.groupsMax))

    /// At least one slot of each kind in each shard.
    public init(_ bounds: Shard.Bounds) {
        self.bounds = bounds.map { max($0, Limits.shards) }
    }

    /// `bytes` shared out in the published proportion.
    public init(bytes: Int) {
        let all = Self.published
        func part(_ slots: Int) -> Int {
            let product = UInt64(clamping: slots).multipliedFullWidth(by: UInt64(clamping: bytes))
            guard product.high < UInt64(clamping: all.bytes) else { return .max }
            return Int(clamping: UInt64(clamping: all.bytes).dividingFullWidth(product).quotient)
        }
        self.init(all.bounds.map(part))
    }

    /// Upper bound of what the slots take.
    public var bytes: Int { bounds.bytes }
}
