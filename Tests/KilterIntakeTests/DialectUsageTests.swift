import KilterIntake
import KilterVocabulary
import Testing

/// One call of a model in the words of every dialect: whatever a dialect leaves out of its counts, and wherever it puts the
/// rest, the tokens and the cost are the same.
@Suite struct DialectUsageTests {
    /// What happened: input that was fresh, came from the cache, went into it; output that was shown, and thought.
    struct Call: Sendable {
        var fresh: Int64
        var read: Int64
        var written: Int64
        var shown: Int64
        var thought: Int64
        var microdollars: UInt64

        var input: Int64 { fresh + read + written }
        var output: Int64 { shown + thought }
        var total: Int64 { input + output }
    }

    struct Telling: Sendable, CustomTestStringConvertible {
        var dialect: String
        var scope = "s"
        var name = "chat m"
        /// Attributes beside the model's name.
        var attributes: [(String, String)]
        var tellsThought = true
        var testDescription: String { dialect }
    }

    /// Input costs $2 a million, read from the cache $0.20, written to it $2.50, output $10, shown or thought.
    static let calls = [
        // 2,500 × 2 + 6,000 × 0.20 + 1,500 × 2.50 + 800 × 10 = 5,000 + 1,200 + 3,750 + 8,000 = 17,950
        Call(fresh: 2_500, read: 6_000, written: 1_500, shown: 500, thought: 300, microdollars: 17_950),
        // More was fresh than came from the cache: 8,000 × 2 + 1,000 × 0.20 + 500 × 2.50 + 800 × 10 = 16,000 + 200 + 1,250 + 8,000 = 25,450
        Call(fresh: 8_000, read: 1_000, written: 500, shown: 500, thought: 300, microdollars: 25_450),
        // More was thought than shown: 8,000 × 2 + 1,000 × 0.20 + 1,000 × 10 = 16,000 + 200 + 10,000 = 26,200
        Call(fresh: 8_000, read: 1_000, written: 0, shown: 100, thought: 900, microdollars: 26_200),
        // No cache, no thought: 1,000 × 2 + 100 × 10 = 2,000 + 1,000 = 3,000
        Call(fresh: 1_000, read: 0, written: 0, shown: 100, thought: 0, microdollars: 3_000),
    ]

    @Test(arguments: calls) func costsTheSameInEveryDialect(call: Call) throws {
        for telling in Self.tellings(call) {
            let model = [("gen_ai.operation.name", Build.text("chat")), ("gen_ai.request.model", Build.text("model-a"))]
            let isClaude = telling.name.hasPrefix("claude_code.")
            let attributes = (isClaude ? [("model", Build.text("model-a"))] : model) + telling.attributes
            let batch = Priced.batch(Build.request([Build.span(attributes, name: telling.name)], scope: telling.scope))
            let row = try #require(batch.rows.first)
            #expect(row.inputTokens == UInt32(call.input) && row.outputTokens == UInt32(call.output), "\(telling.dialect)")
            #expect(row.cacheReadTokens == UInt32(call.read) && row.cacheWriteTokens == UInt32(call.written), "\(telling.dialect)")
            #expect(row.reasoningTokens == (telling.tellsThought ? UInt32(call.thought) : 0), "\(telling.dialect)")
            #expect(row.costPicodollars == call.microdollars * 1_000_000 && row.flags == [.priced], "\(telling.dialect)")
        }
    }

    static func tellings(_ call: Call) -> [Telling] {
        let tellings = conventions(call) + langfuse(call) + langSmith(call) + vercel(call) + [claudeCode(call), bedrock(call)]
        // Only where nothing was written can the dialects speak that have no word for it.
        return call.written == 0 ? tellings + withoutWriting(call) : tellings
    }

    private static func numbers(_ list: [(String, Int64)]) -> [(String, String)] { list.map { ($0.0, Build.int($0.1)) } }

