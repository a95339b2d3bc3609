import KilterIntake
import KilterVocabulary
import Testing

/// Tokens, failures, arguments, results, messages.
@Suite struct DialectContentTests {
    private let tool = ("gen_ai.operation.name", Build.text("execute_tool"))

    private func decoded(_ list: [(String, String)], name: String = "work", extra: String = "") -> Decoded {
        Decoded(json: Build.request([Build.span(list, name: name, extra: extra)]))
    }

    // MARK: Tokens

    @Test(
        arguments: [
            ("{\"intValue\":\"1200\"}", 1_200), ("{\"intValue\":1200}", 1_200), ("{\"doubleValue\":1200.0}", 1_200),
            ("{\"stringValue\":\"1200\"}", 1_200), ("{\"stringValue\":\"1200.0\"}", 1_200), ("{\"doubleValue\":1.2e3}", 1_200),
            ("{\"intValue\":\"9007199254740992\"}", UInt32.max), ("{\"intValue\":\"0\"}", 0),
        ] as [(String, UInt32)])
    func countsAreCoerced(_ pair: (String, UInt32)) {
        let result = decoded([("gen_ai.usage.input_tokens", pair.0)])
        #expect(result.rows.first?.row.inputTokens == pair.1 && result.noted(.badNumber) == 0)
    }

    @Test(arguments: [
        "{\"intValue\":\"-1\"}", "{\"doubleValue\":-0.5}", "{\"doubleValue\":\"NaN\"}", "{\"doubleValue\":\"Infinity\"}",
        "{\"doubleValue\":1e300}",
        "{\"intValue\":\"9007199254740993\"}", "{\"stringValue\":\"many\"}", "{\"boolValue\":true}", "{\"intValue\":\"12x\"}",
        "{\"intValue\":\"99999999999999999999\"}", "{\"stringValue\":\"1e\"}",
    ])
    func badCountsAreNotedAndPassedOver(_ value: String) {
        let result = decoded([("gen_ai.usage.input_tokens", value), ("llm.token_count.prompt", Build.int(5))])
        #expect(result.rows.first?.row.inputTokens == 5 && result.noted(.badNumber) == 1)
        #expect(result.rows.first?.row.flags.contains(.badNumber) == true)
    }

    @Test func tokensOfAllDialects() {
        let older = decoded([("gen_ai.usage.prompt_tokens", Build.int(10)), ("gen_ai.usage.completion_tokens", Build.int(2))]).rows.first?
            .row
        #expect(older?.inputTokens == 10 && older?.outputTokens == 2)
        let openInference = decoded([
            ("llm.token_count.prompt", Build.int(100)), ("llm.token_count.completion", Build.int(7)),
            ("llm.token_count.prompt_details.cache_read", Build.int(30)), ("llm.token_count.prompt_details.cache_write", Build.int(20)),
            ("llm.token_count.completion_details.reasoning", Build.int(3)),
        ]).rows.first?.row
        #expect(openInference?.inputTokens == 100 && openInference?.outputTokens == 7 && openInference?.cacheReadTokens == 30)
        #expect(openInference?.cacheWriteTokens == 20 && openInference?.reasoningTokens == 3)
        let openLLMetry = decoded([
            ("llm.usage.prompt_tokens", Build.int(9)), ("gen_ai.usage.cache_read_input_tokens", Build.int(4)),
            ("gen_ai.usage.cache_creation_input_tokens", Build.int(1)), ("gen_ai.usage.reasoning_tokens", Build.int(6)),
        ]).rows.first?.row
        #expect(openLLMetry?.inputTokens == 9 && openLLMetry?.cacheReadTokens == 4 && openLLMetry?.cacheWriteTokens == 1)
        #expect(openLLMetry?.reasoningTokens == 6)
    }

