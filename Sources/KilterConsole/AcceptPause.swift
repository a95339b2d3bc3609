import NIOCore

/// Lets a listening socket pause after a connection could not be accepted, most likely because the process has as many
/// files open as it may: trying again at once would only heat a core, and whoever accepts must not hear of it, because it
/// would take it for the end.
///
/// What waits is still readable, so it is not enough to ask for nothing more (as NIO's own handler does): the channel must
/// leave the selector, which it does when it no longer reads by itself.
final class AcceptPause: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never
    typealias OutboundOut = Never

    private static let milliseconds: Int64 = 1_000

    private let failed: (any Error) -> Void
    private var resumption: Scheduled<Void>?

    /// - Parameter failed: told of every failure.
    init(_ failed: @escaping (any Error) -> Void) { self.failed = failed }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is IOError else { return context.fireErrorCaught(error) }
        failed(error)
        guard resumption == nil else { return }
        context.channel.setOption(.autoRead, value: false).whenComplete { _ in }
        resumption = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.milliseconds)) { [weak self] in
            self?.resumption = nil
            context.channel.setOption(.autoRead, value: true).whenComplete { _ in }
            context.read()
        }
    }

    func read(context: ChannelHandlerContext) {
        if resumption == nil { context.read() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        resumption?.cancel()
        context.fireChannelInactive()
    }
}
