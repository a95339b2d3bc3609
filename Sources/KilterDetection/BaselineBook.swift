import KilterMath
import KilterState
import KilterVocabulary

/// The observations of one run of one agent, each held against its stream and then learned.
struct BaselineBook {
    private(set) var desk: BaselineDesk
    let subject: RunSubject
    // Guard: a slot of the shard's agents, which nothing in here inserts into.
    let agent: UnsafeMutablePointer<AgentBaseline>
    /// Event time of the observation, in nanoseconds.
    let time: UInt64
    var found: [Finding] = []
    var scores = RunScores()
    /// Set where the book is that of a group.
    var group: GroupRun.Kind?
    /// Of the allowance for runs, what is the book's own.
    var part = 1.0

    // Guard: as above.
    init(desk: BaselineDesk, subject: RunSubject, agent: UnsafeMutablePointer<AgentBaseline>, time: UInt64) {
        self.desk = desk
        self.subject = subject
        self.agent = agent
        self.time = time
        self.desk.observedAt = EventTime(nanoseconds: time)
    }

    // MARK: What a run shows

    // Guard: the run is only read, while nothing is added to the shard's tallies.
    mutating func observeRun(_ tally: UnsafePointer<RunTally>, _ shard: inout Shard) {
        if tally.pointee.outcome != 0 { observe(outcome: tally.pointee.outcome, &shard) }
        if tally.pointee.work > 0 || tally.pointee.failures > 0 { observe(rate: tally.pointee.failures > 0, .errorRate, label: 0, &shard) }
        // The only step of a run says the same of it as of itself.
        guard tally.pointee.work > 1 || tally.pointee.spans > tally.pointee.work else { return }
        if tally.pointee.isPriced { observe(value: Double(tally.pointee.picodollars), .runCost, .run, 0, 0, &shard) }
        if tally.pointee.work > 0 { observe(value: Double(tally.pointee.work), .runSteps, .run, 0, 0, &shard) }
        if tally.pointee.end > tally.pointee.start {
            observe(value: Double(tally.pointee.end - tally.pointee.start), .runDuration, .run, 0, 0, &shard)
        }
    }

    // Guard: the run is only read, while nothing is added to the shard's tallies.
    mutating func observeSteps(_ tally: UnsafePointer<RunTally>, _ shard: inout Shard) {
        for index in 0..<Int(tally.pointee.stepCount) {
            let kind = tally.pointee.steps[index].kind, name = tally.pointee.steps[index].name
            // The only step of a run says the same of it as of itself.
            if kind == .tool, tally.pointee.spans > 1 {
                observe(rate: tally.pointee.steps[index].hasFailed, .errorRate, .tool, label: name, &shard)
            }
            for place in Signal.ofSteps.indices {
                guard let mean = tally.pointee.steps[index].mean(place) else { continue }
                observe(value: mean, Signal.ofSteps[place], SignalChange.Step(kind), name, 0, &shard)
            }
        }
    }

    mutating func observe(outcome: NameHash, _ shard: inout Shard) {
        if agent.pointee.note(outcome: outcome) {
            for index in 0..<Int(agent.pointee.outcomeCount) where agent.pointee.isWatched(outcome: index) {
                let label = agent.pointee.outcomes[index]
                observe(rate: label == outcome, .outcome, label: label, &shard)
            }
        }
        if agent.pointee.outcomeCount > 2 { observe(category: outcome, .outcomeMix, &shard) }
    }

    // Guard: the run is only read, while nothing is added to the shard's tallies.
    mutating func observeMixes(_ tally: UnsafePointer<RunTally>, _ shard: inout Shard) {
        if tally.pointee.sampledTool != 0 { observe(category: tally.pointee.sampledTool, .tool, &shard) }
        if tally.pointee.sampledTransition != 0 {
            observe(
                category: tally.pointee.sampledTransition, .transition, from: tally.pointee.transitionFrom, to: tally.pointee.transitionTo,
                &shard)
        }
        if tally.pointee.responseModel != 0 { observe(category: tally.pointee.responseModel, .model, &shard) }
        if tally.pointee.finishReason != 0 { observe(category: tally.pointee.finishReason, .finishReason, &shard) }
    }

    /// Scores of any range: what is below zero counts as zero.
    mutating func observe(score: Double, _ signal: Signal, label: NameHash, _ shard: inout Shard) {
        observe(value: max(score, 0), signal, .span, 0, label, &shard)
    }