    private static func object(_ members: [(String, Int64)]) -> String {
        "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }

    // MARK: Conventions

    private static func conventions(_ call: Call) -> [Telling] {
        let genAI = [
            ("gen_ai.usage.input_tokens", call.input), ("gen_ai.usage.cache_read.input_tokens", call.read),
            ("gen_ai.usage.output_tokens", call.output),
        ]
        return [
            Telling(
                dialect: "OpenTelemetry",
                attributes: numbers(
                    genAI + [
                        ("gen_ai.usage.cache_write.input_tokens", call.written), ("gen_ai.usage.reasoning.output_tokens", call.thought),
                    ])),
            Telling(
                dialect: "OpenTelemetry 1.40",
                attributes: numbers(genAI + [("gen_ai.usage.cache_creation.input_tokens", call.written)]), tellsThought: false),
            Telling(
                dialect: "OpenInference",
                attributes: numbers([
                    ("llm.token_count.prompt", call.input), ("llm.token_count.completion", call.output),
                    ("llm.token_count.total", call.total), ("llm.token_count.prompt_details.cache_read", call.read),
                    ("llm.token_count.prompt_details.cache_write", call.written),
                    ("llm.token_count.completion_details.reasoning", call.thought),
                ])),
            Telling(
                dialect: "OpenLLMetry", scope: "opentelemetry.instrumentation.anthropic",
                attributes: numbers([
                    ("gen_ai.usage.input_tokens", call.input), ("gen_ai.usage.output_tokens", call.output),
                    ("gen_ai.usage.total_tokens", call.total), ("gen_ai.usage.cache_read_input_tokens", call.read),
                    ("gen_ai.usage.cache_creation_input_tokens", call.written), ("gen_ai.usage.reasoning_tokens", call.thought),
                ])),
            Telling(
                dialect: "Pydantic AI", scope: "pydantic-ai",
                attributes: numbers([
                    ("gen_ai.usage.input_tokens", call.input), ("gen_ai.usage.output_tokens", call.output),
                    ("gen_ai.usage.details.cache_read_tokens", call.read), ("gen_ai.usage.details.cache_write_tokens", call.written),
                    ("gen_ai.usage.details.reasoning_tokens", call.thought),
                ])),
            // What a provider reported, passed on as it is; the total tells.
            Telling(
                dialect: "raw figures and their total",
                attributes: numbers([
                    ("gen_ai.usage.input_tokens", call.fresh), ("gen_ai.usage.output_tokens", call.shown),
                    ("gen_ai.usage.cache_read.input_tokens", call.read), ("gen_ai.usage.cache_creation.input_tokens", call.written),
                    ("gen_ai.usage.reasoning_tokens", call.thought), ("gen_ai.usage.total_tokens", call.total),
                ])),
        ]
    }

    // MARK: Langfuse and LangSmith

    private static func langfuse(_ call: Call) -> [Telling] {
        func telling(_ dialect: String, _ usage: String, _ beside: [(String, Int64)] = [], tellsThought: Bool = true) -> Telling {
            Telling(
                dialect: "Langfuse: \(dialect)", scope: "langfuse-sdk",
                attributes: [("langfuse.observation.usage_details", Build.text(usage))] + numbers(beside), tellsThought: tellsThought)
        }
        let parts = object([
            ("input", call.fresh), ("output", call.shown), ("total", call.total), ("input_cached_tokens", call.read),
            ("input_cache_creation", call.written), ("output_reasoning_tokens", call.thought),
        ])
        let inner = (
            object([("audio_tokens", 0), ("cache_write_tokens", call.written), ("cached_tokens", call.read)]),
            object([("accepted_prediction_tokens", 0), ("reasoning_tokens", call.thought)])
        )
        return [
            telling("its own members", parts),
            telling(
                "beside the same figures", parts, [("gen_ai.usage.input_tokens", call.fresh), ("gen_ai.usage.output_tokens", call.shown)]),
            telling("beside the whole", parts, [("gen_ai.usage.input_tokens", call.input), ("gen_ai.usage.output_tokens", call.output)]),
            telling(
                "LangChain on Anthropic",
                object([
                    ("input", call.fresh), ("output", call.shown), ("total", call.total), ("input_cache_read", call.read),
                    ("input_cache_creation", 0), ("input_ephemeral_5m_input_tokens", call.written / 5 * 2),
                    ("input_ephemeral_1h_input_tokens", call.written / 5 * 3), ("output_reasoning", call.thought),
                    ("input_priority", call.input),
                ])),
            telling(
                "Anthropic's figures",
                object([
                    ("input", call.fresh), ("output", call.output), ("total", call.fresh + call.output),
                    ("cache_read_input_tokens", call.read), ("cache_creation_input_tokens", call.written),
                    ("cache_creation_ephemeral_5m_input_tokens", call.written),
                ]), tellsThought: false),
            telling(
                "OpenAI's completions",
                "{\"prompt_tokens\":\(call.input),\"completion_tokens\":\(call.output),\"total_tokens\":\(call.total),"
                    + "\"prompt_tokens_details\":\(inner.0),\"completion_tokens_details\":\(inner.1)}"),
            telling(
                "OpenAI's responses",
                "{\"input_tokens\":\(call.input),\"output_tokens\":\(call.output),\"total_tokens\":\(call.total),"
                    + "\"input_tokens_details\":\(inner.0),\"output_tokens_details\":\(inner.1)}"),
            telling(
                "JavaScript 4.0",
                object([
                    ("input", call.input), ("output", call.output), ("total", call.total), ("input_cached_tokens", call.read),
                    ("input_cache_write_tokens", call.written), ("output_reasoning_tokens", call.thought),
                ])),
        ]
    }

    private static func langSmith(_ call: Call) -> [Telling] {
        let whole = numbers([
            ("gen_ai.usage.input_tokens", call.input), ("gen_ai.usage.output_tokens", call.output),
            ("gen_ai.usage.total_tokens", call.total),
        ])
        let output = ("gen_ai.usage.output_token_details", Build.text(object([("audio", 0), ("reasoning", call.thought)])))
        let input = object([("cache_creation", call.written), ("cache_read", call.read)])
        return [
            Telling(
                dialect: "LangSmith", scope: "langsmith",
                attributes: whole + [("gen_ai.usage.input_token_details", Build.text(input)), output])
        ]
    }

    // MARK: The Vercel AI SDK

    private static func vercel(_ call: Call) -> [Telling] {
        let six = numbers([
            ("ai.usage.inputTokens", call.input), ("ai.usage.outputTokens", call.output), ("ai.usage.totalTokens", call.total),
            ("ai.usage.cachedInputTokens", call.read), ("ai.usage.reasoningTokens", call.thought),
            ("ai.usage.inputTokenDetails.noCacheTokens", call.fresh), ("ai.usage.inputTokenDetails.cacheReadTokens", call.read),
            ("ai.usage.inputTokenDetails.cacheWriteTokens", call.written),
            ("ai.usage.outputTokenDetails.reasoningTokens", call.thought),
            ("gen_ai.usage.input_tokens", call.input), ("gen_ai.usage.output_tokens", call.output),
        ])
        let anthropic = [("ai.model.provider", Build.text("anthropic.messages"))]
        let bedrock = [("ai.model.provider", Build.text("amazon-bedrock"))]
        let usage = object([("cache_creation_input_tokens", call.written), ("cache_read_input_tokens", call.read)])
        let said = "{\"anthropic\":{\"cacheCreationInputTokens\":\(call.written),\"stopSequence\":null,\"usage\":\(usage)}}"
        let metadata = [("ai.response.providerMetadata", Build.text(said))]
        let ofBedrock = object([("cacheReadInputTokens", call.read), ("cacheWriteInputTokens", call.written)])
        let raw = [("gen_ai.usage.input_tokens", call.fresh), ("gen_ai.usage.output_tokens", call.output)]
        let streamed = [
            ("ai.usage.inputTokens", call.fresh), ("ai.usage.outputTokens", call.output), ("ai.usage.cachedInputTokens", call.read),
            ("ai.usage.totalTokens", call.fresh + call.output),
        ]
        let whole = [("ai.usage.promptTokens", call.fresh), ("ai.usage.completionTokens", call.output)]
        return [
            Telling(dialect: "AI SDK 6", scope: "ai", attributes: anthropic + metadata + six),
            Telling(
                dialect: "AI SDK 7", scope: "ai",
                attributes: numbers([
                    ("gen_ai.usage.input_tokens", call.input), ("gen_ai.usage.output_tokens", call.output),
                    ("gen_ai.usage.cache_read.input_tokens", call.read), ("gen_ai.usage.cache_creation.input_tokens", call.written),
                ]), tellsThought: false),
            Telling(
                dialect: "AI SDK 5, streaming Claude", scope: "ai", attributes: anthropic + metadata + numbers(raw + streamed),
                tellsThought: false),
            Telling(
                dialect: "AI SDK 5, Claude at once", scope: "ai", attributes: anthropic + metadata + numbers(raw + whole),
                tellsThought: false),
            Telling(
                dialect: "AI SDK 5, Bedrock", scope: "ai",
                attributes: bedrock + numbers(raw + streamed)
                    + [("ai.response.providerMetadata", Build.text("{\"bedrock\":{\"usage\":\(ofBedrock)}}"))],
                tellsThought: false),
        ]
    }

    // MARK: Those without a word for something

    private static func claudeCode(_ call: Call) -> Telling {
        Telling(
            dialect: "Claude Code", name: "claude_code.llm_request",
            attributes: numbers([
                ("input_tokens", call.fresh), ("cache_read_tokens", call.read), ("cache_creation_tokens", call.written),
                ("output_tokens", call.output),
            ]), tellsThought: false)
    }

    private static func bedrock(_ call: Call) -> Telling {
        Telling(
            dialect: "OpenLLMetry on Bedrock", scope: "opentelemetry.instrumentation.bedrock",
            attributes: numbers([
                ("gen_ai.usage.input_tokens", call.fresh), ("gen_ai.usage.output_tokens", call.output),
                ("gen_ai.usage.total_tokens", call.fresh + call.output), ("gen_ai.usage.cache_read_input_tokens", call.read),
                ("gen_ai.usage.cache_creation_input_tokens", call.written),
            ]), tellsThought: false)
    }

    private static func withoutWriting(_ call: Call) -> [Telling] {
        let openAI = object([("cachedPromptTokens", call.read), ("reasoningTokens", call.thought)])
        return [
            Telling(
                dialect: "AI SDK 5, OpenAI", scope: "ai",
                attributes: [("ai.model.provider", Build.text("openai.responses"))]
                    + numbers([
                        ("ai.usage.inputTokens", call.input), ("ai.usage.cachedInputTokens", call.read),
                        ("ai.usage.outputTokens", call.output), ("ai.usage.reasoningTokens", call.thought),
                        ("ai.usage.totalTokens", call.total),
                    ])),
            // Gemini's candidates and Grok's completions leave out what was thought.
            Telling(
                dialect: "AI SDK 5, Gemini", scope: "ai",
                attributes: [("ai.model.provider", Build.text("google.generative-ai"))]
                    + numbers([
                        ("ai.usage.inputTokens", call.input), ("ai.usage.cachedInputTokens", call.read),
                        ("ai.usage.outputTokens", call.shown), ("ai.usage.reasoningTokens", call.thought),
                        ("ai.usage.totalTokens", call.total),
                    ])),
            Telling(
                dialect: "AI SDK 4, OpenAI", scope: "ai",
                attributes: [
                    ("ai.model.provider", Build.text("openai.chat")),
                    ("ai.response.providerMetadata", Build.text("{\"openai\":\(openAI)}")),
                ] + numbers([("ai.usage.promptTokens", call.input), ("ai.usage.completionTokens", call.output)])),
        ]
    }

    // MARK: Edges

    private func row(_ usage: String) throws -> SpanRecord {
        let attributes = [
            ("langfuse.observation.type", Build.text("generation")), ("langfuse.observation.usage_details", Build.text(usage)),
            ("langfuse.observation.model.name", Build.text("model-a")),
        ]
        return try #require(Priced.batch(Build.request([Build.span(attributes)])).rows.first)
    }

    /// Sound and pictures are input and output, too; a total that no sum explains changes nothing.
    @Test func otherMembersCountWhereTheyBelong() throws {
        let row = try row(#"{"input":100,"input_audio_tokens":20,"output":30,"output_audio_tokens":7,"total":999,"requests":4,"cost":1.5}"#)
        #expect(row.inputTokens == 120 && row.outputTokens == 37 && row.cacheReadTokens == 0)
        #expect(try self.row(#"{"input":3}"#).inputTokens == 3)
        #expect(try self.row(#"{"prompt_tokens":8,"total_tokens":8}"#).inputTokens == 8)
    }

    @Test func countsThatNoCallHasNeverTrap() throws {
        let most = UInt64(1) << 53
        let members = (0..<4_000).map { "\"input_cache_read_\($0)\":\(most)" }.joined(separator: ",")
        let row = try row("{\"input\":\(most),\(members),\"total\":\(most)}")
        #expect(row.inputTokens == .max && row.cacheReadTokens == .max)
    }

    @Test func anEmbeddingsTotalIsItsInput() throws {
        let attributes = [
            ("ai.operationId", Build.text("ai.embed.doEmbed")), ("ai.model.id", Build.text("embedder")), ("ai.usage.tokens", Build.int(50)),
        ]
        let row = try #require(Priced.batch(Build.request([Build.span(attributes)], scope: "ai")).rows.first)
        // 50 × $0.02 a million
        #expect(row.inputTokens == 50 && row.costPicodollars == 1_000_000)
    }

    /// Every part of a cost counts: 0.001 + 0.0002 + 0.0003 + 0.001 = $0.0025.
    @Test func allPartsOfACostMakeTheWhole() throws {
        let costs = #"{"input":0.001,"input_cached_tokens":0.0002,"input_cache_creation":0.0003,"output":0.001}"#
        let attributes = [
            ("langfuse.observation.type", Build.text("generation")), ("langfuse.observation.cost_details", Build.text(costs)),
        ]
        let row = try #require(Priced.batch(Build.request([Build.span(attributes)])).rows.first)
        #expect(row.costPicodollars == 2_500_000_000 && row.flags.contains(.priced))
    }
}
