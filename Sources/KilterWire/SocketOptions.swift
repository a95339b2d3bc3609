import CZeroMQ

/// Settings of one socket. The defaults bound what a peer can make this process hold and how long it may stay silent;
/// high-water marks count messages per peer, not bytes.
public struct SocketOptions: Sendable {
    /// Messages queued per peer on the way in; nil means 64 for `pull` and `router` (64 messages of 42 KB fit in the
    /// cache), 10,000 for `sub` (a burst of small events), else 1,000.
    public var receiveHighWaterMark: Int32?
    /// Messages queued per peer on the way out.
    public var sendHighWaterMark: Int32 = 1_000
    /// Bytes of one frame; a peer that announces more is disconnected. Bounds a frame, not a message of many.
    public var frameBytesMax: Int64 = 8 << 20
    /// Milliseconds that a closed socket goes on sending what is queued.
    public var lingerMilliseconds: Int32 = 1_000
    /// Milliseconds within which a peer must complete the handshake.
    public var handshakeMilliseconds: Int32 = 3_000
    /// Milliseconds between ZMTP heartbeats.
    public var heartbeatMilliseconds: Int32 = 2_000
    /// Milliseconds of silence after which a peer counts as dead.
    public var heartbeatTimeoutMilliseconds: Int32 = 6_000
    /// Connections the kernel may hold before they are accepted.
    public var backlog: Int32 = 4_096
    /// Milliseconds before a lost connection is tried again, and the longest such pause.
    public var reconnectMilliseconds: Int32 = 50
    public var reconnectMillisecondsMax: Int32 = 5_000
    /// Never empty: it makes libzmq refuse peers that speak no ZMTP 3 handshake, whose random bytes it would
    /// otherwise deliver as messages. Works without a ZAP handler.
    public var zapDomain = "kilter"
    /// `router` only: a peer that comes back under its own name takes over from its older connection.
    public var routerHandover = true
    /// `dealer` and `router`: the name under which a peer's `router` knows this socket; nil lets it choose one.
    public var routingID: [UInt8]?
    /// `push` and `dealer`: queue messages only for peers that are connected.
    public var immediate = false
    /// I/O threads that may serve this socket, as a bit mask; zero means any.
    public var ioThreads: UInt64 = 0

    public init() {}

    // Guard: libzmq's own handle, open for the time of the call.
    func apply(to raw: UnsafeMutableRawPointer, kind: Socket.Kind) throws(WireError) {
        func set(_ option: Int32, _ value: Int32) throws(WireError) {
            var value = value
            guard zmq_setsockopt(raw, option, &value, MemoryLayout<Int32>.size) == 0 else {
                throw WireError.last("setting socket option \(option)")
            }
        }
        func set(_ option: Int32, bytes: [UInt8]) throws(WireError) {
            guard zmq_setsockopt(raw, option, bytes, bytes.count) == 0 else {
                throw WireError.last("setting socket option \(option)")
            }
        }
        var frameBytes = frameBytesMax
        var affinity = ioThreads
        guard zmq_setsockopt(raw, ZMQ_MAXMSGSIZE, &frameBytes, MemoryLayout<Int64>.size) == 0,
            zmq_setsockopt(raw, ZMQ_AFFINITY, &affinity, MemoryLayout<UInt64>.size) == 0
        else { throw WireError.last("setting the frame limit") }
        try set(ZMQ_RCVHWM, receiveHighWaterMark ?? kind.receiveHighWaterMark)
        try set(ZMQ_SNDHWM, sendHighWaterMark)
        try set(ZMQ_LINGER, lingerMilliseconds)
        try set(ZMQ_HANDSHAKE_IVL, handshakeMilliseconds)
        try set(ZMQ_HEARTBEAT_IVL, heartbeatMilliseconds)
        try set(ZMQ_HEARTBEAT_TIMEOUT, heartbeatTimeoutMilliseconds)
        try set(ZMQ_BACKLOG, backlog)
        try set(ZMQ_TCP_KEEPALIVE, 1)
        try set(ZMQ_RECONNECT_IVL, reconnectMilliseconds)
        try set(ZMQ_RECONNECT_IVL_MAX, reconnectMillisecondsMax)
        try set(ZMQ_IPV6, 0)
        try set(ZMQ_ZAP_DOMAIN, bytes: Array((zapDomain.isEmpty ? "kilter" : zapDomain).utf8.prefix(254)))
        if immediate { try set(ZMQ_IMMEDIATE, 1) }
        if kind == .router {
            try set(ZMQ_ROUTER_MANDATORY, 1)
            try set(ZMQ_ROUTER_HANDOVER, routerHandover ? 1 : 0)
        }
        if let routingID, !routingID.isEmpty { try set(ZMQ_ROUTING_ID, bytes: routingID) }
    }
}
