/// What the instrumentation of each dialect writes on a span. Names are those of the OpenTelemetry GenAI
/// conventions, of OpenInference and of OpenLLMetry; all other families are an `Idiom` each.
enum Dialects {
    struct Named {
        var name: String
        var attributes: [Attribute]
    }

    static func resource(_ service: SimulatedService) -> [Attribute] {
        var attributes: [Attribute] = [
            Attribute("service.name", .string(service.name)),
            Attribute("deployment.environment.name", .string(service.environment)),
        ]
        if service.detail == .full {
            attributes.append(Attribute("service.version", .string(service.version)))
            attributes.append(Attribute("telemetry.sdk.language", "python"))
        }
        return attributes
    }

    static func scope(_ service: SimulatedService) -> (name: String, version: String) {
        switch service.dialect {
        case .genAI: ("opentelemetry.util.genai.handler", "0.4b0")
        case .openInference: ("openinference.instrumentation.langchain", "0.1.52")
        case .openLLMetry: ("opentelemetry.instrumentation.langchain", "0.62.1")
        default: Idiom.of(service.dialect).scope
        }
    }

    // MARK: Model calls

    static func chat(_ agent: SimulatedAgent, _ exchange: ChatExchange) -> Named {
        var named = bareChat(agent, exchange)
        if let answer = exchange.answer { named.attributes += DialectAnswers.attributes(agent.service.dialect, answer) }
        return named
    }

    private static func bareChat(_ agent: SimulatedAgent, _ exchange: ChatExchange) -> Named {
        let input = TelemetryValue.integer(Int64(exchange.usage.input))
        let output = TelemetryValue.integer(Int64(exchange.usage.output))
        let model = TelemetryValue.string(agent.model)
        switch agent.service.dialect {
        case .genAI, .openLLMetry:
            var attributes: [Attribute] = [
                Attribute("gen_ai.operation.name", "chat"),
                Attribute("gen_ai.provider.name", .string(agent.provider)),
                Attribute("gen_ai.request.model", model),
                Attribute("gen_ai.usage.input_tokens", input),
                Attribute("gen_ai.usage.output_tokens", output),
                Attribute(
                    "gen_ai.response.finish_reasons", [.string(exchange.asksForTools ? "tool_call" : "stop")]),
            ]
            if agent.service.detail == .full {
                attributes.insert(Attribute("gen_ai.response.model", model), at: 3)
                attributes.insert(Attribute("gen_ai.response.id", .string(exchange.responseID)), at: 4)
            }
            if exchange.usage.cacheRead > 0 {
                attributes.append(Attribute("gen_ai.usage.cache_read.input_tokens", .integer(Int64(exchange.usage.cacheRead))))
            }
            if agent.service.dialect == .openLLMetry { attributes.append(Attribute("llm.request.type", "chat")) }
            return Named(name: "chat \(agent.model)", attributes: attributes)
        case .openInference:
            let total = TelemetryValue.integer(Int64(exchange.usage.input + exchange.usage.output))
            return Named(
                name: "ChatModel",
                attributes: [
                    Attribute("openinference.span.kind", "LLM"),
                    Attribute("llm.provider", .string(agent.provider)),
                    Attribute("llm.model_name", model),
                    Attribute("llm.token_count.prompt", input),
                    Attribute("llm.token_count.completion", output),
                    Attribute("llm.token_count.total", total),
                    Attribute("llm.finish_reason", .string(exchange.asksForTools ? "tool_calls" : "stop")),
                ])
        default: return Idiom.of(agent.service.dialect).chat(agent, exchange)
        }
    }

    // MARK: Tool calls

    /// `spaced` writes JSON text with blanks, as some clients do; it means the same.
    static func tool(_ service: SimulatedService, _ call: ToolCall, callID: String, spaced: Bool) -> Named {
        var attributes: [Attribute]
        let name: String
        switch service.dialect {
        case .genAI:
            name = "execute_tool \(call.tool)"
            attributes = [
                Attribute("gen_ai.operation.name", "execute_tool"),
                Attribute("gen_ai.tool.name", .string(call.tool)),
                Attribute("gen_ai.tool.call.id", .string(callID)),
            ]
            if service.detail == .full { attributes.append(Attribute("gen_ai.tool.type", "function")) }
        case .openInference:
            name = call.tool
            attributes = [
                Attribute("openinference.span.kind", "TOOL"),
                Attribute("tool.name", .string(call.tool)),
                Attribute("tool.id", .string(callID)),
            ]
        case .openLLMetry:
            name = "\(call.tool).tool"
            attributes = [
                Attribute("traceloop.span.kind", "tool"),
                Attribute("traceloop.entity.name", .string(call.tool)),
            ]
        default: return Idiom.of(service.dialect).tool(call, callID: callID, spaced: spaced)
        }
        attributes.append(contentsOf: arguments(service, call.arguments, spaced: spaced))
        attributes.append(contentsOf: outcome(service, call.outcome))
        return Named(name: name, attributes: attributes)
    }

