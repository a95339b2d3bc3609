import Foundation
import KilterIntake
import KilterVocabulary
import Seeded
import Testing

/// What a model answered, in every form in which producers show it, and the message that it answered.
@Suite struct AnswerTests {
    private static let said = #"I am "going" to look it up\n now."#
    private static let chat = [("gen_ai.operation.name", Build.text("chat"))]

    private func json(_ value: Any) -> String {
        String(decoding: (try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed])) ?? Data(), as: UTF8.self)
    }

    /// The answer of a span, which must be the same in both encodings.
    private func answer(_ list: [(String, String)], operation: String? = "chat", scope: String = "s") throws -> Answer {
        let kind = operation.map { [("gen_ai.operation.name", Build.text($0))] } ?? []
        let request = Build.request([Build.span(kind + list)], scope: scope)
        let row = try #require(Decoded(json: request).rows.first)
        let twin = try #require(Decoded(ProtobufTwin.request(request), .protobuf).rows.first)
        #expect(row == twin)
        return row.row.answer
    }

    private func messages(_ list: [[String: Any]]) -> String { Build.text(json(list)) }

    @Test func everyForm() throws {
        let said = Self.said
        let part: [String: Any] = ["type": "text", "content": said]
        let tree =
            #"{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"parts","value":{"arrayValue":{"values":[{"kvlistValue":"#
            + #"{"values":[{"key":"content","value":\#(Build.text(said))},{"key":"type","value":{"stringValue":"text"}}]}}]}}},"#
            + #"{"key":"role","value":{"stringValue":"assistant"}}]}}]}}"#
        let forms: [[(String, String)]] = [
            [("gen_ai.output.messages", messages([["role": "assistant", "parts": [part], "finish_reason": "stop"]]))],
            [("gen_ai.output.messages", messages([["role": "assistant", "content": said]]))],
            [("gen_ai.output.messages", Build.text(json(["message": ["role": "assistant", "content": said]])))],
            [("gen_ai.output.messages", tree)],
            [("gen_ai.output.messages", messages([["role": "user", "content": "x"], ["role": "assistant", "content": "  \(said)\n"]]))],
            [
                ("llm.output_messages.0.message.role", Build.text("assistant")),
                ("llm.output_messages.0.message.content", Build.text(said)),
            ],
            [("llm.output_messages.0.message.contents.1.message_content.text", Build.text(said))],
            [("gen_ai.completion.0.content", Build.text(said)), ("gen_ai.completion.0.role", Build.text("assistant"))],
            [("ai.response.text", Build.text(said))],
            [("langfuse.observation.output", Build.text(json(["role": "assistant", "content": said])))],
            [("langfuse.observation.output", Build.text(said))],
            [("gen_ai.completion", Build.text(json(["generations": [[["text": said, "generation_info": ["id": "a"]]]]])))],
            [("gcp.vertex.agent.llm_response", Build.text(json(["content": ["parts": [["text": said]], "role": "model"]])))],
            [("pydantic_ai.all_messages", messages([["role": "user", "parts": [part]], ["role": "assistant", "parts": [part]]]))],
            [("output.value", Build.text(said))],
            [("kilter.message.text", Build.text(said))],
        ]
        let digests = try forms.map { form in
            let found = try answer(form)
            #expect(found.kind == .text && found.tailRepeats == 0, "\(form)")
            return found.digest
        }
        #expect(Set(digests.dropLast()).count == 1)
        #expect(digests.allSatisfy { $0 != 0 })
    }

    @Test func whatIsNoAnswer() throws {
        let call: [String: Any] = ["type": "tool_call", "id": "c1", "name": "find", "arguments": ["q": 1]]
        let asking = try answer([
            ("gen_ai.output.messages", messages([["role": "assistant", "parts": [["type": "text", "content": "x"], call]]]))
        ])
        #expect(asking.kind == .request)
        let flat = try answer([
            ("llm.output_messages.0.message.content", Build.text(Self.said)),
            ("llm.output_messages.0.message.tool_calls.0.tool_call.id", Build.text("c1")),
        ])
        #expect(flat.kind == .request)
        for value in ["", "[", "[]", "null", "__REDACTED__", #"[{"role":"user","content":"hello, who are you today?"}]"#, #"{"id":"x-1"}"#]
        {
            #expect(try answer([("gen_ai.output.messages", Build.text(value))]) == Answer(), "\(value)")
        }
        #expect(try answer([("output.value", Build.text(#"{"id":"chatcmpl-1","created":17}"#))]) == Answer())
        #expect(try answer([("ai.response.text", Build.text(Self.said))], operation: "execute_tool") == Answer())
        #expect(try answer([("ai.response.text", Build.text(Self.said))], operation: "embeddings") == Answer())
        #expect(try answer([]) == Answer())
    }

    @Test func briefOnesAndDigests() throws {
        for text in ["Done.", "OK", "yes", "42", #"{"label":"spam"}"#] {
            let found = try answer([("gen_ai.output.messages", messages([["role": "assistant", "content": text]]))])
            #expect(found.kind == .brief && found.digest != 0, "\(text)")
        }
        let hash = ("kilter.message.sha256", Build.text("00ff00ff00ff00ff"))
        #expect(try answer([hash]).kind == .text)
        #expect(try answer([hash, ("kilter.message.chars", Build.int(5))]).kind == .brief)
        #expect(try answer([hash, ("kilter.sender.name", Build.text("other"))], operation: "invoke_agent") == Answer(), "a message")
        #expect(try answer([hash], operation: "invoke_agent").kind == .text)
        let thought: [[String: Any]] = [["role": "assistant", "parts": [["type": "reasoning", "content": Self.said]]]]
        let found = try answer([("gen_ai.output.messages", messages(thought))])
        #expect(found.kind == .text && found.digest == 0, "a thought is an answer that equals nothing")
    }

    @Test func eventsTellWhatSpansDoNot() throws {
        let said: LogValue = .map([("role", .text("assistant")), ("content", .text(Self.said))])
        let choice = LogEntry(event: "gen_ai.choice", body: .map([("index", .int(0)), ("message", said)]))
        let messages: LogValue = .text(json([["role": "assistant", "parts": [["type": "text", "content": Self.said]]]]))
        let details = LogEntry(event: "gen_ai.client.inference.operation.details", attributes: [("gen_ai.output.messages", messages)])
        let expected = try answer([("ai.response.text", Build.text(Self.said))])
        for entry in [choice, details] {
            let request = LogRequest(entries: [entry])
            for decoded in [request.fromJSON, request.fromWire] {
                let row = try #require(decoded.rows.first)
                #expect(row.row.answer == expected && row.row.kind == .log)
            }
        }
        var nowhere = choice
        nowhere.span = 0
        let ordinary = LogEntry(event: "app.log", body: .map([("message", said)]), attributes: [("message", .text("x"))])
        for entry in [nowhere, ordinary] {
            let request = LogRequest(entries: [entry])
            #expect(request.fromJSON.rows.first?.row.answer == Answer() && request.fromWire.rows.first?.row.answer == Answer())
        }
    }

    // MARK: The message before

    private func prompt(_ list: [(String, String)]) throws -> UInt64 {
        try answer(list + [("ai.response.text", Build.text(Self.said))]).prompt
    }

    @Test func theLastMessageThatIsNotTheModelsOwn() throws {
        func input(_ turns: [(String, String)], roleLast: Bool = false, padding: Int = 0) -> String {
            let texts = turns.map { role, text in
                let long = text + String(repeating: " \"and\" so on", count: role == "system" ? padding : 0)
                let (role, content) = (#""role":\#(json(role))"#, #""content":\#(json(long))"#)
                return "{" + (roleLast ? content + "," + role : role + "," + content) + "}"
            }
            return Build.text("[" + texts.joined(separator: ",") + "]")
        }
        for roleLast in [false, true] {
            for padding in [0, 5_000] {
                func seen(_ turns: [(String, String)]) throws -> UInt64 {
                    try prompt([
                        ("gen_ai.input.messages", input([("system", #"Be "brief""#)] + turns, roleLast: roleLast, padding: padding))
                    ])
                }
                let first = try seen([("user", "Hello")])
                #expect(first != 0)
                #expect(try seen([("user", "Hello"), ("assistant", "Hm")]) == first)
                #expect(try seen([("user", "Hello"), ("assistant", "Hm"), ("assistant", #"a "role":"user" b"#)]) == first)
                let second = try seen([("user", "Hello"), ("assistant", "Hm"), ("user", "Go on")])
                #expect(second != first && second != 0)
                #expect(try seen([("user", "Hello"), ("tool", "a result")]) != first)
            }
        }
        #expect(try prompt([("gen_ai.input.messages", Build.text("[]"))]) == 0)
        #expect(try prompt([("gen_ai.input.messages", Build.text("[{\"role\":"))]) == 0)
        let cut = #"[{"role":"user","content":"Hello"},{"role":"user","content":"And no"#
        #expect(try prompt([("gen_ai.input.messages", Build.text(cut))]) == 0, "cut off by a limit on values")
        #expect(try prompt([]) == 0)
    }

    @Test func whatACallThatAsksForToolsWasAsked() throws {
        let asks = Build.text(
            json([["role": "assistant", "parts": [["type": "tool_call", "id": "c1", "name": "search", "arguments": ["q": "x"]]]]]))
        func seen(_ turns: [(role: String, content: String)]) throws -> UInt64 {
            let input = turns.map { #"{"role":"\#($0.role)","content":"\#($0.content)"}"# }.joined(separator: ",")
            let answer = try answer([("gen_ai.input.messages", Build.text("[\(input)]")), ("gen_ai.output.messages", asks)])
            #expect(answer.kind == .request)
            return answer.prompt
        }
        let first = try seen([("system", "Be brief"), ("user", "Hello")])
        #expect(try first != 0 && seen([("user", "Hello")]) == first)
        #expect(try seen([("system", "Be brief"), ("user", "Hello"), ("tool", "a result")]) == 0, "another tool's word is no request")
        #expect(try seen([("system", "Be brief")]) == 0)
    }

    @Test func indexedMessages() throws {
        func flat(_ turns: [(String, String)]) -> [(String, String)] {
            turns.enumerated().flatMap { number, turn in
                [
                    ("llm.input_messages.\(number).message.content", Build.text(turn.1)),
                    ("llm.input_messages.\(number).message.role", Build.text(turn.0)),
                ]
            }
        }
        let long = (0..<20).map { ($0 % 2 == 0 ? "user" : "assistant", "turn \($0)") }
        let first = try prompt(flat(long))
        #expect(first != 0)
        #expect(try prompt(flat(long).reversed()) == first, "in any order")
        #expect(try prompt(flat(long.dropLast())) == first, "the last one was the model's own")
        #expect(try prompt(flat(long + [("user", "new")])) != first)
        let older = [("gen_ai.prompt.0.role", Build.text("user")), ("gen_ai.prompt.0.content", Build.text("turn 18"))]
        #expect(try prompt(older) == first, "the same message")
    }

    // MARK: Ends that repeat

    private func tail(_ text: String) throws -> (bytes: Int, repeats: Int) {
        let found = try answer([("gen_ai.output.messages", messages([["role": "assistant", "content": text]]))])
        return (Int(found.tailBytes), Int(found.tailRepeats))
    }

    @Test(arguments: [30, 40, 61, 300, 1_500])
    func endsThatRepeat(length: Int) throws {
        var random = Seeded(state: UInt64(length))
        let words = ["turnover", "we", "should", "check", "a", "supplier", "und", "größer", "then", "order"]
        var block = "Alpha "
        while block.utf8.count < length { block += words[Int(random.next() % UInt64(words.count))] + " " }
        for copies in [4, 10, 20] where copies * block.utf8.count >= 192 && copies * block.utf8.count < Limits.answerTailBytes {
            let before = "At first I had a look at everything that was there. "
            let found = try tail(before + String(repeating: block, count: copies))
            #expect(found.bytes == block.utf8.count && abs(found.repeats - copies) <= 1, "\(copies) copies of \(block.utf8.count)")
            // A word more than the block, cut off at any place.
            let cut = try tail(before + String(repeating: block, count: copies) + block.prefix(5))
            #expect(cut.bytes == block.utf8.count && abs(cut.repeats - copies) <= 1)
        }
        #expect(try tail(String(repeating: "not available yet, ", count: 40)).repeats == 0, "a label, a cell, a refrain")
        #expect(try tail("no " + String(repeating: "no ", count: 20)).repeats == 0, "too short to tell")
        #expect(try tail(String(repeating: block, count: 20) + "And that is all that I found, I stop here.").repeats == 0)
    }

    @Test func structureIsNoRepetition() throws {
        let numbers = 1...40
        let texts = [
            numbers.map { "- https://archive.example.org/tenders/2026/03/region-north/item-\($0) is open" }.joined(separator: "\n"),
            String(repeating: "| supplier | no answer | open | none |\n", count: 30),
            "Run this:\n```\n" + String(repeating: "    total is total and the next value\n", count: 30),
            "Run this:\n~~~\n" + String(repeating: "    total is total and the next value\n", count: 30),
            "Summary\n" + String(repeating: "-", count: 500), String(repeating: "= ", count: 300), String(repeating: "- - ", count: 300),
            "[" + numbers.map { _ in "\"not found\"" }.joined(separator: ", "),
            #"{"values": ["# + String(repeating: "\"no value there\", ", count: 40),
            "The series is " + numbers.map { _ in "0 1 1 0 12.5" }.joined(separator: " "),
            "Its key is " + String(repeating: "QUFBQUFBQUFBQUFB", count: 40), String(repeating: "deadbeef", count: 60),
            String(repeating: "yes, no, ", count: 60), String(repeating: "    self.value = value;\n", count: 30),
            String(repeating: "<td>not found there</td>\n", count: 30), String(repeating: " \n", count: 300),
        ]
        for text in texts { #expect(try tail(text).repeats == 0, "\(text.prefix(60))") }
        #expect(try tail("Run this:\n```\nx\n```\n" + String(repeating: "I should now run this. ", count: 30)).repeats >= 29)
    }

    /// Texts of words drawn at random do not repeat, and what the reader says of any text is the same in both encodings.
    @Test func ordinaryTexts() throws {
        var random = Seeded(state: 14)
        let words = ["the", "a", "we", "check", "turnover", "supplier", "\"x\"", "\\", "\n", "größer", "then", "12", "|", "`"]
        for _ in 0..<200 {
            let count = Int(random.next() % 900)
            let text = (0..<count).map { _ in words[Int(random.next() % UInt64(words.count))] }.joined(separator: " ")
            #expect(try tail(text).repeats == 0)
        }
    }
}
