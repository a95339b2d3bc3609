import KilterVocabulary

/// Google's Agent Development Kit (scope `gcp.vertex.agent`) and Gemini CLI, which keeps to GenAI names but for a few
/// operations of its own (`llm_call`, `tool_call`, `agent_call`, known beside the conventional ones).
enum GoogleDialect {
    static let aliases: [Alias] = [
        Alias("gcp.vertex.agent.session_id", .conversation, Rank.vendor + 4),
        // JSON, or a Python `repr`, which is compared as raw text.
        Alias("gcp.vertex.agent.tool_call_args", .arguments, Rank.vendor + 3),
        Alias("gcp.vertex.agent.tool_response", .result, Rank.vendor + 3),
        Alias("gcp.vertex.agent.llm_response", .answerText, Rank.vendor + 4),
        Alias("gcp.vertex.agent.llm_request", .input, Rank.vendor + 2),
    ]

    /// What the kit's spans without an operation are. The merged tool span stands for calls that have spans of their own.
    static func kind(spanName: Text) -> OperationKind? {
        if spanName.equals("execute_tool (merged)") { return .step }
        if spanName.equals("call_llm") { return .chat }
        if spanName.hasPrefix("agent_run ") { return .invokeAgent }
        return spanName.equals("invocation") ? .workflow : nil
    }

    /// The agent of `agent_run [name]`.
    static func agent(spanName: Text) -> Text {
        guard spanName.hasPrefix("agent_run ["), spanName.hasSuffix("]") else { return .none }
        return spanName.prefix(spanName.count - 1).dropFirst(11)
    }
}
