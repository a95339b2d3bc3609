import KilterIntake
import KilterVocabulary
import Testing

/// Which price a name and an instant get.
@Suite struct PriceListTests {
    private static func model(_ names: [String], _ seller: PriceList.Seller, _ input: UInt64) -> PriceList.Model {
        PriceList.Model(names: names, seller: seller, rows: [PriceList.Row(rate: PriceList.Rate(input: input, output: 0))])
    }

    private static let list = PriceList(shipped: [
        model(["gpt-5"], .maker(providers: ["openai", "azure.ai.openai"]), 1), model(["gpt-5-mini"], .maker(providers: ["openai"]), 2),
        model(["gpt-4o"], .maker(providers: ["openai"]), 3), model(["gpt-4o-2024-05-13"], .maker(providers: ["openai"]), 4),
        model(["claude-sonnet-4-5", "claude-sonnet-4.5"], .maker(providers: ["anthropic", "aws.bedrock", "gcp.vertex_ai"]), 5),
        model(["us.anthropic.claude-sonnet-4-5"], .host(providers: ["aws.bedrock"]), 6),
        model(["gemini-2.5-pro"], .maker(providers: ["gcp.gemini", "gcp.vertex_ai", "gcp.gen_ai"]), 7),
        model(["amazon.nova-pro"], .host(providers: ["aws.bedrock"]), 8),
        model(["llama-3.3-70b-versatile"], .host(providers: ["groq"]), 9),
        model(["openai/gpt-oss-120b"], .host(providers: ["groq"]), 10),
        model(["command-r"], .maker(providers: ["cohere"]), 11), model(["command-r-plus"], .maker(providers: ["cohere"]), 12),
        model(["deepseek-chat"], .maker(providers: ["deepseek"]), 13),
        model(["mixed"], .maker(providers: ["maker"]), 14), model(["mixed"], .host(providers: ["host"]), 15),
        model(["o1"], .maker(providers: ["openai"]), 16),
    ])

    private func input(_ name: String, _ provider: String = "", _ list: PriceList = list) -> UInt64? {
        list.rate(list.quote(model: name, provider: provider), at: .zero, inputTokens: 1)?.input
    }

