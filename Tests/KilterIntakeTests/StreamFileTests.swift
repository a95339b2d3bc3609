import KilterIntake
import KilterVocabulary
import Testing

/// What comes out of a stream, whatever its form and however it was cut.
@Suite struct StreamFileTests {
    /// Every form with the same three requests in it, or with three in protobuf.
    static let forms: [(name: String, bytes: [UInt8], payloads: [[UInt8]], format: StreamFormat)] = {
        let text = StreamFixtures.payloads
        let proto = StreamFixtures.requests([0, 5, 300])
        let pretty = StreamFixtures.lines.map { $0.replacing(",", with: ",\n  ").replacing("[", with: "[\r\n ") }
        let mixed = [text[0], proto[1], text[2]]
        func joined(_ separator: String) -> [UInt8] { Array(StreamFixtures.lines.joined(separator: separator).utf8) }
        return [
            ("lines", StreamFixtures.text, text, .jsonLines),
            ("no last newline", joined("\n"), text, .jsonLines),
            ("CRLF", joined("\r\n") + [13, 10], text, .jsonLines),
            ("blank lines", [32, 10, 10] + joined("\n\n \t\n") + [10, 10], text, .jsonLines),
            ("byte order mark", [0xef, 0xbb, 0xbf] + StreamFixtures.text, text, .jsonLines),
            ("gzip", StreamFixtures.gzip, text, .jsonLines),
            ("zstd", StreamFixtures.zstd, text, .jsonLines),
            ("zstd raw", StreamFixtures.zstdRaw(joined("\n")), text, .jsonLines),
            ("documents", Array(pretty.joined(separator: "\n").utf8), pretty.map { Array($0.utf8) }, .jsonDocuments),
            ("documents closely", Array(pretty.joined().utf8), pretty.map { Array($0.utf8) }, .jsonDocuments),
            ("JSON frames", StreamFixtures.framed(text), text, .lengthFrames),
            ("protobuf frames", StreamFixtures.framed(proto), proto, .lengthFrames),
            ("mixed frames", StreamFixtures.framed([[]] + mixed + [[]]), mixed, .lengthFrames),
            ("compressed frames", StreamFixtures.framed(text.map(StreamFixtures.zstdRaw)), text, .lengthFrames),
            ("gzip in a frame", StreamFixtures.framed([StreamFixtures.gzip]), [StreamFixtures.text], .lengthFrames),
            ("delimited", StreamFixtures.delimited(proto), proto, .varintDelimited),
            ("delimited, empty between", StreamFixtures.delimited([proto[2], [], proto[1]]), [proto[2], proto[1]], .varintDelimited),
            ("recording", RecordingTests.whole, RecordingTests.messages.map(\.payload), .recording),
            (
                "delimited, length 10", StreamFixtures.delimited(StreamFixtures.requests([6])), StreamFixtures.requests([6]),
                .varintDelimited
            ),
        ]
    }()

    @Test(arguments: forms.indices)
    func theSamePayloadsForEveryChunkSize(index: Int) {
        let form = Self.forms[index]
        let whole = StreamHarvest(form.bytes)
        #expect(whole.payloads == form.payloads, "\(form.name)")
        #expect(whole.error == nil, "\(form.name)")
        for chunk in 1...min(form.bytes.count + 1, 400) {
            #expect(StreamHarvest(form.bytes, chunk: chunk) == whole, "\(form.name), \(chunk) bytes at a time")
        }
    }

    @Test(arguments: forms.indices)
    func theFormatIsKnownAfterTheFirstBlock(index: Int) throws {
        let form = Self.forms[index]
        var file = StreamFile(bytes: form.bytes, name: "spans")
        var block = StreamBlock()
        #expect(file.format == nil)
        #expect(try file.read(into: &block))
        #expect(file.format == form.format, "\(form.name)")
        while try file.read(into: &block) {}
        #expect(file.bytesRead == UInt64(form.bytes.count))
        #expect(file.bytesTotal == UInt64(form.bytes.count))
    }

