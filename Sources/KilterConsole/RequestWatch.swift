import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Watches one connection: takes its place among the others, gives up requests whose rest does not come, answers what is
/// no HTTP with a sentence, and invites a client that asks first (`Expect: 100-continue`) to send its body.
///
/// Stands behind the decoder and sees parts of requests; a second handler in front of the decoder tells of bytes that
/// make no part yet, a third one behind it holds headers to their rules. All run on the event loop of their connection.
final class RequestWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// What is known of a connection beside its bytes.
    struct Surroundings: Sendable {
        let limits: ServerLimits
        let connections: Connections
        let logger: Logger
        /// Told when a request is given up because the rest of it did not come.
        let expired: @Sendable () -> Void
    }

    /// What of a request is being read: not a byte since the connection opened, nothing, its header, its body; or nothing
    /// more because the last answer is out.
    private enum Phase { case silent, nothing, header, body, over }

    private let around: Surroundings
    private var phase = Phase.silent
    private var isOpen = false
    /// The request that is read, or was, is the last one.
    private var isLast = false
    /// Requests that have begun to arrive as parts and are not answered.
    private var unanswered = 0
    /// What is answered after those.
    private var pending: HeaderRefusal?
    private var deadline: Scheduled<Void>?

    private var limits: ServerLimits { around.limits }

    init(_ around: Surroundings) { self.around = around }

    func handlerAdded(context: ChannelHandlerContext) {
        let bytes = RequestBytes { [weak self] in
            guard let self, !self.isLast, self.phase == .nothing || self.phase == .silent else { return }
            self.enter(.header, context)
        }
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandler(bytes, position: .first)
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(RequestFraming(fieldsMax: limits.headerFieldsMax), position: .after(decoder))
        } catch {
            // Without its rules a connection is not served.
            context.close(promise: nil)
        }
        if context.channel.isActive { open(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { leave(context) }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        open(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave(context)
        context.fireChannelInactive()
    }

    private func open(_ context: ChannelHandlerContext) {
        guard !isOpen else { return }
        isOpen = true
        let seat = around.connections.open(context.channel, connectionsMax: limits.connectionsMax)
        if seat != .free { around.connections.report(connectionsMax: limits.connectionsMax, around.logger) }
        if seat == .nowhere { refuse(Self.crowded, context, [.retryAfter: "1"]) } else { enter(.silent, context) }
    }

    private static let crowded = HeaderRefusal(status: .serviceUnavailable, sentence: "Every connection is taken; try again.")

    private func leave(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        around.connections.close(context.channel)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .over else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            unanswered += 1
            isLast = head.headerFields[.connection] == "close"
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
        context.write(data, promise: promise)
        guard case .end = unwrapOutboundIn(data) else { return }
        unanswered -= 1
        noteWork(context)
        guard unanswered == 0 else { return }
        // Whoever answers closes this side then.
        if isLast { return enter(.over, context) }
        guard let pending else { return }
        self.pending = nil
        refuse(pending, context)
    }

    /// What is no HTTP, or breaks its rules. In the middle of a body the one who reads it must learn of it; else the answer
    /// is ours, after those that are still to come.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard phase != .over, pending == nil else { return }
        guard phase != .body else { return context.fireErrorCaught(error) }
        let refusal: HeaderRefusal
        switch error {
        case let known as HeaderRefusal: refusal = known
        case HTTPParserError.headerOverflow:
            refusal = HeaderRefusal(
                status: .requestHeaderFieldsTooLarge,
                sentence: "The header has more than \(limits.headerBytesMax) bytes; send a shorter one.")
        case is IOError, is ChannelError: return context.fireErrorCaught(error)
        default: refusal = HeaderRefusal(status: .badRequest, sentence: "This is no HTTP/1.1 request.")
        }
        if unanswered == 0 { refuse(refusal, context) } else { pending = refusal }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, phase == .body { arm(limits.endMilliseconds, context) }
        if phase == .over, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func enter(_ phase: Phase, _ context: ChannelHandlerContext) {
        self.phase = phase
        switch phase {
        case .nothing:
            deadline?.cancel()
            deadline = nil
        case .silent, .header, .body: arm(limits.readMilliseconds, context)
        case .over: arm(limits.endMilliseconds, context)
        }
        if phase != .silent { noteWork(context) }
    }

    private func noteWork(_ context: ChannelHandlerContext) {
        // Who has heard the last word leaves for a newcomer, also in the middle of a body.
        around.connections.note(context.channel, isAtWork: phase != .over && (phase == .body || unanswered > 0))
    }

    private func arm(_ milliseconds: Int64, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) { [weak self] in
            self?.expire(milliseconds, context)
        }
    }

    private func expire(_ milliseconds: Int64, _ context: ChannelHandlerContext) {
        // Whoever never asked anything gets no answer.
        if phase == .silent || phase == .over { return context.close(promise: nil) }
        let own = phase == .body ? 1 : 0
        if unanswered > own {
            // The one before is still being worked on, so this one was not read for that reason.
            arm(milliseconds, context)
        } else if unanswered < own {
            // Answered before its end, as a body that is too large is.
            context.close(promise: nil)
        } else {
            around.expired()
            refuse(HeaderRefusal(status: .requestTimeout, sentence: "The rest of the request did not come in time."), context)
        }
    }

    /// Answers and closes: this side at once, the other one once the client has closed it or after a moment, because a
    /// connection that is closed over unread bytes takes the answer with it.
    private func refuse(_ refusal: HeaderRefusal, _ context: ChannelHandlerContext, _ more: HTTPFields = [:]) {
        enter(.over, context)
        var fields: HTTPFields = [
            .contentType: "text/plain; charset=utf-8", .contentLength: "\(refusal.sentence.utf8.count + 1)", .connection: "close",
        ]
        fields.append(contentsOf: more)
        context.write(wrapOutboundOut(.head(HTTPResponse(status: refusal.status, headerFields: fields))), promise: nil)
        context.write(wrapOutboundOut(.body(ByteBuffer(string: refusal.sentence + "\n"))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        context.close(mode: .output, promise: nil)
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
