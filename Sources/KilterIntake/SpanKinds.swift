import KilterVocabulary

extension SpanResolver {
    /// What the span did, by the resolution order of the reference (section 1.3).
    func kind() -> OperationKind {
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

    private func protocolKind() -> OperationKind? {
        if candidates.has(.mcpMethod) {
            let method = candidates.text(.mcpMethod)
            if !method.isEmpty { return method.equals("tools/call") ? .executeTool : .protocolOther }
        }
        if candidates.has(.a2aMethod) && !candidates.text(.a2aMethod).isEmpty { return .agentMessage }
        return nil
    }

    private func hasHandoffEvidence() -> Bool {
        if candidates.has(.transferMode) || candidates.has(.receiver) || candidates.has(.handoffFrom) { return true }
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
            let known = OpenInferenceDialect.kind(
                openInference, isRoot: space.pointee.facts.parent == 0, hasPromptText: candidates.has(.promptText))
            if let known { return known }
        }
        if !traceloop.isEmpty, let known = OpenLLMetryDialect.kind(traceloop) { return known }
        let request = candidates.text(.requestType)
        return request.isEmpty ? nil : OpenLLMetryDialect.kind(requestType: request)
    }

    private func derivedKind() -> OperationKind {
        if candidates.has(.tool) || candidates.has(.callID) {
            let isGenAI = candidates.ranks(.tool) & Self.genAIRanks != 0 || candidates.ranks(.callID) & Self.genAIRanks != 0
            if isGenAI { return .executeTool }
        }
        if candidates.has(.model) || candidates.has(.sharedModel) || candidates.has(.responseModel) { return .chat }
        return OTelDialect.kind(spanName: space.pointee.facts.name) ?? .other
    }

    /// Ranks of the names that OpenTelemetry's own conventions use.
    private static let genAIRanks: UInt16 = 1 << UInt16(Rank.current) | 1 << UInt16(Rank.vendor)
}
