import CLanes

/// A bounded table from non-zero, already mixed 64-bit keys to fixed-size slots that lie in one block of memory.
///
/// - Look-up is one probe run in an open-addressed index (load at most a half), then one slot; `prefetch` pulls the
///   index line in before the slot is needed. Growth doubles; nothing is allocated once the bound is reached.
/// - Every slot has an owner (a tenant). At the bound a new key takes the place of the oldest slot that was not
///   touched since the clock last passed it (second chance), *of the owner that holds the most*, so that one
///   owner's flood evicts its own slots only.
/// - Behaviour depends on the sequence of calls alone: no clock, no randomness, no address.
///
/// Memory: `MemoryLayout<Slot>.stride` + 24 bytes a slot, + 24 to 48 bytes of index a slot.
public struct KeyedSlab<Slot: BitwiseCopyable>: ~Copyable {
    @usableFromInline struct Meta: BitwiseCopyable {
        @usableFromInline var key: UInt64
        /// Position in the owner's queue: grows with every insertion and every second chance.
        @usableFromInline var order: UInt64
        @usableFromInline var owner: Int32
        @usableFromInline var next: Int32
        @usableFromInline var touched: Bool

        @usableFromInline init(key: UInt64, order: UInt64, owner: Int32, touched: Bool) {
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

        @usableFromInline init(name: UInt64) { self.name = name }
    }

    public let capacityMax: Int
    public private(set) var evictions: UInt64 = 0
    @usableFromInline var capacity: Int
    @usableFromInline var used = 0
    @usableFromInline var free: [Int32] = []
    // Guard: the four blocks below are owned by this noncopyable value and freed in deinit; indices stay below `capacity`.
    @usableFromInline var slots: UnsafeMutablePointer<Slot>
    // Guard: as above.
    @usableFromInline var metas: UnsafeMutablePointer<Meta>
    // Guard: as above; holds `indexMask + 1` keys.
    @usableFromInline var indexKeys: UnsafeMutablePointer<UInt64>
    // Guard: as above; holds `indexMask + 1` slot numbers.
    @usableFromInline var indexSlots: UnsafeMutablePointer<Int32>
    @usableFromInline var indexMask: Int
    @usableFromInline var owners: [Owner] = []
    @usableFromInline var nextOrder: UInt64 = 1

    /// - Parameter capacityMax: slots at most, at least 1.
    public init(capacityMax: Int) {
        precondition(capacityMax >= 1, "BUG: a slab needs room for one slot")
        self.capacityMax = capacityMax
        capacity = min(16, capacityMax)
        slots = .allocate(capacity: capacity)
        metas = .allocate(capacity: capacity)
        indexMask = 63
        indexKeys = .allocate(capacity: 64)
        indexSlots = .allocate(capacity: 64)
        indexKeys.initialize(repeating: 0, count: 64)
        indexSlots.initialize(repeating: -1, count: 64)
    }

    deinit {
        slots.deallocate()
        metas.deallocate()
        indexKeys.deallocate()
        indexSlots.deallocate()
    }

    public var count: Int { used - free.count }

    /// Brings the index line of `key` towards the processor; no effect on the result of anything.
    @inlinable @inline(__always) public func prefetch(_ key: UInt64) {
        kilter_prefetch(indexKeys + (Int(truncatingIfNeeded: key) & indexMask))
    }

    @inlinable @inline(__always) func position(of key: UInt64) -> Int? {
        var at = Int(truncatingIfNeeded: key) & indexMask
        while true {
            let found = indexKeys[at]
            if found == key { return at }
            if found == 0 { return nil }
            at = (at &+ 1) & indexMask
        }
    }

    /// The slot of `key`, marked as touched. The pointer is good until the next insertion.
    // Guard: callers use the pointer before they insert again; all of them are in the pure rooms and single-threaded per slab.
    @inlinable public mutating func find(_ key: UInt64) -> UnsafeMutablePointer<Slot>? {
        guard let at = position(of: key) else { return nil }
        let slot = Int(indexSlots[at])
        metas[slot].touched = true
        return slots + slot
    }

    /// The slot of `key`, made from `initial` when it was not there.
    // Guard: as for `find`.
    @inlinable public mutating func findOrInsert(
        _ key: UInt64, owner: UInt64, initial: @autoclosure () -> Slot
    ) -> (slot: UnsafeMutablePointer<Slot>, isNew: Bool) {
        if let slot = find(key) { return (slot, false) }
        let slot = insertMeta(key, owner: owner, order: nextOrder, touched: false)
        nextOrder &+= 1
        slots[slot] = initial()
        return (slots + slot, true)
    }

    /// Forgets `key`, if it is there.
    public mutating func remove(_ key: UInt64) {
        guard let at = position(of: key) else { return }
        let slot = indexSlots[at]
        unlink(slot)
        removeIndex(at)
        free.append(slot)
    }

    /// Keys in ascending order: the canonical order of snapshots. Cost: a sort.
    public func sortedKeys() -> [UInt64] {
        var keys: [UInt64] = []
        keys.reserveCapacity(count)
        for at in 0...indexMask where indexKeys[at] != 0 { keys.append(indexKeys[at]) }
        keys.sort()
        return keys
    }

    /// What a snapshot keeps of one slot.
    public struct Kept {
        public var slot: Slot
        public var owner: UInt64
        public var order: UInt64
        public var touched: Bool

        public init(slot: Slot, owner: UInt64, order: UInt64, touched: Bool) {
            self.slot = slot
            self.owner = owner
            self.order = order
            self.touched = touched
        }
    }

