import KilterEngine
import KilterIntake
import KilterModels
import KilterVocabulary
import Testing

/// The section `prices` of a configuration, and what the engine says where prices are missing.
@Suite struct PriceConfigurationTests {
    private func rate(_ list: PriceList, _ model: String, _ provider: String = "", day: UInt64 = 20_000, tokens: UInt64 = 1) -> PriceList
        .Rate?
    {
        let time = EventTime(nanoseconds: day * 86_400_000_000_000)
        return list.rate(list.quote(model: model, provider: provider), at: time, inputTokens: tokens)
    }

    @Test func pricesOfTheUsersAddAndWin() throws {
        let read = try configuration(
            """
            prices:
              - {model: my-model, input: $0.15, output: $0.60}
              - {model: gpt-4o, cache_read: $1}
              - {model: "llama-*", provider: house, input: $0.01, output: $0.01, reasoning: $0.02, cache_write: $0}
              - {model: claude-sonnet-5, from: 2024-10-05, input: $9, output: $9}
              - {model: claude-sonnet-5, from: 2024-10-05, above: 200k tokens, input: $10, output: $10}
            """)
        #expect(read.withoutEffect.isEmpty)
        let list = read.settings.intake.prices
        #expect(rate(list, "my-model") == PriceList.Rate(input: 150_000, output: 600_000))
        #expect(rate(list, "gpt-4o-2024-11-20") == PriceList.Rate(input: 2_500_000, output: 10_000_000, cacheRead: 1_000_000))
        let house = PriceList.Rate(input: 10_000, output: 10_000, cacheWrite: 0, reasoning: 20_000)
        #expect(rate(list, "llama-3.3-70b", "house") == house && rate(list, "llama-3.3-70b", "x") == nil)
        // 2024-10-05 is day 20,001 since 1970.
        #expect(rate(list, "claude-sonnet-5", day: 20_000)?.input == 2_000_000)
        #expect(rate(list, "claude-sonnet-5", day: 20_001)?.input == 9_000_000)
        #expect(rate(list, "claude-sonnet-5", day: 20_001, tokens: 200_001)?.input == 10_000_000)
        #expect(rate(list, "claude-sonnet-5", day: 20_001)?.cacheRead == 200_000)
    }

    @Test func withoutASectionWhatShipsHolds() throws {
        let list = try configuration("").settings.intake.prices
        let other = try configuration("instance: other").priceList
        #expect(list == other)
        #expect(list.own.isEmpty && rate(list, "gpt-5-mini")?.input == 250_000)
        // Without a models folder there are none but the user's.
        let bare = try Configuration.parse("prices: [{model: m, input: $1}]", file: "k.yaml", models: Models(directory: nil)).priceList
        #expect(bare.shipped.isEmpty && rate(bare, "m")?.input == 1_000_000 && rate(bare, "gpt-5") == nil)
        #expect(Configuration.defaults.settings.intake.prices.isEmpty)
    }

    @Test(arguments: [
        ("prices: [{model: m, input: $1}, {model: m, output: $1}]", "1:33: prices[1]: `m` has a price from then on already"),
        (
            "prices: [{model: m, from: yesterday, input: $1}]",
            "1:27: prices[0].from: `yesterday` is no day; expected one such as `2026-11-21`, or a time of RFC 3339"
        ),
        (
            "prices: [{model: m, above: 200k, input: $1}]",
            "1:28: prices[0].above: `200k` is no number of tokens; expected one such as `200k tokens` (k, M, G)"
        ),
        ("prices: [{model: m, cached: $1}]", "1:21: prices[0]: unknown key `cached`; the nearest valid name is `cache_read`"),
        ("prices: [{input: $1}]", "1:10: prices[0]: `model` is missing"),
        ("prices: {model: m}", "1:9: prices: expected a list of prices, found a mapping"),
    ])
    func whatIsWrongIsSaidWithItsPlace(yaml: String, message: String) {
        #expect(problems(yaml).first == message)
    }

