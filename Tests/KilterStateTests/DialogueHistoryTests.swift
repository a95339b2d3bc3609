import KilterState
import Seeded
import Testing

@Suite("How long dialogues are")
struct DialogueHistoryTests {
    private func history(_ lengths: [UInt32]) -> DialogueHistory {
        var history = DialogueHistory()
        for length in lengths { for reached in 1...length { history.observe(length: reached) } }
        return history
    }

    /// The length from which on a further dialogue stands apart.
    private func outgrown(_ history: DialogueHistory) -> UInt32? {
        var history = history
        for length in 1...60 as ClosedRange<UInt32> {
            history.observe(length: length)
            if let sight = history.judge(length: length), length > 3 * sight.median { return length }
        }
        return nil
    }

    @Test("Nothing is said before twenty dialogues are known, nor of fewer than nine messages")
    func readiness() {
        #expect(outgrown(history([UInt32](repeating: 2, count: 19))) == nil)
        #expect(outgrown(history([UInt32](repeating: 2, count: 20))) == 9)
        #expect(outgrown(history([UInt32](repeating: 4, count: 20))) == 13)
    }

    @Test("In any order of the same dialogues the history is the same")
    func order() {
        var random = Seeded(3)
        var lengths = (0..<100).map { _ in UInt32(random.next() % 5 + 1) }
        let first = outgrown(history(lengths))
        for _ in 1...5 {
            lengths.shuffle(using: &random)
            #expect(outgrown(history(lengths)) == first)
        }
    }

    @Test("Dialogues that end between half the length and the length make it a long one only")
    func gap() {
        #expect(outgrown(history([UInt32](repeating: 3, count: 100) + [6, 7])) == 10)
        let tail = (0..<30 as Range<UInt32>).map { number -> UInt32 in 4 + number % 20 }
        #expect(outgrown(history([UInt32](repeating: 3, count: 70) + tail)).map { $0 > 30 } ?? true)
    }

    @Test("Where long dialogues are usual they are no news; one in thirty does not hide the next one")
    func contaminated() {
        let often = (0..<200 as Range<UInt32>).map { number -> UInt32 in number % 4 == 0 ? 21 : 2 + number % 2 }
        #expect(outgrown(history(often)).map { $0 >= 42 } ?? true)
        let seldom = (0..<200 as Range<UInt32>).map { number -> UInt32 in number % 30 == 0 ? 21 : 2 + number % 2 }
        #expect(outgrown(history(seldom)) == 10)
    }

    @Test("Thousands of dialogues later the history still follows")
    func long() {
        let many = [UInt32](repeating: 12, count: 5_000) + [UInt32](repeating: 2, count: 5_000)
        #expect(outgrown(history(many)) == 9)
    }
}
