import KilterIntake
import KilterVocabulary
import Testing

/// Recordings: what was appended comes out, and what was cut or damaged is told with its place.
@Suite struct RecordingTests {
    struct Message {
        var topic: String
        var sequence: UInt64?
        var payload: [UInt8]
        var arrival: UInt64
    }

    static let messages: [Message] = {
        let text = StreamFixtures.payloads
        let logs = Array(#"{"resourceLogs":[]}"#.utf8)
        return [
            Message(topic: "traces.otlp_json.shop.eu", sequence: 1, payload: text[0], arrival: 1_000),
            Message(topic: "", sequence: nil, payload: text[1], arrival: 1_000),
            Message(topic: "traces.otlp_proto", sequence: .max, payload: StreamFixtures.requests([300])[0], arrival: 2_000),
            Message(topic: "traces.otlp_json", sequence: nil, payload: StreamFixtures.zstdRaw(text[2]), arrival: 900),
            Message(topic: "", sequence: nil, payload: StreamFixtures.gzip, arrival: 3_000),
            Message(topic: "logs.otlp_json", sequence: 7, payload: logs, arrival: .max),
            Message(topic: "traces.otlp_proto", sequence: 8, payload: [], arrival: 5_000),
        ]
    }()

    static let header = Recording.header(info: #"{"created_by":"test"}"#)

    static func record(_ message: Message) -> [UInt8] {
        var bytes: [UInt8] = []
        let topic = Array(message.topic.utf8)
        let number = message.sequence.map { sequence in (0..<8).map { UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * $0)) } }
        topic.withUnsafeBufferPointer { topic in
            (number ?? []).withUnsafeBufferPointer { number in
                message.payload.withUnsafeBufferPointer { payload in
                    let frames = topic.isEmpty ? [payload] : [topic, number, payload]
                    let envelope = try? Recording.append(frames: frames, arrival: EventTime(nanoseconds: message.arrival), to: &bytes)
                    #expect(envelope?.sequence == message.sequence)
                }
            }
        }
        return bytes
    }

    static let records = messages.map(record)
    static let whole = header + records.joined()

    @Test func everyMessageComesOutAsItWasReceived() throws {
        var file = StreamFile(bytes: Self.whole, name: "spans")
        var block = StreamBlock()
        #expect(try file.read(into: &block))
        #expect(file.format == .recording)
        #expect(block.payloads.count == Self.messages.count)
        for (payload, message) in zip(block.payloads, Self.messages) {
            #expect(Array(block.bytes(of: payload)) == message.payload)
            #expect(Array(block.topic(of: payload)) == Array(message.topic.utf8))
            #expect(payload.arrival?.nanoseconds == message.arrival)
            #expect(payload.sequence == message.sequence)
            #expect(payload.signal == (message.topic.hasPrefix("logs") ? .logs : .traces))
            #expect(payload.encodingIsDeclared == !message.topic.isEmpty)
            if payload.encodingIsDeclared { #expect(message.topic.hasPrefix(payload.envelope.topic)) }
        }
        #expect(try !file.read(into: &block))
    }

    @Test func marksComeOutAsPayloadsWithoutBytes() throws {
        var bytes = Self.whole
        Recording.appendMark(arrival: EventTime(nanoseconds: 9_000), to: &bytes)
        var file = StreamFile(bytes: bytes, name: "spans")
        var block = StreamBlock()
        #expect(try file.read(into: &block))
        let mark = try #require(block.payloads.last)
        #expect(mark.count == 0 && mark.arrival?.nanoseconds == 9_000 && block.payloads.count == Self.messages.count + 1)
    }

    @Test func everyCutGivesTheWholeMessagesBeforeItAndSaysWhereItEnds() {
        var ends = [Self.header.count]
        for record in Self.records { ends.append(ends[ends.count - 1] + record.count) }
        for cut in 0..<Self.whole.count {
            let harvest = StreamHarvest(Array(Self.whole[..<cut]), chunk: 23)
            let whole = ends.dropFirst().count { $0 <= cut }
            #expect(harvest.payloads == Self.messages.prefix(whole).map(\.payload), "cut at \(cut)")
            if ends.dropFirst().contains(cut) {
                #expect(harvest.error == nil, "cut at \(cut)")
            } else if cut > Self.header.count, case .truncated(_, let place, _)? = harvest.error {
                #expect(place == .payload(UInt64(whole + 1), offset: UInt64(ends[whole])), "cut at \(cut)")
            } else {
                #expect(cut <= Self.header.count && harvest.error != nil, "cut at \(cut)")
            }
        }
        let stump = StreamHarvest(Array(Self.whole[..<(ends[1] + 40)]))
        #expect(stump.error?.message == "spans: ends at payload 2 at byte \(ends[1]) half way through a message of 20 bytes")
    }

    @Test func everyFlippedBitIsToldWithThePlaceOfItsMessage() {
        var ends = [Self.header.count]
        for record in Self.records { ends.append(ends[ends.count - 1] + record.count) }
        for position in Self.whole.indices {
            var damaged = Self.whole
            damaged[position] ^= 1 << UInt8(position % 8)
            let harvest = StreamHarvest(damaged, chunk: 4_096)
            guard let hit = ends.lastIndex(where: { $0 <= position }) else {
                #expect(harvest.payloads.isEmpty && harvest.error != nil, "byte \(position)")
                continue
            }
            #expect(harvest.payloads == Self.messages.prefix(hit).map(\.payload), "byte \(position)")
            guard case .corrupt(_, let place, _)? = harvest.error else {
                Issue.record("byte \(position): \(String(describing: harvest.error))")
                continue
            }
            #expect(place == .payload(UInt64(hit + 1), offset: UInt64(ends[hit])), "byte \(position)")
        }
    }

    @Test func whatIsNoMessageIsRefusedAndNotRecorded() {
        var bytes: [UInt8] = []
        let topic = Array("prices.otlp_json".utf8)
        topic.withUnsafeBufferPointer { topic in
            #expect(throws: Refusal(.unsupportedSignal)) {
                _ = try Recording.append(frames: [topic, topic], arrival: .zero, to: &bytes)
            }
            #expect(throws: Refusal(.malformedFrames)) { _ = try Recording.append(frames: [], arrival: .zero, to: &bytes) }
        }
        #expect(bytes.isEmpty)
    }