    // MARK: Streams
    // Some of the following change nothing in the book; they are mutating because it would be copied for a reader.

    /// How many epochs an observation counts for: its own, and before that the one it is compared with.
    var epochCount: Int { agent.pointee.isComparing(at: desk.now) ? 2 : 1 }

    func epoch(_ pass: Int) -> UInt32 { pass == epochCount - 1 ? agent.pointee.epoch : agent.pointee.comparedEpoch }

    func identity(_ signal: Signal, _ step: SignalChange.Step, _ name: NameHash, _ epoch: UInt32) -> StreamIdentity {
        StreamIdentity(agentKey: subject.agentKey, name: name, epoch: epoch, signal: signal, step: step)
    }

    mutating func observe(
        value: Double, _ signal: Signal, _ step: SignalChange.Step, _ name: NameHash, _ label: NameHash, _ shard: inout Shard
    ) {
        var isTold = false
        for pass in 0..<epochCount {
            let epoch = epoch(pass)
            let identity = identity(signal, step, name ^ label, epoch), key = identity.key
            if epoch != agent.pointee.epoch, shard.values.find(key) == nil { continue }
            // Guard: the pointer is used before the slab is changed again.
            let (stream, isNew) = shard.values.findOrInsert(
                key, owner: subject.tenant,
                initial: ValueStream(
                    RankBaseline(
                        direction: Direction(signal.badDirection), hygiene: Self.hygiene(of: signal))))
            if isNew, let before = succeed(stream, identity, in: &shard.values) {
                stream.pointee.baseline = RankBaseline(after: before.pointee.baseline)
            }
            if epoch != agent.pointee.epoch { stream.pointee.leave() }
            let allowance = allowance(&stream.pointee.watch, identity), isKnown = stream.pointee.baseline.count >= RunScores.observationsMin
            let hour = Int(time / 3_600_000_000_000 % 24)
            let said = pooled(&stream.pointee) { Drift.judge(&$0, value, hour: hour, time: time, allowance, $1, desk) }
            note(&stream.pointee.watch, signal, isVaried: stream.pointee.baseline.isVaried, epoch)
            if epoch == agent.pointee.epoch {
                if isKnown { scores.add(stream.pointee.baseline.score, signal, step) }
                let walked = hold(stream, isTold: isTold, in: &shard.values) {
                    Drift.judge(&$0, value, hour: hour, time: time, $1, $2, desk)
                }
                if let walked { report(walked, label: label, tool: step == .tool ? name : 0) }
            }
            isTold = isTold || said.change != nil
            guard var change = said.change else { continue }
            change.signal = signal
            change.label = label
            change.step = step
            report(said.verdict, change, stream.pointee.watch, epoch, subject: key, tool: step == .tool ? name : 0)
        }
    }

    private static func hygiene(of signal: Signal) -> ValueHygiene.Options {
        signal.isSmooth ? signal.isTime ? [.autocorrelation, .season] : [.autocorrelation, .season, .steady] : []
    }

    /// `label` is what the signal is named by; of a step its tool.
    mutating func observe(
        rate isHit: Bool, _ signal: Signal, _ step: SignalChange.Step = .run, label: NameHash, _ shard: inout Shard
    ) {
        var isTold = false
        for pass in 0..<epochCount {
            let epoch = epoch(pass)
            let identity = identity(signal, step, label, epoch), key = identity.key
            if epoch != agent.pointee.epoch, shard.rates.find(key) == nil { continue }
            // Guard: as above.
            let (stream, isNew) = shard.rates.findOrInsert(
                key, owner: subject.tenant, initial: RateStream(RateBaseline(direction: Direction(signal.badDirection))))
            if isNew { _ = succeed(stream, identity, in: &shard.rates) }
            if epoch != agent.pointee.epoch { stream.pointee.leave() }
            let allowance = allowance(&stream.pointee.watch, identity)
            if signal == .errorRate, step == .run, epoch == agent.pointee.epoch, stream.pointee.baseline.count >= RunScores.observationsMin
            {
                scores.add(Self.score(isHit, stream.pointee.baseline, key), signal, .run)
                scores.hasFailed = isHit
            }
            let said = pooled(&stream.pointee) { Drift.judge(&$0, isHit, allowance, $1, desk) }
            let hits = stream.pointee.baseline.hits
            note(&stream.pointee.watch, signal, isVaried: hits > 0 && hits < stream.pointee.baseline.count, epoch)
            if epoch == agent.pointee.epoch {
                let walked = hold(stream, isTold: isTold, in: &shard.rates) { Drift.judge(&$0, isHit, $1, $2, desk) }
                if let walked { report(walked, label: label, tool: step == .tool ? label : 0) }
            }
            isTold = isTold || said.change != nil
            guard var change = said.change else { continue }
            change.signal = signal
            change.label = label
            change.step = step
            report(said.verdict, change, stream.pointee.watch, epoch, subject: key, tool: step == .tool ? label : 0)
        }
    }

