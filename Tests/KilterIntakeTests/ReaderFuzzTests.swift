import Foundation
import KilterIntake
import KilterVocabulary
import Seeded
import Testing

@Suite struct ReaderFuzzTests {
    /// A payload never adds anything but rows and refusals, and one that fails as a whole adds one refusal and no rows.
    private func holds(_ batch: SpanBatch) -> Bool {
        let refused = batch.quarantined.reduce(0, +)
        return batch.received == UInt64(batch.rows.count) + refused
            && batch.rows.allSatisfy { $0.trace.isValid && $0.span != 0 && Int($0.tenant) < batch.strings.entries.count }
    }

    @Test func everyTruncationOfJSONIsRefusedAsAWhole() throws {
        let whole = try Package.frame("dialects.good.json")
        var decoder = RequestDecoder()
        let complete = whole.lastIndex(of: UInt8(ascii: "}")) ?? whole.count
        for count in 1...complete {
            var batch = SpanBatch()
            decoder.decode(copying: whole[..<count], encoding: .json, into: &batch)
            #expect(batch.rows.isEmpty && batch.received == 1, "cut at \(count)")
            #expect(batch.strings.entries.count == 1 && batch.notes.allSatisfy { $0 == 0 })
        }
    }

    @Test func everyTruncationOfProtobufKeepsTheCounts() throws {
        let whole = try Package.frame("dialects.good.bin")
        let spans = Decoded(whole, .protobuf).rows.count
        var decoder = RequestDecoder()
        for count in 0..<whole.count {
            var batch = SpanBatch()
            decoder.decode(copying: whole[..<count], encoding: .protobuf, into: &batch)
            #expect(holds(batch) && batch.rows.count < spans, "cut at \(count)")
        }
    }

    @Test(arguments: [PayloadEncoding.json, .protobuf])
    func flippedBytesNeverTrap(_ encoding: PayloadEncoding) throws {
        let whole = try Package.frame(encoding == .json ? "dialects.good.json" : "dialects.good.bin")
        var random = Seeded(state: 42)
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
            decoder.decode(copying: mutated, encoding: encoding, into: &batch)
            #expect(holds(batch))
            if batch.rows.count > 500 { batch.removeAll() }
        }
    }

    @Test(arguments: [PayloadEncoding.json, .protobuf])
    func noiseNeverTraps(_ encoding: PayloadEncoding) {
        var random = Seeded(state: 7)
        var decoder = RequestDecoder()
        let alphabet = Array(#"{}[]",:\u0123456789.eE+-truefalsn \#n"#.utf8) + [0x0a, 0x12, 0x7f, 0x80, 0xff, 0xc3, 0xa9]
        for _ in 0..<4_000 {
            let noise = (0..<Int.random(in: 0...200, using: &random)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &random)]
            }
            var batch = SpanBatch()
            decoder.decode(copying: noise, encoding: encoding, into: &batch)
            #expect(holds(batch))
        }
    }

    @Test func aFailedPayloadLeavesEarlierRowsAndNamesAlone() throws {
        var decoder = RequestDecoder()
        var batch = SpanBatch()
        let good = try Package.frame("dialects.good.bin")
        decoder.decode(copying: good, encoding: .protobuf, into: &batch)
        let before = batch.rows.map { Shown($0, in: batch) }
        let notes = batch.notes
        decoder.decode(copying: try Package.frame("truncated.bad.bin"), encoding: .protobuf, into: &batch)
        #expect(batch.rows.map { Shown($0, in: batch) } == before)
        #expect(batch.notes == notes)
        #expect(batch.quarantined[Int(QuarantineReason.malformedProtobuf.rawValue)] == 1)
        decoder.decode(copying: good, encoding: .protobuf, into: &batch)
        #expect(batch.rows.map { Shown($0, in: batch) } == before + before)
    }

    /// A zero byte ends the payload whatever stands behind it: another payload of a block, the rest of a cut one.
    @Test func bytesBehindTheEndAreNoContent() throws {
        let whole = try Package.frame("dialects.good.json")
        let rows = Decoded(whole, .json).rows
        let bytes = whole + [0] + [UInt8](repeating: UInt8(ascii: "\""), count: 63)
        var decoder = RequestDecoder()
        var batch = SpanBatch()
        bytes.withUnsafeBufferPointer { buffer in
            let payload = UnsafeBufferPointer(rebasing: buffer[..<whole.count])
            decoder.decode(payload, encoding: .json, into: &batch)
        }
        #expect(batch.rows.map { Shown($0, in: batch) } == rows && batch.received == UInt64(rows.count))
        var cut = whole + [UInt8](repeating: 0x20, count: 64)
        let end = whole.count / 2
        cut[end] = 0
        batch.removeAll()
        let flaw = cut.withUnsafeBufferPointer { buffer in
            decoder.decode(UnsafeBufferPointer(rebasing: buffer[..<end]), encoding: .json, into: &batch)
        }
        #expect(batch.rows.isEmpty && batch.received == 1 && flaw == .malformedJSON)
    }

    @Test func decodersInSeveralTasksAgree() async throws {
        let json = try Package.frame("dialects.good.json")
        let expected = Decoded(json, .json).rows
        let all = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<20).allSatisfy { _ in Decoded(json, .json).rows == expected } }
            }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(all)
    }

    /// Recorded runs of real agents, where they are at hand; nothing of them is kept here.
    @Test func recordedRunsDecodeWithoutLoss() throws {
        let folder = Package.root.appendingPathComponent("../shared/data").standardizedFileURL
        guard let sets = try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) else { return }
        for set in sets {
            let files = (try? FileManager.default.contentsOfDirectory(at: set, includingPropertiesForKeys: nil)) ?? []
            let streams = files.filter { $0.lastPathComponent.hasPrefix("spans-") }.map(\.path).sorted()
            if streams.isEmpty { continue }
            let batch = try decodeAll(streams)
            #expect(batch.rows.count > 0 && batch.quarantined.allSatisfy { $0 == 0 }, "\(set.lastPathComponent)")
        }
    }

    private func decodeAll(_ paths: [String]) throws -> SpanBatch {
        var decoder = RequestDecoder()
        var batch = SpanBatch()
        for path in paths {
            var source = try StreamFile(path: path)
            var block = StreamBlock()
            while try source.read(into: &block) {
                for payload in block.payloads {
                    _ = block.terminated(payload) { decoder.decode($0, encoding: payload.encoding, into: &batch) }
                }
            }
        }
        return batch
    }
}