    /// Whatever is whole before a cut comes out, then an error; plain text may show the beginning of one more, which
    /// is the decoder's to refuse.
    @Test(arguments: forms.indices)
    func everyCutGivesWhatWasWholeAndThenAnError(index: Int) {
        let form = Self.forms[index]
        let isArchive = form.name.hasPrefix("gzip") || form.name.hasPrefix("zstd")
        let isPlainText = !isArchive && (form.format == .jsonLines || form.format == .jsonDocuments)
        var most = 0
        for cut in 0..<form.bytes.count {
            let harvest = StreamHarvest(Array(form.bytes[..<cut]), chunk: 17)
            let whole = isPlainText ? harvest.payloads.dropLast() : harvest.payloads[...]
            #expect(form.payloads.starts(with: whole), "\(form.name), cut at \(cut)")
            if let last = harvest.payloads.last, isPlainText {
                #expect(form.payloads[whole.count].starts(with: last), "\(form.name), cut at \(cut)")
            }
            if isArchive || harvest.payloads.isEmpty { #expect(harvest.error != nil, "\(form.name), cut at \(cut)") }
            #expect(harvest.payloads.count >= most, "\(form.name), cut at \(cut)")
            most = max(most, whole.count)
        }
        #expect(form.payloads.count < 3 || most > 0, "\(form.name)")
    }

    @Test func halfOfACompressedStreamGivesItsWholeLinesAndTheByte() {
        for whole in [StreamFixtures.gzip, StreamFixtures.zstdRaw(StreamFixtures.text)] {
            let cut = whole.count - 12
            let harvest = StreamHarvest(Array(whole[..<cut]))
            #expect(harvest.payloads.count < 3 && StreamFixtures.payloads.starts(with: harvest.payloads))
            let kind = whole == StreamFixtures.gzip ? "gzip" : "zstd"
            #expect(harvest.error == .truncated(file: "spans", at: .byte(UInt64(cut)), what: "the \(kind) data"))
        }
        // All content but not the checksum: every line that ended is whole.
        let harvest = StreamHarvest(Array(StreamFixtures.gzip.dropLast(3)))
        #expect(harvest.payloads == StreamFixtures.payloads)
        #expect(harvest.error?.message == "spans: ends at byte 104 half way through the gzip data")
    }

    @Test func halfAFrameIsNamedWithNumberAndOffset() {
        let frames = StreamFixtures.framed(StreamFixtures.requests([5, 300]))
        let half = StreamHarvest(Array(frames.dropLast(1)))
        #expect(half.payloads == StreamFixtures.requests([5]))
        #expect(half.error?.message == "spans: ends at payload 2 at byte 13 half way through a payload of 306 bytes")
        let stump = StreamHarvest(Array(frames[..<15]))
        #expect(stump.error?.message == "spans: ends at payload 2 at byte 13 half way through the length of a payload")
    }

    @Test func placesCountLinesAndFrames() {
        let blank = StreamHarvest(Array("\n{}\n\n{}\r\n".utf8))
        #expect(blank.places == [.line(2), .line(4)])
        let documents = StreamHarvest(Array("{\n\"a\":1\n}\n\n{\n}{\n}".utf8))
        #expect(documents.places == [.line(1), .line(5), .line(6)])
        let frames = StreamHarvest(StreamFixtures.framed([[], StreamFixtures.requests([1])[0]]))
        #expect(frames.places == [.payload(2, offset: 4)])
    }

    @Test func encodingsFollowTheFirstByteOfEachFrame() {
        let mixed = [StreamFixtures.payloads[0], StreamFixtures.requests([3])[0]]
        #expect(StreamHarvest(StreamFixtures.framed(mixed)).encodings == [.json, .protobuf])
        #expect(StreamHarvest(StreamFixtures.delimited([mixed[1]])).encodings == [.protobuf])
        #expect(StreamHarvest(StreamFixtures.text).encodings == [.json, .json, .json])
    }

    @Test func whatFollowsTheFirstObjectIsTheDecodersToJudge() {
        #expect(StreamHarvest(Array("{}\nrubbish\n{\"a\n{}".utf8)).texts == ["{}", "rubbish", "{\"a", "{}"])
        #expect(StreamHarvest(Array("{\n}\nrubbish }\n{}".utf8)).texts == ["{\n}", "rubbish }", "{}"])
    }

    @Test func documentsThatDoNotEndAreTruncated() {
        let harvest = StreamHarvest(Array("{\n}\n{\n \"a\": \"}\"".utf8))
        #expect(harvest.texts == ["{\n}"])
        #expect(harvest.error?.message == "spans: ends at line 3 half way through the JSON object that begins there")
    }

    @Test(arguments: ["", "\n", " \r\n\t\n", "\u{feff}", "\u{feff}\n"])
    func streamsWithoutAPayloadAreEmpty(text: String) {
        #expect(StreamHarvest(Array(text.utf8)).error == .empty(file: "spans"))
    }

    @Test func anEmptyArchiveIsEmpty() {
        #expect(StreamHarvest(StreamFixtures.zstdRaw([])).error == .empty(file: "spans"))
    }

    @Test(arguments: [
        ("# notes\n", "\"# notes\""), ("[{}]", "\"[{}]\""), ("key,value\n1,2\n", "\"key,value\""),
        ("%\n#hello", "bytes 25 0a 23 68 65 6c 6c 6f"), ("\u{feff}abc", "bytes ef bb bf 61 62 63"),
    ])
    func otherFilesAreNoStreams(text: String, begins: String) {
        let harvest = StreamHarvest(Array(text.utf8))
        #expect(harvest.error == .notAStream(file: "spans", begins: begins))
        #expect(harvest.payloads.isEmpty)
    }

    @Test func zerosAndRandomBytesAreNoStreams() {
        for count in [1, 4, 5, 64, 5_000] {
            let harvest = StreamHarvest([UInt8](repeating: 0, count: count))
            #expect(harvest.payloads.isEmpty && harvest.error != nil)
        }
        // A brace or white space in front makes it text; else chance passes for a frame once in some ten thousand.
        var random = StreamRandom(state: 3)
        var taken = 0
        for _ in 0..<5_000 {
            let rubbish = (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) }
            let isText = rubbish.first { ![9, 10, 13, 32].contains($0) } == UInt8(ascii: "{")
            if !isText && !StreamHarvest(rubbish, chunk: 64).payloads.isEmpty { taken += 1 }
        }
        #expect(taken <= 2)
    }

