import KilterMath
import KilterVocabulary

/// The last admitted spans of one tenant: who is a duplicate, and who is a known ancestor.
///
/// A ring of fixed length (the contract's horizon) over an open-addressed index; both grow by doubling until the
/// horizon is reached, so that a small tenant stays small. Memory at the full horizon of 65,536: 4 MiB.
struct RecentSpans {
    struct Entry: BitwiseCopyable {
        /// Hash of (trace id, span id).
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
    private var index = ContiguousArray<UInt32>(repeating: 0, count: 128)

    init(horizon: Int) { self.horizon = horizon }

    @inline(__always) static func key(_ trace: TraceID, _ span: UInt64) -> UInt64 {
        StableHash.combine(trace.high ^ StableHash.fold(trace.low, 0x9e37_79b9_7f4a_7c15), span)
    }

    func find(_ key: UInt64) -> Entry? {
        let mask = index.count - 1
        var at = Int(truncatingIfNeeded: key) & mask
        while index[at] != 0 {
            let entry = ring[Int(index[at]) - 1]
            if entry.key == key { return entry }
            at = (at + 1) & mask
        }
        return nil
    }

    /// Adds a span that `find` did not know, forgetting the oldest one at the horizon.
    mutating func add(_ entry: Entry) {
        if ring.count < horizon {
            ring.append(entry)
            if ring.count * 2 > index.count { growIndex() }
            place(entry.key, ring.count)
        } else {
            forget(ring[next].key)
            ring[next] = entry
            place(entry.key, next + 1)
            next = next + 1 == horizon ? 0 : next + 1
        }
    }

    private mutating func place(_ key: UInt64, _ position: Int) {
        let mask = index.count - 1
        var at = Int(truncatingIfNeeded: key) & mask
        while index[at] != 0 { at = (at + 1) & mask }
        index[at] = UInt32(position)
    }

    private mutating func growIndex() {
        index = ContiguousArray(repeating: 0, count: index.count * 2)
        for position in 0..<ring.count - 1 { place(ring[position].key, position + 1) }
    }

    private mutating func forget(_ key: UInt64) {
        let mask = index.count - 1
        var hole = Int(truncatingIfNeeded: key) & mask
        while index[hole] != 0, ring[Int(index[hole]) - 1].key != key { hole = (hole + 1) & mask }
        guard index[hole] != 0 else { return }
        var at = (hole + 1) & mask
        while index[at] != 0 {
            let home = Int(truncatingIfNeeded: ring[Int(index[at]) - 1].key) & mask
            if ((at &- home) & mask) >= ((at &- hole) & mask) {
                index[hole] = index[at]
                hole = at
            }
            at = (at + 1) & mask
        }
        index[hole] = 0
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
            add(entry)
        }
    }
}
