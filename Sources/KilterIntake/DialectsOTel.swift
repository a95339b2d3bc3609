import KilterVocabulary

/// OpenTelemetry's GenAI, MCP and proposed A2A conventions, current and older names, and the general attributes
/// and resource attributes beside them.
enum OTelDialect {
    static let aliases: [Alias] = genAI + tools + usage + messages + general

    private static let genAI: [Alias] = [
        Alias("gen_ai.operation.name", .operation, Rank.current),
        Alias("mcp.method.name", .mcpMethod, Rank.current),
        Alias("a2a.method.name", .a2aMethod, Rank.current),
        Alias("gen_ai.agent.name", .agent, Rank.current),
        Alias("gen_ai.agent.version", .agentVersion, Rank.current),
        Alias("gen_ai.conversation.id", .conversation, Rank.current),
        Alias("gen_ai.session.id", .conversation, Rank.vendor),
        Alias("gen_ai.workflow.name", .workflow, Rank.current),
        Alias("gen_ai.request.model", .model, Rank.current),
        Alias("gen_ai.response.model", .responseModel, Rank.current),
        Alias("gen_ai.provider.name", .provider, Rank.current),
        Alias("gen_ai.system", .provider, Rank.older),
        Alias("gen_ai.response.id", .responseID, Rank.current),
        Alias("gen_ai.response.finish_reasons", .finishReason, Rank.current),
        Alias("gen_ai.response.finish_reason", .finishReason, Rank.openLLMetry),
        Alias("gen_ai.response.stop_reason", .finishReason, Rank.openLLMetry + 1),
        Alias("gen_ai.response.time_to_first_chunk", .secondsToFirstToken, Rank.current),
        Alias("gen_ai.streaming.time_to_first_token", .secondsToFirstToken, Rank.vendor),
        Alias("gen_ai.output.messages", .outputMessages, Rank.current),
        Alias("gen_ai.input.messages", .input, Rank.current),
        // Pydantic AI's agents: the whole conversation, in the form of the messages above.
        Alias("pydantic_ai.all_messages", .answerText, Rank.vendor + 3),
    ]

    private static let tools: [Alias] = [
        Alias("gen_ai.tool.name", .tool, Rank.current),
        Alias("gen_ai.tool.call.id", .callID, Rank.current),
        Alias("gen_ai.tool.call_id", .callID, Rank.vendor),
        Alias("gen_ai.tool.call.arguments", .arguments, Rank.current),
        Alias("gen_ai.tool.arguments", .arguments, Rank.vendor),
        Alias("gen_ai.tool.input", .arguments, Rank.vendor + 1),
        Alias("mcp.request.argument", .arguments, Rank.vendor + 4),
        Alias("gen_ai.tool.call.result", .result, Rank.current),
        Alias("gen_ai.tool.output", .result, Rank.vendor),
        Alias("gen_ai.tool.result", .result, Rank.vendor + 1),
        Alias("mcp.response.value", .result, Rank.vendor + 5),
        Alias("gen_ai.tool.status", .toolStatus, Rank.vendor),
    ]

    private static let usage: [Alias] = [
        Alias("gen_ai.usage.input_tokens", .inputTokens, Rank.current),
        Alias("gen_ai.usage.prompt_tokens", .inputTokens, Rank.older),
        Alias("gen_ai.usage.output_tokens", .outputTokens, Rank.current),
        Alias("gen_ai.usage.completion_tokens", .outputTokens, Rank.older),
        Alias("gen_ai.usage.cache_read.input_tokens", .cacheReadTokens, Rank.current),
        Alias("gen_ai.usage.cache_read_input_tokens", .cacheReadTokens, Rank.openLLMetry),
        // Pydantic AI, beside the current names or instead of them; all of them parts of the input and the output.
        Alias("gen_ai.usage.details.cache_read_tokens", .cacheReadTokens, Rank.vendor),
        Alias("gen_ai.usage.details.cache_read_input_tokens", .cacheReadTokens, Rank.vendor + 3),
        Alias("gen_ai.usage.details.cached_tokens", .cacheReadTokens, Rank.vendor + 4),
        Alias("gen_ai.usage.details.cache_write_tokens", .cacheWriteTokens, Rank.vendor + 1),
        Alias("gen_ai.usage.details.cache_creation_input_tokens", .cacheWriteTokens, Rank.vendor + 2),
        Alias("gen_ai.usage.details.reasoning_tokens", .reasoningTokens, Rank.vendor + 2),
        Alias("gen_ai.usage.details.thoughts_tokens", .reasoningTokens, Rank.vendor + 3),
        Alias("operation.cost", .cost, Rank.vendor + 3),
        Alias("gen_ai.usage.cache_write.input_tokens", .cacheWriteTokens, Rank.current),
        Alias("gen_ai.usage.cache_creation.input_tokens", .cacheWriteTokens, Rank.older),
        Alias("gen_ai.usage.cache_creation_input_tokens", .cacheWriteTokens, Rank.openLLMetry),
        Alias("gen_ai.usage.reasoning.output_tokens", .reasoningTokens, Rank.current),
        Alias("gen_ai.usage.reasoning_tokens", .reasoningTokens, Rank.openLLMetry),
        Alias("gen_ai.usage.total_tokens", .totalTokens, Rank.openLLMetry),
        Alias("gen_ai.usage.cost", .cost, Rank.vendor),
        Alias("gen_ai.usage.total_cost", .cost, Rank.vendor + 1),
    ]

