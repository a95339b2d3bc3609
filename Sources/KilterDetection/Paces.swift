import KilterMath
import KilterState
import KilterVocabulary

/// Agent keying: how often each agent calls and sends messages, and time as it passes. Buckets close by the agent's own records, or by
/// deadlines of engine time where it says nothing, so that what does not happen counts, too; so do runs.
extension Detection {
    /// A call of a model or a tool by the one who makes it; refused ones are none.
    // Guard: the pointer is only used here.
    @inline(__always) static func isPacedCall(_ row: UnsafePointer<SpanRecord>) -> Bool {
        guard row.pointee.flags.isDisjoint(with: [.logRecord, .serverSide, .rateLimited, .blocked]) else { return false }
        return row.pointee.kind.isInference || row.pointee.kind == .executeTool && row.pointee.place.toolClass != .ignore
    }

    /// The sender of a message, who is of the service that the message was seen in.
    // Guard: as above.
    static func senderKey(_ row: UnsafePointer<SpanRecord>, _ strings: StringTable) -> UInt64 {
        let home = StableHash.combine(
            row.pointee.place.tenantName ^ strings.hash(row.pointee.environment), strings.hash(row.pointee.service))
        return StableHash.combine(home, strings.hash(row.pointee.sender))
    }

    /// Time that passes without records, of one shard.
    public static func tick(
        of tenant: NameHash, _ time: EventTime, _ standards: Standards, _ shard: inout Shard, into found: inout Found
    ) {
        var desk = PaceDesk(standards)
        desk.pass(of: tenant, to: time, nil, &shard, &found)
    }

    /// All runs of a tenant that are still going on are over, of one shard.
    public static func endRuns(of tenant: NameHash, _ standards: Standards, _ shard: inout Shard, into found: inout Found) {
        while let due = shard.idleRuns.next(of: tenant, at: EventTime(nanoseconds: .max - 1)) {
            var desk = BaselineDesk(record: 0, now: due.time, fleet: 1, standards)
            desk.endIdle(due.key, isRooted: due.isRooted, of: tenant, &shard, &found)
        }
    }
}

/// What buckets are judged by. It goes through a shard's calls and messages beside its observations, because each of
/// the two changes what the other may spend.
struct PaceDesk {
    var record: UInt32 = 0
    var now = EventTime.zero
    /// The next call or message of the shard's, in its list.
    private var next = 0
    /// Where the last record was found at which time had come to a deadline.
    private var lookup = ShardWork.Lookup()
    let standards: Standards

    init(_ standards: Standards) { self.standards = standards }

    // MARK: Time

    /// Begins with the first call or message of a shard.
    mutating func begin(_ work: ShardWork, _ number: Int) { next = work.paced.range(number).lowerBound }

    /// Takes calls and messages that stand before a row; nil takes all that are left, and the time after them.
    mutating func advance(
        before row: UInt32?, _ work: ShardWork, _ number: Int, _ batch: SpanBatch, _ shard: inout Shard, _ found: inout Found
    ) {
        let end = work.paced.range(number).upperBound
        while next < end, row.map({ work.paced.entries[next].row < $0 }) ?? true {
            let entry = work.paced.entries[next]
            next += 1
            batch.rows.withUnsafeBufferPointer { rows in
                // Guard: the entry was made of this batch; the row is only read, and only here.
                guard let row = rows.baseAddress.map({ $0 + Int(entry.row) }) else { return }
                pass(to: row.pointee.place, work, &shard, &found)
                (record, now) = (entry.row, row.pointee.place.engineTime)
                take(row, entry.key, batch.strings, &shard, &found)
            }
        }
        guard row == nil else { return }
        for latest in work.latest { pass(of: latest.tenant, to: latest.time, work, &shard, &found) }
    }

    /// Lets the time of a tenant pass up to a row.
    mutating func pass(to place: Place, _ work: ShardWork, _ shard: inout Shard, _ found: inout Found) {
        pass(of: place.tenantName, to: place.engineTime, work, &shard, &found)
    }

