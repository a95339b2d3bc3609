import KilterMath
import KilterState
import KilterVocabulary

/// Group keying: tasks of all agents of a service, or of all that ask one model, one after the other. What each counts is how
/// unusual it was for its own agents, so agents of all kinds add up, and a small shift that all of them share shows as many
/// times sooner as there are agents.
///
/// Agents that work on one trace depend on one another: they count as one. A group of one agent says nothing that the agent does not.
extension Detection {
    /// Takes runs in the order of their records and, at one record, of engine time; `shard` is that of the run's group.
    public static func stepGroup(_ run: GroupRun, _ standards: Standards, _ shard: inout Shard, into findings: inout [Finding]) {
        // Guard: the pointer is used before the slab is changed again.
        shard.groupBaselines.findOrInsert(run.groupKey, owner: run.tenant, initial: AgentBaseline()).slot.pointee.note(member: run.member)
        let waiting = shard.groups.findOrInsert(run.groupKey, owner: run.tenant, initial: GroupTally()).slot
        waiting.pointee.take(run) { observe($0, at: run, standards, &shard, into: &findings) }
    }

    /// What is said of a trace that is over is said now, at the run that came after it.
    private static func observe(
        _ run: borrowing GroupRun, at now: GroupRun, _ standards: Standards, _ shard: inout Shard, into findings: inout [Finding]
    ) {
        // Guard: the slab of groups is not changed again while the pointer is used.
        let group = shard.groupBaselines.findOrInsert(run.groupKey, owner: run.tenant, initial: AgentBaseline()).slot
        group.pointee.runs &+= 1
        // Whose they are, for people: a service, or the model that is asked.
        (group.pointee.environment, group.pointee.service) = run.kind == .service ? (run.environment, run.service) : (0, 0)
        group.pointee.agent = run.kind == .model ? run.model : 0
        let desk = BaselineDesk(record: now.record, now: now.engineTime, fleet: now.fleet, standards)
        var book = BaselineBook(desk: desk, subject: RunSubject(run), agent: group, time: run.observedAt.nanoseconds)
        book.group = run.kind
        // As many agents as make the group have the budget of one; to it comes what its members cannot spend yet.
        book.part = min(1, 1 / group.pointee.memberCount() + Double(run.unspent))
        let isWatched = group.pointee.hasManyMembers()
        if run.hasFailed { group.pointee.failedAt = max(group.pointee.failedAt, run.observedAt) }
        let failedAt = group.pointee.failedAt
        for index in 0..<GroupRun.Facet.count where run.facets >> UInt64(index) & 1 == 1 {
            let score = run.scores[index] / Float(max(run.counts[index], 1))
            let facet = GroupRun.Facet(index: index)
            if facet.signal == .repeatAnswer {
                let part = run.unexpected / Float(max(run.counts[index], 1))
                book.observe(repeated: score, part: part, facet, &shard, isWatched: isWatched)
            } else {
                // Chance breaks the ties of runs that did not fail; of them alone nothing is told.
                book.observe(
                    score: score, facet, &shard, isWatched: isWatched, shownAt: facet.signal == .errorRate ? failedAt : .never)
            }
        }
        for index in book.found.indices { book.found[index].keying = .group }
        findings += book.found
    }
}

/// The scores of one run, collected signal by signal.
struct RunScores {
    private var sums = InlineArray<40, Float>(repeating: 0)
    private var counts = InlineArray<40, Float>(repeating: 0)
    private var facets: UInt64 = 0
    var unexpected: Float = 0
    var hasFailed = false

    /// Runs of an agent from which on it can be told from its own alone that it changed.
    static let runsOfOwn: UInt32 = 24
    /// Observations of an agent's own from which on their ranks tell enough.
    static let observationsMin: UInt32 = 2

    mutating func add(_ score: Float, _ signal: Signal, _ step: SignalChange.Step) {
        guard let facet = GroupRun.Facet(signal, step) else { return }
        sums[facet.index] += score
        counts[facet.index] += 1
        facets |= 1 << UInt64(facet.index)
    }

    /// Adds the run for its service, unless nothing is known of it yet.
    // Guard: the run is only read, while nothing is added to the shard's tallies.
    func append(_ tally: UnsafePointer<RunTally>, _ desk: BaselineDesk, agentRuns: UInt32, to runs: inout [GroupRun]) {
        guard facets != 0 else { return }
        var run = GroupRun()
        run.record = desk.record
        run.facets = facets
        for index in 0..<GroupRun.Facet.count where counts[index] > 0 {
            run.scores[index] = sums[index] / counts[index]
            run.counts[index] = 1
        }
        (run.tenant, run.environment, run.service, run.model) = (
            tally.pointee.tenant, tally.pointee.environment, tally.pointee.service, tally.pointee.requestModel
        )
        (run.trace, run.span) = (tally.pointee.trace, tally.pointee.lastSpan)
        (run.startedAt, run.observedAt) = (EventTime(nanoseconds: tally.pointee.start), EventTime(nanoseconds: tally.pointee.end))
        (run.engineTime, run.fleet, run.thresholdSet) = (desk.now, desk.fleet, tally.pointee.thresholdSet)
        run.kind = .service
        run.groupKey = GroupRun.key(ofServiceAt: run.home)
        run.member = tally.pointee.agentKey
        run.unexpected = unexpected
        run.hasFailed = hasFailed
        run.unspent = agentRuns < Self.runsOfOwn ? 1 : 0
        runs.append(run)
    }
}

extension GroupRun {
    fileprivate var home: UInt64 { Self.home(tenant, environment, service) }

    /// Service and environment.
    static func home(_ tenant: NameHash, _ environment: NameHash, _ service: NameHash) -> UInt64 {
        StableHash.combine(tenant ^ environment, service)
    }

    /// The groups of a service and of those that ask one model.
    static func key(ofServiceAt home: UInt64) -> UInt64 { StableHash.combine(home, 0x5e7) }
    static func key(ofModel model: NameHash, tenant: NameHash) -> UInt64 {
        StableHash.combine(StableHash.combine(tenant, model), 0x30d)
    }

    /// Makes the run of a service the same one of the model that was asked for; false where that is not known.
    public mutating func moveToModel() -> Bool {
        guard model != 0 else { return false }
        kind = .model
        groupKey = Self.key(ofModel: model, tenant: tenant)
        member = home
        unspent = 0
        return true
    }
}
