import KilterMath
import KilterState
import KilterVocabulary

/// Claim: a signal of an agent is not what it used to be.
///
/// Evidence: a mixture of Shiryaev–Roberts recursions over sixteen alternatives, against the running predictive of a rate or
/// the ranks of values among all before them (`RateBaseline`, `RankBaseline`). It is in units of its threshold: a budget of
/// false alarms, not a number of deviations, says when to speak. All streams of an agent share that budget, so their
/// evidence adds up: what several say a little of is told like what one says alone (`EvidencePool`). Nothing is forgotten
/// within a version, so slow changes are not absorbed; from critical on nothing is learned of a change while it stands.
/// Readiness: fifty observations of the stream. Changes that large are `Burst`'s.
enum Drift {
    /// What an observation makes of a stream.
    struct Verdict {
        var detector: DetectorID
        var severity: Severity
        var onset: EventTime
        /// Told with the help of what other streams said.
        var isPooled = false
    }

    typealias Said = (verdict: Verdict, change: SignalChange?)

    /// Without a known season, evidence that took longer may be the hour's.
    private static let withoutSeasonMax = Nanoseconds.seconds(3 * 3_600)
    /// A group is young until its members have seen each hour of a week.
    private static let youngGroup = Nanoseconds.seconds(7 * 86_400)
    /// And in a group, whose tasks come many to the minute, evidence of more of them than this.
    private static let youngGroupMax: Float = 150
    /// The same of what follows the hours less than times do.
    private static let youngGroupSteadyMax: Float = 400
    /// Observations without evidence after which a change is over: at least so many, and four times what it took to see it.
    private static let calmMin: UInt32 = 100
    /// A change that nobody took back and no version explains becomes what is usual.
    static let adopted = Nanoseconds.seconds(14 * 86_400)

    @inline(never) static func judge(
        _ stream: inout ValueStream, _ value: Double, hour: Int, time: UInt64, _ allowance: Float, _ pool: PoolShare, _ desk: BaselineDesk
    ) -> Said {
        if isAdopted(stream.watch, desk.now) {
            stream.restart(RankBaseline(after: stream.baseline))
        }
        stream.join(pool.round)
        if stream.baseline.hygiene.isWaitingForSeason {
            stream.baseline.forget(lanes: stream.watch.lanes(olderThan: withoutSeasonMax, at: desk.observedAt))
        }
        let total = stream.baseline.observe(
            value, allowance: allowance, hour: hour, day: Int32(truncatingIfNeeded: time / 86_400_000_000_000),
            learns: learns(stream.watch), isPinned: stream.watch.isPinned)
        return conclude(&stream, total, pool, desk, known: rankedBeforeMin)
    }

    @inline(never) static func judge(
        _ stream: inout RateStream, _ isHit: Bool, _ allowance: Float, _ pool: PoolShare, _ desk: BaselineDesk
    ) -> Said {
        if isAdopted(stream.watch, desk.now) { stream.restart(RateBaseline(direction: stream.baseline.direction)) }
        stream.join(pool.round)
        let total = stream.baseline.observe(
            isHit, allowance: allowance, learns: learns(stream.watch), isPinned: stream.watch.isPinned)
        return conclude(&stream, total, pool, desk)
    }

    @inline(never) static func judge(
        _ stream: inout ScoreStream, _ score: Float, _ allowance: Float, passed: Nanoseconds, shownAt: EventTime = .never,
        least: Double = groupLeast, _ pool: PoolShare,
        _ desk: BaselineDesk
    ) -> Said {
        if isAdopted(stream.watch, desk.now) { stream.restart(stream.baseline.fresh) }
        stream.join(pool.round)
        // Members that are as young do not know their hours either, and together they see in minutes what the hour does.
        let isTime = stream.watch.identity.signal.isTime,
            isYoung = stream.baseline.knownLevel == .zero && desk.now < stream.watch.firstSeen + youngGroup
        if isYoung {
            let most = SIMD16<Float>(repeating: isTime ? youngGroupMax : youngGroupSteadyMax)
            let old = stream.watch.lanes(olderThan: withoutSeasonMax, at: desk.observedAt)
            stream.baseline.forget(lanes: old .| (stream.baseline.evidence.ages .> most))
        }
        let total = stream.baseline.observe(
            score, allowance: allowance, passedSeconds: Double(passed.count) / 1e9,
            hour: Int(desk.observedAt.nanoseconds / 3_600_000_000_000 % 24), isYoung: isYoung, isTime: isTime,
            learns: stream.watch.said != .critical)
        let known = stream.baseline.knownLevel == .zero ? rankedBeforeMin : RepeatAnswers.beforeMin
        return conclude(&stream, total, pool, desk, least: least, known: known, shownAt: shownAt)
    }

