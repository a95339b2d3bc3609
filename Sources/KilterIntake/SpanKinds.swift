import KilterVocabulary

extension SpanResolver {
    /// What the span did, by the resolution order of the reference (section 1.3).
    func kind() -> OperationKind {
        if space.pointee.facts.producer != .unknown, let own = producersKind() { return own }
        if let protocolKind = protocolKind() { return protocolKind }
        if hasHandoffEvidence() { return .handoff }
        let openInference = candidates.has(.openInferenceKind) ? candidates.text(.openInferenceKind) : .none
        if !openInference.isEmpty, let distinct = OpenInferenceDialect.distinctKind(openInference) { return distinct }
        let traceloop = candidates.has(.traceloopKind) ? candidates.text(.traceloopKind) : .none
        let operation = candidates.text(.operation)
        if !operation.isEmpty { return kind(operation: operation, traceloop: traceloop) }
        if let kind = dialectKind(openInference: openInference, traceloop: traceloop) { return kind }
        return derivedKind()
    }

    /// What the scope or the name of a known producer settles whatever the attributes say.
    private func producersKind() -> OperationKind? {
        switch space.pointee.facts.producer {
        // The SDK's own plumbing: generic names around the calls that others describe.
        case .a2aSDK: return .other
        case .claudeCode: return ClaudeCodeDialect.kind(spanName: space.pointee.facts.name)
        case .langfuse: return langfuseKind()
        case .googleADK:
            return space.pointee.facts.name.equals("execute_tool (merged)") ? .step : nil
        case .vercel, .openLLMetryBedrock, .unknown: return nil
        }
    }

    private var isRoot: Bool { space.pointee.facts.parent == 0 }

    private func langfuseKind() -> OperationKind? {
        candidates.has(.langfuseType) ? LangfuseDialect.kind(candidates.text(.langfuseType), isRoot: isRoot) : nil
    }

    private func protocolKind() -> OperationKind? {
        if candidates.has(.mcpMethod) {
            let method = candidates.text(.mcpMethod)
            if !method.isEmpty { return method.equals("tools/call") ? .executeTool : .protocolOther }
        }
        if candidates.has(.a2aMethod) && !candidates.text(.a2aMethod).isEmpty { return .agentMessage }
        return nil
    }

    /// Names with a vendor's prefix are evidence alone; the general ones of the last ranks only as a pair.
    private func hasHandoffEvidence() -> Bool {
        if candidates.has(.transferMode) { return true }
        let from = candidates.ranks(.handoffFrom)
        let to = candidates.ranks(.receiver)
        if from | to != 0 {
            if (from | to) & Self.conventionalRanks != 0 { return true }
            if from != 0 && to != 0 && !candidates.text(.receiver).equals("__end__") { return true }
        }
        if candidates.has(.traceloopKind) && candidates.text(.traceloopKind).equalsFolded("handoff") { return true }
        return candidates.has(.openInferenceKind) && space.pointee.facts.name.hasPrefix("handoff to ")
            && candidates.text(.openInferenceKind).equalsFolded("tool")
    }

    private func kind(operation: Text, traceloop: Text) -> OperationKind {
        let kind = OTelDialect.kind(operation: operation) ?? .other
        guard kind == .invokeAgent else { return kind }
        if !traceloop.isEmpty, let structural = OpenLLMetryDialect.structuralKind(traceloop) { return structural }
        return space.pointee.facts.name.equals("crewai.workflow") ? .workflow : kind
    }

    private func dialectKind(openInference: Text, traceloop: Text) -> OperationKind? {
        if !openInference.isEmpty {
            let known = OpenInferenceDialect.kind(openInference, isRoot: isRoot, hasPromptText: candidates.has(.promptText))
            if let known { return known }
        }
        if !traceloop.isEmpty, let known = OpenLLMetryDialect.kind(traceloop) { return known }
        if let known = vendorKind() { return known }
        let request = candidates.text(.requestType)
        return request.isEmpty ? nil : OpenLLMetryDialect.kind(requestType: request)
    }

    private func vendorKind() -> OperationKind? {
        if candidates.has(.agentOpsKind), let known = AgentOpsDialect.kind(candidates.text(.agentOpsKind)) { return known }
        if candidates.has(.langSmithKind) {
            if let known = LangSmithDialect.kind(candidates.text(.langSmithKind), isRoot: isRoot) { return known }
        }
        if let known = langfuseKind() { return known }
        if candidates.has(.vercelOperation), let known = vercelKind() { return known }
        if candidates.has(.vectorQuery) { return .retrieval }
        guard space.pointee.facts.producer == .googleADK else { return nil }
        return GoogleDialect.kind(spanName: space.pointee.facts.name)
    }

    /// AgentOps writes `operation.name` too, with names of its own.
    private func vercelKind() -> OperationKind? {
        var ranks = candidates.ranks(.vercelOperation)
        while ranks != 0 {
            let value = candidates.value(.vercelOperation, lowestOf: ranks)
            if value.shape == .text, let known = VercelDialect.kind(value.text) { return known }
            ranks &= ranks &- 1
        }
        return nil
    }

    private func derivedKind() -> OperationKind {
        if candidates.has(.tool) || candidates.has(.callID) {
            let ranks = candidates.ranks(.tool) | candidates.ranks(.callID)
            if ranks & ~Self.openInferenceNames != 0 { return .executeTool }
        }
        let name = space.pointee.facts.name
        if let kind = FrameworkNames.kind(spanName: name) { return kind }
        if candidates.has(.model) || candidates.has(.sharedModel) || candidates.has(.responseModel) { return .chat }
        return OTelDialect.kind(spanName: name) ?? .other
    }

    /// Ranks of names that a standard or its forerunners define, before those of single vendors.
    static let conventionalRanks: Ranks = 1 << Ranks(Rank.vendor) &- 1
    /// Ranks of OpenInference, whose `tool.name` stands on other spans too.
    private static let openInferenceNames: Ranks = 0b1111 << Ranks(Rank.openInference)
}
