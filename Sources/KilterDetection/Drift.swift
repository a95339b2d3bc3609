import KilterMath
import KilterState
import KilterVocabulary

/// Claim: a signal of an agent is not what it used to be.
///
/// Evidence: a mixture of Shiryaev–Roberts recursions over sixteen alternatives, against the running predictive of a rate or
/// the ranks of values among all before them (`RateBaseline`, `RankBaseline`). It is in units of its threshold: a budget of
/// false alarms, not a number of deviations, says when to speak. Nothing is forgotten within a version, so slow changes are
/// not absorbed; while a change stands nothing is learned from it.
/// Readiness: fifty observations of the stream. Changes that large are `Burst`'s.
enum Drift {
    /// What an observation makes of a stream.
    struct Verdict {
        var detector: DetectorID
        var severity: Severity
        var onset: EventTime
    }

    typealias Said = (verdict: Verdict, change: SignalChange?)

    /// Without a known season, evidence that took longer may be the hour's.
    private static let withoutSeasonMax = Nanoseconds.seconds(3 * 3_600)
    /// And in a group, whose tasks come many to the minute, evidence of more of them than this.
    private static let youngGroupMax: Float = 120
    /// Observations without evidence after which a change is over: at least so many, and four times what it took to see it.
    private static let calmMin: UInt32 = 100
    /// A change that nobody took back and no version explains becomes what is usual.
    static let adopted = Nanoseconds.seconds(14 * 86_400)

    @inline(never) static func judge(
        _ stream: inout ValueStream, _ value: Double, hour: Int, time: UInt64, _ allowance: Float, _ desk: BaselineDesk
    ) -> Said {
        if isAdopted(stream.watch, desk.now) {
            let old = stream.baseline
            stream = ValueStream(RankBaseline(direction: old.direction, hygiene: old.hygiene.options))
        }
        if stream.baseline.hygiene.isWaitingForSeason {
            stream.baseline.forget(lanes: stream.watch.lanes(olderThan: withoutSeasonMax, at: desk.now))
        }
        let total = stream.baseline.observe(
            value, allowance: allowance, hour: hour, day: Int32(truncatingIfNeeded: time / 86_400_000_000_000),
            learns: stream.watch.said != .critical)
        stream.watch.note(stream.baseline.evidence, at: desk.now)
        let lane = stream.baseline.evidence.leading(stream.baseline.weights)
        let stood = stream.watch.said != .nothing
        let isClear =
            stood || total >= 1 && isClear(stream.baseline.evidence, lane, known: stream.baseline.count) && isTold(stream.baseline.change)
        guard let severity = severity(isClear ? total : 0, &stream.watch, age: stream.baseline.evidence.age(lane), desk) else {
            if stream.watch.isOver { stream.baseline.restart() }
            return nothing
        }
        let read = stream.baseline.change
        if total >= desk.standards.budget.criticalFactor { stream.baseline.restart() }
        let isShift = read.kind == .increase || read.kind == .decrease
        var change = SignalChange()
        change.way = Way(read.kind)
        (change.before, change.after) = (read.before, read.after)
        (change.lower, change.upper) = (read.lower, read.upper)
        (change.countBefore, change.countAfter) = (read.countBefore, read.countAfter)
        stream.watch.keepBefore(&change, stood: stood)
        change.evidence = total
        change.alternative = Float(read.alternative)
        return (verdict(severity, isShift && Burst.isBurst(read.alternative), &stream.watch, lane, stood: stood), change)
    }

    @inline(never) static func judge(_ stream: inout RateStream, _ isHit: Bool, _ allowance: Float, _ desk: BaselineDesk) -> Said {
        if isAdopted(stream.watch, desk.now) { stream = RateStream(RateBaseline(direction: stream.baseline.direction)) }
        let total = stream.baseline.observe(isHit, allowance: allowance, learns: stream.watch.said != .critical)
        stream.watch.note(stream.baseline.evidence, at: desk.now)
        let lane = stream.baseline.evidence.leading(stream.baseline.weights)
        let age = stream.baseline.evidence.age(lane), isFull = total >= desk.standards.budget.criticalFactor
        let isClear =
            stream.watch.said != .nothing
            || total >= 1 && isClear(stream.baseline.evidence, lane, known: stream.baseline.count)
                && isTold(stream.baseline.change, least: 0)
        let said = said(isClear ? total : 0, &stream.watch, stream.baseline.change, lane, age, desk)
        if stream.watch.isOver || (said.change != nil && isFull) { stream.baseline.restart() }
        return said
    }

