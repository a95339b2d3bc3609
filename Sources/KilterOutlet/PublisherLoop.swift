import KilterVocabulary
import KilterWire

/// The publisher's thread: takes events from the sinks, numbers, keeps and sends them, answers catch-up requests and
/// says at regular intervals how far it is. It never waits for a subscriber.
final class PublisherLoop {
    private let output: Socket
    private let catchUp: Socket
    private let inbox: Socket
    private let state: PublisherState
    private var poller = Poller()
    private var log: EventLog
    private var desk = CatchUpDesk()
    private var heartbeat = Heartbeat()
    private var counts = PublisherCounts()
    private var nextBeat = ContinuousClock.now
    private var stopping = false
    private var handed = MessageBuffer(framesMax: 4, bytesMax: 64 << 20)
    private var asked = MessageBuffer(framesMax: 8, bytesMax: 4_096)

    /// Half of the longest interval that the contract allows.
    static let beatInterval: Duration = .milliseconds(250)
    /// Messages taken from each socket before the others have their turn.
    private static let handedPerTurn = 256
    private static let requestsPerTurn = 16
    /// Milliseconds before peers that took nothing more are tried again: twice as long each time they still do not.
    private static let blockedPauses = 1...64
    private var blockedPause = blockedPauses.lowerBound

    init(
        output: consuming Socket, catchUp: consuming Socket, inbox: consuming Socket, log: EventLog,
        state: PublisherState
    ) throws(WireError) {
        self.output = output
        self.catchUp = catchUp
        self.inbox = inbox
        self.log = log
        self.state = state
        try poller.add(self.inbox)
        try poller.add(self.catchUp)
        try poller.add(self.output)
    }

    func run() {
        do throws(WireError) {
            while !stopping && state.isRunning { try turn() }
            // What was handed over before the stop still leaves.
            while try takeHanded(256) > 0 {}
            try beat()
            state.finish(nil)
        } catch {
            state.finish(error)
        }
    }

    private func turn() throws(WireError) {
        let events = try takeHanded(Self.handedPerTurn)
        let subscriptions = try discardSubscriptions(Self.handedPerTurn)
        let requests = try takeRequests(Self.requestsPerTurn)
        let progress = try desk.advance(log: log, router: catchUp)
        if progress == .more { blockedPause = Self.blockedPauses.lowerBound }
        let now = ContinuousClock.now
        if now >= nextBeat {
            try beat()
            nextBeat = now + Self.beatInterval
        }
        let busy =
            events == Self.handedPerTurn || subscriptions == Self.handedPerTurn || requests == Self.requestsPerTurn
            || progress == .more
        guard !busy, !stopping else { return }
        let left = milliseconds(until: nextBeat)
        guard progress == .blocked else {
            try poller.wait(milliseconds: left)
            return
        }
        try poller.wait(milliseconds: min(left, blockedPause))
        blockedPause = min(blockedPause * 2, Self.blockedPauses.upperBound)
    }

    private func milliseconds(until instant: ContinuousClock.Instant) -> Int {
        let left = (instant - .now).components
        return max(0, Int(left.seconds) * 1_000 + Int(left.attoseconds / 1_000_000_000_000_000) + 1)
    }

    // MARK: Events out

    private func takeHanded(_ limit: Int) throws(WireError) -> Int {
        var taken = 0
        while taken < limit, try inbox.receive(into: &handed) {
            taken += 1
            switch HandOver(parsing: handed) {
            case .event(let event): try publish(event)
            case .counters(let object): heartbeat.counters = object
            case .mode(let word): heartbeat.mode = word
            case .stop: stopping = true
            case nil: counts.misunderstood += 1
            }
        }
        return taken
    }

    private func publish(_ event: EncodedEvent) throws(WireError) {
        let (sequence, body) = log.append(event)
        if sequence == 0 { counts.provisional += 1 } else { counts.events[event.stream.index] += 1 }
        // Never blocks: libzmq drops for a subscriber that is too slow, and the catch-up socket makes up for it.
        _ = try output.send([event.topic, log.header(sequence).bytes, body], wait: false)
    }

    private func beat() throws(WireError) {
        counts.heartbeats += 1
        counts.catchUp = desk.counts
        state.note(counts)
        let frames = [Array(Topic.heartbeat.utf8), log.header(0).bytes, heartbeat.body(of: log)]
        _ = try output.send(frames, wait: false)
    }

    // MARK: Subscribers

    private func discardSubscriptions(_ limit: Int) throws(WireError) -> Int {
        var taken = 0
        while taken < limit, try output.receive(into: &asked) { taken += 1 }
        counts.subscriptions += taken
        return taken
    }

    private func takeRequests(_ limit: Int) throws(WireError) -> Int {
        var taken = 0
        while taken < limit, try catchUp.receive(into: &asked) {
            taken += 1
            try desk.accept(asked, log: &log, router: catchUp)
        }
        return taken
    }
}
