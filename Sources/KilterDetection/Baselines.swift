import KilterMath
import KilterState
import KilterVocabulary

/// Agent keying: what is usual for each agent, of one shard. Rows are summed up to runs; a run that is over, by its root or by
/// five quiet minutes, is one observation of each signal that it shows.
extension Detection {
    /// Whether `row` says anything about what is usual. Lateness does not matter here (contract, section 4.2).
    // Guard: the pointer is only used here.
    @inline(__always) static func isObserved(_ row: UnsafePointer<SpanRecord>) -> Bool {
        guard row.pointee.place.outcome == .processed || row.pointee.place.outcome == .late else { return false }
        return !row.pointee.flags.contains(.logRecord) || row.pointee.assessmentCount > 0
    }

    public static func stepBaselines(
        _ work: ShardWork, _ number: Int, _ batch: SpanBatch, _ standards: Standards, _ shard: inout Shard, into found: inout Found
    ) {
        let range = work.observed.range(number)
        var desk = BaselineDesk(record: 0, now: .zero, fleet: 1, standards)
        var paces = PaceDesk(standards)
        paces.begin(work, number)
        for position in range {
            let far = position + 8
            if far < range.upperBound { shard.tallies.prefetch(batch.rows[Int(work.observed.entries[far].row)].place.taskKey) }
            let entry = work.observed.entries[position]
            paces.advance(before: entry.row, work, number, batch, &shard, &found)
            batch.rows.withUnsafeBufferPointer { rows in
                // Guard: the entry was made of this batch; the row is only read, and only here.
                guard let row = rows.baseAddress.map({ $0 + Int(entry.row) }) else { return }
                (desk.record, desk.now, desk.fleet) = (entry.row, row.pointee.place.engineTime, row.pointee.place.fleet)
                paces.pass(to: row.pointee.place, work, &shard, &found)
                if row.pointee.kind == .mark { desk.noteChanges(row, batch, &shard) }
                if row.pointee.flags.contains(.logRecord) {
                    // Marks come to every shard.
                    if Shard.ofAgent(row.pointee.place.agentKey) == number { desk.assess(row, batch, &shard, &found) }
                } else {
                    desk.observe(row, batch, &shard, &found)
                }
            }
        }
        paces.advance(before: nil, work, number, batch, &shard, &found)
    }
}

/// What observations are judged by at one record.
struct BaselineDesk {
    var record: UInt32
    var now: EventTime
    /// When what is observed happened: runs are observed a little after they are over.
    var observedAt = EventTime.zero
    /// Agents of the tenant that are alive.
    var fleet: UInt32
    let standards: Standards

    init(record: UInt32, now: EventTime, fleet: UInt32, _ standards: Standards) {
        self.record = record
        self.now = now
        self.fleet = fleet
        self.standards = standards
    }

    // MARK: Runs

    /// A run whose deadline has come is over, unless it was heard of since: then its turn comes by its own deadline.
    mutating func endIdle(_ key: UInt64, isRooted: Bool, of tenant: NameHash, _ shard: inout Shard, _ found: inout Found) {
        // Guard: the slot is of the shard's tallies, which nothing below inserts into.
        guard let slot = shard.tallies.find(key), !slot.pointee.isIdle else { return }
        guard !isRooted || slot.pointee.isRooted && !slot.pointee.isClosed else { return }
        let lastSeen = slot.pointee.lastSeen
        guard IdleRuns.deadline(lastSeen, isRooted: isRooted) <= now else {
            return shard.idleRuns.arm(key, of: tenant, lastSeen: lastSeen, isRooted: isRooted)
        }
        slot.pointee.isIdle = !isRooted
        fleet = slot.pointee.fleet
        close(slot, &shard, &found)
    }

    /// A run that ended long before another one of its agent began is over, whatever the time of the tenant: recordings
    /// of different days stand one behind the other. Where no span ends a run, the next one does.
    // Guard: the row is only read, and only here.
    private func endRunsBefore(_ row: UnsafePointer<SpanRecord>, _ shard: inout Shard, _ found: inout Found) -> Bool {
        let agent = shard.agents.findOrInsert(
            row.pointee.place.agentKey, owner: row.pointee.place.tenantName, initial: AgentBaseline()
        ).slot
        let open = agent.pointee.begin(row.pointee.place.taskKey)
        let isFlat = agent.pointee.isFlat
        for index in 0..<8 where open[index] != 0 && open[index] != row.pointee.place.taskKey {
            guard let slot = shard.tallies.find(open[index]), !slot.pointee.isClosed, slot.pointee.end > 0,
                EventTime(nanoseconds: slot.pointee.end) + (isFlat || slot.pointee.isRooted ? Nanoseconds(0) : IdleRuns.idle)
                    < EventTime(nanoseconds: row.pointee.startNanoseconds)
            else { continue }
            close(slot, &shard, &found)
        }
        return isFlat
    }

