import KilterVocabulary

/// OpenInference (Arize Phoenix and its instrumentations): flat keys, upper-case span kinds, content on by default
/// and replaced by `__REDACTED__` when hidden.
enum OpenInferenceDialect {
    static let aliases: [Alias] = [
        Alias("openinference.span.kind", .openInferenceKind, Rank.openInference),
        Alias("agent.name", .agent, Rank.openInference),
        Alias("graph.node.name", .agent, Rank.openInference + 1),
        Alias("graph.node.id", .agent, Rank.openInference + 2),
        Alias("graph.node.parent_id", .nodeParent, Rank.openInference),
        Alias("session.id", .conversation, Rank.openInference),
        Alias("llm.request.model_name", .model, Rank.openInference),
        Alias("llm.model_name", .sharedModel, Rank.openInference),
        Alias("llm.invocation_parameters", .invocationParameters, Rank.openInference),
        Alias("llm.finish_reason", .finishReason, Rank.openInference),
        Alias("embedding.model_name", .model, Rank.openInference + 2),
        Alias("reranker.model_name", .model, Rank.openInference + 3),
        Alias("llm.response.model_name", .responseModel, Rank.openInference),
        Alias("llm.provider", .provider, Rank.openInference),
        Alias("llm.system", .providerSystem, Rank.openInference),
        Alias("tool.name", .tool, Rank.openInference),
        Alias("tool.id", .callID, Rank.openInference),
        Alias("tool_call.id", .callID, Rank.openInference + 1),
        Alias("input.value", .genericInput, Rank.openInference),
        Alias("output.value", .genericOutput, Rank.openInference),
        Alias("tool.parameters", .toolParameters, Rank.openInference),
        Alias("llm.token_count.prompt", .inputTokens, Rank.openInference),
        Alias("llm.token_count.completion", .outputTokens, Rank.openInference),
        Alias("llm.token_count.total", .totalTokens, Rank.openInference),
        Alias("llm.token_count.prompt_details.cache_read", .cacheReadTokens, Rank.openInference),
        Alias("llm.token_count.prompt_details.cache_input", .cacheReadTokens, Rank.openInference + 1),
        Alias("llm.token_count.prompt_details.cache_write", .cacheWriteTokens, Rank.openInference),
        Alias("llm.token_count.completion_details.reasoning", .reasoningTokens, Rank.openInference),
        Alias("llm.cost.total", .cost, Rank.openInference),
        Alias("llm.cost.prompt", .costParts, Rank.openInference),
        Alias("llm.cost.completion", .costParts, Rank.openInference + 1),
        Alias("llm.prompts.0.prompt.text", .promptText, Rank.openInference),
        Alias("llm.choices.0.completion.text", .promptText, Rank.openInference + 1),
    ]

    /// The kinds that GenAI's operations cannot express; they win over `gen_ai.operation.name`.
    static func distinctKind(_ kind: Text) -> OperationKind? {
        if kind.equalsFolded("guardrail") { return .guardrail }
        if kind.equalsFolded("evaluator") { return .evaluator }
        if kind.equalsFolded("reranker") { return .rerank }
        if kind.equalsFolded("prompt") { return .promptRender }
        return nil
    }

    static func kind(_ kind: Text, isRoot: Bool, hasPromptText: Bool) -> OperationKind? {
        if kind.equalsFolded("llm") { return hasPromptText ? .textCompletion : .chat }
        if kind.equalsFolded("tool") { return .executeTool }
        if kind.equalsFolded("agent") { return .invokeAgent }
        if kind.equalsFolded("chain") { return isRoot ? .workflow : .step }
        if kind.equalsFolded("embedding") { return .embeddings }
        if kind.equalsFolded("retriever") { return .retrieval }
        return nil
    }
}
