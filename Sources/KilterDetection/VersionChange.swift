import KilterMath
import KilterState
import KilterVocabulary

/// Claim: another model answers than the one that answered all along, and no new version was declared with it; or a
/// change was declared by a mark.
///
/// It informs: most changes of model are meant. A drift that begins within a day of it names it.
enum VersionChange {
    static func finding(_ book: BaselineBook) -> Finding {
        var finding = book.finding(.versionChange, .structural, .info)
        finding.subject = book.agent.pointee.model
        finding.model = book.agent.pointee.model
        finding.count = 1
        finding.threshold = 1
        var change = SignalChange()
        change.signal = .model
        change.way = .mix
        change.modelBefore = book.agent.pointee.modelBefore
        change.modelAfter = book.agent.pointee.model
        finding.change = change
        return finding
    }

    /// Claim: somebody declared a change of the agent, or of what it works with, and this is its first run since.
    static func declared(_ book: BaselineBook) -> Finding {
        var finding = book.finding(.versionChange, .structural, .info)
        finding.subject = book.agent.pointee.declared.change.identity
        finding.count = 1
        finding.threshold = 1
        var change = SignalChange()
        change.way = .mix
        change.countBefore = book.agent.pointee.runs &- 1
        change.declare(book.agent.pointee.declared.change)
        finding.startedAt = change.declaredAt
        finding.change = change
        return finding
    }

    static func explain(_ finding: Finding, _ name: NameLookup) -> Explanation {
        if let change = finding.change, change.declaredAt != .zero { return explainDeclared(finding, change, name) }
        let before = name(finding.change?.modelBefore ?? 0), after = name(finding.change?.modelAfter ?? 0)
        return Explanation(
            summary:
                "\(name(finding.agent)) is answered by \(after) where \(before) had answered its runs before; no new version was declared.",
            advice: "",
            evidence: [
                Evidence("model_before", .string(before)), Evidence("model_after", .string(after)),
                Evidence("last_trace_id", .string(finding.trace.hex)), Evidence("last_span_id", .string(Hex.string(finding.span))),
            ], unit: "changes")
    }

    private static func explainDeclared(_ finding: Finding, _ change: SignalChange, _ name: NameLookup) -> Explanation {
        let runs = change.countBefore == 1 ? "the run" : "the \(change.countBefore) runs"
        return Explanation(
            summary: "\(change.declaration(name, of: finding.agent)) was declared; what \(name(finding.agent)) does from then on is held "
                + "against \(runs) before it, and becomes what is usual.",
            advice: "",
            evidence: change.declarationFacts(name) + [
                Evidence("runs_before", .integer(Int64(change.countBefore))),
                Evidence("last_trace_id", .string(finding.trace.hex)), Evidence("last_span_id", .string(Hex.string(finding.span))),
            ], unit: "changes")
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        Readiness(
            detector: .versionChange, state: seen.withModel > 0 ? .live : .idle, tier: .structural,
            why: seen.withModel > 0 ? "model calls name their model" : "no model call names its model")
    }
}
