import KilterVocabulary
import KilterWire

/// The engine's end of the publisher: events go in here, on one thread, and leave on the publisher's. Blocks only when
/// the publisher is some 16,000 events behind; it never waits for the network.
public struct EventSink: ~Copyable, Sendable {
    private let socket: Socket
    private let state: PublisherState
    public let encoder: EventEncoder

    init(_ socket: consuming Socket, state: PublisherState, encoder: EventEncoder) {
        self.socket = socket
        self.state = state
        self.encoder = encoder
    }

    /// Messages that wait on each side of the hand-over.
    static let queueMax: Int32 = 8_192

    /// Publishes an event under the next sequence of its stream. A `provisional` breaker event goes out with sequence
    /// 0 and is not kept. Throws `WireError.stopped` once the publisher has been stopped or has failed.
    public func send(_ event: Event, provisional: Bool = false) throws(WireError) {
        try send(encoder.encode(event, provisional: provisional))
    }

    /// Publishes what `encoder` has encoded, for an engine that writes the same bytes elsewhere too.
    public func send(_ event: EncodedEvent) throws(WireError) { try hand(.event(event)) }

    /// Replaces the counters of the heartbeat; the order is kept.
    public func send(counters: [Evidence]) throws(WireError) {
        var json = JSONWriter()
        json.openRoot()
        json.members(counters)
        json.close()
        try hand(.counters(json.bytes))
    }

    /// Replaces the counters of the heartbeat by one JSON object that is encoded already and holds no line feed.
    public func send(encodedCounters object: [UInt8]) throws(WireError) { try hand(.counters(object)) }

    /// Replaces the heartbeat's word for how the engine runs; `normal` until the first call.
    public func send(mode: String) throws(WireError) { try hand(.mode(mode)) }

    private func hand(_ message: HandOver) throws(WireError) {
        let frames = message.frames
        while true {
            guard state.isRunning else { throw .stopped("the publisher") }
            if try socket.send(frames, wait: false) == .sent { return }
            _ = try socket.waitWritable(milliseconds: 50)
        }
    }
}