    /// What a stream makes of its evidence, `own`, and of that of its agent's other streams.
    /// - Parameters:
    ///   - isHeard: false where nothing at all was observed: to tell that is silence's, not that of a lower level.
    ///   - shownAt: when there was last any of what would have risen: what began later did not.
    static func conclude<Baseline>(
        _ stream: inout WatchedStream<Baseline>, _ own: Float, _ pool: PoolShare, _ desk: BaselineDesk, least: Double = 0,
        known: UInt32 = beforeMin, isHeard: Bool = true, shownAt: EventTime = .never
    ) -> Said {
        stream.watch.note(stream.baseline.evidence, at: desk.observedAt)
        let stood = stream.watch.said != .nothing
        guard stood || own >= PoolShare.least else {
            stream.watch.pooled = 0
            return nothing
        }
        let lane = stream.baseline.evidence.leading(stream.baseline.weights)
        let total = stood ? own : pool.total(with: own)
        let isClear =
            (isHeard || reading(stream).kind == .increase)
            && (stood
                || total >= 1 && (reading(stream).kind != .increase || stream.watch.began(lane, by: shownAt))
                    && isClear(
                        stream.baseline.evidence, lane, known: stream.watch.isPinned ? .max : stream.baseline.count, least: known)
                    && isTold(reading(stream), least: least))
        let severity = severity(isClear ? total : 0, &stream.watch, age: stream.baseline.evidence.age(lane), desk)
        stream.watch.pooled = stream.watch.said == .nothing ? pool.part(of: own, product: stream.baseline.evidence.products[lane]) : 0
        guard let severity else {
            if stream.watch.isOver { stream.baseline.restart() }
            return nothing
        }
        let read = reading(stream)
        if total >= desk.standards.budget.criticalFactor { stream.baseline.restart() }
        var change = SignalChange()
        change.way = SignalChange.Way(read.kind)
        (change.before, change.after, change.lower, change.upper) = (read.before, read.after, read.lower, read.upper)
        (change.countBefore, change.countAfter) = (read.countBefore, read.countAfter)
        stream.watch.keepBefore(&change, stood: stood)
        change.evidence = total
        change.ownEvidence = own
        change.alternative = Float(read.alternative)
        let isBurst = (change.way == .up || change.way == .down) && Burst.isBurst(read.alternative)
        var verdict = verdict(severity, isBurst, &stream.watch, lane, stood: stood)
        verdict.isPooled = !stood && own < 1
        return (verdict, change)
    }

    /// A pinned stream's observations since the change are not among those that tell what was usual.
    private static func reading<Baseline>(_ stream: WatchedStream<Baseline>) -> ChangeReading {
        stream.watch.isPinned
            ? stream.baseline.reading.held(against: stream.baseline.level, of: stream.baseline.count) : stream.baseline.reading
    }

    private static func learns(_ watch: StreamWatch) -> Bool { watch.said != .critical && !watch.isPinned }

    /// Whether a change is there to be named: evidence of it, and enough observations before it.
    static func isClear(_ evidence: ChangeEvidence, _ lane: Int, known: UInt32, least: UInt32 = beforeMin) -> Bool {
        evidence.products[lane] >= productMin && known >= evidence.age(lane) &+ least
    }

    /// Whether the figures tell the same as the evidence: the level moved the way the alternative says, by `least` at least, and
    /// what was usual lies outside of where it is now. Of a spread the level says nothing.
    private static func isTold(_ read: ChangeReading, least: Double) -> Bool {
        switch read.kind {
        case .increase: read.before < read.lower && read.after - read.before >= least
        case .decrease: read.before > read.upper && read.before - read.after >= least
        case .wider, .narrower: true
        }
    }

    /// In standard deviations: agents of a group whose scores lie a little off zero are no change.
    private static let groupLeast = 0.1

    /// How much more probable the observations since the onset must be under the change than without. Where next to nothing
    /// can happen, evidence grows as time passes, without any: its expectation is what was allowed.
    static let productMin: Float = 20
    /// Observations before the onset: of fewer nobody knows whether they were usual. Ranks, and what is usual in a group of them,
    /// need fewer: how little so few can show is in their bets.
    static let beforeMin: UInt32 = 20
    private static let rankedBeforeMin: UInt32 = 8

    static var nothing: Said { (Verdict(detector: .drift, severity: .info, onset: .zero), nil) }

    @inline(__always) static func isAdopted(_ watch: StreamWatch, _ now: EventTime) -> Bool {
        watch.said != .nothing && watch.changedAt + adopted < now && !watch.isPinned
    }

    /// One change is told by one detector, whatever explains it best later on.
    private static func verdict(
        _ severity: Severity, _ isBurst: Bool, _ watch: inout StreamWatch, _ lane: Int, stood: Bool
    ) -> Verdict {
        if !stood { watch.isBurst = isBurst }
        return Verdict(
            detector: watch.isBurst ? .burst : .drift, severity: severity,
            onset: .init(nanoseconds: UInt64(watch.onsets[lane]) * 1_000_000_000))
    }

    /// What is to be said at this evidence; nil for nothing. Further evidence of what was said keeps it standing.
    static func severity(_ total: Float, _ watch: inout StreamWatch, age: UInt32, _ desk: BaselineDesk) -> Severity? {
        watch.isOver = false
        let isCritical = total >= desk.standards.budget.criticalFactor
        if total >= 1 {
            watch.quiet = 0
            if watch.said == .nothing {
                watch.changedAt = desk.now
                watch.calm = max(calmMin, age &* 4)
            }
            watch.said = isCritical || watch.said == .critical ? .critical : .warning
            return isCritical ? .critical : .warning
        }
        guard watch.said != .nothing else { return nil }
        watch.quiet &+= 1
        if watch.quiet >= watch.calm {
            watch.said = .nothing
            watch.isOver = true
        }
        return nil
    }
}

extension StreamWatch {
    /// What is usual is what it was when the change was first said; from critical on nothing more is learned of it.
    mutating func keepBefore(_ change: inout SignalChange, stood: Bool) {
        if stood {
            (change.before, change.countBefore) = (before, countBefore)
        } else {
            (before, countBefore) = (change.before, change.countBefore)
        }
    }
}

extension SignalChange.Way {
    init(_ kind: ValueChange.Kind) {
        switch kind {
        case .increase: self = .up
        case .decrease: self = .down
        case .wider: self = .wider
        case .narrower: self = .narrower
        }
    }
}
