import KilterVocabulary

/// The AgentOps SDK: a kind of its own, bare `agent.*` and `tool.*` names (in part those of OpenInference, with another
/// meaning), handoffs of AG2.
enum AgentOpsDialect {
    static let aliases: [Alias] = [
        Alias("agentops.span.kind", .agentOpsKind, Rank.vendor),
        Alias("agentops.entity.name", .entityName, Rank.vendor),
        Alias("agentops.entity.input", .genericInput, Rank.vendor + 2),
        Alias("agentops.entity.output", .genericOutput, Rank.vendor + 2),
        Alias("agentops.environment", .environment, Rank.vendor + 1),
        Alias("agentops.tags", .tags, Rank.vendor + 2),
        Alias("operation.version", .agentVersion, Rank.vendor + 2),
        Alias("workflow.name", .workflow, Rank.vendor),
        Alias("workflow.session_id", .conversation, Rank.vendor + 5),
        Alias("langchain.tool.name", .tool, Rank.vendor + 1),
        Alias("tool.result", .result, Rank.vendor + 4),
        Alias("tool.status", .toolStatus, Rank.vendor + 1),
        Alias("from_agent", .handoffFrom, Rank.vendor),
        Alias("to_agent", .receiver, Rank.vendor),
        Alias("agent.from", .handoffFrom, Rank.vendor + 1),
        Alias("agent.to", .receiver, Rank.vendor + 1),
    ]

    static func kind(_ kind: Text) -> OperationKind? {
        if kind.equalsFolded("llm") { return .chat }
        if kind.equalsFolded("tool") { return .executeTool }
        if kind.equalsFolded("agent") { return .invokeAgent }
        if kind.equalsFolded("workflow") || kind.equalsFolded("session") { return .workflow }
        if kind.equalsFolded("task") || kind.equalsFolded("operation") || kind.equalsFolded("chain") { return .step }
        return kind.equalsFolded("guardrail") ? .guardrail : nil
    }
}
