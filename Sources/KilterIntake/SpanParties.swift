import CLanes
import KilterVocabulary

extension SpanResolver {
    /// Who acted, and for a message who sent it. On a handoff the agent is the one who takes over.
    func resolveParties(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        var agent = space.pointee.nameText(.agent)
        if agent.isEmpty { agent = entityName(of: "agent") }
        var sender = candidates.has(.sender) ? statedSender(row.kind) : .none
        if row.kind == .handoff {
            resolveHandoff(&agent, &sender)
        } else if sender.isEmpty {
            sender = implicitSender(row.kind)
        }
        if candidates.has(.messageTarget) && (row.kind == .agentMessage || row.kind == .step) {
            let target = space.pointee.nameText(.messageTarget)
            if !target.isEmpty { agent = target }
        }
        row.agent = space.pointee.name(agent, into: &batch)
        if row.agent == 0 { row.agent = space.pointee.resource.agent }
        if row.agent == 0 { row.agent = space.pointee.name(agentFromName(row.kind), into: &batch) }
        if !sender.isEmpty {
            row.sender = space.pointee.name(sender, into: &batch)
            if sender.equalsFolded("user") || sender.equalsFolded("human") { row.flags.insert(.fromPerson) }
        }
    }

    /// Vendors put an agent's parent on all of its spans; only where an agent is called is that one a sender.
    private func statedSender(_ kind: OperationKind) -> Text {
        if kind == .executeTool || kind.isInference { return candidates.text(.sender, among: Self.conventionalRanks) }
        return space.pointee.nameText(.sender)
    }

    private func implicitSender(_ kind: OperationKind) -> Text {
        if candidates.has(.handoffParent) && kind == .invokeAgent { return candidates.text(.handoffParent) }
        if candidates.has(.nodeParent) && candidates.text(.openInferenceKind).equalsFolded("agent") {
            return candidates.text(.nodeParent)
        }
        return .none
    }

    /// Attributes name both sides, or OpenInference's input and output do, or the span's name
    /// (`handoff to B`, `A → B.handoff`). An agent name beside a receiver is the sender's.
    private func resolveHandoff(_ agent: inout Text, _ sender: inout Text) {
        var from = candidates.text(.handoffFrom)
        var to = listText(.receiver)
        let name = space.pointee.facts.name
        if name.hasPrefix("handoff to ") {
            if to.isEmpty { to = candidates.text(.genericOutput, among: Self.openInferenceRanks) }
            if to.isEmpty { to = name.dropFirst(11) }
            if from.isEmpty { from = candidates.text(.genericInput, among: Self.openInferenceRanks) }
        } else if name.hasSuffix(".handoff"), let arrow = name.find(" → ") {
            if from.isEmpty { from = name.prefix(arrow) }
            if to.isEmpty { to = name.prefix(name.count - 8).dropFirst(arrow + 5) }
        }
        if sender.isEmpty { sender = from }
        if to.isEmpty { return }
        if sender.isEmpty { sender = agent }
        agent = to
    }

    static let openInferenceRanks: Ranks = 1 << Ranks(Rank.openInference)

    private func agentFromName(_ kind: OperationKind) -> Text {
        guard kind == .invokeAgent || kind == .createAgent else { return .none }
        let name = space.pointee.facts.name
        if name.hasPrefix("invoke_agent ") || name.hasPrefix("create_agent ") { return name.dropFirst(13) }
        if name.hasPrefix("flue.task ") { return name.dropFirst(10) }
        if isKind("agent", .langfuseType) || isKind("agent", .langSmithKind) { return name }
        let developed = GoogleDialect.agent(spanName: name)
        if !developed.isEmpty { return developed }
        return name.hasSuffix(".agent") ? name.prefix(name.count - 6) : .none
    }

    // MARK: Providers

    /// The provider's canonical name; frameworks that report themselves as providers are none.
    func provider() -> Text {
        let system = candidates.text(.providerSystem)
        var ranks = candidates.ranks(.provider)
        while ranks != 0 {
            let value = candidates.value(.provider, lowestOf: ranks)
            if value.shape == .text && !value.text.isEmpty {
                let known = normalized(value.text, system: system)
                if !known.isEmpty { return known }
            }
            ranks &= ranks &- 1
        }
        return system.isEmpty ? .none : normalized(system, system: system)
    }

    private func normalized(_ provider: Text, system: Text) -> Text {
        let provider = withoutInterface(provider)
        for (name, canonical) in Self.providers where provider.equalsFolded(name) { return Text(canonical) }
        if provider.equals("Azure") { return Text("azure.ai.openai") }
        if provider.equalsFolded("azure") {
            return Text(system.equalsFolded("openai") ? "azure.ai.openai" : "azure.ai.inference")
        }
        guard let out = space.pointee.arena.room(provider.count) else { return provider }
        for index in 0..<provider.count { out[index] = lowered(provider[index]) }
        return space.pointee.arena.keep(provider.count)
    }

    /// The Vercel AI SDK puts the interface behind the provider: `openai.responses`, `anthropic.messages`.
    private func withoutInterface(_ provider: Text) -> Text {
        for suffix in Self.interfaces where provider.hasSuffix(suffix) {
            return provider.prefix(provider.count - suffix.utf8CodeUnitCount)
        }
        return provider
    }

    private static let interfaces: [StaticString] = [".chat", ".responses", ".completion", ".messages", ".embedding"]

    /// Lower-case spellings seen, the frequent ones first; an empty name is a framework.
    private static let providers: [(StaticString, StaticString)] = [
        ("openai", "openai"), ("anthropic", "anthropic"),
        ("az.ai.openai", "azure.ai.openai"), ("az.ai.inference", "azure.ai.inference"),
        ("aws", "aws.bedrock"), ("amazon", "aws.bedrock"), ("amazon-bedrock", "aws.bedrock"),
        ("vertex_ai", "gcp.vertex_ai"), ("vertexai", "gcp.vertex_ai"), ("gemini", "gcp.gemini"),
        ("google", "gcp.gen_ai"), ("google.generative-ai", "gcp.gemini"), ("google.vertex", "gcp.vertex_ai"),
        ("mistral", "mistral_ai"), ("mistralai", "mistral_ai"), ("xai", "x_ai"), ("watsonx", "ibm.watsonx.ai"),
        ("moonshot", "moonshot_ai"),
        ("langchain", ""), ("crewai", ""), ("strands-agents", ""), ("gcp.vertex.agent", ""),
        ("microsoft.agent_framework", ""),
    ]
}
