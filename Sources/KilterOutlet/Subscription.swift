import KilterWire

/// A subscriber that misses nothing silently: it listens, learns from heartbeats how far each stream has come, fetches
/// what it did not get through the catch-up socket, and delivers each event once and in order within its stream.
/// Belongs to one thread.
public struct Subscription: ~Copyable {
    public enum Item: Sendable, Equatable {
        /// First word of an engine, after silence, and after a restart; `logID` differs when its log began anew.
        case connected(logID: LogID, epoch: UInt64)
        /// No heartbeat for two seconds. What breakers mean meanwhile is for the subscriber's policy to say.
        case silent
        /// The next event of a stream.
        case event(stream: EventStream, sequence: UInt64, epoch: UInt64, body: [UInt8])
        /// A trip ahead of its sequenced event, or such a copy; it may come twice or not at all.
        case provisional(body: [UInt8])
        /// These events existed and can no longer be fetched.
        case gone(stream: EventStream, first: UInt64, last: UInt64)
        /// A breaker that was not closed at the start; then `stateComplete` with the sequence up to which that holds.
        case breaker(sequence: UInt64, body: [UInt8])
        case stateComplete(head: UInt64)
        /// The catch-up socket's reason for not answering. It is asked again.
        case refused(reason: String)
    }

    /// Where to begin in each stream.
    public enum Start: Sendable {
        /// With what comes from now on.
        case newest
        /// With the oldest event that can be fetched.
        case oldest
        /// Behind these sequences of this log; streams not named begin at 1. Another log is read from its start.
        case after([EventStream: UInt64], logID: LogID)
    }

    public struct Options: Sendable {
        public var streams = EventStream.allCases
        public var start = Start.newest
        /// Ask first for every breaker that is not closed.
        public var withState = false
        /// Without a word for so long the engine counts as silent.
        public var silence: Duration = .seconds(2)
        /// A request without any answer for so long is made again on a new connection.
        public var patience: Duration = .seconds(3)
        /// Events queued before libzmq drops, which a heartbeat then reveals.
        public var receiveHighWaterMark: Int32 = 10_000

        public init() {}
    }

    let options: Options
    let context: Context
    let catchUpEndpoint: String?
    let live: Socket
    var desk: Socket?
    var poller = Poller()
    var buffer = MessageBuffer(framesMax: 4, bytesMax: 16 << 20)

    var cursors: [StreamCursor] = []
    var log: (logID: LogID, epoch: UInt64)?
    var lastHeard = ContinuousClock.now
    var isSilent = false
    var asked: Request?
    var askAgain = ContinuousClock.now
    var needsState = false
    var items: [Item] = []
    var taken = 0

    /// What the engine said of itself last.
    public internal(set) var heartbeat: HeartbeatReport?

    /// A request that is not answered in full.
    struct Request {
        /// Nil for the state of the breakers.
        var range: (stream: EventStream, sequences: ClosedRange<UInt64>)?
        var answeredLast = ContinuousClock.now
    }

    /// Connects in the background; `connected` is the first item once the engine is heard. Without a catch-up endpoint
    /// gaps are told as `gone`.
    public init(
        context: Context, publishEndpoint: String, catchUpEndpoint: String?, options: Options = Options()
    ) throws(WireError) {
        var settings = SocketOptions()
        settings.receiveHighWaterMark = options.receiveHighWaterMark
        let live = try Socket(.sub, in: context, options: settings)
        for stream in options.streams {
            for prefix in stream.topicPrefixes { try live.subscribe(prefix) }
        }
        try live.subscribe(Topic.heartbeat)
        try live.connect(publishEndpoint)
        let desk = try Self.connectDesk(catchUpEndpoint, context)
        poller = try Self.makePoller(live, desk)
        self.options = options
        self.context = context
        self.catchUpEndpoint = catchUpEndpoint
        self.live = live
        self.desk = desk
        cursors = options.streams.map { StreamCursor(stream: $0) }
        needsState = options.withState && catchUpEndpoint != nil
    }

    /// The next item, or nil when none came within the time. Zero milliseconds take what is there.
    public mutating func next(milliseconds: Int) throws(WireError) -> Item? {
        let deadline = ContinuousClock.now + .milliseconds(max(milliseconds, 0))
        while true {
            if let item = takeItem() { return item }
            // What waits in the queues comes first: a caller that was busy must not take the engine for dead.
            let received = try receive()
            let now = ContinuousClock.now
            if taken == items.count {
                noteSilence(now)
                try ask(now)
            }
            if let item = takeItem() { return item }
            guard now < deadline else { return nil }
            if !received { try poller.wait(milliseconds: pause(until: deadline, now)) }
        }
    }

    private mutating func takeItem() -> Item? {
        guard taken < items.count else { return nil }
        defer {
            taken += 1
            if taken == items.count {
                items.removeAll(keepingCapacity: true)
                taken = 0
            }
        }
        return items[taken]
    }

    private mutating func noteSilence(_ now: ContinuousClock.Instant) {
        guard !isSilent, now - lastHeard >= options.silence else { return }
        isSilent = true
        items.append(.silent)
    }

    /// Milliseconds to wait: until the deadline, but not past the next thing to notice or to ask.
    private func pause(until deadline: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> Int {
        var instant = deadline
        if !isSilent { instant = min(instant, lastHeard + options.silence) }
        if let asked {
            instant = min(instant, asked.answeredLast + options.patience)
        } else if wantsAnswer {
            instant = min(instant, askAgain)
        }
        let left = (instant - now).components
        return max(0, Int(left.seconds) * 1_000 + Int(left.attoseconds / 1_000_000_000_000_000) + 1)
    }

    /// A new connection, so that late answers to an older request reach nobody.
    mutating func reopenDesk() throws(WireError) {
        desk = try Self.connectDesk(catchUpEndpoint, context)
        poller = try Self.makePoller(live, desk)
    }

    private static func connectDesk(_ endpoint: String?, _ context: Context) throws(WireError) -> Socket? {
        guard let endpoint else { return nil }
        let socket = try Socket(.dealer, in: context)
        try socket.connect(endpoint)
        return socket
    }

    private static func makePoller(
        _ live: borrowing Socket, _ desk: borrowing Socket?
    ) throws(WireError) -> Poller {
        var poller = Poller()
        try poller.add(live)
        switch desk {
        case .some(let desk): try poller.add(desk)
        case .none: break
        }
        return poller
    }
}

extension EventStream {
    /// Topics of the stream begin with one of these.
    var topicPrefixes: [String] {
        switch self {
        case .alert: ["alert."]
        case .breaker: ["breaker.", "shadow."]
        case .incident: ["incident."]
        case .notice: ["notice."]
        }
    }

    init?(topic: UnsafeRawBufferPointer) {
        let match = EventStream.allCases.first { stream in
            stream.topicPrefixes.contains { topic.starts(with: $0.utf8) }
        }
        guard let match else { return nil }
        self = match
    }
}
