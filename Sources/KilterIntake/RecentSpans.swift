import CLanes
import KilterMath
import KilterVocabulary

/// The last admitted spans of one tenant: who is a duplicate, and who is a known ancestor.
///
/// A ring of fixed length (the contract's horizon) and an open-addressed index that holds the keys themselves, so that
/// a span seen for the first time costs one line of memory. Both grow by doubling until the horizon is reached, so a
/// small tenant stays small. Memory at the full horizon of 65,536: 3.5 MiB.
struct RecentSpans {
    struct Entry: BitwiseCopyable {
        /// Hash of (trace id, span id); never zero.
        var key: UInt64
        /// Key of the parent in the same trace; zero is a root.
        var parent: UInt64
        /// The agent that the span or a known ancestor of it named; zero is unknown.
        var agent: NameHash
        var kind: OperationKind
    }

    private let horizon: Int
    private var ring: ContiguousArray<Entry> = []
    private var next = 0
    private var indexKeys = ContiguousArray<UInt64>(repeating: 0, count: 128)
    private var indexPlaces = ContiguousArray<UInt32>(repeating: 0, count: 128)

    init(horizon: Int) { self.horizon = horizon }

    @inline(__always) static func key(_ trace: TraceID, _ span: UInt64) -> UInt64 {
        StableHash.combine(trace.high ^ StableHash.fold(trace.low, 0x9e37_79b9_7f4a_7c15), span)
    }

    /// Brings the memory that `find` and the `ahead`-th `add` from now will touch towards the processor.
    @inline(__always) func prefetch(_ key: UInt64, ahead: Int) {
        let mask = indexKeys.count - 1
        indexKeys.withUnsafeBufferPointer { keys in
            // Guard: both offsets are masked to the index; nothing is read, only announced.
            guard let base = keys.baseAddress else { return }
            kilter_prefetch(base + (Int(truncatingIfNeeded: key) & mask))
            guard ring.count == horizon else { return }
            let leaving = ring[next + ahead < horizon ? next + ahead : next + ahead - horizon].key
            kilter_prefetch(base + (Int(truncatingIfNeeded: leaving) & mask))
        }
    }

    func find(_ key: UInt64) -> Entry? {
        let mask = indexKeys.count - 1
        var at = Int(truncatingIfNeeded: key) & mask
        while indexKeys[at] != 0 {
            if indexKeys[at] == key { return ring[Int(indexPlaces[at])] }
            at = (at &+ 1) & mask
        }
        return nil
    }

    /// Adds a span that `find` did not know, forgetting the oldest one at the horizon.
    mutating func add(_ entry: Entry) {
        if ring.count < horizon {
            ring.append(entry)
            if ring.count * 2 > indexKeys.count { growIndex() }
            place(entry.key, ring.count - 1)
        } else {
            forget(ring[next].key)
            ring[next] = entry
            place(entry.key, next)
            next = next + 1 == horizon ? 0 : next + 1
        }
    }

    private mutating func place(_ key: UInt64, _ position: Int) {
        let mask = indexKeys.count - 1
        var at = Int(truncatingIfNeeded: key) & mask
        while indexKeys[at] != 0 { at = (at &+ 1) & mask }
        indexKeys[at] = key
        indexPlaces[at] = UInt32(truncatingIfNeeded: position)
    }

    private mutating func growIndex() {
        let size = indexKeys.count * 2
        indexKeys = ContiguousArray(repeating: 0, count: size)
        indexPlaces = ContiguousArray(repeating: 0, count: size)
        for position in 0..<ring.count - 1 { place(ring[position].key, position) }
    }

    /// Backward-shift deletion: no tombstones, so look-ups stay short for ever.
    private mutating func forget(_ key: UInt64) {
        let mask = indexKeys.count - 1
        var hole = Int(truncatingIfNeeded: key) & mask
        while indexKeys[hole] != key {
            guard indexKeys[hole] != 0 else { return }
            hole = (hole &+ 1) & mask
        }
        var at = (hole &+ 1) & mask
        while indexKeys[at] != 0 {
            let home = Int(truncatingIfNeeded: indexKeys[at]) & mask
            if ((at &- home) & mask) >= ((at &- hole) & mask) {
                indexKeys[hole] = indexKeys[at]
                indexPlaces[hole] = indexPlaces[at]
                hole = at
            }
            at = (at &+ 1) & mask
        }
        indexKeys[hole] = 0
    }

    // Snapshot: entries from oldest to newest.

    func write(to writer: inout ByteWriter) {
        writer.write(UInt32(ring.count))
        for step in 0..<ring.count {
            let entry = ring[(next + step) % ring.count]
            writer.write(entry.key)
            writer.write(entry.parent)
            writer.write(entry.agent)
            writer.write(entry.kind.rawValue)
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        self = RecentSpans(horizon: horizon)
        for _ in 0..<(try reader.read(UInt32.self)) {
            let entry = Entry(
                key: try reader.read(), parent: try reader.read(), agent: try reader.read(),
                kind: OperationKind(rawValue: try reader.read()))
            guard entry.key != 0, find(entry.key) == nil else { throw ByteReader.Short() }
            add(entry)
        }
    }
}
