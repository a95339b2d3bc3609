import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Ends the wait of a poller from another thread: a pipe whose reading end the poller watches.
///
/// `signal` may be called from any thread, any number of times; the poller's owner calls `drain` before it looks at
/// what the signal was about. Signals between two drains are one.
public final class WakePipe: Sendable {
    private let readEnd: Int32
    private let writeEnd: Int32
    private let isSignalled = Atomic(false)

    public init() throws(WireError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw .descriptorsExhausted(reason: "no pipe could be opened") }
        readEnd = ends[0]
        writeEnd = ends[1]
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    /// What the poller watches.
    var descriptor: Int32 { readEnd }

    public func signal() {
        if isSignalled.exchange(true, ordering: .acquiringAndReleasing) { return }
        var byte: UInt8 = 1
        // A full pipe is signalled already.
        _ = write(writeEnd, &byte, 1)
    }

    public func drain() {
        var bytes: UInt64 = 0
        while read(readEnd, &bytes, 8) > 0 {}
        isSignalled.store(false, ordering: .releasing)
    }
}
