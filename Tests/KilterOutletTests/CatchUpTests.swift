import Foundation
import KilterOutlet
import KilterVocabulary
import KilterWire
import Seeded
import Testing

func bigEndian(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) } }

/// A peer of the catch-up socket, without the logic of `Subscription`.
struct Peer: ~Copyable {
    let socket: Socket
    var buffer = MessageBuffer()

    init(_ publisher: Publisher, _ options: SocketOptions = SocketOptions()) throws {
        let endpoint = try #require(publisher.catchUpEndpoint)
        let socket = try Socket(.dealer, in: Context.ofProcess(), options: options)
        try socket.connect(endpoint)
        self.socket = socket
    }

    func ask(_ frames: [[UInt8]]) throws { #expect(try socket.send(frames) == .sent) }

    func replay(_ stream: String, _ first: UInt64, _ last: UInt64, _ logID: LogID? = nil) throws {
        let frames = [Array("replay".utf8), Array(stream.utf8), bigEndian(first), bigEndian(last)]
        try ask(frames + (logID.map { [$0.bytes] } ?? []))
    }

    /// The next answer: its word, and the frames behind it.
    mutating func answer() throws -> (word: String, frames: [[UInt8]]) {
        let received = try socket.receive(into: &buffer, milliseconds: guardMilliseconds)
        try #require(received)
        return (text(buffer.bytes(0)), (1..<buffer.count).map { buffer.bytes($0) })
    }
}

@Suite struct CatchUpTests {
    /// A publisher with `count` alerts, all of them numbered when this returns, and the bodies.
    private func publisher(_ count: Int, kept: Int = Limits.eventsKept) throws -> (Publisher, [[UInt8]]) {
        var log = EventLog(logID: testLog, epoch: 7, eventsKept: kept)
        let encoder = EventEncoder(instance: "test")
        let bodies = (1...count).map { log.append(encoder.encode(alert($0))).body }
        return (try startPublisher(log: log), bodies)
    }

    @Test func replaysExactlyWhatIsAskedFor() throws {
        let (publisher, bodies) = try publisher(100, kept: 90)
        defer { publisher.stop() }
        var peer = try Peer(publisher)
        let cases: [(first: UInt64, last: UInt64, logID: LogID?, events: [UInt64], end: String, values: [[UInt8]])] = [
            (11, 0, nil, Array(11...100), "end", [bigEndian(101), bigEndian(100)]),
            (11, 13, testLog, [11, 12, 13], "end", [bigEndian(14), bigEndian(100)]),
            (100, 100, testLog, [100], "end", [bigEndian(101), bigEndian(100)]),
            (99, 5_000, nil, [99, 100], "end", [bigEndian(101), bigEndian(100)]),
            (101, 0, nil, [], "end", [bigEndian(101), bigEndian(100)]),
            (UInt64.max, 0, nil, [], "end", [bigEndian(101), bigEndian(100)]),
            (10, 50, nil, [], "gone", [bigEndian(11)]),
            (1, 0, testLog, [], "gone", [bigEndian(11)]),
            (11, 0, LogID(high: 1, low: 2), [], "wrong_log", [testLog.bytes]),
        ]
        for example in cases {
            try peer.replay("alert", example.first, example.last, example.logID)
            for sequence in example.events {
                let (word, frames) = try peer.answer()
                #expect(word == "event")
                #expect(frames.first == EventHeader(sequence: sequence, epoch: 7, logID: testLog).bytes)
                #expect(frames.last == bodies[Int(sequence) - 1])
            }
            let (word, frames) = try peer.answer()
            #expect(word == example.end)
            #expect(frames == example.values)
        }
        for stream in ["breaker", "incident", "notice"] {
            try peer.replay(stream, 1, 0)
            let (word, frames) = try peer.answer()
            #expect(word == "end" && frames == [bigEndian(1), bigEndian(0)])
        }
    }

    @Test func stateIsEveryBreakerThatIsNotClosed() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        let sink = try publisher.makeSink()
        for event in [
            breaker("c", 1, .open), breaker("a", 1, .open), breaker("b", 1, .open), breaker("a", 2, .halfOpen),
            breaker("b", 2, .closed),
        ] { try sink.send(event) }
        var peer = try Peer(publisher)
        try waitForHead(5, .breaker, &peer)
        try peer.ask([Array("state".utf8)])
        let encoder = EventEncoder(instance: "test")
        for (sequence, event) in [(4, breaker("a", 2, .halfOpen)), (1, breaker("c", 1, .open))] as [(UInt64, Event)] {
            let (word, frames) = try peer.answer()
            #expect(word == "event")
            #expect(frames == [EventHeader(sequence: sequence, epoch: 7, logID: testLog).bytes, encoder.body(of: event)])
        }
        let (word, frames) = try peer.answer()
        #expect(word == "end" && frames == [bigEndian(6), bigEndian(5)])
    }

    /// Asks until the stream has come so far; events travel on another socket than requests.
    private func waitForHead(_ head: UInt64, _ stream: EventStream, _ peer: inout Peer) throws {
        while true {
            try peer.replay(stream.rawValue, .max, 0)
            let (_, frames) = try peer.answer()
            if frames.last == bigEndian(head) { return }
        }
    }

