import KilterVocabulary

/// The Vercel AI SDK: `ai.*`, with the outer call (`ai.generateText`), which sums up the usage of the model calls inside
/// (`ai.generateText.doGenerate`), and with counts that may be JSON text.
enum VercelDialect {
    static let aliases: [Alias] = [
        Alias("ai.operationId", .vercelOperation, Rank.vendor),
        Alias("operation.name", .vercelOperation, Rank.vendor + 1),
        Alias("ai.telemetry.functionId", .agent, Rank.vendor + 5),
        Alias("ai.telemetry.metadata.sessionId", .conversation, Rank.vendor + 2),
        Alias("ai.model.id", .model, Rank.vendor + 1),
        Alias("ai.model.provider", .provider, Rank.vendor),
        Alias("ai.response.model", .responseModel, Rank.vendor + 1),
        Alias("ai.response.id", .responseID, Rank.vendor),
        Alias("ai.response.finishReason", .finishReason, Rank.vendor),
        Alias("ai.response.msToFirstChunk", .millisecondsToFirstToken, Rank.vendor),
        Alias("ai.stream.msToFirstChunk", .millisecondsToFirstToken, Rank.vendor + 1),
        Alias("ai.response.toolCalls", .outputMessages, Rank.vendor),
        Alias("ai.response.text", .answerText, Rank.vendor),
        Alias("ai.result.text", .answerText, Rank.vendor + 1),
        Alias("ai.response.object", .answerText, Rank.vendor + 2),
        Alias("ai.prompt.messages", .input, Rank.vendor),
        Alias("ai.prompt", .input, Rank.vendor + 1),
        Alias("ai.toolCall.name", .tool, Rank.vendor),
        Alias("ai.toolCall.id", .callID, Rank.vendor + 1),
        Alias("ai.toolCall.args", .arguments, Rank.vendor + 2),
        Alias("ai.toolCall.result", .result, Rank.vendor + 2),
        Alias("ai.usage.inputTokens", .inputTokens, Rank.vendor),
        Alias("ai.usage.promptTokens", .inputTokens, Rank.vendor + 1),
        Alias("ai.usage.outputTokens", .outputTokens, Rank.vendor),
        Alias("ai.usage.completionTokens", .outputTokens, Rank.vendor + 1),
        Alias("ai.usage.cachedInputTokens", .cacheReadTokens, Rank.vendor + 1),
        Alias("ai.usage.inputTokenDetails.cacheReadTokens", .cacheReadTokens, detailedRead),
        Alias("ai.usage.inputTokenDetails.cacheWriteTokens", .cacheWriteTokens, detailedWrite),
        Alias("ai.usage.reasoningTokens", .reasoningTokens, Rank.vendor),
        Alias("ai.usage.outputTokenDetails.reasoningTokens", .reasoningTokens, Rank.vendor + 1),
        Alias("ai.usage.totalTokens", .totalTokens, Rank.vendor),
        // Of embeddings, which have no other count.
        Alias("ai.usage.tokens", .totalTokens, Rank.vendor + 1),
        Alias("ai.response.providerMetadata", .providerDetails, Rank.vendor),
    ]

    private static let detailedRead = Rank.vendor + 2
    private static let detailedWrite = Rank.vendor

    /// Until version 6, which has the details of the input, the SDK passed on the input as the provider reports it; that
    /// of Anthropic and of Bedrock leaves out what came from the cache and went into it.
    static func inputExcludesCache(_ candidates: Candidates) -> Bool {
        if candidates.has(Slot(.cacheReadTokens, detailedRead)) || candidates.has(Slot(.cacheWriteTokens, detailedWrite)) {
            return false
        }
        if candidates.has(Slot(.cacheReadTokens, Rank.current)) || candidates.has(Slot(.cacheWriteTokens, Rank.older)) {
            return false
        }
        let provider = candidates.value(Slot(.provider, Rank.vendor))
        guard provider.shape == .text else { return false }
        return provider.text.find("anthropic") != nil || provider.text.find("bedrock") != nil
    }

    /// The operation, which `operation.name` follows by a blank and the function's id. Nil for the names of others.
    static func kind(_ operation: Text) -> OperationKind? {
        guard operation.hasPrefix("ai.") else { return nil }
        var name = operation
        if let blank = operation.find(" ") { name = operation.prefix(blank) }
        for (known, kind) in operations where name.equals(known) { return kind }
        return nil
    }

    private static let operations: [(StaticString, OperationKind)] = [
        ("ai.generateText.doGenerate", .chat), ("ai.streamText.doStream", .chat),
        ("ai.generateObject.doGenerate", .chat), ("ai.streamObject.doStream", .chat),
        ("ai.toolCall", .executeTool),
        ("ai.embed.doEmbed", .embeddings), ("ai.embedMany.doEmbed", .embeddings), ("ai.rerank.doRerank", .rerank),
        ("ai.generateText", .invokeAgent), ("ai.streamText", .invokeAgent),
        ("ai.generateObject", .step), ("ai.streamObject", .step), ("ai.embed", .step), ("ai.embedMany", .step),
        ("ai.rerank", .step),
    ]
}
