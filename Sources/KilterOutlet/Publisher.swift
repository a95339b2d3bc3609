import Foundation
import KilterVocabulary
import KilterWire
import Synchronization

/// Publishes events to subscribers and lets them fetch what they missed. Runs on a thread of its own from `start` to
/// `stop`; events come in through `EventSink`s.
public final class Publisher: Sendable {
    /// Where subscribers connect, with the port that was chosen for `*`; nil when there is no such endpoint.
    public let publishEndpoint: String?
    /// Where subscribers ask for what they missed; nil when there is no such endpoint.
    public let catchUpEndpoint: String?
    private let context: Context
    private let inbox: String
    private let encoder: EventEncoder
    private let state = PublisherState()

    private static let made = Atomic<UInt64>(0)

    /// Bytes of one frame of a catch-up request.
    private static let requestBytesMax: Int64 = 4_096
    /// Messages queued for one subscriber before libzmq drops, and for one peer that catches up before it has to wait.
    private static let subscriberQueueMax: Int32 = 10_000
    private static let catchUpQueueMax: Int32 = 256

    /// Binds both endpoints and starts the thread. Nil leaves an endpoint out.
    ///
    /// Throws what is wrong with an endpoint (`WireError`); then nothing has been started. `allowUnauthenticated`
    /// permits addresses that other machines can reach, see `Socket.bind`.
    public static func start(
        context: Context, publishEndpoint: String?, catchUpEndpoint: String?, instance: String, log: EventLog,
        allowUnauthenticated: Bool = false
    ) throws(WireError) -> Publisher {
        try Publisher(context, publishEndpoint, catchUpEndpoint, instance, log, allowUnauthenticated)
    }

    /// As above, with an empty log.
    public static func start(
        context: Context, publishEndpoint: String?, catchUpEndpoint: String?, instance: String, logID: LogID,
        epoch: UInt64, allowUnauthenticated: Bool = false
    ) throws(WireError) -> Publisher {
        try start(
            context: context, publishEndpoint: publishEndpoint, catchUpEndpoint: catchUpEndpoint, instance: instance,
            log: EventLog(logID: logID, epoch: epoch), allowUnauthenticated: allowUnauthenticated)
    }

    private init(
        _ context: Context, _ publish: String?, _ catchUp: String?, _ instance: String, _ log: EventLog,
        _ allowUnauthenticated: Bool
    ) throws(WireError) {
        self.context = context
        encoder = EventEncoder(instance: instance)
        inbox = "inproc://kilter-publisher-\(Self.made.wrappingAdd(1, ordering: .relaxed).newValue)"

        var options = SocketOptions()
        // The context's second thread serves what leaves, so that a flood at the input does not delay it.
        options.ioThreads = context.ioThreads >= 2 ? 2 : 0
        options.frameBytesMax = Self.requestBytesMax
        options.sendHighWaterMark = Self.catchUpQueueMax
        let router = try Socket(.router, in: context, options: options)
        options.sendHighWaterMark = Self.subscriberQueueMax
        let output = try Socket(.xpub, in: context, options: options)
        var inner = SocketOptions()
        inner.receiveHighWaterMark = EventSink.queueMax
        inner.frameBytesMax = -1
        let pull = try Socket(.pull, in: context, options: inner)
        try pull.bind(inbox)
        // Catch-up first: whoever hears the first event can ask for what came before it.
        catchUpEndpoint = if let catchUp { try router.bind(catchUp, allowUnauthenticated: allowUnauthenticated) } else { nil }
        publishEndpoint = if let publish { try output.bind(publish, allowUnauthenticated: allowUnauthenticated) } else { nil }
        let loop = LoopBox(loop: try PublisherLoop(output: output, catchUp: router, inbox: pull, log: log, state: state))
        let thread = Thread { loop.loop.run() }
        thread.name = "kilter-publisher"
        thread.start()
    }

    /// Carries the loop to its thread.
    // Guard: handed to the publisher's thread once and used there only.
    private struct LoopBox: @unchecked Sendable {
        // Guard: the thread that makes the loop does not touch it again once the loop's own thread has it.
        let loop: PublisherLoop
    }

    deinit { stop() }

    /// A hand-over for one thread. Events of one sink are published in their order; between sinks there is none.
    public func makeSink() throws(WireError) -> EventSink {
        var options = SocketOptions()
        options.sendHighWaterMark = EventSink.queueMax
        let socket = try Socket(.push, in: context, options: options)
        try socket.connect(inbox)
        return EventSink(socket, state: state, encoder: encoder)
    }

    /// What has happened up to the latest heartbeat.
    public var counts: PublisherCounts { state.counts }

    /// Why the thread ended of itself; nil while it runs and after `stop`.
    public var failure: WireError? { state.failure }

    /// Publishes what the sinks have handed over, ends the thread and waits for it. Sinks refuse events from now on,
    /// so the engine stops first. Call it once or many times; sockets send what is queued in the background.
    public func stop() {
        if state.close(), let socket = try? Socket(.push, in: context), (try? socket.connect(inbox)) != nil {
            // Without waiting: a loop that has seen the flag by itself may be gone already. One that has not would see
            // it at its next heartbeat.
            _ = try? socket.send(HandOver.stop.frames, wait: false)
        }
        state.waitForEnd()
    }
}
