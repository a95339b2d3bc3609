import KilterOutlet
import KilterVocabulary
import KilterWire
import Testing

@Suite struct SubscriptionTests {
    private func options(_ start: Subscription.Start, _ streams: [EventStream] = EventStream.allCases) -> Subscription.Options {
        var options = Subscription.Options()
        options.start = start
        options.streams = streams
        return options
    }

    private func logWithAlerts(_ count: Int, kept: Int = Limits.eventsKept) -> (EventLog, [[UInt8]]) {
        var log = EventLog(logID: testLog, epoch: 7, eventsKept: kept)
        let encoder = EventEncoder(instance: "test")
        let bodies = (0..<count).map { log.append(encoder.encode(alert($0))).body }
        return (log, bodies)
    }

    /// Everything that was published before the subscriber came is fetched, what comes meanwhile is not lost, and
    /// every event is delivered once and in order within its stream.
    @Test func deliversAllStreamsOnceAndInOrder() throws {
        let (log, _) = logWithAlerts(3_000)
        let publisher = try startPublisher(log: log)
        defer { publisher.stop() }
        var subscription = try subscribe(publisher, options(.oldest))
        let sink = try publisher.makeSink()
        var expected: [EventStream: UInt64] = [.alert: 3_000]
        var delivered: [EventStream: UInt64] = [:]
        var total = 0
        for number in 0..<4_000 {
            let event = [alert(number), breaker("b\(number)", 1, .open), notice(number)][number % 3]
            try sink.send(event)
            let stream: EventStream = [.alert, .breaker, .notice][number % 3]
            expected[stream, default: 0] += 1
            guard number.isMultiple(of: 7), let item = try subscription.next(milliseconds: 0) else { continue }
            total += try check(item, &delivered)
        }
        while total < 7_000 { total += try check(try subscription.nextItem(), &delivered) }
        #expect(delivered == expected)
        #expect(try subscription.next(milliseconds: 1) == nil)
    }

    /// One for an event, which must be the next of its stream.
    private func check(_ item: Subscription.Item, _ delivered: inout [EventStream: UInt64]) throws -> Int {
        switch item {
        case .event(let stream, let sequence, _, _):
            try #require(sequence == delivered[stream, default: 0] + 1)
            delivered[stream] = sequence
            return 1
        case .connected: return 0
        default:
            Issue.record("\(item)")
            return 0
        }
    }

