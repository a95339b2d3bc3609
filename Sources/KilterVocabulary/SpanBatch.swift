/// A stretch of decoded records in admission order, with the strings they refer to and a count for everything
/// that was dropped. Reused from batch to batch: `removeAll` keeps the memory.
///
/// Cost: appending a row is a copy of `SpanRecord`; interning a string is one probe of an open table.
public struct SpanBatch: Sendable {
    public var rows: ContiguousArray<SpanRecord> = []
    public var strings = StringTable()
    /// What rows say about runs; a row names its own by index and count, because hardly any has one.
    public var assessments: ContiguousArray<Assessment> = []
    /// Tool calls that models asked for; a model's row names its own by index and count.
    public var requestedCalls: ContiguousArray<RequestedCall> = []
    /// Embeddings that model calls carry; a row names its own by its number, from one.
    public var embeddings: ContiguousArray<Embedding> = []
    /// Records refused in this batch, by `QuarantineReason.rawValue`.
    public var quarantined = [UInt64](repeating: 0, count: QuarantineReason.allCases.count)
    /// What was kept but cut, dropped or odd, by `Note.rawValue`.
    public var notes = [UInt64](repeating: 0, count: Note.allCases.count)

    public init() {}

    public mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        strings.removeAll()
        assessments.removeAll(keepingCapacity: true)
        requestedCalls.removeAll(keepingCapacity: true)
        embeddings.removeAll(keepingCapacity: true)
        forgetCounts()
    }

    /// Forgets refusals and notes, which were taken into account, and keeps the rows and what they point to.
    public mutating func forgetCounts() {
        for index in quarantined.indices { quarantined[index] = 0 }
        for index in notes.indices { notes[index] = 0 }
    }

    /// Gives back the memory of an unusually large batch.
    public mutating func releaseExcess() {
        if rows.capacity > 16 * Limits.batchRows { rows = [] }
        if assessments.capacity > 16 * Limits.batchRows { assessments = [] }
        if requestedCalls.capacity > 16 * Limits.batchRows { requestedCalls = [] }
        if embeddings.capacity > 4 * Limits.batchRows { embeddings = [] }
        strings.releaseExcess()
    }

    /// What `row` says about a run.
    @inlinable @inline(__always) public func assessments(of row: SpanRecord) -> ArraySlice<Assessment> {
        let start = Int(row.firstAssessment)
        let end = start + Int(row.assessmentCount)
        guard end <= assessments.count else { return [] }
        return assessments[start..<end]
    }

    /// The calls that `row` asked for.
    @inlinable @inline(__always) public func requestedCalls(of row: SpanRecord) -> ArraySlice<RequestedCall> {
        let start = Int(row.firstRequestedCall)
        let end = start + Int(row.requestedCallCount)
        guard end <= requestedCalls.count else { return [] }
        return requestedCalls[start..<end]
    }

    public mutating func quarantine(_ reason: QuarantineReason, count: UInt64 = 1) {
        quarantined[Int(reason.rawValue)] &+= count
    }

    @inlinable public mutating func note(_ note: Note) { notes[Int(note.rawValue)] &+= 1 }

    /// Records that arrived in this batch: rows and refusals.
    public var received: UInt64 { quarantined.reduce(UInt64(rows.count), &+) }
}

/// The distinct strings of one batch. Entry 0 is the absent string.
public struct StringTable: Sendable {
    public struct Entry: BitwiseCopyable, Sendable {
        public var hash: NameHash
        public var offset: UInt32
        public var length: UInt32
        /// Generation of the name table that has already seen this string; admission's own note.
        public var seenByNames: UInt32
    }

    public private(set) var entries: ContiguousArray<Entry> = [Entry(hash: 0, offset: 0, length: 0, seenByNames: 0)]
    public private(set) var arena: ContiguousArray<UInt8> = []
    private var slots = ContiguousArray<UInt32>(repeating: 0, count: 256)

    public init() {}

    public mutating func removeAll() {
        entries.removeSubrange(1...)
        arena.removeAll(keepingCapacity: true)
        for index in slots.indices { slots[index] = 0 }
    }

    mutating func releaseExcess() {
        if slots.count > 64 * Limits.batchRows || arena.capacity > 16 << 20 { self = StringTable() }
    }

    /// The reference of `bytes`, which hash to `hash`; equal bytes always get the same reference.
    /// An empty string is the absent string.
    public mutating func intern(_ bytes: UnsafeBufferPointer<UInt8>, hash: NameHash) -> StringRef {
        if bytes.isEmpty { return 0 }
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != 0 {
            let entry = entries[Int(slots[slot])]
            if entry.hash == hash && entry.length == UInt32(bytes.count) { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        let reference = StringRef(entries.count)
        entries.append(Entry(hash: hash, offset: UInt32(arena.count), length: UInt32(bytes.count), seenByNames: 0))
        arena.append(contentsOf: bytes)
        slots[slot] = reference
        if entries.count * 2 > slots.count { grow() }
        return reference
    }

    private mutating func grow() {
        slots = ContiguousArray(repeating: 0, count: slots.count * 2)
        for index in 1..<entries.count {
            var slot = Int(truncatingIfNeeded: entries[index].hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index)
        }
    }

    @inlinable public func hash(_ reference: StringRef) -> NameHash { entries[Int(reference)].hash }

    public mutating func markSeen(_ reference: StringRef, generation: UInt32) {
        entries[Int(reference)].seenByNames = generation
    }

    public func string(_ reference: StringRef) -> String {
        let entry = entries[Int(reference)]
        return arena.withUnsafeBufferPointer {
            String(decoding: $0[Int(entry.offset)..<Int(entry.offset) + Int(entry.length)], as: UTF8.self)
        }
    }

    /// Cuts the table back to an earlier size: what a payload that failed half way had added is forgotten.
    public mutating func truncate(toCount count: Int) {
        guard count < entries.count else { return }
        arena.removeSubrange(Int(entries[count].offset)...)
        entries.removeSubrange(count...)
        for index in slots.indices where slots[index] >= UInt32(count) { slots[index] = 0 }
        rehash()
    }

    private mutating func rehash() {
        for index in slots.indices { slots[index] = 0 }
        for index in 1..<max(entries.count, 1) {
            var slot = Int(truncatingIfNeeded: entries[index].hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index)
        }
    }
}
