import Foundation
import KilterEngine
import KilterIntake
import KilterOutlet
import KilterVocabulary
import KilterWire
import Synchronization
import Testing

/// The recorder over real sockets on ephemeral ports.
@Suite("Recording", .serialized)
struct RecorderTests {
    /// A recorder at work on a thread of its own.
    private final class Session: Sendable {
        let recorder: Recorder
        let path: String
        private let ended = DispatchSemaphore(value: 0)
        private let reached = DispatchSemaphore(value: 0)
        private let result = Mutex<Recorder.Progress?>(nil)

        init(_ path: String, _ ingress: [IngressEndpoint], expecting count: Int, bytesMax: UInt64? = nil) throws {
            var options = Recorder.Options()
            options.ingress = ingress
            options.bytesMax = bytesMax
            self.path = path
            recorder = try Recorder(to: path, options: options)
            let thread = Thread { [self] in
                var told = false
                let progress = try? recorder.run { progress in
                    guard !told, progress.messages + progress.refused >= count else { return }
                    told = true
                    reached.signal()
                }
                result.withLock { $0 = progress }
                reached.signal()
                ended.signal()
            }
            thread.start()
        }

        /// Waits until everything expected was recorded, with a guard against a hang, and ends.
        func finish() throws -> (progress: Recorder.Progress, bytes: [UInt8]) {
            _ = reached.wait(timeout: .now() + 60)
            recorder.stop()
            ended.wait()
            return (try #require(result.withLock { $0 }), Array(try Data(contentsOf: URL(fileURLWithPath: path))))
        }
    }

    /// Messages of a recording: topic, payload.
    private func messages(_ recording: [UInt8]) throws -> [[[UInt8]]] {
        var file = StreamFile(bytes: recording, name: "recording")
        var block = StreamBlock()
        var found: [[[UInt8]]] = []
        while try file.read(into: &block) {
            found += block.payloads.filter { $0.count > 0 }.map { [Array(block.topic(of: $0)), Array(block.bytes(of: $0))] }
        }
        return found
    }

    @Test("What engine and recorder hear from one publisher replays to the engine's own events")
    func liveEqualsItsRecording() throws {
        let folder = try TemporaryFolder()
        let fixture = try #require(Fixture.named("demo"))
        let context = try Context.ofProcess()
        var wide = SocketOptions()
        wide.sendHighWaterMark = 100_000
        // One each, because a publisher tells of the first of equal subscriptions only.
        let toEngine = try Socket(.xpub, in: context, options: wide)
        let toRecorder = try Socket(.xpub, in: context, options: wide)
        var options = LiveEngine.Options()
        options.ingress = [IngressEndpoint(.sub, "connect:" + (try toEngine.bind("tcp://127.0.0.1:*")))]
        options.publish = "tcp://127.0.0.1:*"
        options.catchUp = "tcp://127.0.0.1:*"
        let engine = try LiveEngine(settings: Run.settings, options: options)
        defer { engine.stop() }
        var from = Subscription.Options()
        from.start = .oldest
        from.streams = [.alert, .breaker]
        var subscription = try Subscription(
            context: context, publishEndpoint: try #require(engine.publishAddress), catchUpEndpoint: engine.catchUpAddress,
            options: from)
        let session = try Session(
            folder.path + "/a.klt", [IngressEndpoint(.sub, "connect:" + (try toRecorder.bind("tcp://127.0.0.1:*")))],
            expecting: fixture.lines.count)
        // Both have subscribed before the first message leaves.
        var buffer = MessageBuffer()
        let heard = (
            try toEngine.receive(into: &buffer, milliseconds: 60_000), try toRecorder.receive(into: &buffer, milliseconds: 60_000)
        )
        try #require(heard.0 && heard.1)
        for (number, line) in fixture.lines.enumerated() {
            let sequence = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(number + 1) >> UInt64(56 - 8 * $0)) }
            let frames = [Array("traces.otlp_json".utf8), sequence, line]
            _ = try toEngine.send(frames)
            _ = try toRecorder.send(frames)
        }
        let (progress, recording) = try session.finish()
        #expect(progress.messages == UInt64(fixture.lines.count) && progress.refused == 0 && progress.missing == 0)
        #expect(progress.bytes == UInt64(recording.count))

