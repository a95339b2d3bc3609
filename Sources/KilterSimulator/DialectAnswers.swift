/// How each dialect shows what a model was asked and what it said.
enum DialectAnswers {
    static func attributes(_ dialect: SimulatedService.Dialect, _ answer: ModelAnswer) -> [Attribute] {
        let asked = answer.question.map { question(dialect, $0) } ?? []
        if let digest = answer.digest {
            let length = Attribute("kilter.message.chars", .integer(Int64(answer.text.count)))
            return asked + [Attribute("kilter.message.sha256", .string(digest)), length]
        }
        return asked + said(dialect, answer.text)
    }

    private static func said(_ dialect: SimulatedService.Dialect, _ text: String) -> [Attribute] {
        let plain = TelemetryValue.string(text)
        switch dialect {
        case .genAI, .geminiCLI, .agentFramework, .mcp: return [Attribute("gen_ai.output.messages", parts("assistant", text))]
        case .openInference: return indexed("llm.output_messages.0.message", "assistant", text)
        case .openLLMetry, .agentOps: return indexed("gen_ai.completion.0", "assistant", text)
        case .langfuse:
            let message: TelemetryValue = ["role": "assistant", "content": plain]
            return [Attribute("langfuse.observation.output", .string(message.jsonText()))]
        case .langSmith:
            let generations: TelemetryValue = ["generations": [[["text": plain, "type": "ChatGeneration"]]], "llm_output": false]
            return [Attribute("gen_ai.completion", .string(generations.jsonText()))]
        case .vercel: return [Attribute("ai.response.text", plain)]
        case .agentDevelopmentKit:
            let response: TelemetryValue = ["content": ["parts": [["text": plain]], "role": "model"], "finish_reason": "STOP"]
            return [Attribute("gcp.vertex.agent.llm_response", .string(response.jsonText()))]
        // Says no content.
        case .claudeCode: return []
        }
    }

    private static func question(_ dialect: SimulatedService.Dialect, _ text: String) -> [Attribute] {
        switch dialect {
        case .genAI, .geminiCLI, .agentFramework, .mcp: [Attribute("gen_ai.input.messages", parts("user", text))]
        case .openInference: indexed("llm.input_messages.1.message", "user", text)
        case .openLLMetry, .agentOps: indexed("gen_ai.prompt.1", "user", text)
        default: []
        }
    }

    private static func parts(_ role: String, _ text: String) -> TelemetryValue {
        let messages: TelemetryValue = [["role": .string(role), "parts": [["type": "text", "content": .string(text)]]]]
        return .string(messages.jsonText())
    }

    private static func indexed(_ prefix: String, _ role: String, _ text: String) -> [Attribute] {
        [Attribute(prefix + ".role", .string(role)), Attribute(prefix + ".content", .string(text))]
    }
}
