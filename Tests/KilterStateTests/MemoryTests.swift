import KilterMath
import KilterState
import KilterVocabulary
import Testing

@Suite("What the published bounds cost")
struct MemoryTests {
    @Test("Turns and runs stay within the sizes that the README states")
    func slotSizes() {
        #expect(KeyedSlab<CallWindow>.slotBytesMax <= 2_400)
        #expect(KeyedSlab<MessageBoard>.slotBytesMax <= 1_920)
    }
}