        let replayed = try Run.replay(recording, workers: 2, drain: false).events
        #expect(!replayed.isEmpty)
        #expect(try Run.replay(recording, drain: false).events == replayed)
        var events: [String] = []
        for _ in 0..<600 where events.count < replayed.count {
            if case .event(_, _, _, let body)? = try subscription.next(milliseconds: 100) {
                events.append(String(decoding: body, as: UTF8.self))
            }
        }
        // Order holds within a stream; alerts and breakers are two streams.
        for type in ["\"type\":\"kilter.alert\"", "\"type\":\"kilter.breaker\""] {
            #expect(events.filter { $0.contains(type) } == replayed.filter { $0.contains(type) })
        }
    }

    @Test("A recording that is sent and recorded again holds the same messages")
    func sentAndRecordedAgain() throws {
        let folder = try TemporaryFolder()
        let fixture = try #require(Fixture.named("P5-cycle-of-3"))
        let arrived = Run.messages(fixture.lines, seed: 4)
        let path = try folder.write("a.klt", Run.recording(arrived, endsAt: .never))
        let session = try Session(folder.path + "/b.klt", [IngressEndpoint(.pull, "tcp://127.0.0.1:*")], expecting: arrived.count)
        let sent = try StreamSender(to: session.recorder.addresses[0], options: StreamSender.Options()).run([path])
        #expect(sent.messages == UInt64(arrived.count))
        let (progress, again) = try session.finish()
        #expect(progress.messages == UInt64(arrived.count))
        #expect(try messages(again) == messages(Run.recording(arrived)))
        #expect(FileManager.default.isReadableFile(atPath: session.path))
        let mode = try FileManager.default.attributesOfItem(atPath: session.path)[.posixPermissions] as? Int
        #expect(mode == 0o600, "a recording holds content, so only its owner reads it")
    }

    @Test("Requests of other signals go by their own topic, or not at all")
    func topicsOfSignals() throws {
        let folder = try TemporaryFolder()
        let lines = ["{\"resourceSpans\":[]}", "{\"resourceLogs\":[]}", "{\"resourceMetrics\":[]}", "{\"resourceSpans\":[]}"]
        let path = try folder.write("mixed.jsonl", Array(lines.joined(separator: "\n").utf8))
        let session = try Session(folder.path + "/a.klt", [IngressEndpoint(.pull, "tcp://127.0.0.1:*")], expecting: 3)
        let sent = try StreamSender(to: session.recorder.addresses[0], options: StreamSender.Options()).run([path])
        #expect(sent.messages == 3 && sent.passedOver == 1)
        let topics = try messages(session.finish().bytes).map { String(decoding: $0[0], as: UTF8.self) }
        #expect(topics == ["traces.otlp_json", "logs.otlp_json", "traces.otlp_json"])
        let said = try Run.replay(Array(lines.joined(separator: "\n").utf8))
        guard case .facts(let reasons)? = said.statistics.first(where: { $0.name == "quarantined_by_reason" })?.value else {
            Issue.record("no reasons")
            return
        }
        #expect(reasons.map(\.name) == ["unsupported_signal"])
    }

    @Test("Messages without sense are counted and not recorded; a file that exists is left alone")
    func refusals() throws {
        let folder = try TemporaryFolder()
        let session = try Session(folder.path + "/a.klt", [IngressEndpoint(.pull, "tcp://127.0.0.1:*")], expecting: 4)
        let push = try Socket(.push, in: try Context.ofProcess())
        try push.connect(session.recorder.addresses[0])
        let payload = Array("{}".utf8)
        let frames = [
            [Array("prices.otlp_json".utf8), payload], [Array("traces.otlp_json".utf8), [1, 2], payload],
            Array(repeating: payload, count: 12), [Array("logs.otlp_proto.a".utf8), payload],
        ]
        for message in frames { _ = try push.send(message) }
        let (progress, bytes) = try session.finish()
        #expect(progress.messages == 1 && progress.refused == 3)
        #expect(try messages(bytes) == [[Array("logs.otlp_proto.a".utf8), payload]])

        var options = Recorder.Options()
        options.ingress = [IngressEndpoint(.pull, "tcp://127.0.0.1:*")]
        #expect(throws: Recorder.Failure.exists(file: session.path)) { _ = try Recorder(to: session.path, options: options) }
        #expect(Array(try Data(contentsOf: URL(fileURLWithPath: session.path))) == bytes)
        options.replacesExisting = true
        options.period = .milliseconds(1)
        #expect(try Recorder(to: session.path, options: options).run().messages == 0)
        #expect(try messages(Array(Data(contentsOf: URL(fileURLWithPath: session.path)))).isEmpty)
    }

    @Test("A recording that is not there or not whole at its end is no success, and two never share a file")
    func disturbed() throws {
        let folder = try TemporaryFolder()
        var options = Recorder.Options()
        options.ingress = [IngressEndpoint(.pull, "tcp://127.0.0.1:*")]
        options.replacesExisting = true
        options.period = .milliseconds(1)
        let path = folder.path + "/a.klt"
        let first = try Recorder(to: path, options: options)
        #expect(throws: Recorder.Failure.taken(file: path)) { _ = try Recorder(to: path, options: options) }
        let bytes = try first.run().bytes
        #expect(bytes > 0)
        // The file is free again, also while the first recorder lives.
        let second = try Recorder(to: path, options: options)
        try FileManager.default.removeItem(atPath: path)
        #expect(throws: Recorder.Failure.gone(file: path)) { _ = try second.run() }

        let third = try Recorder(to: path, options: options)
        #expect(truncate(path, 0) == 0)
        do {
            _ = try third.run()
            Issue.record("a file that was emptied is no recording")
        } catch Recorder.Failure.changed(path, let bytes, let bytesWritten) {
            #expect(bytes < bytesWritten)
        }
    }

    @Test("A recording ends by itself once it has its size, with the message that reached it whole")
    func bounded() throws {
        let folder = try TemporaryFolder()
        let session = try Session(
            folder.path + "/a.klt", [IngressEndpoint(.pull, "tcp://127.0.0.1:*")], expecting: .max, bytesMax: 5_000)
        let push = try Socket(.push, in: try Context.ofProcess())
        try push.connect(session.recorder.addresses[0])
        let payload = [UInt8](repeating: 0x20, count: 1_000)
        for _ in 0..<20 { _ = try push.send([payload]) }
        let (progress, bytes) = try session.finish()
        #expect(progress.messages == 5 && bytes.count < 6_500)
        #expect(try messages(bytes) == Array(repeating: [[], payload], count: 5))
    }
}
