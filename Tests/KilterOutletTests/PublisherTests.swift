import Foundation
import KilterOutlet
import KilterVocabulary
import KilterWire
import Testing

@Suite struct PublisherTests {
    /// A plain subscriber sees topic, header of 32 bytes and body, each event under the next sequence of its stream.
    @Test func messagesHaveTheFormOfTheContract() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        let sub = try Socket(.sub, in: Context.ofProcess())
        try sub.subscribe("")
        try sub.connect(#require(publisher.publishEndpoint))
        var buffer = MessageBuffer()
        // The first heartbeat shows that the subscription has arrived.
        try #require(try sub.receive(into: &buffer, milliseconds: guardMilliseconds))
        let sink = try publisher.makeSink()
        let events = [alert(1), breaker("b", 1, .open), notice(1), alert(2), breaker("b", 2, .closed)]
        for event in events { try sink.send(event) }
        var log = EventLog(logID: testLog, epoch: 7)
        let encoder = EventEncoder(instance: "test")
        for event in events {
            repeat {
                try #require(try sub.receive(into: &buffer, milliseconds: guardMilliseconds))
            } while text(buffer.bytes(0)) == Topic.heartbeat
            let encoded = encoder.encode(event)
            let (sequence, body) = log.append(encoded)
            #expect(buffer.count == 3)
            #expect(buffer.bytes(0) == encoded.topic)
            #expect(buffer.bytes(1) == EventHeader(sequence: sequence, epoch: 7, logID: testLog).bytes)
            #expect(buffer.bytes(2) == body)
        }
    }

    @Test func heartbeatTellsHeadsModeAndCounters() throws {
        let publisher = try startPublisher(log: EventLog(logID: testLog, epoch: 7, heads: [.incident: 40]))
        defer { publisher.stop() }
        let sink = try publisher.makeSink()
        for number in 1...3 { try sink.send(alert(number)) }
        try sink.send(breaker("b", 1, .open))
        try sink.send(mode: "degraded \"x\"")
        try sink.send(counters: [Evidence("received", .integer(9)), Evidence("shed", .facts([Evidence("a", .integer(1))]))])
        let sub = try Socket(.sub, in: Context.ofProcess())
        try sub.subscribe("hb")
        try sub.connect(#require(publisher.publishEndpoint))
        var buffer = MessageBuffer()
        var body = ""
        repeat {
            try #require(try sub.receive(into: &buffer, milliseconds: guardMilliseconds))
            #expect(buffer.bytes(1) == EventHeader(sequence: 0, epoch: 7, logID: testLog).bytes)
            body = text(buffer.bytes(2))
        } while !body.contains("received")
        let digest = String((try #require(HeartbeatReport(body: buffer.bytes(2)))).breakerDigest)
        #expect(digest != "0000000000000000")
        let expected =
            #"{"log_id":"0123456789abcdeffedcba9876543210","epoch":7,"#
            + #""heads":{"alert":3,"breaker":1,"incident":40,"notice":0},"#
            + #""oldest":{"alert":1,"breaker":1,"incident":41,"notice":1},"#
            + #""breakers":{"generation":1,"digest":""# + digest + #""},"mode":"degraded \"x\"","#
            + #""counters":{"received":9,"shed":{"a":1}}}"#
        #expect(body == expected)
        let report = try #require(HeartbeatReport(body: buffer.bytes(2)))
        #expect(report.heads == [.alert: 3, .breaker: 1, .incident: 40, .notice: 0])
        #expect(report.oldest == [.alert: 1, .breaker: 1, .incident: 41, .notice: 1])
        #expect(report.logID == testLog && report.epoch == 7 && report.mode == "degraded \"x\"")
    }

    @Test(arguments: ["", "{", "[]", "{\"log_id\":\"\"}", "\u{0}", String(repeating: "[", count: 5_000)])
    func whatIsNoHeartbeatIsNotTakenForOne(body: String) { #expect(HeartbeatReport(body: Array(body.utf8)) == nil) }

    @Test func stopPublishesWhatWasHandedOverAndEndsTheSinks() throws {
        let publisher = try startPublisher()
        let sink = try publisher.makeSink()
        for number in 0..<5_000 { try sink.send(alert(number)) }
        publisher.stop()
        #expect(publisher.counts.events[EventStream.alert.index] == 5_000)
        #expect(publisher.counts.misunderstood == 0)
        #expect(publisher.failure == nil)
        do throws(WireError) {
            try sink.send(alert(0))
            Issue.record("a stopped publisher took an event")
        } catch {
            #expect(error == .stopped("the publisher"))
        }
        publisher.stop()
    }

    /// Whether the thread notices the end by itself or is woken is left to chance; neither may hang or lose an event.
    @Test func stopEndsWhateverTheThreadIsDoing() throws {
        for round in 0..<100 {
            let publisher = try startPublisher()
            let sink = try publisher.makeSink()
            for number in 0..<round { try sink.send(alert(number)) }
            publisher.stop()
            #expect(publisher.counts.events[EventStream.alert.index] == round)
        }
    }

    @Test func startTellsWhatIsWrongWithAnEndpoint() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        let taken = try #require(publisher.publishEndpoint)
        #expect(throws: WireError.addressInUse(endpoint: taken)) { try startPublisher(at: (taken, "tcp://127.0.0.1:*")) }
        #expect(throws: WireError.unauthenticatedBind(endpoint: "tcp://0.0.0.0:*")) {
            try startPublisher(at: ("tcp://127.0.0.1:*", "tcp://0.0.0.0:*"))
        }
    }

    /// Events of several sinks each keep their order, and no sequence is given twice or left out.
    @Test func sinksOfSeveralThreadsShareTheSequences() throws {
        let publisher = try startPublisher()
        defer { publisher.stop() }
        for thread in 0..<4 {
            let worker = Thread {
                guard let sink = try? publisher.makeSink() else { return }
                for number in 0..<500 { try? sink.send(alert(thread * 1_000 + number)) }
            }
            worker.start()
        }
        var options = Subscription.Options()
        options.streams = [.alert]
        options.start = .after([:], logID: testLog)
        var subscription = try subscribe(publisher, options)
        var next = [0, 0, 0, 0]
        var sequences: [UInt64] = []
        while sequences.count < 2_000 {
            guard case .event(_, let sequence, _, let body) = try subscription.nextItem() else { continue }
            sequences.append(sequence)
            let object = try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]
            let id = try #require((object?["data"] as? [String: Any])?["alert_id"] as? String)
            let number = try #require(Int(id))
            #expect(next[number / 1_000] == number % 1_000)
            next[number / 1_000] += 1
        }
        #expect(sequences == Array(1...2_000))
    }
}
