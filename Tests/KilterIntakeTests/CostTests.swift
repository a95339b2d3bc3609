import KilterIntake
import KilterVocabulary
import Testing

/// A list of a few made-up models, and what a span of one of them costs.
enum Priced {
    /// Input $2, output $10, read from the cache $0.20, written to it $2.50; thought costs what output does.
    static let rate = PriceList.Rate(input: 2_000_000, output: 10_000_000, cacheRead: 200_000, cacheWrite: 2_500_000)

    static let list = PriceList(shipped: [
        PriceList.Model(names: ["model-a"], seller: .maker(providers: ["maker"]), rows: [PriceList.Row(rate: rate)]),
        PriceList.Model(
            names: ["model-t"], seller: .maker(providers: ["maker"]),
            rows: [PriceList.Row(rate: PriceList.Rate(input: 1_000_000, output: 4_000_000, reasoning: 8_000_000))]),
        PriceList.Model(
            names: ["embedder"], seller: .maker(providers: ["maker"]),
            rows: [PriceList.Row(rate: PriceList.Rate(input: 20_000, output: 0))]),
    ])

    static func batch(_ json: String, _ list: PriceList = list) -> SpanBatch {
        var decoder = RequestDecoder(rules: IntakeRules(prices: list))
        var batch = SpanBatch()
        decoder.decode(copying: Array(json.utf8), encoding: .json, into: &batch)
        return batch
    }

    /// One span of these attributes, given as text, as an Int64 or as JSON of another value.
    static func span(_ attributes: [(String, any Sendable)], name: String = "chat m", _ list: PriceList = list) -> SpanBatch {
        batch(Build.request([Build.span(attributes.map { ($0.0, value($0.1)) }, name: name)]), list)
    }

    private static func value(_ value: any Sendable) -> String {
        switch value {
        case let number as Int: Build.int(Int64(number))
        case let number as Double: "{\"doubleValue\":\(number)}"
        case let text as String where text.hasPrefix("{"): text
        default: Build.text("\(value)")
        }
    }
}

@Suite struct CostTests {
    private func row(_ attributes: [(String, any Sendable)], name: String = "chat m") throws -> SpanRecord {
        try #require(Priced.span(attributes, name: name).rows.first)
    }

    private let chat: [(String, any Sendable)] = [("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-a")]
    private let tokens: [(String, any Sendable)] = [("gen_ai.usage.input_tokens", 1_000), ("gen_ai.usage.output_tokens", 100)]

    /// 10,000 tokens in, of them 6,000 from the cache and 1,500 into it; 800 out, of them 300 thought.
    ///
    ///     uncached  2,500 × 2,000,000  =  5,000,000,000
    ///     read      6,000 ×   200,000  =  1,200,000,000
    ///     written   1,500 × 2,500,000  =  3,750,000,000
    ///     output      800 × 10,000,000 =  8,000,000,000   (500 shown and 300 thought, at one price)
    ///                                    17,950,000,000 picodollars = 17,950 microdollars
    @Test(
        arguments: [
            // OpenTelemetry: input with the cache, output with what was thought.
            [
                ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-a"), ("gen_ai.usage.input_tokens", 10_000),
                ("gen_ai.usage.cache_read.input_tokens", 6_000), ("gen_ai.usage.cache_write.input_tokens", 1_500),
                ("gen_ai.usage.output_tokens", 800), ("gen_ai.usage.reasoning.output_tokens", 300),
            ],
            // OpenInference: the same meaning under other names.
            [
                ("openinference.span.kind", "LLM"), ("llm.model_name", "model-a"), ("llm.token_count.prompt", 10_000),
                ("llm.token_count.prompt_details.cache_read", 6_000), ("llm.token_count.prompt_details.cache_write", 1_500),
                ("llm.token_count.completion", 800), ("llm.token_count.completion_details.reasoning", 300),
            ],
            // OpenLLMetry.
            [
                ("llm.request.type", "chat"), ("gen_ai.request.model", "model-a"), ("llm.usage.prompt_tokens", 10_000),
                ("gen_ai.usage.cache_read_input_tokens", 6_000), ("gen_ai.usage.cache_creation_input_tokens", 1_500),
                ("llm.usage.completion_tokens", 800), ("llm.usage.reasoning_tokens", 300),
            ],
            // The raw figures of a provider: input without what came from and went into the cache.
            [
                ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-a"), ("gen_ai.usage.input_tokens", 2_500),
                ("gen_ai.usage.cache_read.input_tokens", 6_000), ("gen_ai.usage.cache_creation.input_tokens", 1_500),
                ("gen_ai.usage.output_tokens", 800), ("gen_ai.usage.reasoning_tokens", 300),
            ],
        ] as [[(String, any Sendable)]])
    func everyDialectCostsTheSame(attributes: [(String, any Sendable)]) throws {
        let row = try row(attributes)
        #expect(row.inputTokens == 10_000 && row.cacheReadTokens == 6_000 && row.cacheWriteTokens == 1_500)
        #expect(row.outputTokens == 800 && row.reasoningTokens == 300)
        #expect(row.costPicodollars == 17_950_000_000)
        #expect(row.flags.contains(.priced) && row.flags.isDisjoint(with: [.unpriced, .absurdCost]))
    }

