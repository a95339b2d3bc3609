import KilterMath
import KilterVocabulary

/// How often one agent calls, or sends messages: buckets of its own event time, what is usual in them, and how long it pauses.
///
/// The agent's clock is the greatest end of its spans, and goes on with engine time while it says nothing. For a day its
/// events are only counted, which decides how wide its buckets are: a minute, or five, fifteen or sixty so that eight events
/// fall into one on average. Fixed size.
public struct AgentPace: BitwiseCopyable, Sendable {
    /// Spans that come later than this behind the agent's latest one are not counted (contract, section 4.2).
    public static let lateness = Nanoseconds.seconds(10)
    static let widths: [UInt64] = [60, 300, 900, 3_600]
    static let eventsOfBucket = 8.0
    static let trialSeconds: UInt64 = 86_400
    static let trialEvents: UInt32 = 100
    /// Without events for so long nothing is counted any more until there are some.
    static let asleepAfter = Nanoseconds.seconds(7 * 86_400)

    // Whose it is.
    public var agentKey: UInt64 = 0
    public var signal = Signal.callRate
    public var tenant: NameHash = 0
    public var environment: NameHash = 0
    public var service: NameHash = 0
    public var agent: NameHash = 0
    public var thresholdSet: UInt16 = 0
    public var fleet: UInt32 = 1

    /// The latest event: its end, its engine time and its span.
    public internal(set) var lastEnd: UInt64 = 0
    public internal(set) var lastSeen = EventTime.zero
    public internal(set) var lastTrace = TraceID()
    public internal(set) var lastSpan: UInt64 = 0
    /// Seconds of a bucket; zero while it is not decided.
    public internal(set) var width: UInt32 = 0
    /// Seconds since 1970 at which the open bucket begins, and events in it and in the one that follows.
    public internal(set) var bucket: UInt64 = 0
    var events: UInt32 = 0
    var eventsAfter: UInt32 = 0
    var trialBegan: UInt64 = 0
    /// Engine time of the deadline that is armed; never is none.
    public internal(set) var armed = EventTime.never
    public var isAsleep = false

    public var stream = PaceStream(PaceBaseline())
    public var pauses = PauseBaseline()
    /// Events that were to be expected since the latest one.
    public var waited: Float = 0
    /// It was told that nothing is heard of it.
    public var isSilent = false
    /// Engine time up to which pauses had an allowance, and the agent's run at it.
    public var allowedUntil = EventTime.zero
    public var allowedRun: UInt32 = 0
    /// The agent's epoch that a standing change belongs to.
    public var epoch: UInt32 = 0

    public init() {}

    /// Where the pace of an agent is kept.
    public static func key(of agentKey: UInt64, _ signal: Signal) -> UInt64 {
        StableHash.combine(agentKey, 0xace0 + UInt64(signal.rawValue)) | 1
    }

    /// A bucket that is over.
    public struct Closed: Sendable, Equatable {
        /// Seconds since 1970.
        public var begin: UInt64
        public var events: UInt32
    }

    private var end: UInt64 { (bucket + UInt64(width)) &* 1_000_000_000 }

    /// Unix nanoseconds by the agent's clock.
    public func clock(at time: EventTime) -> UInt64 { lastEnd &+ time.since(lastSeen).count }

    /// Takes one event. False where it came too late to count.
    // Guard: the pointer is only used here.
    public mutating func take(_ row: UnsafePointer<SpanRecord>) -> Bool {
        let end = row.pointee.endNanoseconds
        guard end &+ Self.lateness.count >= lastEnd else { return false }
        if width > 0, end > lastEnd &+ Self.asleepAfter.count { isAsleep = true }
        if end >= lastEnd { (lastTrace, lastSpan) = (row.pointee.trace, row.pointee.span) }
        lastEnd = max(lastEnd, end)
        lastSeen = row.pointee.place.engineTime
        thresholdSet = row.pointee.place.thresholdSet
        fleet = row.pointee.place.fleet
        return true
    }

    /// Counts an event into its bucket, once those before it are closed. During the trial it may decide the width.
    public mutating func count(end: UInt64) {
        let seconds = end / 1_000_000_000
        if width == 0 {
            if trialBegan == 0 { trialBegan = seconds }
            if events < .max { events += 1 }
            if events >= Self.trialEvents, seconds >= trialBegan + Self.trialSeconds { decideWidth(seconds) }
            return
        }
        if isAsleep { begin(after: seconds) }
        guard seconds >= bucket else { return }
        if seconds < bucket + UInt64(width) {
            if events < .max { events += 1 }
        } else if eventsAfter < .max {
            eventsAfter += 1
        }
    }

    private mutating func decideWidth(_ seconds: UInt64) {
        let perSecond = Double(events) / Double(seconds - trialBegan)
        let fitting = Self.widths.first { Double($0) * perSecond >= Self.eventsOfBucket }
        width = UInt32(clamping: fitting ?? 3_600)
        begin(after: seconds)
    }

