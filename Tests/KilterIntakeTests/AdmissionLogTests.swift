import KilterIntake
import KilterMath
import KilterVocabulary
import Testing

/// Spending counted once, and log records among spans.
struct AdmissionLogTests {
    private struct Made {
        var batch = SpanBatch()

        mutating func name(_ text: String) -> StringRef {
            Array(text.utf8).withUnsafeBufferPointer { batch.strings.intern($0, hash: StableHash.hash($0)) }
        }

        mutating func add(_ span: UInt64, trace: UInt64 = 7, _ fill: (inout SpanRecord, inout Made) -> Void = { _, _ in }) {
            var row = SpanRecord()
            row.trace = TraceID(high: 0, low: trace)
            row.span = span
            row.startNanoseconds = span * 1_000_000_000
            row.endNanoseconds = row.startNanoseconds + 500_000_000
            row.tenant = name("default")
            row.service = name("shop")
            fill(&row, &self)
            batch.rows.append(row)
        }
    }

    private func admitted(_ made: Made) -> ContiguousArray<SpanRecord> {
        var admission = Admission()
        var batch = made.batch
        admission.admit(&batch, rows: 0..<batch.rows.count, arrival: nil)
        return batch.rows
    }

    @Test("Tokens of models count once, whatever their agents repeat")
    func countedOnce() {
        var made = Made()
        for span in UInt64(1)...3 {
            made.add(span) { row, _ in
                row.kind = .chat
                row.inputTokens = 100
                row.outputTokens = 20
                row.costPicodollars = 3_000_000
                row.flags = .priced
            }
        }
        made.add(9) { row, _ in
            row.kind = .invokeAgent
            row.inputTokens = 300
            row.outputTokens = 60
        }
        let rows = admitted(made)
        #expect(rows.map(\.place.runTokens) == [120, 240, 360, 360])
        #expect(rows.map(\.place.runPicodollars) == [3_000_000, 6_000_000, 9_000_000, 9_000_000])
        #expect(rows[2].place.spend.since(rows[0].place.spend).tokens == 240)
    }

    @Test("An answer that a log record told is its span's, and an agent repeats none of a model")
    func answers() {
        var made = Made()
        made.add(40) { row, _ in
            row.flags = .logRecord
            row.kind = .log
            row.parent = 1
            row.answer.kind = .text
            row.answer.digest = 5
        }
        made.add(1) { row, _ in row.kind = .chat }
        made.add(2) { row, _ in row.kind = .executeTool }
        for (span, trace) in [(3, 7), (4, 8), (5, 8)] as [(UInt64, UInt64)] {
            made.add(span, trace: trace) { row, _ in
                row.kind = .invokeAgent
                row.answer.kind = .text
                row.answer.digest = 5
            }
        }
        let rows = admitted(made)
        #expect(rows[1].answer.kind == .text && rows[1].answer.digest == 5 && rows[2].answer.kind == .absent)
        #expect(rows[3].answer.kind == .absent, "the model's answer was shown")
        #expect(rows[4].answer.kind == .text && rows[5].answer.kind == .text, "no model's was shown")
    }

    @Test("Where no model's span is seen, totals stand in, and the outer one only for what it adds")
    func totals() {
        var made = Made()
        for (span, tokens) in [(UInt64(1), UInt32(100)), (2, 100), (3, 350)] {
            made.add(span) { row, _ in
                row.kind = .invokeAgent
                row.inputTokens = tokens
            }
        }
        #expect(admitted(made).map(\.place.runTokens) == [100, 100, 350])
    }

    @Test("A conversation spends what all its traces spend, those before it was known included")
    func conversation() {
        var made = Made()
        for (span, trace, conversation) in [(UInt64(1), UInt64(1), ""), (2, 1, "c"), (3, 2, "c"), (4, 1, ""), (5, 2, "")] {
            made.add(span, trace: trace) { row, made in
                row.kind = .chat
                row.inputTokens = 10
                row.conversation = conversation.isEmpty ? 0 : made.name(conversation)
            }
        }
        #expect(admitted(made).map(\.place.runTokens) == [10, 20, 30, 40, 50])
    }

    @Test("A trace that goes to and fro between two conversations spends in each what it spends there, its marks without a jump")
    func twoConversations() {
        var made = Made()
        for (span, conversation) in [(UInt64(1), ""), (2, "a"), (3, "b"), (4, "a"), (5, "b")] {
            made.add(span, trace: 1) { row, made in
                row.kind = .chat
                row.inputTokens = 10
                row.conversation = conversation.isEmpty ? 0 : made.name(conversation)
            }
        }
        let rows = admitted(made)
        #expect(rows.map(\.place.runTokens) == [10, 20, 10, 30, 20])
        #expect(rows.map(\.place.mark.tokens) == [10, 20, 30, 40, 50])
    }

