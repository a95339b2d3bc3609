import ArgumentParser
import Foundation
import KilterEngine
import KilterSimulator

struct Generate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a seeded synthetic stream, with what is true of it.",
        discussion: """
            The stream is OTLP JSON lines, as replay and send read them; the truth is one JSON object a line for every run,
            of kind none where it is healthy. Without --seed, --agents and --spans it is the scenario's own fixture. With
            --agents N groups of agents tell the scenario, each under names of its own, at times, paces and counts that the
            seed draws within what the scenario claims. With --spans ordinary conversations of the same agents are added
            before, beside and after, until there are that many spans. The same options give the same bytes.

            The suites of drift, whose names begin with drift-, are long streams of agents of which the law and its change are
            known: --agents is their number, --spans the observations of each, one trace an observation, and the truth has a line
            for each agent and signal that changes. --every 15m sets the mean time between observations of one agent.

            Examples: kilter generate P5-cycle-of-3 --agents 20 --spans 10000 --output stream.jsonl --truth truth.jsonl
                      kilter generate drift-latency --agents 40 --output stream.jsonl --truth truth.jsonl
            """)

    @Argument(help: "Id of a scenario or suite; --list tells them.") var scenario: String?
    @Option(help: "Seed of all chance; the scenario's own otherwise.") var seed: UInt64?
    @Option(help: "Groups of agents that tell the scenario; agents of a suite.") var agents: Int?
    @Option(help: "Spans that the stream has at least; observations of each agent of a suite.") var spans: Int?
    @Option(help: "Mean time between observations of an agent of a suite, such as 15m.") var every: String?
    @Option(help: "Write what is true of each run to this file.") var truth: String?
    @Option(help: "Write the stream to this file; - is standard output.") var output = "-"
    @Option(help: "Write the configuration that the scenario rests on to this file.") var config: String?
    @Flag(help: "List the scenarios: what happens in each, and why that must or must not alert.") var list = false
    @Flag(help: "List them as JSON, one object a line.") var json = false

    /// Groups that are told at once; each takes a tenth of a megabyte.
    private static let agentsMax = 10_000

    mutating func validate() throws {
        guard list || !json else { throw ValidationError("--json belongs to --list; a stream is JSON anyway.") }
        guard list || scenario != nil else { throw ValidationError("Name a scenario, or list them with --list.") }
        if let agents, !(1...Self.agentsMax).contains(agents) {
            throw ValidationError("--agents must be from 1 to \(Self.agentsMax).")
        }
        let files = [output, truth, config].compactMap { $0 }.filter { $0 != "-" }
        guard Set(files).count == files.count else { throw ValidationError("--output, --truth and --config must be different files.") }
        if let spans, spans < 1 { throw ValidationError("--spans must be at least 1.") }
    }

    func run() async throws {
        try await reportingFailures {
            if list { return try StandardOutput.write(json ? factsLines : paragraphs) }
            let labels = try writeStream(named: scenario ?? "")
            if let truth { try Files.write(Array(labels.map { $0.line + "\n" }.joined().utf8), to: truth) }
        }
    }

    private func writeStream(named id: String) throws -> [TruthLabel] {
        if let suite = DriftSuites.named(id) { return try writeStream(of: suite) }
        let chosen = try choose(id)
        guard every == nil else { throw Failure(.usage, "--every: \(chosen.id) has a pace of its own; it sets that of suites of drift") }
        try writeConfiguration(of: chosen)
        return try writeStream(of: chosen)
    }

    private func writeStream(of suite: DriftSuite) throws -> [TruthLabel] {
        if config != nil { StandardError.line("kilter: \(suite.id) rests on the defaults; no configuration was written") }
        let gap = try every.map(Times.period)
        let sink = try StreamSink(path: output)
        var stream = DriftStream(suite, seed: seed, agents: agents, observations: spans, gap: gap)
        let labels = try stream.write(sink.write)
        try sink.close()
        return labels
    }

    private func choose(_ id: String) throws -> Scenario {
        if let found = Scenarios.named(id) { return found }
        let ids = Scenarios.library.map(\.id) + DriftSuites.all.map(\.id)
        let begun = ids.first { $0.lowercased().hasPrefix(id.lowercased()) }
        let hint = begun.map { "; did you mean `\($0)`?" } ?? NearestName.hint(for: id, among: ids)
        throw Failure(.usage, "\(id): no such scenario\(hint) (kilter generate --list tells them all)")
    }

    private func writeConfiguration(of scenario: Scenario) throws {
        guard let configuration = scenario.configuration else {
            if config != nil { StandardError.line("kilter: \(scenario.id) rests on the defaults; no configuration was written") }
            return
        }
        if let config { return try Files.write(Array(configuration.utf8), to: config) }
        StandardError.line("kilter: \(scenario.id) rests on a configuration; write it with --config FILE and replay with it")
    }

    private func writeStream(of scenario: Scenario) throws -> [TruthLabel] {
        let sink = try StreamSink(path: output)
        guard seed != nil || agents != nil || spans != nil else {
            let recording = scenario.recording()
            try sink.write(recording.stream)
            try sink.close()
            return recording.truth
        }
        var fleet = Fleet(scenario, seed: seed, agents: agents ?? 1, spansMin: spans ?? 0)
        let labels = try fleet.write(sink.write)
        try sink.close()
        return labels
    }

    private var paragraphs: String {
        Scenarios.library.map(paragraph).joined() + "\nSuites of drift\n\n" + DriftSuites.all.map(paragraph).joined()
    }

    private var factsLines: String { (Scenarios.library.map(\.factsLine) + DriftSuites.all.map(\.factsLine)).map { $0 + "\n" }.joined() }

    private func paragraph(_ scenario: Scenario) -> String {
        let configured = scenario.configuration == nil ? "" : " (with a configuration)"
        return "\(scenario.id)\(configured)\n  \(scenario.summary)\n  Why: \(scenario.why)\n"
    }

    private func paragraph(_ suite: DriftSuite) -> String {
        let sizes = "\(suite.agents) agents, \(suite.observations) observations of each"
        let change = suite.onset < suite.observations ? ", \(suite.onset) of them before the change" : ""
        return "\(suite.id) (\(sizes)\(change))\n  \(suite.summary)\n  Why: \(suite.why)\n"
    }
}

/// Standard output, or a file that is written piece by piece.
private final class StreamSink {
    private let path: String
    private let handle: FileHandle?
    private var output = StandardOutput()
    private var pending = Data()

    init(path: String) throws {
        self.path = path
        guard path != "-" else {
            handle = nil
            return
        }
        if !FileManager.default.fileExists(atPath: path) { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        handle = FileHandle(forWritingAtPath: path)
        guard let handle else { throw Failure(.inputOutput, "\(path): cannot be written") }
        // A pipe or a device has no length to take back.
        try? handle.truncate(atOffset: 0)
    }

    func write(_ text: String) throws {
        guard handle != nil else { return try output.write(text.utf8) }
        pending.append(contentsOf: text.utf8)
        if pending.count >= 1 << 20 { try flush() }
    }

    func close() throws {
        guard let handle else { return try output.flush() }
        try flush()
        do { try handle.close() } catch { throw Failure(.inputOutput, "\(path): cannot be written") }
    }

    private func flush() throws {
        do { try handle?.write(contentsOf: pending) } catch { throw Failure(.inputOutput, "\(path): cannot be written") }
        pending.removeAll(keepingCapacity: true)
    }
}
