import KilterIntake
import KilterMath
import KilterVocabulary
import Seeded
import Testing

/// What `NameTable` promises, in the slowest and plainest way: two dictionaries.
private struct PlainNames {
    var young: [UInt64: String] = [:]
    var old: [UInt64: String] = [:]
    let generationMax: Int

    mutating func keep(_ hash: UInt64, _ text: String) {
        guard young[hash] == nil else { return }
        let known = old.removeValue(forKey: hash) ?? text
        if young.count >= generationMax {
            old = young
            young = [:]
        }
        young[hash] = known
    }

    func text(_ hash: UInt64) -> String { young[hash] ?? old[hash] ?? "~" + Hex.string(hash) }
}

@Suite("Names beyond their batch")
struct NameTableTests {
    /// Names of which some share the low bits that the table begins its search with.
    private static func name(_ number: Int) -> (hash: UInt64, text: String) {
        let bits = UInt64(number % 7) << 40 | UInt64(number) << 20
        return (bits | UInt64(number % 5) + 1, "name \(number) \(String(repeating: "é", count: number % 40))")
    }

    private static func keep(_ names: inout NameTable, _ numbers: [Int]) {
        var strings = StringTable()
        for number in numbers {
            let (hash, text) = name(number)
            let reference = Array(text.utf8).withUnsafeBufferPointer { strings.intern($0, hash: hash) }
            names.keep(reference, in: &strings)
        }
    }

    @Test("Behaves as two dictionaries do, through rotations, uses and snapshots", arguments: [1, 2, 16, 100])
    func likeDictionaries(generationMax: Int) throws {
        var random = Seeded(state: 7)
        var names = NameTable(generationMax: generationMax)
        var plain = PlainNames(generationMax: generationMax)
        for round in 0..<600 {
            let numbers = (0..<Int(random.next() % 6)).map { _ in Int(random.next() % 150) }
            Self.keep(&names, numbers)
            for number in numbers { plain.keep(Self.name(number).hash, Self.name(number).text) }
            let used = Self.name(Int(random.next() % 160)).hash
            names.touch(used)
            plain.keep(used, "~" + Hex.string(used))
            for number in 0..<160 { try #require(names.text(Self.name(number).hash) == plain.text(Self.name(number).hash)) }
            if round % 50 == 0 { names = try Self.throughSnapshot(names, generationMax) }
        }
    }

    /// Same state, same bytes; and the bytes give the same state.
    private static func throughSnapshot(_ names: NameTable, _ generationMax: Int) throws -> NameTable {
        var writer = ByteWriter()
        names.write(to: &writer)
        var restored = NameTable(generationMax: generationMax)
        var reader = ByteReader(writer.bytes)
        try restored.restore(from: &reader)
        var again = ByteWriter()
        restored.write(to: &again)
        #expect(again.bytes == writer.bytes)
        #expect(restored.generation == names.generation)
        return restored
    }

    @Test("The absent name has no text, a tool is never forgotten")
    func toolsStay() {
        var names = NameTable(generationMax: 2)
        var strings = StringTable()
        let text = Array("search".utf8)
        names.keepTool(text.withUnsafeBufferPointer { strings.intern($0, hash: 99) }, in: &strings)
        for number in 0..<50 { Self.keep(&names, [number]) }
        #expect(names.text(99) == "search")
        #expect(names.text(0).isEmpty)
        #expect(names.text(Self.name(0).hash) == "~" + Hex.string(Self.name(0).hash))
    }
}