    @Test func theFingerprintKnowsEveryPartOfAPrice() throws {
        let base = "prices: [{model: m, provider: p, from: 2026-01-01, above: 5 tokens, input: $1, output: $2, reasoning: $3}]"
        var seen: Set<UInt64> = [try configuration(base).fingerprint]
        for (from, to) in [
            ("m,", "n,"), ("p,", "q,"), ("2026-01-01", "2026-01-02"), ("5 tokens", "6 tokens"), ("$1", "$4"), ("$2", "$4"), ("$3", "$4"),
            ("reasoning", "cache_read"),
        ] {
            #expect(seen.insert(try configuration(base.replacing(from, with: to)).fingerprint).inserted, "\(to)")
        }
    }

    // MARK: Notices

    private func span(_ number: Int, model: String, tenant: String = "acme", service: String = "svc", cost: String? = nil) -> String {
        let id = String(number + 1, radix: 16)
        var attributes = [
            ("gen_ai.operation.name", "{\"stringValue\":\"chat\"}"), ("gen_ai.request.model", "{\"stringValue\":\"\(model)\"}"),
            ("kilter.tenant", "{\"stringValue\":\"\(tenant)\"}"), ("gen_ai.usage.input_tokens", "{\"intValue\":\"1000\"}"),
        ]
        if let cost { attributes.append(("gen_ai.usage.cost", "{\"doubleValue\":\(cost)}")) }
        let list = attributes.map { "{\"key\":\"\($0.0)\",\"value\":\($0.1)}" }.joined(separator: ",")
        let digits = String(repeating: "0", count: 16 - id.count) + id
        return """
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"\(service)"}}]},
            "scopeSpans":[{"spans":[{"traceId":"\(digits)\(digits)","spanId":"\(digits)","name":"chat",
            "startTimeUnixNano":"1790000000000000001","endTimeUnixNano":"\(1_790_000_000_500_000_002 + number)","attributes":[\(list)]}]}]}]}
            """
    }

    private func notices(_ requests: [String], _ yaml: String = "") throws -> [Notice] {
        let settings = try configuration(yaml).settings
        let engine = Engine(settings: settings)
        var decoder = RequestDecoder(rules: settings.intake)
        var events: [Event] = []
        for request in requests {
            var batch = SpanBatch()
            decoder.decode(copying: Array(request.utf8), encoding: .json, into: &batch)
            events += engine.step(&batch)
        }
        return events.compactMap { if case .notice(let notice) = $0, notice.kind == .price { notice } else { nil } }
    }

    private func fact(_ name: String, _ notice: Notice) -> String? {
        guard case .string(let text)? = notice.facts.first(where: { $0.name == name })?.value else { return nil }
        return text
    }

    @Test func tokensWithoutAPriceAreToldOfOncePerModelAndTenant() throws {
        let models = [("in-house", "acme"), ("in-house", "acme"), ("gpt-5", "acme"), ("in-house", "other"), ("in-house-2", "acme")]
        let told = try notices(models.enumerated().map { span($0.offset, model: $0.element.0, tenant: $0.element.1) })
        #expect(told.map { fact("model", $0) } == ["in-house", "in-house", "in-house-2"])
        #expect(told.map { fact("tenant", $0) } == ["acme", "other", "acme"])
        #expect(told.allSatisfy { fact("reason", $0) == "unpriced_tokens" })
        #expect(told[0].summary.contains("model in-house have no price"))
        // With a price of the user's there is nothing to tell.
        #expect(try notices([span(0, model: "in-house")], "prices: [{model: in-*, input: $1, output: $1}]").isEmpty)
    }

    @Test func absurdCostsAreToldOfOncePerService() throws {
        let requests = [
            span(0, model: "gpt-5", cost: "-1"), span(1, model: "gpt-5", cost: "99999"),
            span(2, model: "gpt-5", service: "two", cost: "7000"),
            span(3, model: "gpt-5", cost: "0.0012"),
        ]
        let told = try notices(requests)
        #expect(told.map { fact("service", $0) } == ["svc", "two"])
        #expect(told.allSatisfy { fact("reason", $0) == "absurd_cost" && $0.summary.contains("the price list is used instead") })
    }

    /// A producer that invents models tells so much and no more; other tenants are told as before.
    @Test func noticesAreBoundedPerTenant() throws {
        let flood = (0..<400).map { span($0, model: "invented-\($0)") }
        let told = try notices(flood + [span(400, model: "in-house", tenant: "other")])
        #expect(told.count == 257 && told.last.flatMap { fact("tenant", $0) } == "other")
    }
}
