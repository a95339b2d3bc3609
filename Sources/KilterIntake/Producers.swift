/// The producers that only their instrumentation scope gives away. Attributes alone would mislead: the same names mean
/// other things elsewhere.
enum Producer: UInt8, BitwiseCopyable {
    case unknown, langfuse, googleADK, a2aSDK, claudeCode, vercel, openLLMetryBedrock

    /// Cost: a few comparisons of lengths, once a scope.
    static func of(scope: Text) -> Producer {
        if scope.equals("langfuse-sdk") { return .langfuse }
        if scope.equals("gcp.vertex.agent") { return .googleADK }
        if scope.equals("a2a-python-sdk") { return .a2aSDK }
        if scope.equals("ai") { return .vercel }
        if scope.equals("opentelemetry.instrumentation.bedrock") { return .openLLMetryBedrock }
        return scope.hasPrefix("com.anthropic.claude_code") ? .claudeCode : .unknown
    }

    /// The producer of one span: the scope's, unless the span's own name says more.
    @inline(__always) static func of(spanName: Text, in scope: Producer) -> Producer {
        spanName.hasPrefix("claude_code.") ? .claudeCode : scope
    }
}
