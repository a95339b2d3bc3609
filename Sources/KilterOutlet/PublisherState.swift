import Dispatch
import KilterWire
import Synchronization

/// What the publisher has done since the start.
public struct PublisherCounts: Sendable, Equatable {
    /// Events published with a sequence, per stream in the order of `EventStream`.
    public var events = Array(repeating: 0, count: EventStream.count)
    public var provisional = 0
    public var heartbeats = 0
    /// Subscriptions and cancellations of subscribers, which are read and forgotten.
    public var subscriptions = 0
    /// Messages of sinks that were not understood: always zero.
    public var misunderstood = 0
    public var catchUp = CatchUpCounts()

    public init() {}
}

/// What the publisher's thread shares with the threads that hold it or hand events over.
final class PublisherState: Sendable {
    private let running = Atomic<Bool>(true)
    private let report = Mutex<(counts: PublisherCounts, failure: WireError?)>((PublisherCounts(), nil))
    private let ended = DispatchSemaphore(value: 0)

    var isRunning: Bool { running.load(ordering: .acquiring) }
    var counts: PublisherCounts { report.withLock { $0.counts } }
    var failure: WireError? { report.withLock { $0.failure } }

    /// True for the first caller only.
    func close() -> Bool { running.exchange(false, ordering: .acquiringAndReleasing) }

    func note(_ counts: PublisherCounts) { report.withLock { $0.counts = counts } }

    func finish(_ failure: WireError?) {
        _ = close()
        report.withLock { $0.failure = failure }
        ended.signal()
    }

    func waitForEnd() {
        ended.wait()
        // For the next one who waits.
        ended.signal()
    }
}