    /// What becomes due of a tenant by `time`, in the order in which it does: buckets and runs that are over, though nothing was heard of
    /// their agents. Without `work` no record is at hand.
    mutating func pass(of tenant: NameHash, to time: EventTime, _ work: ShardWork?, _ shard: inout Shard, _ found: inout Found) {
        while shard.idleRuns.isDue(tenant, at: time), let due = shard.idleRuns.next(of: tenant, at: time) {
            closeBuckets(of: tenant, at: due.time, work, &shard, &found)
            let record = work.map { lookup.record(of: tenant, at: due.time, in: $0) } ?? 0
            var desk = BaselineDesk(record: record, now: due.time, fleet: 1, standards)
            desk.endIdle(due.key, isRooted: due.isRooted, of: tenant, &shard, &found)
        }
        closeBuckets(of: tenant, at: time, work, &shard, &found)
    }

    /// Buckets of the tenant that are over, though nothing was heard of their agents.
    private mutating func closeBuckets(
        of tenant: NameHash, at time: EventTime, _ work: ShardWork?, _ shard: inout Shard, _ found: inout Found
    ) {
        while let due = shard.paceDeadlines.next(of: tenant, at: time) {
            // Guard: the slot is of the shard's paces, which nothing below inserts into.
            guard let slot = shard.paces.find(due.key), slot.pointee.armed == due.time else { continue }
            (record, now) = (work.map { lookup.record(of: tenant, at: due.time, in: $0) } ?? 0, due.time)
            let clock = slot.pointee.clock(at: due.time)
            while let closed = slot.pointee.close(at: clock) { judge(closed, slot, &shard, &found) }
            _ = slot.pointee.fallAsleep(at: clock)
            if let next = slot.pointee.arm() { shard.paceDeadlines.arm(due.key, of: tenant, at: next) }
        }
    }

    // Guard: as in `stepPaces`.
    mutating func take(
        _ row: UnsafePointer<SpanRecord>, _ key: UInt64, _ strings: StringTable, _ shard: inout Shard, _ found: inout Found
    ) {
        // Guard: the slab is not changed again while the pointer is used.
        let slot = shard.paces.find(key) ?? begin(row, key, strings, &shard)
        guard slot.pointee.take(row) else { return }
        if slot.pointee.isSilent { Silence.end(slot, row, self, &found) }
        while let closed = slot.pointee.close(at: slot.pointee.lastEnd) { judge(closed, slot, &shard, &found) }
        slot.pointee.count(end: row.pointee.endNanoseconds)
        if slot.pointee.armed == .never, let next = slot.pointee.arm() {
            shard.paceDeadlines.arm(key, of: slot.pointee.tenant, at: next)
        }
    }

    // Guard: as above.
    @inline(never) private func begin(
        _ row: UnsafePointer<SpanRecord>, _ key: UInt64, _ strings: StringTable, _ shard: inout Shard
    ) -> UnsafeMutablePointer<AgentPace> {
        var pace = AgentPace()
        let isCall = key == AgentPace.key(of: row.pointee.place.agentKey, .callRate)
        pace.signal = isCall ? .callRate : .messageRate
        pace.agentKey = isCall ? row.pointee.place.agentKey : Detection.senderKey(row, strings)
        pace.agent = isCall ? row.pointee.place.agentName : strings.hash(row.pointee.sender)
        pace.tenant = row.pointee.place.tenantName
        pace.environment = strings.hash(row.pointee.environment)
        pace.service = strings.hash(row.pointee.service)
        return shard.paces.findOrInsert(key, owner: pace.tenant, initial: pace).slot
    }

    // MARK: Buckets

    // Guard: as above.
    private func judge(_ closed: AgentPace.Closed, _ slot: UnsafeMutablePointer<AgentPace>, _ shard: inout Shard, _ found: inout Found) {
        let begin = EventTime(nanoseconds: closed.begin &* 1_000_000_000)
        let end = begin + .seconds(UInt64(slot.pointee.width))
        guard !standards.isMaintained(slot.pointee.thresholdSet, from: begin, to: end) else { return }
        let cell = PaceBaseline.cell(seconds: closed.begin)
        let isReady = slot.pointee.stream.baseline.isReady(cell: cell)
        // Whose runs are not observed has no budget to be alarmed by.
        let agent = shard.agents.find(slot.pointee.agentKey)
        if let agent { adopt(slot, agent) }
        let allowance = isReady ? agent.map { self.allowance(&slot.pointee, $0) } ?? 0 : 0
        let learns = slot.pointee.stream.watch.said != .critical && !slot.pointee.isSilent
        let total = slot.pointee.stream.baseline.observe(
            events: closed.events, seconds: closed.begin, allowance: Float(allowance / 2), learns: learns)
        if slot.pointee.signal == .callRate {
            Silence.judge(closed, slot, allowance: allowance / 2, agent?.pointee.version ?? 0, end, self, &found)
        }
        if isReady, let agent, let finding = drift(total, slot, agent, end, isHeard: closed.events > 0) { found.findings.append(finding) }
    }

