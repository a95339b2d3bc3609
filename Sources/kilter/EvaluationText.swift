import Foundation
import KilterSimulator

/// An evaluation as people read it.
struct EvaluationText {
    /// - Parameter allowed: statistical false alarms that the configuration allows, where it is known.
    func render(_ result: Evaluation, allowed: Double?) -> String {
        var text = kinds(result) + "\n"
        if !result.detectors.isEmpty { text += detectors(result) + "\n" }
        text += healthy(result)
        let recall = result.recall.map { "recall \(Figures.percent($0)) (\(result.warnedRuns) of \(result.wrongRuns) runs warned)" }
        let precision = result.precision.map { "precision \(Figures.percent($0)) (of the labelled runs that were warned)" }
        let sums = [recall, precision].compactMap(\.self)
        if !sums.isEmpty { text += sums.joined(separator: ", ") + "\n" }
        if let drift = result.drift { text += "\n" + DriftEvaluationText().render(drift, allowed: allowed) + "\n" }
        let origin =
            result.isMeasured ? "in the stream, from the start of the labelled window" : "by the alerts, from the onset they estimate"
        return text + "Delays are medians; spans and dollars are counted \(origin).\n"
    }

    private func kinds(_ result: Evaluation) -> String {
        let levels = AlarmLevel.allCases.map(\.name)
        var heading = ["kind", "runs"] + levels + ["recall", "spans, time, cost until info"] + levels.dropFirst()
        if result.isMeasured { heading.append("in all") }
        var rows = [heading]
        for kind in result.kinds {
            var row = [kind.kind, "\(kind.runs)"] + kind.reached.map { "\($0)" }
            row += [Figures.percent(kind.share(.warning))] + kind.delays.map(Figures.delay)
            if result.isMeasured { row.append(kind.whole.map(Figures.spent) ?? "?") }
            rows.append(row)
        }
        return Figures.table(rows, textColumns: [0, 7, 8, 9, 10, 11])
    }

    private func detectors(_ result: Evaluation) -> String {
        var rows = [["detector", "right", "wrong", "unlabelled", "runs", "spans, time, cost until warning"]]
        for detector in result.detectors {
            rows.append(
                [
                    detector.id, "\(detector.right)", "\(detector.wrong)", "\(detector.unlabelled)", "\(detector.runs)",
                    Figures.delay(detector.delays),
                ])
        }
        return Figures.table(rows, textColumns: [0, 5])
    }

    private func healthy(_ result: Evaluation) -> String {
        let healthy = result.healthy
        guard healthy.runs > 0 else { return "no run is labelled healthy\n" }
        let alarmed = healthy.reached[AlarmLevel.warning.rawValue]
        var line =
            "healthy runs \(healthy.runs): informed \(healthy.reached[0]), warned \(alarmed) (\(Figures.percent(healthy.share(.warning))))"
        line += ", false alarms \(result.falseAlarms)"
        if let rate = result.falseAlarmsPerAgentDay {
            line += ", \(Figures.rate(rate)) per agent-day (\(Figures.rate(result.agentDays)) agent-days)"
        }
        return line + "\n"
    }
}

/// Numbers as people read them.
enum Figures {
    static func percent(_ share: Double) -> String { String(format: share > 0 && share < 0.1 ? "%.2f %%" : "%.1f %%", share * 100) }

    static func rate(_ rate: Double) -> String { String(format: rate > 0 && rate < 0.01 ? "%.5f" : "%.2f", rate) }

    static func delay(_ delays: Evaluation.Delays) -> String {
        guard delays.count > 0 else { return "-" }
        let time = delays.milliseconds.map(duration) ?? "?"
        let spans = delays.spans.map { "\($0)" } ?? "?"
        let cost = delays.microdollars.map { String(format: "$%.4f", Double($0) / 1e6) } ?? "?"
        return "\(spans), \(time), \(cost)"
    }

    static func spent(_ whole: Evaluation.Distance) -> String {
        "\(whole.spans), " + String(format: "$%.2f", Double(whole.microdollars) / 1e6)
    }

    static func duration(milliseconds: Int) -> String {
        let seconds = Double(milliseconds) / 1_000
        if seconds < 120 { return String(format: "%.1f s", seconds) }
        if seconds < 7_200 { return String(format: "%.1f min", seconds / 60) }
        return String(format: "%.1f h", seconds / 3_600)
    }

    /// Columns as wide as their widest text; numbers stand to the right.
    static func table(_ rows: [[String]], textColumns: Set<Int>) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = row.enumerated().map { column, text in
                let blank = String(repeating: " ", count: widths[column] - text.count)
                return textColumns.contains(column) ? text + blank : blank + text
            }
            let line = cells.joined(separator: "  ")
            return line.prefix(line.count - line.reversed().prefix { $0 == " " }.count) + "\n"
        }.joined()
    }
}
