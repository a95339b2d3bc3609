import KilterMath
import Seeded
import Testing

@Suite("Keyed slab")
struct KeyedSlabTests {
    @Test("Behaves as a dictionary while there is room", arguments: [1 as UInt64, 2, 3])
    func likeADictionary(seed: UInt64) {
        var random = Seeded(state: seed)
        var slab = KeyedSlab<UInt64>(capacityMax: 4_096)
        var model: [UInt64: UInt64] = [:]
        for _ in 0..<20_000 {
            // Few low bits, so that keys collide in the index.
            let key = UInt64.random(in: 1...700, using: &random) << 52 | UInt64.random(in: 1...3, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0:
                slab.remove(key)
                model[key] = nil
            case 1...5:
                let value = random.next()
                slab.findOrInsert(key, owner: key % 3, initial: 0).slot.pointee = value
                model[key] = value
            default:
                #expect(slab.find(key)?.pointee == model[key])
            }
            #expect(slab.count == model.count)
        }
        #expect(slab.sortedKeys() == model.keys.sorted())
    }

    @Test("A flood of one owner evicts its own slots only")
    func fairness() {
        var slab = KeyedSlab<UInt32>(capacityMax: 100)
        for key in UInt64(1)...40 { slab.findOrInsert(key, owner: 1, initial: 7).slot.pointee = UInt32(key) }
        for key in UInt64(1_000)..<9_000 { _ = slab.findOrInsert(key, owner: 2, initial: 0) }
        #expect(slab.count == 100)
        for key in UInt64(1)...40 { #expect(slab.peek(key)?.slot == UInt32(key)) }
        #expect(slab.evictions == 8_000 - 60)
    }

    @Test("A slot that is touched between evictions survives, the untouched ones leave in order")
    func secondChance() {
        var slab = KeyedSlab<UInt32>(capacityMax: 4)
        for key in UInt64(1)...4 { _ = slab.findOrInsert(key, owner: 0, initial: 0) }
        for key in UInt64(5)...7 {
            _ = slab.find(1)
            _ = slab.findOrInsert(key, owner: 0, initial: 0)
        }
        #expect(slab.sortedKeys() == [1, 5, 6, 7])
    }

    @Test("A slab restored from its parts goes on evicting exactly like the original", arguments: [4 as UInt64, 5])
    func restored(seed: UInt64) {
        var random = Seeded(state: seed)
        var original = KeyedSlab<UInt64>(capacityMax: 64)
        func act(_ slab: inout KeyedSlab<UInt64>, _ key: UInt64, _ owner: UInt64) {
            slab.findOrInsert(key, owner: owner, initial: 0).slot.pointee &+= key
        }
        for _ in 0..<2_000 { act(&original, .random(in: 1...200, using: &random), .random(in: 0...2, using: &random)) }
        var copy = KeyedSlab<UInt64>(capacityMax: 64)
        let kept = original.sortedKeys().compactMap { key in original.peek(key).map { (key, $0) } }
        for (key, slot) in kept.sorted(by: { $0.1.order < $1.1.order }) { copy.restore(key, slot) }
        for _ in 0..<2_000 {
            let key = UInt64.random(in: 1...200, using: &random)
            let owner = UInt64.random(in: 0...2, using: &random)
            act(&original, key, owner)
            act(&copy, key, owner)
        }
        #expect(original.sortedKeys() == copy.sortedKeys())
        for key in original.sortedKeys() { #expect(original.peek(key)?.slot == copy.peek(key)?.slot) }
    }
}