    private static func arguments(_ service: SimulatedService, _ given: CallArguments, spaced: Bool) -> [Attribute] {
        switch (service.dialect, given) {
        case (_, .notCaptured): return []
        case (.genAI, .json(let value)):
            return [Attribute("gen_ai.tool.call.arguments", .string(value.jsonText(spaced: spaced)))]
        case (.genAI, .structured(let value)): return [Attribute("gen_ai.tool.call.arguments", value)]
        case (.openInference, .json(let value)), (.openInference, .structured(let value)):
            return [
                Attribute("input.value", .string(value.jsonText(spaced: spaced))),
                Attribute("input.mime_type", "application/json"),
            ]
        case (.openLLMetry, .json(let value)), (.openLLMetry, .structured(let value)):
            let wrapped: TelemetryValue = ["args": [], "kwargs": value]
            return [Attribute("traceloop.entity.input", .string(wrapped.jsonText(spaced: spaced)))]
        default: return []
        }
    }

    private static func outcome(_ service: SimulatedService, _ outcome: CallOutcome) -> [Attribute] {
        switch outcome {
        case .text(let text): return result(service, text, isJSON: false)
        case .json(let value): return result(service, value.jsonText(), isJSON: true)
        case .notCaptured: return []
        case .failed(let type, _): return [Attribute("error.type", .string(type))]
        case .failedUnderOK(let type, let message):
            return result(service, message, isJSON: false) + [Attribute("error.type", .string(type))]
        case .blocked(let breaker): return [Attribute("kilter.blocked_by", .string(breaker))]
        case .rateLimited(let type, let status):
            let limited = Attribute("error.type", .string(type))
            guard let status else { return [limited] }
            return [limited, Attribute("http.response.status_code", .integer(Int64(status)))]
        }
    }

    private static func result(_ service: SimulatedService, _ text: String, isJSON: Bool) -> [Attribute] {
        switch service.dialect {
        case .genAI: return [Attribute("gen_ai.tool.call.result", .string(text))]
        case .openInference:
            return [
                Attribute("output.value", .string(text)),
                Attribute("output.mime_type", isJSON ? "application/json" : "text/plain"),
            ]
        case .openLLMetry:
            let value = isJSON ? text : TelemetryValue.string(text).jsonText()
            return [Attribute("traceloop.entity.output", .string(value))]
        default: return []
        }
    }

    /// What a tool span carries while it still runs.
    static func withoutOutcome(_ attributes: [Attribute]) -> [Attribute] {
        let outcomes = ["gen_ai.tool.call.result", "output.value", "traceloop.entity.output", "error.type"]
        return attributes.filter { !outcomes.contains($0.name) }
    }

    // MARK: Agents

    static func invocation(_ agent: SimulatedAgent) -> Named {
        switch agent.service.dialect {
        case .genAI:
            return Named(
                name: "invoke_agent \(agent.name)",
                attributes: [Attribute("gen_ai.operation.name", "invoke_agent")])
        case .openInference:
            return Named(name: agent.name, attributes: [Attribute("openinference.span.kind", "AGENT")])
        case .openLLMetry:
            return Named(
                name: "\(agent.name).agent",
                attributes: [
                    Attribute("traceloop.span.kind", "agent"),
                    Attribute("traceloop.entity.name", .string(agent.name)),
                ])
        default: return Idiom.of(agent.service.dialect).invocation(agent)
        }
    }

    static func message(_ message: AgentMessage) -> [Attribute] {
        var attributes: [Attribute] = [
            Attribute("kilter.sender.name", .string(message.sender)),
            Attribute("kilter.message.sha256", .string(message.digest)),
            Attribute("kilter.message.chars", .integer(Int64(message.text.count))),
        ]
        if message.carriesText { attributes.append(Attribute("kilter.message.text", .string(message.text))) }
        return attributes
    }

    /// The attributes that say whose span this is.
    static func identity(
        _ service: SimulatedService, agent: String?, conversation: String?
    ) -> [Attribute] {
        var attributes: [Attribute] = []
        let names: (agent: String?, conversation: String?) =
            switch service.dialect {
            case .genAI: ("gen_ai.agent.name", "gen_ai.conversation.id")
            case .openInference: ("agent.name", "session.id")
            case .openLLMetry: ("gen_ai.agent.name", "traceloop.association.properties.session_id")
            default: (Idiom.of(service.dialect).agent, Idiom.of(service.dialect).conversation)
            }
        if let agent, let name = names.agent { attributes.append(Attribute(name, .string(agent))) }
        if let conversation, let name = names.conversation { attributes.append(Attribute(name, .string(conversation))) }
        return attributes
    }
}
