import KilterVocabulary

/// The services and agents that appear in the scenarios.
enum Cast {
    static let billing = SimulatedService("billing-support", version: "3.8.1")
    static let claims = SimulatedService("claims-triage", version: "4.12.0")
    static let copilot = SimulatedService("dev-copilot", environment: "staging", version: "0.31.2")
    static let research = SimulatedService("research-crawler", version: "2.2.0")
    static let operations = SimulatedService("ops-orchestrator", version: "1.9.4")

    static let refunds = SimulatedAgent("refund-agent", in: billing, model: "gpt-5-mini")
    static let orders = SimulatedAgent("order-agent", in: billing, model: "gpt-5-mini")
    static let triage = SimulatedAgent("triage-agent", in: claims, model: "claude-sonnet-5", provider: "anthropic")
    static let payouts = SimulatedAgent("payout-agent", in: claims, model: "gpt-5-mini")
    static let documents = SimulatedAgent("document-agent", in: claims, model: "gpt-5-mini")
    static let patcher = SimulatedAgent("patch-agent", in: copilot, model: "claude-sonnet-5", provider: "anthropic")
    static let reviewer = SimulatedAgent("review-agent", in: copilot, model: "claude-sonnet-5", provider: "anthropic")
    static let planner = SimulatedAgent("research-planner", in: research, model: "gpt-5")
    static let crawler = SimulatedAgent("site-crawler", in: research, model: "gpt-5-mini")
    static let summarizer = SimulatedAgent("summary-agent", in: research, model: "gpt-5-mini")
    static let exports = SimulatedAgent("export-watcher", in: research, model: "gpt-5-mini")
    static let scheduler = SimulatedAgent("scheduler-agent", in: operations, model: "gpt-5-mini")

    /// The same agent in a service whose instrumentation writes only what it must.
    static func lean(_ agent: SimulatedAgent) -> SimulatedAgent {
        var agent = agent
        agent.service.detail = .lean
        return agent
    }

    /// The same agent in a service that follows other conventions.
    static func speaking(_ dialect: SimulatedService.Dialect, _ agent: SimulatedAgent) -> SimulatedAgent {
        var agent = agent
        agent.service.dialect = dialect
        return agent
    }
}
