import KilterVocabulary

/// What has been published and can be fetched again: per stream the newest events, and the latest event of every
/// breaker that is not closed. Kept in memory within bounds; belongs to one thread.
public struct EventLog: Sendable {
    public let logID: LogID
    /// Counts the starts of the engine on this log.
    public let epoch: UInt64
    private var rings: [EventRing]
    private var active: [String: ActiveBreaker] = [:]
    private var sortedActive: [ActiveBreaker]?
    /// Identifies the latest events of all breakers that are not closed: the sum, modulo 2⁶⁴, of the FNV-1a 64 hashes
    /// of their bodies. It needs no order, and a change costs one hash.
    public private(set) var breakerDigest: UInt64 = 0

    /// The latest event of a breaker that is not closed.
    public struct ActiveBreaker: Sendable, Equatable {
        public var id: String
        public var sequence: UInt64
        public var body: [UInt8]

        public init(id: String, sequence: UInt64, body: [UInt8]) {
            self.id = id
            self.sequence = sequence
            self.body = body
        }
    }

    /// `eventsKept` and `bytesKept` (of bodies) bound each stream. `heads` continues the sequences of an earlier epoch
    /// of the same log; a stream that it does not name begins at 1.
    public init(
        logID: LogID, epoch: UInt64, eventsKept: Int = Limits.eventsKept, bytesKept: Int = Limits.eventBytesKept,
        heads: [EventStream: UInt64] = [:]
    ) {
        self.logID = logID
        self.epoch = epoch
        rings = EventStream.allCases.map {
            EventRing(countMax: eventsKept, bytesMax: bytesKept, head: heads[$0] ?? 0)
        }
    }

    /// Sequence of the newest event of a stream; zero before the first.
    public func head(_ stream: EventStream) -> UInt64 { rings[stream.index].head }

    /// Sequence of the oldest event that can be fetched; one past the head when there is none.
    public func oldest(_ stream: EventStream) -> UInt64 { rings[stream.index].oldest }

    /// The body of an event, or nil when it is no longer or not yet there.
    public func body(_ stream: EventStream, _ sequence: UInt64) -> [UInt8]? { rings[stream.index][sequence] }

    public func header(_ sequence: UInt64) -> EventHeader {
        EventHeader(sequence: sequence, epoch: epoch, logID: logID)
    }

    /// Gives the event its sequence and keeps it. Returns the sequence and the body as published: a notice is
    /// completed with the id `<log id>/<sequence>`. A provisional event keeps sequence 0 and is not kept.
    public mutating func append(_ event: EncodedEvent) -> (sequence: UInt64, body: [UInt8]) {
        if event.breaker?.isProvisional == true { return (0, event.body) }
        var body = event.body
        if event.stream == .notice {
            let id = Array("\(logID.hex)/\(rings[event.stream.index].head + 1)".utf8)
            body.insert(contentsOf: id, at: min(EventEncoder.idOffset, body.count))
        }
        let sequence = rings[event.stream.index].append(body)
        if let breaker = event.breaker { note(breaker, sequence, body) }
        return (sequence, body)
    }

    /// Puts back a breaker that an earlier epoch left in a state other than closed, without a new event.
    public mutating func restore(_ breaker: ActiveBreaker) {
        note(.init(id: breaker.id, isActive: true, isProvisional: false), breaker.sequence, breaker.body)
    }

    private mutating func note(_ breaker: EncodedEvent.Breaker, _ sequence: UInt64, _ body: [UInt8]) {
        sortedActive = nil
        if let old = active[breaker.id] { breakerDigest &-= FNV.hash(old.body) }
        active[breaker.id] = breaker.isActive ? ActiveBreaker(id: breaker.id, sequence: sequence, body: body) : nil
        if breaker.isActive { breakerDigest &+= FNV.hash(body) }
    }

    /// Breakers that are not closed, in the order of their ids. Sorted at the first call after a change.
    public mutating func activeBreakers() -> [ActiveBreaker] {
        if let sortedActive { return sortedActive }
        let sorted = active.values.sorted { $0.id < $1.id }
        sortedActive = sorted
        return sorted
    }

    /// Counts changes of breakers: the head of their stream.
    public var breakerGeneration: UInt64 { head(.breaker) }
}

/// FNV-1a with 64 bits (Fowler, Noll, Vo): small enough for every subscriber to write again.
enum FNV {
    static func hash(_ bytes: [UInt8]) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}