    /// The slot of `key` with its place in the eviction queue; does not touch it.
    public func peek(_ key: UInt64) -> Kept? {
        guard let at = position(of: key) else { return nil }
        let slot = Int(indexSlots[at])
        let meta = metas[slot]
        return Kept(slot: slots[slot], owner: owners[Int(meta.owner)].name, order: meta.order, touched: meta.touched)
    }

    /// Puts back what `peek` gave. Keys of one owner must come in ascending `order`.
    public mutating func restore(_ key: UInt64, _ kept: Kept) {
        remove(key)
        let slot = insertMeta(key, owner: kept.owner, order: kept.order, touched: kept.touched)
        slots[slot] = kept.slot
        nextOrder = max(nextOrder, kept.order &+ 1)
    }
}

// Insertion and eviction: off the fast path.
extension KeyedSlab {
    @usableFromInline mutating func insertMeta(_ key: UInt64, owner name: UInt64, order: UInt64, touched: Bool) -> Int {
        precondition(key != 0, "BUG: zero is not a key")
        let owner = ownerIndex(name)
        if count == capacityMax { evictOne() }
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
        } else {
            if used == capacity { growSlots() }
            slot = Int32(used)
            used += 1
        }
        metas[Int(slot)] = Meta(key: key, order: order, owner: Int32(owner), touched: touched)
        enqueue(slot, owner: owner)
        if (count + 1) * 2 > indexMask + 1 { growIndex() }
        insertIndex(key, slot)
        return Int(slot)
    }

    private mutating func ownerIndex(_ name: UInt64) -> Int {
        if let known = owners.firstIndex(where: { $0.name == name }) { return known }
        // An owner without slots is forgotten, so that minted owners do not pile up.
        if let empty = owners.firstIndex(where: { $0.count == 0 }) {
            owners[empty] = Owner(name: name)
            return empty
        }
        owners.append(Owner(name: name))
        return owners.count - 1
    }

    private mutating func enqueue(_ slot: Int32, owner: Int) {
        metas[Int(slot)].next = -1
        if owners[owner].tail >= 0 { metas[Int(owners[owner].tail)].next = slot } else { owners[owner].head = slot }
        owners[owner].tail = slot
        owners[owner].count += 1
    }

    private mutating func dequeue(_ owner: Int) -> Int32 {
        let slot = owners[owner].head
        owners[owner].head = metas[Int(slot)].next
        if owners[owner].head < 0 { owners[owner].tail = -1 }
        owners[owner].count -= 1
        return slot
    }

    private mutating func unlink(_ slot: Int32) {
        let owner = Int(metas[Int(slot)].owner)
        var before: Int32 = -1
        var at = owners[owner].head
        while at != slot {
            before = at
            at = metas[Int(at)].next
        }
        let after = metas[Int(slot)].next
        if before < 0 { owners[owner].head = after } else { metas[Int(before)].next = after }
        if after < 0 { owners[owner].tail = before }
        owners[owner].count -= 1
    }

    private mutating func evictOne() {
        // The largest holder; ties go to the smaller name, which no order of arrival can change.
        var victim = 0
        for index in owners.indices {
            let larger = owners[index].count > owners[victim].count
            let tie = owners[index].count == owners[victim].count && owners[index].name < owners[victim].name
            if larger || tie { victim = index }
        }
        while true {
            let slot = dequeue(victim)
            if metas[Int(slot)].touched {
                metas[Int(slot)].touched = false
                metas[Int(slot)].order = nextOrder
                nextOrder &+= 1
                enqueue(slot, owner: victim)
                continue
            }
            if let at = position(of: metas[Int(slot)].key) { removeIndex(at) }
            free.append(slot)
            evictions &+= 1
            return
        }
    }

    private mutating func growSlots() {
        let larger = min(capacityMax, capacity * 2)
        let newSlots = UnsafeMutablePointer<Slot>.allocate(capacity: larger)
        newSlots.moveInitialize(from: slots, count: used)
        slots.deallocate()
        slots = newSlots
        let newMetas = UnsafeMutablePointer<Meta>.allocate(capacity: larger)
        newMetas.moveInitialize(from: metas, count: used)
        metas.deallocate()
        metas = newMetas
        capacity = larger
    }

    private mutating func growIndex() {
        let oldKeys = indexKeys
        let oldSlots = indexSlots
        let oldMask = indexMask
        indexMask = oldMask * 2 + 1
        indexKeys = .allocate(capacity: indexMask + 1)
        indexSlots = .allocate(capacity: indexMask + 1)
        indexKeys.initialize(repeating: 0, count: indexMask + 1)
        indexSlots.initialize(repeating: -1, count: indexMask + 1)
        for at in 0...oldMask where oldKeys[at] != 0 { insertIndex(oldKeys[at], oldSlots[at]) }
        oldKeys.deallocate()
        oldSlots.deallocate()
    }

    private func insertIndex(_ key: UInt64, _ slot: Int32) {
        var at = Int(truncatingIfNeeded: key) & indexMask
        while indexKeys[at] != 0 { at = (at &+ 1) & indexMask }
        indexKeys[at] = key
        indexSlots[at] = slot
    }

    /// Backward-shift deletion: no tombstones, so look-ups stay short for ever.
    private func removeIndex(_ position: Int) {
        var hole = position
        var at = (hole + 1) & indexMask
        while indexKeys[at] != 0 {
            let home = Int(truncatingIfNeeded: indexKeys[at]) & indexMask
            if ((at &- home) & indexMask) >= ((at &- hole) & indexMask) {
                indexKeys[hole] = indexKeys[at]
                indexSlots[hole] = indexSlots[at]
                hole = at
            }
            at = (at + 1) & indexMask
        }
        indexKeys[hole] = 0
        indexSlots[hole] = -1
    }
}