    // Guard: as in `stepBaselines`.
    func observe(_ row: UnsafePointer<SpanRecord>, _ batch: SpanBatch, _ shard: inout Shard, _ found: inout Found) {
        let key = row.pointee.place.taskKey
        // Guard: the pointer is used before the slab is changed again.
        let slot = shard.tallies.find(key) ?? begin(row, key, batch.strings, &shard, &found)
        if slot.pointee.isRooted, isAnother(row, slot) { close(slot, &shard, &found) }
        let tool = batch.strings.hash(row.pointee.tool)
        if slot.pointee.isClosed, !reopen(slot, row, batch.strings, &shard) {
            // Too late for the run, but a call like any other.
            watchTails(row, tool, finishReason: slot.pointee.finishReason, batch.strings, &shard, &found)
            return
        }
        let isLong = slot.pointee.observe(row, tool: tool, batch.strings)
        watchTails(row, tool, finishReason: slot.pointee.finishReason, batch.strings, &shard, &found)
        if row.pointee.embedding != 0, let embedding = batch.embedding(of: row.pointee) { slot.pointee.note(embedding) }
        var hasOutcome = false
        if row.pointee.assessmentCount > 0 {
            for said in batch.assessments(of: row.pointee) where said.kind == .outcome {
                slot.pointee.outcome = batch.strings.hash(said.label)
                hasOutcome = true
            }
        }
        let isWhole =
            row.pointee.place.conversationName == 0 || slot.pointee.spans > 1 || hasOutcome || row.pointee.kind == .invokeAgent
            || row.pointee.kind == .workflow
        if row.pointee.parent == 0 && isWhole && !slot.pointee.isFlat {
            if !slot.pointee.isRooted { shard.idleRuns.arm(key, of: row.pointee.place.tenantName, lastSeen: now, isRooted: true) }
            slot.pointee.isRooted = true
        } else if isLong {
            end(slot, &shard, &found)
            slot.pointee.beginAnew()
        }
        assess(row, batch, &shard, &found)
    }

    /// A run that begins with `row`.
    // Guard: as above; the pointer is used before the slab is changed again.
    @inline(never) private func begin(
        _ row: UnsafePointer<SpanRecord>, _ key: UInt64, _ strings: StringTable, _ shard: inout Shard, _ found: inout Found
    ) -> UnsafeMutablePointer<RunTally> {
        let isFlat = endRunsBefore(row, &shard, &found)
        let slot = shard.tallies.findOrInsert(key, owner: row.pointee.place.tenantName, initial: RunTally(row, strings)).slot
        slot.pointee.isFlat = isFlat
        shard.idleRuns.arm(key, of: row.pointee.place.tenantName, lastSeen: now)
        return slot
    }

    /// Whether a record adds to a run that was observed. What comes late of it does not; what comes
    /// after a long pause, and the next trace of its turn, is a run of
    /// its own, and one that begins behind the supposed end shows that the agent's spans have no parents.
    // Guard: as above; the slot is of the shard's tallies, which nothing in here inserts into.
    private func reopen(
        _ slot: UnsafeMutablePointer<RunTally>, _ row: UnsafePointer<SpanRecord>, _ strings: StringTable, _ shard: inout Shard
    ) -> Bool {
        guard slot.pointee.isIdle || isAnother(row, slot) else { return false }
        let isFlat = slot.pointee.isFlat || !(slot.pointee.trace != row.pointee.trace || slot.pointee.isIdle)
        if slot.pointee.isIdle { shard.idleRuns.arm(slot.pointee.taskKey, of: slot.pointee.tenant, lastSeen: now) }
        slot.pointee = RunTally(row, strings)
        slot.pointee.isFlat = isFlat
        if isFlat { shard.agents.find(row.pointee.place.agentKey)?.pointee.isFlat = true }
        return true
    }

    /// Whether a record begins another run than the one whose root has ended.
    // Guard: as above.
    private func isAnother(_ row: UnsafePointer<SpanRecord>, _ slot: UnsafeMutablePointer<RunTally>) -> Bool {
        slot.pointee.trace != row.pointee.trace || (row.pointee.parent == 0 && row.pointee.startNanoseconds >= slot.pointee.end)
    }

