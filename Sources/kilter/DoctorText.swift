import KilterEngine

/// A diagnosis as people read it.
struct DoctorText {
    let inColour: Bool

    func render(_ diagnosis: Diagnosis) -> String {
        var lines = heading(diagnosis)
        // Who calls no tools is told how, where nobody does: next to agents that do, it is no lack.
        let showsIdle = diagnosis.agents.allSatisfy { $0.calls == 0 }
        for agent in diagnosis.agents {
            lines += [""] + render(agent, showsTenant: isShared(diagnosis), showsIdle: showsIdle)
        }
        if diagnosis.spansOfOthers > 0 { lines += ["", "and \(diagnosis.spansOfOthers) spans of further agents"] }
        if !diagnosis.agents.isEmpty { lines += ["", verdict(diagnosis)] }
        return lines.joined(separator: "\n") + "\n"
    }

    private func isShared(_ diagnosis: Diagnosis) -> Bool { Set(diagnosis.agents.map(\.tenant)).count > 1 }

    private func heading(_ diagnosis: Diagnosis) -> [String] {
        let outcomes = diagnosis.outcomes.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
        var lines = [outcomes.isEmpty ? "No records yet." : "\(diagnosis.received) records: \(outcomes)"]
        for reason in diagnosis.quarantined {
            lines.append("  \(mark("!", .red)) \(reason.count) quarantined as \(reason.name): \(reason.explanation ?? "")")
        }
        if let lag = diagnosis.lag {
            lines.append(
                "  age on arrival: half below \(seconds(lag.median)), 95 % below \(seconds(lag.percentile95)), "
                    + "at most \(seconds(lag.longest))")
        }
        if !diagnosis.said.isEmpty { lines.append("  said about runs: \(list(diagnosis.said))") }
        if !diagnosis.unpricedModels.isEmpty {
            let models = diagnosis.unpricedModels.prefix(10).map {
                "\(TerminalText.safe($0.name.isEmpty ? "(no model)" : $0.name)) \($0.count)"
            }
            lines.append("  tokens without a price: \(models.joined(separator: ", "))")
        }
        return lines + diagnosis.remarks.map { "  \(mark("!", .yellow)) \($0)" }
    }

    private func render(_ agent: Diagnosis.Agent, showsTenant: Bool, showsIdle: Bool) -> [String] {
        let path = [showsTenant ? agent.tenant : "", agent.environment, agent.service, agent.agent].filter { !$0.isEmpty }
        var counts = ["\(agent.spans) spans", "\(agent.calls) tool calls", "\(agent.inferences) model calls"]
        if agent.messages > 0 { counts.append("\(agent.messages) messages") }
        if agent.late > 0 { counts.append("\(agent.late) late") }
        if let lag = agent.lag { counts.append("95 % younger than \(seconds(lag.percentile95))") }
        var lines = ["\(TerminalText.safe(path.joined(separator: "/"))): \(counts.joined(separator: ", "))"]
        var said: Set<String> = []
        for detector in agent.detectors {
            let tier = detector.tier.map { " at \($0)" } ?? ""
            lines.append("  \(state(detector.state)) \(padded(detector.detector, 14))\(tier): \(detector.why)")
            guard detector.state == "limited" || detector.state == "blind" || showsIdle && detector.state == "idle",
                !detector.fix.isEmpty, said.insert(detector.fix).inserted
            else { continue }
            lines.append("            missing \(detector.missing.joined(separator: " or "))")
            lines.append("            fix: \(detector.fix)")
        }
        if let changes = changes(agent) { lines.append("  changes  \(TerminalText.safe(changes))") }
        if !agent.said.isEmpty { lines.append("  said about its runs: \(list(agent.said))") }
        return lines + agent.remarks.map { "  \(mark("!", .yellow)) \($0)" }
    }

    /// What a change must be like to be noticed.
    private func changes(_ agent: Diagnosis.Agent) -> String? {
        guard let missing = agent.runsMissing else { return nil }
        if missing > 0 { return "none could be told yet: it takes about \(missing) more runs" }
        guard !agent.smallestChanges.isEmpty else { return "none, however large, would be told within a week at this traffic" }
        return "told within a week at this traffic, from about: \(agent.smallestChanges.map(\.text).joined(separator: "; "))"
    }

    private func list(_ counts: [Diagnosis.Count]) -> String { counts.map { "\($0.count) \($0.name)" }.joined(separator: ", ") }

    private func verdict(_ diagnosis: Diagnosis) -> String {
        guard diagnosis.agentsLacking > 0 else {
            return diagnosis.remarks.isEmpty && diagnosis.quarantined.isEmpty ? "Nothing is missing." : "The agents show what is needed."
        }
        return "\(diagnosis.agentsLacking) of \(diagnosis.agentsInAll) agents leave out something that a detector needs."
    }

    private func seconds(_ milliseconds: UInt64) -> String {
        milliseconds < 10_000 ? "\(milliseconds) ms" : "\(milliseconds / 1_000) s"
    }

    private func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    private enum Colour: String { case red = "31", yellow = "33", green = "32", grey = "90" }

    private func mark(_ text: String, _ colour: Colour) -> String {
        inColour ? "\u{1b}[\(colour.rawValue)m\(text)\u{1b}[0m" : text
    }

    private func state(_ word: String) -> String {
        let colour: Colour =
            switch word {
            case "live": .green
            case "limited": .yellow
            case "blind": .red
            default: .grey
            }
        return mark(padded(word, 8), colour)
    }
}
