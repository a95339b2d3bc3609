import KilterMath
import KilterState
import KilterVocabulary

/// Claim: an agent chooses otherwise than it used to: other tools, other steps from tool to tool, answers of another model,
/// other endings, other outcomes.
///
/// Evidence: `MixBaseline`, each category against the rest and all of them against their recent averages; a category that
/// was never seen weighs most. One choice is taken of each run, because those of one run depend on one another. Readiness:
/// fifty runs.
enum MixDrift {
    /// Other choices from among which one was taken.
    struct Choice {
        var category: UInt64
        var origin: NameHash = 0
        var target: NameHash = 0
    }

    @inline(never) static func judge(
        _ stream: inout MixStream, _ choice: Choice, _ allowance: Float, _ pool: PoolShare, _ desk: BaselineDesk
    ) -> Drift.Said {
        if Drift.isAdopted(stream.watch, desk.now) { stream = MixStream(MixBaseline(categories: MixBaseline.categoriesMax)) }
        stream.join(pool.round)
        let place = stream.place(of: choice.category, from: choice.origin, to: choice.target)
        stream.note(place)
        let own = stream.baseline.observe(place, allowance: allowance, learns: stream.watch.said != .critical)
        let stood = stream.watch.said != .nothing
        let total = stood ? own : pool.total(with: own)
        let isClear = stood || total >= 1 && stream.baseline.product >= Drift.productMin
        let read = isClear && total >= 1 ? stream.change : (since: 0, before: [], after: [])
        let isTold = stood || isClear && stream.baseline.count >= read.since &+ Drift.beforeMin
        let severity = Drift.severity(isTold ? total : 0, &stream.watch, age: read.since, desk)
        stream.watch.pooled = stream.watch.said == .nothing ? pool.part(of: own, product: stream.baseline.product) : 0
        guard let severity else {
            if stream.watch.isOver { stream.baseline.restart() }
            if !stood && own < 0.01 { stream.watch.lastChange = desk.observedAt }
            return Drift.nothing
        }
        if total >= desk.standards.budget.criticalFactor { stream.baseline.restart() }
        var change = numbers(stream, read)
        (change.evidence, change.ownEvidence) = (total, own)
        return (
            Drift.Verdict(detector: .mixDrift, severity: severity, onset: stream.watch.lastChange, isPooled: !stood && own < 1), change
        )
    }

    /// The three categories that moved most.
    private static func numbers(
        _ stream: MixStream, _ read: (since: UInt32, before: [Double], after: [Double])
    ) -> SignalChange {
        var change = SignalChange()
        change.way = .mix
        change.countAfter = read.since
        change.countBefore = stream.baseline.count > read.since ? stream.baseline.count - read.since : 0
        let moved = read.before.indices.sorted {
            let (a, b) = ((read.after[$0] - read.before[$0]).magnitude, (read.after[$1] - read.before[$1]).magnitude)
            return a != b ? a > b : $0 < $1
        }
        for (index, place) in moved.prefix(3).enumerated() where read.after[place] != read.before[place] {
            let isNamed = place < MixStream.categoriesMax
            change.categories[index] = SignalChange.Category(
                name: isNamed ? stream.categories[place] : 0, origin: isNamed ? stream.origins[place] : 0,
                target: isNamed ? stream.targets[place] : 0, before: Float(read.before[place]), after: Float(read.after[place]))
        }
        if let first = moved.first { (change.before, change.after) = (read.before[first], read.after[first]) }
        (change.lower, change.upper) = (change.after, change.after)
        return change
    }
}
