import KilterIntake
import KilterVocabulary
import Seeded
import Testing

@Suite struct LogFuzzTests {
    private static let request = LogRequest(entries: LogEntry.all + LogEntry.all)

    /// A payload adds rows, refusals and what rows refer to, and nothing else.
    private func holds(_ batch: SpanBatch) -> Bool {
        let refused = batch.quarantined.reduce(0, +)
        return batch.received == UInt64(batch.rows.count) + refused
            && batch.rows.allSatisfy { row in
                row.span != 0 && row.flags.contains(.logRecord) && Int(row.tenant) < batch.strings.entries.count
                    && batch.assessments(of: row).count == Int(row.assessmentCount)
            }
            && batch.rows.reduce(0) { $0 + Int($1.assessmentCount) } == batch.assessments.count
            && batch.assessments.allSatisfy { $0.score.isFinite && Int($0.name) < batch.strings.entries.count }
    }

    @Test func everyTruncationOfJSONIsRefusedAsAWhole() {
        let whole = Array(Self.request.json.utf8)
        var decoder = RequestDecoder()
        for count in 1..<whole.count {
            var batch = SpanBatch()
            decoder.decode(copying: whole[..<count], signal: .logs, encoding: .json, into: &batch)
            #expect(batch.rows.isEmpty && batch.received == 1 && batch.assessments.isEmpty, "cut at \(count)")
            #expect(batch.strings.entries.count == 1 && batch.notes.allSatisfy { $0 == 0 })
        }
    }

    @Test func everyTruncationOfProtobufKeepsTheCounts() {
        let whole = Self.request.wire
        var decoder = RequestDecoder()
        for count in 0..<whole.count {
            var batch = SpanBatch()
            decoder.decode(copying: whole[..<count], signal: .logs, encoding: .protobuf, into: &batch)
            #expect(holds(batch) && batch.rows.count < Self.request.entries.count, "cut at \(count)")
        }
    }

    @Test(arguments: [PayloadEncoding.json, .protobuf])
    func flippedBytesNeverTrap(_ encoding: PayloadEncoding) {
        let whole = encoding == .json ? Array(Self.request.json.utf8) : Self.request.wire
        var random = Seeded(state: 1_971)
        var decoder = RequestDecoder()
        var batch = SpanBatch()
        for _ in 0..<6_000 {
            var mutated = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let at = Int.random(in: 0..<mutated.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: mutated[at] = UInt8.random(in: 0...255, using: &random)
                case 1: mutated[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
                case 2: mutated.remove(at: at)
                default: mutated.insert(mutated[Int.random(in: 0..<mutated.count, using: &random)], at: at)
                }
            }
            decoder.decode(copying: mutated, signal: .logs, encoding: encoding, into: &batch)
            #expect(holds(batch))
            if batch.rows.count > 500 { batch.removeAll() }
        }
    }

    @Test(arguments: [PayloadEncoding.json, .protobuf])
    func noiseNeverTraps(_ encoding: PayloadEncoding) {
        var random = Seeded(state: 71)
        var decoder = RequestDecoder()
        let alphabet = Array(#"{}[]",:\u0123456789.eE+-truefalsn \#n"#.utf8) + [0x09, 0x0a, 0x12, 0x32, 0x4a, 0x62, 0x7f, 0x80, 0xff, 0xc3]
        for _ in 0..<4_000 {
            let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            var batch = SpanBatch()
            decoder.decode(copying: noise, signal: .logs, encoding: encoding, into: &batch)
            #expect(holds(batch))
        }
    }

    /// Random records give equal rows in both encodings, and their digests tell them apart.
    @Test func randomRecordsAgree() {
        var random = Seeded(state: 5)
        var digests: Set<UInt64> = []
        for _ in 0..<400 {
            var entry = LogEntry(time: UInt64.random(in: 1...1_000, using: &random))
            entry.trace = UInt8.random(in: 0...255, using: &random)
            entry.event = ["", "exception", "kilter.mark", "gen_ai.evaluation.result", "x.y"].randomElement(using: &random) ?? ""
            entry.body = Bool.random(using: &random) ? nil : value(&random, depth: 0)
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let keys = ["a", "gen_ai.agent.name", "gen_ai.evaluation.score.value", "kilter.outcome", "exception.type", "kind"]
                entry.attributes.append((keys.randomElement(using: &random) ?? "", value(&random, depth: 0)))
            }
            let request = LogRequest(entries: [entry])
            let (json, wire) = (request.fromJSON, request.fromWire)
            #expect(json.rows == wire.rows && json.said == wire.said && json.batch.notes == wire.batch.notes, "\(request.json)")
            for row in wire.rows { digests.insert(row.row.span) }
        }
        #expect(digests.count > 390)
    }

    private func value(_ random: inout Seeded, depth: Int) -> LogValue {
        switch Int.random(in: 0..<(depth < 4 ? 9 : 7), using: &random) {
        case 0: return .text("plain")
        case 1: return .text(#"{"json": [1, 2.0, "é\u0007"]}"#)
        case 2: return .int(Int64.random(in: .min ... .max, using: &random))
        case 3: return .double(Double(Int.random(in: -9...9, using: &random)) / 8)
        case 4: return .flag(Bool.random(using: &random))
        case 5: return .bytes((0..<Int.random(in: 0...5, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) })
        case 6: return [.nothing, .double(.nan), .double(-.infinity), .text("")].randomElement(using: &random) ?? .nothing
        case 7: return .list((0..<Int.random(in: 0...3, using: &random)).map { _ in value(&random, depth: depth + 1) })
        default:
            return .map((0..<Int.random(in: 0...3, using: &random)).map { ("m\($0 * 7 % 5)", value(&random, depth: depth + 1)) })
        }
    }
}
