import KilterEngine
import KilterIntake
import KilterModels
import KilterVocabulary
import Testing

/// The prices that ship: that they are well formed, and that they are the ones meant.
@Suite struct PriceSheetTests {
    private static func sheets() throws -> [(path: String, sheet: PriceSheet)] {
        try Models.bundled.priceFiles.map { ($0.path, try PriceSheet.parse($0.text, file: $0.path)) }
    }

    private static let list = Result { try configuration("").priceList }

    // MARK: By hand

    /// One call: what it is called, where it is bought, what it sends and gets, and what that comes to in picodollars.
    struct Call: Sendable {
        var model: String
        var provider: String
        var input: UInt64
        var read: UInt64 = 0
        var written: UInt64 = 0
        var output: UInt64
        var reasoning: UInt64 = 0
        var day = "2026-11-01"
        var picodollars: UInt64
    }

    /// Every figure is tokens × dollars a million; a token at one dollar a million is 1,000,000 picodollars.
    @Test(arguments: [
        // 1,000 × 2.50 + 500 × 10.00 = 2,500 + 5,000 = 7,500 microdollars
        Call(model: "gpt-4o", provider: "openai", input: 1_000, output: 500, picodollars: 7_500_000_000),
        // 1,000 × 5.00 + 500 × 15.00 = 5,000 + 7,500 = 12,500
        Call(model: "gpt-4o-2024-05-13", provider: "openai", input: 1_000, output: 500, picodollars: 12_500_000_000),
        // 3,000 × 0.15 + 7,000 × 0.075 + 200 × 0.60 = 450 + 525 + 120 = 1,095
        Call(model: "gpt-4o-mini-2024-07-18", provider: "openai", input: 10_000, read: 7_000, output: 200, picodollars: 1_095_000_000),
        // 4,000 × 0.25 + 6,000 × 0.025 + 1,500 × 2.00 = 1,000 + 150 + 3,000 = 4,150
        Call(
            model: "gpt-5-mini-2025-08-07", provider: "openai", input: 10_000, read: 6_000, output: 1_500, reasoning: 1_200,
            picodollars: 4_150_000_000),
        // 100 × 1.25 + 10 × 10.00 = 125 + 100 = 225
        Call(model: "gpt-5", provider: "azure.ai.openai", input: 100, output: 10, picodollars: 225_000_000),
        // 200,000 × 0.20 + 1,000 × 1.20 = 40,000 + 1,200 = 41,200
        Call(model: "gpt-5.6-luna", provider: "openai", input: 200_000, output: 1_000, picodollars: 41_200_000_000),
        // the same before the cut: 200,000 × 1.00 + 1,000 × 6.00 = 206,000
        Call(
            model: "gpt-5.6-luna", provider: "openai", input: 200_000, output: 1_000, day: "2026-07-29", picodollars: 206_000_000_000),
        // above 272,000: 300,000 × 10.00 + 1,000 × 45.00 = 3,000,000 + 45,000 = 3,045,000
        Call(model: "gpt-5.5", provider: "openai", input: 300_000, output: 1_000, picodollars: 3_045_000_000_000),
        // 8,000 × 0.02 = 160
        Call(model: "text-embedding-3-small", provider: "openai", input: 8_000, output: 0, picodollars: 160_000_000),
        // 2 × 3.00 + 84,562 × 0.30 + 7,096 × 3.75 + 400 × 15.00 = 6 + 25,368.6 + 26,610 + 6,000 = 57,984.6
        Call(
            model: "claude-sonnet-4-6", provider: "anthropic", input: 91_660, read: 84_562, written: 7_096, output: 400,
            picodollars: 57_984_600_000),
        // 1,000 × 2.00 + 9,000 × 0.20 + 600 × 10.00 = 2,000 + 1,800 + 6,000 = 9,800
        Call(model: "claude-sonnet-5", provider: "anthropic", input: 10_000, read: 9_000, output: 600, picodollars: 9_800_000_000),
        // the cache of Sonnet 5.5: 9,000 × 0.10 = 900 instead of 1,800, so 8,900
        Call(model: "claude-sonnet-5-5", provider: "anthropic", input: 10_000, read: 9_000, output: 600, picodollars: 8_900_000_000),
        // 1,000 × 0.25 + 1,000 × 1.25 = 1,500
        Call(model: "claude-3-haiku-20240307", provider: "anthropic", input: 1_000, output: 1_000, picodollars: 1_500_000_000),
        // one geography of Bedrock: 1,000 × 3.30 + 100 × 16.50 = 3,300 + 1,650 = 4,950
        Call(
            model: "us.anthropic.claude-sonnet-4-5-20250929-v1:0", provider: "aws.bedrock", input: 1_000, output: 100,
            picodollars: 4_950_000_000),
        // 1,000 × 0.80 + 100 × 3.20 = 800 + 320 = 1,120
        Call(model: "us.amazon.nova-pro-v1:0", provider: "aws.bedrock", input: 1_000, output: 100, picodollars: 1_120_000_000),
        // 100,000 × 1.25 + 2,000 × 10.00 = 125,000 + 20,000 = 145,000
        Call(model: "models/gemini-2.5-pro", provider: "gcp.gemini", input: 100_000, output: 2_000, picodollars: 145_000_000_000),
        // above 200,000: 250,000 × 2.50 + 2,000 × 15.00 = 625,000 + 30,000 = 655,000
        Call(model: "gemini-2.5-pro", provider: "gcp.vertex_ai", input: 250_000, output: 2_000, picodollars: 655_000_000_000),
        // 1,000 × 2.00 + 4,000 × 0.20 + 300 × 12.00 = 2,000 + 800 + 3,600 = 6,400
        Call(model: "gemini-3-pro-preview", provider: "gcp.gemini", input: 5_000, read: 4_000, output: 300, picodollars: 6_400_000_000),
        // 10,000 × 0.075 + 1,000 × 0.30 = 750 + 300 = 1,050
        Call(model: "gemini-1.5-flash-002", provider: "", input: 10_000, output: 1_000, picodollars: 1_050_000_000),
        // 1,000 × 2.00 + 1,000 × 6.00 = 8,000
        Call(model: "mistral-large-2411", provider: "mistral_ai", input: 1_000, output: 1_000, picodollars: 8_000_000_000),
        // 1,000 × 0.28 + 9,000 × 0.028 + 500 × 0.42 = 280 + 252 + 210 = 742
        Call(
            model: "deepseek-chat", provider: "deepseek", input: 10_000, read: 9_000, output: 500, day: "2026-01-15",
            picodollars: 742_000_000),
        // a year before: 1,000 × 0.27 + 9,000 × 0.07 + 500 × 1.10 = 270 + 630 + 550 = 1,450
        Call(
            model: "deepseek-chat", provider: "deepseek", input: 10_000, read: 9_000, output: 500, day: "2025-03-01",
            picodollars: 1_450_000_000),
        // 10,000 × 0.20 + 2,000 × 1.50 = 2,000 + 3,000 = 5,000
        Call(model: "grok-code-fast-1-0825", provider: "x_ai", input: 10_000, output: 2_000, picodollars: 5_000_000_000),
        // 1,000 × 0.15 + 1,000 × 0.60 = 750
        Call(model: "command-r-08-2024", provider: "cohere", input: 1_000, output: 1_000, picodollars: 750_000_000),
        // 1,000 × 0.59 + 1,000 × 0.79 = 1,380
        Call(model: "llama-3.3-70b-versatile", provider: "groq", input: 1_000, output: 1_000, picodollars: 1_380_000_000),
        // thinking apart: 1,000 × 0.40 + 100 × 1.20 + 900 × 4.00 = 400 + 120 + 3,600 = 4,120
        Call(
            model: "qwen-plus-2025-07-14", provider: "dashscope", input: 1_000, output: 1_000, reasoning: 900, picodollars: 4_120_000_000),
    ])
    func asReckonedByHand(call: Call) throws {
        let list = try Self.list.get()
        let day = try #require(try configuration("prices: [{model: m, from: \(call.day), input: $1}]").prices.first?.from)
        let quote = list.quote(model: call.model, provider: call.provider)
        let rate = try #require(list.rate(quote, at: day, inputTokens: call.input), "\(call.model)")
        let cost = rate.cost(
            inputTokens: call.input, cacheReadTokens: call.read, cacheWriteTokens: call.written, outputTokens: call.output,
            reasoningTokens: call.reasoning)
        #expect(cost == call.picodollars, "\(call.model)")
    }

