import KilterIntake
import KilterVocabulary
import Testing

/// Who, where, what: precedence of names over all dialects.
@Suite struct DialectNameTests {
    private func row(
        _ list: [(String, String)], name: String = "work", parent: String = "0102030405060708", resource: [(String, String)] = []
    ) -> Shown? {
        Build.row(
            list.map { ($0.0, Build.text($0.1)) }, name: name, parent: parent, resource: resource.map { ($0.0, Build.text($0.1)) })
    }

    /// Every source of a field in order of precedence: whatever the order of arrival, the first one present wins.
    @Test(arguments: [
        ("agent", ["gen_ai.agent.name", "agent.name", "graph.node.name", "graph.node.id"]),
        (
            "conversation",
            [
                "gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id",
                "traceloop.association.properties.thread_id", "traceloop.association.properties.conversation_id", "gen_ai.session.id",
            ]
        ),
        ("workflow", ["kilter.workflow", "gen_ai.workflow.name", "traceloop.workflow.name"]),
        ("version", ["kilter.version", "gen_ai.agent.version", "traceloop.entity.version"]),
        ("tool", ["gen_ai.tool.name", "tool.name"]),
        ("model", ["gen_ai.request.model", "llm.request.model_name", "llm.model_name", "embedding.model_name", "reranker.model_name"]),
        ("response", ["gen_ai.response.model", "llm.response.model_name", "llm.model_name", "llm.response.model"]),
        ("provider", ["gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system"]),
        ("sender", ["kilter.sender.name", "gen_ai.caller.name"]),
        ("tenant", ["kilter.tenant", "a2a.tenant", "traceloop.association.properties.customer_id"]),
        ("environment", ["deployment.environment.name", "deployment.environment"]),
    ])
    func precedence(_ field: (String, [String])) {
        let (name, keys) = field
        for (first, key) in keys.enumerated() {
            let present = keys[first...].enumerated().map { ($0.element, "value-\(first + $0.offset)") }
            #expect(row(present)?[name] == "value-\(first)", "\(key)")
            #expect(row(present.reversed())?[name] == "value-\(first)", "\(key)")
        }
        // An empty value is no value.
        #expect(row([(keys[0], ""), (keys[1], "second")])?[name] == "second")
    }

    @Test func resourceAndDefaults() {
        let bare = row([])
        #expect(bare?["tenant"] == "default" && bare?["environment"] == "unknown" && bare?["service"] == "unknown_service")
        #expect(bare?["version"] == "" && bare?["agent"] == "" && bare?["conversation"] == "")
        let resource = [
            ("service.name", "svc"), ("service.version", "1.2"), ("service.namespace", "ns"), ("deployment.environment.name", "prod"),
            ("deployment.environment", "old"), ("kilter.tenant", "acme"),
        ]
        let full = row([], resource: resource)
        #expect(full?["tenant"] == "acme" && full?["environment"] == "prod" && full?["service"] == "svc" && full?["version"] == "1.2")
        let own = row([("kilter.tenant", "own"), ("deployment.environment", "span"), ("service.name", "no")], resource: resource)
        #expect(own?["tenant"] == "own" && own?["environment"] == "span" && own?["service"] == "svc")
        #expect(row([("a2a.tenant", "partner")], resource: resource)?["tenant"] == "acme")
        #expect(row([("gen_ai.agent.version", "7")], resource: resource)?["version"] == "7")
    }

    @Test func numbersServeAsNames() {
        let shown = Build.row([("gen_ai.conversation.id", Build.int(-42)), ("gen_ai.tool.call.id", Build.int(7))])
        #expect(shown?["conversation"] == "-42" && shown?.row.callID == row([("gen_ai.tool.call.id", "7")])?.row.callID)
    }

    @Test(arguments: [
        ("OpenAI", "openai"), ("anthropic", "anthropic"), ("az.ai.openai", "azure.ai.openai"), ("Azure", "azure.ai.openai"),
        ("azure", "azure.ai.inference"), ("az.ai.inference", "azure.ai.inference"), ("AWS", "aws.bedrock"), ("amazon", "aws.bedrock"),
        ("vertexai", "gcp.vertex_ai"), ("vertex_ai", "gcp.vertex_ai"), ("gemini", "gcp.gemini"), ("Google", "gcp.gen_ai"),
        ("MistralAI", "mistral_ai"), ("xai", "x_ai"), ("Watsonx", "ibm.watsonx.ai"), ("moonshot", "moonshot_ai"), ("Cohere", "cohere"),
        ("groq", "groq"), ("langchain", ""), ("CrewAI", ""), ("strands-agents", ""), ("gcp.vertex.agent", ""),
    ])
    func providers(_ pair: (String, String)) {
        #expect(row([("gen_ai.provider.name", pair.0)])?["provider"] == pair.1)
        #expect(row([("gen_ai.system", "langchain"), ("llm.provider", pair.0)])?["provider"] == pair.1)
    }

