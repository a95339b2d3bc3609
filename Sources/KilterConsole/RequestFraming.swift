import Hummingbird
import NIOCore
import NIOHTTP1

/// Why a request is answered before anything is made of it; the connection ends with the answer.
struct HeaderRefusal: Error, Equatable {
    let status: HTTPResponse.Status
    let sentence: String
}

/// What RFC 9112 asks of the header of a request, and of the connection after its answer.
///
/// Stands directly behind the decoder, where the version, all `Host` fields and the target as sent are still known. A
/// request in absolute form goes by the name in its target (section 3.2.2); after a request that closes, or one of
/// HTTP/1.0, nothing more is read and the answer says so (section 9.3).
final class RequestFraming: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let fieldsMax: Int
    private var unanswered = 0
    /// The request that is being read, or was read, is the last one.
    private var closes = false
    private var isOver = false

    /// - Parameter fieldsMax: header fields that one request may have.
    init(fieldsMax: Int) { self.fieldsMax = fieldsMax }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        switch unwrapInboundIn(data) {
        case .head(var head):
            if let refusal = Self.refusal(of: head, fieldsMax: fieldsMax) {
                isOver = true
                return context.fireErrorCaught(refusal)
            }
            Self.useTarget(&head)
            unanswered += 1
            if Self.closes(head) {
                closes = true
                // The one spelling that the server behind this one looks for.
                head.headers.replaceOrAdd(name: "Connection", value: "close")
            }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body: context.fireChannelRead(data)
        case .end:
            isOver = closes
            context.fireChannelRead(data)
        }
    }

    /// What comes after the last request is none.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !(isOver && error is HTTPParserError) { context.fireErrorCaught(error) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where closes && unanswered == 1 && head.status.code >= 200:
            head.headers.replaceOrAdd(name: "Connection", value: "close")
            return context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end: unanswered -= 1
        default: break
        }
        context.write(data, promise: promise)
    }

    private static func refusal(of head: HTTPRequestHead, fieldsMax: Int) -> HeaderRefusal? {
        if head.headers.count > fieldsMax {
            return HeaderRefusal(
                status: .requestHeaderFieldsTooLarge, sentence: "The header has more than \(fieldsMax) fields; send fewer.")
        }
        let hosts = head.headers["Host"].count
        if hosts > 1 { return HeaderRefusal(status: .badRequest, sentence: "The header has more than one Host field.") }
        if hosts == 0, head.version != .http1_0 {
            return HeaderRefusal(status: .badRequest, sentence: "The header has no Host field, which HTTP/1.1 demands.")
        }
        let codings = head.headers["Transfer-Encoding"]
        if codings.isEmpty { return nil }
        if head.version == .http1_0 {
            return HeaderRefusal(status: .badRequest, sentence: "HTTP/1.0 has no Transfer-Encoding.")
        }
        let isChunked = codings.count == 1 && codings[0].lowercased().filter { $0 != " " && $0 != "\t" } == "chunked"
        return isChunked
            ? nil : HeaderRefusal(status: .notImplemented, sentence: "The only Transfer-Encoding that is understood is chunked.")
    }

    /// Whether the connection ends with the answer. The keep-alive that some clients of HTTP/1.0 ask for is not granted.
    private static func closes(_ head: HTTPRequestHead) -> Bool {
        head.version == .http1_0 || head.headers[canonicalForm: "Connection"].contains { $0.lowercased() == "close" }
    }

    /// Makes `http://name/path` what it means: `/path`, addressed to `name`, whatever `Host` says.
    private static func useTarget(_ head: inout HTTPRequestHead) {
        guard !head.uri.hasPrefix("/"), let colon = head.uri.firstIndex(of: ":"), head.uri[colon...].hasPrefix("://") else { return }
        let rest = head.uri[head.uri.index(colon, offsetBy: 3)...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        let path = rest[authority.endIndex...]
        head.headers.replaceOrAdd(name: "Host", value: String(authority))
        head.uri = path.hasPrefix("/") ? String(path) : "/" + path
    }
}
