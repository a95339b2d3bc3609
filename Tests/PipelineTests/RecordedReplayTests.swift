import Foundation
import KilterEngine
import KilterIntake
import KilterVocabulary
import Testing

/// Replaying a recording is judging its messages when they came.
@Suite("Replay of recordings")
struct RecordedReplayTests {
    static let names = ["demo", "L1-one-long-loop", "P5-cycle-of-3", "P14-thanking-each-other"]

    @Test("Any workers and blocks say what judging message by message says, with the ticks of every silence", arguments: names)
    func equalsTheOracle(name: String) throws {
        let fixture = try #require(Fixture.named(name))
        for seed in UInt64(1)...3 {
            let messages = Run.messages(fixture.lines, seed: seed)
            let end = try #require(messages.last).arrival + .minutes(17)
            let expected = try Run.judge(messages, endsAt: end)
            let recording = Run.recording(messages, endsAt: end)
            for (workers, chunkBytes) in [(1, 1 << 20), (1, 1 << 20), (3, 20_000), (2, 700), (7, 100_000)] {
                let said = try Run.replay(recording, workers: workers, chunkBytes: chunkBytes, drain: false)
                #expect(said == expected, "seed \(seed), \(workers) workers, blocks of \(chunkBytes) bytes")
            }
            #expect(expected.events.contains { $0.contains("\"state\":\"resolved\"") }, "the silence at the end resolves what fired")
        }
    }

    @Test("Without a pause and with times in the past a recording says what the plain stream says", arguments: names)
    func equalsThePlainStream(name: String) throws {
        let fixture = try #require(Fixture.named(name))
        let arrival = EventTime(nanoseconds: 4_000_000_000_000_000_000)
        let messages = fixture.lines.map { Arrived(frames: [$0], arrival: arrival) }
        let plain = try Run.replay(fixture.stream)
        #expect(try Run.replay(Run.recording(messages)) == plain)
    }

    @Test("Times far ahead of the arrival are brought back to it, message by message")
    func clamped() throws {
        let fixture = try #require(Fixture.named("demo"))
        let messages = fixture.lines.enumerated().map { number, line in
            Arrived(frames: [line], arrival: EventTime(nanoseconds: 1_000_000_000_000_000_000 + UInt64(number) * 1_000_000_000))
        }
        let said = try Run.replay(Run.recording(messages), workers: 2, chunkBytes: 5_000, drain: false)
        #expect(said == (try Run.judge(messages)))
        #expect(Run.fact("received", said.statistics) == Run.fact("received", try Run.replay(fixture.stream).statistics))
        let notes = said.statistics.first { $0.name == "notes" }
        guard case .facts(let counts)? = notes?.value else { Issue.record("no notes"); return }
        #expect(Run.fact("time_clamped", counts) > 100)
    }

    @Test("An absurd arrival adds its time and ends")
    func absurdArrival() throws {
        let fixture = try #require(Fixture.named("L1-one-long-loop"))
        let start = EventTime(nanoseconds: 1_800_000_000_000_000_000)
        let messages = fixture.lines.map { Arrived(frames: [$0], arrival: start) }
        let said = try Run.replay(Run.recording(messages, endsAt: .never), drain: false)
        let drained = try Run.replay(Run.recording(messages))
        #expect(said.events == drained.events)
    }

    @Test("A range leaves out records, and what it leaves out does not hold up time")
    func ranged() throws {
        let fixture = try #require(Fixture.named("demo"))
        let messages = Run.messages(fixture.lines, seed: 9)
        func run(_ workers: Int, _ chunkBytes: Int) throws -> [String] {
            var options = Replay.Options()
            options.since = EventTime(nanoseconds: 1)
            options.chunkBytes = chunkBytes
            var events: [String] = []
            try Replay(engine: Engine(settings: Run.settings, workers: workers), options: options) { events += Run.encode($0) }
                .run(bytes: Run.recording(messages), name: "recording")
            return events
        }
        let whole = try Run.judge(messages).events
        #expect(try run(1, 1 << 20) == whole)
        #expect(try run(3, 9_000) == whole)
    }

    @Test("A cut recording and an empty file are remarked, and the other files are read")
    func spared() throws {
        let folder = try TemporaryFolder()
        let fixture = try #require(Fixture.named("demo"))
        let half = fixture.lines.count / 2
        let arrival = EventTime(nanoseconds: 4_000_000_000_000_000_000)
        let whole = Run.recording(fixture.lines[..<half].map { Arrived(frames: [$0], arrival: arrival) })
        let next = Run.recording([Arrived(frames: [fixture.lines[half]], arrival: arrival)])
        let headerBytes = Recording.header(info: "{}").count
        let first = try folder.write("1.klt", whole + next.dropFirst(headerBytes).dropLast(5))
        let empty = try folder.write("2.jsonl", [])
        let rest = try folder.write("3.jsonl", Array(fixture.lines[half...].joined(separator: [10])))
        var events: [String] = []
        let replay = Replay(engine: Engine(settings: Run.settings)) { events += Run.encode($0) }
        try replay.run([first, empty, rest])
        #expect(events == (try Run.replay(fixture.stream, drain: false).events))
        #expect(replay.remarks.map(\.file) == [first, empty])

        let damaged = try folder.write("4.klt", Array(whole.dropLast(1)) + [whole[whole.count - 1] ^ 1])
        for merge in [false, true] {
            var options = Replay.Options()
            options.merge = merge
            let other = Replay(engine: Engine(settings: Run.settings), options: options) { _ in }
            #expect(throws: StreamError.self) { try other.run([damaged, rest]) }
            let nothing = Replay(engine: Engine(settings: Run.settings), options: options) { _ in }
            #expect(throws: StreamError.empty(file: empty)) { try nothing.run([empty, empty]) }
        }
    }
}

/// A folder of its own that is removed when the test ends.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/kilter-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
        return path + "/" + name
    }
}
