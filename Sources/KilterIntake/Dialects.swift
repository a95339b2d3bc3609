/// What an attribute can say about a span, whatever the dialect it is said in.
enum Field: UInt8, CaseIterable {
    case operation, openInferenceKind, traceloopKind, requestType, mcpMethod, a2aMethod, transferMode, promptText
    case langfuseType, agentOpsKind, langSmithKind, vercelOperation, vectorQuery
    case agent, agentVersion, conversation, workflow, entityName
    case outputMessages, answerText, input, tool, callID, arguments, result, genericInput, genericOutput, toolParameters
    case argumentsHash, resultHash, argumentsCharacters, resultCharacters
    case model, responseModel, sharedModel, invocationParameters, provider, providerSystem, responseID
    case finishReason, secondsToFirstToken, millisecondsToFirstToken
    case inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, totalTokens
    case usageDetails, inputDetails, outputDetails, providerDetails
    case errorType, errorMessage, exceptionType, exceptionMessage, statusCode, success, toolStatus, level, guardrailError
    case sender, receiver, messageTarget, handoffFrom, handoffParent, nodeParent
    case messageDigest, messageSimilarity, messageCharacters, messageText, phase
    case tenant, partnerTenant, department, namespace, tags, environment, service, serviceVersion, blockedBy
    case cost, costParts, costDetails, outcome, feedback
    case evaluationName, evaluationScore, evaluationLabel, evaluationJudge
    case eventName, guardrailName, guardrailOutcome, guardrailTriggered
    case markKind, markTarget, markNote
    case embedding
}

/// Precedence among sources of one field (reference, section 1.14): the smaller wins. No two keys of a field share a
/// rank, so that what wins never depends on the order of a span's attributes.
enum Rank {
    static let kilter: UInt8 = 0
    static let current: UInt8 = 1
    static let older: UInt8 = 3
    static let openInference: UInt8 = 5
    static let openLLMetry: UInt8 = 9
    static let vendor: UInt8 = 12
    /// Names without any prefix that only the events they belong to may use (`kind` on a declared change).
    static let bareOfEvents: UInt8 = 22
    /// Names without any prefix (`model`, `input_tokens`), which only their own producer's spans may use: on all others
    /// they are struck out before anything is resolved.
    static let bare: UInt8 = 23
}

/// One attribute key of one dialect: which field it fills, and how it ranks there.
struct Alias: Sendable {
    let key: StaticString
    let field: Field
    let rank: UInt8

    init(_ key: StaticString, _ field: Field, _ rank: UInt8) {
        self.key = key
        self.field = field
        self.rank = rank
    }
}

/// All dialects this build knows. A producer family is one file that contributes its aliases here.
enum Dialects {
    static let aliases: [Alias] =
        KilterDialect.aliases + OTelDialect.aliases + OpenInferenceDialect.aliases + OpenLLMetryDialect.aliases
        + EventDialect.aliases
        + LangfuseDialect.aliases + LangSmithDialect.aliases + VercelDialect.aliases + AgentOpsDialect.aliases
        + AgentFrameworkDialect.aliases + ClaudeCodeDialect.aliases + GoogleDialect.aliases + FlueDialect.aliases
        + LangGraphDialect.aliases
}
