import KilterVocabulary

/// Claude Code's own spans, named `claude_code.*`, with attributes that have no prefix and an input that excludes what
/// came from the cache.
enum ClaudeCodeDialect {
    static let aliases: [Alias] = [
        Alias("model", .model, Rank.bare),
        Alias("stop_reason", .finishReason, Rank.bare),
        Alias("ttft_ms", .millisecondsToFirstToken, Rank.bare),
        Alias("input_tokens", .inputTokens, Rank.bare),
        Alias("output_tokens", .outputTokens, Rank.bare),
        Alias("cache_read_tokens", .cacheReadTokens, Rank.bare),
        Alias("cache_creation_tokens", .cacheWriteTokens, Rank.bare),
        Alias("cost_usd", .cost, Rank.bare),
        Alias("tool_name", .tool, Rank.bare),
        Alias("tool_use_id", .callID, Rank.bare),
        Alias("full_command", .arguments, Rank.bare),
        Alias("agent_id", .agent, Rank.bare),
        Alias("parent_agent_id", .sender, Rank.bare),
        Alias("error", .errorType, Rank.bare),
        Alias("status_code", .statusCode, Rank.bare),
    ]

    /// A tool's execution is a span inside the tool's: the outer one, which has the name, is the call.
    static func kind(spanName: Text) -> OperationKind? {
        let name = spanName.dropFirst(min(12, spanName.count))
        if name.equals("llm_request") { return .chat }
        if name.equals("tool") { return .executeTool }
        if name.equals("interaction") { return .invokeAgent }
        if name.equals("tool.execution") || name.equals("tool.blocked_on_user") { return .step }
        return name.equals("hook") || name.equals("compaction") ? .other : nil
    }
}
