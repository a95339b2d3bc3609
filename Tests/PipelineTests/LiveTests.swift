import Foundation
import KilterEngine
import KilterOutlet
import KilterVocabulary
import KilterWire
import Seeded
import Testing

/// The live engine over real sockets on ephemeral ports says what replay says.
@Suite("Live equals replay", .serialized)
struct LiveTests {
    /// Starts an engine, pushes `lines` in order through one socket, and returns the alert and breaker events.
    private func live(_ messages: [[[UInt8]]], workers: Int, expecting count: Int) throws -> [String] {
        var options = LiveEngine.Options()
        options.ingress = [IngressEndpoint(.pull, "tcp://127.0.0.1:*"), IngressEndpoint(.acked, "tcp://127.0.0.1:*")]
        options.publish = "tcp://127.0.0.1:*"
        options.catchUp = "tcp://127.0.0.1:*"
        options.workers = workers
        let engine = try LiveEngine(settings: Run.settings, options: options)
        defer { engine.stop() }
        let context = try Context.ofProcess()
        var from = Subscription.Options()
        from.start = .oldest
        from.streams = [.alert, .breaker]
        var subscription = try Subscription(
            context: context, publishEndpoint: try #require(engine.publishAddress), catchUpEndpoint: engine.catchUpAddress,
            options: from)
        let push = try Socket(.push, in: context)
        try push.connect(engine.ingressAddresses[0])
        for frames in messages { _ = try push.send(frames) }
        var bodies: [String] = []
        // A guard against a hang, not a measurement: each wait ends as soon as something arrives.
        for _ in 0..<600 where bodies.count < count {
            if case .event(_, _, _, let body)? = try subscription.next(milliseconds: 100) {
                bodies.append(String(decoding: body, as: UTF8.self))
            }
        }
        return bodies
    }

    private func framed(_ lines: [[UInt8]]) -> [[[UInt8]]] {
        lines.enumerated().map { number, line in
            let sequence = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(number + 1) >> UInt64(56 - 8 * $0)) }
            switch number % 3 {
            case 0: return [Array("traces.otlp_json.a".utf8), sequence, line]
            case 1: return [Array("traces.otlp_json".utf8), line]
            default: return [line]
            }
        }
    }

    @Test("The same records give the same bytes, for one worker and for three", arguments: [1, 3])
    func sameBytes(workers: Int) throws {
        for id in ["demo", "P5-cycle-of-3", "P14-thanking-each-other"] {
            let fixture = try #require(Fixture.named(id))
            let replayed = try Run.replay(fixture.stream, drain: false).events
            let events = try live(framed(fixture.lines), workers: workers, expecting: replayed.count)
            // Order holds within a stream; alerts and breakers are two streams.
            for type in ["\"type\":\"kilter.alert\"", "\"type\":\"kilter.breaker\""] {
                #expect(events.filter { $0.contains(type) } == replayed.filter { $0.contains(type) }, "\(id)")
            }
            #expect(events.count == replayed.count)
        }
    }

    @Test("Every series is there from the start")
    func metricsFromTheStart() throws {
        var options = LiveEngine.Options()
        options.ingress = [IngressEndpoint(.pull, "tcp://127.0.0.1:*")]
        let engine = try LiveEngine(settings: Run.settings, options: options)
        let metrics = engine.metrics
        engine.stop()
        #expect(metrics.records.map(\.labels).contains(["processed"]) && metrics.records.allSatisfy { $0.count == 0 })
        #expect(!metrics.quarantined.isEmpty && metrics.stages.count == EngineStage.allCases.count)
        for family in [metrics.alerts, metrics.transitions, metrics.notices] {
            #expect(!family.isEmpty && family.allSatisfy { $0.count == 0 })
        }
    }

    @Test("Junk in between ends nothing and changes nothing")
    func junk() throws {
        let fixture = try #require(Fixture.named("L1-one-long-loop"))
        let replayed = try Run.replay(fixture.stream, drain: false).events
        var random = Seeded(state: 31)
        var messages: [[[UInt8]]] = []
        for message in framed(fixture.lines) {
            let noise = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            messages.append([noise])
            messages.append([Array("traces.otlp_proto".utf8), noise])
            messages.append(Array(repeating: noise, count: Int.random(in: 1...12, using: &random)))
            messages.append([Array("logs.otlp_json".utf8), [], Array("{}".utf8)])
            messages.append([Array("traces.otlp_json".utf8), [], [0x1f, 0x8b] + noise])
            messages.append(message)
        }
        let events = try live(messages, workers: 1, expecting: replayed.count)
        #expect(events.sorted() == replayed.sorted())
    }
}