    /// With a queue of one message libzmq drops most of a burst; heartbeats reveal it, down to the last event.
    @Test func fillsTheGapsOfAnOverrunQueue() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        var options = options(.newest, [.alert])
        options.receiveHighWaterMark = 1
        var subscription = try subscribe(publisher, options)
        let hello = try subscription.nextItem()
        #expect(hello == .connected(logID: testLog, epoch: 7))
        // The first heartbeat also says where to begin.
        while subscription.heartbeat == nil { _ = try subscription.next(milliseconds: 50) }
        let sink = try publisher.makeSink()
        for number in 0..<20_000 { try sink.send(alert(number)) }
        let encoder = EventEncoder(instance: "test")
        for number in 0..<20_000 {
            let item = try subscription.nextItem()
            let body = encoder.body(of: alert(number))
            try #require(item == .event(stream: .alert, sequence: UInt64(number + 1), epoch: 7, body: body))
        }
    }

    @Test func newestBeginsBehindTheHead() throws {
        let (log, _) = logWithAlerts(50)
        let publisher = try startPublisher(log: log)
        defer { publisher.stop() }
        var subscription = try subscribe(publisher, options(.newest, [.alert]))
        while subscription.heartbeat == nil { _ = try subscription.next(milliseconds: 50) }
        let sink = try publisher.makeSink()
        try sink.send(alert(1))
        let items = try subscription.items { if case .event = $0 { true } else { false } }
        guard case .event(.alert, 51, 7, _) = items[items.count - 1] else {
            Issue.record("\(items)")
            return
        }
    }

    @Test func tellsWhatCanNoLongerBeFetched() throws {
        let (log, bodies) = logWithAlerts(100, kept: 10)
        let publisher = try startPublisher(log: log)
        defer { publisher.stop() }
        var resumed = try subscribe(publisher, options(.after([.alert: 20], logID: testLog), [.alert]))
        var items = try resumed.items { if case .event(_, 100, _, _) = $0 { true } else { false } }
        let events = (91...100).map {
            Subscription.Item.event(stream: .alert, sequence: UInt64($0), epoch: 7, body: bodies[$0 - 1])
        }
        #expect(items == [.connected(logID: testLog, epoch: 7), .gone(stream: .alert, first: 21, last: 90)] + events)

        // Who asks for the oldest misses nothing.
        var fresh = try subscribe(publisher, options(.oldest, [.alert]))
        items = try fresh.items { if case .event(_, 100, _, _) = $0 { true } else { false } }
        #expect(items == [.connected(logID: testLog, epoch: 7)] + events)
    }

    @Test func withoutCatchUpGapsAreTold() throws {
        let (log, _) = logWithAlerts(5)
        let publisher = try startPublisher(log: log)
        defer { publisher.stop() }
        var subscription = try Subscription(
            context: Context.ofProcess(), publishEndpoint: #require(publisher.publishEndpoint), catchUpEndpoint: nil,
            options: options(.after([.alert: 2], logID: testLog), [.alert]))
        let items = try subscription.items { if case .gone = $0 { true } else { false } }
        #expect(items == [.connected(logID: testLog, epoch: 7), .gone(stream: .alert, first: 3, last: 5)])
    }

    @Test func stateComesFirstAndIsFollowedByEveryChange() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        let sink = try publisher.makeSink()
        for number in 0..<200 { try sink.send(breaker("b\(number % 10)", UInt64(number), number % 3 == 0 ? .closed : .open)) }
        var options = options(.newest, [.breaker])
        options.withState = true
        var subscription = try subscribe(publisher, options)
        for number in 200..<400 { try sink.send(breaker("b\(number % 10)", UInt64(number), number % 3 == 0 ? .closed : .open)) }
        // What the subscriber knows in the end is what is so, whenever the state was taken.
        var known: [UInt64: Bool] = [:]
        var head: UInt64 = 0
        var snapshot: [UInt64] = []
        while head < 400 {
            switch try subscription.nextItem() {
            case .connected: break
            case .breaker(let sequence, _): snapshot.append(sequence)
            case .stateComplete(let complete):
                #expect(snapshot.allSatisfy { $0 <= complete })
                head = complete
            case .event(.breaker, let sequence, _, _):
                #expect(sequence == head + 1)
                head = sequence
                known[sequence] = true
            case let item: Issue.record("\(item)")
            }
        }
        #expect(snapshot.count <= 10)
        #expect(known.count <= 400)
    }

    @Test func provisionalTripsComeWithoutSequence() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        var subscription = try subscribe(publisher, options(.newest, [.breaker]))
        while subscription.heartbeat == nil { _ = try subscription.next(milliseconds: 50) }
        let sink = try publisher.makeSink()
        let trip = breaker("b", 1, .open)
        try sink.send(trip, provisional: true)
        try sink.send(trip)
        let items = try subscription.items { if case .event = $0 { true } else { false } }.filter {
            if case .connected = $0 { false } else { true }
        }
        let encoder = EventEncoder(instance: "test")
        #expect(
            items == [
                .provisional(body: encoder.body(of: trip, provisional: true)),
                .event(stream: .breaker, sequence: 1, epoch: 7, body: encoder.body(of: trip)),
            ])
    }

    /// An engine that stops is noticed; when it comes back on the same log, the stream goes on without a gap; on a new
    /// log it begins anew, from its first event.
    @Test func followsRestartsAndNewLogs() throws {
        let first = try startPublisher()
        let endpoints = (try #require(first.publishEndpoint), try #require(first.catchUpEndpoint))
        var options = options(.oldest, [.alert])
        options.silence = .milliseconds(600)
        var subscription = try subscribe(first, options)
        do {
            let sink = try first.makeSink()
            for number in 1...3 { try sink.send(alert(number)) }
        }
        var items = try subscription.items { if case .event(_, 3, _, _) = $0 { true } else { false } }
        first.stop()
        items = try subscription.items { $0 == .silent }
        #expect(items == [.silent])

        var log = EventLog(logID: testLog, epoch: 8, heads: [.alert: 3])
        let fourth = log.append(EventEncoder(instance: "test").encode(alert(4))).body
        let second = try restart(log, endpoints)
        items = try subscription.items { if case .event = $0 { true } else { false } }
        #expect(items == [.connected(logID: testLog, epoch: 8), .event(stream: .alert, sequence: 4, epoch: 8, body: fourth)])
        second.stop()

        let newLog = LogID(high: 5, low: 6)
        log = EventLog(logID: newLog, epoch: 1)
        let begin = log.append(EventEncoder(instance: "test").encode(alert(1))).body
        let third = try restart(log, endpoints)
        defer { third.stop() }
        items = try subscription.items { if case .event = $0 { true } else { false } }.filter { $0 != .silent }
        #expect(items == [.connected(logID: newLog, epoch: 1), .event(stream: .alert, sequence: 1, epoch: 1, body: begin)])
    }

    /// The port is free as soon as libzmq's thread has closed the old socket.
    private func restart(_ log: EventLog, _ endpoints: (String, String)) throws -> Publisher {
        for _ in 0..<10_000 {
            do {
                return try startPublisher(log: log, at: endpoints)
            } catch WireError.addressInUse {
                continue
            }
        }
        return try startPublisher(log: log, at: endpoints)
    }
}
