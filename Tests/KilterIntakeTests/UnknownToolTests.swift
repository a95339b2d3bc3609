import KilterIntake
import KilterVocabulary
import Testing

@Suite("Calls of tools that do not exist")
struct UnknownToolTests {
    private func isUnknown(_ type: String, _ message: String? = nil, result: String? = nil) throws -> Bool {
        var list = [
            ("gen_ai.operation.name", Build.text("execute_tool")), ("gen_ai.tool.name", Build.text("cancel_subscription")),
            ("error.type", Build.text(type)),
        ]
        if let message { list.append(("error.message", Build.text(message))) }
        if let result { list.append(("gen_ai.tool.call.result", Build.text(result))) }
        return try #require(Build.row(list)).row.flags.contains(.unknownTool)
    }

    @Test("By the class of the error, by its text, or by the result where there is no text")
    func told() throws {
        #expect(try isUnknown("ToolNotFoundError"))
        #expect(try isUnknown("ToolError", "No such tool: cancel_subscription"))
        #expect(try isUnknown("error", "Tool 'cancel_subscription' is not registered."))
        #expect(try isUnknown("tool_error", result: "Error: tool cancel_subscription not found. Available tools: refund, lookup"))
    }

    @Test("Not by what a tool that exists says of its own objects")
    func otherwise() throws {
        #expect(try !isUnknown("NotFoundError", "customer C-17 not found"))
        #expect(try !isUnknown("ToolError", result: "subscription S-4 does not exist"))
        #expect(try !isUnknown("ToolError", "timed out", result: "no such tool in the drawer"))
    }
}
