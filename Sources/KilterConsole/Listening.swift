import Hummingbird
import KilterEngine
import Logging
import ServiceLifecycle
import Synchronization

/// One listening socket with the application behind it, until the group of services shuts down.
///
/// The first failure to listen is thrown. A socket that fails later, because the process has no descriptor left, is
/// opened again after a second: a flood of connections must not end the engine.
struct Listening<Responder: HTTPResponder>: Sendable where Responder.Context == BasicRequestContext {
    private let application: Application<Responder>
    private let logger: Logger
    private let hasRun = Flag()

    /// - Parameter onRunning: called with the port once requests are answered.
    init(
        host: String, port: Int, limits: ServerLimits, responder: Responder, logger: Logger,
        expired: @escaping @Sendable () -> Void = {}, onRunning: @escaping @Sendable (Int) -> Void
    ) throws(ConsoleError) {
        guard LoopbackHosts.names.contains(host) else { throw .notLoopback(host: host) }
        var quiet = logger
        quiet.logLevel = .critical
        self.logger = logger
        let hasRun = hasRun
        application = Application(
            responder: responder, server: limits.server(expired: expired),
            configuration: limits.configuration(host: host, port: port),
            onServerRunning: { channel in
                if hasRun.set() { onRunning(channel.localAddress?.port ?? port) }
            },
            logger: quiet)
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

public enum ConsoleError: Error, CustomStringConvertible {
    case notLoopback(host: String)

    public var description: String {
        switch self {
        case .notLoopback(let host):
            "\(host): other machines could reach the HTTP address and nothing would authenticate them; use 127.0.0.1"
        }
    }
}
