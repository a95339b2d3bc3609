import KilterConsole
import KilterEngine
import Synchronization
import Testing

/// How connections begin, end and make room for one another (RFC 9112 section 9).
@Suite("Connections")
struct ConnectionTests {
    private static let type = "Content-Type: application/json\r\n"
    private static let post = "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n" + type + "Content-Length: 2\r\n\r\n{}"

    /// Everything that comes until the door closes.
    private func answers(to sent: String) async throws -> [Answer] {
        try await Door.open { port in
            let connection = try Connection(port: port)
            connection.send(sent)
            return await connection.answers()
        }
    }

    @Test(
        "A connection ends with the answer to a request that asks for it, or that is of HTTP/1.0",
        arguments: [
            "POST /v1/traces HTTP/1.0\r\nHost: localhost\r\n", "POST /v1/traces HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n",
            "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
            "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: TE, Close\r\n",
        ])
    func ends(head: String) async throws {
        // What follows such a request is not read.
        let answers = try await answers(to: head + Self.type + "Content-Length: 2\r\n\r\n{}" + Self.post)
        #expect(answers.map(\.status) == [200])
        #expect(answers.first?.headers["connection"] == "close")
    }

    @Test("Only the last answer of a connection says that it is the last")
    func pipelined() async throws {
        let last = "GET /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        let answers = try await answers(to: Self.post + Self.post + last)
        #expect(answers.map(\.status) == [200, 200, 405])
        #expect(answers.map { $0.headers["connection"] } == [nil, nil, "close"])
    }

    @Test(
        "Headers against the rules are refused with their reason, after the answers to what came before",
        arguments: [
            ("Host: localhost\r\nHost: localhost\r\n", 400, "The header has more than one Host field.\n"),
            ("", 400, "The header has no Host field, which HTTP/1.1 demands.\n"),
            (
                "Host: localhost\r\nTransfer-Encoding: gzip, chunked\r\n", 501,
                "The only Transfer-Encoding that is understood is chunked.\n"
            ),
            (
                "Host: localhost\r\n" + String(repeating: "A: b\r\n", count: 130), 431,
                "The header has more than 128 fields; send fewer.\n"
            ),
        ])
    func refusals(fields: String, status: Int, text: String) async throws {
        let answers = try await answers(to: Self.post + "POST /v1/traces HTTP/1.1\r\n" + fields + Self.type + "\r\n0\r\n\r\n")
        #expect(answers.map(\.status) == [200, status])
        #expect(answers.last?.text == text)
        #expect(answers.last?.headers["connection"] == "close")
    }

    @Test("A refusal reaches a client that goes on sending")
    func refusalsArrive() async throws {
        let length = 4 << 20
        let head = "POST /v1/traces HTTP/1.1\r\n" + Self.type + "Content-Length: \(length)\r\n\r\n"
        let answers = try await answers(to: head + String(repeating: " ", count: length))
        #expect(answers.map(\.status) == [400])
    }

    @Test(
        "The name in the target of a request decides, whatever Host says (RFC 9112 section 3.2.2)",
        arguments: [
            ("http://evil.example/v1/traces", "localhost", 421), ("http://localhost/v1/traces", "evil.example", 200),
            ("http://localhost:1@evil.example/v1/traces", "localhost", 421), ("http://[::1]:4318/v1/traces?a=b", "localhost", 200),
            ("HTTP://LOCALHOST", "localhost", 404), ("/v1/traces", "evil.example", 421),
        ])
    func targets(target: String, host: String, status: Int) async throws {
        let sent = "POST \(target) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n" + Self.type + "Content-Length: 2\r\n\r\n{}"
        #expect(try await answers(to: sent).map(\.status) == [status])
    }

    @Test("A connection that never sends a byte is closed after the time for a header, without a word")
    func silent() async throws {
        var limits = ServerLimits.otlp
        limits.readMilliseconds = 50
        let answers = try await Door.open(limits) { try await Connection(port: $0).answers() }
        #expect(answers.isEmpty)
    }

    @Test("A newcomer takes the place of a quiet connection")
    func displaced() async throws {
        let counters = OTLPCounters()
        let statuses = try await Door.open(ServerLimits(connectionsMax: 1, bodyBytesMax: 1_000), counters: counters) { port in
            let first = try Connection(port: port)
            first.send(Self.post)
            var statuses = await first.answers(1).map(\.status)
            let second = try Connection(port: port)
            second.send(Self.post)
            statuses += await second.answers(1).map(\.status)
            // The first reads its end.
            #expect(await first.answers().isEmpty)
            return statuses
        }
        #expect(statuses == [200, 200])
        let counts = try #require(counters.snapshot.connections.first { $0.server == "otlp" })
        #expect(counts.displaced == 1 && counts.refused == 0)
    }