    /// Output that excludes what was thought: 100 shown, 300 thought.
    /// 1,000 × 1,000,000 + 100 × 4,000,000 + 300 × 8,000,000 = 3,800,000,000.
    @Test func moreThoughtThanPutOutIsAdded() throws {
        let row = try row([
            ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-t"), ("gen_ai.usage.input_tokens", 1_000),
            ("gen_ai.usage.output_tokens", 100), ("gen_ai.usage.reasoning.output_tokens", 300),
        ])
        #expect(row.outputTokens == 400 && row.reasoningTokens == 300)
        #expect(row.costPicodollars == 3_800_000_000)
    }

    /// 1,000 × 2,000,000 + 100 × 10,000,000 = 3,000,000,000 picodollars, which is $0.003.
    @Test func theListPricesCallsOfModelsAndNothingElse() throws {
        #expect(try row(chat + tokens).costPicodollars == 3_000_000_000)
        let embedding: [(String, any Sendable)] = [
            ("gen_ai.operation.name", "embeddings"), ("gen_ai.request.model", "embedder"), ("gen_ai.usage.input_tokens", 50),
        ]
        #expect(try row(embedding).costPicodollars == 1_000_000)
        for operation in ["invoke_agent", "invoke_workflow", "execute_tool", "plan", "retrieval"] {
            let row = try row(
                [("gen_ai.operation.name", operation), ("gen_ai.request.model", "model-a"), ("gen_ai.usage.cost", 1.5)] + tokens)
            #expect(row.costPicodollars == 0 && row.flags.isDisjoint(with: [.priced, .unpriced]), "\(operation)")
        }
    }

    @Test func theAnsweringModelIsPricedBeforeTheOneAskedFor() throws {
        let both: [(String, any Sendable)] = [("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-t")] + tokens
        #expect(try row(both + [("gen_ai.response.model", "model-a-2026-01-31")]).costPicodollars == 3_000_000_000)
        #expect(try row(both + [("gen_ai.response.model", "somebody-elses")]).costPicodollars == 1_400_000_000)
    }

