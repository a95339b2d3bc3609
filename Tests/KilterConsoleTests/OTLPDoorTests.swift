import KilterConsole
import KilterEngine
import KilterIntake
import Synchronization
import Testing

@Suite("The OTLP/HTTP door on a socket")
struct OTLPDoorTests {
    private static let start = "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"

    private static func post(_ body: String, _ more: String = "") -> String {
        start + more + "Content-Length: \(body.utf8.count)\r\n\r\n" + body
    }

    @Test("Every outcome has its status")
    func outcomes() async throws {
        let answers: [(SubmitOutcome, Int, String)] = [
            (.admitted(records: 2, rejected: 0, reason: nil), 200, "{}"),
            (
                .admitted(records: 2, rejected: 1, reason: "no id"), 200,
                #"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no id"}}"#
            ),
            (.malformed(reason: "the body is not JSON"), 400, #"{"code":3,"message":"This cannot be taken: the body is not JSON."}"#),
            (.tooLarge, 413, ""), (.busy, 503, ""), (.stopping, 503, ""),
        ]
        for (outcome, status, body) in answers {
            let answer = try await Door.open(submit: { _ in outcome }) { port in
                let connection = try Connection(port: port)
                connection.send(Self.post("{\"a\":1}"))
                return await connection.answers(1).first
            }
            #expect(answer?.status == status)
            if !body.isEmpty { #expect(answer?.text == body) }
            #expect(answer?.headers["content-type"] == "application/json")
            #expect((answer?.headers["retry-after"] == "1") == (status == 503))
        }
    }

    @Test("What is submitted is what was sent, in one piece or in chunks, on one connection")
    func bodies() async throws {
        let seen = Mutex<[SubmittedRequest]>([])
        let counters = OTLPCounters()
        let answers = try await Door.open(
            counters: counters,
            submit: { request in
                seen.withLock { $0.append(request) }
                return .admitted(records: 1, rejected: 0, reason: nil)
            }
        ) { port in
            let connection = try Connection(port: port)
            connection.send(Self.post("{\"a\":1}"))
            var answers = await connection.answers(1)
            connection.send(Self.start + "Transfer-Encoding: chunked\r\nContent-Encoding: zstd\r\n\r\n4\r\n{\"b\"\r\n3\r\n:1}\r\n0\r\n\r\n")
            answers += await connection.answers(1)
            // No bytes at all are a request without records.
            connection.send(Self.post(""))
            answers += await connection.answers(1)
            return answers
        }
        #expect(answers.map(\.status) == [200, 200, 200])
        let requests = seen.withLock { $0 }
        #expect(requests.map { String(decoding: $0.body, as: UTF8.self) } == ["{\"a\":1}", "{\"b\":1}"])
        #expect(requests.map(\.compression) == [nil, .zstd])
        #expect(counters.snapshot.rows.map(\.requests) == [3])
        #expect(counters.snapshot.bytes == 14)
        #expect(counters.snapshot.bytesInFlight == 0)
    }

    @Test("A client that asks before it sends is invited, and not when it would send too much")
    func continues() async throws {
        let (small, large) = try await Door.open { port in
            let connection = try Connection(port: port)
            connection.send(Self.start + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            var small = await connection.answers(1)
            connection.send("{}")
            small += await connection.answers(1)
            let other = try Connection(port: port)
            other.send(Self.start + "Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n")
            return (small, await other.answers(1))
        }
        #expect(small.map(\.status) == [100, 200])
        #expect(large.map(\.status) == [413])
    }

    @Test("Requests whose rest does not come are given up", arguments: ["POST /v1/tra", start, start + "Content-Length: 9\r\n\r\n{"])
    func halves(sent: String) async throws {
        var limits = ServerLimits.otlp
        limits.readMilliseconds = 50
        let counters = OTLPCounters()
        let submitted = Atomic(0)
        let answers = try await Door.open(
            limits, counters: counters,
            submit: { _ in
                submitted.add(1, ordering: .relaxed)
                return .busy
            }
        ) { port in
            let connection = try Connection(port: port)
            connection.send(sent)
            // Without a number of answers, this reads until the door closes.
            return await connection.answers()
        }
        #expect(answers.map(\.status) == [408])
        #expect(answers.first?.text == "The rest of the request did not come in time.\n")
        #expect(submitted.load(ordering: .relaxed) == 0)
        #expect(counters.snapshot.rows.contains { $0.status == 408 })
    }

    @Test("A connection without requests is closed")
    func idle() async throws {
        var limits = ServerLimits.otlp
        limits.idleMilliseconds = 50
        let answers = try await Door.open(limits) { port in
            let connection = try Connection(port: port)
            connection.send(Self.post("{}"))
            return await connection.answers()
        }
        #expect(answers.map(\.status) == [200])
    }

    @Test("A body that is cut is not taken")
    func cut() async throws {
        let counters = OTLPCounters()
        let submitted = Atomic(0)
        try await Door.open(
            counters: counters,
            submit: { _ in
                submitted.add(1, ordering: .relaxed)
                return .admitted(records: 1, rejected: 0, reason: nil)
            }
        ) { port in
            do {
                let connection = try Connection(port: port)
                connection.send(Self.start + "Content-Length: 9\r\n\r\n{}")
            }
            let chunked = try Connection(port: port)
            chunked.send(Self.start + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nx")
            _ = await chunked.answers()
        }
        #expect(submitted.load(ordering: .relaxed) == 0)
        #expect(counters.snapshot.bytesInFlight == 0)
    }

    @Test(
        "What is no HTTP gets a sentence and the end of the connection",
        arguments: [
            ("\u{3}\u{0}\u{0}TLS\r\n\r\n", 400), ("GET / HTTP/9.9\r\n\r\n", 400),
            ("POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nX: " + String(repeating: "x", count: 20_000) + "\r\n\r\n", 431),
        ])
    func junk(sent: String, status: Int) async throws {
        let answers = try await Door.open { port in
            let connection = try Connection(port: port)
            connection.send(sent)
            return await connection.answers()
        }
        #expect(answers.map(\.status) == [status])
        #expect(answers.first?.text.hasSuffix(".\n") == true)
    }

    @Test("Bodies take a bounded share of memory; what is beyond is to come back")
    func bytesInFlight() async throws {
        var limits = ServerLimits(connectionsMax: 4, bodyBytesMax: 10)
        limits.bytesInFlightMax = 12
        let counters = OTLPCounters()
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let (answers, answer) = AsyncStream.makeStream(of: Void.self)
        let statuses = try await Door.open(
            limits, counters: counters,
            submit: { _ in
                arrival.yield()
                for await _ in answers { break }
                return .admitted(records: 1, rejected: 0, reason: nil)
            }
        ) { port in
            let first = try Connection(port: port)
            first.send(Self.post("0123456789"))
            for await _ in arrivals { break }
            let second = try Connection(port: port)
            second.send(Self.post("012"))
            let refused = await second.answers(1)
            second.send(Self.post("0123456789a"))
            let large = await second.answers(1)
            answer.finish()
            return (await first.answers(1) + refused + large).map(\.status)
        }
        #expect(statuses == [200, 503, 413])
        #expect(counters.snapshot.bytesInFlight == 0)
    }

    @Test("A port that is taken ends nothing")
    func takenPort() async throws {
        let status = try await Door.open { port in
            let silent = Atomic(0)
            try await TakenPort.meet(port: port) { silent.add(1, ordering: .relaxed) }
            let connection = try Connection(port: port)
            connection.send(Self.post("{}"))
            let answers = await connection.answers(1)
            return (answers.first?.status, silent.load(ordering: .relaxed))
        }
        #expect(status.0 == 200)
        #expect(status.1 == 0)
    }
}
