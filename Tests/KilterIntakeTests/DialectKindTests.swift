import KilterIntake
import KilterVocabulary
import Testing

/// The resolution order of operation kinds, rule by rule.
@Suite struct DialectKindTests {
    private func kind(_ list: [(String, String)], name: String = "work", isRoot: Bool = false) -> OperationKind? {
        let values = list.map { ($0.0, Build.text($0.1)) }
        return Build.row(values, name: name, parent: isRoot ? "" : "0102030405060708")?.row.kind
    }

    @Test(arguments: [
        ("chat", OperationKind.chat), ("generate_content", .chat), ("Chat", .chat), ("text_completion", .textCompletion),
        ("completion", .textCompletion), ("embeddings", .embeddings), ("retrieval", .retrieval), ("execute_tool", .executeTool),
        ("EXECUTE_TOOL", .executeTool), ("tool_call", .executeTool), ("invoke_agent", .invokeAgent), ("create_agent", .createAgent),
        ("invoke_workflow", .workflow), ("plan", .plan), ("search_memory", .memory), ("create_memory_store", .memory),
        ("handoff", .handoff), ("agent_handoff", .handoff), ("apply_guardrail", .guardrail), ("fetch_response", .fetchResponse),
        ("execute_task", .step), ("something_else", .other), ("chats", .other),
    ])
    func operations(_ pair: (String, OperationKind)) {
        #expect(kind([("gen_ai.operation.name", pair.0)]) == pair.1)
    }

    @Test(arguments: [
        ("LLM", OperationKind.chat), ("llm", .chat), ("EMBEDDING", .embeddings), ("RETRIEVER", .retrieval), ("RERANKER", .rerank),
        ("TOOL", .executeTool), ("AGENT", .invokeAgent), ("CHAIN", .step), ("GUARDRAIL", .guardrail), ("EVALUATOR", .evaluator),
        ("PROMPT", .promptRender), ("UNKNOWN", .other),
    ])
    func openInference(_ pair: (String, OperationKind)) {
        #expect(kind([("openinference.span.kind", pair.0)]) == pair.1)
    }

    @Test(arguments: [
        ("workflow", OperationKind.workflow), ("task", .step), ("tool", .executeTool), ("agent", .invokeAgent), ("handoff", .handoff),
        ("unknown", .step), ("server", .other), ("session", .other),
    ])
    func openLLMetry(_ pair: (String, OperationKind)) {
        #expect(kind([("traceloop.span.kind", pair.0)]) == pair.1)
    }

    @Test(
        arguments: [
            ([("mcp.method.name", "tools/call"), ("gen_ai.operation.name", "chat")], OperationKind.executeTool),
            ([("mcp.method.name", "tools/list"), ("gen_ai.operation.name", "execute_tool")], .protocolOther),
            ([("a2a.method.name", "SendMessage"), ("gen_ai.operation.name", "invoke_agent")], .agentMessage),
            ([("mcp.method.name", "initialize"), ("a2a.method.name", "SendMessage")], .protocolOther),
            ([("gen_ai.operation.name", "execute_tool"), ("gen_ai.transfer.target.name", "b")], .handoff),
            ([("gen_ai.operation.name", "execute_tool"), ("gen_ai.transfer.mode", "pass_control")], .handoff),
            ([("gen_ai.operation.name", "invoke_agent"), ("gen_ai.handoff.to_agent", "b")], .handoff),
            ([("openinference.span.kind", "GUARDRAIL"), ("gen_ai.operation.name", "chat")], .guardrail),
            ([("openinference.span.kind", "TOOL"), ("gen_ai.operation.name", "chat")], .chat),
            ([("traceloop.span.kind", "task"), ("gen_ai.operation.name", "invoke_agent")], .step),
            ([("traceloop.span.kind", "workflow"), ("gen_ai.operation.name", "invoke_agent")], .workflow),
            ([("traceloop.span.kind", "task"), ("gen_ai.operation.name", "chat")], .chat),
            ([("traceloop.span.kind", "agent"), ("gen_ai.operation.name", "invoke_agent")], .invokeAgent),
            ([("openinference.span.kind", "CHAIN"), ("traceloop.span.kind", "tool")], .step),
            ([("openinference.span.kind", "UNKNOWN"), ("traceloop.span.kind", "tool")], .executeTool),
            ([("openinference.span.kind", "LLM"), ("llm.prompts.0.prompt.text", "x")], .textCompletion),
            ([("llm.request.type", "rerank")], .rerank), ([("llm.request.type", "completion")], .textCompletion),
            ([("llm.request.type", "chat"), ("gen_ai.tool.name", "t")], .chat),
            ([("gen_ai.tool.name", "t"), ("gen_ai.request.model", "m")], .executeTool), ([("gen_ai.tool.call.id", "c")], .executeTool),
            ([("gen_ai.request.model", "m")], .chat), ([("llm.model_name", "m")], .chat), ([("http.route", "/x")], .other), ([], .other),
        ] as [([(String, String)], OperationKind)])
    func precedence(_ list: [(String, String)], _ expected: OperationKind) {
        #expect(kind(list) == expected)
    }

    @Test(arguments: [
        ("chat gpt", OperationKind.chat), ("execute_tool x", .executeTool), ("invoke_agent x", .invokeAgent),
        ("create_agent x", .createAgent),
        ("embeddings m", .embeddings), ("retrieval d", .retrieval), ("invoke_workflow w", .workflow), ("plan", .plan),
        ("tools/call t", .executeTool), ("planet", .other), ("chatter", .other),
    ])
    func names(_ pair: (String, OperationKind)) {
        #expect(kind([], name: pair.0) == pair.1)
    }

    @Test func byPlaceAndName() {
        #expect(kind([("openinference.span.kind", "CHAIN")], isRoot: true) == .workflow)
        #expect(kind([("openinference.span.kind", "TOOL")], name: "handoff to b") == .handoff)
        #expect(kind([("gen_ai.operation.name", "invoke_agent")], name: "crewai.workflow") == .workflow)
        #expect(kind([("gen_ai.operation.name", "chat")], name: "execute_tool x") == .chat)
    }
}