    @Test("Where every connection is at work a newcomer is told to come back")
    func crowded() async throws {
        let counters = OTLPCounters()
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let (words, word) = AsyncStream.makeStream(of: Void.self)
        let answers = try await Door.open(
            ServerLimits(connectionsMax: 1, bodyBytesMax: 1_000), counters: counters,
            submit: { _ in
                arrival.yield()
                for await _ in words { break }
                return .admitted(records: 1, rejected: 0, reason: nil)
            }
        ) { port in
            let first = try Connection(port: port)
            first.send(Self.post)
            for await _ in arrivals { break }
            let second = try Connection(port: port)
            var answers = await second.answers()
            word.finish()
            answers += await first.answers(1)
            return answers
        }
        #expect(answers.map(\.status) == [503, 200])
        #expect(answers.first?.headers["retry-after"] == "1")
        let counts = try #require(counters.snapshot.connections.first { $0.server == "otlp" })
        #expect(counts.displaced == 0 && counts.refused == 1)
    }

    @Test("Who was given up leaves at once for a newcomer, and does not wait for its client to close")
    func givenUp() async throws {
        var limits = ServerLimits(connectionsMax: 1, bodyBytesMax: 1_000)
        limits.readMilliseconds = 50
        limits.endMilliseconds = 600_000
        let answers = try await Door.open(limits) { port in
            let first = try Connection(port: port)
            first.send("POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n" + Self.type + "Content-Length: 9\r\n\r\n{")
            var answers = await first.answers(1)
            let second = try Connection(port: port)
            second.send(Self.post)
            answers += await second.answers(1)
            return answers
        }
        #expect(answers.map(\.status) == [408, 200])
    }

    @Test("Of quiet guests leave first those who never worked, then those who are quiet for longest; workers stay")
    func places() {
        var places = Places<String>()
        for guest in ["a", "b", "c"] { #expect(places.open(guest, of: 3) == .free) }
        for guest in ["b", "a"] {
            places.note(guest, isAtWork: true)
            places.note(guest, isAtWork: false)
        }
        #expect(places.open("d", of: 3) == .instead(of: "c"))
        #expect(places.open("e", of: 3) == .instead(of: "d"))
        places.note("e", isAtWork: true)
        #expect(places.open("f", of: 3) == .instead(of: "b"))
        places.note("f", isAtWork: true)
        places.note("a", isAtWork: true)
        #expect(places.open("g", of: 3) == .nowhere)
        // Who is not in has nothing to say.
        places.note("g", isAtWork: false)
        places.close("e")
        #expect(places.open("g", of: 3) == .free)
    }

    @Test("Connections take half of the file descriptors that are left, and some are always granted")
    func descriptors() {
        let full = ServerLimits.fitting(descriptorsFree: 60_000)
        #expect(full.otlp.connectionsMax == 512 && full.console.connectionsMax == 64)
        for free in [0, 30, 70, 100, 500, 900, 1_300, 2_000] {
            let (console, otlp) = ServerLimits.fitting(descriptorsFree: free)
            #expect(console.connectionsMax >= 4 && otlp.connectionsMax >= 4)
            // With those that are on their way out.
            if free > 100 { #expect(console.connectionsMax + otlp.connectionsMax + 32 <= free / 2) }
        }
    }

    @Test("Addresses are host:port, and the host is this machine")
    func addresses() throws {
        #expect(try HTTPAddress("127.0.0.1:4318").port == 4_318)
        #expect(try HTTPAddress("[::1]:0").host == "::1")
        #expect(try HTTPAddress("localhost:65535").host == "localhost")
        for text in ["", ":", ":4318", "localhost", "127.0.0.1:99999", "127.0.0.1:", "http://127.0.0.1:4318", "127.0.0.1:4318/", "a b:1"] {
            #expect(throws: ConsoleError.notAnAddress(text)) { try HTTPAddress(text) }
        }
        for host in ["0.0.0.0", "10.0.0.1", "::", "127.0.0.1:1", "evil.example"] {
            #expect(throws: ConsoleError.notLoopback(host: host)) { try HTTPAddress("\(host):80") }
            #expect(try HTTPAddress("\(host):80", letsOthersIn: true).isReachable)
        }
        #expect(try !HTTPAddress("127.0.0.1:80", letsOthersIn: true).isReachable)
    }
}
