import KilterMath

/// Some of the ranks of a field, as bits.
typealias Ranks = UInt32

/// Where a candidate value is kept: a field and a rank in it. `ignored` is no such place.
struct Slot: BitwiseCopyable, Equatable {
    /// Fewer than the bits of `Ranks`, so that the same rank of many fields does not crowd the same lines of a cache.
    static let ranks = 24
    static let ignored = Slot(rawValue: .max)

    /// Field × 32 + rank.
    let rawValue: UInt16

    @inline(__always) private init(rawValue: UInt16) { self.rawValue = rawValue }
    init(_ field: Field, _ rank: UInt8) { self.init(row: Int(field.rawValue), Int(rank)) }

    /// The place of a configured attribute, behind those of all fields.
    init(configured index: Int) { self.init(row: Candidates.fieldCount + index / Slot.ranks, index % Slot.ranks) }

    private init(row: Int, _ rank: Int) { rawValue = UInt16(clamping: row << 5 | rank) }

    @inline(__always) var field: Int { Int(rawValue) >> 5 }
    @inline(__always) var bit: Ranks { 1 << Ranks(rawValue & 31) }
    @inline(__always) var index: Int { field &* Slot.ranks &+ Int(rawValue & 31) }
}

/// Attribute key to slot: an open table over a hash of the key's length and of three of its words, followed by a
/// comparison of the whole key. Built once per decoder. Cost of a look-up: about 4 ns, hit or miss.
struct KeyTable: ~Copyable {
    private struct Entry: BitwiseCopyable {
        // Guard: literals live as long as the process.
        var key: UnsafePointer<UInt8>
        var count: Int32
        var slot: Slot
    }

    /// A configured attribute that a dialect knows too: what it says is kept in both places.
    struct Echo: BitwiseCopyable {
        let configured: Slot
        let dialect: Slot
    }

    let echoes: [Echo]
    let hasEchoes: Bool
    // Guard: owned by this noncopyable table, freed in its deinit, never handed out.
    private let entries: UnsafeMutablePointer<Entry>
    // Guard: as above; the configured keys, one after the other, with slack behind the last.
    private let text: UnsafeMutablePointer<UInt8>
    private let mask: Int
    private let longest: Int

    /// - Parameter configured: further keys, at most `IdentityRules.attributesMax` that count; each goes to the slot of
    ///   its index, even if a dialect knows it.
    init(_ aliases: [Alias], configured: [String] = []) {
        let names = configured.prefix(IdentityRules.attributesMax).map { Array($0.utf8) }
        var size = 1 << 10
        while (aliases.count + names.count) * 2 >= size { size *= 2 }
        mask = size - 1
        entries = .allocate(capacity: size)
        entries.initialize(repeating: Entry(key: Text.none.base, count: -1, slot: .ignored), count: size)
        text = .allocate(capacity: names.reduce(Self.slack) { $0 + $1.count })
        text.initialize(repeating: 0, count: names.reduce(Self.slack) { $0 + $1.count })
        longest = max(aliases.reduce(0) { max($0, $1.key.utf8CodeUnitCount) }, names.reduce(0) { max($0, $1.count) })
        for alias in aliases {
            let count = alias.key.utf8CodeUnitCount
            // Literals have no readable slack, so their hash is taken from a padded copy.
            let index = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 16) { padded in
                padded.initialize(repeating: 0)
                for i in 0..<count { padded[i] = alias.key.utf8Start[i] }
                return Self.position(Text(padded.baseAddress.map { UnsafePointer($0) } ?? alias.key.utf8Start, count))
            }
            let entry = Entry(key: alias.key.utf8Start, count: Int32(count), slot: Slot(alias.field, alias.rank))
            Self.insert(entry, at: index, entries, mask)
        }
        var echoes: [Echo] = []
        var start = text
        for (number, name) in names.enumerated() {
            for (index, byte) in name.enumerated() { start[index] = byte }
            let slot = Slot(configured: number)
            let entry = Entry(key: UnsafePointer(start), count: Int32(clamping: name.count), slot: slot)
            let known = Self.insert(entry, at: Self.position(Text(UnsafePointer(start), name.count)), entries, mask)
            if let known { echoes.append(Echo(configured: slot, dialect: known)) }
            start += name.count
        }
        self.echoes = echoes
        hasEchoes = !echoes.isEmpty
    }

    /// Puts the entry in the place of one with an equal key, whose slot is returned, or in the first free place.
    // Guard: the table under construction, which is never more than half full.
    @discardableResult private static func insert(
        _ entry: Entry, at position: Int, _ entries: UnsafeMutablePointer<Entry>, _ mask: Int
    ) -> Slot? {
        var index = position & mask
        while entries[index].count >= 0 {
            let other = entries[index]
            if other.count == entry.count && sameBytes(other.key, entry.key, Int(other.count)) {
                entries[index] = entry
                return other.slot
            }
            index = (index + 1) & mask
        }
        entries[index] = entry
        return nil
    }

    private static let slack = 64

    deinit {
        entries.deallocate()
        text.deallocate()
    }

    @inline(__always) private static func position(_ key: Text) -> Int {
        var first = load8(key.base)
        var last: UInt64 = 0
        var middle: UInt64 = 0
        if key.count >= 8 {
            last = load8(key.base + (key.count - 8))
            middle = load8(key.base + ((key.count - 8) >> 1))
        } else {
            first &= (1 << (UInt64(key.count) &* 8)) &- 1
        }
        let mixed = StableHash.fold(first ^ middle &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(key.count), last ^ 0xa076_1d64_78bd_642f)
        return Int(truncatingIfNeeded: mixed)
    }

    @inline(__always) func slot(of key: Text) -> Slot {
        if key.count > longest { return .ignored }
        var index = Self.position(key) & mask
        while true {
            let entry = entries[index]
            if entry.count < 0 { return .ignored }
            if Int(entry.count) == key.count && sameBytes(entry.key, key.base, key.count) { return entry.slot }
            index = (index + 1) & mask
        }
    }
}
