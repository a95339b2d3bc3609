import KilterIntake
import KilterVocabulary
import Testing

@Suite("Results that differ in times and ids alone")
struct VolatileTests {
    private func result(_ text: String) -> Fingerprint? {
        return Build.row([
            ("gen_ai.operation.name", Build.text("execute_tool")), ("gen_ai.tool.name", Build.text("x")),
            ("gen_ai.tool.call.result", Build.text(text)),
        ])?.row.result
    }

    @Test(
        "They are one result",
        arguments: [
            (
                #"{"status":"running","timestamp":"2026-03-02T09:00:01Z","duration_ms":12,"pid":4711,"request_id":"a-1"}"#,
                #"{"status":"running","timestamp":"2026-03-02T09:10:07Z","duration_ms":99,"pid":12,"request_id":"b-2"}"#
            ),
            (
                #"{"job":{"state":"queued","startedAt":{"s":1}},"took":[1,2]}"#,
                #"{"job":{"state":"queued","startedAt":{"s":2}},"took":[]}"#
            ),
            (
                "error: the database at db-3 refused the connection at 2026-03-02 09:18:50.048",
                "error: the database at db-3 refused the connection at 2026-03-02 09:19:51.9"
            ),
            ("3 tests failed, none of the others was reached in 0.52s", "3 tests failed, none of the others was reached in 12.1 s"),
            ("server is already listening, started with pid 811 on port 80", "server is already listening, started with pid 9 on port 80"),
            (
                #"{"stdout":"3 tests failed, none of the others was reached in 0.52s","exit":1}"#,
                #"{"stdout":"3 tests failed, none of the others was reached in 0.60s","exit":1}"#
            ),
        ])
    func same(_ pair: (String, String)) throws {
        let first = try #require(result(pair.0))
        #expect(first.isKnown && first == result(pair.1))
    }

    @Test(
        "They are two results",
        arguments: [
            ("Sat Nov 21 16:12:36 UTC 2026", "Sat Nov 21 16:12:37 UTC 2026"), (#"{"now":1}"#, #"{"now":2}"#),
            ("2026-03-02T09:18:50Z", "2026-03-02T09:18:51Z"), (#"{"page":1,"items":[]}"#, #"{"page":2,"items":[]}"#),
            ("page 1 of the list of all the open tickets", "page 2 of the list of all the open tickets"),
            ("the meeting of the whole team is on 2026-03-02", "the meeting of the whole team is on 2026-03-03"),
            (#"{"status":"running","ts":1}"#, #"{"status":"done","ts":1}"#),
            ("12 of the 40 files were copied", "13 of the 40 files were copied"),
            ("distance to the next charging station is 12 m", "distance to the next charging station is 13 m"),
        ])
    func different(_ pair: (String, String)) throws {
        let first = try #require(result(pair.0))
        #expect(first.isKnown && first != result(pair.1))
    }

    @Test("Members that the configuration calls volatile are no part of a call, at any depth and however they are written")
    func configured() throws {
        let rules = IntakeRules(volatile: [VolatileFields(tool: "search*", fields: ["Request-ID", "hint"])])
        func arguments(_ text: String, tool: String = "search_web") throws -> Fingerprint {
            let attributes = [
                ("gen_ai.operation.name", Build.text("execute_tool")), ("gen_ai.tool.name", Build.text(tool)),
                ("gen_ai.tool.call.arguments", Build.text(text)),
            ]
            var decoder = RequestDecoder(rules: rules)
            var batch = SpanBatch()
            _ = decoder.decode(copying: Array(Build.request([Build.span(attributes)]).utf8), encoding: .json, into: &batch)
            return try #require(batch.rows.first).arguments
        }
        let one = try arguments(#"{"q":"x","request_id":"1","more":{"hint":"a, \"b\" } ]","n":1}}"#)
        #expect(try one.isKnown && one == arguments(#"{"more":{"n":1,"hint":"c"},"requestId":"2","q":"x"}"#))
        #expect(try one != arguments(#"{"q":"y","request_id":"1","more":{"hint":"a","n":1}}"#))
        #expect(try arguments(#"{"request_id":"1"}"#) != arguments(#"{"request_id":"2"}"#), "nothing else is left")
        #expect(try arguments(#"{"q":1,"hint":1}"#, tool: "find") != arguments(#"{"q":1,"hint":2}"#, tool: "find"), "another tool")
    }

    @Test("A result without volatile parts has the fingerprint it always had, and whatever comes is no harm")
    func untouched() throws {
        var fingerprints = ContentFingerprints(key: .published)
        for text in ["nothing found", #"{"b":[1,2],"a":"x"}"#, "{", #"{"pid":"#, "pid", "in 5", "12:", "(3", "2026-03-02T09:1"] {
            #expect(result(text) == fingerprints.fingerprint(of: Array(text.utf8)), "\(text)")
        }
        for text in [#"{"took":{"a":[{"b":"}"}]}}"#, #"{"a":{"took":1}}"#, #"[{"ts":1},{"ts":2,"x":3}]"#] {
            #expect(result(text)?.isKnown == true)
        }
    }
}
