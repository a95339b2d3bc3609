import CLanes

/// A bounded table from non-zero, already mixed 64-bit keys to fixed-size slots.
///
/// - Look-up is one probe run in an open-addressed index (load at most a half), then one slot; `prefetch` pulls the
///   index line in before the slot is needed. Slots are allocated in blocks and never move, the index doubles;
///   nothing is allocated once the bound is reached.
/// - Every slot has an owner (a tenant). At the bound a new key takes the place of the oldest slot that was not
///   touched since the clock last passed it (second chance): of its own owner once that one has its share, a
///   sixty-fourth; before that, of the owner that holds the most. So a flood evicts its own slots only.
/// - Behaviour depends on the sequence of calls alone: no clock, no address; `secret` moves index places, no verdict.
///
/// Memory: `slotBytesMax` for each slot in use.
public struct KeyedSlab<Slot: BitwiseCopyable>: ~Copyable {
    /// A slot and what the slab knows about it, side by side: whoever has the one in the cache has the other.
    @usableFromInline struct Cell: BitwiseCopyable {
        /// First, so that the address of a cell is that of its slot.
        @usableFromInline var slot: Slot
        @usableFromInline var meta: Meta

        @inlinable init(slot: Slot, meta: Meta) {
            self.slot = slot
            self.meta = meta
        }
    }

    /// One place of the open-addressed index; key zero is an empty place.
    @usableFromInline struct Place: BitwiseCopyable {
        @usableFromInline var key: UInt64
        @usableFromInline var slot: Int32

        @inlinable init(key: UInt64, slot: Int32) {
            self.key = key
            self.slot = slot
        }
    }

    @usableFromInline struct Meta: BitwiseCopyable {
        @usableFromInline var key: UInt64
        /// Position in the owner's queue: grows with every insertion and every second chance.
        @usableFromInline var order: UInt64
        @usableFromInline var owner: Int32
        @usableFromInline var next: Int32
        @usableFromInline var touched: Bool

        @inlinable init(key: UInt64, order: UInt64, owner: Int32, touched: Bool) {
            self.key = key
            self.order = order
            self.owner = owner
            self.next = -1
            self.touched = touched
        }
    }

    @usableFromInline struct Owner {
        @usableFromInline var name: UInt64
        @usableFromInline var head: Int32 = -1
        @usableFromInline var tail: Int32 = -1
        @usableFromInline var count: Int = 0

        @inlinable init(name: UInt64) { self.name = name }
    }

    public let capacityMax: Int
    @usableFromInline let secret: UInt64
    @usableFromInline var evicted: UInt64 = 0
    /// Slots that there is memory for, a multiple of `blockSlots`.
    @usableFromInline var capacity = 0
    @usableFromInline var used = 0
    @usableFromInline var free: [Int32] = []
    // Guard: owned by this noncopyable value and freed in deinit, as are the blocks it points to, of `blockSlots` cells
    // each; slot numbers stay below `capacity`.
    @usableFromInline let blocks: UnsafeMutablePointer<UnsafeMutablePointer<Cell>>
    // Guard: as above; holds `indexMask + 1` places.
    @usableFromInline var index: UnsafeMutablePointer<Place>
    @usableFromInline var indexMask: Int
    @usableFromInline var owners: [Owner] = []
    /// Where in `owners` the last insertion was: most go to the same one.
    @usableFromInline var lastOwner = 0
    @usableFromInline var nextOrder: UInt64 = 1

    /// - Parameters:
    ///   - capacityMax: slots at most, at least 1.
    ///   - secret: decides where keys lie in the index and nothing else, so that nobody who can choose keys can make
    ///     them crowd together. Draw it at random where keys come from outside.
    @inlinable public init(capacityMax: Int, secret: UInt64 = 0) {
        precondition(capacityMax >= 1, "BUG: a slab needs room for one slot")
        self.capacityMax = capacityMax
        self.secret = secret
        blocks = .allocate(capacity: (capacityMax + Self.blockSlots - 1) / Self.blockSlots)
        indexMask = 63
        index = .allocate(capacity: 64)
        index.initialize(repeating: Place(key: 0, slot: -1), count: 64)
    }

    @inlinable deinit {
        for block in 0..<capacity / Self.blockSlots { blocks[block].deallocate() }
        blocks.deallocate()
        index.deallocate()
    }

    /// Slots that are allocated together: a power of two, some tens of kilobytes.
    @inlinable static var blockSlots: Int { MemoryLayout<Cell>.stride <= 128 ? 512 : 32 }

    // Guard: `slot` is below `capacity`.
    @inlinable @inline(__always) func cell(_ slot: Int) -> UnsafeMutablePointer<Cell> {
        blocks[slot / Self.blockSlots] + slot % Self.blockSlots
    }

    // Guard: as above.
    @inlinable @inline(__always) func cell(_ slot: Int32) -> UnsafeMutablePointer<Cell> {
        cell(Int(UInt32(truncatingIfNeeded: slot)))
    }

