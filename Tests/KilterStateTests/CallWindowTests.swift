import KilterMath
import KilterState
import KilterVocabulary
import Seeded
import Testing

/// A call of `tool` number `tool`, arguments `arguments` (0 unknown) and result `result` (0 unknown).
func call(_ tool: UInt64, _ arguments: UInt64, _ result: UInt64, span: UInt64, parent: UInt64 = 0, start: UInt64? = nil) -> Call {
    var row = SpanRecord()
    row.kind = .executeTool
    row.span = span
    row.parent = parent
    row.startNanoseconds = start ?? span * 1_000
    row.endNanoseconds = row.startNanoseconds + 500
    row.arguments = Fingerprint(high: 0, low: arguments)
    row.result = Fingerprint(high: 0, low: result)
    return Call(row, tool: tool)
}

@Suite("Call window")
struct CallWindowTests {
    @Test("Rows, windows and repeats equal a naive count over the whole history", arguments: [1 as UInt64, 2, 3, 4])
    func likeTheNaiveCount(seed: UInt64) {
        var random = Seeded(state: seed)
        var window = CallWindow()
        var history: [(call: UInt64, symbol: UInt64)] = []
        for span in UInt64(1)...3_000 {
            // Few distinct calls, so that every count is met; sometimes unknown parts.
            let next = call(
                .random(in: 1...2, using: &random), .random(in: 0...2, using: &random), .random(in: 0...2, using: &random), span: span)
            guard let sight = window.observe(next) else {
                Issue.record("nothing here is a batch")
                continue
            }
            history.append((next.call, next.symbol))
            for distance in 1...8 {
                #expect(Int(window.repeats[distance - 1]) == repeats(history, distance))
            }
            let recent = history.suffix(20).filter { next.symbol != 0 && $0.symbol == next.symbol }
            #expect(Int(sight.inWindow) == recent.count)
            let same = history.filter { next.call != 0 && $0.call == next.call }
            #expect(Int(sight.sameArguments) == same.count)
            #expect(window.past(0)?.span == span)
        }
    }

    private func repeats(_ history: [(call: UInt64, symbol: UInt64)], _ distance: Int) -> Int {
        var count = 0
        var at = history.count - 1
        while at - distance >= 0, history[at].symbol != 0, history[at].symbol == history[at - distance].symbol {
            count += 1
            at -= 1
        }
        return count
    }

    @Test("Parallel copies under one parent count once, siblings one after the other count each")
    func batches() {
        var parallel = CallWindow()
        for span in UInt64(1)...6 { _ = parallel.observe(call(1, 1, 1, span: span, parent: 99, start: 1_000 + span)) }
        #expect(parallel.calls == 1)
        var sequential = CallWindow()
        for span in UInt64(1)...6 { _ = sequential.observe(call(1, 1, 1, span: span, parent: 99)) }
        #expect(sequential.calls == 6 && sequential.row == 6)
        var orphans = CallWindow()
        for span in UInt64(1)...6 { _ = orphans.observe(call(1, 1, 1, span: span, parent: 0, start: 1_000)) }
        #expect(orphans.calls == 6, "an absent parent equals nothing")
    }

    @Test("The outer span of a call whose inner span was seen is the same call")
    func innerAndOuter() {
        var window = CallWindow()
        for turn in UInt64(0)..<4 {
            #expect(window.observe(call(1, 1, 1, span: 10 * turn + 1, parent: 10 * turn + 2)) != nil)
            #expect(window.observe(call(1, 1, 1, span: 10 * turn + 2, parent: 7)) == nil)
        }
        #expect(window.row == 4)
    }

    @Test("Where the inner span shows nothing, the outer one stands for the call")
    func innerShowsNothing() {
        var window = CallWindow()
        var rows: [UInt32] = []
        for turn in UInt64(0)..<5 {
            #expect(window.observe(call(1, 0, 0, span: 10 * turn + 1, parent: 10 * turn + 2)) != nil)
            #expect(window.observe(call(1, 4, 4, span: 10 * turn + 2, parent: 7)) != nil)
            rows.append(window.row)
        }
        #expect(rows == [1, 2, 3, 4, 5])
        #expect(window.calls == 5)
        var threefold = CallWindow()
        for turn in UInt64(0)..<3 {
            _ = threefold.observe(call(1, 4, 4, span: 10 * turn + 1, parent: 10 * turn + 2))
            _ = threefold.observe(call(1, 4, 4, span: 10 * turn + 2, parent: 10 * turn + 3))
            _ = threefold.observe(call(1, 4, 4, span: 10 * turn + 3, parent: 7))
        }
        #expect(threefold.calls == 3 && threefold.row == 3)
        var renamed = CallWindow()
        for turn in UInt64(0)..<3 {
            _ = renamed.observe(call(1, 4, 4, span: 10 * turn + 1, parent: 10 * turn + 2))
            _ = renamed.observe(call(2, 4, 4, span: 10 * turn + 2, parent: 7))
        }
        #expect(renamed.calls == 3, "another name, the same arguments")
    }

