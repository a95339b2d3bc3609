import ArgumentParser
import Foundation
import KilterOutlet
import KilterWire

struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Subscribe to an engine's events, fill gaps, print them.",
        discussion: """
            Events that were missed are fetched through the catch-up socket, so each is printed once and in order. What
            cannot be fetched any more, and an engine that falls silent, is said on standard error.

            Example: kilter watch --from oldest --format jsonl
            """)

    enum Start: String, ExpressibleByArgument, CaseIterable { case newest, oldest }

    @Option(help: "Where the engine publishes events.") var publish = "tcp://127.0.0.1:5558"
    @Option(help: "Where the engine answers for missed events; off goes without.") var catchup = "tcp://127.0.0.1:5559"
    @Option(help: "jsonl or table; table on a terminal, jsonl otherwise.") var format: OutputFormat?
    @Option(help: "Begin with what comes now (newest) or with the oldest event kept (oldest).") var from = Start.newest
    @Option(help: "Run this shell command for each event, the event's JSON on its standard input.") var exec: String?
    @Option(help: "End after this many events.") var limit: Int?

    mutating func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit must be at least 1.") }
    }

    func run() async throws {
        try await reportingFailures {
            endOnSignals()
            var options = Subscription.Options()
            options.start = from == .oldest ? .oldest : .newest
            options.withState = from == .newest && catchup != "off"
            var subscription = try Subscription(
                context: try Context.ofProcess(), publishEndpoint: publish,
                catchUpEndpoint: catchup == "off" ? nil : catchup, options: options)
            var printer = EventPrinter(format: format, command: exec)
            var left = limit ?? .max
            while left > 0 {
                guard let item = try subscription.next(milliseconds: 500) else { continue }
                if try printer.take(item) { left -= 1 }
            }
        }
    }

    /// An interrupted watch has done its job: status 0.
    private func endOnSignals() {
        for number in [SIGINT, SIGTERM] { signal(number) { _ in _exit(0) } }
    }
}

/// Prints what a subscription delivers.
private struct EventPrinter {
    private let table: EventTable?
    private let command: String?
    private var output = StandardOutput()
    private var hasHeading = false

    init(format: OutputFormat?, command: String?) {
        let chosen = format ?? (StandardOutput.isTerminal ? .table : .jsonl)
        table = chosen == .table ? EventTable(inColour: StandardOutput.isTerminal) : nil
        self.command = command
    }

    /// True when the item was an event.
    mutating func take(_ item: Subscription.Item) throws -> Bool {
        switch item {
        case .event(_, _, _, let body), .provisional(let body):
            try show(body)
            return true
        case .breaker(_, let body):
            try show(body)
            return false
        case .connected(let logID, _):
            StandardError.line("kilter: connected to log \(logID)")
        case .silent:
            StandardError.line("kilter: the engine has been silent for two seconds")
        case .gone(let stream, let first, let last):
            StandardError.line("kilter: \(stream.rawValue) events \(first) to \(last) can no longer be fetched")
        case .refused(let reason):
            StandardError.line("kilter: the catch-up socket refused: \(TerminalText.safe(reason))")
        case .stateComplete:
            break
        }
        return false
    }

    private mutating func show(_ body: [UInt8]) throws {
        if let table {
            if !hasHeading { try output.write(table.heading.utf8) }
            hasHeading = true
            try output.write(table.line(body).utf8)
        } else {
            try output.write(body)
            try output.write(CollectionOfOne(10))
        }
        try output.flush()
        try run(body)
    }

    private func run(_ body: [UInt8]) throws {
        guard let command else { return }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        let pipe = Pipe()
        process.standardInput = pipe
        do {
            try process.run()
            // A command that does not read its input must not end the watch.
            signal(SIGPIPE, SIG_IGN)
            try? pipe.fileHandleForWriting.write(contentsOf: Data(body + [10]))
            try? pipe.fileHandleForWriting.close()
            process.waitUntilExit()
        } catch {
            throw Failure(.inputOutput, "the command cannot be run: \(command)")
        }
        if process.terminationStatus != 0 {
            StandardError.line("kilter: the command ended with status \(process.terminationStatus)")
        }
    }
}
