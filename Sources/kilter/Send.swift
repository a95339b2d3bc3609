import ArgumentParser
import KilterEngine
import KilterIntake

struct Send: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Publish recorded streams over ZeroMQ.",
        discussion: """
            Each request of the files becomes one message of three frames: topic, sequence number, payload. Without
            --rate and --speed as fast as the engine takes them; a recording's speed is that of its arrivals.

            Example: kilter send --speed 10 Fixtures/demo/stream.jsonl
            """)

    @Argument(help: "Files, folders, patterns, or - for standard input.") var files: [String]
    @Option(help: "Where the engine takes spans (PULL).") var to = "tcp://127.0.0.1:5555"
    @Option(help: "Spans a second.") var rate: Double?
    @Option(help: "Times the recorded speed.") var speed: Double?
    @Option(help: "What protobuf files carry, which do not say it themselves: traces or logs.") var signal = SignalOption.traces
    @Flag(help: "Again and again, each time with fresh trace ids and later times (JSON streams).") var loop = false

    mutating func validate() throws {
        guard !files.isEmpty else { throw ValidationError("Name at least one file, folder or -.") }
        if let rate, !(rate > 0) { throw ValidationError("--rate must be more than 0.") }
        if let speed, !(speed > 0) { throw ValidationError("--speed must be more than 0.") }
        if rate != nil, speed != nil { throw ValidationError("--rate and --speed exclude each other.") }
        if loop, files.contains("-") { throw ValidationError("--loop cannot read standard input twice.") }
    }

    func run() async throws {
        try await reportingFailures {
            let set = try StreamSet(arguments: files)
            var options = StreamSender.Options()
            options.pace = rate.map(StreamSender.Pace.spansPerSecond) ?? speed.map(StreamSender.Pace.timesRecorded) ?? .unlimited
            options.loop = loop
            options.protobuf = signal.signal
            defer { Messaging.end() }
            let sent = try StreamSender(to: to, options: options).run(set.files)
            for remark in sent.remarks { StandardError.line("kilter: \(TerminalText.safe(remark.message))") }
            if sent.passedOver > 0 {
                StandardError.line("kilter: \(sent.passedOver) requests are neither traces nor logs, and were not sent")
            }
            StandardError.line("kilter: sent \(sent.spans) spans in \(sent.messages) messages to \(to)")
        }
    }
}