    /// Observes a run that is over, once.
    // Guard: the slot is of the shard's tallies, which nothing in here inserts into.
    private func close(_ slot: UnsafeMutablePointer<RunTally>, _ shard: inout Shard, _ found: inout Found) {
        guard !slot.pointee.isClosed else { return }
        slot.pointee.isClosed = true
        end(slot, &shard, &found)
    }

    /// Observes a run that is over.
    // Guard: the run is only read, while nothing is added to the shard's tallies.
    private func end(_ tally: UnsafePointer<RunTally>, _ shard: inout Shard, _ found: inout Found) {
        guard !standards.isMaintained(tally.pointee.thresholdSet, at: tally.pointee.end) else { return }
        let declared = shard.changes.find(ChangeBoard.key(of: tally.pointee.tenant))?.pointee.latest(for: tally.pointee)
        // Guard: the slab of agents is not changed again while the pointer is used.
        let agent = shard.agents.findOrInsert(tally.pointee.agentKey, owner: tally.pointee.tenant, initial: AgentBaseline()).slot
        agent.pointee.runs &+= 1
        (agent.pointee.environment, agent.pointee.service, agent.pointee.agent) = (
            tally.pointee.environment, tally.pointee.service, tally.pointee.agent
        )
        let isMarked = agent.pointee.note(version: tally.pointee.version, after: declared, startedAt: tally.pointee.start, at: now)
        let isOtherModel = agent.pointee.note(model: tally.pointee.responseModel, at: now)
        var book = BaselineBook(desk: self, subject: RunSubject(tally.pointee), agent: agent, time: tally.pointee.end)
        // A model that changes with what was declared was declared.
        if isMarked || isOtherModel && !agent.pointee.isDeclared(before: tally.pointee.end),
            !standards.isSilenced(.versionChange, tally.pointee.thresholdSet)
        {
            book.found.append(isMarked ? VersionChange.declared(book) : VersionChange.finding(book))
        }
        book.observeRun(tally, &shard)
        book.observeSteps(tally, &shard)
        book.observeMixes(tally, &shard)
        book.observeEmbedding(tally, &shard)
        book.observeRepeat(tally, &shard)
        if !book.found.isEmpty { found.findings += book.found }
        book.scores.append(tally, self, agentRuns: agent.pointee.runs, to: &found.groupRuns)
    }

    // MARK: What is said of runs

    /// Scores, feedback and outcomes that come on a record of their own.
    // Guard: as above.
    func assess(_ row: UnsafePointer<SpanRecord>, _ batch: SpanBatch, _ shard: inout Shard, _ found: inout Found) {
        guard row.pointee.assessmentCount > 0 else { return }
        guard !standards.isMaintained(row.pointee.place.thresholdSet, at: row.pointee.endNanoseconds) else { return }
        let isLog = row.pointee.flags.contains(.logRecord)
        var tally = RunTally(row, batch.strings)
        tally.lastSpan = row.pointee.span
        tally.thresholdSet = row.pointee.place.thresholdSet
        tally.version = batch.strings.hash(row.pointee.agentVersion)
        // Guard: as in `end`.
        let agent = shard.agents.findOrInsert(tally.agentKey, owner: tally.tenant, initial: AgentBaseline()).slot
        var book = BaselineBook(desk: self, subject: RunSubject(tally), agent: agent, time: row.pointee.endNanoseconds)
        for said in batch.assessments(of: row.pointee) {
            let name = batch.strings.hash(said.name)
            switch said.kind {
            case .outcome: if isLog { book.observe(outcome: batch.strings.hash(said.label), &shard) }
            case .feedback: book.observe(score: said.score, .feedback, label: 0, &shard)
            case .evaluation: if said.hasScore { book.observe(score: said.score, .evaluation, label: name, &shard) }
            case .guardrail: book.observe(rate: Self.isBlocked(batch.strings.string(said.label)), .guardrail, label: name, &shard)
            case .mark: break
            }
        }
        found.findings += book.found
    }

    /// Keeps the changes that a record declares for the agents of this shard.
    // Guard: as above.
    @inline(never) func noteChanges(_ row: UnsafePointer<SpanRecord>, _ batch: SpanBatch, _ shard: inout Shard) {
        for said in batch.assessments(of: row.pointee) where said.kind == .mark {
            let change = DeclaredChange(said, of: row, batch.strings), tenant = row.pointee.place.tenantName
            shard.changes.findOrInsert(ChangeBoard.key(of: tenant), owner: tenant, initial: ChangeBoard()).slot.pointee.note(change)
        }
    }

    /// A guardrail either let something pass, in one word or another, or it did not.
    private static func isBlocked(_ label: String) -> Bool {
        !["pass", "passed", "allow", "allowed", "ok", "none", "safe", "false", "success"].contains(label.lowercased())
    }
}
