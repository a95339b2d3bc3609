import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Watches one connection: gives up requests whose rest does not come, answers what is no HTTP with a sentence, and
/// invites a client that asks first (`Expect: 100-continue`) to send its body.
///
/// Stands behind the decoder and sees parts of requests; a second handler in front of the decoder tells of bytes that
/// make no part yet. Both run on the event loop of their connection.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What of a request is being read.
    private enum Phase { case nothing, header, body }

    private let limits: ServerLimits
    private let expired: @Sendable () -> Void
    private var phase = Phase.nothing
    /// Requests that have begun to arrive as parts and are not answered.
    private var unanswered = 0
    private var deadline: Scheduled<Void>?

    init(_ limits: ServerLimits, expired: @escaping @Sendable () -> Void) {
        self.limits = limits
        self.expired = expired
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bytes = RequestBytes { [weak self] in
            guard let self, self.phase == .nothing else { return }
            self.enter(.header, context)
        }
        try? context.pipeline.syncOperations.addHandler(bytes, position: .first)
    }

    func handlerRemoved(context: ChannelHandlerContext) { enter(.nothing, context) }

    func channelInactive(context: ChannelHandlerContext) {
        enter(.nothing, context)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered += 1
            enter(.body, context)
            if invites(head) {
                context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
            }
        case .body: break
        case .end: enter(.nothing, context)
        }
        context.fireChannelRead(data)
    }

    /// Whether the client waits for a word before it sends the body, and may send it.
    private func invites(_ head: HTTPRequest) -> Bool {
        guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return false }
        guard let declared = head.headerFields[.contentLength] else { return true }
        return (Int(declared) ?? .max) <= limits.bodyBytesMax
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { unanswered -= 1 }
        context.write(data, promise: promise)
    }

    /// Bytes that are no HTTP. In the middle of a body the one who reads it must learn of it; else the answer is ours.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard phase != .body, unanswered == 0 else { return context.fireErrorCaught(error) }
        if (error as? HTTPParserError) == .headerOverflow {
            refuse(
                HTTPResponse.Status.requestHeaderFieldsTooLarge,
                "The header has more than \(limits.headerBytesMax) bytes; send a shorter one.", context)
        } else {
            refuse(.badRequest, "This is no HTTP/1.1 request.", context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, phase == .body { arm(limits.endMilliseconds, context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func enter(_ phase: Phase, _ context: ChannelHandlerContext) {
        self.phase = phase
        if phase == .nothing {
            deadline?.cancel()
            deadline = nil
        } else {
            arm(limits.readMilliseconds, context)
        }
    }

    private func arm(_ milliseconds: Int64, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) { [weak self] in
            self?.expire(milliseconds, context)
        }
    }

    private func expire(_ milliseconds: Int64, _ context: ChannelHandlerContext) {
        let own = phase == .body ? 1 : 0
        if unanswered > own {
            // The one before is still being worked on, so this one was not read for that reason.
            arm(milliseconds, context)
        } else if unanswered < own {
            // Answered before its end, as a body that is too large is.
            context.close(promise: nil)
        } else {
            expired()
            refuse(.requestTimeout, "The rest of the request did not come in time.", context)
        }
    }

    /// Answers and closes.
    private func refuse(_ status: HTTPResponse.Status, _ sentence: String, _ context: ChannelHandlerContext) {
        enter(.nothing, context)
        let head = HTTPResponse(
            status: status,
            headerFields: [
                .contentType: "text/plain; charset=utf-8", .contentLength: "\(sentence.utf8.count + 1)", .connection: "close",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: sentence + "\n"))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(promise: nil)
    }
}

/// Tells of every byte that arrives, before anything is made of it.
private final class RequestBytes: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let arrived: () -> Void

    init(_ arrived: @escaping () -> Void) { self.arrived = arrived }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        arrived()
        context.fireChannelRead(data)
    }
}
