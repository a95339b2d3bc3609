import KilterEngine
import KilterIntake
import KilterOutlet
import KilterVocabulary
import KilterWire
import Testing

/// Requests that come by another way than a socket are judged like those that do, and each is answered once.
@Suite("Submitted requests")
struct SubmitTests {
    private func engine() throws -> LiveEngine {
        var options = LiveEngine.Options()
        options.ingress = [IngressEndpoint(.pull, "tcp://127.0.0.1:*")]
        options.publish = "tcp://127.0.0.1:*"
        options.catchUp = "tcp://127.0.0.1:*"
        return try LiveEngine(settings: Run.settings, options: options)
    }

    private func request(_ body: [UInt8], _ compression: Compression? = nil) -> SubmittedRequest {
        SubmittedRequest(signal: .traces, encoding: .json, body: body, compression: compression)
    }

    @Test("What is submitted line by line says what replay says, and what is sent again is admitted without effect")
    func sameAsReplay() async throws {
        let fixture = try #require(Fixture.named("P5-cycle-of-3"))
        let replayed = try Run.replay(fixture.stream, drain: false)
        let live = try engine()
        for line in fixture.lines {
            for _ in 0..<2 {
                guard case .admitted(_, rejected: 0, reason: nil) = await live.submit(request(line)) else {
                    Issue.record("a whole request is not admitted whole")
                    return
                }
            }
        }
        let diagnosis = try #require(await live.diagnosis())
        #expect(diagnosis.outcomes.first { $0.name == "duplicate" }?.count == diagnosis.received / 2)
        var from = Subscription.Options()
        from.start = .oldest
        from.streams = [.alert]
        var subscription = try Subscription(
            context: try Context.ofProcess(), publishEndpoint: try #require(live.publishAddress),
            catchUpEndpoint: live.catchUpAddress, options: from)
        let expected = replayed.events.filter { $0.contains("\"type\":\"kilter.alert\"") }
        var bodies: [String] = []
        // A guard against a hang, not a measurement.
        for _ in 0..<600 where bodies.count < expected.count {
            if case .event(_, _, _, let body)? = try subscription.next(milliseconds: 100) {
                bodies.append(String(decoding: body, as: UTF8.self))
            }
        }
        #expect(bodies == expected)
        live.stop()
    }

    @Test("A request that cannot be read, one that is partly refused, and one that comes too late are told apart")
    func outcomes() async throws {
        let live = try engine()
        #expect(await live.submit(request(Array("{".utf8))) == .malformed(reason: QuarantineReason.malformedJSON.explanation))
        #expect(await live.submit(request(Array("{}".utf8), .gzip)) == .malformed(reason: QuarantineReason.badCompression.explanation))
        #expect(await live.submit(request(Array("{}".utf8))) == .admitted(records: 0, rejected: 0, reason: nil))
        #expect(await live.submit(request(Self.blanks(blocks: 513), .zstd)) == .tooLarge)
        let unfinished = #"{"traceId":"5b8aa5a2d2c872e8321cf37308d69df2","spanId":"00f067aa0ba902b8","startTimeUnixNano":"1"}"#
        let warned = await live.submit(request(Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(unfinished)]}]}]}"#.utf8)))
        #expect(warned == .admitted(records: 1, rejected: 0, reason: "1 unfinished span ignored"))
        let spans = ["5b8aa5a2d2c872e8321cf37308d69df2", "00000000000000000000000000000000"].map {
            #"{"traceId":"\#($0)","spanId":"00f067aa0ba902b7","startTimeUnixNano":"1","endTimeUnixNano":"2"}"#
        }
        let body = #"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(spans.joined(separator: ","))]}]}]}"#
        let outcome = await live.submit(request(Array(body.utf8)))
        #expect(outcome == .admitted(records: 2, rejected: 1, reason: QuarantineReason.invalidTraceID.explanation))
        live.stop()
        #expect(await live.submit(request(Array("{}".utf8))) == .stopping)
        #expect(await live.diagnosis() == nil)
    }

    /// A zstd frame of four bytes for every 128 KiB of blanks.
    private static func blanks(blocks: Int) -> [UInt8] {
        let header = UInt32(128 << 10) << 3 | 1 << 1
        let block = [UInt8(header & 0xff), UInt8(header >> 8 & 0xff), UInt8(header >> 16 & 0xff), 0x20]
        let last = [block[0] | 1] + block[1...]
        return [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38] + [[UInt8]](repeating: block, count: blocks - 1).joined() + last
    }

    @Test("A payload that inflates beyond the limit is refused for its size, whichever way it came; one below it is read")
    func inflated() throws {
        for (blocks, reason) in [(513, QuarantineReason.payloadTooLarge), (512, .malformedJSON)] {
            let message = Arrived(
                frames: [Array("traces.otlp_json".utf8), Self.blanks(blocks: blocks)], arrival: EventTime(nanoseconds: 1_000))
            let said = try Run.replay(Run.recording([message]))
            guard case .facts(let reasons)? = said.statistics.first(where: { $0.name == "quarantined_by_reason" })?.value else {
                Issue.record("no reasons")
                return
            }
            #expect(reasons.map(\.name) == [reason.name])
        }
    }

    @Test("Every one of many at once is answered, also of those that an end overtakes")
    func everyoneIsAnswered() async throws {
        let fixture = try #require(Fixture.named("demo"))
        let live = try engine()
        let lines = Array(fixture.lines.prefix(200))
        let answers = await withTaskGroup(of: SubmitOutcome.self) { group in
            for (number, line) in lines.enumerated() {
                group.addTask { await live.submit(request(line)) }
                if number == 150 {
                    group.addTask {
                        live.stop(); return .stopping
                    }
                }
            }
            var answers: [SubmitOutcome] = []
            for await answer in group { answers.append(answer) }
            return answers
        }
        #expect(answers.count == lines.count + 1)
        let admitted = answers.reduce(UInt64(0)) { sum, answer in
            if case .admitted(let records, _, _) = answer { sum + records } else { sum }
        }
        #expect(live.status.received == admitted)
    }
}