    /// The models of recorded agents, as their recordings name them.
    @Test(arguments: [
        "claude-3-5-sonnet-20240620", "claude-3-5-sonnet-20241022", "claude-3-haiku-20240307", "claude-3-opus-20240229",
        "claude-3-sonnet-20240229", "claude-sonnet-5", "command-r", "command-r-plus", "gemini-1.5-flash-001", "gemini-1.5-flash-002",
        "gemini-1.5-pro-002", "gemini-3-pro-preview", "gpt-4-0125-preview", "gpt-4o", "gpt-4o-2024-05-13",
        "gpt-4o-mini-2024-07-18", "gpt-5", "gpt-5-mini", "gpt-5-mini-2025-08-07",
    ])
    func modelsOfRecordingsHaveAPrice(model: String) throws {
        #expect(try !Self.list.get().quote(model: model, provider: "").isEmpty)
    }

    /// Names that are no models, or whose price nobody publishes.
    @Test(arguments: [
        "prod-model", "unknown", "unstated", "llama_3", "gemini_pro", "gpt-4o-2024-05-13-tool_filter", "meta-llama_Llama-3-70b-chat-hf",
    ])
    func whatIsNoModelHasNone(model: String) throws {
        #expect(try Self.list.get().quote(model: model, provider: "").isEmpty)
    }

