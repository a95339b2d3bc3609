import KilterMath
import KilterVocabulary

/// The text behind name hashes that outlive their batch: agents, tools, conversations.
///
/// Two generations, each bounded by `Limits.namesMax`: a name is kept as long as it is seen again before two
/// generations have passed. What was forgotten shows as `~` and its hash. Deterministic: its content is a function
/// of the records admitted so far.
public struct NameTable: Sendable {
    private var young: [NameHash: String] = [:]
    private var old: [NameHash: String] = [:]
    private let generationMax: Int
    /// Grows at each rotation; a batch marks its strings with it, so that each is looked up once per batch.
    public private(set) var generation: UInt32 = 1

    public init(generationMax: Int = Limits.namesMax) { self.generationMax = generationMax }

    /// Makes sure that the string of `reference` will be found later.
    @inline(__always) public mutating func keep(_ reference: StringRef, in strings: inout StringTable) {
        guard reference != 0, strings.entries[Int(reference)].seenByNames != generation else { return }
        keepUnseen(reference, in: &strings)
    }

    @inline(never) private mutating func keepUnseen(_ reference: StringRef, in strings: inout StringTable) {
        let hash = strings.hash(reference)
        if young[hash] == nil {
            insert(hash, old.removeValue(forKey: hash) ?? strings.string(reference))
        }
        strings.markSeen(reference, generation: generation)
    }

    /// Keeps a name that no batch holds.
    public mutating func keep(_ text: String, hash: NameHash) {
        if young[hash] == nil { insert(hash, old.removeValue(forKey: hash) ?? text) }
    }

    private mutating func insert(_ hash: NameHash, _ text: String) {
        if young.count >= generationMax {
            old = young
            young = [:]
            generation &+= 1
        }
        young[hash] = text
    }

    /// The text of `hash`; empty for the absent name.
    public func text(_ hash: NameHash) -> String {
        if hash == 0 { return "" }
        return young[hash] ?? old[hash] ?? "~" + Hex.string(hash)
    }

    // Snapshot: both generations in ascending order of hash.

    public func write(to writer: inout ByteWriter) {
        writer.write(generation)
        for names in [young, old] {
            writer.write(UInt32(names.count))
            for hash in names.keys.sorted() {
                writer.write(hash)
                writer.write(names[hash] ?? "")
            }
        }
    }

    public mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        generation = try reader.read()
        young = try Self.readNames(&reader)
        old = try Self.readNames(&reader)
    }

    private static func readNames(_ reader: inout ByteReader) throws(ByteReader.Short) -> [NameHash: String] {
        var names: [NameHash: String] = [:]
        for _ in 0..<(try reader.read(UInt32.self)) {
            let hash = try reader.read(UInt64.self)
            names[hash] = try reader.readString()
        }
        return names
    }
}
