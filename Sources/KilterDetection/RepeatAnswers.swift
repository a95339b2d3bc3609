import KilterMath
import KilterState
import KilterVocabulary

/// Claim: an agent answers requests that it had before otherwise than it did then.
///
/// Evidence: how many times longer or shorter the first model call of a run answers than the first one that answered the same
/// request, and whether it asks for other tools (`RequestMemory`). What was asked is no longer in the figures, so that another
/// model shows in a part of the runs that lengths alone take; the task that runs each night, the question that everybody asks
/// and the probe of a test all count. Each request's and each agent's own habit is what is usual: to answer anew each time is
/// no change, nor is another request that is answered so.
/// Readiness: six requests that came again.
enum RepeatAnswers {
    /// Of a difference: 0.7 for a tenth longer or shorter, twice as much for half, and nothing more beyond a factor of four
    /// and a half, because answers that have nothing in common differ by chance alone; 0.7 besides for other tools.
    static func unlikeness(_ difference: RequestMemory.Difference) -> Float {
        Float(Elementary.log(1 + min(difference.length, lengthMax) / unit) + (difference.isOfTools ? otherTools : 0))
    }

    /// What is left of it when the request's own habit is taken out, as far as that is known, and the agent's is put in its place.
    static func score(_ unlikeness: Float, _ difference: RequestMemory.Difference, level: Double) -> Float {
        let known = Float(difference.repeats) / (Float(difference.repeats) + habitPresumed)
        return unlikeness - (difference.habit - Float(level)) * known
    }

    private static let habitPresumed: Float = 2
    private static let unit = 0.1
    private static let lengthMax = 1.5
    private static let otherTools = 0.7
    /// A mean that moved by less is no change worth telling.
    static let least = 0.25
    /// Requests that came again before the onset.
    static let beforeMin: UInt32 = 6

    /// What a group is told: how far a score lies from what the agent's own lead to expect, and what part of that the group has to
    /// say because those are few. Taken for known, it would err to one side for all young members alike.
    static func remainder(_ score: Float, _ baseline: ScoreBaseline) -> (score: Float, part: Float) {
        let part = leftToGroup / (Float(baseline.count) + leftToGroup)
        return (score - Float(baseline.level) * (1 - part), part)
    }

    /// What the group says weighs as much as so many observations of the agent's own.
    private static let leftToGroup: Float = 12
    /// Observations from which on a group needs no agents of which it has to say the most.
    static let groupKnown: UInt32 = 60
    static let partMax: Float = 0.5
}

extension SignalChange {
    /// Figures in another unit.
    mutating func mapFigures(_ other: (Double) -> Double) {
        (before, after, lower, upper) = (other(before), other(after), other(lower), other(upper))
    }
}

extension BaselineBook {
    /// The answer to a request that came before, against the one it got then.
    // Guard: the run is only read, while nothing is added to the shard's tallies.
    mutating func observeRepeat(_ tally: UnsafePointer<RunTally>, _ shard: inout Shard) {
        guard tally.pointee.request != 0, tally.pointee.firstOutput > 0 else { return }
        for pass in 0..<epochCount {
            let epoch = epoch(pass), isOwn = epoch == agent.pointee.epoch
            let identity = identity(.repeatAnswer, .run, 0, epoch), key = identity.key
            if !isOwn, shard.repeats.find(key) == nil { continue }
            // Guard: the pointer is used before the slab is changed again.
            let slot = shard.repeats.findOrInsert(key, owner: subject.tenant, initial: RepeatStream()).slot
            guard let difference = slot.pointee.memory.difference(tally, run: agent.pointee.runs, learns: isOwn) else { continue }
            let level = slot.pointee.stream.baseline.expected
            let unlikeness = RepeatAnswers.unlikeness(difference)
            let score = RepeatAnswers.score(unlikeness, difference, level: level)
            slot.pointee.memory.note(difference, unlikeness: unlikeness)
            if isOwn {
                let remainder = RepeatAnswers.remainder(score, slot.pointee.stream.baseline)
                scores.add(remainder.score, .repeatAnswer, .run)
                scores.unexpected = remainder.part
            }
            let allowance = allowance(&slot.pointee.stream.watch, identity)
            let said = pooled(&slot.pointee.stream) {
                Drift.judge(&$0, score, allowance, passed: Nanoseconds(0), least: RepeatAnswers.least, $1, desk)
            }
            note(&slot.pointee.stream.watch, .repeatAnswer, isVaried: slot.pointee.stream.baseline.isVaried, epoch)
            guard var change = said.change else { continue }
            change.signal = .repeatAnswer
            // Where habits are taken out a little may be left below what is the same.
            change.mapFigures { max($0, 0) }
            report(said.verdict, change, slot.pointee.stream.watch, epoch, subject: key, tool: 0)
        }
    }

    /// A group's answers to requests that came again. Who comes to a group that knows itself may have other habits, and is not
    /// heard before they are known.
    mutating func observe(repeated score: Float, part: Float, _ facet: GroupRun.Facet, _ shard: inout Shard, isWatched: Bool) {
        let key = identity(facet.signal, facet.step, 0, 0).key
        if part > RepeatAnswers.partMax, let known = shard.scores.find(key)?.pointee.baseline.count, known >= RepeatAnswers.groupKnown {
            return
        }
        observe(score: agent.pointee.remainder(of: score, part: part), facet, &shard, isWatched: isWatched)
    }
}