    /// Names as instrumentations, clouds and routers write them, and dollars a million tokens of input; nil is honestly unpriced.
    @Test(
        arguments: [
            ("us.anthropic.claude-opus-4-8", "aws.bedrock", 5.50), ("eu.anthropic.claude-sonnet-5", "aws.bedrock", 2.20),
            ("jp.anthropic.claude-sonnet-5-5", "aws.bedrock", 2.20), ("au.anthropic.claude-haiku-5-5-v1:0", "", 0.11),
            ("apac.anthropic.claude-opus-5-5", "", 4.40), ("bedrock/us.anthropic.claude-fable-5-1", "", 11.0),
            ("us.anthropic.claude-mythos-5-1", "", 11.0), ("us.anthropic.claude-opus-4-6-v1", "aws.bedrock", 5.50),
            ("global.anthropic.claude-opus-5-5", "aws.bedrock", 4.0), ("anthropic.claude-opus-4-6-v1", "aws.bedrock", 5.0),
            ("us.anthropic.claude-3-5-sonnet-20241022-v2:0", "aws.bedrock", 3.0), ("us.amazon.nova-2-lite-v1:0", "", 0.30),
            ("claude-opus-4-5@20251101", "gcp.vertex_ai", 5.0), ("vertex_ai/claude-3-5-sonnet-v2@20241022", "", 3.0),
            ("claude-3-7-sonnet-latest", "anthropic", 3.0), ("anthropic/claude-opus-4.5", "", 5.0), ("openai/o4-mini-2025-04-16", "", 1.10),
            ("gpt-3.5-turbo-0301", "openai", 1.50), ("gpt-35-turbo-0301", "azure.ai.openai", 1.50), ("azure/gpt-35-turbo-1106", "", 1.0),
            ("gpt-35-turbo-0613", "azure.ai.openai", 1.50), ("gpt-3.5-turbo-0125", "openai", 0.50),
            ("gpt-35-turbo", "azure.ai.openai", 0.50),
            ("chatgpt-4o-latest", "openai", 5.0), ("openai/chatgpt-4o-latest", "", 5.0), ("gpt-4-32k-0613", "openai", 60.0),
            ("gpt-4-vision-preview", "openai", 10.0), ("o1-preview-2024-09-12", "openai", 15.0), ("codex-mini-latest", "openai", 1.50),
            ("gpt-5.1-chat-latest", "openai", 1.25), ("models/gemini-2.5-flash-preview-09-2025", "gcp.gemini", 0.30),
            ("google/gemini-3-pro-preview", "", 2.0), ("gemini-2.0-flash-001", "gcp.vertex_ai", 0.10),
            // What moves on without notice, was free, is charged by the call too, or only its owner knows.
            ("gemini-flash-latest", "gcp.gemini", nil), ("gemini-2.0-flash-exp", "gcp.gemini", nil),
            ("gpt-4o-search-preview", "openai", nil),
            ("gpt-4o-audio-preview", "openai", nil), ("prod-gpt4o-weu", "azure.ai.openai", nil), ("deepseek/deepseek-chat:free", "", nil),
            ("ft:gpt-4o-mini-2024-07-18:acme::9a", "openai", nil), ("anthropic.claude-v2", "aws.bedrock", nil),
        ] as [(String, String, Double?)])
    func namesOfTheWild(model: String, provider: String, dollars: Double?) throws {
        let list = try Self.list.get()
        let day = try #require(try configuration("prices: [{model: m, from: 2026-11-01, input: $1}]").prices.first?.from)
        let rate = list.rate(list.quote(model: model, provider: provider), at: day, inputTokens: 1)
        #expect(rate?.input == dollars.map { UInt64(($0 * 1_000_000).rounded()) }, "\(model)")
    }

