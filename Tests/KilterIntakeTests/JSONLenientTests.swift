import KilterIntake
import KilterVocabulary
import Testing

/// The spellings that OTLP/JSON producers are known for: each decodes to the row of the regular spelling.
@Suite struct JSONLenientTests {
    private let regular = #"""
        {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"svc"}}]},"scopeSpans":[{"spans":[
        {"traceId":"0123456789abcdef0123456789abcdef","spanId":"0123456789abcdef","parentSpanId":"fedcba9876543210","name":"chat m","kind":3,
        "startTimeUnixNano":"1790000000000000001","endTimeUnixNano":"1790000000500000002","droppedAttributesCount":1,
        "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"77"}}],
        "status":{"code":2,"message":"no"}}]}]}]}
        """#

    private func same(_ edit: (String) -> String) {
        let base = Decoded(json: regular)
        let other = Decoded(json: edit(regular))
        #expect(base.rows.count == 1)
        #expect(base.rows == other.rows, "\(other.rows) \(other.batch.quarantined)")
        #expect(base.batch.notes == other.batch.notes)
    }

    @Test(arguments: [
        ("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans"), ("traceId", "trace_id"), ("\"spanId", "\"span_id"),
        ("parentSpanId", "parent_span_id"), ("startTimeUnixNano", "start_time_unix_nano"),
        ("endTimeUnixNano", "end_time_unix_nano"), ("droppedAttributesCount", "dropped_attributes_count"),
        ("stringValue", "string_value"), ("intValue", "int_value"),
        ("\"kind\":3", "\"kind\":\"SPAN_KIND_CLIENT\""), ("\"code\":2", "\"code\":\"STATUS_CODE_ERROR\""), ("\"code\":2", "\"code\":\"2\""),
        ("\"77\"", "77"), ("\"77\"", "{\"low\":77,\"high\":0,\"unsigned\":true}"),
        ("\"1790000000000000001\"", "1790000000000000001"),
        ("\"1790000000000000001\"", "{\"low\":603127809,\"high\":416766852,\"unsigned\":true}"),
        ("\"0123456789abcdef0123456789abcdef\"", "\"0123456789ABCDEF0123456789AbCdEf\""),
        ("\"0123456789abcdef0123456789abcdef\"", "\"ASNFZ4mrze8BI0VniavN7w==\""),
        ("\"spanId\":\"0123456789abcdef\"", "\"spanId\":\"ASNFZ4mrze8=\""),
        ("\"parentSpanId\":\"fedcba9876543210\"", "\"parentSpanId\":[254,220,186,152,118,84,50,16]"),
        ("\"name\":\"chat m\"", "\"future\":{\"deep\":[1,{\"x\":null}]},\"name\":\"chat m\""),
        ("\"name\":\"chat m\"", "\"n\\u0061me\":\"ch\\u0061t m\""),
        (
            "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}}",
            "{\"value\":{\"stringValue\":\"chat\"},\"key\":\"gen_ai.operation.name\"}"
        ),
        (
            "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}}",
            "{ \"key\" : \"gen_ai.operation.name\" , \"value\" : { \"stringValue\" : \"chat\" } }"
        ),
        (
            "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}}",
            "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"},\"keyStrindex\":0}"
        ),
        (
            "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}}",
            "{\"key\":\"gen_ai.operation.name\",\"value\":{\"intValue\":null,\"stringValue\":\"chat\"}}"
        ),
        (
            "{\"key\":\"gen_ai.operation.name\",\"value\":{\"stringValue\":\"chat\"}}",
            "{\"key\":\"gen_ai.operation.name\",\"value\":\"chat\"}"
        ),
        ("{\"intValue\":\"77\"}", "{\"doubleValue\":77.0}"), ("{\"intValue\":\"77\"}", "{\"stringValue\":\"77\"}"),
        ("{\"intValue\":\"77\"}", "{\"stringValue\":\"7.7e1\"}"), ("{\"intValue\":\"77\"}", "{\"doubleValue\":\"77\"}"),
        (",\"status\"", ",\"events\":null,\"links\":[],\"status\""),
    ])
    func spelling(_ pair: (String, String)) {
        let text = regular.replacingOccurrences(of: "\n", with: "")
        #expect(text.contains(pair.0))
        same { $0.replacingOccurrences(of: "\n", with: "").replacingOccurrences(of: pair.0, with: pair.1) }
    }

    @Test func attributesAsAnObject() {
        same {
            let text = $0.replacingOccurrences(of: "\n", with: "")
            return text.replacingOccurrences(
                of:
                    #"[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.usage.input_tokens","value":{"intValue":"77"}}]"#,
                with: #"{"gen_ai.operation.name":"chat","gen_ai.usage.input_tokens":77}"#)
        }
    }

    @Test func whiteSpaceAnywhere() {
        same { text in
            var inString = false
            return text.map { character in
                if character == "\"" { inString.toggle() }
                return !inString && ":,{}[]".contains(character) ? " \n\(character)\t" : String(character)
            }.joined()
        }
    }

    @Test func resourceBehindItsSpans() {
        same {
            let text = $0.replacingOccurrences(of: "\n", with: "")
            let resource = #""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"svc"}}]}"#
            return text.replacingOccurrences(of: resource + ",", with: "").replacingOccurrences(of: "]}]}]}", with: "]}],\(resource)}]}")
        }
    }

    @Test(arguments: [
        (#""traceId":"00000000000000000000000000000000""#, QuarantineReason.invalidTraceID),
        (#""traceId":"0123""#, .invalidTraceID), (#""traceId":"0123456789abcdef0123456789abcdeg""#, .invalidTraceID),
        (#""traceId":5"#, .invalidTraceID), (#""traceId":null"#, .invalidTraceID), (#""x":1"#, .invalidTraceID),
    ])
    func badTraceIDRefusesTheSpanAlone(_ edit: (String, QuarantineReason)) {
        let bad = Build.span([]).replacingOccurrences(of: "\"traceId\":\"\(Build.trace)\"", with: edit.0)
        let decoded = Decoded(json: Build.request([Build.span([]), bad, Build.span([])]))
        #expect(decoded.rows.count == 2 && decoded.refusal == edit.1 && decoded.batch.received == 3)
    }

    @Test(arguments: [#""spanId":"""#, #""spanId":"0000000000000000""#, #""spanId":"00f067aa0ba902b""#, #""x":1"#])
    func badSpanIDRefusesTheSpanAlone(_ edit: String) {
        let bad = Build.span([]).replacingOccurrences(of: #""spanId":"00f067aa0ba902b7""#, with: edit)
        let decoded = Decoded(json: Build.request([bad, Build.span([])]))
        #expect(decoded.rows.count == 1 && decoded.refusal == .invalidSpanID && decoded.batch.received == 2)
    }

    @Test(arguments: [#""""#, #""abc""#, #""-5""#, #""18446744073709551616""#, "1.5", "true", "[]", #""1 ""#])
    func aTimeThatIsNoneRefusesTheSpanAlone(_ time: String) {
        let bad = Build.span([]).replacingOccurrences(of: #""1790000000000000001""#, with: time)
        #expect(bad.contains(":\(time),"))
        let decoded = Decoded(json: Build.request([Build.span([]), bad]))
        #expect(decoded.rows.count == 1 && decoded.refusal == .badField && decoded.batch.received == 2)
    }

    @Test(arguments: [
        (#""status":"x""#, QuarantineReason.badField), (#""attributes":"x""#, .badField), (#""events":7"#, .badField),
        (#""name":"\ud800 alone""#, .badField), (#""status":{"code":1,"message":"\q"}"#, .badField),
    ])
    func whatIsOddInOneSpanRefusesItAlone(_ member: String, _ reason: QuarantineReason) {
        let bad = Build.span([]).replacingOccurrences(of: #""spanId""#, with: "\(member),\"spanId\"")
        let good = Build.span([])
        let decoded = Decoded(json: Build.request([good, bad, good]))
        #expect(decoded.rows.count == 2 && decoded.refusal == reason && decoded.batch.received == 3)
        // Where the span does not end, nobody knows what follows.
        let open = Decoded(json: String(Build.request([good, bad]).dropLast(6)))
        #expect(open.rows.count <= 1 && open.refusal == .malformedJSON)
    }

    @Test func aValueDeeperThanAnyIsTheFaultOfItsSpan() {
        let deep = String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000)
        let bad = Build.span([]).replacingOccurrences(of: #""spanId""#, with: "\"x\":\(deep),\"spanId\"")
        let decoded = Decoded(json: Build.request([Build.span([]), bad]))
        #expect(decoded.rows.count == 1 && decoded.refusal == .tooDeep && decoded.batch.received == 2)
    }

    @Test(arguments: [
        "[]", "[1]", "5", "\"x\"", "null", #"{"resourceLogs":[]}"#, #"{"resourceSpans":5}"#, #"{"resourceSpans":[5]}"#,
        #"{"resourceSpans":[{"scopeSpans":{}}]}"#, #"{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}"#,
    ])
    func goodJSONThatIsNoRequest(_ text: String) {
        let decoded = Decoded(json: text)
        #expect(decoded.rows.isEmpty && decoded.refusal == .notOTLP && decoded.batch.received == 1)
    }

    @Test func emptyRequestsAreFine() {
        for text in ["{}", #"{"resourceSpans":[]}"#, #"{"resourceSpans":[{}]}"#, #"{"resourceSpans":[{"scopeSpans":[{}]}]}"#] {
            #expect(Decoded(json: text).batch.received == 0)
        }
        #expect(Decoded([], .protobuf).batch.received == 0)
        #expect(Decoded([], .json).refusal == .malformedJSON)
    }

    @Test func tooManyAttributesRefuseTheSpan() {
        let most = (0..<Limits.attributesMax).map { ("k\($0)", Build.int(1)) }
        #expect(Build.row(most) != nil)
        let decoded = Decoded(json: Build.request([Build.span(most + [("one.more", Build.int(1))]), Build.span([])]))
        #expect(decoded.rows.count == 1 && decoded.refusal == .tooManyAttributes && decoded.batch.received == 2)
    }

    @Test func aKeyTwiceCountsAndTheLastWins() {
        let decoded = Decoded(
            json: Build.request([
                Build.span([("gen_ai.agent.name", Build.text("a")), ("gen_ai.agent.name", Build.text("b"))])
            ]))
        #expect(decoded.rows.first?["agent"] == "b" && decoded.noted(.duplicateKey) == 1)
    }
}
