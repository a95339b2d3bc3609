import KilterIntake
import KilterVocabulary
import Testing

/// What is told by who wrote the span: scopes, names, and attributes that mean something only there.
@Suite struct DialectProducerTests {
    private func row(
        _ list: [(String, String)], name: String = "work", parent: String = "0102030405060708", scope: String = "s"
    ) -> Shown? {
        Build.row(list.map { ($0.0, Build.text($0.1)) }, name: name, parent: parent, scope: scope)
    }

    // MARK: Kinds

    @Test(
        arguments: [
            // Langfuse: on purpose when its own SDK wrote it, else a hint among others.
            (
                "langfuse-sdk", "work", [("langfuse.observation.type", "tool"), ("gen_ai.operation.name", "chat")],
                OperationKind.executeTool
            ),
            ("langfuse-sdk", "work", [("langfuse.observation.type", "span"), ("gen_ai.operation.name", "chat")], .chat),
            ("langfuse-sdk", "work", [("langfuse.observation.type", "event"), ("gen_ai.operation.name", "chat")], .other),
            ("other", "work", [("langfuse.observation.type", "tool"), ("gen_ai.operation.name", "chat")], .chat),
            ("other", "work", [("langfuse.observation.type", "generation")], .chat),
            ("langfuse-sdk", "work", [("langfuse.observation.type", "evaluator")], .evaluator),
            ("langfuse-sdk", "work", [("langfuse.observation.type", "guardrail")], .guardrail),
            ("langfuse-sdk", "work", [("langfuse.observation.type", "agent")], .invokeAgent),
            ("langfuse-sdk", "work", [("langfuse.observation.type", "chain")], .step),
            ("langfuse-sdk", "work", [("langfuse.observation.type", "embedding")], .embeddings),
            // The plumbing of the A2A SDK is noise, whatever it carries.
            ("a2a-python-sdk", "work", [("gen_ai.request.model", "m")], .other),
            ("a2a-python-sdk", "work", [("a2a.method.name", "SendMessage")], .other),
            // Agent Development Kit.
            ("gcp.vertex.agent", "call_llm", [("gen_ai.system", "gcp.vertex.agent")], .chat),
            ("gcp.vertex.agent", "agent_run [scout]", [], .invokeAgent), ("gcp.vertex.agent", "invocation", [], .workflow),
            ("gcp.vertex.agent", "execute_tool (merged)", [("gen_ai.operation.name", "execute_tool")], .step),
            ("gcp.vertex.agent", "execute_tool find", [("gen_ai.operation.name", "execute_tool")], .executeTool),
            ("other", "invocation", [], .other), ("other", "call_llm", [], .other),
            // Claude Code.
            ("s", "claude_code.llm_request", [], .chat), ("s", "claude_code.tool", [], .executeTool),
            ("s", "claude_code.tool.execution", [("gen_ai.tool.call.id", "t")], .step),
            ("s", "claude_code.tool.blocked_on_user", [("tool_name", "Bash")], .step),
            ("s", "claude_code.interaction", [], .invokeAgent), ("s", "claude_code.hook", [("tool_name", "Bash")], .other),
            ("s", "claude_code.compaction", [("model", "m")], .other),
            ("com.anthropic.claude_code.tracing", "other", [("tool_name", "Bash")], .executeTool),
            ("s", "other", [("tool_name", "Bash")], .other), ("s", "other", [("model", "m")], .other),
            // Vercel AI SDK: the outer call sums up what the inner ones used.
            ("ai", "ai.generateText", [("ai.operationId", "ai.generateText"), ("ai.model.id", "m")], .invokeAgent),
            ("ai", "ai.streamText", [("operation.name", "ai.streamText answer"), ("ai.model.id", "m")], .invokeAgent),
            ("ai", "ai.generateText.doGenerate", [("ai.operationId", "ai.generateText.doGenerate")], .chat),
            ("ai", "ai.generateObject", [("ai.operationId", "ai.generateObject"), ("ai.model.id", "m")], .step),
            ("ai", "ai.toolCall", [("operation.name", "ai.toolCall answer"), ("ai.toolCall.name", "t")], .executeTool),
            ("ai", "ai.embedMany", [("ai.operationId", "ai.embedMany"), ("ai.model.id", "m")], .step),
            ("agentops", "x.task", [("operation.name", "fetch"), ("agentops.span.kind", "task")], .step),
            // AgentOps and LangSmith.
            ("agentops", "session", [("agentops.span.kind", "session")], .workflow),
            ("agentops", "x.tool", [("agentops.span.kind", "tool")], .executeTool),
            ("agentops", "ag2.handoff", [("from_agent", "a"), ("to_agent", "b")], .handoff),
            ("agentops", "work", [("from_agent", "a")], .other), ("agentops", "work", [("to_agent", "b")], .other),
            ("langsmith", "find", [("langsmith.span.kind", "tool")], .executeTool),
            ("langsmith", "parse", [("langsmith.span.kind", "parser")], .step),
            ("langsmith", "gpt", [("langsmith.span.kind", "LLM"), ("llm.request.type", "completion")], .chat),
            // Microsoft Agent Framework, Flue, LiveKit, MCP, LangGraph, CrewAI: by their names.
            ("agent_framework", "executor.process writer", [("executor.id", "writer")], .step),
            ("agent_framework", "edge_group.process SingleEdgeGroup", [], .step), ("agent_framework", "message.send", [], .agentMessage),
            ("agent_framework", "workflow.run", [("workflow.id", "w")], .workflow), ("agent_framework", "workflow.build", [], .other),
            ("@flue/opentelemetry", "flue.tool find", [], .executeTool), ("@flue/opentelemetry", "flue.task writer", [], .invokeAgent),
            ("@flue/opentelemetry", "flue.workflow w", [], .workflow), ("@flue/opentelemetry", "flue.operation prompt", [], .step),
            ("livekit", "agent_turn", [], .invokeAgent), ("mcp", "tools/list.mcp", [], .protocolOther),
            ("mcp", "tools/call.mcp", [], .executeTool),
            ("lg", "node", [("langgraph.command.source_node", "a"), ("langgraph.command.goto_node", "b")], .handoff),
            ("lg", "node", [("langgraph.command.source_node", "a"), ("langgraph.command.goto_node", "__end__")], .other),
            ("crew", "crewai.workflow", [("gen_ai.operation.name", "invoke_agent")], .workflow),
        ] as [(String, String, [(String, String)], OperationKind)])
    func kinds(_ scope: String, _ name: String, _ list: [(String, String)], _ expected: OperationKind) {
        #expect(row(list, name: name, scope: scope)?.row.kind == expected)
    }

