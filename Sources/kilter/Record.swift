import ArgumentParser
import Foundation
import KilterEngine
import KilterVocabulary
import KilterWire

struct Record: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Subscribe and write a recording.",
        discussion: """
            Takes the place of an engine: on the same addresses as serve, so that pipelines need no change, it writes what
            they publish to FILE as it came, compressed or not, with the time of each arrival. Replay it with
            kilter replay FILE. Beside a running engine, which holds those addresses, connect to publishers that bind:
            --pull off --sub connect:ADDRESS.

            Each message is in the file a tenth of a second later, so a recording that is killed is whole up to there. A
            recording holds content as it came; only its owner can read it. Interrupted, it ends with status 0.

            Example: kilter record --for 10m morning.klt
            """)

    @Argument(help: "The recording to write, or - for standard output.") var file: String
    @Option(help: "Where pipelines PUSH spans to; connect:ADDRESS connects, off leaves it out. May be repeated.")
    var pull: [String] = []
    @Option(help: "Where publishers PUB spans to; connect:ADDRESS connects, off leaves it out. May be repeated.")
    var sub: [String] = []
    @Option(name: .customLong("for"), help: "End after this time, such as 90s, 10m or 1h.") var period: String?
    @Option(help: "End once the file has this size, such as 512M or 2G.") var maxBytes: String?
    @Flag(help: "Replace the file if it exists.") var force = false
    @Flag(name: .customLong("i-accept-unauthenticated"), help: "Bind addresses that other machines can reach, without authentication.")
    var acceptUnauthenticated = false

    func run() async throws {
        try await reportingFailures {
            let options = try self.options()
            defer { Messaging.end() }
            let recorder = try start(options)
            let sources = endOnSignals(recorder)
            defer { for source in sources { source.cancel() } }
            StandardError.line("kilter: recording \(recorder.addresses.joined(separator: ", ")) to \(TerminalText.safe(file))")
            let meter = RecordingMeter()
            let progress = try recorder.run(report: meter.show)
            meter.clear()
            StandardError.line("kilter: recorded \(RecordingMeter.words(progress))")
        }
    }

    private func options() throws -> Recorder.Options {
        var options = Recorder.Options()
        for (grade, given, usual) in [
            (IngressEndpoint.Grade.pull, pull, "tcp://127.0.0.1:5555"), (.sub, sub, "tcp://127.0.0.1:5556"),
        ] {
            for address in given.isEmpty ? [usual] : given where address != "off" {
                options.ingress.append(IngressEndpoint(grade, address))
            }
        }
        guard !options.ingress.isEmpty else { throw Failure(.usage, "nothing left to record: --pull and --sub are both off") }
        options.period = try period.map(Times.period)
        options.bytesMax = try maxBytes.map { UInt64(try Sizes.parse($0)) }
        options.replacesExisting = force
        options.creator = "kilter \(Kilter.version)"
        options.allowUnauthenticated = acceptUnauthenticated
        return options
    }

    private func start(_ options: Recorder.Options) throws -> Recorder {
        do {
            return try Recorder(to: file, options: options)
        } catch let error as WireError {
            guard case .addressInUse = error else { throw error }
            throw Failure(
                .unavailable,
                "\(error.description); if an engine runs there, stop it, choose other addresses with --pull and --sub, "
                    + "or connect to publishers: --pull off --sub connect:ADDRESS")
        }
    }

    private func endOnSignals(_ recorder: Recorder) -> [any DispatchSourceSignal] {
        // A reader of - that goes away is for the next write to notice.
        signal(SIGPIPE, SIG_IGN)
        return [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { recorder.stop() }
            source.resume()
            return source
        }
    }
}

/// A line on standard error that shows how far a recording has come; silent when that is not a terminal.
private final class RecordingMeter {
    private let isShown = StandardError.isTerminal
    private var last: UInt64?
    private static let every: UInt64 = 200_000_000

    func show(_ progress: Recorder.Progress) {
        guard isShown, progress.elapsed.count >= (last ?? 0) + (last == nil ? 0 : Self.every) else { return }
        last = progress.elapsed.count
        StandardError.write("\r\u{1b}[K\(Self.words(progress))")
    }

    func clear() {
        if isShown, last != nil { StandardError.write("\r\u{1b}[K") }
    }

    static func words(_ progress: Recorder.Progress) -> String {
        var words = "\(progress.messages) messages in \(progress.elapsed.count / 1_000_000_000) s, \(progress.bytes) bytes"
        if progress.missing > 0 { words += ", \(progress.missing) missing" }
        if progress.refused > 0 { words += ", \(progress.refused) refused for their frames" }
        return words
    }
}
