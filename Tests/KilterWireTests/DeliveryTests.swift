import Foundation
import KilterWire
import Testing

@Suite struct DeliveryTests {
    @Test func pushWithoutPeerWouldBlock() throws {
        let push = try Socket(.push, in: Context.ofProcess())
        #expect(try push.send([[1]], wait: false) == .wouldBlock)
    }

    @Test func routerTellsAnUnknownPeer() throws {
        let router = try Socket(.router, in: Context.ofProcess())
        try router.bind("tcp://127.0.0.1:*")
        #expect(try router.send([Array("nobody".utf8), [1]], wait: false) == .unreachable)
        #expect(try router.send([Array("nobody".utf8), [1]], wait: true) == .unreachable)
    }

    /// A router never drops silently: of a flood to a peer that does not read, exactly the messages reported as sent
    /// arrive, in their order.
    @Test func routerReportsWhatItCannotQueue() throws {
        let context = try Context.ofProcess()
        var small = SocketOptions()
        small.sendHighWaterMark = 4
        small.receiveHighWaterMark = 4
        let router = try Socket(.router, in: context, options: small)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        var named = small
        named.routingID = Array("reader".utf8)
        let dealer = try Socket(.dealer, in: context, options: named)
        try dealer.connect(endpoint)
        #expect(try dealer.send([[0]]) == .sent)
        var buffer = MessageBuffer()
        #expect(try router.receive(into: &buffer, milliseconds: guardMilliseconds))
        #expect(buffer.bytes(0) == Array("reader".utf8))

        let filler = [UInt8](repeating: 7, count: 64 << 10)
        var sent = 0
        var refused = 0
        while refused < 100 {
            switch try router.send([Array("reader".utf8), Array("\(sent)".utf8), filler], wait: false) {
            case .sent: sent += 1
            case .wouldBlock: refused += 1
            case .unreachable: Issue.record("the peer is there")
            }
            try #require(sent < 10_000)
        }
        for number in 0..<sent {
            try #require(try dealer.receive(into: &buffer, milliseconds: guardMilliseconds))
            #expect(buffer.bytes(0) == Array("\(number)".utf8))
        }
        #expect(try !dealer.receive(into: &buffer, milliseconds: 1))
    }

    /// A sender that waits loses nothing while its receiver lives, whatever the high-water marks.
    @Test func blockingSendsAllArriveInOrder() throws {
        var small = SocketOptions()
        small.sendHighWaterMark = 2
        small.receiveHighWaterMark = 2
        let sockets = try pair(small, small)
        let endpoint = sockets.endpoint
        let options = small
        let thread = Thread {
            guard let push = try? Socket(.push, in: Context.ofProcess(), options: options),
                (try? push.connect(endpoint)) != nil
            else { return }
            for number in 0..<2_000 { _ = try? push.send([Array("\(number)".utf8), [UInt8](repeating: 1, count: 2_000)]) }
        }
        thread.start()
        var buffer = MessageBuffer()
        for number in 0..<2_000 {
            try #require(try sockets.pull.receive(into: &buffer, milliseconds: guardMilliseconds))
            #expect(buffer.bytes(0) == Array("\(number)".utf8))
        }
    }

    @Test func pollerTellsWhichSocketIsReady() throws {
        let one = try pair()
        let two = try pair()
        var poller = Poller()
        let first = try poller.add(one.pull)
        let second = try poller.add(two.pull)
        let before = try poller.wait(milliseconds: 0)
        #expect(before == 0)
        #expect(try two.push.send([[2]]) == .sent)
        let ready = try poller.wait(milliseconds: guardMilliseconds)
        #expect(ready == 1)
        let (firstReady, secondReady) = (poller.isReadable(first), poller.isReadable(second))
        #expect(!firstReady && secondReady)
        poller.setInterest([], at: second)
        let without = try poller.wait(milliseconds: 0)
        #expect(without == 0)
    }

    @Test func pollerRefusesAClosedSocket() throws {
        var poller = Poller()
        do {
            let socket = try Socket(.pull, in: Context.ofProcess())
            try poller.add(socket)
        }
        do throws(WireError) {
            try poller.wait(milliseconds: 0)
            Issue.record("a closed socket was polled")
        } catch {
            #expect(error == .stopped("the socket"))
        }
    }

    /// Signals neither end a wait nor lose a message.
    @Test func signalsDoNotInterrupt() throws {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR2, &action, nil)
        let sockets = try pair()
        let endpoint = sockets.endpoint
        let waiting = pthread_self()
        let thread = Thread {
            for _ in 0..<200 {
                pthread_kill(waiting, SIGUSR2)
                sched_yield()
            }
            guard let push = try? Socket(.push, in: Context.ofProcess()), (try? push.connect(endpoint)) != nil else { return }
            _ = try? push.send([[42]])
        }
        thread.start()
        var buffer = MessageBuffer()
        #expect(try sockets.pull.receive(into: &buffer, milliseconds: guardMilliseconds))
        #expect(buffer.bytes(0) == [42])
    }

    @Test func oneContextThatDoesNotEndUnderOpenSockets() throws {
        let context = try Context.ofProcess()
        #expect(try Context.ofProcess() === context)
        let socket = try Socket(.pull, in: context)
        let error = #expect(throws: WireError.self) { try context.terminate() }
        guard case .socketsOpen(let count) = try #require(error) else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(count >= 1)
        try socket.bind("tcp://127.0.0.1:*")
    }

    @Test func preflightRaisesTheLimit() throws {
        let limit = try Preflight.run()
        #expect(limit.current == limit.maximum)
        #expect(limit.current >= UInt64(Preflight.descriptorsNeeded))
    }
}