    @Test(
        arguments: [
            ("gpt-5", "", 1), ("GPT-5", "openai", 1), ("gpt-5-2026-05-14", "openai", 1), ("gpt-5-preview", "", 1), ("gpt-5-latest", "", 1),
            ("gpt-5-mini", "openai", 2), ("gpt-5-mini-2025-08-07", "openai", 2), ("openai/gpt-5-mini", "", 2),
            ("openrouter/openai/gpt-5-mini", "", 2), ("litellm_proxy/gpt-5", "openai", 1), ("azure/gpt-5", "", 1),
            ("gpt-5", "azure.ai.openai", 1), ("gpt-5", "somebody", 1),
            ("gpt-4o-2024-05-13", "", 4), ("gpt-4o-2024-08-06", "", 3), ("gpt-4o-0513", "", 3),
            ("claude-sonnet-4-5", "anthropic", 5), ("claude-sonnet-4-5-20250929", "", 5),
            ("claude-sonnet-4-5@20250929", "gcp.vertex_ai", 5),
            ("claude-sonnet-4.5", "", 5), ("anthropic/claude-sonnet-4.5", "", 5), ("claude-sonnet-4-5[1m]", "anthropic", 5),
            ("anthropic.claude-sonnet-4-5-20250929-v1:0", "aws.bedrock", 5), ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "", 5),
            ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "", 6), ("bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "", 6),
            ("eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws.bedrock", 5),
            ("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0", "", 6),
            ("models/gemini-2.5-pro", "gcp.gemini", 7), ("gemini/gemini-2.5-pro-preview-05-06", "", 7), ("gemini-2.5-pro-001", "", 7),
            ("publishers/google/models/gemini-2.5-pro", "", 7), ("vertex_ai/gemini-2.5-pro@default", "", 7),
            ("projects/p/locations/l/publishers/anthropic/models/claude-sonnet-4-5@20250929", "", 5),
            ("amazon.nova-pro-v1:0", "", 8), ("us.amazon.nova-pro-v1:0", "", 8), ("amazon/nova-pro-v1:0", "", nil),
            ("llama-3.3-70b-versatile", "groq", 9), ("groq/llama-3.3-70b-versatile", "", 9),
            ("openai/gpt-oss-120b", "groq", 10), ("groq/openai/gpt-oss-120b", "", 10),
            ("command-r", "", 11), ("command-r-08-2024", "", 11), ("command-r-plus-08-2024", "", 12),
            // An SDK that is pointed at another provider still says its own.
            ("deepseek-chat", "openai", 13), ("mixed", "maker", 14), ("mixed", "host", 15), ("mixed", "", 14),
        ] as [(String, String, UInt64?)])
    func found(name: String, provider: String, price: UInt64?) {
        #expect(input(name, provider) == price, "\(name) at \(provider)")
    }

    /// A price is never that of another model whose name merely begins alike, nor of another seller.
    @Test(arguments: [
        ("gpt-5-nano", ""), ("gpt-5.1", ""), ("gpt-5-minimal", ""), ("gpt-50", ""), ("gpt-5-", ""), ("gpt", ""), ("", ""), ("-latest", ""),
        ("gpt-5-2026-13-14", ""), ("gpt-5-2026-05-99", ""), ("gpt-5-99999999", ""), ("gpt-5-123", ""), ("gpt-5-32k", ""),
        ("gpt-5-8192", ""),
        ("gpt-4o-audio-preview", ""), ("gpt-4o-2024-05-13-tool_filter", ""), ("ft:gpt-4o-2024-08-06:acme::x", ""), ("my-gpt-5", ""),
        ("claude-sonnet-4-6", ""), ("claude-sonnet-4", ""), ("anthropic.claude-sonnet-4-5-v1:0x", ""), ("o1-mini", ""), ("o1-pro", ""),
        ("gpt-5-v2", ""), ("acme/gpt-5", ""), ("accounts/fireworks/models/deepseek-chat", ""), ("fireworks_ai/deepseek-chat", ""),
        ("together_ai/gpt-5", ""), ("llama-3.3-70b-versatile", ""), ("llama-3.3-70b-versatile", "openai"), ("openai/gpt-oss-120b", ""),
        ("openai/gpt-oss-120b", "together_ai"), ("amazon.nova-prompt-v1:0", ""), ("/", ""), ("//", ""), ("models/", ""), ("projects/", ""),
        ("projects/models/x", ""), ("arn:aws:bedrock:us-east-1:1:application-inference-profile/abc", ""), ("us.", ""),
        ("us.anthropic.", ""),
        ("gpt-5\u{0}", ""), ("gpt-５", ""),
    ])
    func notFound(name: String, provider: String) {
        #expect(input(name, provider) == nil, "\(name) at \(provider)")
        #expect(Self.list.quote(model: name, provider: provider).isEmpty)
    }

    @Test func namesOfAnyLengthEndTheSearch() {
        for name in [
            String(repeating: "openai/", count: 36) + "gpt-5", String(repeating: "-latest", count: 40), String(repeating: "/", count: 256),
        ] {
            _ = input(name)
        }
        #expect(input("gpt-5" + String(repeating: "-latest", count: 40)) == nil)
    }

    // MARK: Time and size

    private static let day: UInt64 = 86_400_000_000_000
    private static let dated = PriceList(shipped: [
        PriceList.Model(
            names: ["m"], seller: .maker(providers: ["p"]),
            rows: [
                PriceList.Row(from: EventTime(nanoseconds: 20 * day), rate: PriceList.Rate(input: 30, output: 0)),
                PriceList.Row(from: EventTime(nanoseconds: 10 * day), rate: PriceList.Rate(input: 10, output: 0)),
                PriceList.Row(from: EventTime(nanoseconds: 10 * day), aboveTokens: 200_000, rate: PriceList.Rate(input: 20, output: 0)),
                PriceList.Row(from: EventTime(nanoseconds: 10 * day), aboveTokens: 500_000, rate: PriceList.Rate(input: 25, output: 0)),
            ])
    ])

    @Test(
        arguments: [
            (0, 1, nil), (10 * day - 1, 1, nil), (10 * day, 1, 10), (10 * day, 200_000, 10), (10 * day, 200_001, 20),
            (15 * day, 500_000, 20),
            (15 * day, 900_000, 25), (20 * day - 1, 1, 10), (20 * day, 1, 30), (20 * day, 900_000, 30), (.max, 900_000, 30),
        ] as [(UInt64, UInt64, UInt64?)])
    func thePriceInEffectIsTheLatestThatHasBegun(nanoseconds: UInt64, tokens: UInt64, price: UInt64?) {
        let quote = Self.dated.quote(model: "m", provider: "p")
        #expect(Self.dated.rate(quote, at: EventTime(nanoseconds: nanoseconds), inputTokens: tokens)?.input == price)
    }

    /// The span decides by its end: begun on the old price, ended on the new one.
    @Test func aSpanIsPricedWhenItEnds() throws {
        // `Build.span` ends at 1790000000500000002.
        func cost(changeAt: UInt64) -> UInt64? {
            let list = PriceList(shipped: [
                PriceList.Model(
                    names: ["m"], seller: .maker(providers: []),
                    rows: [
                        PriceList.Row(rate: PriceList.Rate(input: 7, output: 0)),
                        PriceList.Row(from: EventTime(nanoseconds: changeAt), rate: PriceList.Rate(input: 5, output: 0)),
                    ])
            ])
            let span: [(String, any Sendable)] = [
                ("gen_ai.operation.name", "chat"), ("gen_ai.request.model", "m"), ("gen_ai.usage.input_tokens", 100),
            ]
            return Priced.span(span, list).rows.first?.costPicodollars
        }
        #expect(cost(changeAt: 1_790_000_000_500_000_002) == 500)
        #expect(cost(changeAt: 1_790_000_000_500_000_003) == 700)
    }

    // MARK: The user's own

    @Test func ownPricesAddAndWin() {
        func own(_ name: String, _ input: UInt64?, provider: String? = nil, from: UInt64 = 0, output: UInt64? = nil) -> PriceList.Model {
            PriceList.Model(
                names: [name], seller: provider.map { .host(providers: [$0]) } ?? .maker(providers: []),
                rows: [PriceList.Row(from: EventTime(nanoseconds: from), rate: PriceList.Rate(input: input, output: output))])
        }
        let list = PriceList(
            shipped: Self.list.shipped,
            own: [
                own("gpt-5", 100), own("my-*", 101), own("my-big-?", 102), own("gpt-4o", 103, provider: "azure.ai.openai"),
                own("o1", 104, from: 5), own("command-r", nil, output: 105), own("*", 106, provider: "house"),
            ])
        #expect(input("gpt-5-2026-05-14", "openai", list) == 100 && input("openai/gpt-5", "", list) == 100)
        #expect(input("gpt-5-mini", "openai", list) == 2)
        #expect(input("my-model", "", list) == 101 && input("MY-BIG-1", "", list) == 102 && input("azure/my-model", "", list) == 101)
        #expect(input("gpt-4o", "azure.ai.openai", list) == 103 && input("gpt-4o", "openai", list) == 3)
        #expect(input("o1", "", list) == 16)
        let quote = list.quote(model: "o1", provider: "")
        #expect(list.rate(quote, at: EventTime(nanoseconds: 5), inputTokens: 1)?.input == 104)
        // What an own price does not say holds as it ships.
        let partial = list.rate(list.quote(model: "command-r", provider: ""), at: .zero, inputTokens: 1)
        #expect(partial?.input == 11 && partial?.output == 105)
        #expect(input("anything", "house", list) == 106 && input("anything", "elsewhere", list) == nil)
        #expect(PriceList().isEmpty && !list.isEmpty && list == list && list != Self.list)
    }
}
