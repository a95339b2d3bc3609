import KilterIntake
import KilterVocabulary
import Testing

/// What log records mean: exceptions, evaluation and guardrail results, outcomes, feedback, marks.
@Suite struct LogEventTests {
    private func read(_ event: String, _ attributes: [(String, LogValue)], body: LogValue? = nil) -> Decoded {
        LogRequest(entries: [LogEntry(event: event, body: body, attributes: attributes)]).fromWire
    }

    /// The example of the conventions' reference.
    @Test func evaluationOfTheReference() throws {
        let json = #"""
            {"resourceLogs":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"eval-runner"}}]},
             "scopeLogs":[{"scope":{"name":"evals","version":"1.0.0"},
             "logRecords":[{"timeUnixNano":"1787401300000000000","severityNumber":9,
             "traceId":"7f1c2b9e5a3d4c60b8e19fd20a4c7731","spanId":"a1b2c3d4e5f60718",
             "eventName":"gen_ai.evaluation.result",
             "attributes":[
              {"key":"gen_ai.evaluation.name","value":{"stringValue":"Relevance"}},
              {"key":"gen_ai.evaluation.score.value","value":{"doubleValue":4.0}},
              {"key":"gen_ai.evaluation.score.label","value":{"stringValue":"relevant"}},
              {"key":"gen_ai.response.id","value":{"stringValue":"resp_0c41d7aa91"}}]}]}]}]}
            """#
        let decoded = Decoded(json: json, signal: .logs)
        let row = try #require(decoded.rows.first)
        let said = try #require(decoded.said.first)
        #expect(row.row.kind == .assessment && row["service"] == "eval-runner" && row.row.flags == .logRecord)
        #expect(said.kind == .evaluation && said.extent == .span && said.name == "Relevance" && said.score == 4)
        #expect(said.label == "relevant" && said.judge == "" && said.span == 0xa1b2_c3d4_e5f6_0718)
        #expect(said.trace == TraceID(high: 0x7f1c_2b9e_5a3d_4c60, low: 0xb8e1_9fd2_0a4c_7731))
        let chat = try #require(Build.row([("gen_ai.response.id", Build.text("resp_0c41d7aa91"))]))
        #expect(said.responseID != 0 && said.responseID == chat.row.responseID)
        #expect(decoded.said.count == 1 && decoded.batch.notes.allSatisfy { $0 == 0 })
    }

    // MARK: Kinds

    @Test(arguments: [
        ("gen_ai.client.inference.operation.details", OperationKind.log), ("gen_ai.user.message", .log), ("gen_ai.choice", .log),
        ("claude_code.api_request", .log), ("gemini_cli.tool_call", .log), ("", .log),
        ("exception", .exception), ("gen_ai.client.operation.exception", .exception), ("kilter.mark", .mark),
    ])
    func eventsByName(_ event: (String, OperationKind)) throws {
        let named = try #require(read(event.0, []).rows.first)
        #expect(named.row.kind == event.1 && named.row.flags.contains(.logRecord))
        let older = try #require(read("", [("event.name", .text(event.0))]).rows.first)
        #expect(older.row.kind == event.1)
    }

    @Test func theNameOfTheRecordWinsOverTheAttribute() {
        #expect(read("gen_ai.choice", [("event.name", .text("exception"))]).rows.first?.row.kind == .log)
    }

    @Test func oneRecordMayStateSeveralThings() {
        let decoded = read(
            "gen_ai.evaluation.result",
            [
                ("gen_ai.evaluation.name", .text("Tone")), ("gen_ai.evaluation.score.label", .text("kind")),
                ("kilter.outcome", .text("approved")), ("kilter.user_feedback", .int(-1)),
            ])
        #expect(decoded.said.map(\.kind) == [.evaluation, .outcome, .feedback] && decoded.rows.first?.row.assessmentCount == 3)
        #expect(decoded.said.map(\.extent) == [.span, .trace, .trace] && decoded.said.map(\.label) == ["kind", "approved", ""])
        #expect(decoded.said.map(\.score) == [nil, nil, -1])
    }

    @Test func rowsReferToTheirOwnStatements() {
        let entries = [LogEntry.evaluation, .exception, .mark, .evaluation]
        let batch = LogRequest(entries: entries).fromWire.batch
        #expect(batch.rows.map { batch.assessments(of: $0).count } == [1, 0, 1, 1])
        #expect(batch.assessments(of: batch.rows[2]).first?.kind == .mark && batch.assessments.count == 3)
    }

    // MARK: Evaluations

    @Test(arguments: [
        (LogValue.double(0.25), Double?.some(0.25)), (.int(-3), -3), (.text("0.5"), 0.5), (.text("4"), 4), (.text("1e-3"), 0.001),
        (.flag(true), 1), (.double(.nan), nil), (.double(.infinity), nil), (.text("high"), nil), (.text(""), nil), (.text("0x10"), nil),
        (.text("1e999"), nil), (.bytes([1]), nil), (.list([.int(1)]), nil),
    ])
    func scores(_ pair: (LogValue, Double?)) throws {
        for decoded in [true, false].map({ isJSON in
            let entry = LogEntry(
                event: "gen_ai.evaluation.result",
                attributes: [
                    ("gen_ai.evaluation.name", .text("n")), ("gen_ai.evaluation.score.label", .text("l")),
                    ("gen_ai.evaluation.score.value", pair.0),
                ])
            return isJSON ? LogRequest(entries: [entry]).fromJSON : LogRequest(entries: [entry]).fromWire
        }) {
            #expect(decoded.said.first?.score == pair.1 && decoded.said.first?.label == "l")
            #expect(decoded.noted(.badNumber) == (pair.1 == nil ? 1 : 0))
            #expect(decoded.rows.first?.row.flags.contains(.badNumber) == (pair.1 == nil))
        }
    }

    @Test func anEvaluationNeedsANameAndAResult() {
        for attributes in [
            [("gen_ai.evaluation.score.value", LogValue.int(1))], [("gen_ai.evaluation.name", .text("n"))],
            [("gen_ai.evaluation.name", .text("n")), ("gen_ai.evaluation.score.value", .double(.nan))],
        ] {
            let decoded = read("gen_ai.evaluation.result", attributes)
            #expect(decoded.said.isEmpty && decoded.noted(.assessmentsDropped) == 1)
            #expect(decoded.rows.first?.row.kind == .assessment && decoded.rows.first?.row.assessmentCount == 0)
        }
    }

    @Test func judgesAreSpelledAlike() {
        func judge(_ name: String) -> String? {
            read(
                "gen_ai.evaluation.result",
                [
                    ("gen_ai.evaluation.name", .text("n")), ("gen_ai.evaluation.score.value", .int(1)),
                    ("gen_ai.evaluation.annotator_kind", .text(name)),
                ]
            ).said.first?.judge
        }
        #expect(judge("HUMAN") == "human" && judge("LLM") == "llm" && judge("Code") == "code" && judge("Anna") == "anna")
    }

    /// A judge's name without a prefix is read where it can mean nothing else.
    @Test func theJudgesBareNameCountsOnEvaluationsOnly() throws {
        let said: [(String, LogValue)] = [
            ("gen_ai.evaluation.name", .text("n")), ("gen_ai.evaluation.score.value", .int(1)), ("annotator_kind", .text("CODE")),
        ]
        #expect(read("gen_ai.evaluation.result", said).said.first?.judge == "code")
        let onSpan = Decoded(json: Build.request([Build.span(said.map { ($0.0, $0.1.json) })]))
        #expect(onSpan.statements == ["evaluation n 1.0 - by -"])
    }

    @Test func theTargetIsTheSpanElseTheResponseElseTheTrace() throws {
        func said(_ edit: (inout LogEntry) -> Void) throws -> Said {
            var entry = LogEntry.evaluation
            edit(&entry)
            return try #require(LogRequest(entries: [entry]).fromJSON.said.first)
        }
        let bySpan = try said { _ in }
        #expect(bySpan.extent == .span && bySpan.span != 0 && bySpan.responseID != 0)
        let byResponse = try said { $0.span = 0 }
        #expect(byResponse.extent == .span && byResponse.span == 0 && byResponse.responseID == bySpan.responseID)
        let byTrace = try said {
            $0.span = 0
            $0.attributes.remove(at: 3)
        }
        #expect(byTrace.extent == .trace && byTrace.trace.isValid && byTrace.responseID == 0)
    }

    @Test func fieldsMayStandInTheBody() {
        let body = LogValue.map([
            ("gen_ai.evaluation.name", .text("Tone")), ("gen_ai.evaluation.score.value", .double(0.5)),
            ("gen_ai.agent.name", .text("body")),
        ])
        let decoded = read("gen_ai.evaluation.result", [("gen_ai.agent.name", .text("own"))], body: body)
        #expect(decoded.said.first?.name == "Tone" && decoded.said.first?.score == 0.5)
        #expect(decoded.rows.first?["agent"] == "own" && decoded.noted(.duplicateKey) == 0)
    }

    // MARK: Guardrails, outcomes, feedback, marks

    @Test(arguments: [
        [("gen_ai.guardrail.component.name", LogValue.text("pii")), ("gen_ai.guardrail.result.type", .text("deny"))],
        [("gen_ai.guardrail.policy.id", .text("pii")), ("gen_ai.guardrail.result.value", .text("deny"))],
        [("gen_ai.guardrail.name", .text("pii")), ("gen_ai.guardrail.status", .text("deny"))],
    ])
    func guardrails(_ attributes: [(String, LogValue)]) {
        let decoded = read("gen_ai.guardrail.result", attributes)
        #expect(decoded.said.first?.kind == .guardrail && decoded.said.first?.name == "pii" && decoded.said.first?.label == "deny")
        #expect(decoded.rows.first?.row.kind == .assessment)
    }

    @Test func aGuardrailMayJustHaveTriggered() {
        let attributes = [("gen_ai.guardrail.name", LogValue.text("pii")), ("gen_ai.guardrail.triggered", .flag(true))]
        #expect(read("gen_ai.guardrail.result", attributes).said.first?.label == "triggered")
        #expect(read("gen_ai.guardrail.result", [attributes[0]]).noted(.assessmentsDropped) == 1)
    }

    @Test func outcomesAndFeedbackComeUnderAnyName() {
        let outcome = read("", [("kilter.outcome", .text("escalated"))])
        #expect(outcome.rows.first?.row.kind == .assessment && outcome.said.first?.kind == .outcome)
        #expect(outcome.said.first?.label == "escalated" && outcome.said.first?.extent == .trace)
        let feedback = read("app.thumbs", [("kilter.user_feedback", .double(0.75))])
        #expect(feedback.rows.first?.row.kind == .assessment && feedback.said.first?.score == 0.75)
        let bad = read("app.thumbs", [("kilter.user_feedback", .text("up"))])
        #expect(bad.said.isEmpty && bad.noted(.assessmentsDropped) == 1 && bad.noted(.badNumber) == 1)
    }

    @Test func withoutATraceTheConversationIsMeant() {
        var entry = LogEntry(attributes: [("kilter.outcome", .text("approved")), ("gen_ai.conversation.id", .text("ticket-9"))])
        (entry.trace, entry.span) = (0, 0)
        let decoded = LogRequest(entries: [entry]).fromWire
        #expect(decoded.said.first?.extent == .session && decoded.rows.first?["conversation"] == "ticket-9")
    }

    @Test func marks() {
        let decoded = LogRequest(entries: [.mark]).fromJSON
        #expect(decoded.rows.first?.row.kind == .mark && decoded.said.count == 1)
        let said = decoded.said.first
        #expect(said?.kind == .mark && said?.name == "prompt" && said?.label == "triage" && said?.judge == "shorter answers")
    }

    // MARK: Exceptions

    /// The span that ended with the exception and the log record that tells of it show one failure.
    @Test(arguments: [
        ("TimeoutError", "gave up after 5 s", ""), ("RateLimitError", "429 Too Many Requests", ""), ("openai.BadRequestError", "", ""),
        ("TimeoutError", "gave up", "timeout"), ("", "no type", ""),
    ])
    func exceptionsAreThoseOfSpans(_ exception: (type: String, message: String, errorType: String)) throws {
        var attributes = [("exception.type", LogValue.text(exception.type)), ("exception.message", .text(exception.message))]
        let event = ",\"events\":[{\"name\":\"exception\",\"attributes\":\(Build.attributes(attributes.map { ($0.0, $0.1.json) }))}]"
        let own = exception.errorType.isEmpty ? [] : [("error.type", Build.text(exception.errorType))]
        let span = try #require(Build.row(own, extra: event + ",\"status\":{\"code\":2}"))
        if !exception.errorType.isEmpty { attributes.append(("error.type", .text(exception.errorType))) }
        for name in ["exception", "gen_ai.client.operation.exception", ""] {
            let record = LogRequest(entries: [LogEntry(event: name, attributes: attributes)])
            for log in [record.fromJSON, record.fromWire].map(\.rows.first) {
                #expect(log?.row.kind == .exception && log?.row.errorDigest == span.row.errorDigest && log?.row.errorDigest != 0)
                #expect(log?["error"] == span["error"] && log?.row.flags == span.row.flags.union(.logRecord))
            }
        }
    }

    @Test func otherRecordsFailNothing() throws {
        let row = try #require(read("claude_code.api_error", [("error.type", .text("timeout")), ("success", .flag(false))]).rows.first)
        #expect(row.row.kind == .log && row.row.flags == .logRecord && row.row.errorDigest == 0)
    }
}