    /// Bytes that one slot takes at most: itself, what is known about it, and its places in the index, which is filled
    /// between a quarter and a half.
    @inlinable public static var slotBytesMax: Int { MemoryLayout<Cell>.stride + 4 * MemoryLayout<Place>.stride }

    /// Parts of the capacity that an owner may fill at the cost of others; beyond its part it evicts its own.
    @inlinable static var shares: Int { 64 }

    /// Slots that were given to another key.
    @inlinable public var evictions: UInt64 { evicted }

    @inlinable public var count: Int { used - free.count }

    /// Where a key's probe run begins.
    @inlinable @inline(__always) func home(_ key: UInt64) -> Int {
        Int(truncatingIfNeeded: StableHash.fold(key ^ secret, 0x9e37_79b9_7f4a_7c15)) & indexMask
    }

    /// Brings the index line of `key` towards the processor; no effect on the result of anything.
    @inlinable @inline(__always) public func prefetch(_ key: UInt64) {
        kilter_prefetch(index + home(key))
    }

    /// Brings the slot of `key` towards the processor, when there is one: its first `lines` lines of 64 bytes and
    /// the last. Cheap once the index line is there.
    @inlinable @inline(__always) public func prefetchSlot(_ key: UInt64, lines: Int) {
        guard let at = position(of: key) else { return }
        let cell = UnsafeRawPointer(cell(index[at].slot))
        for line in 0..<lines { kilter_prefetch(cell + 64 * line) }
        kilter_prefetch(cell + (MemoryLayout<Cell>.size - 1))
    }

    @inlinable @inline(__always) func position(of key: UInt64) -> Int? {
        var at = home(key)
        while true {
            let found = index[at].key
            if found == 0 { return nil }
            if found == key { return at }
            at = (at &+ 1) & indexMask
        }
    }

    // Guard: `slot` is below `capacity`; a cell begins with its slot.
    @inlinable @inline(__always) func pointer(_ slot: Int) -> UnsafeMutablePointer<Slot> {
        UnsafeMutableRawPointer(cell(slot)).assumingMemoryBound(to: Slot.self)
    }

    /// The slot of `key`, marked as touched. The pointer is good until the next insertion.
    // Guard: callers use the pointer before they insert again; all of them are in the pure rooms and single-threaded per slab.
    @inlinable @inline(__always) public mutating func find(_ key: UInt64) -> UnsafeMutablePointer<Slot>? {
        guard let at = position(of: key) else { return nil }
        let slot = Int(index[at].slot)
        cell(slot).pointee.meta.touched = true
        return pointer(slot)
    }

    /// The slot of `key`, made from `initial` when it was not there.
    // Guard: as for `find`.
    @inlinable @inline(__always) public mutating func findOrInsert(
        _ key: UInt64, owner: UInt64, initial: @autoclosure () -> Slot
    ) -> (slot: UnsafeMutablePointer<Slot>, isNew: Bool) {
        if let slot = find(key) { return (slot, false) }
        let slot = insertMeta(key, owner: owner, order: nextOrder, touched: false)
        nextOrder &+= 1
        pointer(slot).initialize(to: initial())
        return (pointer(slot), true)
    }

    /// Forgets `key`, if it is there.
    @inlinable public mutating func remove(_ key: UInt64) {
        guard let at = position(of: key) else { return }
        let slot = index[at].slot
        unlink(slot)
        removeIndex(at)
        free.append(slot)
    }

    /// Keys in ascending order: the canonical order of snapshots. Cost: a sort.
    @inlinable public func sortedKeys() -> [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(count)
        for at in 0...indexMask where index[at].key != 0 { keys.append(index[at].key) }
        keys.sort()
        return keys
    }

    /// What a snapshot keeps of one slot.
    public struct Kept {
        public var slot: Slot
        public var owner: UInt64
        public var order: UInt64
        public var touched: Bool

        @inlinable public init(slot: Slot, owner: UInt64, order: UInt64, touched: Bool) {
            self.slot = slot
            self.owner = owner
            self.order = order
            self.touched = touched
        }
    }

    /// The slot of `key` with its place in the eviction queue; does not touch it.
    @inlinable public func peek(_ key: UInt64) -> Kept? {
        guard let at = position(of: key) else { return nil }
        let cell = cell(index[at].slot)
        let meta = cell.pointee.meta
        return Kept(slot: cell.pointee.slot, owner: owners[Int(meta.owner)].name, order: meta.order, touched: meta.touched)
    }

    /// Puts back what `peek` gave. Keys of one owner must come in ascending `order`.
    @inlinable public mutating func restore(_ key: UInt64, _ kept: Kept) {
        remove(key)
        let slot = insertMeta(key, owner: kept.owner, order: kept.order, touched: kept.touched)
        pointer(slot).initialize(to: kept.slot)
        nextOrder = max(nextOrder, kept.order &+ 1)
    }
}

