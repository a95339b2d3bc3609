import KilterVocabulary

/// How one of the smaller producer families says what the others say: its scope, its kinds and its names for the same
/// facts. A name that is nil cannot be said.
struct Idiom: Sendable {
    var scope: (name: String, version: String)
    var agent: String?
    var conversation: String
    var model = "gen_ai.request.model"
    var provider: String? = "gen_ai.provider.name"
    /// Nil writes both counts into one object.
    var inputTokens: String? = "gen_ai.usage.input_tokens"
    var outputTokens = "gen_ai.usage.output_tokens"
    var tool: String? = "gen_ai.tool.name"
    var callID: String? = "gen_ai.tool.call.id"
    var arguments: String?
    /// Whether arguments are an attribute of nested keys and values even where others write JSON text.
    var argumentsAreATree = false
    var result: String?
    var error = "error.type"
    /// Span name and first attributes of a model call, a tool call and an agent's run; `*` stands for the subject's name.
    var chat: (name: String, kind: [Attribute])
    var call: (name: String, kind: [Attribute])
    var run: (name: String, kind: [Attribute])

    private static func named(_ form: (name: String, kind: [Attribute]), _ subject: String) -> Dialects.Named {
        Dialects.Named(name: form.name.replacing("*", with: subject), attributes: form.kind)
    }

    // MARK: Spans

    func chat(_ agent: SimulatedAgent, _ exchange: ChatExchange) -> Dialects.Named {
        var span = Self.named(chat, agent.model)
        span.attributes.append(Attribute(model, .string(agent.model)))
        if let provider { span.attributes.append(Attribute(provider, .string(agent.provider))) }
        let input = TelemetryValue.integer(Int64(exchange.usage.input))
        let output = TelemetryValue.integer(Int64(exchange.usage.output))
        if let inputTokens {
            span.attributes.append(Attribute(inputTokens, input))
            span.attributes.append(Attribute(outputTokens, output))
        } else {
            let usage: TelemetryValue = ["input": input, "output": output]
            span.attributes.append(Attribute(outputTokens, .string(usage.jsonText())))
        }
        return span
    }

    func tool(_ called: ToolCall, callID: String, spaced: Bool) -> Dialects.Named {
        var span = Self.named(call, called.tool)
        if let tool { span.attributes.append(Attribute(tool, .string(called.tool))) }
        if let name = self.callID { span.attributes.append(Attribute(name, .string(callID))) }
        switch called.arguments {
        case .json(let value), .structured(let value):
            let text = TelemetryValue.string(value.jsonText(spaced: spaced))
            if let arguments { span.attributes.append(Attribute(arguments, argumentsAreATree ? value : text)) }
        case .notCaptured: break
        }
        span.attributes.append(contentsOf: outcome(called.outcome))
        return span
    }

    private func outcome(_ outcome: CallOutcome) -> [Attribute] {
        switch outcome {
        case .text(let text): return result.map { [Attribute($0, .string(text))] } ?? []
        case .json(let value): return result.map { [Attribute($0, .string(value.jsonText()))] } ?? []
        case .notCaptured: return []
        case .failedUnderOK(let type, let message):
            return (result.map { [Attribute($0, .string(message))] } ?? []) + [Attribute(error, .string(type))]
        case .blocked(let breaker): return [Attribute("kilter.blocked_by", .string(breaker))]
        case .failed(let type, _), .rateLimited(let type, _): return [Attribute(error, .string(type))]
        }
    }

    func invocation(_ agent: SimulatedAgent) -> Dialects.Named { Self.named(run, agent.name) }

    // MARK: Families

    static func of(_ dialect: SimulatedService.Dialect) -> Idiom {
        switch dialect {
        case .langfuse: langfuse
        case .langSmith: langSmith
        case .vercel: vercel
        case .agentOps: agentOps
        case .claudeCode: claudeCode
        case .agentDevelopmentKit: agentDevelopmentKit
        case .geminiCLI: geminiCLI
        case .agentFramework: agentFramework
        case .genAI, .openInference, .openLLMetry, .mcp: mcp
        }
    }

    private static func operation(_ name: String) -> [Attribute] { [Attribute("gen_ai.operation.name", .string(name))] }

    private static let langfuse: Idiom = {
        func type(_ name: String) -> [Attribute] { [Attribute("langfuse.observation.type", .string(name))] }
        return Idiom(
            scope: ("langfuse-sdk", "3.3.0"), conversation: "langfuse.session.id", model: "langfuse.observation.model.name",
            provider: nil, inputTokens: nil, outputTokens: "langfuse.observation.usage_details", tool: nil, callID: nil,
            arguments: "langfuse.observation.input", result: "langfuse.observation.output",
            chat: ("answer", type("generation")), call: ("*", type("tool")), run: ("*", type("agent")))
    }()