    @inline(never) static func judge(_ stream: inout ScoreStream, _ score: Float, _ allowance: Float, _ desk: BaselineDesk) -> Said {
        if isAdopted(stream.watch, desk.now) { stream = ScoreStream(ScoreBaseline(direction: stream.baseline.direction)) }
        // Members that are as young do not know their hours either, and together they see in minutes what the hour does.
        if desk.now < stream.watch.firstSeen + Nanoseconds.seconds(3 * 86_400) {
            stream.baseline.forget(lanes: stream.watch.lanes(olderThan: withoutSeasonMax, at: desk.now))
            stream.baseline.forget(lanes: stream.baseline.evidence.ages .> SIMD16(repeating: youngGroupMax))
        }
        let total = stream.baseline.observe(score, allowance: allowance, learns: stream.watch.said != .critical)
        stream.watch.note(stream.baseline.evidence, at: desk.now)
        let lane = stream.baseline.evidence.leading(stream.baseline.weights)
        let age = stream.baseline.evidence.age(lane), isFull = total >= desk.standards.budget.criticalFactor
        let isClear =
            stream.watch.said != .nothing
            || total >= 1 && isClear(stream.baseline.evidence, lane, known: stream.baseline.count)
                && isTold(stream.baseline.change, least: groupLeast)
        let said = said(isClear ? total : 0, &stream.watch, stream.baseline.change, lane, age, desk)
        if stream.watch.isOver || (said.change != nil && isFull) { stream.baseline.restart() }
        return said
    }

    /// What a rate, or a score, makes of its evidence.
    private static func said(
        _ total: Float, _ watch: inout StreamWatch, _ read: @autoclosure () -> RateChange, _ lane: Int, _ age: UInt32,
        _ desk: BaselineDesk
    ) -> Said {
        let stood = watch.said != .nothing
        guard let severity = severity(total, &watch, age: age, desk) else { return nothing }
        let read = read()
        var change = SignalChange()
        change.way = read.isIncrease ? .up : .down
        (change.before, change.after, change.lower, change.upper) = (read.before, read.after, read.lower, read.upper)
        (change.countBefore, change.countAfter) = (read.countBefore, read.countAfter)
        watch.keepBefore(&change, stood: stood)
        change.evidence = total
        change.alternative = Float(read.alternative)
        return (verdict(severity, Burst.isBurst(read.alternative), &watch, lane, stood: stood), change)
    }

    /// Whether a change is there to be named. Where next to nothing can happen, evidence grows as time passes, without
    /// any: its expectation is what was allowed. And of a few observations before it nobody knows whether they were usual.
    static func isClear(_ evidence: ChangeEvidence, _ lane: Int, known: UInt32) -> Bool {
        evidence.products[lane] >= productMin && known >= evidence.age(lane) &+ beforeMin
    }

    /// Whether the figures tell the same as the evidence: the level moved the way the alternative says, and what was usual lies
    /// outside of where it is now. Of a spread the level says nothing.
    private static func isTold(_ read: ValueChange) -> Bool {
        switch read.kind {
        case .increase: read.before < read.lower
        case .decrease: read.before > read.upper
        case .wider, .narrower: true
        }
    }

    private static func isTold(_ read: RateChange, least: Double) -> Bool {
        (read.isIncrease ? read.before < read.lower : read.before > read.upper) && (read.after - read.before).magnitude >= least
    }

    /// In standard deviations: agents of a group whose scores lie a little off zero are no change.
    private static let groupLeast = 0.1

    /// How much more probable the observations since the onset must be under the change than without.
    static let productMin: Float = 20
    /// Observations before the onset.
    static let beforeMin: UInt32 = 20

    static let nothing: Said = (Verdict(detector: .drift, severity: .info, onset: .zero), nil)

    static func isAdopted(_ watch: StreamWatch, _ now: EventTime) -> Bool {
        watch.said != .nothing && watch.changedAt + adopted < now
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
    /// What was usual before is what it was when the change was first said; afterwards nothing more is learned of it.
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

typealias Way = SignalChange.Way
