import Foundation
import Hummingbird
import KilterEngine
import Logging
import ServiceLifecycle

/// The HTTP door of a live engine: whether it lives (`/healthz`), whether it takes spans (`/readyz`), what it has counted
/// and measured (`/metrics`), and what it can and cannot see of each agent (`/v1/doctor`).
///
/// Loopback only: nothing authenticates a caller yet.
public struct Console: Service {
    private let listening: Listening<RouterResponder<BasicRequestContext>>

    /// - Parameters:
    ///   - host: a loopback address; `port` 0 lets the system choose.
    ///   - engine: the engine that answers.
    ///   - counters: of the OTLP/HTTP door, for `/metrics`.
    ///   - version: of this build.
    ///   - onRunning: called with the port once requests are answered.
    public init(
        host: String, port: Int, engine: LiveEngine, counters: OTLPCounters, version: String,
        limits: ServerLimits = .console, logger: Logger, onRunning: @escaping @Sendable (Int) -> Void
    ) throws(ConsoleError) {
        let router = Self.router(engine, counters, version: version)
        listening = try Listening(
            host: host, port: port, limits: limits, connections: counters.consoleConnections, responder: router.buildResponder(),
            logger: logger, onRunning: onRunning)
    }

    public func run() async throws { try await listening.run() }

    private static func router(_ engine: LiveEngine, _ counters: OTLPCounters, version: String) -> Router<BasicRequestContext> {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.add(middleware: LoopbackOnly())
        router.add(middleware: ReadingOnly(paths: ["healthz", "readyz", "metrics", "v1/doctor"]))
        router.get("healthz") { _, _ in
            engine.status.failure == nil
                ? Response.sentence(.ok, "ok") : .sentence(.serviceUnavailable, "failed: \(engine.status.failure ?? "")")
        }
        router.get("readyz") { _, _ in
            engine.status.isReady ? Response.sentence(.ok, "ready") : .sentence(.serviceUnavailable, "not ready")
        }
        router.get("metrics") { _, _ in
            let page = MetricsPage(
                engine: engine.metrics, isReady: engine.status.isReady, http: counters.snapshot, process: .now, version: version)
            return Response(
                status: .ok, headers: [.contentType: MetricsPage.contentType],
                body: ResponseBody(byteBuffer: ByteBuffer(string: page.text)))
        }
        router.get("v1/doctor") { _, _ in
            guard let diagnosis = await engine.diagnosis() else { return Response.sentence(.serviceUnavailable, "stopping") }
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encoder.encode(diagnosis) + [10])))
        }
        return router
    }
}

/// Refuses every method but `GET` and `HEAD` where something is answered, with 405 and the methods that are taken.
private struct ReadingOnly: RouterMiddleware {
    typealias Context = BasicRequestContext
    let paths: Set<String>

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let path = request.uri.path.split(separator: "/").joined(separator: "/")
        guard request.method == .get || request.method == .head || !paths.contains(path) else {
            return .sentence(.methodNotAllowed, "Only GET and HEAD are answered here.", [.allow: "GET, HEAD"])
        }
        return try await next(request, context)
    }
}
