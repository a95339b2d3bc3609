import KilterMath
import KilterVocabulary

/// The text behind name hashes that outlive their batch: agents, tools, conversations.
///
/// Tools are kept for good, the first `Limits.toolNamesMax` of them. Everything else lives in two generations, each
/// bounded by `Limits.namesMax`: a name is kept as long as it is seen or used again before two generations have passed.
/// What was forgotten shows as `~` and its hash. The text given for a record never depends on the records after it,
/// as long as no more of them lie between than `Limits.batchRows`.
public struct NameTable: Sendable {
    private var tools: [NameHash: String] = [:]
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

    /// Makes sure that the string of `reference`, a tool, will be found for ever, if there is room.
    @inline(__always) public mutating func keepTool(_ reference: StringRef, in strings: inout StringTable) {
        guard reference != 0, strings.entries[Int(reference)].seenByNames != generation else { return }
        let hash = strings.hash(reference)
        if tools[hash] == nil, tools.count < Limits.toolNamesMax { tools[hash] = strings.string(reference) }
        keepUnseen(reference, in: &strings)
    }

    /// Notes that a record uses a name which it does not show itself. A name that was forgotten stays so.
    public mutating func touch(_ hash: NameHash) {
        guard hash != 0, young[hash] == nil else { return }
        insert(hash, old.removeValue(forKey: hash) ?? "~" + Hex.string(hash))
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
        return tools[hash] ?? young[hash] ?? old[hash] ?? "~" + Hex.string(hash)
    }

    // Snapshot: tools and both generations in ascending order of hash.

    public func write(to writer: inout ByteWriter) {
        writer.write(generation)
        for names in [tools, young, old] {
            writer.write(UInt32(names.count))
            for hash in names.keys.sorted() {
                writer.write(hash)
                writer.write(names[hash] ?? "")
            }
        }
    }

    public mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        generation = try reader.read()
        tools = try Self.readNames(&reader)
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