    mutating func observe(category: UInt64, _ signal: Signal, from origin: NameHash = 0, to target: NameHash = 0, _ shard: inout Shard) {
        for pass in 0..<epochCount {
            let epoch = epoch(pass)
            let identity = identity(signal, .run, 0, epoch), key = identity.key
            if epoch != agent.pointee.epoch, shard.mixes.find(key) == nil { continue }
            // Guard: as above.
            let stream = shard.mixes.findOrInsert(
                key, owner: subject.tenant, initial: MixStream(MixBaseline(categories: MixBaseline.categoriesMax))
            ).slot
            let allowance = allowance(&stream.pointee.watch, identity)
            let choice = MixDrift.Choice(category: category, origin: origin, target: target)
            let said = pooled(&stream.pointee) { MixDrift.judge(&$0, choice, allowance, $1, desk) }
            note(&stream.pointee.watch, signal, isVaried: stream.pointee.known > 1, epoch)
            guard var change = said.change else { continue }
            change.signal = signal
            report(said.verdict, change, stream.pointee.watch, epoch, subject: key, tool: 0)
        }
    }

    /// A group's task: of one agent alone it says nothing more.
    mutating func observe(score: Float, _ facet: GroupRun.Facet, _ shard: inout Shard, isWatched: Bool, shownAt: EventTime = .never) {
        let signal = facet.signal
        let identity = identity(signal, facet.step, 0, 0), key = identity.key
        // Guard: as above.
        let (stream, isNew) = shard.scores.findOrInsert(
            key, owner: subject.tenant,
            initial: ScoreStream(
                ScoreBaseline(direction: Direction(signal.badDirection), level: signal == .repeatAnswer ? .remainder : .zero)))
        if isNew { agent.pointee.noteStream(signal) }
        let passed = stream.pointee.watch.lastSeen == .zero ? Nanoseconds(0) : desk.now.since(stream.pointee.watch.lastSeen)
        let allowance = allowance(&stream.pointee.watch, identity)
        let said = pooled(&stream.pointee) {
            Drift.judge(&$0, score, isWatched ? allowance : 0, passed: passed, shownAt: shownAt, $1, desk)
        }
        guard var change = said.change else { return }
        change.signal = signal
        change.step = facet.step
        if signal == .repeatAnswer { change.mapFigures { $0 / stream.pointee.baseline.deviation } }
        report(said.verdict, change, stream.pointee.watch, 0, subject: key, tool: 0)
    }

    /// A verdict with what the agent's other streams say.
    @inline(__always) func pooled<Stream: PooledStream>(
        _ stream: inout Stream, _ judge: (inout Stream, PoolShare) -> Drift.Said
    ) -> Drift.Said {
        let share = agent.pointee.pool.share(of: stream.watch), before = agent.pointee.pool.part(of: stream.watch)
        let said = judge(&stream, share)
        agent.pointee.pool.settle(before, stream.watch.pooled, isPooled: said.verdict.isPooled)
        return said
    }

    /// The normal score of a hit or a miss: its probability's place, ties broken by chance.
    private static func score(_ isHit: Bool, _ baseline: RateBaseline, _ key: UInt64) -> Float {
        let chance = Double(StableHash.combine(key, UInt64(baseline.count)) >> 41) / 8_388_608
        let rate = Double(baseline.rate)
        let place = isHit ? 1 - rate + chance * rate : chance * (1 - rate)
        return Float(Elementary.normalQuantile(min(max(place, 0.002), 0.998)))
    }

    /// A stream counts among those that share the budget once it has varied: what never does raises no false alarm.
    mutating func note(_ watch: inout StreamWatch, _ signal: Signal, isVaried: Bool, _ epoch: UInt32) {
        guard isVaried, !watch.hasVaried, epoch == agent.pointee.epoch else { return }
        watch.hasVaried = true
        agent.pointee.noteStream(signal)
    }

