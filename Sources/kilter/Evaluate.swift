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

            Example: kilter evaluate events.jsonl truth.jsonl --stream stream.jsonl
            """)

    @Argument(help: "Events, JSON lines; - for standard input.") var events: String
    @Argument(help: "Labels, JSON lines.") var truth: String
    @Option(help: "The spans themselves: a file, folder or pattern; may be given more than once.") var stream: [String] = []
    @Option(help: "Configuration with which they were judged; its names and prices count here.") var config: String?
    @Option(help: "Only labels of this kind, and healthy ones; may be given more than once.") var kind: [String] = []
    @Option(help: "Exit 1 when less of the runs is warned, such as 0.95 or 95%.") var minRecall: String?
    @Option(help: "Exit 1 beyond so many false alarms per agent-day, or beyond a share of healthy runs, such as 1%.")
    var maxFalseAlarms: String?
    @Flag(help: "JSON for machines.") var json = false

    func run() async throws {
        try await reportingFailures {
            let least = try minRecall.map { try Quota($0, "--min-recall", most: 1) }
            let most = try maxFalseAlarms.map { try Quota($0, "--max-false-alarms") }
            let result = try evaluate()
            try StandardOutput.write(json ? result.jsonText + "\n" : EvaluationText().render(result))
            try least?.demandRecall(of: result)
            try most?.limitFalseAlarms(of: result)
        }
    }

    private func evaluate() throws -> Evaluation {
        let labels = try readTruth()
        let lines = try readLines(events)
        var measure: Evaluation.Measure?
        if !stream.isEmpty {
            let rules = try ConfigurationFile.read(config, profile: nil).settings.intake
            let trails = try RunTrails(try StreamSet(arguments: stream).files, rules: rules)
            measure = { label, sighting in
                let ids = [label.conversation, label.trace].compactMap(\.self)
                let time = sighting?.time ?? label.end
                return trails.distance(in: ids, after: label.start, toSpan: sighting?.span, at: time)
                    .map { Evaluation.Distance(spans: $0.spans, microdollars: $0.microdollars) }
            }
        }
        do {
            return try Evaluation(events: lines, truth: labels, measure: measure)
        } catch {
            throw Failure(.badData, "\(events):\(error.line): not an event; expected one JSON object a line, as replay writes them")
        }
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
