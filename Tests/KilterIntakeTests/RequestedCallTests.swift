import Foundation
import KilterIntake
import KilterMath
import KilterVocabulary
import Testing

/// Arguments that only the model's own span shows, in every form in which models ask for calls.
@Suite struct RequestedCallTests {
    private static let openAI = #"{"id":"c1","type":"function","function":{"name":"find","arguments":"{\"q\": 1}"}}"#

    private func chat(_ list: [(String, String)], operation: String = "chat") -> Decoded {
        Decoded(json: Build.request([Build.span([("gen_ai.operation.name", Build.text(operation))] + list)]))
    }

    private func expected(_ text: String) -> Fingerprint {
        var content = ContentFingerprints(key: .published)
        return content.fingerprint(of: Array(text.utf8))
    }

    @Test(
        arguments: [
            [
                (
                    "gen_ai.output.messages",
                    Build.text(
                        #"[{"role":"assistant","parts":[{"type":"text","content":"x"},"#
                            + #"{"type":"tool_call","id":"c1","name":"find","arguments":{ "q" : 1 } }]}]"#)
                )
            ],
            [("gen_ai.output.messages", Build.text(#"[{"parts":[{"arguments":"{\"q\":1.0}","id":"c1","type":"tool_call"}]}]"#))],
            [("gen_ai.output.messages", Build.text(#"[{"role":"assistant","tool_calls":[\#(openAI)]}]"#))],
            [("gen_ai.output.messages", Build.text(#"{"message":{"tool_calls":[\#(openAI)]},"finish_reason":"tool_calls"}"#))],
            [("gen_ai.output.messages", Build.text(#"[{"content":[{"type":"tool_use","id":"c1","input":{"q":1}}]}]"#))],
            [("gen_ai.output.messages", "[{\"parts\":[{\"type\":\"tool_call\",\"id\":\"c1\",\"arguments\":{\"q\":1}}]}]")],
            [("ai.response.toolCalls", Build.text(#"[{"toolCallType":"function","toolCallId":"c1","args":"{\"q\":1}"}]"#))],
            [("ai.response.toolCalls", Build.text(#"[{"toolCallId":"c1","toolName":"find","input":{"q":1}}]"#))],
            [
                ("llm.output_messages.0.message.tool_calls.0.tool_call.id", Build.text("c1")),
                ("llm.output_messages.0.message.tool_calls.0.tool_call.function.name", Build.text("find")),
                ("llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments", Build.text(#"{"q":1}"#)),
            ],
            [
                ("llm.output_messages.0.message.contents.2.tool_call.function.arguments", Build.text(#"{"q":1}"#)),
                ("llm.output_messages.0.message.contents.2.tool_call.id", Build.text("c1")),
            ],
            [
                ("gen_ai.completion.0.tool_calls.0.id", Build.text("c1")),
                ("gen_ai.completion.0.tool_calls.0.name", Build.text("find")),
                ("gen_ai.completion.0.tool_calls.0.arguments", Build.text(#"{"q":1}"#)),
            ],
        ] as [[(String, String)]])
    func everyForm(_ list: [(String, String)]) throws {
        let decoded = chat(list)
        let row = try #require(decoded.batch.rows.first)
        let calls = decoded.batch.requestedCalls(of: row)
        #expect(calls.count == 1 && calls.first?.arguments == expected(#"{"q":1}"#))
        let tool = Build.row([("gen_ai.tool.call.id", Build.text("c1"))])
        #expect(calls.first?.callID == tool?.row.callID && calls.first?.argumentsCharacters ?? 0 >= 7)
    }

    @Test(arguments: [
        #"[{"parts":[{"type":"server_tool_call","id":"c1","arguments":{}}]}]"#, #"[{"parts":[{"type":"tool_call","id":"c1"}]}]"#,
        #"[{"parts":[{"type":"tool_call_response","id":"c1","input":"x"}]}]"#, #"[{"parts":[{"type":"tool_call","arguments":{}}]}]"#,
        #"[{"parts":[{"type":"tool_call","id":"c1","arguments":{"q":"#, "None", "", "7", "[", #"{"id":7,"arguments":{}}"#,
        #"[{"parts":[{"type":"tool_call","id":"c1","arguments":"__REDACTED__"}]}]"#,
    ])
    func whatIsNoCall(_ text: String) {
        #expect(chat([("gen_ai.output.messages", Build.text(text))]).batch.requestedCalls.isEmpty)
    }

    @Test func severalCallsAndOddKinds() {
        let parts = (1...70).map { #"{"type":"tool_call","id":"c\#($0)","arguments":{"q":\#($0)}}"# }.joined(separator: ",")
        let messages = ("gen_ai.output.messages", Build.text("[{\"parts\":[\(parts)]}]"))
        #expect(chat([messages]).batch.requestedCalls.count == Limits.requestsOfSpanMax)
        #expect(chat([messages], operation: "invoke_agent").batch.requestedCalls.isEmpty)
        let empty = chat([("gen_ai.output.messages", Build.text(#"[{"parts":[{"type":"tool_call","id":"c","arguments":""}]}]"#))])
        #expect(empty.batch.requestedCalls.first?.arguments == expected("{}") && empty.batch.requestedCalls.first?.argumentsCharacters == 0)
        let far = chat([
            ("gen_ai.completion.0.tool_calls.5000.id", Build.text("c1")),
            ("gen_ai.completion.0.tool_calls.5000.arguments", Build.text("{}")),
        ])
        #expect(far.batch.requestedCalls.isEmpty)
    }

    @Test func bothEncodingsAskForTheSame() throws {
        let url = Package.root.appendingPathComponent("Fixtures/Frames/conventions.jsonl")
        for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") {
            let json = Decoded(Array(line.utf8), .json).batch.requestedCalls
            let protobuf = Decoded(try ProtobufTwin.request(line), .protobuf).batch.requestedCalls
            #expect(json.map(\.arguments) == protobuf.map(\.arguments) && json.map(\.callID) == protobuf.map(\.callID))
        }
    }

    // MARK: The join

    /// The example's chat, then its bare tool, admitted through one admission or through its copy.
    @Test func theToolSpanOfTheExamplesFindsItsArguments() throws {
        let url = Package.root.appendingPathComponent("Fixtures/Frames/conventions.jsonl")
        let lines = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
        // The tool's resource names no department, and its span has a fingerprint of its own: take both away.
        let tool = lines[2].replacing(#"{"key":"kilter.tool.args_hash","value":{"bytesValue":"q83vASNFZ4mrze8BI0VniQ=="}}"#, with: "{}")
            .replacing(
                #""resource":{"attributes":["#,
                with: #""resource":{"attributes":[{"key":"service.namespace","value":{"stringValue":"insurance-ops"}},"#)
        for restores in [false, true] {
            var admission = Admission()
            var asked = Decoded(Array(lines[0].utf8), .json).batch
            admission.admitRefusals(of: asked)
            admission.admit(&asked, rows: 0..<1, arrival: nil)
            if restores { admission = try Self.copy(of: admission) }
            var bare = Decoded(json: String(tool)).batch
            #expect(!bare.rows[0].arguments.isKnown)
            admission.admitRefusals(of: bare)
            admission.admit(&bare, rows: 0..<1, arrival: nil)
            #expect(bare.rows[0].arguments == expected(#"{"policy_id":"P-55120"}"#) && bare.rows[0].argumentsCharacters == 23)
            #expect(admission.notes[Int(Note.argumentsUnobservable.rawValue)] == 0)
        }
    }

    private static func copy(of admission: borrowing Admission) throws -> Admission {
        var writer = ByteWriter()
        admission.write(to: &writer)
        var copy = Admission()
        var reader = ByteReader(writer.bytes)
        try copy.restore(from: &reader)
        for piece in admission.tenantPieces() {
            var reader = ByteReader(piece.payload)
            try copy.restoreTenant(piece.tenant, from: &reader)
        }
        return copy
    }

    @Test func anotherTraceOrAnotherIdFindsNothing() {
        let chat = Build.span([
            ("gen_ai.operation.name", Build.text("chat")),
            ("gen_ai.output.messages", Build.text(#"[{"parts":[{"type":"tool_call","id":"c1","arguments":{"q":1}}]}]"#)),
        ])
        func tool(_ id: String, _ span: String, trace: String = Build.trace) -> String {
            Build.span([("gen_ai.tool.call.id", Build.text(id)), ("gen_ai.tool.name", Build.text("find"))])
                .replacing("00f067aa0ba902b7", with: span).replacing(Build.trace, with: trace)
        }
        let spans = [
            tool("c1", "00000000000000a0"), chat, tool("c1", "00000000000000a1"), tool("c2", "00000000000000a2"),
            tool("c1", "00000000000000a3", trace: "ff112233445566778899aabbccddeeff"), tool("c1", "00000000000000a4"),
        ]
        var batch = Decoded(json: Build.request(spans)).batch
        var admission = Admission()
        admission.admitRefusals(of: batch)
        admission.admit(&batch, rows: 0..<6, arrival: nil)
        #expect(batch.rows.map(\.arguments.isKnown) == [false, false, true, false, false, true])
        #expect(admission.notes[Int(Note.argumentsUnobservable.rawValue)] == 3)
    }

    // MARK: Calls that two spans tell

    @Test func aCallFailsAsItsInnerHalfDid() {
        let inner = Build.span(
            [("success", "{\"boolValue\":false}"), ("error", Build.text("ShellError"))], name: "claude_code.tool.execution",
            parent: "00000000000000aa")
        let outer = Build.span([("tool_name", Build.text("Bash"))], name: "claude_code.tool")
            .replacing("00f067aa0ba902b7", with: "00000000000000aa")
        var batch = Decoded(json: Build.request([inner, outer])).batch
        var admission = Admission()
        admission.admitRefusals(of: batch)
        admission.admit(&batch, rows: 0..<2, arrival: nil)
        #expect(batch.rows[0].kind == .step && batch.rows[1].kind == .executeTool)
        #expect(batch.rows[1].flags.contains(.failed) && batch.rows[1].errorDigest == batch.rows[0].errorDigest)
        #expect(admission.names(of: batch.rows[1].place.tenantName).text(batch.rows[1].place.errorName) == "ShellError")
    }

    @Test func twoSpansOfOneModelCallCountOnce() {
        func chat(_ span: String, _ parent: String, _ tokens: Int64) -> String {
            Build.span(
                [("gen_ai.operation.name", Build.text("chat")), ("gen_ai.usage.input_tokens", Build.int(tokens))], parent: parent
            ).replacing("00f067aa0ba902b7", with: span)
        }
        func spent(_ spans: [String]) -> [UInt64] {
            var batch = Decoded(json: Build.request(spans)).batch
            var admission = Admission()
            admission.admit(&batch, rows: 0..<spans.count, arrival: nil)
            return batch.rows.map(\.place.runTokens)
        }
        let (agent, outer, inner) = ("00000000000000aa", "00000000000000bb", "00000000000000cc")
        #expect(spent([chat(inner, outer, 100), chat(outer, agent, 100)]) == [100, 100])
        #expect(spent([chat(outer, agent, 100), chat(inner, outer, 100)]) == [100, 100])
        #expect(spent([chat(inner, outer, 90), chat(outer, agent, 100)]) == [90, 100])
        #expect(spent([chat(inner, agent, 100), chat(outer, agent, 100)]) == [100, 200])
        #expect(spent([chat(inner, outer, 40), chat("00000000000000dd", outer, 60), chat(outer, agent, 100)]) == [40, 100, 100])
    }
}
