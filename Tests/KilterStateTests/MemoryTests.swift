import KilterMath
import KilterState
import KilterVocabulary
import Testing

@Suite("What the published bounds cost")
struct MemoryTests {
    @Test("Turns and runs stay within the sizes that the README states")
    func slotSizes() {
        #expect(KeyedSlab<CallWindow>.slotBytesMax <= 2_704)
        #expect(KeyedSlab<RepeatStream>.slotBytesMax <= 2_560)
        #expect(KeyedSlab<ScoreStream>.slotBytesMax <= 912)
        #expect(KeyedSlab<MessageBoard>.slotBytesMax <= 2_048)
        #expect(KeyedSlab<AgentGraph>.slotBytesMax <= 3_136)
        #expect(KeyedSlab<NoveltyWindow>.slotBytesMax <= 1_300)
        #expect(KeyedSlab<EffectMemory>.slotBytesMax <= 200)
        #expect(KeyedSlab<Repertoire>.slotBytesMax <= 1_744)
        #expect(KeyedSlab<DialogueHistory>.slotBytesMax <= 200)
        #expect(KeyedSlab<AnswerMemory>.slotBytesMax <= 200)
        #expect(KeyedSlab<AcknowledgingRuns>.slotBytesMax <= 250)
    }
}