    @Test func inputThatExcludesTheCacheIsMadeInclusive() {
        func input(_ own: Int64, _ read: Int64, _ written: Int64) -> UInt32? {
            decoded([
                ("gen_ai.usage.input_tokens", Build.int(own)), ("gen_ai.usage.cache_read.input_tokens", Build.int(read)),
                ("gen_ai.usage.cache_creation.input_tokens", Build.int(written)),
            ]).rows.first?.row.inputTokens
        }
        #expect(input(2, 84_562, 7_096) == 91_660)
        #expect(input(5_210, 4_096, 512) == 5_210)
        #expect(input(100, 60, 40) == 100)
        #expect(input(4_294_967_290, 4_294_967_290, 9) == UInt32.max)
    }

    // MARK: Failures

    @Test(
        arguments: [
            ([], #","status":{"code":2}"#, "_OTHER"), ([("error.type", "timeout")], "", "timeout"),
            ([("error.type", "timeout")], #","status":{"code":1}"#, "timeout"), ([("success", "false")], "", "_OTHER"),
            ([("gen_ai.tool.status", "failed")], "", "_OTHER"), ([("gen_ai.guardrail.error.type", "g")], "", "g"),
            ([("rpc.response.status_code", "-32602"), ("http.response.status_code", "500")], #","status":{"code":2}"#, "-32602"),
            ([("http.response.status_code", "500")], #","status":{"code":2}"#, "500"),
            (
                [],
                #","status":{"code":2},"events":[{"name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"KeyError"}}]}]"#,
                "KeyError"
            ),
            (
                [],
                #","status":{"code":2},"events":[{"attributes":[{"key":"exception.type","value":{"stringValue":"Late"}}],"name":"exception"}]"#,
                "Late"
            ),
        ] as [([(String, String)], String, String)])
    func failures(_ list: [(String, String)], _ extra: String, _ type: String) {
        let shown = decoded(list.map { ($0.0, Build.text($0.1)) }, extra: extra).rows.first
        #expect(shown?.row.flags.contains(.failed) == true && shown?["error"] == type && shown?.row.errorDigest != 0)
    }

    @Test(arguments: [
        "", #","status":{}"#, #","status":{"code":1,"message":"fine"}"#, #","status":{"code":0}"#,
        #","events":[{"name":"exception","attributes":[{"key":"exception.type","value":{"stringValue":"Handled"}}]}]"#,
    ])
    func successes(_ extra: String) {
        let row = decoded([("success", "{\"boolValue\":true}"), ("gen_ai.tool.status", Build.text("ok"))], extra: extra).rows.first?.row
        #expect(row?.flags.contains(.failed) == false && row?.errorDigest == 0 && row?.errorType == 0)
    }

    @Test func digestsTellFailuresApart() {
        func digest(_ list: [(String, String)], _ message: String = "") -> UInt64? {
            decoded(list.map { ($0.0, Build.text($0.1)) }, extra: #","status":{"code":2,"message":"\#(message)"}"#).rows.first?.row
                .errorDigest
        }
        let base = digest([("error.type", "T")], "m")
        #expect(base == digest([("error.type", "T"), ("error.message", "other")], "m"))
        #expect(base == digest([("error.type", "T"), ("error.message", "m")]))
        let different = [
            base, digest([("error.type", "U")], "m"), digest([("error.type", "T")], "n"), digest([("error.type", "T")]),
            digest([("error.type", "Tm")]), digest([("error.type", "T"), ("gen_ai.tool.call.result", "m")]),
            digest([("error.type", "T"), ("gen_ai.tool.call.result", "n")]),
        ]
        #expect(Set(different).count == different.count && !different.contains(0))
    }

    @Test(arguments: [
        ("error.type", "RateLimitError"), ("error.type", "openai.RateLimitError"), ("error.type", "rate_limit_exceeded"),
        ("error.type", "429"),
        ("error.type", "RESOURCE_EXHAUSTED"), ("error.type", "too_many_requests"), ("error.type", "Too Many Requests"),
        ("error.type", "ThrottlingException"), ("http.response.status_code", "429"), ("rpc.response.status_code", "RESOURCE_EXHAUSTED"),
    ])
    func rateLimits(_ pair: (String, String)) {
        let flags = decoded([(pair.0, Build.text(pair.1))]).rows.first?.row.flags
        #expect(flags?.contains(.rateLimited) == true)
    }

    @Test func noRateLimits() {
        for type in ["timeout", "limit", "4290", "rate", "ValueError", "exhausted_all_options"] {
            #expect(decoded([("error.type", Build.text(type))]).rows.first?.row.flags.contains(.rateLimited) == false)
        }
        #expect(decoded([("http.response.status_code", Build.int(429))]).rows.first?.row.flags.contains(.rateLimited) == true)
    }

    @Test func flagsOfTheEnvelope() {
        let flags = decoded([("kilter.blocked_by", Build.text("b1")), tool], extra: #","kind":2,"droppedAttributesCount":3"#)
        #expect(flags.rows.first?.row.flags == [.blocked, .serverSide, .partial])
        #expect(flags.noted(.attributesDropped) == 1 && flags.noted(.serverSideCall) == 1)
    }

    // MARK: Arguments and results

    @Test func absentEmptyAndRedactedAreThreeThings() {
        let absent = decoded([tool])
        #expect(absent.rows.first?.row.arguments.isKnown == false && absent.rows.first?.row.result.isKnown == false)
        #expect(absent.noted(.argumentsUnobservable) == 1 && absent.noted(.resultUnobservable) == 1)
        let redacted = decoded([tool, ("gen_ai.tool.call.arguments", Build.text("__REDACTED__"))])
        #expect(redacted.rows.first?.row.arguments.isKnown == false && redacted.noted(.redacted) == 1)
        #expect(redacted.rows.first?.row.flags.contains(.redacted) == true)
        let empties = [
            "{\"stringValue\":\"\"}", Build.text("None"), Build.text("{}"), Build.text("null"), "{\"kvlistValue\":{\"values\":[]}}",
            "{\"kvlistValue\":{}}",
        ]
        let prints = empties.map { decoded([tool, ("gen_ai.tool.call.arguments", $0)]).rows.first?.row }
        #expect(
            prints.allSatisfy { $0?.arguments == prints[0]?.arguments && $0?.arguments.isKnown == true && $0?.argumentsCharacters == 0 })
        let other = decoded([tool, ("gen_ai.tool.call.arguments", Build.text("[]"))]).rows.first?.row
        #expect(other?.arguments.isKnown == true && other?.arguments != prints[0]?.arguments)
        #expect(decoded([tool, ("gen_ai.tool.call.arguments", "{}")]).rows.first?.row.arguments.isKnown == false)
    }

    @Test func genericInputCountsOnToolSpansOnly() {
        let io = [("input.value", Build.text("{\"q\":1}")), ("output.value", Build.text("found"))]
        let asTool = decoded([("openinference.span.kind", Build.text("TOOL"))] + io).rows.first?.row
        let asModel = decoded([("openinference.span.kind", Build.text("LLM"))] + io).rows.first?.row
        let current = decoded([
            tool, ("gen_ai.tool.call.arguments", Build.text("{\"q\":1.0}")), ("gen_ai.tool.call.result", Build.text("found")),
        ]).rows.first?.row
        #expect(asTool?.arguments.isKnown == true && asTool?.arguments == current?.arguments && asTool?.result == current?.result)
        #expect(asModel?.arguments.isKnown == false && asModel?.result.isKnown == false)
        let traceloop = decoded([
            ("traceloop.span.kind", Build.text("tool")), ("traceloop.entity.input", Build.text("{ \"q\": 1 }")),
            ("traceloop.entity.output", Build.text("found")),
        ]).rows.first?.row
        #expect(traceloop?.arguments == current?.arguments && traceloop?.result == current?.result)
        let both = decoded([tool, ("gen_ai.tool.call.arguments", Build.text("{\"q\":1}")), ("input.value", Build.text("other"))]).rows
            .first?.row
        #expect(both?.arguments == current?.arguments)
    }

    @Test func parametersThatAreADefinitionAreNoArguments() {
        let kind = ("openinference.span.kind", Build.text("TOOL"))
        func arguments(_ text: String) -> Bool? {
            decoded([kind, ("tool.parameters", Build.text(text))]).rows.first?.row.arguments.isKnown
        }
        #expect(arguments(#"{"type":"object","properties":{"q":{"type":"string"}}}"#) == false)
        #expect(arguments(#"{"q":"x"}"#) == true)
        #expect(arguments(#"{"type":"search","filter":{"properties":1}}"#) == true)
        #expect(arguments(#"{"note":"\"type\": \"properties\":"}"#) == true)
    }

    @Test func charactersAreScalars() {
        let row = decoded([
            tool, ("gen_ai.tool.call.arguments", Build.text("{\"q\": \"é😀\"}")), ("gen_ai.tool.call.result", Build.text("日本語")),
        ]).rows.first?.row
        // Of the canonical form, which has no blanks.
        #expect(row?.argumentsCharacters == 10 && row?.resultCharacters == 3)
        let given = decoded([
            tool, ("gen_ai.tool.call.result", Build.text("abc")), ("kilter.tool.result_chars", Build.int(5_000)),
            ("kilter.tool.args_chars", Build.int(7)),
        ])
        #expect(given.rows.first?.row.resultCharacters == 5_000 && given.rows.first?.row.argumentsCharacters == 7)
    }

    @Test func hashesOfTheProducer() {
        func prints(_ value: String) -> Fingerprint? { decoded([tool, ("kilter.tool.args_hash", value)]).rows.first?.row.arguments }
        let hex = prints(Build.text("abcdef0123456789"))
        #expect(hex?.isKnown == true && hex == prints(Build.text("ABCDEF0123456789")) && hex == prints("{\"bytesValue\":\"q83vASNFZ4k=\"}"))
        #expect(hex != prints(Build.text("abcdef0123456788")))
        let content = decoded([tool, ("gen_ai.tool.call.arguments", Build.text("abcdef0123456789"))]).rows.first?.row.arguments
        #expect(content != hex)
        let both = decoded([
            tool, ("kilter.tool.args_hash", Build.text("abcdef0123456789")), ("gen_ai.tool.call.arguments", Build.text("x")),
        ])
        #expect(both.rows.first?.row.arguments == hex && both.noted(.argumentsUnobservable) == 0)
        #expect(decoded([tool, ("kilter.tool.result_hash", Build.text("00"))]).rows.first?.row.result.isKnown == true)
    }

    @Test func messages() {
        func row(_ list: [(String, String)]) -> SpanRecord? {
            decoded([("gen_ai.operation.name", Build.text("invoke_agent"))] + list).rows.first?.row
        }
        let hashed = row([
            ("kilter.message.sha256", Build.text("0A1b2c")), ("kilter.message.simhash64", Build.text("bb155e4498fa85a2")),
            ("kilter.message.chars", Build.int(75)),
        ])
        #expect(hashed?.messageDigest != 0 && hashed?.messageSimilarity == 0xbb15_5e44_98fa_85a2 && hashed?.messageCharacters == 75)
        #expect(hashed?.messageDigest == row([("kilter.message.sha256", Build.text("0a1B2C"))])?.messageDigest)
        #expect(hashed?.messageDigest != row([("kilter.message.sha256", Build.text("0a1b2d"))])?.messageDigest)
        let text = row([("kilter.message.text", Build.text("héllo"))])
        #expect(text?.messageDigest != 0 && text?.messageCharacters == 5 && text?.messageSimilarity == 0)
        #expect(row([])?.messageDigest == 0 && row([("kilter.message.text", Build.text(""))])?.messageDigest == 0)
    }
}