    /// A change that stood is what is usual once a new version was declared, or after two weeks.
    // Guard: as above.
    private func adopt(_ slot: UnsafeMutablePointer<AgentPace>, _ agent: UnsafeMutablePointer<AgentBaseline>) {
        let isOther = slot.pointee.epoch != agent.pointee.epoch && slot.pointee.stream.watch.said != .nothing
        slot.pointee.epoch = agent.pointee.epoch
        guard isOther || Drift.isAdopted(slot.pointee.stream.watch, now) else { return }
        slot.pointee.stream.restart(PaceBaseline())
    }

    /// What the signal may spend for the time, or the runs, since its previous bucket; half of it is that of silence.
    // Guard: as above.
    private func allowance(_ pace: inout AgentPace, _ agent: UnsafeMutablePointer<AgentBaseline>) -> Double {
        if !pace.stream.watch.hasVaried {
            pace.stream.watch.hasVaried = true
            agent.pointee.noteStream(pace.signal)
        }
        let passed = pace.stream.watch.lastSeen == .zero ? Nanoseconds(0) : now.since(pace.stream.watch.lastSeen)
        let runs = pace.stream.watch.lastRun == 0 ? 0 : agent.pointee.runs &- pace.stream.watch.lastRun
        if pace.stream.watch.firstSeen == .zero { pace.stream.watch.firstSeen = now }
        (pace.stream.watch.lastSeen, pace.stream.watch.lastRun) = (now, agent.pointee.runs)
        let whole = standards.budget.allowance(passed: passed, runs: Double(runs), agents: pace.fleet)
        return whole * agent.pointee.share(of: pace.signal, at: now)
    }

    // Guard: as above.
    private func drift(
        _ total: Float, _ slot: UnsafeMutablePointer<AgentPace>, _ agent: UnsafeMutablePointer<AgentBaseline>, _ end: EventTime,
        isHeard: Bool
    ) -> Finding? {
        var desk = BaselineDesk(record: record, now: now, fleet: slot.pointee.fleet, standards)
        desk.observedAt = now
        // What others say belongs to runs.
        let alone = PoolShare(others: 0, round: slot.pointee.stream.watch.round)
        let said = Drift.conclude(&slot.pointee.stream, total, alone, desk, isHeard: isHeard)
        guard var change = said.change, !standards.isSilenced(said.verdict.detector, slot.pointee.thresholdSet) else { return nil }
        let perMinute = 60 / Double(max(slot.pointee.width, 1))
        change.mapFigures { $0 * perMinute }
        (change.signal, change.step, change.bucketSeconds) = (slot.pointee.signal, .span, slot.pointee.width)
        var finding = finding(said.verdict.detector, .statistical, said.verdict.severity, slot.pointee, at: end)
        finding.agentVersion = agent.pointee.version
        finding.startedAt = min(said.verdict.onset, end)
        finding.count = change.countAfter
        finding.delaySpans = change.countAfter
        finding.change = change
        return finding
    }

    /// A finding about the agent at an instant of its own clock.
    func finding(_ detector: DetectorID, _ tier: Tier, _ severity: Severity, _ pace: AgentPace, at time: EventTime) -> Finding {
        var finding = Finding()
        finding.record = record
        finding.keying = .agent
        finding.detector = detector
        finding.tier = tier
        finding.severity = severity
        finding.subject = AgentPace.key(of: pace.agentKey, pace.signal)
        finding.agentKey = pace.agentKey
        finding.tenant = pace.tenant
        finding.environment = pace.environment
        finding.service = pace.service
        finding.agent = pace.agent
        finding.trace = pace.lastTrace
        finding.span = pace.lastSpan
        finding.engineTime = now
        finding.observedAt = time
        finding.startedAt = time
        return finding
    }
}
