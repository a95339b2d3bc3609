import KilterVocabulary

/// OpenLLMetry and the Traceloop SDK: `traceloop.*` beside older `llm.*` and OTel GenAI names.
enum OpenLLMetryDialect {
    static let aliases: [Alias] = [
        Alias("traceloop.span.kind", .traceloopKind, Rank.openLLMetry),
        Alias("traceloop.entity.name", .entityName, Rank.openLLMetry),
        Alias("traceloop.entity.version", .agentVersion, Rank.openLLMetry),
        Alias("traceloop.workflow.name", .workflow, Rank.openLLMetry),
        Alias("traceloop.entity.input", .genericInput, Rank.openLLMetry),
        Alias("traceloop.entity.output", .genericOutput, Rank.openLLMetry),
        Alias("traceloop.association.properties.session_id", .conversation, Rank.openLLMetry),
        Alias("traceloop.association.properties.thread_id", .conversation, Rank.openLLMetry + 1),
        Alias("traceloop.association.properties.conversation_id", .conversation, Rank.openLLMetry + 2),
        Alias("traceloop.association.properties.customer_id", .partnerTenant, Rank.openLLMetry),
        Alias("gen_ai.agent.handoff_parent", .handoffParent, Rank.openLLMetry),
        Alias("llm.request.type", .requestType, Rank.openLLMetry),
        Alias("llm.response.model", .responseModel, Rank.vendor),
        Alias("llm.usage.prompt_tokens", .inputTokens, Rank.openLLMetry),
        Alias("llm.usage.completion_tokens", .outputTokens, Rank.openLLMetry),
        Alias("llm.usage.reasoning_tokens", .reasoningTokens, Rank.openLLMetry + 1),
        Alias("llm.usage.total_tokens", .totalTokens, Rank.openLLMetry + 1),
    ]

    /// The kinds that win over `gen_ai.operation.name=invoke_agent`: the CrewAI wrapper stamps that operation on its
    /// tasks too, and taken literally one agent run would count three times.
    static func structuralKind(_ kind: Text) -> OperationKind? {
        if kind.equalsFolded("workflow") { return .workflow }
        if kind.equalsFolded("task") { return .step }
        return nil
    }

    static func kind(_ kind: Text) -> OperationKind? {
        if let structural = structuralKind(kind) { return structural }
        if kind.equalsFolded("tool") { return .executeTool }
        if kind.equalsFolded("agent") { return .invokeAgent }
        if kind.equalsFolded("unknown") { return .step }
        return nil
    }

    static func kind(requestType: Text) -> OperationKind? {
        if requestType.equalsFolded("chat") { return .chat }
        if requestType.equalsFolded("completion") { return .textCompletion }
        if requestType.equalsFolded("embedding") { return .embeddings }
        if requestType.equalsFolded("rerank") { return .rerank }
        return nil
    }
}