    // MARK: Form

    @Test func thereAreManyModelsOfManySellers() throws {
        let sheets = try Self.sheets()
        #expect(sheets.count >= 10)
        #expect(Set(sheets.flatMap { $0.sheet.rows.map(\.model) }).count >= 150)
    }

    @Test func everyRowSaysWhereItComesFromAndWhen() throws {
        let today = try #require(try configuration("prices: [{model: m, from: 2027-01-01, input: $1}]").prices.first?.from)
        for (path, sheet) in try Self.sheets() {
            for row in sheet.rows {
                #expect(row.source.hasPrefix("https://"), "\(path):\(row.line)")
                #expect(row.asOf > .zero && row.asOf < today, "\(path):\(row.line)")
            }
        }
    }

    /// No price is nothing but the output of an embedder; no token costs more than 600 dollars a million; what is read
    /// from a cache is never dearer than what is sent, what is written to it never cheaper, and thinking never cheaper
    /// than showing. What is above a threshold is never cheaper than below.
    @Test func pricesStandInTheRelationsThatTheyMust() throws {
        for (path, sheet) in try Self.sheets() {
            for row in sheet.rows {
                let place = "\(path):\(row.line) \(row.model)"
                let input = try #require(row.row.rate.input), output = try #require(row.row.rate.output)
                #expect(input > 0 && input <= 600_000_000, "\(place)")
                #expect(output <= 600_000_000, "\(place)")
                #expect(output > 0 || row.model.contains("embed"), "\(place)")
                #expect(output == 0 || output >= input, "\(place)")
                #expect((row.row.rate.cacheRead ?? 1) > 0 && row.row.rate.cacheRead ?? 0 <= input, "\(place)")
                #expect(row.row.rate.cacheWrite ?? input >= input, "\(place)")
                #expect(row.row.rate.reasoning ?? output >= output, "\(place)")
            }
            for model in sheet.models {
                for (lower, upper) in zip(model.rows, model.rows.dropFirst()) where lower.from == upper.from {
                    let below = lower.rate.input ?? 0, above = upper.rate.input ?? 0
                    #expect(lower.aboveTokens < upper.aboveTokens && below <= above, "\(path) \(model.names)")
                    #expect(lower.rate.output ?? 0 <= upper.rate.output ?? 0, "\(path) \(model.names)")
                }
            }
        }
    }

    /// At one provider a name means one model, which has one price from one day on.
    @Test func noTwoRowsClaimTheSame() throws {
        var claims: Set<String> = []
        for (path, sheet) in try Self.sheets() {
            for model in sheet.models {
                for (name, provider) in model.names.flatMap({ name in model.seller.providers.map { (name, $0) } }) {
                    for row in model.rows {
                        let claim = "\(name.lowercased()) at \(provider) from \(row.from.nanoseconds) above \(row.aboveTokens)"
                        #expect(claims.insert(claim).inserted, "\(path) \(claim)")
                    }
                }
            }
        }
    }

    // MARK: Errors