    @Test func anotherFormatIsToldFromDamage() {
        var newer = Self.whole
        newer[4] = 9
        let message = "spans: a recording of format 9, where this build reads format 1, at payload 1 at byte 0"
        #expect(StreamHarvest(newer).error?.message == message)
        #expect(StreamHarvest(Self.header).error == .empty(file: "spans"))
    }

    @Test func compressedRecordingsAndRecordingsInFoldersAreTaken() throws {
        let packed = StreamFixtures.zstdRaw(Self.whole)
        #expect(StreamHarvest(packed, chunk: 31).payloads == Self.messages.map(\.payload))
        let folder = try StreamFolder()
        try folder.write("a.klt", Self.whole)
        try folder.write("b.klt.zst", packed)
        #expect(try StreamSet(arguments: [folder.path]).files == ["a.klt", "b.klt.zst"].map { folder.path + "/" + $0 })
    }

    @Test func onlyEndsThatAWriterCanCauseSpareOtherFiles() {
        let cut = StreamError.truncated(file: "a", at: .byte(1), what: "b")
        #expect(cut.sparesOthers(in: .recording) && !cut.sparesOthers(in: .jsonLines) && !cut.sparesOthers(in: nil))
        #expect(StreamError.empty(file: "a").sparesOthers(in: nil))
        #expect(!StreamError.corrupt(file: "a", at: .byte(1), reason: "b").sparesOthers(in: .recording))
    }
}

/// What a stream says of its signals, and what stands before its first payload.
@Suite struct StreamSignalTests {
    private func signals(_ bytes: [UInt8], protobuf: OTLPSignal = .traces) throws -> [OTLPSignal] {
        var file = StreamFile(bytes: bytes, name: "spans", protobuf: protobuf)
        var block = StreamBlock()
        var found: [OTLPSignal] = []
        while try file.read(into: &block) { found += block.payloads.map(\.signal) }
        return found
    }

    @Test func linesTellTheirSignalByTheirFirstKey() throws {
        let lines: [(String, OTLPSignal)] = [
            (#"{"resourceSpans":[]}"#, .traces), (#"{"resourceLogs":[]}"#, .logs), (#"{"resource_logs":[]}"#, .logs),
            (#" {\#t"resourceLogs" :[]}"#, .logs), (#"{"resourceMetrics":[]}"#, .other), (#"{"resource_profiles":[]}"#, .other),
            (#"{"resourceLogsX":[]}"#, .traces), (#"{"neither":"resourceLogs"}"#, .traces), ("{}", .traces), ("{", .traces),
            (#"{"resourceLogs"#, .logs), ("rubbish", .traces),
        ]
        #expect(try signals(Array(lines.map(\.0).joined(separator: "\n").utf8)) == lines.map(\.1))
        let payloads = lines.prefix(6).map { Array($0.0.utf8) }
        #expect(try signals(StreamFixtures.framed(payloads)) == lines.prefix(6).map(\.1))
        #expect(try signals(StreamFixtures.framed(payloads.map(StreamFixtures.zstdRaw))) == lines.prefix(6).map(\.1))
        #expect(try signals(Array("{\n\"resourceLogs\":[]}\n{\n\"resourceSpans\":[]}".utf8)) == [.logs, .traces])
    }

    @Test func protobufIsWhatTheFileIsDeclaredToCarry() throws {
        let requests = StreamFixtures.requests([5, 300])
        for form in [StreamFixtures.framed(requests), StreamFixtures.delimited(requests)] {
            #expect(try signals(form) == [.traces, .traces])
            #expect(try signals(form, protobuf: .logs) == [.logs, .logs])
        }
        #expect(try signals(StreamFixtures.text, protobuf: .logs) == [.traces, .traces, .traces])
        #expect(try signals(RecordingTests.whole, protobuf: .logs).filter { $0 == .logs }.count == 1)
    }

    /// In chunks this small, looking at every blank again with every chunk would take minutes.
    @Test func aSeaOfBlankLinesIsPassedOnceAndTakesNoMemory() throws {
        let blank = [UInt8](repeating: 10, count: 8 << 20)
        for bytes in [blank + StreamFixtures.text, [0xef, 0xbb, 0xbf] + blank + StreamFixtures.text, StreamFixtures.text + blank] {
            var file = StreamFile(bytes: bytes, name: "spans", chunkBytes: 1_024)
            var block = StreamBlock()
            var found: [[UInt8]] = []
            var largest = 0
            while try file.read(into: &block) {
                found += block.payloads.map { Array(block.bytes(of: $0)) }
                largest = max(largest, block.bytes.count)
            }
            #expect(found == StreamFixtures.payloads && largest <= 4_096)
        }
        #expect(StreamHarvest(blank).error == .empty(file: "spans"))
        #expect(StreamHarvest(blank + Array("x".utf8)).error == .notAStream(file: "spans", begins: "\"x\""))
        #expect(StreamHarvest(blank + Array("{}".utf8), chunk: 100_000).places == [.line(UInt64(blank.count + 1))])
    }
}
