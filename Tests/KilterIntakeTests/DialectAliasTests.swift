import KilterIntake
import KilterVocabulary
import Testing

/// One row for every key of every dialect: a span with little more than that key, and what it must become.
@Suite struct DialectAliasTests {
    @Test("Every key that a dialect lists is read", arguments: AliasCase.all)
    func lands(_ alias: AliasCase) throws {
        let decoded = alias.decoded
        let shown = try #require(decoded.rows.first)
        #expect(alias.holds(decoded, shown), "\(shown) \(decoded.statements)")
        // Without the key the same span shows nothing of it.
        let bare = alias.decodedWithoutKey
        #expect(try !alias.holds(bare, #require(bare.rows.first)))
    }

    @Test func everyListedKeyHasARow() {
        let listed = Set(DialectCatalog.keys)
        #expect(listed.count == DialectCatalog.keys.count)
        #expect(listed == Set(AliasCase.all.map(\.key)).union(AliasCase.ofEvents))
    }
}

struct AliasCase: Sendable, CustomTestStringConvertible {
    var key: String
    var value: String
    var beside: [(String, String)] = []
    var name = "work"
    var extra = ""
    var isOfResource = false
    var holds: @Sendable (Decoded, Shown) -> Bool

    var testDescription: String { key }
    var decoded: Decoded { decode([(key, value)]) }
    var decodedWithoutKey: Decoded { decode([]) }

    private func decode(_ own: [(String, String)]) -> Decoded {
        let beside = beside.map { ($0.0, Build.text($0.1)) }
        let span = Build.span(isOfResource ? beside : own + beside, name: name, extra: extra)
        return Decoded(json: Build.request([span], resource: isOfResource ? own : []))
    }

    /// Keys that only log records are asked for.
    static let ofEvents: Set<String> = ["event.name", "kind", "target", "note", "annotator_kind", "message"]

    static let all = names + namesOfTools + parties + bare + counts + kinds + content + costs + failures + statements + endings + embeddings
}

// MARK: How a row is made

extension AliasCase {
    /// The value `x` becomes the row's name `field`.
    private static func named(
        _ field: String, _ keys: [String], beside: [(String, String)] = [], name: String = "work", extra: String = "",
        isOfResource: Bool = false
    ) -> [AliasCase] {
        keys.map {
            AliasCase(
                key: $0, value: Build.text("x"), beside: beside, name: name, extra: extra, isOfResource: isOfResource,
                holds: { $1[field] == "x" })
        }
    }

    private static func row(
        _ keys: [String], _ value: String, beside: [(String, String)] = [], name: String = "work", extra: String = "",
        _ holds: @escaping @Sendable (SpanRecord) -> Bool
    ) -> [AliasCase] {
        keys.map { AliasCase(key: $0, value: value, beside: beside, name: name, extra: extra, holds: { holds($1.row) }) }
    }

    private static func kind(
        _ key: String, _ value: String, _ kind: OperationKind, beside: [(String, String)] = []
    ) -> [AliasCase] {
        row([key], Build.text(value), beside: beside) { $0.kind == kind }
    }

    private static func said(_ key: String, _ value: String, _ said: String, beside: [(String, String)] = []) -> AliasCase {
        AliasCase(key: key, value: value, beside: beside, holds: { decoded, _ in decoded.statements == [said] })
    }

    private static let evaluation = [("gen_ai.evaluation.name", "x"), ("gen_ai.evaluation.score.label", "b")]
    private static let failed = #","status":{"code":2}"#
    private static let tool = [("gen_ai.operation.name", "execute_tool")]
    private static let agent = [("gen_ai.operation.name", "invoke_agent")]

    // MARK: The rows

    private static let embeddings = [
        AliasCase(
            key: "kilter.embedding", value: "{\"arrayValue\":{\"values\":[{\"doubleValue\":0.6},{\"doubleValue\":-0.8}]}}",
            beside: [("gen_ai.operation.name", "chat")], holds: { decoded, _ in decoded.batch.embeddings.first?.dimensions == 2 })
    ]

