import KilterDetection
import KilterIntake
import KilterState
import KilterVocabulary

/// The walk of a span on one screen: admission, the agent keying, the run keying, the desk.
///
/// `step` is a function of the state and the batch: no clock, no randomness, no thread identity in what it returns.
/// The workers only share out the shards; findings are put in order before anybody sees them. One owner at a time.
public final class Engine {
    public let settings: Settings
    public let workers: Int
    var admission = Admission()
    let shards: [ShardRoom]
    var desk: Desk
    let crew: Crew
    private var work = ShardWork()
    var thresholdSets: ThresholdSets
    private var toolClasses: ToolClasses
    let acknowledgements = Acknowledgements()
    public private(set) var eventCounts = EventCounts()
    /// What agents send, for those who ask; nil where nobody will.
    private(set) var census: Census?

    /// - Parameters:
    ///   - workers: threads that judge; any number gives the same bytes.
    ///   - memory: what state may take.
    ///   - takesCensus: whether `diagnosis` will be asked for.
    public init(settings: Settings, workers: Int = 1, memory: StateMemory = .published, takesCensus: Bool = false) {
        self.settings = settings
        self.workers = max(1, min(workers, Limits.shards))
        shards = (0..<Limits.shards).map { _ in ShardRoom(memory) }
        desk = Desk(settings)
        crew = Crew(workers: self.workers)
        thresholdSets = ThresholdSets(settings)
        toolClasses = ToolClasses(settings)
        census = takesCensus ? Census() : nil
    }

    deinit { crew.stop() }

    /// Takes one batch in admission order and returns the events it causes, in publication order.
    /// - Parameters:
    ///   - arrival: wall-clock time of arrival, live only; nil when a file is replayed.
    ///   - ended: told when a stage has ended, for whoever has a clock; what is judged does not depend on it.
    public func step(
        _ batch: inout SpanBatch, arrival: EventTime? = nil, ended: (EngineStage) -> Void = { _ in }
    ) -> [Event] {
        var events: [Event] = []
        admission.admitRefusals(of: batch)
        var start = 0
        while start < batch.rows.count {
            let rows = start..<min(start + Limits.batchRows, batch.rows.count)
            admission.admit(&batch, rows: rows, arrival: arrival)
            thresholdSets.place(&batch, rows) { admission.names(of: $0) }
            toolClasses.place(&batch, rows) { admission.names(of: $0) }
            census?.take(batch, rows, arrival: arrival) { admission.names(of: $0) }
            ended(.admit)
            judge(batch, rows, ended, into: &events)
            start = rows.upperBound
        }
        eventCounts.count(events)
        return events
    }

    /// Judges admitted rows, up to each end of a learning period at a time.
    private func judge(_ batch: SpanBatch, _ rows: Range<Int>, _ ended: (EngineStage) -> Void, into events: inout [Event]) {
        var start = rows.lowerBound
        while start < rows.upperBound {
            let part = start..<acknowledgements.advance(batch, start..<rows.upperBound)
            work.share(batch, part)
            let found = detect(batch)
            acknowledgements.take(found.votes)
            acknowledgements.publish()
            ended(.detect)
            desk.judge(batch, part, found.findings, { admission.names(of: $0) }, into: &events)
            ended(.desk)
            start = part.upperBound
        }
    }

    /// Counts payloads that never became a batch.
    public func quarantine(_ reason: QuarantineReason) { admission.quarantine(reason) }

    /// Lets time pass without input; the effect of a journalled tick.
    public func tick(_ time: Nanoseconds) -> [Event] {
        var events: [Event] = []
        for (tenant, now) in admission.tick(time) {
            let standards = self.standards
            withoutRecord(of: tenant, into: &events) { Detection.tick(of: tenant, now, standards, &$0, into: &$1) }
            desk.expire(tenant, dueAt: now, into: &events)
        }
        eventCounts.count(events)
        return events
    }

    /// What all shards of a tenant come to say while nothing comes in.
    private func withoutRecord(of tenant: NameHash, into events: inout [Event], _ step: (inout Shard, inout Found) -> Void) {
        var found = Found()
        for room in shards {
            step(&room.memory.pointee, &room.found)
            found.findings += room.found.findings
        }
        stepGroups(standards, into: &found.findings)
        for room in shards where !room.found.isEmpty { room.found = Found() }
        Self.sort(&found.findings)
        desk.take(found.findings, admission.names(of: tenant), into: &events)
    }

    /// Fires every deadline that is left, as if time went on without input: runs are over, alerts are resolved. Nobody is
    /// taken to have fallen silent.
    public func drain() -> [Event] {
        var events: [Event] = []
        for (tenant, _) in admission.engineTimes {
            let standards = self.standards
            withoutRecord(of: tenant, into: &events) { Detection.endRuns(of: tenant, standards, &$0, into: &$1) }
            desk.expire(tenant, dueAt: EventTime(nanoseconds: .max - 1), into: &events)
        }
        eventCounts.count(events)
        return events
    }

