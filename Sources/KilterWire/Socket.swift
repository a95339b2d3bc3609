import CZeroMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A ZeroMQ socket with one owner. It may move to another thread, never be used by two; it closes when it ends.
// Guard: libzmq's own handle, open while the noncopyable socket lives, used by its one owner.
public struct Socket: ~Copyable, @unchecked Sendable {
    // Guard of the unchecked conformance: the struct cannot be copied, so one owner, and with it one thread, has the
    // socket; handing over to another thread is the full fence that libzmq asks for.
    let handle: SocketHandle

    public enum Kind: Sendable {
        case pull, push, sub, pub, xpub, router, dealer, pair

        var type: Int32 {
            switch self {
            case .pull: ZMQ_PULL
            case .push: ZMQ_PUSH
            case .sub: ZMQ_SUB
            case .pub: ZMQ_PUB
            case .xpub: ZMQ_XPUB
            case .router: ZMQ_ROUTER
            case .dealer: ZMQ_DEALER
            case .pair: ZMQ_PAIR
            }
        }

        var receiveHighWaterMark: Int32 {
            switch self {
            case .pull, .router: 64
            case .sub: 10_000
            case .push, .pub, .xpub, .dealer, .pair: 1_000
            }
        }
    }

    /// What became of a message that was to be sent.
    public enum SendOutcome: Sendable, Equatable {
        /// Queued for a peer. It may still be lost when that peer dies.
        case sent
        /// The high-water mark is reached, or no peer is connected; nothing was queued.
        case wouldBlock
        /// `router` only: no peer has that name; nothing was queued.
        case unreachable
    }

    public let kind: Kind

    public init(_ kind: Kind, in context: Context, options: SocketOptions = SocketOptions()) throws(WireError) {
        let handle = SocketHandle(try context.makeSocket(kind.type), context)
        do {
            try options.apply(to: try handle.open(), kind: kind)
        } catch {
            handle.close()
            throw error
        }
        self.handle = handle
        self.kind = kind
    }

    deinit { handle.close() }

    // MARK: Endpoints

    /// Binds and returns the endpoint as bound, with the port that was chosen for `*` or `0`.
    ///
    /// An address that other machines can reach is refused unless `allowUnauthenticated` is set: anybody who reaches
    /// the port may then send or listen, because encryption and authentication (CURVE) are not part of this version.
    /// An `ipc` path is made readable and writable for its owner only.
    @discardableResult
    public func bind(_ text: String, allowUnauthenticated: Bool = false) throws(WireError) -> String {
        let endpoint = try Endpoint(text, for: .bind)
        guard endpoint.isLoopback || allowUnauthenticated else {
            throw .unauthenticatedBind(endpoint: endpoint.description)
        }
        let raw = try handle.open()
        // libzmq would take a path over from whoever listens on it.
        if endpoint.transport == .ipc, UnixSocketProbe.isServed(endpoint.address) {
            throw .addressInUse(endpoint: endpoint.description)
        }
        guard zmq_bind(raw, endpoint.description) == 0 else {
            throw WireError.last("binding", endpoint: endpoint.description)
        }
        let bound = try lastEndpoint
        if endpoint.transport == .ipc, !endpoint.address.hasPrefix("@") {
            _ = chmod(String(bound.dropFirst("ipc://".count)), 0o600)
        }
        return bound
    }

    /// Connects in the background: it succeeds for a well-formed endpoint, whether or not anybody listens there yet.
    public func connect(_ text: String) throws(WireError) {
        let endpoint = try Endpoint(text, for: .connect)
        guard zmq_connect(try handle.open(), endpoint.description) == 0 else {
            throw WireError.last("connecting to", endpoint: endpoint.description)
        }
    }