    @Test("A window written and read back goes on as if nothing had happened")
    func snapshot() throws {
        var random = Seeded(state: 9)
        var window = CallWindow()
        func step(_ window: inout CallWindow, _ span: UInt64, _ choice: UInt64) -> UInt32 {
            _ = window.observe(call(1 + choice % 2, choice % 3, choice % 2, span: span, parent: choice % 5))
            return window.row
        }
        for span in UInt64(1)...100 { _ = step(&window, span, random.next() >> 8) }
        var writer = ByteWriter()
        window.write(to: &writer)
        var reader = ByteReader(writer.bytes)
        var copy = try CallWindow(from: &reader)
        #expect(reader.remaining == 0)
        for span in UInt64(101)...200 {
            let choice = random.next() >> 8
            #expect(step(&window, span, choice) == step(&copy, span, choice))
        }
        for cut in 0..<writer.bytes.count {
            var short = ByteReader(Array(writer.bytes[..<cut]))
            #expect(throws: ByteReader.Short.self) { _ = try CallWindow(from: &short) }
        }
    }
}

@Suite("Message board")
struct MessageBoardTests {
    @Test("Only work by one of the two makes a repeated message news")
    func work() {
        var board = MessageBoard()
        func send(_ from: UInt64, _ to: UInt64, _ digest: UInt64, _ span: UInt64) -> UInt32? {
            board.observeMessage(from: from, to: to, digest: digest, span: span, start: span)?.count
        }
        #expect(send(1, 2, 5, 1) == 1)
        #expect(send(2, 1, 6, 2) == 1)
        #expect(send(1, 2, 5, 3) == 2, "the answer in between does not matter")
        board.observeCall(agent: 3)
        #expect(send(1, 2, 5, 4) == 3, "a third agent's work does not matter")
        board.observeCall(agent: 2)
        #expect(send(1, 2, 5, 5) == 1)
        #expect(send(1, 2, 7, 6) == 1)
    }

    @Test("Beyond sixteen agents whoever is forgotten counts as having worked")
    func forgotten() {
        var board = MessageBoard()
        _ = board.observeMessage(from: 1, to: 2, digest: 5, span: 1, start: 1)
        for agent in UInt64(10)..<40 { board.observeCall(agent: agent) }
        let sight = board.observeMessage(from: 1, to: 2, digest: 5, span: 2, start: 2)
        #expect(sight?.count == 1)
    }

    @Test("Messages to oneself count within the window only")
    func toSelf() {
        var board = MessageBoard()
        var counts: [UInt32] = []
        for step in UInt64(0)..<10 {
            counts.append(
                board.observeSelfMessage(
                    agent: 1, digest: 3, span: step + 1, end: step * 20_000_000_000, window: .seconds(60)
                ).count)
        }
        #expect(counts == [1, 2, 3, 4, 4, 4, 4, 4, 4, 4])
    }
}

@Suite("State blobs")
struct StateBlobTests {
    @Test("A blob reads back, and any damaged byte is noticed")
    func roundTrip() throws {
        let blob = StateBlob(kind: .turn, shard: 3, key: 77, payload: Array(0..<50))
        let bytes = blob.bytes(configuration: 5)
        var reader = ByteReader(bytes)
        #expect(try StateBlob.read(&reader, configuration: 5) == blob)
        for position in bytes.indices {
            var damaged = bytes
            damaged[position] ^= 0x10
            var reader = ByteReader(damaged)
            #expect(throws: StateBlob.Failure.self) { _ = try StateBlob.read(&reader, configuration: 5) }
        }
        var other = ByteReader(bytes)
        #expect(throws: StateBlob.Failure.otherConfiguration) { _ = try StateBlob.read(&other, configuration: 6) }
    }
}