    private static let langSmith: Idiom = {
        func kind(_ name: String) -> [Attribute] { [Attribute("langsmith.span.kind", .string(name))] }
        return Idiom(
            scope: ("langsmith", "0.4.20"), agent: "langsmith.metadata.lc_agent_name",
            conversation: "langsmith.metadata.thread_id", model: "langsmith.metadata.ls_model_name",
            provider: "langsmith.metadata.ls_provider", tool: nil, callID: nil, arguments: "gen_ai.prompt",
            result: "gen_ai.completion", chat: ("ChatOpenAI", kind("llm")), call: ("*", kind("tool")),
            run: ("*", kind("agent")))
    }()

    private static let vercel: Idiom = {
        func operation(_ name: String) -> [Attribute] {
            [Attribute("operation.name", .string(name + " agent")), Attribute("ai.operationId", .string(name))]
        }
        return Idiom(
            scope: ("ai", ""), agent: "ai.telemetry.functionId", conversation: "ai.telemetry.metadata.sessionId",
            model: "ai.model.id", provider: "ai.model.provider", inputTokens: "ai.usage.inputTokens",
            outputTokens: "ai.usage.outputTokens", tool: "ai.toolCall.name", callID: "ai.toolCall.id",
            arguments: "ai.toolCall.args", result: "ai.toolCall.result",
            chat: ("ai.generateText.doGenerate", operation("ai.generateText.doGenerate")),
            call: ("ai.toolCall", operation("ai.toolCall")), run: ("ai.generateText", operation("ai.generateText")))
    }()

    private static let agentOps: Idiom = {
        func kind(_ name: String) -> [Attribute] { [Attribute("agentops.span.kind", .string(name))] }
        return Idiom(
            scope: ("agentops", "0.4.21"), agent: "agent.name", conversation: "workflow.session_id",
            provider: "gen_ai.system", inputTokens: "gen_ai.usage.prompt_tokens",
            outputTokens: "gen_ai.usage.completion_tokens", tool: "tool.name", callID: "tool.id",
            arguments: "tool.parameters", result: "tool.result", chat: ("openai.chat.completion", kind("llm")),
            call: ("*.tool", kind("tool")), run: ("*.agent", kind("agent")))
    }()

    /// Says neither arguments nor results of most tools.
    private static let claudeCode = Idiom(
        scope: ("com.anthropic.claude_code.tracing", "2.1.0"), agent: "agent_id", conversation: "session.id",
        model: "model", provider: "gen_ai.system", inputTokens: "input_tokens", outputTokens: "output_tokens",
        tool: "tool_name", callID: "tool_use_id", error: "error",
        chat: ("claude_code.llm_request", [Attribute("speed", "normal")]),
        call: ("claude_code.tool", [Attribute("duration_ms", .integer(80))]),
        run: ("claude_code.interaction", [Attribute("interaction.sequence", .integer(1))]))

    private static let agentDevelopmentKit = Idiom(
        scope: ("gcp.vertex.agent", "1.14.0"), agent: "gen_ai.agent.name", conversation: "gcp.vertex.agent.session_id",
        provider: nil, arguments: "gcp.vertex.agent.tool_call_args", result: "gcp.vertex.agent.tool_response",
        chat: ("call_llm", [Attribute("gen_ai.system", "gcp.vertex.agent")]),
        call: ("execute_tool *", operation("execute_tool")), run: ("agent_run [*]", []))

    private static let geminiCLI = Idiom(
        scope: ("gemini-cli", "0.30.0"), agent: "gen_ai.agent.name", conversation: "gen_ai.conversation.id",
        callID: "gen_ai.tool.call_id", arguments: "gen_ai.tool.input", result: "gen_ai.tool.output",
        chat: ("llm_call", operation("llm_call")), call: ("tool_call", operation("tool_call")),
        run: ("agent_call", operation("agent_call")))

    private static let agentFramework = Idiom(
        scope: ("agent_framework", "1.3.0"), agent: "gen_ai.agent.name", conversation: "gen_ai.conversation.id",
        arguments: "gen_ai.tool.call.arguments", result: "gen_ai.tool.call.result",
        chat: ("chat *", operation("chat")), call: ("execute_tool *", operation("execute_tool")),
        run: ("invoke_agent *", operation("invoke_agent")))

    private static let mcp = Idiom(
        scope: ("mcp-instrumentation", "0.6.1"), agent: "gen_ai.agent.name", conversation: "gen_ai.conversation.id",
        callID: nil, arguments: "gen_ai.tool.call.arguments", argumentsAreATree: true, result: "gen_ai.tool.call.result",
        chat: ("chat *", operation("chat")),
        call: ("tools/call *", [Attribute("mcp.method.name", "tools/call"), Attribute("network.transport", "pipe")]),
        run: ("invoke_agent *", operation("invoke_agent")))
}
