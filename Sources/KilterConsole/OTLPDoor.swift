import Hummingbird
import KilterEngine
import KilterIntake
import KilterVocabulary
import Logging
import ServiceLifecycle

/// OTLP/HTTP for SDKs and Collectors as they are: `POST /v1/traces` and `/v1/logs`, protobuf and JSON, gzip and zstd.
///
/// A 200 comes after the engine has taken the request for good; a request without an answer may be sent again, because
/// the engine recognises its spans. Loopback only. A port that is taken is a notice and not the end of the engine.
public struct OTLPDoor: Service {
    private let listening: Listening<CallbackResponder<BasicRequestContext>>
    private let logger: Logger
    private let address: String

    /// - Parameters:
    ///   - host: a loopback address; `port` 0 lets the system choose.
    ///   - onRunning: called with the port once requests are answered.
    public init(
        host: String, port: Int, letsOthersIn: Bool = false, engine: LiveEngine, counters: OTLPCounters, limits: ServerLimits = .otlp,
        logger: Logger, onRunning: @escaping @Sendable (Int) -> Void
    ) throws(ConsoleError) {
        try self.init(
            host: host, port: port, letsOthersIn: letsOthersIn, counters: counters, limits: limits, logger: logger, onRunning: onRunning
        ) {
            await engine.submit($0)
        }
    }

    package init(
        host: String, port: Int, letsOthersIn: Bool = false, counters: OTLPCounters, limits: ServerLimits = .otlp, logger: Logger,
        onRunning: @escaping @Sendable (Int) -> Void,
        submit: @escaping @Sendable (SubmittedRequest) async -> SubmitOutcome
    ) throws(ConsoleError) {
        let desk = OTLPDesk(limits: limits, counters: counters, answersAnyName: letsOthersIn, submit: submit)
        self.logger = logger
        address = "\(host):\(port)"
        listening = try Listening(
            host: host, port: port, letsOthersIn: letsOthersIn, limits: limits, connections: counters.otlpConnections,
            responder: CallbackResponder { request, _ in try await desk.answer(request) },
            logger: logger, expired: { counters.note(nil, status: HTTPResponse.Status.requestTimeout.code) }, onRunning: onRunning)
    }

    public func run() async throws {
        do {
            try await listening.run()
        } catch {
            let text = "\(error)"
            let reason = text.contains("errno: 98") || text.contains("errno: 48") ? "the address is already in use" : text
            logger.notice(
                "OTLP/HTTP is not answered on \(address): \(reason); choose another address with --otlp-http, or off",
                metadata: ["address": "\(address)"])
            try? await gracefulShutdown()
        }
    }
}

/// Answers one request.
struct OTLPDesk: Sendable {
    let limits: ServerLimits
    let counters: OTLPCounters
    /// Requests may be addressed to any name: the address is one that other machines reach by names of theirs.
    var answersAnyName = false
    let submit: @Sendable (SubmittedRequest) async -> SubmitOutcome

    func answer(_ request: Request) async throws -> Response {
        let signal = OTLPRequestHead.knownSignal(request.head.path ?? "")
        let response: Response
        do {
            response = try await take(request)
        } catch let refusal as OTLPRefusal {
            response = Self.response(to: refusal)
        } catch {
            // The connection broke or broke the rules of HTTP; the server ends it.
            counters.note(signal, status: HTTPResponse.Status.badRequest.code)
            throw error
        }
        counters.note(signal, status: response.status.code)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func take(_ request: Request) async throws -> Response {
        let head = try OTLPRequestHead(request.head, bytesMax: limits.bodyBytesMax, answersAnyName: answersAnyName)
        do {
            var body = HeldBody(limits, counters)
            defer { body.release() }
            try await body.collect(request)
            // An empty request is a whole one, without records.
            if body.bytes.isEmpty { return Self.success(head) }
            let outcome = await submit(
                SubmittedRequest(signal: head.signal, encoding: head.encoding, body: body.bytes, compression: head.compression))
            return try Self.response(to: outcome, head)
        } catch let refusal as OTLPRefusal {
            throw refusal.with(head.encoding)
        }
    }

    static func response(to outcome: SubmitOutcome, _ head: OTLPRequestHead) throws(OTLPRefusal) -> Response {
        switch outcome {
        case .admitted(_, let rejected, let reason): return success(head, rejected: rejected, message: reason)
        case .malformed(let reason): throw .malformed(reason)
        case .tooLarge: throw .tooLarge(bytesMax: Limits.inflatedBytesMax, inflated: true)
        case .busy: throw .busy("The engine has more to do than it can hold")
        case .stopping: throw .busy("The engine is ending")
        }
    }

    private static func success(_ head: OTLPRequestHead, rejected: UInt64 = 0, message: String? = nil) -> Response {
        body(.ok, head.encoding, OTLPResponse.success(head.signal, head.encoding, rejected: rejected, message: message))
    }

    static func response(to refusal: OTLPRefusal) -> Response {
        guard let encoding = refusal.encoding else { return .sentence(refusal.status, refusal.message, refusal.headers) }
        var response = body(
            refusal.status, encoding, OTLPResponse.status(encoding, code: refusal.code, message: refusal.message))
        for field in refusal.headers { response.headers[field.name] = field.value }
        return response
    }

    private static func body(_ status: HTTPResponse.Status, _ encoding: PayloadEncoding, _ bytes: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: OTLPResponse.contentType(encoding)],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}

/// The body of one request in memory, counted against what all of them may take.
private struct HeldBody {
    private(set) var bytes: [UInt8] = []
    private let limits: ServerLimits
    private let counters: OTLPCounters
    private var held = 0

    init(_ limits: ServerLimits, _ counters: OTLPCounters) {
        self.limits = limits
        self.counters = counters
    }

    /// Reads the whole body. What was declared is not reserved before it comes, so that a promise costs nothing.
    mutating func collect(_ request: Request) async throws {
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= limits.bodyBytesMax else {
                throw OTLPRefusal.tooLarge(bytesMax: limits.bodyBytesMax, inflated: false)
            }
            guard counters.hold(bytes: part.readableBytes, of: limits.bytesInFlightMax) else {
                throw OTLPRefusal.busy("The bodies of other requests take all the memory there is for them")
            }
            held += part.readableBytes
            bytes.append(contentsOf: part.readableBytesView)
        }
        if let declared = request.headers[.contentLength], Int(declared) != bytes.count { throw OTLPRefusal.cut }
    }

    mutating func release() {
        counters.release(bytes: held)
        held = 0
    }
}
