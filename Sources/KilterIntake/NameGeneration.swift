import CLanes
import KilterMath
import KilterVocabulary

/// Names and their texts: an open-addressed table by hash, the texts one behind the other in one stretch of memory.
///
/// A name seen for the first time costs a line of memory and a copy, no allocation of its own, and a whole generation
/// is forgotten at once. Memory: 16 bytes a name at a load of at most a half, and its text.
struct NameGeneration: Sendable {
    /// Where a text lies.
    struct Text: BitwiseCopyable {
        fileprivate var offset: UInt32
        fileprivate var length: UInt32
    }

    /// One place of the table; hash zero is an empty place.
    private struct Entry: BitwiseCopyable {
        var hash: NameHash = 0
        var text = Text(offset: 0, length: 0)
    }

    /// The length that a removed name has: look-ups pass over its place, which no other name takes.
    private static let removed = UInt32.max

    /// Names that are there.
    private(set) var count = 0
    private var taken = 0
    private var entries = ContiguousArray(repeating: Entry(), count: 64)
    private var arena: ContiguousArray<UInt8> = []

    @inline(__always) mutating func prefetch(_ hash: NameHash) {
        entries.withUnsafeBufferPointer { entries in
            // Guard: the offset is masked to the table; nothing is read, only announced.
            guard let base = entries.baseAddress else { return }
            kilter_prefetch(base + (Int(truncatingIfNeeded: hash) & (entries.count - 1)))
        }
    }

    /// The place of `hash`, or the empty one where it would be.
    @inline(__always) private func place(of hash: NameHash) -> Int {
        let mask = entries.count - 1
        var at = Int(truncatingIfNeeded: hash) & mask
        while entries[at].hash != hash, entries[at].hash != 0 { at = (at &+ 1) & mask }
        return at
    }

    func find(_ hash: NameHash) -> Text? {
        let entry = entries[place(of: hash)]
        return entry.hash != 0 && entry.text.length != Self.removed ? entry.text : nil
    }

    func contains(_ hash: NameHash) -> Bool { find(hash) != nil }

    /// Adds a name that is not there.
    mutating func insert(_ hash: NameHash, _ bytes: UnsafeBufferPointer<UInt8>) {
        if (taken + 1) * 2 > entries.count { grow() }
        let at = place(of: hash)
        if entries[at].hash == 0 { taken += 1 }
        let text = Text(offset: UInt32(truncatingIfNeeded: arena.count), length: UInt32(truncatingIfNeeded: bytes.count))
        entries[at] = Entry(hash: hash, text: text)
        arena.append(contentsOf: bytes)
        count += 1
    }

    mutating func insert(_ hash: NameHash, _ text: String) {
        var text = text
        text.withUTF8 { insert(hash, $0) }
    }

    /// Takes a name out and says where its text lies, which stays until `removeAll`; nil when it is not there.
    mutating func remove(_ hash: NameHash) -> Text? {
        guard count > 0 else { return nil }
        let at = place(of: hash)
        guard entries[at].hash != 0, entries[at].text.length != Self.removed else { return nil }
        let text = entries[at].text
        entries[at].text.length = Self.removed
        count -= 1
        return text
    }

    func withBytes<Result>(_ text: Text, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        arena.withUnsafeBufferPointer {
            body(UnsafeBufferPointer(rebasing: $0[Int(text.offset)..<Int(text.offset) + Int(text.length)]))
        }
    }

    func string(_ text: Text) -> String { withBytes(text) { String(decoding: $0, as: UTF8.self) } }

    /// Forgets all names and keeps the memory.
    mutating func removeAll() {
        for at in entries.indices { entries[at] = Entry() }
        arena.removeAll(keepingCapacity: true)
        count = 0
        taken = 0
    }

    /// All names in ascending order of hash. Cost: a sort.
    func sorted() -> [(hash: NameHash, text: String)] {
        entries.filter { $0.hash != 0 && $0.text.length != Self.removed }.sorted { $0.hash < $1.hash }
            .map { ($0.hash, string($0.text)) }
    }

    private mutating func grow() {
        let before = entries
        entries = ContiguousArray(repeating: Entry(), count: before.count * 2)
        for entry in before where entry.hash != 0 { entries[place(of: entry.hash)] = entry }
    }
}
