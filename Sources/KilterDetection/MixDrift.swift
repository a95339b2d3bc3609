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
    @inline(never) static func judge(
        _ stream: inout MixStream, _ category: UInt64, _ allowance: Float, _ desk: BaselineDesk
    ) -> Drift.Said {
        if Drift.isAdopted(stream.watch, desk.now) {
            let known = (0..<Int(stream.known)).map { stream.categories[$0] }
            stream = MixStream(MixBaseline(categories: MixBaseline.categoriesMax))
            for category in known { _ = stream.place(of: category) }
        }
        let place = stream.place(of: category)
        let total = stream.baseline.observe(place, allowance: allowance, learns: stream.watch.said == .nothing)
        let read = stream.baseline.change
        let stood = stream.watch.said != .nothing
        let isClear = stream.baseline.product >= Drift.productMin && read.countBefore >= Drift.beforeMin
        guard let severity = Drift.severity(isClear || stood ? total : 0, &stream.watch, age: read.countAfter, desk) else {
            if stream.watch.isOver { stream.baseline.restart() }
            stream.watch.lastChange = stream.watch.said == .nothing && total < 0.01 ? desk.now : stream.watch.lastChange
            return Drift.nothing
        }
        if total >= desk.standards.budget.criticalFactor { stream.baseline.restart() }
        var change = SignalChange()
        change.way = .mix
        (change.countBefore, change.countAfter) = (read.countBefore, read.countAfter)
        change.evidence = total
        for (index, part) in read.contributions.prefix(3).enumerated() {
            let name = part.category < MixStream.categoriesMax ? stream.categories[part.category] : 0
            change.categories[index] = SignalChange.Category(name: name, before: Float(part.before), after: Float(part.after))
        }
        if let first = read.contributions.first { (change.before, change.after) = (first.before, first.after) }
        (change.lower, change.upper) = (change.after, change.after)
        stream.watch.keepBefore(&change, stood: stood)
        let verdict = Drift.Verdict(detector: .mixDrift, severity: severity, onset: stream.watch.lastChange)
        return (verdict, change)
    }
}
