import ArgumentParser
import Foundation
import KilterEngine
import KilterIntake
import KilterOutlet
import KilterVocabulary

enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case jsonl, table }

enum SignalOption: String, ExpressibleByArgument, CaseIterable {
    case traces, logs

    var signal: OTLPSignal { self == .logs ? .logs : .traces }
}

struct ReplayFiles: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run recorded streams through the engine on their own event time.",
        discussion: """
            Reads OTLP JSON lines, the Collector's length frames, varint-delimited protobuf and recordings of kilter record,
            plain, gzip or zstd, from files, folders, patterns or standard input (-), in the order given, as one stream.
            Events go to standard output, one JSON object a line. The same records give the same bytes for any number of
            workers. A file without a request in it, and the last message of a recording when it is cut, are said on
            standard error, and the others go on.

            Example: kilter replay --format table --stats stats.json traces/
            """)

    @Argument(help: "Files, folders, patterns, or - for standard input.") var files: [String]
    @Option(help: "jsonl or table; table on a terminal, jsonl otherwise.") var format: OutputFormat?
    @Option(help: "Compare with this file; exit 1 where the events differ.") var expect: String?
    @Option(help: "Write counters as JSON to this file (- for standard error).") var stats: String?
    @Option(help: "Threads that decode and judge; any number gives the same bytes.") var workers: Int = 1
    @Option(help: "Configuration file.") var config: String?
    @Option(help: "Profile to start from.") var profile: String?
    @Option(help: "Only records at or after this time (RFC 3339 or Unix nanoseconds).") var since: String?
    @Option(help: "Only records before this time (RFC 3339 or Unix nanoseconds).") var until: String?
    @Option(help: "Write the engine's state at the end to this file.") var save: String?
    @Option(help: "Start with the state in this file.") var load: String?
    @Option(help: "What protobuf files carry, which do not say it themselves: traces or logs.") var signal = SignalOption.traces
    @Flag(help: "Interleave the files by time instead of reading one after the other.") var merge = false
    @Flag(help: "After the last record, fire the time-outs that are left.") var drain = false

    mutating func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name at least one file, folder or -.") }
        guard workers >= 1 else { throw ValidationError("--workers must be at least 1.") }
    }

    func run() async throws {
        try await reportingFailures {
            let configuration = try ConfigurationFile.read(config, profile: profile)
            let engine = Engine(settings: configuration.settings, workers: workers)
            if let load { try Snapshots.check(load) { try engine.restore(try Files.read(load)) } }
            var options = Replay.Options()
            options.since = try since.map(Times.parse)
            options.until = try until.map(Times.parse)
            options.merge = merge
            options.drain = drain
            options.protobuf = signal.signal
            if let since = options.since, let until = options.until, since >= until {
                throw Failure(.usage, "--since is not before --until: nothing lies between")
            }
            let set = try StreamSet(arguments: files)
            for skipped in set.skipped { StandardError.line("kilter: passed over \(TerminalText.safe(skipped.path)): \(skipped.reason)") }
            let writer = EventWriter(instance: configuration.settings.instance, format: format, collects: expect != nil)
            let bar = ProgressBar()
            writer.makeRoom = bar.clear
            let started = ContinuousClock.now
            let replay = Replay(engine: engine, options: options, report: bar.show, emit: writer.take)
            var failure: (any Error)?
            do { try replay.run(set.files) } catch { failure = error }
            bar.clear()
            try writer.finish()
            for remark in replay.remarks where failure as? StreamError != remark {
                StandardError.line("kilter: \(TerminalText.safe(remark.message))")
            }
            try report(replay, took: ContinuousClock.now - started)
            if let failure { throw failure }
            try complain(replay.engine, set)
            if let save { try Files.write(engine.snapshot(), to: save) }
            if let expect { try writer.compare(with: expect) }
        }
    }

    private func report(_ replay: Replay, took: Duration) throws {
        guard let stats else { return }
        let seconds = Double(took.components.seconds) + Double(took.components.attoseconds) / 1e18
        let received = Double(replay.engine.receivedRecords)
        var facts = Statistics(replay.engine).facts
        facts.append(Evidence("outside_range", .integer(Int64(clamping: replay.outside))))
        facts.append(Evidence("state_hash", .string(Hex.string(replay.engine.stateHash))))
        facts.append(Evidence("workers", .integer(Int64(replay.engine.workers))))
        facts.append(Evidence("milliseconds", .integer(Int64(exactly: (seconds * 1_000).rounded()) ?? 0)))
        facts.append(Evidence("records_per_second", .integer(Int64(exactly: (received / max(seconds, 1e-9)).rounded()) ?? 0)))
        let bytes = FactsJSON.encode(facts) + [10]
        if stats == "-" { StandardError.write(String(decoding: bytes, as: UTF8.self)) } else { try Files.write(bytes, to: stats) }
    }

    /// Refused records are said; a stream without one usable record is bad data.
    private func complain(_ engine: Engine, _ set: StreamSet) throws {
        let refused = engine.quarantinedByReason
        guard !refused.isEmpty else { return }
        let words = refused.map { "\($0.count) \($0.reason.name)" }.joined(separator: ", ")
        let all = refused.reduce(0) { $0 + $1.count }
        if all == engine.receivedRecords {
            throw Failure(.badData, "\(set.files.joined(separator: ", ")): no span could be read: \(words)")
        }
        StandardError.line("kilter: \(all) of \(engine.receivedRecords) records quarantined: \(words)")
    }
}

/// Takes events as they come about and writes them as asked.
final class EventWriter {
    private let encoder: EventEncoder
    private let table: EventTable?
    private let collects: Bool
    private var output = StandardOutput()
    private var lines: [[UInt8]] = []
    private var hasHeading = false
    /// Called before anything is printed.
    var makeRoom: () -> Void {
        get { output.beforeFlush }
        set { output.beforeFlush = newValue }
    }

    init(instance: String, format: OutputFormat?, collects: Bool) {
        encoder = EventEncoder(instance: instance)
        let chosen = format ?? (StandardOutput.isTerminal ? .table : .jsonl)
        table = chosen == .table ? EventTable(inColour: StandardOutput.isTerminal) : nil
        self.collects = collects
    }

    /// Notices are live only; here their counts are in the statistics.
    func take(_ events: [Event]) throws {
        for event in events {
            if case .notice = event { continue }
            let body = encoder.body(of: event)
            if collects {
                lines.append(body)
            } else if let table {
                if !hasHeading { try output.write(table.heading.utf8) }
                hasHeading = true
                try output.write(table.line(body).utf8)
            } else {
                try output.write(body)
                try output.write(CollectionOfOne(10))
            }
        }
    }

    func finish() throws { try output.flush() }

    /// Exits with the answer no when the events are not those of the file.
    func compare(with path: String) throws {
        let text = try Files.read(path)
        var expected = text.split(separator: 10, omittingEmptySubsequences: true).map(Array.init)
        for index in expected.indices where expected[index].last == 13 { expected[index].removeLast() }
        guard expected != lines else { return }
        let at = zip(expected, lines).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? min(expected.count, lines.count)
        func show(_ list: [[UInt8]]) -> String {
            at < list.count ? String(decoding: list[at], as: UTF8.self) : "(no such event)"
        }
        try StandardOutput.write("- \(show(expected))\n+ \(show(lines))\n")
        throw Failure(
            .answerIsNo, "the events differ from \(path) at event \(at + 1): \(expected.count) were expected, \(lines.count) came")
    }
}
