import KilterMath
import KilterState
import KilterVocabulary

/// Claim: the agent goes from one tool to another as it has never done, although its runs hardly ever bring a new step.
///
/// Evidence as in `NewTool`, over pairs of tools used one after the other; parallel calls follow what was before all of
/// them. A tool that is new itself is `new_tool`'s. It informs.
enum NewTransition {
    @inline(never) static func judge(_ sight: Repertoire.Sight, _ counts: Thresholds, subject make: () -> Subject) -> Finding? {
        guard sight.isNewStep, let severity = counts.newTransition.severity(of: sight.oneIn) else { return nil }
        let subject = make()
        var finding = subject.firstUse(.newTransition, sight, severity, threshold: counts.newTransition.threshold(of: severity))
        finding.subject = StableHash.combine(sight.previous, finding.tool ^ subject.row.command)
        return finding
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        let tool = finding.digest == 0 ? name(finding.tool) : "a command of \(name(finding.tool))"
        let previous = name(finding.cycle[0])
        return Explanation(
            summary: "\(name(finding.agent)) used \(tool) right after \(previous) for the first time; "
                + "\(NewTool.history(finding, "a step")) (\(finding.severity.name) from one run in \(finding.threshold)).",
            advice: "You have never used \(tool) right after \(previous) before; make sure that the task asks for it.",
            evidence: NewTool.evidence(finding, name), unit: "runs per new step")
    }
}