    private static func sheet(_ rows: String, role: String = "maker", source: String = "https://p.example") -> String {
        "role: \(role)\nproviders: [p]\nsource: \(source)\nas_of: 2026-11-21\nprices:\n\(rows)"
    }

    @Test func aSheetIsReadAsWritten() throws {
        let text = Self.sheet(
            """
              - {model: m, aliases: [n], input: 1250000, cache_read: 125000, output: 10000000}
              - {model: m, from: 2026-07-30, above: 200k tokens, input: 2, output: 3, reasoning: 4, source: "https://q.example"}
              - {model: m, from: 2026-07-30, input: 1, output: 2, cache_write: 3, as_of: 2026-08-01}
            """)
        let sheet = try PriceSheet.parse(text, file: "p.yaml")
        #expect(sheet.seller == .maker(providers: ["p"]) && sheet.rows.map(\.line) == [6, 7, 8])
        #expect(sheet.rows[0].row.rate == PriceList.Rate(input: 1_250_000, output: 10_000_000, cacheRead: 125_000))
        #expect(sheet.rows[1].row.aboveTokens == 200_000 && sheet.rows[1].source == "https://q.example")
        // 2026-07-30T00:00:00Z and 2026-08-01.
        #expect(sheet.rows[1].row.from == EventTime(nanoseconds: 1_785_369_600_000_000_000))
        #expect(sheet.rows[2].asOf == EventTime(nanoseconds: 1_785_542_400_000_000_000))
        #expect(sheet.models.map(\.names) == [["m", "n"]])
        #expect(sheet.models[0].rows.map(\.aboveTokens) == [0, 0, 200_000])
    }

    @Test(arguments: [
        ("", "1:1: an empty list of prices"),
        ("[]", "1:1: expected a mapping with `role`, `providers`, `source`, `as_of`, `prices`, found a list"),
        (sheet("  []"), "6:3: prices: expected at least one price"),
        (
            sheet("  - {model: m, input: 1, output: 2}", role: "shop"),
            "1:7: role: `shop` is none of `maker`, `host`; the nearest valid name is `host`"
        ),
        (
            sheet("  - {model: m, input: 1, output: 2}", source: "p.example"),
            "3:9: source: `p.example` is no address; expected one with `https://`"
        ),
        (sheet("  - {model: m, input: 1}"), "6:5: prices[0]: `output` is missing"),
        (sheet("  - {input: 1, output: 1}"), "6:5: prices[0]: `model` is missing"),
        (
            sheet("  - {model: m, input: 0.15, output: 1}"),
            "6:23: prices[0].input: `0.15` is no amount; expected whole microdollars per million tokens, such as 1250000 for $1.25"
        ),
        (
            sheet("  - {model: m, input: 99999999999999999999, output: 1}"),
            "6:23: prices[0].input: `99999999999999999999` is no amount; expected whole microdollars per million tokens, such as "
                + "1250000 for $1.25"
        ),
        (sheet("  - {model: m, inptu: 1, output: 1}"), "6:16: prices[0]: unknown key `inptu`; did you mean `input`?"),
        (
            sheet("  - {model: m, from: 2026-02-30, input: 1, output: 1}"),
            "6:22: prices[0].from: `2026-02-30` is no day; expected one such as `2026-11-21`, or a time of RFC 3339"
        ),
        (
            sheet("  - {model: m, above: 200k, input: 1, output: 1}"),
            "6:23: prices[0].above: `200k` is no number of tokens; expected one such as `200k tokens` (k, M, G)"
        ),
        (
            sheet("  - {model: m, input: 1, output: 1}\n  - {model: m, input: 2, output: 2}"),
            "7:5: prices[1]: `m` has a price from then on already"
        ),
        (
            sheet("  - {model: m, input: 1, output: 1}\n  - {model: n, aliases: [M], input: 2, output: 2}"),
            "7:5: prices[1]: `M` names `m` already"
        ),
        (sheet("  - {model: m, above: 5 tokens, input: 1, output: 1}"), "6:1: `m` has a price above 5 tokens and none below"),
    ])
    func whatIsWrongIsSaidWithItsPlace(text: String, message: String) {
        do {
            _ = try PriceSheet.parse(text, file: "p.yaml")
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.description == "p.yaml:\(message)")
        }
    }
}
