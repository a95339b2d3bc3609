import KilterIntake
import KilterVocabulary
import Testing

@Suite("What a result says of itself")
struct ReceiptTests {
    private func row(_ result: String, tool: String = "work", extra: String = "") throws -> SpanRecord {
        try #require(
            Build.row(
                [
                    ("gen_ai.operation.name", Build.text("execute_tool")), ("gen_ai.tool.name", Build.text(tool)),
                    ("gen_ai.tool.call.result", Build.text(result)),
                ], extra: extra)
        ).row
    }

    @Test(
        "A line that only confirms is a receipt",
        arguments: [
            "The file /repo/src/app.py has been updated successfully.", "(Bash completed with no output)", "Tool ran without output",
            "Clicked element successfully", "Successfully stored in memory", "12 rows inserted into customers", "ok", "{\"status\":\"ok\"}",
        ])
    func receipts(_ result: String) throws { #expect(try row(result).flags.contains(.briefResult)) }

    @Test(
        "An answer is none",
        arguments: [
            "No matching records were found in the archive.", "The search completed; 0 results in the archive of the institute",
            "The archive is being rebuilt and cannot be searched at the moment.", "update failed: the record is locked by somebody else",
            "The tenders of the northern region are published every Monday.",
        ])
    func answers(_ result: String) throws { #expect(try !row(result).flags.contains(.briefResult)) }

    @Test("The tools that store plans answer with receipts, whatever they say")
    func plans() throws {
        #expect(try row("Todos are kept. Go on with the tasks in the order of the list.", tool: "TodoWrite").flags.contains(.briefResult))
        #expect(try !row("Todos are kept. Go on with the tasks in the order of the list.", tool: "ask").flags.contains(.briefResult))
    }

    @Test(
        "A result in JSON that says the call failed is a failure",
        arguments: [
            (#"{"isError":true,"content":[{"type":"text","text":"x"}]}"#, true), (#"{"success":false,"reason":"declined"}"#, true),
            (#"{"ok":false}"#, true), (#"{"error":"card network timeout"}"#, true), (#"{"error":{"code":7}}"#, true),
            (#"{"isError":false,"content":[]}"#, false), (#"{"success":true}"#, false), (#"{"error":null,"data":1}"#, false),
            (#"{"error":"","data":1}"#, false), (#"{"rows":[{"success":false}]}"#, false), (#"{"note":"\"ok\":false"}"#, false),
        ])
    func failures(_ result: (String, Bool)) throws { #expect(try row(result.0).flags.contains(.failed) == result.1) }

    @Test("An error that names a rate limit in words alone is one")
    func rateLimits() throws {
        for message in ["Rate limit exceeded, retry in 20 s", "Error code: 429 - slow down", "Too many requests"] {
            #expect(try row("x", extra: ",\"status\":{\"code\":2,\"message\":\"\(message)\"}").flags.contains(.rateLimited))
        }
        #expect(try !row("x", extra: ",\"status\":{\"code\":2,\"message\":\"port 8080 is in use\"}").flags.contains(.rateLimited))
    }
}
