import Foundation
import KilterEngine
import KilterOutlet
import KilterSimulator
import KilterVocabulary

/// A fixture as it lies on disk.
struct Fixture: Sendable, CustomTestStringConvertible {
    let id: String
    let lines: [[UInt8]]
    let scenario: ScenarioFile
    /// What the engine is to say, byte for byte; nil until it was recorded.
    let golden: [String]?
    /// Those of its own configuration, or the defaults.
    let settings: Settings

    var testDescription: String { id }
    var stream: [UInt8] { Array(lines.joined(separator: [10])) + [10] }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Fixtures")

    static let all: [Fixture] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted().compactMap { try? Fixture(id: $0) }
    }()

    static func named(_ id: String) -> Fixture? { all.first { $0.id == id } }

    private init(id: String) throws {
        let home = Self.folder.appendingPathComponent(id)
        let bytes = Array(try Data(contentsOf: home.appendingPathComponent("stream.jsonl")))
        self.id = id
        lines = bytes.split(separator: 10).map(Array.init)
        let scenarioBytes = try Data(contentsOf: home.appendingPathComponent("scenario.json"))
        scenario = try ScenarioFile(text: String(decoding: scenarioBytes, as: UTF8.self))
        golden = (try? String(contentsOf: home.appendingPathComponent("expected.jsonl"), encoding: .utf8))
            .map { $0.split(separator: "\n").map(String.init) }
        let configuration = try? String(contentsOf: home.appendingPathComponent("kilter.yaml"), encoding: .utf8)
        settings = try configuration.map { try Configuration.parse($0, file: id).settings } ?? Run.settings
    }
}

import Testing

/// What one run of the engine said and counted.
struct Said: Equatable {
    var events: [String] = []
    var statistics: [Evidence] = []
    var stateHash: UInt64 = 0
}

enum Run {
    private static let encoder = EventEncoder(instance: "kilter")

    static func encode(_ events: [Event]) -> [String] {
        events.compactMap { event in
            if case .notice = event { return nil }
            return String(decoding: encoder.body(of: event), as: UTF8.self)
        }
    }

    /// What `kilter replay` runs with when nothing is configured: the defaults, and the prices that ship.
    static let settings = (try? Configuration.parse("", file: "defaults").settings) ?? Settings()

    /// Replays `stream` through a new engine.
    static func replay(
        _ stream: [UInt8], settings: Settings = settings, workers: Int = 1, chunkBytes: Int = 1 << 20, drain: Bool = true
    ) throws -> Said {
        let engine = Engine(settings: settings, workers: workers)
        return try replay(stream, engine, chunkBytes: chunkBytes, drain: drain)
    }

    static func replay(_ stream: [UInt8], _ engine: Engine, chunkBytes: Int = 1 << 20, drain: Bool = true) throws -> Said {
        var options = Replay.Options()
        options.chunkBytes = chunkBytes
        options.drain = drain
        var said = Said()
        try Replay(engine: engine, options: options) { said.events += encode($0) }.run(bytes: stream, name: "test")
        said.statistics = Statistics(engine).facts
        said.stateHash = engine.stateHash
        return said
    }

    /// Replays the lines in two halves, the second by a new engine that was given the first one's state.
    static func cut(_ lines: [[UInt8]], at cut: Int, workers: (Int, Int) = (1, 1), settings: Settings = settings) throws -> Said {
        func join(_ part: ArraySlice<[UInt8]>) -> [UInt8] { Array(part.joined(separator: [10])) + [10] }
        let first = Engine(settings: settings, workers: workers.0)
        var said = Said()
        if cut > 0 { said = try replay(join(lines[..<cut]), first, drain: false) }
        let second = Engine(settings: settings, workers: workers.1)
        try second.restore(first.snapshot())
        guard cut < lines.count else {
            said.events += encode(second.drain())
            said.statistics = Statistics(second).facts
            said.stateHash = second.stateHash
            return said
        }
        let rest = try replay(join(lines[cut...]), second)
        return Said(events: said.events + rest.events, statistics: rest.statistics, stateHash: rest.stateHash)
    }

    static func fact(_ name: String, _ facts: [Evidence]) -> Int64 {
        if case .integer(let value)? = facts.first(where: { $0.name == name })?.value { return value }
        return -1
    }
}

/// received = processed + duplicate + unfinished + late + quarantined + shed + denied.
func expectAccounted(_ facts: [Evidence], sourceLocation: SourceLocation = #_sourceLocation) {
    let outcomes = ["processed", "duplicate", "unfinished", "late", "quarantined", "shed", "denied"]
    let sum = outcomes.reduce(0) { $0 + Run.fact($1, facts) }
    #expect(Run.fact("received", facts) == sum, sourceLocation: sourceLocation)
}
