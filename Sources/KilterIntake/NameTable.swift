import KilterMath
import KilterVocabulary

/// The text behind name hashes of one tenant that outlive their batch: agents, tools, conversations.
///
/// Tools are kept for good, the first `Limits.toolNamesMax` of them. Everything else lives in two generations, each
/// bounded by `Limits.namesMax`: a name is kept as long as it is seen or used again before two generations have passed.
/// What was forgotten shows as `~` and its hash. The text given for a record never depends on the records after it,
/// as long as no more of them lie between than `Limits.batchRows`.
public struct NameTable: Sendable {
    private var tools: [NameHash: String] = [:]
    private var young = NameGeneration()
    private var old = NameGeneration()
    private let generationMax: Int
    /// Grows at each rotation.
    public private(set) var generation: UInt32 = 1
    private let tenant: UInt32

    /// - Parameter tenant: number of the tenant in its engine, below 127.
    public init(tenant: Int = 0, generationMax: Int = Limits.namesMax) {
        self.generationMax = generationMax
        self.tenant = UInt32(truncatingIfNeeded: tenant + 1) & 0x7f
    }

    /// What a batch marks its strings with, so that each is looked up once per batch, tenant and generation.
    @inline(__always) private var mark: UInt32 { tenant << 24 | generation & 0xff_ffff }
    /// Added to the mark of a string that was offered to `tools` too.
    private static let asTool: UInt32 = 1 << 31

    /// Brings the memory that `keep` will touch for a string towards the processor. Changes nothing; mutating, because
    /// a reader would retain the tables.
    @inline(__always) mutating func prefetch(_ entry: StringTable.Entry) {
        if entry.seenByNames & ~Self.asTool != mark { young.prefetch(entry.hash) }
    }

    /// Makes sure that the string of `reference` will be found later.
    @inline(__always) public mutating func keep(_ reference: StringRef, in strings: inout StringTable) {
        guard reference != 0, strings.entries[Int(reference)].seenByNames & ~Self.asTool != mark else { return }
        keepUnseen(reference, in: &strings)
        strings.markSeen(reference, generation: mark)
    }

    @inline(never) private mutating func keepUnseen(_ reference: StringRef, in strings: inout StringTable) {
        let entry = strings.entries[Int(reference)]
        if !young.contains(entry.hash), !bringBack(entry.hash) {
            makeRoom()
            strings.arena.withUnsafeBufferPointer {
                young.insert(entry.hash, UnsafeBufferPointer(rebasing: $0[Int(entry.offset)..<Int(entry.offset) + Int(entry.length)]))
            }
        }
    }

    /// Makes sure that the string of `reference`, a tool, will be found for ever, if there is room.
    @inline(__always) public mutating func keepTool(_ reference: StringRef, in strings: inout StringTable) {
        guard reference != 0, strings.entries[Int(reference)].seenByNames != mark | Self.asTool else { return }
        let hash = strings.hash(reference)
        if tools[hash] == nil, tools.count < Limits.toolNamesMax { tools[hash] = strings.string(reference) }
        keepUnseen(reference, in: &strings)
        strings.markSeen(reference, generation: mark | Self.asTool)
    }

    /// Notes that a record uses a name which it does not show itself. A name that was forgotten stays so.
    public mutating func touch(_ hash: NameHash) {
        guard hash != 0, !young.contains(hash), !bringBack(hash) else { return }
        makeRoom()
        young.insert(hash, "~" + Hex.string(hash))
    }

    /// Moves a name of the old generation to the young one; false when it is not there.
    private mutating func bringBack(_ hash: NameHash) -> Bool {
        guard let text = old.remove(hash) else { return false }
        if young.count >= generationMax {
            // What is about to be thrown away holds the text.
            let text = old.string(text)
            makeRoom()
            young.insert(hash, text)
        } else {
            old.withBytes(text) { young.insert(hash, $0) }
        }
        return true
    }

    private mutating func makeRoom() {
        guard young.count >= generationMax else { return }
        swap(&old, &young)
        young.removeAll()
        generation &+= 1
    }

    /// The text of `hash`; empty for the absent name.
    public func text(_ hash: NameHash) -> String {
        if hash == 0 { return "" }
        if let tool = tools[hash] { return tool }
        if let text = young.find(hash) { return young.string(text) }
        if let text = old.find(hash) { return old.string(text) }
        return "~" + Hex.string(hash)
    }

    // Snapshot: tools and both generations in ascending order of hash.

    public func write(to writer: inout ByteWriter) {
        writer.write(generation)
        for names in [tools.sorted { $0.key < $1.key }.map { (hash: $0.key, text: $0.value) }, young.sorted(), old.sorted()] {
            writer.write(UInt32(names.count))
            for name in names {
                writer.write(name.hash)
                writer.write(name.text)
            }
        }
    }

    public mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        generation = try reader.read()
        tools = [:]
        for _ in 0..<(try reader.read(UInt32.self)) { tools[try reader.read()] = try reader.readString() }
        young = try Self.readNames(&reader)
        old = try Self.readNames(&reader)
    }

    private static func readNames(_ reader: inout ByteReader) throws(ByteReader.Short) -> NameGeneration {
        var names = NameGeneration()
        for _ in 0..<(try reader.read(UInt32.self)) {
            let hash = try reader.read(UInt64.self)
            let text = try reader.readString()
            guard hash != 0, !names.contains(hash) else { throw ByteReader.Short() }
            names.insert(hash, text)
        }
        return names
    }
}
