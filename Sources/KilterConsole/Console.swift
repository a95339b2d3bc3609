import Hummingbird
import KilterEngine
import Logging
import ServiceLifecycle

/// The HTTP door of a live engine: whether it lives (`/healthz`) and whether it takes spans (`/readyz`).
///
/// Loopback only: nothing authenticates a caller yet. Requests whose `Host` is neither a loopback address nor
/// `localhost` are refused with 421, so that a web page cannot reach the engine through a rebound name.
public struct Console: Service {
    private let application: Application<RouterResponder<BasicRequestContext>>

    /// - Parameters:
    ///   - host: a loopback address; `port` 0 lets the system choose.
    ///   - engine: the engine that answers.
    ///   - onRunning: called once requests are answered.
    public init(
        host: String, port: Int, engine: LiveEngine, logger: Logger, onRunning: @escaping @Sendable () -> Void
    ) throws(ConsoleError) {
        guard ["127.0.0.1", "localhost", "::1"].contains(host) else { throw .notLoopback(host: host) }
        let router = Router()
        router.add(middleware: LoopbackHosts())
        router.get("healthz") { _, _ in
            engine.status.failure == nil
                ? Self.answer(.ok, "ok\n") : Self.answer(.serviceUnavailable, "failed: \(engine.status.failure ?? "")\n")
        }
        router.get("readyz") { _, _ in
            engine.status.isReady ? Self.answer(.ok, "ready\n") : Self.answer(.serviceUnavailable, "not ready\n")
        }
        var quiet = logger
        quiet.logLevel = .error
        application = Application(
            router: router, configuration: .init(address: .hostname(host, port: port), serverName: "kilter"),
            onServerRunning: { _ in onRunning() }, logger: quiet)
    }

    public func run() async throws { try await application.run() }

    private static func answer(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
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

/// Refuses requests that were addressed to another name than this machine's own.
private struct LoopbackHosts: RouterMiddleware {
    typealias Context = BasicRequestContext

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let authority = request.head.authority ?? ""
        let host =
            authority.hasPrefix("[")
            ? String(authority.prefix { $0 != "]" }.dropFirst()) : String(authority.prefix { $0 != ":" })
        guard ["127.0.0.1", "localhost", "::1"].contains(host.lowercased()) else {
            throw HTTPError(.misdirectedRequest, message: "this engine answers to 127.0.0.1 and localhost only")
        }
        return try await next(request, context)
    }
}