    @Test func tokensWithoutAPriceAreFlaggedAndNoted() throws {
        let batch = Priced.span([("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-b")] + tokens)
        #expect(batch.rows[0].flags.contains(.unpriced) && batch.rows[0].costPicodollars == 0)
        #expect(!batch.rows[0].flags.contains(.priced))
        #expect(batch.notes[Int(Note.unpricedTokens.rawValue)] == 1)
        // No tokens, no complaint; nor without a list.
        #expect(
            try row([("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-b")]).flags.isDisjoint(with: [.priced, .unpriced]))
        let none = Priced.span(chat + tokens, PriceList())
        #expect(none.rows[0].flags.isDisjoint(with: [.priced, .unpriced]) && none.rows[0].costPicodollars == 0)
    }

    // MARK: The producer's own

    @Test(
        arguments: [
            ([("kilter.cost_microdollars", 4_000), ("llm.cost.total", 0.002)], 4_000_000_000),
            ([("kilter.cost_microdollars", 2_500.5)], 2_500_500_000),
            ([("gen_ai.usage.total_cost", 0.002), ("llm.cost.total", 0.0025)], 2_500_000_000),
            ([("gen_ai.usage.cost", "0.0031")], 3_100_000_000),
            ([("gen_ai.usage.cost", ""), ("gen_ai.usage.total_cost", 0.002)], 2_000_000_000),
            ([("llm.cost.prompt", 0.0015), ("llm.cost.completion", 0.001)], 2_500_000_000),
            // One part is not the whole: the list is used.
            ([("llm.cost.prompt", 0.0015)], 3_000_000_000),
            ([("gen_ai.usage.cost", "free")], 3_000_000_000),
        ] as [([(String, any Sendable)], UInt64)])
    func theProducersCostWins(attributes: [(String, any Sendable)], picodollars: UInt64) throws {
        let row = try row(chat + tokens + attributes)
        #expect(row.costPicodollars == picodollars)
        #expect(row.flags.contains(.priced) && !row.flags.contains(.absurdCost))
    }

    /// Claude Code: names without a prefix, input without the cache. 2 × 2,000,000 + 84,562 × 200,000 + 7,096 × 2,500,000
    /// + 400 × 10,000,000 = 4,000,000 + 16,912,400,000 + 17,740,000,000 + 4,000,000,000 = 38,656,400,000 picodollars.
    @Test func claudeCodesInputExcludesTheCache() throws {
        let span: [(String, any Sendable)] = [
            ("model", "model-a"), ("input_tokens", 2), ("cache_read_tokens", 84_562), ("cache_creation_tokens", 7_096),
            ("output_tokens", 400),
        ]
        let row = try row(span, name: "claude_code.llm_request")
        #expect(row.inputTokens == 91_660 && row.costPicodollars == 38_656_400_000)
        #expect(try self.row(span + [("cost_usd", 0.04)], name: "claude_code.llm_request").costPicodollars == 40_000_000_000)
        // Even where there is more input than cache: 1,000 + 10 read, of which only the ten are cheap.
        let mostly: [(String, any Sendable)] = [("model", "model-a"), ("input_tokens", 1_000), ("cache_read_tokens", 10)]
        let first = try self.row(mostly, name: "claude_code.llm_request")
        #expect(first.inputTokens == 1_010 && first.costPicodollars == 2_002_000_000)
    }

    /// Two dialects that both give parts are not added up.
    @Test(
        arguments: [
            ([("langfuse.observation.cost_details", #"{"total":0.0021}"#.quotedForJSON)], 2_100_000_000),
            ([("langfuse.observation.cost_details", #"{"input":0.0011,"output":0.001}"#.quotedForJSON)], 2_100_000_000),
            (
                [
                    ("llm.cost.prompt", 0.0015), ("llm.cost.completion", 0.001),
                    ("langfuse.observation.cost_details", #"{"input":0.0011,"output":0.001}"#.quotedForJSON),
                ], 2_500_000_000
            ),
            (
                [("llm.cost.prompt", 0.0015), ("langfuse.observation.cost_details", #"{"input":0.0011,"output":0.001}"#.quotedForJSON)],
                2_100_000_000
            ),
        ] as [([(String, any Sendable)], UInt64)])
    func partsOfOneDialectMakeTheWhole(attributes: [(String, any Sendable)], picodollars: UInt64) throws {
        #expect(try row(chat + tokens + attributes).costPicodollars == picodollars)
    }

    @Test func aCostWithoutAPriceToCompareWithIsTaken() throws {
        let row = try row([("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-b"), ("gen_ai.usage.cost", 12.5)] + tokens)
        #expect(row.costPicodollars == 12_500_000_000_000 && row.flags.contains(.priced) && !row.flags.contains(.unpriced))
        let bare = try self.row(chat + [("gen_ai.usage.cost", 9_999.0)])
        #expect(bare.costPicodollars == 9_999_000_000_000_000 && bare.flags.contains(.priced))
        let alone = Priced.span(chat + tokens + [("gen_ai.usage.cost", 0.5)], PriceList()).rows[0]
        #expect(alone.costPicodollars == 500_000_000_000 && alone.flags.contains(.priced))
    }

    /// The tokens cost $0.003: a thousand times that is $3, a thousandth $0.000003.
    @Test(
        arguments: [
            -0.01, 10_000.01, 1e300, 3.01, 0.000_002, 0.0, "{\"doubleValue\":\"NaN\"}", "{\"doubleValue\":\"Infinity\"}", -1,
            "{\"doubleValue\":\"-Infinity\"}", Int.max, "-4",
        ] as [any Sendable])
    func anAbsurdCostIsDroppedForTheLists(cost: any Sendable) throws {
        let batch = Priced.span(chat + tokens + [("gen_ai.usage.cost", cost)])
        #expect(batch.rows[0].costPicodollars == 3_000_000_000, "\(cost)")
        #expect(batch.rows[0].flags.isSuperset(of: [.absurdCost, .priced]))
        #expect(batch.notes[Int(Note.absurdCost.rawValue)] == 1)
    }

    @Test(arguments: [3.0, 0.000_003, 0.003] as [Double]) func aCostAtTheEdgeIsNot(cost: Double) throws {
        let row = try row(chat + tokens + [("gen_ai.usage.cost", cost)])
        #expect(row.flags.contains(.priced) && !row.flags.contains(.absurdCost), "\(cost)")
    }

    @Test func anAbsurdCostOfAnUnknownModelLeavesItUnpriced() throws {
        let row = try row([("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "model-b"), ("gen_ai.usage.cost", -1.0)] + tokens)
        #expect(row.costPicodollars == 0 && row.flags.isSuperset(of: [.absurdCost, .unpriced]) && !row.flags.contains(.priced))
    }

    // MARK: Arithmetic

    @Test func costsSaturateAndNeverTrap() {
        let most = PriceList.Rate(input: .max, output: .max)
        func cost(_ rate: PriceList.Rate, _ input: UInt64, _ read: UInt64, _ output: UInt64, _ reasoning: UInt64) -> UInt64? {
            rate.cost(
                inputTokens: input, cacheReadTokens: read, cacheWriteTokens: 0, outputTokens: output, reasoningTokens: reasoning)
        }
        #expect(cost(most, .max, .max, .max, .max) == .max)
        #expect(cost(most, 1, 0, 1, 0) == .max)
        #expect(cost(most, 0, 0, 0, 0) == 0)
        // Four thousand million tokens, which is all a row can hold, at a hundred dollars a million: $429,496.7295.
        let dear = PriceList.Rate(input: 100_000_000, output: 100_000_000)
        #expect(cost(dear, UInt64(UInt32.max), 0, 0, 0) == 429_496_729_500_000_000)
        // More read from the cache than was sent: nothing is negative.
        #expect(cost(dear, 10, 20, 5, 9) == 20 * 100_000_000 + 9 * 100_000_000)
        // What nobody says the price of has none.
        #expect(cost(PriceList.Rate(input: 5), 10, 0, 1, 0) == nil)
        #expect(cost(PriceList.Rate(input: 5), 10, 0, 0, 0) == 50)
    }

    /// Names by the thousand: what is remembered stays bounded, and what is found stays right.
    @Test func inventedNamesChangeNothing() {
        var decoder = RequestDecoder(rules: IntakeRules(prices: Priced.list))
        var batch = SpanBatch()
        for number in 0..<3_000 {
            let name = number % 3 == 0 ? "model-a" : "invented-\(number)"
            let span = Build.span([
                ("gen_ai.operation.name", Build.text("chat")), ("gen_ai.request.model", Build.text(name)),
                ("gen_ai.usage.input_tokens", Build.int(1)),
            ])
            decoder.decode(copying: Array(Build.request([span]).utf8), encoding: .json, into: &batch)
        }
        #expect(batch.rows.count == 3_000)
        for (number, row) in batch.rows.enumerated() {
            #expect(row.costPicodollars == (number % 3 == 0 ? 2_000_000 : 0))
        }
        #expect(batch.notes[Int(Note.unpricedTokens.rawValue)] == 2_000)
    }
}

extension String {
    /// An AnyValue of this text.
    fileprivate var quotedForJSON: String { Build.text(self) }
}
