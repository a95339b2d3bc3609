import KilterIntake
import KilterVocabulary
import Testing

@Suite struct InflateTests {
    private func inflate(_ message: [UInt8], _ inflater: inout Inflater) throws -> [UInt8] {
        try message.withUnsafeBytes { bytes in
            let output = try inflater.inflate(bytes)
            guard let base = output.baseAddress else { return [] }
            let slack = UnsafeRawBufferPointer(start: base + output.count, count: SlackBuffer.slack)
            return slack.allSatisfy { $0 == 0 } ? Array(output) : Array("no slack".utf8)
        }
    }

    private func failure(_ message: [UInt8], bytesMax: Int = Limits.inflatedBytesMax) -> InflateError? {
        var inflater = Inflater(bytesMax: bytesMax)
        do {
            _ = try inflate(message, &inflater)
            return nil
        } catch {
            return error as? InflateError
        }
    }

    @Test func bothKindsAreRecognisedByMagicAndInflated() throws {
        var inflater = Inflater()
        #expect(try inflate(StreamFixtures.gzip, &inflater) == StreamFixtures.text)
        #expect(try inflate(StreamFixtures.zstd, &inflater) == StreamFixtures.text)
        #expect(try inflate(StreamFixtures.gzip, &inflater) == StreamFixtures.text)
    }

    @Test func membersAndFramesFollowOneAnother() throws {
        var inflater = Inflater()
        let twice = StreamFixtures.text + StreamFixtures.text
        #expect(try inflate(StreamFixtures.gzip + StreamFixtures.gzip, &inflater) == twice)
        #expect(try inflate(StreamFixtures.zstd + StreamFixtures.zstd, &inflater) == twice)
        let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 9, 9]
        #expect(try inflate(skippable + StreamFixtures.zstd, &inflater) == StreamFixtures.text)
    }

    @Test(arguments: [StreamFixtures.gzip, StreamFixtures.zstd])
    func everyCutIsTruncatedAndLeavesTheInflaterUsable(whole: [UInt8]) throws {
        var inflater = Inflater()
        for cut in 0..<whole.count {
            let expected: InflateError = cut < Compression.magicBytes ? .notCompressed : .truncated
            #expect(throws: expected) { try inflate(Array(whole[..<cut]), &inflater) }
        }
        #expect(try inflate(whole, &inflater) == StreamFixtures.text)
    }

    @Test func damageIsFoundByTheChecksumAtTheLatest() {
        for at in 4..<8 {
            var gzip = StreamFixtures.gzip
            gzip[gzip.count - at] ^= 1
            #expect(failure(gzip) == .corrupt)
            var zstd = StreamFixtures.zstd
            zstd[zstd.count - at + 3] ^= 1
            #expect(failure(zstd) == .corrupt)
        }
        #expect(failure(StreamFixtures.gzip + [1, 2, 3]) == .corrupt)
        #expect(failure(StreamFixtures.zstd + [1, 2, 3, 4, 5]) == .corrupt)
    }

    @Test func whatCompressesWellPassesUpToTheLimit() throws {
        var inflater = Inflater()
        // 1,000 to 1 and 30,000 to 1.
        let members = Array([[UInt8]](repeating: StreamFixtures.gzipOfZeros, count: 64).joined())
        #expect(try inflate(members, &inflater).count == Limits.inflatedBytesMax)
        #expect(try inflate(StreamFixtures.zstdRun(of: 0x20, blocks: 512), &inflater).count == Limits.inflatedBytesMax)
        let tooLarge = InflateError.tooLarge(limit: Limits.inflatedBytesMax)
        #expect(failure(members + StreamFixtures.gzipOfZeros) == tooLarge)
        #expect(failure(StreamFixtures.zstdRun(of: 0x20, blocks: 513)) == tooLarge)
        #expect(failure(StreamFixtures.zstdRun(of: 0x20, blocks: 100_000)) == tooLarge)
        let large = [UInt8](repeating: 0x20, count: (1 << 20) + 1)
        #expect(failure(StreamFixtures.zstdRaw(large), bytesMax: 1 << 20) == .tooLarge(limit: 1 << 20))
        #expect(failure(StreamFixtures.zstdRaw(large), bytesMax: (1 << 20) + 1) == nil)
    }

    @Test func aWindowAboveTheGrantIsNamed() {
        // A window descriptor of 2^31 bytes.
        #expect(failure([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xa8, 0, 0, 0, 0]) == .windowTooLarge)
    }

    @Test func plainBytesAreNotCompressed() {
        #expect(failure(StreamFixtures.text) == .notCompressed)
        #expect(failure([]) == .notCompressed)
        #expect(failure([0x1f, 0x8b]) == .notCompressed)
    }

    @Test func mutatedMessagesNeverTrap() {
        var random = StreamRandom(state: 7)
        var inflater = Inflater(bytesMax: 1 << 20)
        var refused = 0
        for _ in 0..<4_000 {
            var message = Bool.random(using: &random) ? StreamFixtures.gzip : StreamFixtures.zstd
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                message[Int.random(in: 4..<message.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            do { _ = try inflate(message, &inflater) } catch { refused += 1 }
        }
        #expect(refused > 2_000)
    }
}
