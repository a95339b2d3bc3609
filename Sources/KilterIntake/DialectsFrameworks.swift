import KilterVocabulary

/// Flue: GenAI names on model turns, `flue.*` on tools, delegated tasks and workflows.
enum FlueDialect {
    static let aliases: [Alias] = [
        Alias("flue.tool.name", .tool, Rank.vendor + 2),
        Alias("flue.tool.call_id", .callID, Rank.vendor + 2),
        Alias("flue.tool.arguments", .arguments, Rank.vendor + 5),
        Alias("flue.tool.result", .result, Rank.vendor + 6),
        Alias("flue.task.agent", .agent, Rank.vendor + 3),
        Alias("flue.workflow.name", .workflow, Rank.vendor + 3),
    ]
}

/// LangGraph's commands: one node sends the run on to another. Several goals at once come as a list.
enum LangGraphDialect {
    static let aliases: [Alias] = [
        Alias("langgraph.command.source_node", .handoffFrom, Rank.vendor + 2),
        Alias("langgraph.command.goto_node", .receiver, Rank.vendor + 2),
        Alias("langgraph.command.goto_nodes", .receiver, Rank.vendor + 3),
    ]
}

/// Span names of frameworks that say what their attributes do not.
enum FrameworkNames {
    static func kind(spanName: Text) -> OperationKind? {
        if let kind = AgentFrameworkDialect.kind(spanName: spanName) { return kind }
        if spanName.equals("agent_turn") { return .invokeAgent }
        if spanName.hasPrefix("flue.") { return flueKind(spanName) }
        // OpenLLMetry names the other methods of MCP after themselves: `tools/list.mcp`.
        if spanName.hasSuffix(".mcp") { return spanName.equals("tools/call.mcp") ? .executeTool : .protocolOther }
        return nil
    }

    private static func flueKind(_ spanName: Text) -> OperationKind? {
        if spanName.hasPrefix("flue.tool ") { return .executeTool }
        if spanName.hasPrefix("flue.task ") { return .invokeAgent }
        if spanName.hasPrefix("flue.workflow ") { return .workflow }
        return spanName.hasPrefix("flue.operation ") ? .step : nil
    }
}