    private static let messages: [Alias] = [
        Alias("gen_ai.caller.name", .sender, Rank.current),
        Alias("gen_ai.transfer.mode", .transferMode, Rank.current),
        Alias("gen_ai.transfer.target.name", .receiver, Rank.current),
        Alias("gen_ai.handoff.from_agent", .handoffFrom, Rank.current),
        Alias("gen_ai.handoff.from_agent.name", .handoffFrom, Rank.current + 1),
        Alias("gen_ai.handoff.to_agent", .receiver, Rank.older),
        Alias("gen_ai.handoff.to_agent.name", .receiver, Rank.older + 1),
        Alias("a2a.tenant", .partnerTenant, Rank.current),
        Alias("db.vector.query.top_k", .vectorQuery, Rank.openLLMetry),
    ]

    private static let general: [Alias] = [
        Alias("error.type", .errorType, Rank.current),
        Alias("error.message", .errorMessage, Rank.current),
        Alias("exception.type", .exceptionType, Rank.current),
        Alias("exception.message", .exceptionMessage, Rank.current),
        Alias("rpc.response.status_code", .statusCode, Rank.current),
        Alias("http.response.status_code", .statusCode, Rank.current + 1),
        Alias("http.status_code", .statusCode, Rank.older),
        Alias("gen_ai.guardrail.error.type", .guardrailError, Rank.vendor),
        Alias("success", .success, Rank.vendor),
        Alias("deployment.environment.name", .environment, Rank.current),
        Alias("deployment.environment", .environment, Rank.older),
        Alias("service.name", .service, Rank.current),
        Alias("service.namespace", .namespace, Rank.current),
        Alias("service.version", .serviceVersion, Rank.current),
    ]

    /// `gen_ai.operation.name`, of every generation and of the vendors that write their own values there.
    /// Nil: an open enum's value that this build does not know.
    static func kind(operation: Text) -> OperationKind? {
        if operation.equals("chat") { return .chat }
        if operation.equals("execute_tool") { return .executeTool }
        if operation.equals("invoke_agent") { return .invokeAgent }
        for (name, kind) in operations where operation.equalsFolded(name) { return kind }
        return nil
    }

    private static let operations: [(StaticString, OperationKind)] = [
        ("chat", .chat), ("generate_content", .chat), ("llm_call", .chat), ("llm_request", .chat), ("response", .chat),
        ("text_completion", .textCompletion), ("completion", .textCompletion),
        ("embeddings", .embeddings), ("retrieval", .retrieval), ("vector_db_retrieve", .retrieval),
        ("execute_tool", .executeTool), ("tool_call", .executeTool),
        ("invoke_agent", .invokeAgent), ("agent_call", .invokeAgent), ("agent_step", .invokeAgent),
        ("create_agent", .createAgent),
        ("invoke_workflow", .workflow), ("handle_conversation_turn", .workflow), ("execute_task", .step),
        ("plan", .plan), ("handoff", .handoff), ("agent_handoff", .handoff),
        ("apply_guardrail", .guardrail), ("run_guardrail", .guardrail), ("guardrail_check", .guardrail),
        ("fetch_response", .fetchResponse),
        ("create_memory_store", .memory), ("delete_memory_store", .memory), ("create_memory", .memory),
        ("update_memory", .memory), ("upsert_memory", .memory), ("search_memory", .memory), ("delete_memory", .memory),
    ]

    /// The last resort: what the span's name begins with.
    static func kind(spanName: Text) -> OperationKind? {
        for (prefix, kind) in namePrefixes where spanName.hasPrefix(prefix) { return kind }
        return spanName.equals("plan") ? .plan : nil
    }

    private static let namePrefixes: [(StaticString, OperationKind)] = [
        ("chat ", .chat), ("execute_tool ", .executeTool), ("invoke_agent ", .invokeAgent),
        ("create_agent ", .createAgent), ("embeddings ", .embeddings), ("retrieval ", .retrieval),
        ("invoke_workflow ", .workflow), ("plan ", .plan), ("tools/call ", .executeTool),
    ]
}