// Insertion and eviction: off the fast path, but seen by callers all the same, because code for a slot of unknown size
// costs ten times as much.
extension KeyedSlab {
    @inlinable @inline(never) mutating func insertMeta(_ key: UInt64, owner name: UInt64, order: UInt64, touched: Bool) -> Int {
        precondition(key != 0, "BUG: zero is not a key")
        let owner = ownerIndex(name)
        if count == capacityMax { evictOne(for: owner) }
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
        } else {
            if used == capacity { growSlots() }
            slot = Int32(used)
            used += 1
        }
        cell(slot).pointee.meta = Meta(key: key, order: order, owner: Int32(owner), touched: touched)
        enqueue(slot, owner: owner)
        if count * 2 > indexMask + 1 { growIndex() }
        insertIndex(key, slot)
        return Int(slot)
    }

    @inlinable mutating func ownerIndex(_ name: UInt64) -> Int {
        if lastOwner < owners.count, owners[lastOwner].name == name { return lastOwner }
        lastOwner = owners.firstIndex(where: { $0.name == name }) ?? addOwner(name)
        return lastOwner
    }

    @inlinable mutating func addOwner(_ name: UInt64) -> Int {
        // An owner without slots is forgotten, so that minted owners do not pile up.
        if let empty = owners.firstIndex(where: { $0.count == 0 }) {
            owners[empty] = Owner(name: name)
            return empty
        }
        owners.append(Owner(name: name))
        return owners.count - 1
    }

    @inlinable mutating func enqueue(_ slot: Int32, owner: Int) {
        cell(slot).pointee.meta.next = -1
        if owners[owner].tail >= 0 { cell(owners[owner].tail).pointee.meta.next = slot } else { owners[owner].head = slot }
        owners[owner].tail = slot
        owners[owner].count += 1
    }

    @inlinable mutating func dequeue(_ owner: Int) -> Int32 {
        let slot = owners[owner].head
        owners[owner].head = cell(slot).pointee.meta.next
        if owners[owner].head < 0 { owners[owner].tail = -1 }
        owners[owner].count -= 1
        return slot
    }

    @inlinable mutating func unlink(_ slot: Int32) {
        let owner = Int(cell(slot).pointee.meta.owner)
        var before: Int32 = -1
        var at = owners[owner].head
        while at != slot {
            before = at
            at = cell(at).pointee.meta.next
        }
        let after = cell(slot).pointee.meta.next
        if before < 0 { owners[owner].head = after } else { cell(before).pointee.meta.next = after }
        if after < 0 { owners[owner].tail = before }
        owners[owner].count -= 1
    }

    @inlinable mutating func evictOne(for owner: Int) {
        // Whoever has its share makes room itself; otherwise the largest holder does. Ties go to the smaller name,
        // which no order of arrival can change.
        var victim = owners[owner].count >= max(1, capacityMax / Self.shares) ? owner : 0
        for index in owners.indices where owners[owner].count < max(1, capacityMax / Self.shares) {
            let larger = owners[index].count > owners[victim].count
            let tie = owners[index].count == owners[victim].count && owners[index].name < owners[victim].name
            if larger || tie { victim = index }
        }
        while true {
            let slot = dequeue(victim)
            if cell(slot).pointee.meta.touched {
                cell(slot).pointee.meta.touched = false
                cell(slot).pointee.meta.order = nextOrder
                nextOrder &+= 1
                enqueue(slot, owner: victim)
                continue
            }
            if let at = position(of: cell(slot).pointee.meta.key) { removeIndex(at) }
            free.append(slot)
            evicted &+= 1
            return
        }
    }

    @inlinable mutating func growSlots() {
        blocks[capacity / Self.blockSlots] = .allocate(capacity: Self.blockSlots)
        capacity += Self.blockSlots
    }

    @inlinable mutating func growIndex() {
        let old = index
        let oldMask = indexMask
        indexMask = oldMask * 2 + 1
        index = .allocate(capacity: indexMask + 1)
        index.initialize(repeating: Place(key: 0, slot: -1), count: indexMask + 1)
        for at in 0...oldMask where old[at].key != 0 { insertIndex(old[at].key, old[at].slot) }
        old.deallocate()
    }

    @inlinable func insertIndex(_ key: UInt64, _ slot: Int32) {
        var at = home(key)
        while index[at].key != 0 { at = (at &+ 1) & indexMask }
        index[at] = Place(key: key, slot: slot)
    }

    /// Backward-shift deletion: no tombstones, so look-ups stay short for ever.
    @inlinable func removeIndex(_ position: Int) {
        var hole = position
        var at = (hole &+ 1) & indexMask
        while index[at].key != 0 {
            let begin = home(index[at].key)
            if ((at &- begin) & indexMask) >= ((at &- hole) & indexMask) {
                index[hole] = index[at]
                hole = at
            }
            at = (at &+ 1) & indexMask
        }
        index[hole] = Place(key: 0, slot: -1)
    }
}