    @Test func tooLargePayloadsAreRefusedAfterTheOnesBefore() {
        let long = [UInt8](repeating: 0x20, count: 2_000)
        let line = Array("{}\n{\"a\":\"".utf8) + long + Array("\"}\n{}\n".utf8)
        for chunk in [1, 100, 5_000] {
            let harvest = StreamHarvest(line, chunk: chunk, payloadMax: 1_000)
            #expect(harvest.texts == ["{}"])
            #expect(harvest.error == .payloadTooLarge(file: "spans", at: .line(2), bytes: nil, limit: 1_000))
            let first = StreamHarvest(Array(line.dropFirst(3)), chunk: chunk, payloadMax: 1_000)
            #expect(first.error == .payloadTooLarge(file: "spans", at: .line(1), bytes: nil, limit: 1_000))
        }
        let frames = StreamFixtures.framed(StreamFixtures.requests([5, 2_000]))
        let harvest = StreamHarvest(frames, payloadMax: 1_000)
        #expect(harvest.payloads.count == 1)
        #expect(harvest.error?.message == "spans: payload 2 at byte 13 claims 2006 bytes, where at most 1000 were expected")
        let document = StreamHarvest(Array("{\n}\n{\n".utf8) + long, chunk: 100, payloadMax: 1_000)
        #expect(document.error == .payloadTooLarge(file: "spans", at: .line(3), bytes: nil, limit: 1_000))
    }

    @Test func damagedFramesAreNamed() {
        var bad = StreamFixtures.gzip
        bad[bad.count - 6] ^= 1
        let harvest = StreamHarvest(StreamFixtures.framed([StreamFixtures.payloads[1], bad]))
        #expect(harvest.texts == [StreamFixtures.lines[1]])
        #expect(harvest.error?.message == "spans: gzip: compressed data is damaged at payload 2 at byte 24")
    }

    @Test func manyPayloadsComeInBoundedBlocks() throws {
        let count = 200_000
        var file = StreamFile(bytes: [UInt8]("{}\n".utf8.map { $0 }.repeated(count)), name: "spans", chunkBytes: 1 << 20)
        var block = StreamBlock()
        var (seen, largest) = (0, 0)
        while try file.read(into: &block) {
            largest = max(largest, block.payloads.count)
            #expect(block.payloads.first?.number == UInt64(seen + 1))
            seen += block.payloads.count
        }
        #expect(seen == count && largest <= 65_536)
    }

    @Test func framesThatInflateAlotComeInBoundedBlocks() throws {
        let frames = [[UInt8]](repeating: StreamFixtures.zstdRun(of: 0x20, blocks: 8), count: 40)
        var file = StreamFile(bytes: StreamFixtures.framed(frames), name: "spans")
        var block = StreamBlock()
        var (seen, largest) = (0, 0)
        while try file.read(into: &block) {
            seen += block.payloads.count
            largest = max(largest, block.bytes.count)
        }
        #expect(seen == 40 && largest < 12 << 20)
    }

    @Test func mutatedStreamsNeverTrapAndReadTheSameInAnyChunks() {
        var random = StreamRandom(state: 11)
        for round in 0..<6_000 {
            let form = Self.forms[Int.random(in: 0..<Self.forms.count, using: &random)]
            let bytes = mutated(form.bytes, &random)
            let chunked = StreamHarvest(bytes, chunk: Int.random(in: 1...64, using: &random))
            let whole = StreamHarvest(bytes)
            guard case .corrupt? = whole.error, bytes.withUnsafeBytes({ Compression(magic: $0) }) != nil else {
                #expect(chunked == whole, "\(form.name), round \(round)")
                continue
            }
            // How much a decompressor gives before it sees the damage is its own affair.
            let fewer = min(whole.payloads.count, chunked.payloads.count)
            #expect(whole.payloads.prefix(fewer) == chunked.payloads.prefix(fewer), "\(form.name), round \(round)")
            #expect(chunked.error != nil, "\(form.name), round \(round)")
        }
    }

    private func mutated(_ bytes: [UInt8], _ random: inout StreamRandom) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.insert(UInt8.random(in: 0...255, using: &random), at: at)
            default: if bytes.count > 1 { bytes.remove(at: at) }
            }
        }
        return bytes
    }
}

extension Array {
    fileprivate func repeated(_ times: Int) -> [Element] {
        var result: [Element] = []
        result.reserveCapacity(count * times)
        for _ in 0..<times { result += self }
        return result
    }
}
