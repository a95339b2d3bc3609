import ArgumentParser
import Foundation
import KilterEngine
import KilterIntake
import KilterSimulator

struct Evaluate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Hold events against the truth: what was found, how soon, and what was alarmed without reason.",
        discussion: """
            EVENTS is what replay writes, TRUTH what generate writes, or labels of recorded traces of the same form; both may
            be compressed. A run counts as found when an alert of at least a warning names its trace or conversation. Delay is
            from the start of the labelled window, in seconds, and with --stream in spans and dollars of that run; without it
            those are the alerts' own, from the onset that each estimates.

            Labels of agents, as those of the suites of drift, are held against statistical alerts besides: what was found and how
            many runs of the agent it took (with --stream), whether signal, direction and onset were right, and how many episodes
            there were where nothing had changed, beside what the configuration allows. --within 600 or --within 6h counts what
            comes later, in observations or time, as missed.

            Example: kilter evaluate events.jsonl truth.jsonl --stream stream.jsonl
            """)

    @Argument(help: "Events, JSON lines; - for standard input.") var events: String
    @Argument(help: "Labels, JSON lines.") var truth: String
    @Option(help: "The spans themselves: a file, folder or pattern; may be given more than once.") var stream: [String] = []
    @Option(help: "Configuration with which they were judged; its names and prices count here.") var config: String?
    @Option(help: "Only labels of this kind, and healthy ones; may be given more than once.") var kind: [String] = []
    @Option(help: "Observations, or a time such as 6h, within which a change of an agent must be told of.") var within: String?
    @Option(help: "Statistical alerts of one agent and signal that are closer than this are one episode.") var tolerance = "1h"
    @Option(help: "Exit 1 when less of the runs is warned, such as 0.95 or 95%.") var minRecall: String?
    @Option(help: "Exit 1 beyond so many false alarms per agent-day, or beyond a share of healthy runs, such as 1%.")
    var maxFalseAlarms: String?
    @Flag(help: "JSON for machines.") var json = false

    func run() async throws {
        try await reportingFailures {
            let least = try minRecall.map { try Quota($0, "--min-recall", most: 1) }
            let most = try maxFalseAlarms.map { try Quota($0, "--max-false-alarms") }
            let configuration = try ConfigurationFile.read(config, profile: nil)
            let result = try evaluate(configuration)
            let allowed = result.drift.flatMap { configuration.falseAlarms.warning.allowed(in: $0.exposure) }
            try StandardOutput.write(json ? result.jsonText(allowed: allowed) + "\n" : EvaluationText().render(result, allowed: allowed))
            try least?.demandRecall(of: result)
            try most?.limitFalseAlarms(of: result)
        }
    }

    private func evaluate(_ configuration: Configuration) throws -> Evaluation {
        let labels = try readTruth()
        let lines = try readLines(events)
        let window = try window()
        var measure: Evaluation.Measure?
        var runs: DriftEvaluation.RunCount?
        if !stream.isEmpty {
            let trails = try RunTrails(try StreamSet(arguments: stream).files, rules: configuration.settings.intake)
            runs = { trails.runs(ofService: $0, agent: $1, after: $2, upTo: $3) }
            measure = { label, sighting in
                let ids = [label.conversation, label.trace].compactMap(\.self)
                let time = sighting?.time ?? label.end
                return trails.distance(in: ids, after: label.start, toSpan: sighting?.span, at: time)
                    .map { Evaluation.Distance(spans: $0.spans, microdollars: $0.microdollars) }
            }
        }
        do {
            return try Evaluation(
                events: lines, truth: labels, measure: measure, window: window, tolerance: try Times.period(tolerance), runs: runs)
        } catch let error as Evaluation.Malformed {
            throw Failure(.badData, "\(events):\(error.line): not an event; expected one JSON object a line, as replay writes them")
        }
    }

    private func window() throws -> DriftEvaluation.Window {
        guard let within else { return .whole }
        guard let observations = Int(within) else { return .time(try Times.period(within)) }
        guard observations > 0 else { throw Failure(.usage, "--within \(within): must be at least 1") }
        guard !stream.isEmpty else {
            throw Failure(.usage, "--within \(within): observations are counted in the stream; name it with --stream")
        }
        return .observations(observations)
    }

    private func readTruth() throws -> [TruthLabel] {
        var labels: [TruthLabel] = []
        for (number, line) in try readLines(truth).enumerated() where !line.isEmpty {
            do {
                labels.append(try TruthLabel(line: line))
            } catch {
                throw Failure(.badData, "\(truth):\(number + 1): \(error)")
            }
        }
        guard !labels.isEmpty else { throw Failure(.badData, "\(truth): no label in it") }
        guard !kind.isEmpty else { return labels }
        let known = Set(labels.map(\.kind))
        if let unknown = kind.first(where: { !known.contains($0) }) {
            throw Failure(.usage, "--kind \(unknown): no label is of this kind; there are \(known.sorted().joined(separator: ", "))")
        }
        return labels.filter { $0.isHealthy || kind.contains($0.kind) }
    }

    /// Lines of a file, plain or compressed.
    private func readLines(_ path: String) throws -> [String] {
        let bytes = path == "-" ? Array(FileHandle.standardInput.readDataToEndOfFile()) : try Files.read(path)
        return try bytes.withUnsafeBytes { whole in
            guard Compression(magic: whole) != nil else { return Self.lines(whole) }
            var inflater = Inflater(bytesMax: Self.inflatedBytesMax)
            do throws(InflateError) {
                return Self.lines(try inflater.inflate(whole))
            } catch {
                throw Failure(.badData, "\(path): \(error.message)")
            }
        }
    }

    private static let inflatedBytesMax = 4 << 30

    private static func lines(_ bytes: UnsafeRawBufferPointer) -> [String] {
        bytes.split(separator: 10, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}

extension Configuration.FalseAlarms.Rate {
    /// False alarms that it allows in so much time and so many runs; nil where the runs are not known.
    fileprivate func allowed(in exposure: DriftEvaluation.Exposure) -> Double? {
        let alarms = Double(millionths) / 1e6
        switch (period, group) {
        case (.time(let length), .agent): return alarms * exposure.agentDays * 86_400e9 / Double(max(length.count, 1))
        case (.time(let length), .fleet): return alarms * exposure.fleetDays * 86_400e9 / Double(max(length.count, 1))
        case (.runs(let count), _): return exposure.agentRuns.map { alarms * Double($0) / Double(max(count, 1)) }
        }
    }
}

/// A bound on a rate, written as a number or in percent.
private struct Quota {
    private let text: String
    private let number: Double
    private let isPercent: Bool

    init(_ text: String, _ option: String, most: Double = .infinity) throws {
        isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? text.dropLast() : text[...]), number >= 0, number.isFinite else {
            throw Failure(.usage, "\(option) \(text): not a number; write such as 0.95 or 95%")
        }
        self.text = text
        self.number = isPercent ? number / 100 : number
        guard self.number <= most else { throw Failure(.usage, "\(option) \(text): more than all; write such as 0.95 or 95%") }
    }

    func demandRecall(of result: Evaluation) throws {
        guard let recall = result.recall else { throw Failure(.answerIsNo, "--min-recall \(text): nothing was to be found") }
        if recall < number { throw Failure(.answerIsNo, "recall is \(Figures.percent(recall)), less than \(text)") }
    }

    func limitFalseAlarms(of result: Evaluation) throws {
        let found = isPercent ? result.healthy.share(.warning) : result.falseAlarmsPerAgentDay ?? 0
        guard found > number else { return }
        let words =
            isPercent ? "\(Figures.percent(found)) of healthy runs are alarmed" : "\(Figures.rate(found)) false alarms per agent-day"
        throw Failure(.answerIsNo, "\(words), more than \(text)")
    }
}