    /// How many times what is allowed may be bet, so that alarms come to what is allowed and not to a part of it: evidence jumps
    /// over its threshold rather than to it. In the first runs of a group, whose members' ranks are few, hardly any can reach it
    /// at all; what is said of single agents then depends on how much their runs hang together, which they do not know yet.
    private var spending: Double { group == nil ? 1.5 : 1.1 * (1 + 4 / (1 + Double(agent.pointee.runs) / 100)) }

    /// What the stream may spend of the budget for what has passed since its last observation.
    mutating func allowance(_ watch: inout StreamWatch, _ identity: StreamIdentity) -> Float {
        watch.identity = identity
        return Float(allowed(&watch) * agent.pointee.share(of: identity.signal, at: desk.now) * spending)
    }

    /// What the whole agent may spend for what has passed since the stream's last observation.
    func allowed(_ watch: inout StreamWatch) -> Double {
        let passed = watch.lastSeen == .zero ? Nanoseconds(0) : desk.now.since(watch.lastSeen)
        let runs = watch.lastRun == 0 ? 0 : agent.pointee.runs &- watch.lastRun
        if watch.firstSeen == .zero { watch.firstSeen = desk.now }
        watch.lastSeen = desk.now
        watch.lastRun = agent.pointee.runs
        return desk.standards.budget.allowance(passed: passed, runs: Double(runs) * part, agents: desk.fleet)
    }

    // MARK: Findings

    mutating func report(
        _ verdict: Drift.Verdict, _ numbers: SignalChange, _ watch: StreamWatch, _ epoch: UInt32, subject: UInt64, tool: NameHash
    ) {
        guard !desk.standards.isSilenced(verdict.detector, self.subject.thresholdSet) else { return }
        var change = numbers
        var finding = finding(verdict.detector, .statistical, verdict.severity)
        finding.subject = subject
        finding.tool = tool
        finding.startedAt = min(verdict.onset, finding.observedAt)
        finding.count = change.countAfter
        finding.delaySpans = change.countAfter
        if group == nil, epoch != agent.pointee.epoch {
            change.comparedVersion = agent.pointee.versionBefore
            change.declare(agent.pointee.comparedChange)
        }
        // Another model began to answer not long before.
        if agent.pointee.modelChangedAt != .zero, agent.pointee.modelChangedAt + Self.modelMatters > finding.startedAt {
            change.modelBefore = agent.pointee.modelBefore
            change.modelAfter = agent.pointee.model
        }
        if let group {
            (change.isGroup, change.group) = (true, group)
            finding.model = self.subject.requestModel
        } else if let facet = GroupRun.Facet(change.signal, change.step) {
            let home = GroupRun.home(self.subject.tenant, self.subject.environment, self.subject.service)
            change.serviceStream = stream(facet, of: GroupRun.key(ofServiceAt: home))
            change.modelStream =
                self.subject.requestModel == 0
                ? 0 : stream(facet, of: GroupRun.key(ofModel: self.subject.requestModel, tenant: self.subject.tenant))
        }
        finding.change = change
        found.append(finding)
    }

    private func stream(_ facet: GroupRun.Facet, of group: UInt64) -> UInt64 {
        StreamIdentity(agentKey: group, name: 0, epoch: 0, signal: facet.signal, step: facet.step).key
    }

    /// How long before a change a new model may have come for it to be named with it.
    private static let modelMatters = Nanoseconds.seconds(86_400)

    /// A finding about the agent at the end of the run.
    func finding(_ detector: DetectorID, _ tier: Tier, _ severity: Severity) -> Finding {
        var finding = Finding()
        finding.record = desk.record
        finding.keying = .agent
        finding.detector = detector
        finding.tier = tier
        finding.severity = severity
        finding.agentKey = subject.agentKey
        finding.tenant = subject.tenant
        finding.environment = subject.environment
        finding.service = subject.service
        finding.agent = subject.agent
        finding.agentVersion = agent.pointee.version
        finding.trace = subject.trace
        finding.span = subject.lastSpan
        finding.engineTime = desk.now
        finding.observedAt = EventTime(nanoseconds: time)
        finding.startedAt = finding.observedAt
        return finding
    }
}

extension Direction {
    init(_ direction: Signal.Direction) {
        switch direction {
        case .up: self = .up
        case .down: self = .down
        case .either: self = .either
        }
    }
}
