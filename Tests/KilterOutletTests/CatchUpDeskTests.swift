import KilterOutlet
import KilterVocabulary
import KilterWire
import Testing

/// The bounds of the catch-up desk, with peers in this process whose queues hold two messages.
@Suite struct CatchUpDeskTests {
    private struct Peers: ~Copyable {
        let router: Socket
        let dealers: Dealers
        var log: EventLog

        final class Dealers { var sockets: [Dealer] = [] }

        final class Dealer {
            let socket: Socket
            init(_ endpoint: String, _ options: SocketOptions) throws {
                let socket = try Socket(.dealer, in: Context.ofProcess(), options: options)
                try socket.connect(endpoint)
                self.socket = socket
            }
        }

        init(_ count: Int, endpoint: String) throws {
            var options = SocketOptions()
            (options.sendHighWaterMark, options.receiveHighWaterMark) = (1, 1)
            let router = try Socket(.router, in: Context.ofProcess(), options: options)
            try router.bind(endpoint)
            let dealers = Dealers()
            for number in 0..<count {
                options.routingID = Array("peer \(number)".utf8)
                dealers.sockets.append(try Dealer(endpoint, options))
            }
            self.router = router
            self.dealers = dealers
            log = EventLog(logID: testLog, epoch: 1)
            let encoder = EventEncoder(instance: "test")
            for number in 1...20 { _ = log.append(encoder.encode(alert(number))) }
        }

        /// A request of one peer, as the router would deliver it.
        func replay(_ number: Int) -> [[UInt8]] {
            [Array("peer \(number)".utf8), Array("replay".utf8), Array("alert".utf8), bigEndian(1), bigEndian(0)]
        }
    }

    private func ask(_ desk: inout CatchUpDesk, _ peers: inout Peers, _ frames: [[UInt8]]) throws {
        var message = MessageBuffer()
        for frame in frames { frame.withUnsafeBytes { message.append($0) } }
        try desk.accept(message, log: &peers.log, router: peers.router)
    }

    /// Answers received by a peer until it has seen `ends` of them end.
    private func drain(_ desk: inout CatchUpDesk, _ peers: inout Peers, _ number: Int, ends: Int) throws -> [String] {
        var words: [String] = []
        var buffer = MessageBuffer()
        while words.count(where: { $0 != "event" }) < ends {
            _ = try desk.advance(log: peers.log, router: peers.router)
            while try peers.dealers.sockets[number].socket.receive(into: &buffer) { words.append(text(buffer.bytes(0))) }
        }
        return words
    }

    @Test func aPeerHasTwoRequestsAtOnce() throws {
        var peers = try Peers(1, endpoint: "inproc://desk-one")
        var desk = CatchUpDesk()
        for _ in 0..<3 { try ask(&desk, &peers, peers.replay(0)) }
        #expect(desk.counts.requests == 3)
        #expect(desk.counts.refusals == 1)
        let words = try drain(&desk, &peers, 0, ends: 3)
        #expect(words.count(where: { $0 == "event" }) == 40)
        #expect(words.first == "error")
        #expect(words.count(where: { $0 == "end" }) == 2)
    }

    @Test func morePeersThanThereIsRoomForAreTold() throws {
        let count = CatchUpDesk.peersMax
        var peers = try Peers(count + 1, endpoint: "inproc://desk-many")
        var desk = CatchUpDesk()
        for number in 0...count { try ask(&desk, &peers, peers.replay(number)) }
        #expect(desk.counts.refusals == 1)
        let progress = try desk.advance(log: peers.log, router: peers.router)
        #expect(progress == .blocked)
        // Nobody has been stalled for long, so nobody has to go.
        try ask(&desk, &peers, peers.replay(count))
        #expect(desk.counts.refusals == 2)
        #expect(desk.counts.peersForgotten == 0)
        for number in 0..<count {
            let words = try drain(&desk, &peers, number, ends: 1)
            #expect(words == Array(repeating: "event", count: 20) + ["end"])
        }
        let rest = try desk.advance(log: peers.log, router: peers.router)
        #expect(rest == .idle)
    }

    @Test func stalledPeersMakeRoom() throws {
        let count = CatchUpDesk.peersMax
        var peers = try Peers(count + 1, endpoint: "inproc://desk-stalled")
        var desk = CatchUpDesk(stallMax: .zero)
        for number in 0..<count { try ask(&desk, &peers, peers.replay(number)) }
        // The first turn fills the queues, the second finds them full.
        for _ in 0..<2 { _ = try desk.advance(log: peers.log, router: peers.router) }
        try ask(&desk, &peers, peers.replay(count))
        #expect(desk.counts.refusals == 0)
        #expect(desk.counts.peersForgotten == 1)
        let words = try drain(&desk, &peers, count, ends: 1)
        #expect(words == Array(repeating: "event", count: 20) + ["end"])
    }

    /// What the log drops while it is being replayed is told, not left out.
    @Test func eventsDroppedDuringAReplayAreTold() throws {
        var peers = try Peers(1, endpoint: "inproc://desk-gone")
        peers.log = EventLog(logID: testLog, epoch: 1, eventsKept: 10)
        let encoder = EventEncoder(instance: "test")
        for number in 1...10 { _ = peers.log.append(encoder.encode(alert(number))) }
        var desk = CatchUpDesk()
        try ask(&desk, &peers, peers.replay(0))
        _ = try desk.advance(log: peers.log, router: peers.router)
        for number in 11...30 { _ = peers.log.append(encoder.encode(alert(number))) }
        let words = try drain(&desk, &peers, 0, ends: 1)
        #expect(words.last == "gone")
        #expect((1..<10).contains(words.count(where: { $0 == "event" })))
    }
}