    private static let endings: [AliasCase] =
        named(
            "ending",
            [
                "gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "gen_ai.response.stop_reason",
                "ai.response.finishReason", "llm.finish_reason",
            ], beside: [("gen_ai.operation.name", "chat")])
        + named("ending", ["stop_reason"], name: "claude_code.llm_request")
        + row(
            ["gen_ai.response.time_to_first_chunk", "gen_ai.streaming.time_to_first_token"], Build.int(2),
            beside: [("gen_ai.operation.name", "chat")]
        ) { $0.firstTokenMicroseconds == 2_000_000 }
        + row(
            ["ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"], Build.int(2), beside: [("gen_ai.operation.name", "chat")]
        ) { $0.firstTokenMicroseconds == 2_000 }
        + row(["ttft_ms"], Build.int(2), name: "claude_code.llm_request") { $0.firstTokenMicroseconds == 2_000 }

    private static let names: [AliasCase] =
        named(
            "agent",
            [
                "gen_ai.agent.name", "agent.name", "graph.node.name", "graph.node.id", "executor.id", "ai.telemetry.functionId",
                "langsmith.metadata.agent_name", "langsmith.metadata.lc_agent_name", "langsmith.metadata.langgraph_node",
                "flue.task.agent",
            ])
        + named(
            "version",
            [
                "kilter.version", "gen_ai.agent.version", "traceloop.entity.version", "langfuse.version", "langfuse.release",
                "operation.version",
            ])
        + named(
            "conversation",
            [
                "gen_ai.conversation.id", "gen_ai.session.id", "session.id", "traceloop.association.properties.session_id",
                "traceloop.association.properties.thread_id", "traceloop.association.properties.conversation_id",
                "langfuse.session.id", "langsmith.trace.session_id", "langsmith.metadata.thread_id",
                "ai.telemetry.metadata.sessionId", "gcp.vertex.agent.session_id", "workflow.session_id",
            ])
        + named(
            "workflow",
            [
                "kilter.workflow", "gen_ai.workflow.name", "traceloop.workflow.name", "workflow.name", "workflow.id",
                "langfuse.trace.name", "langsmith.trace.name", "flue.workflow.name",
            ])
        + named("tenant", ["kilter.tenant", "a2a.tenant", "traceloop.association.properties.customer_id"])
        + named("department", ["kilter.department", "langfuse.trace.tags", "tag.tags", "agentops.tags"])
        + named(
            "environment",
            ["deployment.environment.name", "deployment.environment", "langfuse.environment", "agentops.environment"])
        + named("tenant", ["service.namespace"], isOfResource: true) + named("service", ["service.name"], isOfResource: true)
        + named("version", ["service.version"], isOfResource: true)