    /// The latest event of every breaker that is not closed.
    public var openBreakers: [BreakerEvent] {
        desk.breakers.state(at: admission.engineTimes.reduce(.zero) { max($0, $1.engineTime) })
    }

    private var standards: Standards {
        Standards(
            thresholds: thresholdSets.sets, acknowledged: acknowledgements.results, budget: settings.falseAlarms,
            windows: settings.maintenance)
    }

    /// All keyings over all shards. Each worker owns every n-th shard for the time of the round.
    private func detect(_ batch: SpanBatch) -> Found {
        let shards = self.shards
        let work = self.work
        let standards = self.standards
        let workers = self.workers
        crew.run { worker in
            for shard in stride(from: worker, to: Limits.shards, by: workers) {
                // The memory of the shards that come next is on its way while this one is worked on.
                let far = shard + 2 * workers
                if far < Limits.shards { Detection.announce(work, far, &shards[far].memory.pointee) }
                let near = shard + workers
                if near < Limits.shards { Detection.summon(work, near, &shards[near].memory.pointee) }
                let room = shards[shard]
                if work.isEmpty(shard), !work.isDue(room.memory.pointee) { continue }
                Detection.stepAgents(work, shard, batch, standards, &room.memory.pointee, into: &room.found)
                Detection.stepHabits(work, shard, batch, standards, &room.memory.pointee, into: &room.found)
                Detection.stepBaselines(work, shard, batch, standards, &room.memory.pointee, into: &room.found)
                Detection.stepRuns(work, shard, batch, standards, &room.memory.pointee, into: &room.found)
            }
        }
        var found = Found()
        for room in shards where !room.found.isEmpty {
            found.findings += room.found.findings
            found.votes += room.found.votes
            found.dialogues += room.found.dialogues
        }
        // What happened in the runs, seen over all of them.
        found.dialogues.sort { $0.record < $1.record }
        for mark in found.dialogues {
            Detection.stepDialogue(
                mark, batch, standards, &shards[Shard.ofPair(mark.key)].memory.pointee, into: &found.findings)
        }
        stepGroups(standards, into: &found.findings)
        for room in shards where !room.found.isEmpty { room.found = Found() }
        Self.sort(&found.findings)
        found.votes.sort { $0.record < $1.record }
        return found
    }

    /// The groups of the runs that ended in any shard, in the order in which they did. Runs are large: they stay where they are.
    private func stepGroups(_ standards: Standards, into findings: inout [Finding]) {
        var order: [(record: UInt32, time: EventTime, shard: Int, index: Int)] = []
        for shard in shards.indices {
            for index in shards[shard].found.groupRuns.indices {
                order.append(
                    (shards[shard].found.groupRuns[index].record, shards[shard].found.groupRuns[index].engineTime, shard, index))
            }
        }
        // Of those that came to be over at once by shard and, within one, as they were found: neither depends on batches.
        order.sort { $0 < $1 }
        for (_, _, shard, index) in order {
            var run = shards[shard].found.groupRuns[index]
            repeat {
                Detection.stepGroup(run, standards, &shards[Shard.ofAgent(run.groupKey)].memory.pointee, into: &findings)
            } while run.kind == .service && run.moveToModel()
        }
    }

    /// Events that one record causes: what became due before it by time; then agent before run, in the order of the detectors; of one
    /// detector by what they are about.
    private static func sort(_ findings: inout [Finding]) {
        func order(_ finding: Finding) -> UInt64 { UInt64(finding.keying.rawValue) << 8 | UInt64(finding.detector.rawValue) }
        findings.sort { ($0.record, $0.engineTime, order($0), $0.subject) < ($1.record, $1.engineTime, order($1), $1.subject) }
    }
}

/// One shard with the findings of the round.
final class ShardRoom: @unchecked Sendable { // Guard: `Engine.detect` gives each shard to exactly one worker per round.
    // Guard: allocated in init, freed in deinit; used under the guard of the room.
    let memory: UnsafeMutablePointer<Shard>
    var found = Found()

    var shard: Shard {
        _read { yield memory.pointee }
        _modify { yield &memory.pointee }
    }

    init(_ state: StateMemory) {
        memory = .allocate(capacity: 1)
        memory.initialize(
            to: Shard(state.bounds.perShard, secret: .random(in: .min ... .max)))
    }

    deinit {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }
}

/// Events that came out, by kind.
public struct EventCounts: Sendable, Equatable {
    public var alerts: [String: UInt64] = [:]
    public var breakers: [String: UInt64] = [:]
    public var notices: [String: UInt64] = [:]

    mutating func count(_ events: [Event]) {
        for event in events {
            switch event {
            case .alert(let alert):
                let state = alert.state == .resolved ? "resolved" : alert.severity.name
                alerts["\(alert.detector.name).\(state)", default: 0] += 1
            case .breaker(let breaker): breakers["\(breaker.mode.rawValue).\(breaker.state.rawValue)", default: 0] += 1
            case .notice(let notice): notices[notice.kind.rawValue, default: 0] += 1
            }
        }
    }
}
