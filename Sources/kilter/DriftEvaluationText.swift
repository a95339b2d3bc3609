import Foundation
import KilterSimulator

/// What statistical alerts tell of agents, as people read it.
struct DriftEvaluationText {
    func render(_ result: DriftEvaluation, allowed: Double?) -> String {
        (result.changes.isEmpty ? "" : changes(result)) + still(result, allowed)
    }

    private func changes(_ result: DriftEvaluation) -> String {
        var rows = [
            [
                "changed signal", "agents", "before", "found", "missed", "recall", "observations: median, mean, p95", "time: median",
                "signal right", "main first", "direction right", "onset off by: median, p90",
            ]
        ]
        for change in result.changes {
            rows.append([
                change.signal, "\(change.count)", "\(change.alarmedBefore)",
                "\(change.found)" + (change.foundInGroup > 0 ? " (\(change.foundInGroup) in groups)" : ""), "\(change.missed)",
                change.recall.map(Figures.percent) ?? "-", change.observations.map(delay) ?? "-", time(change.seconds?.median),
                share(change.attributed, change.found), share(change.toldMain, change.found), share(change.directedRight, change.directed),
                onset(change),
            ])
        }
        var text = Figures.table(rows, textColumns: [0, 6, 11])
        let told = "\(result.rightEpisodes) episodes tell of changes, \(result.strayEpisodes) of something else after one"
        text += told + (result.unlabelledEpisodes > 0 ? ", \(result.unlabelledEpisodes) are of agents without a label" : "")
        return text + (result.precision.map { ", precision \(Figures.percent($0))" } ?? "") + "\n"
    }

    private func still(_ result: DriftEvaluation, _ allowed: Double?) -> String {
        let exposure = result.exposure
        guard exposure.agents > 0 else { return "of no agent is a time labelled in which nothing changed\n" }
        var text = "nothing changed in \(exposure.agents) agents for \(Figures.rate(exposure.agentDays)) agent-days"
        if let runs = exposure.agentRuns { text += ", \(runs) runs" }
        text += ": \(result.falseEpisodes) false episodes, \(result.falseWarnings) of them warnings"
        text += String(format: " (95 %% interval of their mean %.2f to %.2f)", result.interval.low, result.interval.high)
        if let allowed {
            text += String(format: "; the configuration allows %.2f", allowed)
            if allowed > 0 { text += String(format: ", so that is %.2f times as many", Double(result.falseEpisodes) / allowed) }
        }
        if result.falseGroupEpisodes > 0 { text += "; besides \(result.falseGroupEpisodes) of groups" }
        let signals = result.falseBySignal.map { "\($0.signal) \($0.episodes)" }.joined(separator: ", ")
        return text + (signals.isEmpty ? "" : "; by signal: " + signals) + "\n"
    }

    private func delay(_ figures: DriftEvaluation.Figures) -> String {
        String(format: "%.0f, %.1f, %.0f", figures.median, figures.mean, figures.p95)
    }

    private func time(_ seconds: Double?) -> String {
        seconds.map { Figures.duration(milliseconds: Int(min($0 * 1_000, 1e15))) } ?? "-"
    }

    private func onset(_ change: DriftEvaluation.Change) -> String {
        if let figures = change.onsetObservations { return String(format: "%.0f, %.0f", figures.median, figures.p90) }
        return change.onsetSeconds.map { "\(time($0.median)), \(time($0.p90))" } ?? "-"
    }

    private func share(_ part: Int, _ whole: Int) -> String { whole == 0 ? "-" : Figures.percent(Double(part) / Double(whole)) }
}