    /// 20,000 events to peers that read slowly and have small queues, several at once and one of them twice: each
    /// gets all of them in order, none is dropped, and new events go on being published meanwhile.
    @Test func slowPeersLoseNothing() throws {
        let count = 20_000
        let (publisher, bodies) = try publisher(count)
        defer { publisher.stop() }
        var options = SocketOptions()
        options.receiveHighWaterMark = 2
        var one = try Peer(publisher, options)
        var two = try Peer(publisher, options)
        try one.replay("alert", 1, UInt64(count))
        try two.replay("alert", 1, UInt64(count))
        try two.replay("notice", 1, 0)
        let sink = try publisher.makeSink()
        var (fromOne, fromTwo, ends) = (0, 0, 0)
        while ends < 3 {
            // One reads a hundred while two reads one, until it is through.
            for _ in 0..<(fromOne <= count ? 100 : 0) {
                let (word, frames) = try one.answer()
                fromOne += 1
                if word == "end" {
                    #expect(fromOne == count + 1)
                    ends += 1
                    break
                }
                #expect(frames.last == bodies[fromOne - 1])
            }
            let (word, frames) = try two.answer()
            if word == "end" {
                ends += 1
            } else {
                try #require(word == "event")
                #expect(frames.last == bodies[fromTwo])
                fromTwo += 1
            }
            if fromTwo.isMultiple(of: 100) { try sink.send(alert(count + 1)) }
        }
        #expect(fromTwo == count)
        publisher.stop()
        #expect(publisher.counts.catchUp.refusals == 0)
        #expect(publisher.counts.catchUp.peersForgotten == 0)
    }

    @Test func aThirdRequestAtOnceIsRefusedAndTheOthersGoOn() throws {
        let (publisher, _) = try publisher(5_000)
        defer { publisher.stop() }
        var options = SocketOptions()
        options.receiveHighWaterMark = 2
        var peer = try Peer(publisher, options)
        // In one message burst, before the first answer can be complete.
        for _ in 0..<3 { try peer.replay("alert", 1, 0) }
        var words: [String: Int] = [:]
        while words["end", default: 0] + words["error", default: 0] < 3 {
            let (word, _) = try peer.answer()
            words[word, default: 0] += 1
        }
        #expect(words["event"] == words["end", default: 0] * 5_000)
        #expect(words["end", default: 0] >= 2)
    }

    /// Law: whatever is sent to the socket, it stays up and answers the next good request; what is not understood is
    /// answered with a reason.
    @Test func junkEndsNothing() throws {
        let (publisher, bodies) = try publisher(3)
        defer { publisher.stop() }
        var random = Seeded(9)
        var peer = try Peer(publisher)
        let words = ["replay", "state", "alert", "breaker", "end", "", "REPLAY", "hb"].map { Array($0.utf8) }
        for round in 0..<1_500 {
            var frames: [[UInt8]] = (0..<Int.random(in: 1...9, using: &random)).map { _ in
                switch Int.random(in: 0...4, using: &random) {
                case 0: words.randomElement(using: &random) ?? []
                case 1: bigEndian(random.next() >> UInt64.random(in: 0...63, using: &random))
                case 2: random.bytes(Int.random(in: 0...40, using: &random))
                case 3: random.bytes(Int.random(in: 0...700, using: &random))
                default: testLog.bytes
                }
            }
            if Bool.random(using: &random) { frames = [words[0], words[2]] + frames }
            try peer.ask(frames)
            // Every request ends in exactly one of these.
            while true {
                let (word, values) = try peer.answer()
                if word == "error" {
                    #expect(values.count == 1 && !(values.first ?? []).isEmpty)
                    break
                }
                if ["end", "gone", "wrong_log"].contains(word) { break }
                try #require(word == "event")
            }
            guard round.isMultiple(of: 100) else { continue }
            try peer.replay("alert", 2, 2)
            let (word, values) = try peer.answer()
            #expect(word == "event" && values.last == bodies[1])
            #expect(try peer.answer().word == "end")
        }
    }

    private static let misunderstood: [(frames: [[UInt8]], reason: String)] = [
        ([[]], "unknown request"),
        ([Array("state".utf8), []], "no further frames"),
        ([Array("replay".utf8)], "takes a stream"),
        ([Array("replay".utf8), Array("spans".utf8), bigEndian(1), bigEndian(0)], "unknown stream"),
        ([Array("replay".utf8), Array("alert".utf8), bigEndian(0), bigEndian(0)], "begin at 1"),
        ([Array("replay".utf8), Array("alert".utf8), bigEndian(5), bigEndian(4)], "before the first"),
        ([Array("replay".utf8), Array("alert".utf8), [5], bigEndian(4)], "8 bytes"),
        ([Array("replay".utf8), Array("alert".utf8), bigEndian(1), bigEndian(1), [1]], "16 bytes"),
        (Array(repeating: [1], count: 9), "too large"),
        ([Array(repeating: 1, count: 4_000), Array(repeating: 1, count: 200)], "too large"),
    ]

    @Test func errorsSayWhatIsWrong() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        var peer = try Peer(publisher)
        for example in Self.misunderstood {
            try peer.ask(example.frames)
            let (word, values) = try peer.answer()
            #expect(word == "error")
            #expect(text(values.first ?? []).contains(example.reason))
        }
    }

    /// A peer that goes away in the middle of its answer is forgotten, and others are served as before.
    @Test func peersThatVanishAreForgotten() throws {
        let (publisher, bodies) = try publisher(20_000)
        defer { publisher.stop() }
        for _ in 0..<5 {
            var options = SocketOptions()
            options.receiveHighWaterMark = 2
            options.lingerMilliseconds = 0
            var gone = try Peer(publisher, options)
            try gone.replay("alert", 1, 0)
            #expect(try gone.answer().word == "event")
        }
        var peer = try Peer(publisher)
        try peer.replay("alert", 1, 0)
        for body in bodies {
            let (_, frames) = try peer.answer()
            #expect(frames.last == body)
        }
        #expect(try peer.answer().word == "end")
        publisher.stop()
        #expect(publisher.counts.catchUp.peersForgotten == 5)
    }
}
