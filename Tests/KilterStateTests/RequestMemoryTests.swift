import KilterMath
import KilterState
import KilterVocabulary
import Testing

@Suite("Answers to requests that come again")
struct RequestMemoryTests {
    /// A run of one model call that answers `request` with so many tokens, and of one call of a tool.
    private func run(_ request: UInt64, tokens: UInt32, tool: String? = nil) -> RunTally {
        var strings = StringTable()
        var row = SpanRecord()
        row.kind = .chat
        row.endNanoseconds = 1_000
        row.outputTokens = tokens
        row.answer.kind = .text
        row.answer.prompt = request
        // Guard: the row lives as long as the closure.
        var tally = withUnsafePointer(to: &row) { RunTally($0, strings) }
        _ = withUnsafePointer(to: &row) { tally.observe($0, tool: 0, strings) }
        if let tool {
            row.kind = .executeTool
            row.tool = Array(tool.utf8).withUnsafeBufferPointer { strings.intern($0, hash: StableHash.hash($0)) }
            let name = strings.hash(row.tool)
            _ = withUnsafePointer(to: &row) { tally.observe($0, tool: name, strings) }
        }
        return tally
    }

    private func difference(_ memory: inout RequestMemory, _ tally: RunTally, run number: UInt32 = 1) -> RequestMemory.Difference? {
        var tally = tally
        // Guard: as above.
        return withUnsafePointer(to: &tally) { memory.difference($0, run: number, learns: true) }
    }

    @Test("The first answer to a request is what later ones are held against")
    func firstIsTheMeasure() throws {
        var memory = RequestMemory()
        #expect(difference(&memory, run(7, tokens: 100, tool: "search")) == nil)
        #expect(difference(&memory, run(8, tokens: 10)) == nil)
        let same = try #require(difference(&memory, run(7, tokens: 100, tool: "search")))
        #expect(same.length == 0 && !same.isOfTools && same.repeats == 0)
        memory.note(same, unlikeness: 1)
        let other = try #require(difference(&memory, run(7, tokens: 200)))
        #expect(abs(other.length - 0.6931) < 1e-3 && other.isOfTools && other.repeats == 1 && other.habit == 1)
        // The second answer did not take the first one's place.
        #expect(try #require(difference(&memory, run(7, tokens: 100, tool: "search"))).length == 0)
    }

    @Test("A message to the agent is what was asked, whatever its model is told; what was not asked is not kept")
    func messageComesFirst() {
        let strings = StringTable()
        var row = SpanRecord(), memory = RequestMemory()
        row.kind = .invokeAgent
        row.messageDigest = 3
        row.endNanoseconds = 1
        var tally = run(7, tokens: 100)
        // Guard: as above.
        _ = withUnsafePointer(to: &row) { tally.observe($0, tool: 0, strings) }
        #expect(tally.request == 3)
        #expect(difference(&memory, run(0, tokens: 100)) == nil)
        #expect(difference(&memory, run(0, tokens: 100)) == nil)
        #expect(difference(&memory, run(5, tokens: 0)) == nil)
        #expect(difference(&memory, run(5, tokens: 0)) == nil)
    }

    @Test("Requests that never come again make room for one another, not for those that do")
    func eviction() {
        var memory = RequestMemory()
        for request in UInt64(1)...8 { _ = difference(&memory, run(request, tokens: 50), run: 1) }
        for request in UInt64(1)...8 {
            if let again = difference(&memory, run(request, tokens: 50), run: 2) { memory.note(again, unlikeness: 0) }
        }
        for request in UInt64(100)...400 { _ = difference(&memory, run(request, tokens: 50), run: UInt32(request)) }
        for request in UInt64(1)...8 { #expect(difference(&memory, run(request, tokens: 50), run: 500) != nil) }
        #expect(difference(&memory, run(400, tokens: 50), run: 501) != nil)
        #expect(difference(&memory, run(200, tokens: 50), run: 502) == nil)
    }
}
