import Hummingbird
import KilterEngine
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// One listening socket with the application behind it, until the group of services shuts down.
///
/// The first failure to listen is thrown. When the process has no file descriptor left, nothing is accepted for a second;
/// a socket that fails otherwise is opened again after one: a flood of connections must not end the engine.
struct Listening<Responder: HTTPResponder>: Sendable where Responder.Context == BasicRequestContext {
    private let application: Application<Responder>
    private let logger: Logger
    private let hasRun = Flag()

    /// - Parameter onRunning: called with the port once requests are answered.
    init(
        host: String, port: Int, letsOthersIn: Bool = false, limits: ServerLimits, connections: Connections, responder: Responder,
        logger: Logger, expired: @escaping @Sendable () -> Void = {}, onRunning: @escaping @Sendable (Int) -> Void
    ) throws(ConsoleError) {
        if !letsOthersIn { try HTTPAddress.check(host: host) }
        var quiet = logger
        quiet.logLevel = .critical
        self.logger = logger
        let hasRun = hasRun
        let around = RequestWatch.Surroundings(limits: limits, connections: connections, logger: logger, expired: expired)
        application = Application(
            responder: responder, server: ServerLimits.server(around),
            configuration: limits.configuration(host: host, port: port),
            onServerRunning: { channel in
                await Self.backOff(channel, connections, logger)
                if hasRun.set() { onRunning(channel.localAddress?.port ?? port) }
            },
            logger: quiet)
    }

    private static func backOff(_ channel: any Channel, _ connections: Connections, _ logger: Logger) async {
        let added = channel.eventLoop.submit {
            let pause = AcceptPause { connections.report(unaccepted: "\($0)", logger) }
            try channel.pipeline.syncOperations.addHandler(pause, position: .first)
        }
        try? await added.get()
    }

    func run() async throws {
        while !Task.isShuttingDownGracefully && !Task.isCancelled {
            do {
                try await application.run()
            } catch {
                if !hasRun.isSet { throw error }
                logger.warning("HTTP stopped listening and begins again: \(error)")
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
        }
    }
}

/// Set once, by whoever comes first.
private final class Flag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }

    /// Whether it was not set before.
    func set() -> Bool { value.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged }
}