    /// The next whole bucket is the first that counts.
    private mutating func begin(after seconds: UInt64) {
        let width = UInt64(width)
        bucket = (seconds / width + 1) * width
        (events, eventsAfter, waited, isAsleep) = (0, 0, 0, false)
    }

    /// The open bucket, if it is over at `time` by the agent's clock and nothing may be added to it; the next one is then open.
    public mutating func close(at time: UInt64) -> Closed? {
        guard width > 0, !isAsleep, end &+ Self.lateness.count <= time else { return nil }
        let closed = Closed(begin: bucket, events: events)
        bucket += UInt64(width)
        (events, eventsAfter) = (eventsAfter, 0)
        return closed
    }

    /// Goes to sleep when nothing was heard for a week: then it says nothing about how often.
    public mutating func fallAsleep(at time: UInt64) -> Bool {
        guard width > 0, !isAsleep, isSilent || time >= lastEnd &+ Self.asleepAfter.count else { return false }
        isAsleep = true
        return true
    }

    /// Engine time, in whole seconds, at which the open bucket is over if nothing is heard meanwhile.
    public mutating func arm() -> EventTime? {
        guard width > 0, !isAsleep else {
            armed = .never
            return nil
        }
        let over = end &+ Self.lateness.count
        let due = lastSeen + Nanoseconds(over > lastEnd ? over - lastEnd : 0)
        armed = EventTime(nanoseconds: (due.nanoseconds / 1_000_000_000 + 1) &* 1_000_000_000)
        return armed
    }
}

/// When the open bucket of each agent is over, per tenant, in engine time. What is armed follows from `AgentPace.armed`.
public struct PaceDeadlines: Sendable {
    private var tenants: [(name: NameHash, queue: Deadlines<UInt64>)] = []
    /// No deadline is before it; it is asked at every record.
    private var earliest = EventTime.never

    public init() {}

    public mutating func arm(_ key: UInt64, of tenant: NameHash, at time: EventTime) {
        earliest = min(earliest, time)
        if let at = tenants.firstIndex(where: { $0.name == tenant }) { return tenants[at].queue.push(key, at: time, serial: key) }
        var queue = Deadlines<UInt64>()
        queue.push(key, at: time, serial: key)
        tenants.append((tenant, queue))
    }

    /// The next deadline of `tenant` that is due at `time`.
    public mutating func next(of tenant: NameHash, at time: EventTime) -> (key: UInt64, time: EventTime)? {
        guard isDue(tenant, at: time), let at = tenants.firstIndex(where: { $0.name == tenant }) else { return nil }
        let due = tenants[at].queue.pop(dueAt: time)
        earliest = tenants.reduce(.never) { min($0, $1.queue.next) }
        return due.map { ($0.key, $0.time) }
    }

    /// Whether `tenant` has a deadline at `time` or before.
    public func isDue(_ tenant: NameHash, at time: EventTime) -> Bool {
        earliest <= time && tenants.contains { $0.name == tenant && $0.queue.next <= time }
    }
}

extension AgentPace: Slot {
    func write(to writer: inout ByteWriter) {
        for word in [
            agentKey, tenant, environment, service, agent, lastEnd, lastSeen.nanoseconds, lastTrace.high, lastTrace.low, lastSpan, bucket,
            trialBegan, armed.nanoseconds, allowedUntil.nanoseconds,
        ] { writer.write(word) }
        for word in [fleet, width, events, eventsAfter, allowedRun, epoch] { writer.write(word) }
        writer.write(signal.rawValue)
        writer.write(thresholdSet)
        writer.write(isAsleep)
        writer.write(isSilent)
        writer.write(waited)
        stream.write(to: &writer)
        pauses.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        for path in [\AgentPace.agentKey, \.tenant, \.environment, \.service, \.agent, \.lastEnd] {
            self[keyPath: path] = try reader.read()
        }
        lastSeen = EventTime(nanoseconds: try reader.read())
        lastTrace = TraceID(high: try reader.read(), low: try reader.read())
        for path in [\AgentPace.lastSpan, \.bucket, \.trialBegan] { self[keyPath: path] = try reader.read() }
        armed = EventTime(nanoseconds: try reader.read())
        allowedUntil = EventTime(nanoseconds: try reader.read())
        for path in [\AgentPace.fleet, \.width, \.events, \.eventsAfter, \.allowedRun, \.epoch] {
            self[keyPath: path] = try reader.read()
        }
        guard let known = Signal(rawValue: try reader.read()), known == .callRate || known == .messageRate else { throw ByteReader.Short() }
        signal = known
        thresholdSet = try reader.read()
        isAsleep = try reader.readBool()
        isSilent = try reader.readBool()
        waited = try reader.readFinite()
        stream = try PaceStream(from: &reader)
        pauses = try PauseBaseline(from: &reader)
        // Times of two centuries; a bucket further off would never be over.
        guard width == 0 || Self.widths.contains(UInt64(width)), bucket < 1 << 34, trialBegan < 1 << 34, waited >= 0 else {
            throw ByteReader.Short()
        }
    }
}
