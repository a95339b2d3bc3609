import KilterVocabulary

/// The Langfuse SDKs: `langfuse.*` beside whatever the instrumentation underneath wrote. The observation's type is
/// set on purpose by the user, so it wins where the scope shows that the SDK itself wrote it.
enum LangfuseDialect {
    static let aliases: [Alias] = [
        Alias("langfuse.observation.type", .langfuseType, Rank.vendor),
        Alias("langfuse.observation.model.name", .model, Rank.vendor),
        Alias("langfuse.observation.usage_details", .usageDetails, Rank.vendor),
        Alias("langfuse.observation.cost_details", .costDetails, Rank.vendor),
        Alias("langfuse.observation.input", .genericInput, Rank.vendor),
        Alias("langfuse.observation.output", .genericOutput, Rank.vendor),
        Alias("langfuse.observation.level", .level, Rank.vendor),
        Alias("langfuse.observation.status_message", .errorMessage, Rank.vendor),
        // Before OpenInference's `session.id`, which the SDK writes too.
        Alias("langfuse.session.id", .conversation, Rank.openInference - 1),
        Alias("langfuse.trace.name", .workflow, Rank.vendor + 1),
        Alias("langfuse.trace.tags", .tags, Rank.vendor),
        Alias("langfuse.version", .agentVersion, Rank.vendor),
        Alias("langfuse.release", .agentVersion, Rank.vendor + 1),
        Alias("langfuse.environment", .environment, Rank.vendor),
    ]

    /// Nil for `span`, which says nothing, and for unknown types.
    static func kind(_ type: Text, isRoot: Bool) -> OperationKind? {
        if type.equalsFolded("generation") { return .chat }
        if type.equalsFolded("tool") { return .executeTool }
        if type.equalsFolded("agent") { return .invokeAgent }
        if type.equalsFolded("chain") { return isRoot ? .workflow : .step }
        if type.equalsFolded("embedding") { return .embeddings }
        if type.equalsFolded("retriever") { return .retrieval }
        if type.equalsFolded("evaluator") { return .evaluator }
        if type.equalsFolded("guardrail") { return .guardrail }
        return type.equalsFolded("event") ? .other : nil
    }
}
