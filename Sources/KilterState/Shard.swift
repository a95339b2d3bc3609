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
    ///   - secret: see `KeyedSlab`.
    public init(turnsMax: Int, runsMax: Int, secret: UInt64 = 0) {
        turns = KeyedSlab(capacityMax: max(turnsMax, 1), secret: secret)
        runs = KeyedSlab(capacityMax: max(runsMax, 1), secret: secret)
    }

    /// Shard of the agent keying. Sequences are kept per turn and nothing yet per agent, so the turns of a busy agent
    /// are spread out.
    @inlinable public static func ofTurn(_ turnKey: UInt64) -> Int {
        Int(truncatingIfNeeded: turnKey >> 32) & (Limits.shards - 1)
    }

    @inlinable public static func ofRun(_ runKey: UInt64) -> Int {
        Int(truncatingIfNeeded: runKey >> 32) & (Limits.shards - 1)
    }
}
