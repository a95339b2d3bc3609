import CLanes
import KilterMath
import KilterVocabulary

/// The last admitted spans of one tenant: who is a duplicate, and who is a known ancestor.
///
/// A ring of fixed length (the contract's horizon) and an open-addressed index that holds the keys themselves, so that
/// a span seen for the first time costs one line of memory. Both grow by doubling until the horizon is reached, so a
/// small tenant stays small. Memory at the full horizon of 65,536: 4 MiB.
struct RecentSpans: ~Copyable {
    struct Entry: BitwiseCopyable {
        /// Hash of (trace id, span id); never zero.
        var key: UInt64
        /// Key of the parent in the same trace; zero is a root.
        var parent: UInt64
        /// The agent that the span or a known ancestor of it named; zero is unknown.
        var agent: NameHash
        var kind: OperationKind
    }

    /// One place of the index; key zero is an empty place.
    private struct Place: BitwiseCopyable {
        var key: UInt64 = 0
        var position: UInt32 = 0
    }

    private let horizon: Int
    private let secret: UInt64
    private var count = 0
    /// The oldest one, once the ring is full.
    private var next = 0
    private var capacity: Int
    private var indexMask: Int
    // Guard: both blocks are owned by this noncopyable value and freed in deinit; positions stay below `count`,
    // offsets into the index are masked.
    private var ring: UnsafeMutablePointer<Entry>
    // Guard: as above; holds `indexMask + 1` places.
    private var index: UnsafeMutablePointer<Place>

    /// - Parameter secret: decides where keys lie in the index and nothing else (see `KeyedSlab`).
    init(horizon: Int, secret: UInt64) {
        self.horizon = horizon
        self.secret = secret
        capacity = min(64, horizon)
        ring = .allocate(capacity: capacity)
        indexMask = 127
        index = .allocate(capacity: 128)
        index.initialize(repeating: Place(), count: 128)
    }

    deinit {
        ring.deallocate()
        index.deallocate()
    }

    @inline(__always) static func key(_ trace: TraceID, _ span: UInt64) -> UInt64 {
        StableHash.combine(trace.high ^ StableHash.fold(trace.low, 0x9e37_79b9_7f4a_7c15), span)
    }

    @inline(__always) private func home(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: StableHash.fold(key ^ secret, 0x9e37_79b9_7f4a_7c15)) & indexMask
    }

    /// Brings the memory that `find` will touch towards the processor.
    @inline(__always) func prefetch(_ key: UInt64) { kilter_prefetch(index + home(key)) }

    /// The same for the `ahead`-th `add` from now.
    @inline(__always) func prefetchLeaving(ahead: Int) {
        guard count == horizon else { return }
        prefetch(ring[next &+ ahead < horizon ? next &+ ahead : next &+ ahead &- horizon].key)
    }

    @inline(__always) func find(_ key: UInt64) -> Entry? {
        var at = home(key)
        while index[at].key != 0 {
            if index[at].key == key { return ring[Int(index[at].position)] }
            at = (at &+ 1) & indexMask
        }
        return nil
    }

    /// Adds a span that `find` did not know, forgetting the oldest one at the horizon.
    mutating func add(_ entry: Entry) {
        if count < horizon {
            if count == capacity { growRing() }
            (ring + count).initialize(to: entry)
            count += 1
            if count * 2 > indexMask + 1 { growIndex() }
            place(entry.key, count - 1)
        } else {
            forget(ring[next].key)
            ring[next] = entry
            place(entry.key, next)
            next = next + 1 == horizon ? 0 : next + 1
        }
    }

    @inline(__always) private func place(_ key: UInt64, _ position: Int) {
        var at = home(key)
        while index[at].key != 0 { at = (at &+ 1) & indexMask }
        index[at] = Place(key: key, position: UInt32(truncatingIfNeeded: position))
    }

    private mutating func growRing() {
        let larger = min(horizon, capacity * 2)
        let newRing = UnsafeMutablePointer<Entry>.allocate(capacity: larger)
        newRing.moveInitialize(from: ring, count: count)
        ring.deallocate()
        ring = newRing
        capacity = larger
    }

    /// Makes room for the newest entry, which its caller places.
    private mutating func growIndex() {
        let size = (indexMask + 1) * 2
        index.deallocate()
        index = .allocate(capacity: size)
        index.initialize(repeating: Place(), count: size)
        indexMask = size - 1
        for position in 0..<count - 1 { place(ring[position].key, position) }
    }

    /// Backward-shift deletion: no tombstones, so look-ups stay short for ever.
    private func forget(_ key: UInt64) {
        var hole = home(key)
        while index[hole].key != key {
            guard index[hole].key != 0 else { return }
            hole = (hole &+ 1) & indexMask
        }
        var at = (hole &+ 1) & indexMask
        while index[at].key != 0 {
            let begin = home(index[at].key)
            if ((at &- begin) & indexMask) >= ((at &- hole) & indexMask) {
                index[hole] = index[at]
                hole = at
            }
            at = (at &+ 1) & indexMask
        }
        index[hole].key = 0
    }

    // Snapshot: entries from oldest to newest.

    func write(to writer: inout ByteWriter) {
        writer.write(UInt32(count))
        for step in 0..<count {
            let entry = ring[(next + step) % count]
            writer.write(entry.key)
            writer.write(entry.parent)
            writer.write(entry.agent)
            writer.write(entry.kind.rawValue)
        }
    }

    mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        self = RecentSpans(horizon: horizon, secret: secret)
        for _ in 0..<(try reader.read(UInt32.self)) {
            let entry = Entry(
                key: try reader.read(), parent: try reader.read(), agent: try reader.read(),
                kind: OperationKind(rawValue: try reader.read()))
            guard entry.key != 0, find(entry.key) == nil else { throw ByteReader.Short() }
            add(entry)
        }
    }
}
