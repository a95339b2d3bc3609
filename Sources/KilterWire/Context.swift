import CZeroMQ

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import Synchronization

/// libzmq's context: its I/O threads and the sockets that hang on them. Exactly one per process, made once and ended
/// only at exit: ending one of several crashes libsodium in libzmq 4.3.4 (libzmq issue 4242).
public final class Context: Sendable {
    // Guard: libzmq documents the context as thread-safe, and the pointer never changes.
    nonisolated(unsafe) let raw: UnsafeMutableRawPointer
    /// libzmq's threads.
    public let ioThreads: Int32
    private let openSockets = Atomic<Int>(0)
    private let ended = Atomic<Bool>(false)

    /// How glibc keeps the memory of received messages. By default it hands freed memory back to the kernel and takes
    /// it again for the next message, which costs about 1.5 to 1.8 times in throughput.
    public struct AllocatorTuning: Sendable, Equatable {
        /// Bytes of free memory at the top of the heap above which glibc gives it back.
        public var trimThresholdBytes: Int32
        /// Bytes from which an allocation gets a mapping of its own.
        public var mapThresholdBytes: Int32
        /// Bytes that the heap grows by beyond what is asked for; address space until it is touched.
        public var topPadBytes: Int32

        public init(trimThresholdBytes: Int32, mapThresholdBytes: Int32, topPadBytes: Int32) {
            self.trimThresholdBytes = trimThresholdBytes
            self.mapThresholdBytes = mapThresholdBytes
            self.topPadBytes = topPadBytes
        }

        /// Measured with 64-span messages: page faults per message fall from 3–5 to about 0.1.
        public static let throughput = AllocatorTuning(
            trimThresholdBytes: 1 << 30, mapThresholdBytes: 1 << 30, topPadBytes: 128 << 20)
    }

    private static let made = Mutex<Context?>(nil)

    /// The context of this process, made at the first call; the arguments of later calls have no effect.
    ///
    /// - `ioThreads`: libzmq's threads. Two, so that a flood at the input does not delay what leaves.
    /// - `allocator`: applied before the context exists, and only with glibc; nil leaves the allocator alone.
    ///
    /// Throws when the descriptors do not suffice (`Preflight`), or after `terminate()`.
    public static func ofProcess(
        ioThreads: Int32 = 2, allocator: AllocatorTuning? = .throughput
    ) throws(WireError) -> Context {
        try made.withLock { (slot: inout sending Context?) throws(WireError) -> Context in
            if let context = slot {
                if context.ended.load(ordering: .acquiring) { throw .stopped("the messaging context") }
                return context
            }
            try Preflight.run()
            if let allocator { tune(allocator) }
            let context = try Context(ioThreads: ioThreads)
            slot = context
            return context
        }
    }

    private init(ioThreads: Int32) throws(WireError) {
        guard let raw = zmq_ctx_new() else { throw WireError.last("making the messaging context") }
        self.raw = raw
        self.ioThreads = ioThreads
        zmq_ctx_set(raw, ZMQ_IO_THREADS, ioThreads)
        // libzmq starts its threads with its first socket and aborts when that fails; start them now, right after
        // the preflight has seen enough descriptors.
        guard let first = zmq_socket(raw, ZMQ_PAIR) else { throw WireError.last("starting the messaging threads") }
        zmq_close(first)
    }

    /// Sends what is queued (each socket waits up to its own linger time), then ends the context for good.
    ///
    /// Call it at exit only, after all sockets are gone; with open ones it throws `socketsOpen` instead of hanging.
    public func terminate() throws(WireError) {
        let open = openSockets.load(ordering: .acquiring)
        guard open == 0 else { throw .socketsOpen(count: open) }
        guard !ended.exchange(true, ordering: .acquiringAndReleasing) else { return }
        while zmq_ctx_term(raw) != 0 {
            guard zmq_errno() == EINTR else { throw WireError.last("ending the messaging context") }
        }
    }

    // Guard: libzmq's own handle, thread-safe by its documentation, open until `terminate`.
    func makeSocket(_ type: Int32) throws(WireError) -> UnsafeMutableRawPointer {
        guard !ended.load(ordering: .acquiring) else { throw .stopped("the messaging context") }
        guard let socket = zmq_socket(raw, type) else { throw WireError.last("making a socket") }
        openSockets.wrappingAdd(1, ordering: .acquiringAndReleasing)
        return socket
    }

    // Guard: libzmq's own handle, thread-safe by its documentation, open until `terminate`.
    func close(_ socket: UnsafeMutableRawPointer) {
        zmq_close(socket)
        openSockets.wrappingSubtract(1, ordering: .acquiringAndReleasing)
    }

    private static func tune(_ tuning: AllocatorTuning) {
        #if canImport(Glibc)
            // A value that this glibc does not accept leaves its default in place.
            _ = mallopt(M_TRIM_THRESHOLD, tuning.trimThresholdBytes)
            _ = mallopt(M_MMAP_THRESHOLD, tuning.mapThresholdBytes)
            _ = mallopt(M_TOP_PAD, tuning.topPadBytes)
        #endif
    }
}