    /// The endpoint bound or connected last.
    public var lastEndpoint: String {
        get throws(WireError) {
            let raw = try handle.open()
            var text = [CChar](repeating: 0, count: 256)
            var size = text.count
            guard zmq_getsockopt(raw, ZMQ_LAST_ENDPOINT, &text, &size) == 0 else {
                throw WireError.last("reading the endpoint")
            }
            let bytes = text.prefix(max(size - 1, 0)).map { UInt8(bitPattern: $0) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// `sub` only: receives messages whose first frame begins with `prefix`; the empty one lets everything through.
    public func subscribe(_ prefix: String) throws(WireError) {
        let bytes = Array(prefix.utf8)
        guard zmq_setsockopt(try handle.open(), ZMQ_SUBSCRIBE, bytes, bytes.count) == 0 else {
            throw WireError.last("subscribing")
        }
    }

    // MARK: Messages

    /// Receives one whole message. False when none came within the time; zero does not wait, a negative time waits
    /// for ever. A message beyond the buffer's bounds is taken off the socket and marked with its flaw.
    public func receive(into buffer: inout MessageBuffer, milliseconds: Int = 0) throws(WireError) -> Bool {
        let raw = try handle.open()
        buffer.clear()
        var more = false
        guard try receivePart(raw, into: &buffer, more: &more) else {
            guard milliseconds != 0, try waitReadable(milliseconds: milliseconds) else { return false }
            return try receive(into: &buffer, milliseconds: 0)
        }
        // libzmq delivers a message only when all of its frames have arrived, so the rest is there already.
        while more {
            guard try receivePart(raw, into: &buffer, more: &more) else {
                buffer.markIncomplete()
                break
            }
        }
        return true
    }

    // Guard: libzmq's own handle, open while the noncopyable socket lives, used by its one owner.
    private func receivePart(
        _ raw: UnsafeMutableRawPointer, into buffer: inout MessageBuffer, more: inout Bool
    ) throws(WireError) -> Bool {
        let part = handle.part
        while zmq_msg_recv(part, raw, ZMQ_DONTWAIT) < 0 {
            switch zmq_errno() {
            case EINTR: continue
            case EAGAIN: return false
            default: throw WireError.last("receiving")
            }
        }
        more = zmq_msg_more(part) != 0
        buffer.append(UnsafeRawBufferPointer(start: zmq_msg_data(part), count: zmq_msg_size(part)))
        return true
    }

    /// Whether a message can be received within the time; zero does not wait, a negative time waits for ever.
    public func waitReadable(milliseconds: Int) throws(WireError) -> Bool {
        try waitFor(Int16(ZMQ_POLLIN), milliseconds: milliseconds)
    }

    /// Whether a message can be sent to some peer within the time; zero does not wait, a negative time waits for ever.
    public func waitWritable(milliseconds: Int) throws(WireError) -> Bool {
        try waitFor(Int16(ZMQ_POLLOUT), milliseconds: milliseconds)
    }

    private func waitFor(_ events: Int16, milliseconds: Int) throws(WireError) -> Bool {
        var items = [zmq_pollitem_t(socket: try handle.open(), fd: 0, events: events, revents: 0)]
        return try Poller.poll(&items, milliseconds: milliseconds) > 0
    }

    /// Sends one message of one or more frames, whole or not at all. With `wait` it blocks at the high-water mark and
    /// while no peer is connected; `pub` and `xpub` never block, they drop for the subscriber that is too slow.
    /// Copies the frames.
    public func send(_ frames: [[UInt8]], wait: Bool = true) throws(WireError) -> SendOutcome {
        let raw = try handle.open()
        guard !frames.isEmpty else { return .sent }
        while true {
            let (outcome, lostPeer) = try attempt(raw, frames, wait: wait)
            // The peer left in the middle of the message and libzmq took it back: give it to the next one.
            if lostPeer && wait { continue }
            return outcome
        }
    }

    // Guard: libzmq's own handle, open while the noncopyable socket lives, used by its one owner.
    private func attempt(
        _ raw: UnsafeMutableRawPointer, _ frames: [[UInt8]], wait: Bool
    ) throws(WireError) -> (outcome: SendOutcome, lostPeer: Bool) {
        var lostPeer = false
        for (index, frame) in frames.enumerated() {
            let more = index + 1 < frames.count ? ZMQ_SNDMORE : 0
            let flags = index > 0 || !wait ? ZMQ_DONTWAIT : 0
            while zmq_send(raw, frame, frame.count, flags | more) < 0 {
                let code = zmq_errno()
                if code == EINTR { continue }
                if index == 0 && code == EAGAIN { return (.wouldBlock, false) }
                if index == 0 && code == EHOSTUNREACH { return (.unreachable, false) }
                guard code == EAGAIN else { throw WireError.last("sending") }
                // The remaining frames must follow all the same: libzmq drops up to the last frame of this message.
                lostPeer = true
                break
            }
        }
        return (lostPeer ? .wouldBlock : .sent, lostPeer)
    }
}

/// The libzmq socket behind `Socket`. Pollers hold it too, so that they can tell a closed socket from an open one.
final class SocketHandle {
    // Guard: used by the one thread that owns the `Socket`; nil once closed.
    private(set) var raw: UnsafeMutableRawPointer?
    // Guard: as above. Used again for every frame, so that its address is stable and nothing is allocated.
    let part: UnsafeMutablePointer<zmq_msg_t>
    private let context: Context

    // Guard: libzmq's own handle, open while the noncopyable socket lives, used by its one owner.
    init(_ raw: UnsafeMutableRawPointer, _ context: Context) {
        self.raw = raw
        self.context = context
        part = .allocate(capacity: 1)
        zmq_msg_init(part)
    }

    deinit {
        close()
        zmq_msg_close(part)
        part.deallocate()
    }

    // Guard: libzmq's own handle, open while the noncopyable socket lives, used by its one owner.
    func open() throws(WireError) -> UnsafeMutableRawPointer {
        guard let raw else { throw .stopped("the socket") }
        return raw
    }

    func close() {
        guard let socket = raw else { return }
        raw = nil
        context.close(socket)
    }
}