    @Test("What other traces of a conversation spent is not booked on a trace that joins it late")
    func lateJoin() {
        var made = Made()
        for (span, trace, tokens, conversation) in [(UInt64(1), UInt64(1), UInt32(5_000), "c"), (2, 2, 10, ""), (3, 2, 10, "c")] {
            made.add(span, trace: trace) { row, made in
                row.kind = .chat
                row.inputTokens = tokens
                row.conversation = conversation.isEmpty ? 0 : made.name(conversation)
            }
        }
        let rows = admitted(made)
        #expect(rows[2].place.runTokens == 5_020 && rows[2].place.mark.since(rows[1].place.mark).tokens == 10)
    }

    @Test("A counter that began anew says nothing about what was spent")
    func backwards() {
        let before = SpendMark(tokens: 500, picodollars: 7_000_000)
        #expect(SpendMark(tokens: 20, picodollars: 0).since(before) == SpendMark())
        #expect(SpendMark(tokens: 600, picodollars: 6_000_000).since(before) == SpendMark())
        let large = SpendMark(tokens: 6_000_000_500, picodollars: 4_500_000_007_000_000).since(before)
        #expect(large.tokens == 6_000_000_000 && large.microdollars == 4_500_000_000)
    }

    @Test("What a total told before the calls that it sums up is not told again by them")
    func totalFirst() {
        var made = Made()
        for (span, tokens) in [(UInt64(1), UInt32(4_000)), (2, 1_500), (3, 1_500), (4, 1_500)] {
            made.add(span, trace: 1) { row, _ in
                row.kind = span == 1 ? .invokeAgent : .chat
                row.inputTokens = tokens
            }
        }
        #expect(admitted(made).map(\.place.runTokens) == [4_000, 4_000, 4_000, 4_500])
    }

    @Test("A log record belongs to the agent of the span it speaks of, and repeats are duplicates")
    func logs() {
        var made = Made()
        made.add(1) { row, made in
            row.kind = .invokeAgent
            row.agent = made.name("clerk")
            row.conversation = made.name("c-1")
        }
        for _ in 0..<2 {
            made.add(77) { row, _ in
                row.kind = .assessment
                row.flags = .logRecord
                row.parent = 1
            }
        }
        made.add(78, trace: 0) { row, _ in
            row.kind = .mark
            row.flags = .logRecord
        }
        let rows = admitted(made)
        #expect(rows.map(\.place.outcome) == [.processed, .processed, .duplicate, .processed])
        #expect(rows[1].place.agentKey == rows[0].place.agentKey && rows[1].place.runKey == rows[0].place.runKey)
        #expect(rows[3].place.agentName == StableHash.hash("shop"))
    }

    @Test("A failed span that says nothing takes what a log record said of it, also across a snapshot")
    func exceptions() throws {
        var made = Made()
        made.add(50) { row, made in
            row.kind = .exception
            row.flags = [.logRecord, .failed, .errorText]
            row.parent = 2
            row.errorType = made.name("TimeoutError")
            row.errorDigest = 4711
        }
        made.add(2) { row, made in
            row.kind = .executeTool
            row.flags = .failed
            row.errorType = made.name("_OTHER")
            row.errorDigest = 1
        }
        made.add(3) { row, made in
            row.kind = .executeTool
            row.flags = .failed
            row.errorType = made.name("_OTHER")
            row.errorDigest = 1
        }
        for cut in [0, 1] {
            var admission = Admission()
            var batch = made.batch
            admission.admit(&batch, rows: 0..<cut, arrival: nil)
            var writer = ByteWriter()
            admission.write(to: &writer)
            var restored = Admission()
            var reader = ByteReader(writer.bytes)
            try restored.restore(from: &reader)
            for piece in admission.tenantPieces() {
                var reader = ByteReader(piece.payload)
                try restored.restoreTenant(piece.tenant, from: &reader)
                #expect(reader.remaining == 0)
            }
            restored.admit(&batch, rows: cut..<3, arrival: nil)
            #expect(batch.rows[1].errorDigest == 4711 && batch.rows[1].flags.contains(.errorText))
            #expect(batch.rows[1].place.errorName == StableHash.hash("TimeoutError"))
            #expect(batch.rows[2].errorDigest == 1)
        }
    }
}
