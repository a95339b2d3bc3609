import KilterMath
import KilterVocabulary

/// The state of one virtual shard: slots of the agent keying (calls per turn) and of the run keying (messages).
///
/// Which shard a key belongs to follows from the key alone; how many workers there are does not matter.
public struct Shard: ~Copyable {
    public var turns: KeyedSlab<CallWindow>
    public var runs: KeyedSlab<MessageBoard>

    /// - Parameters:
    ///   - turnsMax: turn windows of this shard at most.
    ///   - runsMax: message boards of this shard at most.
    public init(turnsMax: Int, runsMax: Int) {
        turns = KeyedSlab(capacityMax: max(turnsMax, 1))
        runs = KeyedSlab(capacityMax: max(runsMax, 1))
    }

    /// Shard of the agent keying: all turns of an agent share one.
    @inlinable public static func ofAgent(_ agentKey: UInt64) -> Int {
        Int(truncatingIfNeeded: agentKey >> 32) & (Limits.shards - 1)
    }

    @inlinable public static func ofRun(_ runKey: UInt64) -> Int {
        Int(truncatingIfNeeded: runKey >> 32) & (Limits.shards - 1)
    }
}
