import CZeroMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Waits for several sockets at once. Belongs to the thread that owns them.
public struct Poller: ~Copyable {
    public struct Interest: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        public static let readable = Interest(rawValue: 1)
        public static let writable = Interest(rawValue: 2)

        var events: Int16 {
            Int16((contains(.readable) ? ZMQ_POLLIN : 0) | (contains(.writable) ? ZMQ_POLLOUT : 0))
        }
    }

    /// Nil where an item is a pipe.
    private var handles: [SocketHandle?] = []
    private var pipes: [WakePipe] = []
    private var items: [zmq_pollitem_t] = []

    public init() {}

    /// Adds a socket and returns the index under which `isReadable` and `isWritable` know it.
    @discardableResult
    public mutating func add(
        _ socket: borrowing Socket, _ interest: Interest = .readable
    ) throws(WireError) -> Int {
        items.append(zmq_pollitem_t(socket: try socket.handle.open(), fd: 0, events: interest.events, revents: 0))
        handles.append(socket.handle)
        return items.count - 1
    }

    /// Adds a pipe whose signals end the wait; it is kept as long as the poller.
    @discardableResult
    public mutating func add(_ pipe: WakePipe) -> Int {
        items.append(zmq_pollitem_t(socket: nil, fd: pipe.descriptor, events: Interest.readable.events, revents: 0))
        handles.append(nil)
        pipes.append(pipe)
        return items.count - 1
    }

    /// Changes what is waited for; an empty set leaves the socket out.
    public mutating func setInterest(_ interest: Interest, at index: Int) {
        items[index].events = interest.events
    }

    /// Waits until a socket is ready and returns how many are; zero when the time ran out. Zero milliseconds do not
    /// wait, negative ones wait for ever. Signals do not end the wait.
    @discardableResult
    public mutating func wait(milliseconds: Int) throws(WireError) -> Int {
        for index in items.indices {
            items[index].revents = 0
            // A socket closed since would be a dangling pointer for libzmq.
            items[index].socket = try handles[index]?.open()
        }
        return try Self.poll(&items, milliseconds: milliseconds)
    }

    public func isReadable(_ index: Int) -> Bool { items[index].revents & Int16(ZMQ_POLLIN) != 0 }
    public func isWritable(_ index: Int) -> Bool { items[index].revents & Int16(ZMQ_POLLOUT) != 0 }

    static func poll(_ items: inout [zmq_pollitem_t], milliseconds: Int) throws(WireError) -> Int {
        let deadline = milliseconds > 0 ? ContinuousClock.now + .milliseconds(milliseconds) : nil
        var remaining = milliseconds
        while true {
            let ready = zmq_poll(&items, Int32(items.count), remaining)
            if ready >= 0 { return Int(ready) }
            guard zmq_errno() == EINTR else { throw WireError.last("waiting for sockets") }
            guard let deadline else { continue }
            let left = (deadline - .now).components
            remaining = max(0, Int(left.seconds) * 1_000 + Int(left.attoseconds / 1_000_000_000_000_000))
        }
    }
}
