import KilterVocabulary

/// What a change must be like to be noticed: the smallest of each main signal that a week at the traffic seen would show.
extension Engine {
    /// Of each the stream with most observations stands for all of the agent.
    private static let mainSignals: [Signal] = [.errorRate, .outcome, .latency, .runCost, .cost, .outputTokens, .runDuration]

    func withSmallestChanges(_ agents: [Diagnosis.Agent]) -> [Diagnosis.Agent] {
        guard !agents.isEmpty else { return [] }
        var places: [[String]: Int] = [:]
        for (place, agent) in agents.enumerated() { places[[agent.tenant, agent.environment, agent.service, agent.agent]] = place }
        let report = baselines(within: .week) { places[[$0.tenant, $0.environment, $0.service, $0.agent]] != nil }
        var agents = agents
        for known in report.agents {
            guard let place = places[[known.tenant, known.environment, known.service, known.agent]] else { continue }
            let main = Self.mainSignals.compactMap { signal in Self.main(signal, of: known) }
            agents[place].smallestChanges = main.compactMap(\.smallest)
            agents[place].runsMissing = main.map(\.missing).min()
        }
        return agents
    }

    private static func main(_ signal: Signal, of agent: BaselineReport.Agent) -> BaselineReport.Stream? {
        let name = signal.name("")
        // Errors of runs are those of all their tools.
        let streams = agent.streams.filter { signal != .errorRate || $0.step == SignalChange.Step.run.name }.filter {
            signal == .outcome ? $0.signal.hasPrefix(name) : $0.signal == name
        }
        return streams.max { ($0.observations, $1.step, $1.signal) < ($1.observations, $0.step, $0.signal) }
    }
}
