import KilterVocabulary

/// Incidents that people reported, told from what the reports say; `why` names what had to be assumed.
extension Scenarios {
    static let shortIncidents: [Scenario] = [
        Scenario(
            "incident-hundred-heavy-calls", seed: 5_002,
            summary: "An agent makes 106 different calls in five hours, each with some 176,000 tokens of context.",
            why: "Reported as hermes-agent#91713: 18.7M tokens. No call repeats and none is an outlier, so nothing in the structure of"
                + " the run tells; it takes a budget. Assumed: evenly spread, claude-sonnet-4-5 without a cache.",
            incident: Incident(source: "NousResearch/hermes-agent#91713", tokens: 18_700_000, dollars: 0)
        ) { scenario in
            let agent = reported("session-agent", "claude-sonnet-4-5", provider: "anthropic")
            let trace = scenario.trace(agent, conversation: "session-91713")
            let calls = (0..<106).map { number in
                trace.pause(.seconds(165))
                let file = trace.draw { "notes/\($0.hex(6)).md" }
                return trace.step(
                    number % 3 == 0 ? "search_notes" : "read_file", ["path": .string(file), "part": .integer(Int64(number))],
                    .text("section \(number) of \(file): \(trace.draw { $0.hex(12) })"), usage: TokenUsage(input: 176_000, output: 420))
            }
            trace.close()
            scenario.label("steady_burn", calls)
            scenario.expectSilence(.warning)
        }
    ]

    /// An agent of somebody who reported; a service of its own.
    static func reported(_ name: String, _ model: String, provider: String = "openai") -> SimulatedAgent {
        SimulatedAgent(name, in: SimulatedService(name + "-service", detail: .lean), model: model, provider: provider)
    }

    /// Warned at the fourth call, critical at the eighth and tripped once.
    static func expectLadder(_ detector: String, _ calls: [SpanReference], of agent: SimulatedAgent, in scenario: ScenarioBuilder) {
        scenario.expectAlert(detector, .warning, tier: "identical_result", of: agent, by: calls[3], episodes: 1)
        scenario.expectAlert(detector, .critical, of: agent, by: calls[7])
    }
}
