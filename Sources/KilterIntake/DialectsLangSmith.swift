import KilterVocabulary

/// LangSmith's OpenTelemetry exporter: GenAI names, `langsmith.*` for the rest, details of tokens as JSON text, inputs
/// and outputs in the deprecated `gen_ai.prompt` and `gen_ai.completion`.
enum LangSmithDialect {
    static let aliases: [Alias] = [
        Alias("langsmith.span.kind", .langSmithKind, Rank.vendor),
        Alias("langsmith.metadata.agent_name", .agent, Rank.vendor + 1),
        Alias("langsmith.metadata.lc_agent_name", .agent, Rank.vendor + 2),
        Alias("langsmith.metadata.langgraph_node", .agent, Rank.vendor + 4),
        Alias("langsmith.metadata.ls_model_name", .model, Rank.vendor + 2),
        Alias("langsmith.metadata.ls_provider", .provider, Rank.vendor + 1),
        Alias("langsmith.trace.session_id", .conversation, Rank.vendor + 1),
        Alias("langsmith.metadata.thread_id", .conversation, Rank.vendor + 3),
        Alias("langsmith.trace.name", .workflow, Rank.vendor + 2),
        Alias("gen_ai.usage.input_token_details", .inputDetails, Rank.vendor),
        Alias("gen_ai.usage.output_token_details", .outputDetails, Rank.vendor),
        Alias("gen_ai.prompt", .genericInput, Rank.vendor + 1),
        Alias("gen_ai.completion", .genericOutput, Rank.vendor + 1),
        Alias("tag.tags", .tags, Rank.vendor + 1),
    ]

    static func kind(_ kind: Text, isRoot: Bool) -> OperationKind? {
        if kind.equalsFolded("llm") { return .chat }
        if kind.equalsFolded("tool") { return .executeTool }
        if kind.equalsFolded("chain") { return isRoot ? .workflow : .step }
        if kind.equalsFolded("agent") { return .invokeAgent }
        if kind.equalsFolded("embedding") { return .embeddings }
        if kind.equalsFolded("retriever") { return .retrieval }
        if kind.equalsFolded("prompt") { return .promptRender }
        return kind.equalsFolded("parser") ? .step : nil
    }
}