    // MARK: Names without prefix

    @Test func bareNamesAreTheirProducersAlone() {
        let bare = [
            ("model", "m"), ("input_tokens", "2"), ("output_tokens", "5"), ("cache_read_tokens", "84562"),
            ("cache_creation_tokens", "7096"), ("agent_id", "a1"), ("tool_use_id", "t1"), ("error", "boom"),
        ]
        let own = row(bare, name: "claude_code.llm_request")
        #expect(own?["model"] == "m" && own?.row.inputTokens == 91_660 && own?.row.outputTokens == 5)
        #expect(own?["agent"] == "a1" && own?["error"] == "boom" && own?.row.callID != 0)
        let foreign = row(bare, name: "claude_codex.llm_request")
        #expect(foreign?.row.kind == .other && foreign?["model"] == "" && foreign?.row.inputTokens == 0)
        #expect(foreign?["agent"] == "" && foreign?["error"] == "" && foreign?.row.callID == 0 && foreign?.row.flags == [])
    }

    @Test func logRecordsUseBareNamesAlike() {
        func agent(_ event: String) -> String? {
            let record =
                "{\"timeUnixNano\":\"1790000000000000001\",\"eventName\":\"\(event)\",\"attributes\":"
                + Build.attributes([("agent_id", Build.text("a1"))]) + "}"
            let json = "{\"resourceLogs\":[{\"scopeLogs\":[{\"scope\":{},\"logRecords\":[\(record)]}]}]}"
            var decoder = RequestDecoder()
            var batch = SpanBatch()
            decoder.decode(copying: Array(json.utf8), signal: .logs, encoding: .json, into: &batch)
            return batch.rows.first.map { Shown($0, in: batch)["agent"] }
        }
        #expect(agent("claude_code.api_request") == "a1" && agent("other.api_request") == "")
    }

    @Test func aResourceHasNoBareNames() {
        let json = Build.request([Build.span([])], resource: [("agent_id", Build.text("a1")), ("model", Build.text("m"))])
        #expect(Decoded(json: json).rows.first?["agent"] == "")
    }

    @Test func claudeCodeExcludesTheCacheFromItsInput() {
        let small = [("input_tokens", "900"), ("cache_read_tokens", "100"), ("cache_creation_tokens", "20")]
        #expect(row(small, name: "claude_code.llm_request")?.row.inputTokens == 1_020)
        let conventional = [("gen_ai.usage.input_tokens", "900"), ("cache_read_tokens", "100")]
        #expect(row(conventional, name: "claude_code.llm_request")?.row.inputTokens == 900)
    }

    @Test func theScopeMayFollowItsSpans() throws {
        let span = Build.span([("tool_name", Build.text("Bash"))])
        let json =
            "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[\(span)],\"scope\":{\"name\":\"com.anthropic.claude_code\"}},"
            + "{\"spans\":[\(span.replacing("00f067aa0ba902b7", with: "00f067aa0ba902b8"))]}]}]}"
        let rows = Decoded(json: json).rows
        #expect(rows.map { $0["tool"] } == ["Bash", ""])
        let spans = Wire.field(2, Wire.span([Wire.attribute("tool_name", Wire.text(1, "Bash"))]))
        let scope = Wire.field(1, Wire.text(1, "com.anthropic.claude_code"))
        let wire = Wire.field(1, Wire.field(2, spans + scope) + Wire.field(2, spans))
        #expect(Decoded(wire, .protobuf).rows.map { $0["tool"] } == ["Bash", ""])
    }

