import ArgumentParser
import Foundation
import KilterConsole
import KilterEngine
import KilterWire
import Logging
import ServiceLifecycle

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the engine: spans in over ZeroMQ, alerts and breaker trips out.",
        discussion: """
            Every default works without a file. An address is bound; connect:ADDRESS connects instead; off leaves it out.
            Addresses that other machines can reach are refused, because nothing authenticates a peer yet.

            Example: kilter serve --pull tcp://127.0.0.1:5555 --publish tcp://127.0.0.1:5558
            """)

    @Option(help: "Configuration file.") var config: String?
    @Option(help: "Where pipelines PUSH spans to.") var pull = "tcp://127.0.0.1:5555"
    @Option(help: "Where publishers PUB spans to.") var sub = "tcp://127.0.0.1:5556"
    @Option(help: "Acknowledged spans; without a journal answered with nack 0.") var acked = "tcp://127.0.0.1:5557"
    @Option(help: "Where alerts and breaker events are published.") var publish = "tcp://127.0.0.1:5558"
    @Option(help: "Where missed events and breaker state are asked for.") var catchup = "tcp://127.0.0.1:5559"
    @Option(help: "HTTP address for /healthz, /readyz and /metrics.") var http = "127.0.0.1:5560"
    @Option(help: "Where SDKs and Collectors POST OTLP; a notice, not an end, when the port is taken.") var otlpHttp = "127.0.0.1:4318"
    @Option(help: "Folder for durable state; accepted, nothing is kept there in this build.") var data = "./kilter-data"
    @Flag(help: "Run without a journal; there is none in this build.") var noJournal = false
    @Option(help: "Start with the state that replay --save wrote.") var load: String?
    @Option(help: "Threads that decode and judge.") var workers = 1
    @Option(help: "Memory for the state of turns and runs, such as 256M or 2G.") var memory: String?
    @Flag(name: .customLong("i-accept-unauthenticated"), help: "Bind addresses that other machines can reach, without authentication.")
    var acceptUnauthenticated = false
    @Option(help: "text or json: how the engine speaks on standard error.") var logFormat = Logs.Format.text
    @Option(help: "debug, info, notice, warning or error: the least that is said.") var logLevel = Logs.Level.info

    mutating func validate() throws {
        guard workers >= 1 else { throw ValidationError("--workers must be at least 1.") }
    }

    func run() async throws {
        try await reportingFailures {
            let configuration = try ConfigurationFile.read(config, profile: nil)
            defer { Messaging.end() }
            let options = try options()
            let logger = Logs(format: logFormat, level: logLevel).logger()
            let signals = Signals(logger)
            defer { signals.end() }
            let descriptors = DescriptorLimit.raised()
            let live = try Snapshots.check(load) { try LiveEngine(settings: configuration.settings, options: options) }
            do {
                let services = try services(live, configuration, descriptors, logger)
                var quiet = logger
                quiet.logLevel = .critical
                try await ServiceGroup(
                    services: services,
                    gracefulShutdownSignals: StandardError.isTerminal ? [.sigterm, .sigint, .sighup] : [.sigterm, .sigint],
                    logger: quiet
                ).run()
            } catch {
                live.stop()
                throw explained(error)
            }
            if let failure = live.status.failure { throw Failure(.inputOutput, failure) }
            let records = live.status.received
            logger.info("stopped after \(records) records", metadata: ["records": .stringConvertible(records)])
        }
    }

    /// The engine first, so that it ends last: what the doors took must still be judged.
    private func services(
        _ live: LiveEngine, _ configuration: Configuration, _ descriptors: DescriptorLimit?, _ logger: Logger
    ) throws -> [any Service] {
        let counters = OTLPCounters()
        let limits = limits(descriptors, logger)
        var services: [any Service] = [LiveService(engine: live, logger: logger)]
        if let address = try address(http, "--http") {
            let serve = self
            services.append(
                try Console(
                    host: address.host, port: address.port, engine: live, counters: counters, version: Kilter.version,
                    limits: limits.console,
                    logger: logger
                ) { _ in serve.announce(live, configuration, logger) })
        } else {
            announce(live, configuration, logger)
        }
        if let address = try address(otlpHttp, "--otlp-http", letsOthersIn: acceptUnauthenticated) {
            services.append(
                try OTLPDoor(
                    host: address.host, port: address.port, letsOthersIn: address.isReachable, engine: live, counters: counters,
                    limits: limits.otlp, logger: logger
                ) { port in
                    let url = "http://\(address.host):\(port)"
                    logger.info("OTLP/HTTP is answered on \(url)/v1/traces and /v1/logs", metadata: ["otlp_http": "\(url)"])
                })
        }
        return services
    }

    private func options() throws -> LiveEngine.Options {
        var options = LiveEngine.Options()
        for (grade, address) in [(IngressEndpoint.Grade.pull, pull), (.sub, sub), (.acked, acked)] where address != "off" {
            options.ingress.append(IngressEndpoint(grade, address))
        }
        guard !options.ingress.isEmpty else { throw Failure(.usage, "no endpoint left for spans: --pull, --sub and --acked are all off") }
        options.publish = publish == "off" ? nil : publish
        options.catchUp = catchup == "off" ? nil : catchup
        options.workers = workers
        options.allowUnauthenticated = acceptUnauthenticated
        if let memory { options.memory = StateMemory(bytes: try Sizes.parse(memory)) }
        if let load { options.snapshot = try Files.read(load) }
        return options
    }

    /// What the system's limit on open files leaves for connections; where that is less than usual, it is said.
    private func limits(_ descriptors: DescriptorLimit?, _ logger: Logger) -> (console: ServerLimits, otlp: ServerLimits) {
        guard let descriptors else { return (.console, .otlp) }
        let limits = ServerLimits.fitting(descriptorsFree: descriptors.descriptorsFree)
        let (most, before) = (descriptors.descriptorsMax, descriptors.descriptorsBefore)
        if most != before { logger.info("the limit on open files was raised from \(before) to \(most)") }
        let isLess = limits.otlp.connectionsMax < ServerLimits.otlp.connectionsMax
        if isLess || limits.console.connectionsMax < ServerLimits.console.connectionsMax {
            logger.notice(
                """
                \(most) files may be open, which leaves \(limits.otlp.connectionsMax) connections for OTLP/HTTP and \
                \(limits.console.connectionsMax) for the console; raise the limit (ulimit -n, LimitNOFILE=) for more
                """, metadata: ["open_files_max": .stringConvertible(most)])
        }
        return limits
    }

    /// Host and port of an HTTP option; nil when it is off.
    private func address(_ text: String, _ option: String, letsOthersIn: Bool = false) throws -> HTTPAddress? {
        text == "off" ? nil : try Addresses.http(text, option, letsOthersIn: letsOthersIn)
    }

    /// Errors of the HTTP server come as the library words them; the usual one is a port that is taken.
    private func explained(_ error: any Error) -> any Error {
        if error is Failure || error is WireError || error is ConsoleError { return error }
        let text = "\(error)"
        if text.contains("Address already in use") || text.contains("errno: 98") || text.contains("errno: 48") {
            return Failure(.unavailable, "\(http): address already in use; stop the other process or choose another port with --http")
        }
        return Failure(.unavailable, "\(http): \(text)")
    }

    private func announce(_ live: LiveEngine, _ configuration: Configuration, _ logger: Logger) {
        for note in configuration.withoutEffect {
            logger.notice(
                "\(config ?? "configuration"):\(note.line): \(note.path) is accepted, without effect in this build",
                metadata: ["line": .stringConvertible(note.line), "path": "\(note.path)"])
        }
        let sockets = live.ingressAddresses
        logger.info(
            "version \(Kilter.version) takes spans on \(sockets.joined(separator: ", "))",
            metadata: ["version": "\(Kilter.version)", "ingress": .array(sockets.map { "\($0)" })])
        if let events = live.publishAddress {
            logger.info("events are published on \(events)", metadata: ["publish": "\(events)"])
        }
        if let catchUp = live.catchUpAddress {
            logger.info("missed events are answered on \(catchUp)", metadata: ["catchup": "\(catchUp)"])
        }
        if http != "off" {
            logger.info(
                "health and metrics are answered on http://\(http)/healthz, /readyz and /metrics", metadata: ["http": "http://\(http)"])
        }
        let mode = configuration.settings.breakers.first?.mode.rawValue ?? "no"
        logger.info("nothing is kept on disk in this build; breakers run in \(mode) mode", metadata: ["mode": "\(mode)"])
        if isatty(STDERR_FILENO) == 1 { Task { await consultDoctor(live) } }
    }

    /// On a terminal the doctor speaks first: at once, and again when the first spans show what is missing in them.
    private func consultDoctor(_ live: LiveEngine) async {
        guard let first = await live.diagnosis() else { return }
        StandardError.write(DoctorText(inColour: true).render(first))
        var before = first.received
        while let diagnosis = await live.diagnosis() {
            // Worth reading once the first burst is over, or long.
            if diagnosis.received > first.received, diagnosis.received == before || diagnosis.received >= Self.recordsDiagnosed {
                StandardError.write("\n" + DoctorText(inColour: true).render(diagnosis) + "kilter doctor shows this again.\n\n")
                return
            }
            before = diagnosis.received
            do { try await Task.sleep(for: .seconds(2)) } catch { return }
        }
    }

    private static let recordsDiagnosed: UInt64 = 1_000
}

/// The live engine as a service: runs until the group shuts down or the engine fails.
private struct LiveService: Service {
    let engine: LiveEngine
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var notices = NoticeLog()
            while !Task.isCancelled, engine.status.failure == nil {
                try? await Task.sleep(for: .milliseconds(200))
                notices.take(engine.metrics, logger)
            }
        }
        engine.stop()
        if let failure = engine.status.failure { throw Failure(.inputOutput, failure) }
    }
}

/// Sizes on the command line.
enum Sizes {
    /// A number of bytes with an optional K, M or G (powers of 1,024).
    static func parse(_ text: String) throws -> Int {
        let units: [Character: Int] = ["K": 1 << 10, "M": 1 << 20, "G": 1 << 30]
        let unit = text.last.flatMap { last in units.first { String($0.key) == String(last).uppercased() }?.value }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard let number = Int(digits), number > 0, case let (bytes, overflow) = number.multipliedReportingOverflow(by: unit ?? 1),
            !overflow, bytes >= 1 << 20
        else { throw Failure(.usage, "\(text): not a size; write at least 1M, such as 256M or 2G") }
        return bytes
    }
}