    private static let namesOfTools: [AliasCase] =
        named("tool", ["gen_ai.tool.name", "tool.name", "ai.toolCall.name", "langchain.tool.name", "flue.tool.name"])
        + named("tool", ["traceloop.entity.name"], beside: [("traceloop.span.kind", "tool")])
        + named("tool", ["agentops.entity.name"], beside: [("agentops.span.kind", "tool")])
        + named(
            "model",
            [
                "gen_ai.request.model", "llm.request.model_name", "llm.model_name", "embedding.model_name", "reranker.model_name",
                "langfuse.observation.model.name", "ai.model.id", "langsmith.metadata.ls_model_name",
            ])
        + named("response", ["gen_ai.response.model", "llm.response.model_name", "llm.response.model", "ai.response.model"])
        + named(
            "provider",
            [
                "gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "ai.model.provider",
                "langsmith.metadata.ls_provider",
            ])
        + [
            AliasCase(
                key: "llm.invocation_parameters", value: Build.text(#"{"temperature":0,"model":"x"}"#),
                holds: { $1["model"] == "x" })
        ]

    private static let parties: [AliasCase] =
        named("sender", ["kilter.sender.name", "gen_ai.caller.name", "message.source_id"])
        + named(
            "agent", ["gen_ai.transfer.target.name", "gen_ai.handoff.to_agent", "gen_ai.handoff.to_agent.name"])
        + named(
            "agent", ["to_agent", "agent.to", "langgraph.command.goto_node", "langgraph.command.goto_nodes"],
            beside: [("from_agent", "a")])
        + named("sender", ["gen_ai.handoff.from_agent", "gen_ai.handoff.from_agent.name"])
        + named("sender", ["from_agent", "agent.from", "langgraph.command.source_node"], beside: [("to_agent", "b")])
        + named("agent", ["message.target_id", "message.destination_executor_id"], name: "message.send")
        + named("sender", ["gen_ai.agent.handoff_parent"], beside: agent)
        + named("sender", ["graph.node.parent_id"], beside: [("openinference.span.kind", "AGENT")])

    private static let bare: [AliasCase] =
        named("model", ["model"], name: "claude_code.llm_request") + named("agent", ["agent_id"], name: "claude_code.tool")
        + named("tool", ["tool_name"], name: "claude_code.tool")
        + named("sender", ["parent_agent_id"], name: "claude_code.interaction")
        + named("error", ["error"], name: "claude_code.llm_request")
        + named("error", ["status_code"], name: "claude_code.llm_request", extra: failed)
        + row(["tool_use_id"], Build.text("x"), name: "claude_code.tool") { $0.callID != 0 }
        + row(["full_command"], Build.text("x"), name: "claude_code.tool") { $0.arguments.isKnown }
        + row(["input_tokens"], Build.int(7), name: "claude_code.llm_request") { $0.inputTokens == 7 }
        + row(["output_tokens"], Build.int(7), name: "claude_code.llm_request") { $0.outputTokens == 7 }
        + row(["cache_read_tokens"], Build.int(7), name: "claude_code.llm_request") { $0.cacheReadTokens == 7 }
        + row(["cache_creation_tokens"], Build.int(7), name: "claude_code.llm_request") { $0.cacheWriteTokens == 7 }

    private static let counts: [AliasCase] =
        row(
            [
                "gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens",
                "ai.usage.inputTokens", "ai.usage.promptTokens",
            ], Build.int(7)
        ) { $0.inputTokens == 7 }
        + row(
            [
                "gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion",
                "llm.usage.completion_tokens", "ai.usage.outputTokens", "ai.usage.completionTokens",
            ], Build.int(7)
        ) { $0.outputTokens == 7 }
        + row(
            [
                "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens",
                "gen_ai.usage.details.cache_read_tokens", "llm.token_count.prompt_details.cache_read",
                "llm.token_count.prompt_details.cache_input", "ai.usage.cachedInputTokens",
                "ai.usage.inputTokenDetails.cacheReadTokens", "gen_ai.usage.details.cache_read_input_tokens",
                "gen_ai.usage.details.cached_tokens",
            ], Build.int(7)
        ) { $0.cacheReadTokens == 7 }
        + row(
            [
                "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write",
                "ai.usage.inputTokenDetails.cacheWriteTokens", "gen_ai.usage.details.cache_write_tokens",
                "gen_ai.usage.details.cache_creation_input_tokens",
            ], Build.int(7)
        ) { $0.cacheWriteTokens == 7 }
        + row(
            [
                "gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens",
                "llm.token_count.completion_details.reasoning", "ai.usage.reasoningTokens",
                "ai.usage.outputTokenDetails.reasoningTokens", "gen_ai.usage.details.reasoning_tokens",
                "gen_ai.usage.details.thoughts_tokens",
            ], Build.int(7)
        ) { $0.reasoningTokens == 7 }
        + row(
            [
                "gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total", "ai.usage.totalTokens",
                "ai.usage.tokens",
            ], Build.int(7), beside: [("gen_ai.operation.name", "embeddings")]
        ) { $0.inputTokens == 7 }
        + row(["ai.response.providerMetadata"], Build.text(#"{"anthropic":{"cacheCreationInputTokens":7}}"#)) { $0.cacheWriteTokens == 7 }
        + row(["langfuse.observation.usage_details"], Build.text(#"{"input":7,"output":1}"#)) { $0.inputTokens == 7 }
        + row(["gen_ai.usage.input_token_details"], Build.text(#"{"cache_read":7}"#)) { $0.cacheReadTokens == 7 }
        + row(["gen_ai.usage.output_token_details"], Build.text(#"{"reasoning":7}"#)) { $0.reasoningTokens == 7 }

    private static let kinds: [AliasCase] =
        kind("gen_ai.operation.name", "plan", .plan) + kind("openinference.span.kind", "EVALUATOR", .evaluator)
        + kind("traceloop.span.kind", "task", .step) + kind("llm.request.type", "rerank", .rerank)
        + kind("mcp.method.name", "initialize", .protocolOther) + kind("a2a.method.name", "SendMessage", .agentMessage)
        + kind("gen_ai.transfer.mode", "pass_control", .handoff)
        + kind("llm.prompts.0.prompt.text", "x", .textCompletion, beside: [("openinference.span.kind", "LLM")])
        + kind("llm.choices.0.completion.text", "x", .textCompletion, beside: [("openinference.span.kind", "LLM")])
        + kind("langfuse.observation.type", "retriever", .retrieval) + kind("agentops.span.kind", "operation", .step)
        + kind("langsmith.span.kind", "prompt", .promptRender) + kind("ai.operationId", "ai.embed.doEmbed", .embeddings)
        + kind("operation.name", "ai.streamText.doStream answer", .chat) + kind("db.vector.query.top_k", "5", .retrieval)

    private static let content: [AliasCase] =
        [
            AliasCase(
                key: "gen_ai.output.messages", value: Build.text(#"[{"parts":[{"type":"tool_call","id":"c","arguments":{}}]}]"#),
                beside: [("gen_ai.operation.name", "chat")], holds: { $1.row.requestedCallCount == 1 }),
            AliasCase(
                key: "ai.response.toolCalls", value: Build.text(#"[{"toolCallId":"c","args":{}}]"#),
                beside: [("gen_ai.operation.name", "chat")], holds: { $1.row.requestedCallCount == 1 }),
        ]
        + row(
            [
                "pydantic_ai.all_messages", "ai.response.text", "ai.result.text", "ai.response.object",
                "gcp.vertex.agent.llm_response",
            ], Build.text("ab"), beside: [("gen_ai.operation.name", "chat")]
        ) { $0.answer.kind == .brief }
        + row(
            [
                "gen_ai.input.messages", "ai.prompt.messages", "ai.prompt", "gcp.vertex.agent.llm_request",
            ], Build.text(#"[{"role":"user","content":"x"}]"#), beside: [("gen_ai.operation.name", "chat"), ("gen_ai.completion", "ab")]
        ) { $0.answer.prompt != 0 }
        + row(
            [
                "gen_ai.tool.call.arguments", "gen_ai.tool.arguments", "gen_ai.tool.input", "mcp.request.argument", "input.value",
                "tool.parameters", "traceloop.entity.input", "langfuse.observation.input", "gen_ai.prompt", "agentops.entity.input",
                "ai.toolCall.args", "gcp.vertex.agent.tool_call_args", "flue.tool.arguments", "kilter.tool.args_hash",
            ], Build.text("ab"), beside: tool
        ) { $0.arguments.isKnown }
        + row(
            [
                "gen_ai.tool.call.result", "gen_ai.tool.output", "gen_ai.tool.result", "mcp.response.value", "output.value",
                "traceloop.entity.output", "langfuse.observation.output", "gen_ai.completion", "agentops.entity.output",
                "ai.toolCall.result", "gcp.vertex.agent.tool_response", "tool.result", "flue.tool.result", "kilter.tool.result_hash",
            ], Build.text("ab"), beside: tool
        ) { $0.result.isKnown }
        + row(
            ["gen_ai.tool.call.id", "gen_ai.tool.call_id", "tool.id", "tool_call.id", "ai.toolCall.id", "flue.tool.call_id"],
            Build.text("x")
        ) { $0.callID != 0 }
        + row(["gen_ai.response.id", "ai.response.id"], Build.text("x")) { $0.responseID != 0 }
        + row(["kilter.tool.args_chars"], Build.int(7)) { $0.argumentsCharacters == 7 }
        + row(["kilter.tool.result_chars"], Build.int(7)) { $0.resultCharacters == 7 }
        + row(["kilter.message.chars"], Build.int(7)) { $0.messageCharacters == 7 }
        + row(["kilter.message.text"], Build.text("sieben")) { $0.messageCharacters == 6 && $0.messageDigest != 0 }
        + row(["kilter.message.sha256"], Build.text("abcd")) { $0.messageDigest != 0 }
        + row(["kilter.message.simhash64"], Build.text("7")) { $0.messageSimilarity == 7 }
        + row(["kilter.phase"], Build.text("review")) { $0.phase != 0 }

    private static let costs: [AliasCase] =
        row(
            [
                "kilter.cost_microdollars", "llm.cost.total", "gen_ai.usage.cost", "gen_ai.usage.total_cost", "llm.cost.prompt",
                "llm.cost.completion", "operation.cost",
            ], Build.int(1), beside: [("gen_ai.operation.name", "chat")]
        ) { $0.flags.contains(.priced) && $0.costPicodollars > 0 }
        + row(["cost_usd"], Build.int(1), name: "claude_code.llm_request") { $0.costPicodollars == 1_000_000_000_000 }
        + row(
            ["langfuse.observation.cost_details"], Build.text(#"{"input":0.25,"output":0.5,"total":0.75}"#),
            beside: [("langfuse.observation.type", "generation")]
        ) { $0.costPicodollars == 750_000_000_000 }

    private static let failures: [AliasCase] =
        named("error", ["error.type", "gen_ai.guardrail.error.type"])
        + named(
            "error", ["exception.type", "rpc.response.status_code", "http.response.status_code", "http.status_code"], extra: failed)
        + row(["success"], "{\"boolValue\":false}") { $0.flags.contains(.failed) }
        + row(["gen_ai.tool.status", "tool.status"], Build.text("failed")) { $0.flags.contains(.failed) }
        + row(["langfuse.observation.level"], Build.text("ERROR")) { $0.flags.contains(.failed) }
        + row(["kilter.blocked_by"], Build.text("b")) { $0.flags.contains(.blocked) }
        + row(["error.message", "exception.message", "langfuse.observation.status_message"], Build.text("x"), extra: failed) {
            $0.flags.contains(.errorText)
        }

    private static let statements: [AliasCase] = [
        said("kilter.outcome", Build.text("approved"), "outcome - - approved by - of trace"),
        said("kilter.user_feedback", Build.int(4), "feedback - 4.0 - by - of trace"),
        said("gen_ai.evaluation.name", Build.text("x"), "evaluation x - b by -", beside: [("gen_ai.evaluation.score.label", "b")]),
        said("gen_ai.evaluation.score.label", Build.text("b"), "evaluation x - b by -", beside: [("gen_ai.evaluation.name", "x")]),
        said("gen_ai.evaluation.score.value", Build.int(2), "evaluation x 2.0 - by -", beside: [("gen_ai.evaluation.name", "x")]),
        said("gen_ai.evaluation.annotator_kind", Build.text("LLM"), "evaluation x - b by llm", beside: evaluation),
        said("gen_ai.evaluation.judge", Build.text("LLM"), "evaluation x - b by llm", beside: evaluation),
        said("gen_ai.guardrail.policy.id", Build.text("pii"), "guardrail pii - b by -", beside: [("gen_ai.guardrail.status", "b")]),
        said("gen_ai.guardrail.component.name", Build.text("pii"), "guardrail pii - b by -", beside: [("gen_ai.guardrail.status", "b")]),
        said("gen_ai.guardrail.name", Build.text("pii"), "guardrail pii - b by -", beside: [("gen_ai.guardrail.status", "b")]),
        said("gen_ai.guardrail.result.value", Build.text("deny"), "guardrail work - deny by -"),
        said("gen_ai.guardrail.result.type", Build.text("deny"), "guardrail work - deny by -"),
        said("gen_ai.guardrail.status", Build.text("deny"), "guardrail work - deny by -"),
        said("gen_ai.guardrail.triggered", "{\"boolValue\":true}", "guardrail work - triggered by -"),
    ]
}