    // MARK: Names from elsewhere

    @Test func toolsAndAgentsThatAreNamedByTheSpan() {
        #expect(row([("langfuse.observation.type", "tool")], name: "find", scope: "langfuse-sdk")?["tool"] == "find")
        #expect(row([("langsmith.span.kind", "tool")], name: "find")?["tool"] == "find")
        #expect(row([("agentops.span.kind", "tool")], name: "find.tool")?["tool"] == "find")
        #expect(row([("agentops.span.kind", "tool"), ("agentops.entity.name", "f")], name: "x.tool")?["tool"] == "f")
        #expect(row([], name: "flue.tool find")?["tool"] == "find")
        #expect(row([], name: "flue.task writer")?["agent"] == "writer")
        #expect(row([("langfuse.observation.type", "agent")], name: "scout")?["agent"] == "scout")
        #expect(row([], name: "agent_run [scout]", scope: "gcp.vertex.agent")?["agent"] == "scout")
        #expect(row([("agentops.span.kind", "agent"), ("agentops.entity.name", "scout")])?["agent"] == "scout")
    }

    @Test func partiesOfMessages() {
        let send = row([("message.source_id", "a"), ("message.destination_executor_id", "b")], name: "message.send")
        #expect(send?["sender"] == "a" && send?["agent"] == "b")
        let ag2 = row([("agent.name", "b"), ("from_agent", "a"), ("to_agent", "b")], name: "ag2.handoff")
        #expect(ag2?["sender"] == "a" && ag2?["agent"] == "b")
        let several = row([("langgraph.command.source_node", "a"), ("langgraph.command.goto_nodes", #"["b","c"]"#)])
        #expect(several?["sender"] == "a" && several?["agent"] == "b")
        // A parent on every span of a sub-agent is no message on each of them.
        #expect(row([("parent_agent_id", "p")], name: "claude_code.tool")?["sender"] == "")
        #expect(row([("parent_agent_id", "p")], name: "claude_code.interaction")?["sender"] == "p")
    }

    @Test(arguments: [
        ("openai.responses", "openai"), ("openai.chat", "openai"), ("anthropic.messages", "anthropic"),
        ("google.generative-ai", "gcp.gemini"), ("amazon-bedrock", "aws.bedrock"), ("mistral.chat", "mistral_ai"),
        ("azure.chat", "azure.ai.inference"), ("gcp.vertex.agent", ""), ("crewai", ""), ("Moonshot", "moonshot_ai"),
    ])
    func providers(_ pair: (String, String)) {
        #expect(row([("gen_ai.system", pair.0)])?["provider"] == pair.1)
    }

    // MARK: Tenants and departments

    @Test func tenantsInOrder() {
        func tenant(_ span: [(String, String)], _ resource: [(String, String)]) -> String? {
            let texts = { (list: [(String, String)]) in list.map { ($0.0, Build.text($0.1)) } }
            return Build.row(texts(span), resource: texts(resource))?["tenant"]
        }
        let customer = ("traceloop.association.properties.customer_id", "c")
        #expect(tenant([], []) == "default" && tenant([], [("service.namespace", "n")]) == "n")
        #expect(tenant([customer], [("service.namespace", "n")]) == "c")
        #expect(tenant([customer, ("a2a.tenant", "p")], []) == "p")
        #expect(tenant([customer], [("kilter.tenant", "k")]) == "k")
        #expect(tenant([("kilter.tenant", "own")], [("kilter.tenant", "k")]) == "own")
        #expect(tenant([("service.namespace", "n")], []) == "default")
    }

    @Test func departmentsInOrder() {
        func department(_ span: [(String, String)], _ resource: [(String, String)]) -> String? {
            Build.row(span, resource: resource)?["department"]
        }
        let namespace = ("service.namespace", Build.text("n"))
        #expect(department([], []) == "" && department([], [namespace]) == "n")
        #expect(department([("langfuse.trace.tags", Build.text("t"))], [namespace]) == "n")
        #expect(department([], [("kilter.department", Build.text("d")), namespace]) == "d")
        #expect(department([("kilter.department", Build.text("own"))], [("kilter.department", Build.text("d"))]) == "own")
        let list = "{\"arrayValue\":{\"values\":[{\"stringValue\":\"first\"},{\"stringValue\":\"second\"}]}}"
        #expect(department([("agentops.tags", list)], []) == "first")
        #expect(department([("tag.tags", Build.text(#"["first"]"#))], []) == "first")
        #expect(department([], [("agentops.tags", Build.text("t"))]) == "t")
    }
}
