import KilterVocabulary

/// Microsoft Agent Framework: GenAI names on agents, models and tools; workflow spans of its own, which are known by their
/// names and joined by links rather than by parents. A call without arguments has the text `None` for them.
enum AgentFrameworkDialect {
    static let aliases: [Alias] = [
        Alias("executor.id", .agent, Rank.vendor),
        Alias("workflow.id", .workflow, Rank.vendor + 4),
        Alias("message.source_id", .sender, Rank.vendor),
        Alias("message.target_id", .messageTarget, Rank.vendor),
        Alias("message.destination_executor_id", .messageTarget, Rank.vendor + 1),
    ]

    static func kind(spanName: Text) -> OperationKind? {
        if spanName.equals("message.send") { return .agentMessage }
        if spanName.hasPrefix("executor.process ") || spanName.equals("executor.process") { return .step }
        if spanName.hasPrefix("edge_group.process ") || spanName.equals("edge_group.process") { return .step }
        return spanName.equals("workflow.run") ? .workflow : nil
    }
}