    @Test func modelAmongTheRequestParameters() {
        func model(_ parameters: String) -> String? { row([("llm.invocation_parameters", parameters)])?["model"] }
        #expect(model(#"{"temperature":0,"model":"m-1","x":{"model":"no"}}"#) == "m-1")
        #expect(model(#"{"x":{"model":"no"}}"#) == "" && model(#"{"model":5}"#) == "" && model("model") == "")
        #expect(row([("llm.invocation_parameters", #"{"model":"m-1"}"#), ("llm.model_name", "m-2")])?["model"] == "m-2")
    }

    @Test func azureBySystem() {
        #expect(row([("llm.provider", "azure"), ("llm.system", "openai")])?["provider"] == "azure.ai.openai")
        #expect(row([("llm.provider", "azure"), ("llm.system", "mistralai")])?["provider"] == "azure.ai.inference")
    }

    @Test func toolNamesFromElsewhere() {
        let tool = ("gen_ai.operation.name", "execute_tool")
        #expect(row([tool], name: "execute_tool find")?["tool"] == "find")
        #expect(row([("mcp.method.name", "tools/call")], name: "tools/call open")?["tool"] == "open")
        #expect(row([("openinference.span.kind", "TOOL")], name: "web_search")?["tool"] == "web_search")
        #expect(row([("traceloop.span.kind", "tool"), ("traceloop.entity.name", "fetch")], name: "fetch.tool")?["tool"] == "fetch")
        #expect(row([("traceloop.span.kind", "agent"), ("traceloop.entity.name", "scout")])?["agent"] == "scout")
        #expect(row([("traceloop.span.kind", "agent"), ("traceloop.entity.name", "scout")])?["tool"] == "")
        #expect(row([("gen_ai.operation.name", "chat")], name: "execute_tool find")?["tool"] == "")
    }

    @Test func agentsFromNames() {
        let agent = ("gen_ai.operation.name", "invoke_agent")
        #expect(row([agent], name: "invoke_agent triage")?["agent"] == "triage")
        #expect(row([agent], name: "triage.agent")?["agent"] == "triage")
        #expect(row([agent, ("gen_ai.agent.id", "id-1")], name: "invoke_agent triage")?["agent"] == "triage")
        #expect(row([("gen_ai.operation.name", "chat")], name: "triage.agent")?["agent"] == "")
        #expect(row([("openinference.span.kind", "CHAIN")], name: "pipe", parent: "")?["workflow"] == "pipe")
    }

    @Test func handoffs() {
        func parties(_ list: [(String, String)], name: String = "work") -> [String?] {
            let shown = row(list, name: name)
            #expect(shown?.row.kind == .handoff)
            return [shown?["sender"], shown?["agent"]]
        }
        #expect(parties([("gen_ai.agent.name", "a"), ("gen_ai.handoff.from_agent", "a"), ("gen_ai.handoff.to_agent", "b")]) == ["a", "b"])
        #expect(parties([("gen_ai.handoff.from_agent.name", "a"), ("gen_ai.handoff.to_agent.name", "b")]) == ["a", "b"])
        #expect(parties([("gen_ai.agent.name", "a"), ("gen_ai.transfer.target.name", "b")]) == ["a", "b"])
        #expect(parties([("gen_ai.agent.name", "a"), ("gen_ai.transfer.mode", "return_to_caller")]) == ["", "a"])
        #expect(parties([("traceloop.span.kind", "handoff")], name: "a → b.handoff") == ["a", "b"])
        let openInference = [("openinference.span.kind", "TOOL"), ("input.value", "a"), ("output.value", "b")]
        #expect(parties(openInference, name: "handoff to b") == ["a", "b"])
        #expect(parties([("openinference.span.kind", "TOOL")], name: "handoff to b") == ["", "b"])
    }

    @Test func sendersOfMessages() {
        let agent = ("gen_ai.operation.name", "invoke_agent")
        #expect(row([agent, ("gen_ai.agent.handoff_parent", "a"), ("gen_ai.agent.name", "b")])?["sender"] == "a")
        #expect(row([("openinference.span.kind", "AGENT"), ("graph.node.parent_id", "a"), ("graph.node.id", "b")])?["sender"] == "a")
        #expect(row([("openinference.span.kind", "LLM"), ("graph.node.parent_id", "a")])?["sender"] == "")
        for person in ["user", "User", "HUMAN"] {
            #expect(row([agent, ("kilter.sender.name", person)])?.row.flags.contains(.fromPerson) == true)
        }
        #expect(row([agent, ("kilter.sender.name", "users")])?.row.flags.contains(.fromPerson) == false)
    }

    @Test func longNamesAreClippedAtAScalar() {
        let long = String(repeating: "é", count: 200)
        let decoded = Decoded(json: Build.request([Build.span([("gen_ai.agent.name", Build.text("x" + long))])]))
        #expect(decoded.rows.first?["agent"] == "x" + String(long.prefix(127)))
        #expect(decoded.noted(.valueClipped) == 1)
        let fits = Decoded(json: Build.request([Build.span([("gen_ai.agent.name", Build.text(String(long.prefix(128))))])]))
        #expect(fits.rows.first?["agent"] == String(long.prefix(128)) && fits.noted(.valueClipped) == 0)
    }
}
