import KilterIntake
import KilterVocabulary
import Testing

/// What spans say about runs, and counts that come in odd clothes.
@Suite struct AssessmentTests {
    private func decoded(_ list: [(String, String)], name: String = "work", extra: String = "") -> Decoded {
        Decoded(json: Build.request([Build.span(list, name: name, extra: extra)]))
    }

    private let evaluator = ("openinference.span.kind", Build.text("EVALUATOR"))

    // MARK: Evaluations

    @Test func evaluationsInline() {
        let result = decoded([
            ("evaluations.0.evaluation.name", Build.text("relevance")), ("evaluations.0.evaluation.score", Build.int(4)),
            ("annotations.1.annotation.name", Build.text("tone")), ("annotations.1.annotation.label", Build.text("rude")),
            ("annotations.1.annotation.annotator_kind", Build.text("HUMAN")),
            ("trace.evaluations.0.evaluation.name", Build.text("whole")),
            ("trace.evaluations.0.evaluation.score", Build.text("0.5")),
            ("session.annotations.0.annotation.name", Build.text("mood")),
            ("session.annotations.0.annotation.score", "{\"doubleValue\":-1.5}"),
            ("session.annotations.0.annotation.identifier", Build.text("judge-3")),
        ])
        #expect(
            result.statements == [
                "evaluation relevance 4.0 - by -", "evaluation tone - rude by human", "evaluation whole 0.5 - by - of trace",
                "evaluation mood -1.5 - by judge-3 of session",
            ])
        let row = result.batch.rows[0]
        #expect(row.firstAssessment == 0 && row.assessmentCount == 4)
        let own = result.batch.assessments[0]
        #expect(own.trace == row.trace && own.span == row.span && result.batch.assessments[2].span == 0)
    }

    @Test func bothSpellingsOfOneNumberAreOneEvaluation() {
        let result = decoded([
            ("evaluations.3.evaluation.name", Build.text("x")), ("annotations.3.annotation.score", Build.int(1)),
        ])
        #expect(result.statements == ["evaluation x 1.0 - by -"])
    }

    @Test func evaluationsThatSayNothing() {
        let result = decoded([
            ("evaluations.0.evaluation.name", Build.text("nameless")), ("evaluations.1.evaluation.score", Build.int(1)),
            ("evaluations.2.evaluation.name", Build.text("x")), ("evaluations.2.evaluation.score", "{\"doubleValue\":\"NaN\"}"),
            ("evaluations.x.evaluation.name", Build.text("x")), ("evaluations..evaluation.name", Build.text("x")),
            ("evaluations.4.annotation.name", Build.text("x")), ("evaluations", Build.text("x")),
            ("session.", Build.text("x")), ("", Build.text("x")),
        ])
        #expect(result.statements.isEmpty && result.batch.rows.first?.assessmentCount == 0 && result.noted(.badNumber) == 1)
    }

    @Test func evaluationsAreCapped() {
        func many(_ numbers: some Sequence<Int>) -> Decoded {
            decoded(
                numbers.flatMap {
                    [("evaluations.\($0).evaluation.name", Build.text("n")), ("evaluations.\($0).evaluation.score", Build.int(1))]
                })
        }
        let all = many(0..<64)
        #expect(all.statements.count == 64 && all.noted(.assessmentsDropped) == 0)
        let more = many(0..<70)
        #expect(more.statements.count == 64 && more.noted(.assessmentsDropped) == 1)
        let far = many([4_096, 4_097, 999_999_999])
        #expect(far.statements.count == 1 && far.noted(.assessmentsDropped) == 1)
        let outcome = decoded(
            (0..<64).flatMap {
                [("evaluations.\($0).evaluation.name", Build.text("n")), ("evaluations.\($0).evaluation.score", Build.int(1))]
            } + [("kilter.outcome", Build.text("done"))])
        #expect(outcome.statements.count == 64 && outcome.statements[0].hasPrefix("outcome") && outcome.noted(.assessmentsDropped) == 1)
    }

    @Test func rowsKeepTheirOwn() {
        let spans = [("a", "1"), ("b", "2")].map {
            Build.span([("kilter.outcome", Build.text($0.0))]).replacing("00f067aa0ba902b7", with: "00f067aa0ba902b\($0.1)")
        }
        let batch = Decoded(json: Build.request(spans)).batch
        #expect(batch.rows.map { batch.assessments(of: $0).map { batch.strings.string($0.label) } } == [["a"], ["b"]])
    }

    // MARK: Targets

    @Test func aLinkIsTheTargetOfAResultThatCameAfterwards() {
        let link = #"{"traceId":"0a1b2c3d4e5f60718293a4b5c6d7e8f9","spanId":"deadbeef00c0ffee"}"#
        let list = [("evaluations.0.evaluation.name", Build.text("x")), ("evaluations.0.evaluation.label", Build.text("y"))]
        func target(_ links: String, kind: [(String, String)], prefix: String = "") -> [UInt64] {
            let prefixed = list.map { (prefix + $0.0, $0.1) }
            let said = decoded(kind + prefixed, extra: #","links":[\#(links)]"#).batch.assessments.first
            return [said?.trace.low ?? 0, said?.span ?? 0]
        }
        let linked: UInt64 = 0x8293_a4b5_c6d7_e8f9
        let own: UInt64 = 0x8899_aabb_ccdd_eeff
        #expect(target(link, kind: [evaluator]) == [linked, 0xdead_beef_00c0_ffee])
        #expect(target(link, kind: [evaluator], prefix: "trace.") == [linked, 0])
        #expect(target(link + "," + link, kind: [evaluator]) == [own, 0x00f0_67aa_0ba9_02b7])
        #expect(target("{}", kind: [evaluator]) == [own, 0x00f0_67aa_0ba9_02b7])
        #expect(target(link, kind: []) == [own, 0x00f0_67aa_0ba9_02b7])
    }

    // MARK: Guardrails, outcomes, feedback

    @Test func guardrails() {
        let openInference = decoded(
            [("openinference.span.kind", Build.text("GUARDRAIL")), ("output.value", Build.text("blocked"))], name: "jailbreak")
        #expect(openInference.statements == ["guardrail jailbreak - blocked by -"])
        #expect(decoded([("openinference.span.kind", Build.text("GUARDRAIL"))]).statements.isEmpty)
        let both = decoded([
            ("gen_ai.operation.name", Build.text("guardrail_check")), ("gen_ai.guardrail.name", Build.text("pii")),
            ("gen_ai.guardrail.triggered", "{\"boolValue\":false}"),
        ])
        #expect(both.statements == ["guardrail pii - passed by -"] && both.batch.rows.first?.kind == .guardrail)
    }

    @Test func feedbackIsANumber() {
        #expect(decoded([("kilter.user_feedback", Build.text("-1"))]).statements == ["feedback - -1.0 - by - of trace"])
        #expect(decoded([("kilter.user_feedback", "{\"boolValue\":true}")]).statements == ["feedback - 1.0 - by - of trace"])
        let bad = decoded([("kilter.user_feedback", Build.text("good"))])
        #expect(bad.statements.isEmpty && bad.noted(.badNumber) == 1)
        #expect(decoded([("kilter.outcome", Build.text(""))]).statements.isEmpty)
    }

    // MARK: Counts

    @Test(arguments: [
        Build.text("{\"intValue\":\"7\"}"), Build.text("{\"intValue\":7}"), Build.text("{\"doubleValue\":7.0}"), Build.text("7.0"),
        "{\"intValue\":{\"low\":7,\"high\":0,\"unsigned\":true}}", Build.text("{\"low\":7,\"high\":0,\"unsigned\":false}"),
        "{\"kvlistValue\":{\"values\":[{\"key\":\"low\",\"value\":{\"intValue\":7}},{\"key\":\"high\",\"value\":{\"intValue\":0}}]}}",
    ])
    func countsInsideOfObjects(_ value: String) {
        let result = decoded([("ai.usage.cachedInputTokens", value)])
        #expect(result.rows.first?.row.cacheReadTokens == 7 && result.noted(.badNumber) == 0)
    }

    @Test(arguments: ["{\"low\":7}", "{\"low\":7,\"high\":-1}", "{\"intValue\":\"x\"}", "{\"intValue\":-7}", "{", "[7]"])
    func objectsThatAreNoCounts(_ text: String) {
        let result = decoded([("ai.usage.reasoningTokens", Build.text(text))])
        #expect(result.rows.first?.row.reasoningTokens == 0 && result.noted(.badNumber) == 1)
    }

    @Test func detailsOfUsage() {
        let langfuse = decoded([
            (
                "langfuse.observation.usage_details",
                Build.text(
                    #"{"output":30,"input":100,"total":130,"input_cache_read":60,"input_cache_creation":10,"output_reasoning_tokens":5}"#)
            )
        ]).rows.first?.row
        #expect(langfuse?.inputTokens == 100 && langfuse?.outputTokens == 30 && langfuse?.cacheReadTokens == 60)
        #expect(langfuse?.cacheWriteTokens == 10 && langfuse?.reasoningTokens == 5)
        let langSmith = decoded([
            ("gen_ai.usage.input_tokens", Build.int(100)),
            ("gen_ai.usage.input_token_details", Build.text(#"{"cache_read":80,"cache_creation":4,"audio":0}"#)),
            ("gen_ai.usage.output_token_details", Build.text(#"{"reasoning":"9"}"#)),
        ]).rows.first?.row
        #expect(langSmith?.inputTokens == 100 && langSmith?.cacheReadTokens == 80 && langSmith?.cacheWriteTokens == 4)
        #expect(langSmith?.reasoningTokens == 9)
        let nested = decoded([("langfuse.observation.usage_details", Build.text(#"{"by":{"input":1},"input":"2"}"#))]).rows.first?.row
        #expect(nested?.inputTokens == 2)
        #expect(decoded([("langfuse.observation.usage_details", Build.text("{'input': 1}"))]).rows.first?.row.inputTokens == 0)
    }

    @Test func partsOfACostWithoutTheirSum() {
        let parts = decoded([
            ("langfuse.observation.type", Build.text("generation")),
            ("langfuse.observation.cost_details", Build.text(#"{"input":0.25,"output":"0.5"}"#)),
        ]).rows.first?.row
        #expect(parts?.costPicodollars == 750_000_000_000)
    }

    @Test(arguments: [
        (100, 100, 0), (100, 101, 0), (100, 99, 0), (100, 102, 1), (0, 5, 1), (0, 0, 0), (1_000_000, 1_010_001, 0), (2, 91_660, 1),
    ])
    func sourcesThatDisagree(_ first: Int64, _ second: Int64, _ notes: UInt64) {
        let result = decoded([("llm.token_count.prompt", Build.int(second)), ("gen_ai.usage.input_tokens", Build.int(first))])
        #expect(result.rows.first?.row.inputTokens == UInt32(first) && result.noted(.sourcesDisagree) == notes)
    }

    // MARK: Parameters

    @Test func aDefinitionAsATreeIsNoArgumentsEither() {
        let type = "{\"key\":\"type\",\"value\":{\"stringValue\":\"object\"}}"
        let properties = "{\"key\":\"properties\",\"value\":{\"kvlistValue\":{\"values\":[]}}}"
        func known(_ members: String) -> Bool? {
            decoded([
                ("agentops.span.kind", Build.text("tool")), ("tool.parameters", "{\"kvlistValue\":{\"values\":[\(members)]}}"),
            ]).rows.first?.row.arguments.isKnown
        }
        #expect(known("\(type),\(properties)") == false && known(type) == true)
    }
}
