import KilterState
import KilterVocabulary

/// The rows of one batch that the keyings look at, shared out among the shards; in admission order within each.
///
/// Calls go to the shard of their turn and to that of their agent, answers to that of their turn, messages and calls to that of
/// their run. Cost: two passes over the rows and no allocation once the lists have grown.
public struct ShardWork: Sendable {
    /// A row by its number, and the key it is looked up by.
    struct Entry: BitwiseCopyable {
        var key: UInt64
        var row: UInt32
        var shard: UInt32
    }

    /// Rows of one keying, those of a shard side by side.
    struct List: Sendable {
        private var drawn: ContiguousArray<Entry> = []
        private(set) var entries: ContiguousArray<Entry> = []
        /// Where each shard's entries begin; one more for the end.
        private var starts = ContiguousArray<Int>(repeating: 0, count: Limits.shards + 1)

        @inline(__always) func range(_ shard: Int) -> Range<Int> {
            shard < Limits.shards ? starts[shard]..<starts[shard + 1] : 0..<0
        }

        mutating func removeAll() { drawn.removeAll(keepingCapacity: true) }

        @inline(__always) mutating func append(_ row: Int, _ key: UInt64, _ shard: Int) {
            drawn.append(Entry(key: key, row: UInt32(truncatingIfNeeded: row), shard: UInt32(truncatingIfNeeded: shard)))
        }

        /// Sorts what was appended by shard, keeping the order within each.
        mutating func arrange() {
            for shard in starts.indices { starts[shard] = 0 }
            for entry in drawn { starts[Int(entry.shard) + 1] += 1 }
            for shard in 0..<Limits.shards { starts[shard + 1] += starts[shard] }
            if entries.count < drawn.count {
                entries.append(contentsOf: repeatElement(Entry(key: 0, row: 0, shard: 0), count: drawn.count - entries.count))
            }
            for entry in drawn {
                entries[starts[Int(entry.shard)]] = entry
                starts[Int(entry.shard)] += 1
            }
            // Each start has moved on to the next one's place.
            for shard in stride(from: Limits.shards, to: 0, by: -1) { starts[shard] = starts[shard - 1] }
            starts[0] = 0
        }
    }

    /// Calls and answers, and the messages that may be answered.
    var calls = List()
    var runRows = List()
    var agentCalls = List()
    /// Whatever says what is usual for an agent.
    var observed = List()
    /// What agents do in time: their calls, and the messages that they send.
    var paced = List()
    /// The rows at which another second of a tenant's time begins, the first one of each tenant among them.
    private(set) var instants: [Instant] = []
    /// Where each tenant's time has got to.
    private(set) var latest: [Instant] = []

    struct Instant {
        var row: UInt32
        var tenant: NameHash
        var time: EventTime
    }

    public init() {}

    /// Takes the rows `rows` of `batch` in place of what was there.
    public mutating func share(_ batch: SpanBatch, _ rows: Range<Int>) {
        calls.removeAll()
        runRows.removeAll()
        agentCalls.removeAll()
        observed.removeAll()
        paced.removeAll()
        instants.removeAll(keepingCapacity: true)
        latest.removeAll(keepingCapacity: true)
        batch.rows.withUnsafeBufferPointer { all in
            // Guard: `rows` is inside the buffer, and the pointer does not leave this closure.
            guard let base = all.baseAddress, rows.lowerBound >= 0, rows.upperBound <= all.count else { return }
            for number in rows {
                share(base + number, number)
                sharePace(base + number, number, batch.strings)
            }
        }
        calls.arrange()
        runRows.arrange()
        agentCalls.arrange()
        observed.arrange()
        paced.arrange()
    }

    // Guard: as above.
    @inline(__always) private mutating func share(_ row: UnsafePointer<SpanRecord>, _ number: Int) {
        if row.pointee.kind == .mark, row.pointee.flags.contains(.logRecord), Detection.isObserved(row) {
            // Whose shards the agents are in that it concerns is theirs to know.
            for shard in 0..<Limits.shards { observed.append(number, row.pointee.place.agentKey, shard) }
        } else if Detection.isObserved(row) {
            observed.append(number, row.pointee.place.agentKey, Shard.ofAgent(row.pointee.place.agentKey))
        }
        let isCall = Detection.isCall(row)
        let isMessage = !isCall && Detection.isMessage(row)
        if isCall || isMessage {
            let runKey = row.pointee.place.runKey
            runRows.append(number, runKey, Shard.ofRun(runKey))
        }
        if isCall || (isMessage && row.pointee.messageDigest != 0) || ReasoningLoop.concerns(row) {
            calls.append(number, row.pointee.place.turnKey, Shard.ofTurn(row.pointee.place.turnKey))
        }
        if isCall { agentCalls.append(number, row.pointee.place.agentKey, Shard.ofAgent(row.pointee.place.agentKey)) }
    }

    // Guard: as above.
    @inline(__always) private mutating func sharePace(_ row: UnsafePointer<SpanRecord>, _ number: Int, _ strings: StringTable) {
        guard row.pointee.place.outcome == .processed || row.pointee.place.outcome == .late else { return }
        note(row.pointee.place, number)
        if Detection.isPacedCall(row) {
            let agent = row.pointee.place.agentKey
            paced.append(number, AgentPace.key(of: agent, .callRate), Shard.ofAgent(agent))
        } else if Detection.isMessage(row) {
            let sender = Detection.senderKey(row, strings)
            paced.append(number, AgentPace.key(of: sender, .messageRate), Shard.ofAgent(sender))
        }
    }

    private mutating func note(_ place: Place, _ number: Int) {
        let instant = Instant(row: UInt32(truncatingIfNeeded: number), tenant: place.tenantName, time: place.engineTime)
        guard let at = latest.firstIndex(where: { $0.tenant == place.tenantName }) else {
            latest.append(instant)
            return instants.append(instant)
        }
        if latest[at].time.nanoseconds / 1_000_000_000 < instant.time.nanoseconds / 1_000_000_000 { instants.append(instant) }
        latest[at] = instant
    }

    /// Whether a shard has a deadline by the end of this work.
    public func isDue(_ shard: borrowing Shard) -> Bool {
        latest.contains { shard.paceDeadlines.isDue($0.tenant, at: $0.time) || shard.idleRuns.isDue($0.tenant, at: $0.time) }
    }

    /// Finds the row at which the time of a tenant reached a whole second. It remembers where it was: times of one tenant hardly
    /// ever fall from call to call.
    struct Lookup {
        private var tenant: NameHash = 0
        private var time = EventTime.zero
        private var from = 0

        mutating func record(of tenant: NameHash, at time: EventTime, in work: ShardWork) -> UInt32 {
            if tenant != self.tenant || time < self.time { from = 0 }
            (self.tenant, self.time) = (tenant, time)
            while from < work.instants.count, work.instants[from].tenant != tenant || work.instants[from].time < time { from += 1 }
            return from < work.instants.count ? work.instants[from].row : 0
        }
    }

    /// Whether a shard has nothing to do.
    public func isEmpty(_ shard: Int) -> Bool {
        runRows.range(shard).isEmpty && calls.range(shard).isEmpty && agentCalls.range(shard).isEmpty && observed.range(shard).isEmpty
            && paced.range(shard).isEmpty
    }
}
