/// One span of the stream before it is written: what an agent does at one step of its turns.
struct GeneratedSpan {
    enum Role { case chat, tool, turn }

    enum Value {
        case text(String)
        case number(UInt64)
        case texts([String])
    }

    let role: Role
    let trace: (UInt64, UInt64)
    let span: UInt64
    /// Zero is a root.
    let parent: UInt64
    let name: String
    let start: UInt64
    let end: UInt64
    var attributes: [(key: StaticString, value: Value)] = []

    /// Spans of one turn: eight rounds of model call and tool, then the span around them.
    static let turnSpans: UInt32 = 17

    /// - Parameters:
    ///   - step: how many spans the agent has sent before.
    ///   - noise: random bits of this span; the ids do not depend on them.
    init(agent: Int, step: UInt32, end: UInt64, noise: UInt64) {
        let turn = step / Self.turnSpans
        let place = step % Self.turnSpans
        let identity = SplitMix64.mix(UInt64(agent) &+ 0x5eed)
        role = place == Self.turnSpans - 1 ? .turn : place % 2 == 0 ? .chat : .tool
        let turnIdentity = SplitMix64.mix(identity ^ (UInt64(turn) << 20 | 1))
        trace = (turnIdentity, SplitMix64.mix(turnIdentity))
        let root = SplitMix64.mix(turnIdentity ^ 2)
        span = role == .turn ? root : SplitMix64.mix(turnIdentity ^ (UInt64(place) << 8 | 3))
        parent = role == .turn ? 0 : root
        self.end = end
        let agentName = "\(Self.roles[Int(identity % 16)])-\(Self.digits(identity >> 40, 6))"
        let model = Self.models[Int(identity >> 8 & 3)]
        switch role {
        case .chat:
            name = "chat \(model)"
            start = end - (350_000_000 + noise % 2_000_000_000)
        case .tool:
            name = "execute_tool \(Self.isStuck(agent) ? "search_orders" : Self.tools[Int(noise >> 4 & 31)])"
            start = end - (20_000_000 + noise % 400_000_000)
        case .turn:
            name = "invoke_agent \(agentName)"
            start = end - 60_000_000_000
        }
        // Some turns of the conversation follow each other in it, so runs outlive their traces.
        let conversation = "conv_\(Self.hex(SplitMix64.mix(identity ^ UInt64(turn / 4) ^ 0xc0)))"
        attributes = [
            ("gen_ai.operation.name", .text(role == .chat ? "chat" : role == .tool ? "execute_tool" : "invoke_agent")),
            ("gen_ai.provider.name", .text(Self.providers[Int(identity >> 8 & 3)])),
            ("gen_ai.agent.id", .text("agent_\(Self.hex(identity))")),
            ("gen_ai.agent.name", .text(agentName)),
            ("gen_ai.conversation.id", .text(conversation)),
        ]
        switch role {
        case .chat: addChat(model, noise)
        case .tool: addTool(agent, noise)
        case .turn: addTurn(model, turn, noise)
        }
    }

    private mutating func addChat(_ model: String, _ noise: UInt64) {
        attributes += [
            ("gen_ai.request.model", .text(model)),
            ("gen_ai.response.model", .text("\(model)-2025-10-01")),
            ("gen_ai.response.id", .text("resp_\(Self.hex(SplitMix64.mix(noise)))\(Self.hex(SplitMix64.mix(noise ^ 1)))")),
            ("gen_ai.usage.input_tokens", .number(900 + noise % 14_000)),
            ("gen_ai.usage.output_tokens", .number(20 + noise >> 32 % 700)),
            ("gen_ai.response.finish_reasons", .texts([noise & 7 == 0 ? "stop" : "tool_calls"])),
            ("server.address", .text("api.models.example.com")),
        ]
    }

    /// One agent in 512 asks the same thing in every round of a turn and gets the same answer.
    private static func isStuck(_ agent: Int) -> Bool { agent % 512 == 7 }

    private mutating func addTool(_ agent: Int, _ noise: UInt64) {
        let stuck = Self.isStuck(agent)
        let bits = stuck ? SplitMix64.mix(UInt64(agent)) : noise
        attributes += [
            ("gen_ai.tool.name", .text(String(name.dropFirst(13)))),
            ("gen_ai.tool.type", .text("function")),
            ("gen_ai.tool.call.id", .text("call_\(Self.hex(SplitMix64.mix(span)))")),
            ("gen_ai.tool.call.arguments", .text(Self.arguments(bits))),
            ("gen_ai.tool.call.result", .text(Self.result(bits))),
        ]
        if !stuck, noise & 31 == 0 { attributes.append(("error.type", .text("TimeoutError"))) }
    }

    private mutating func addTurn(_ model: String, _ turn: UInt32, _ noise: UInt64) {
        attributes += [
            ("gen_ai.request.model", .text(model)),
            ("kilter.sender.name", .text(noise & 7 == 0 ? "dispatcher" : "user")),
            ("kilter.message.text", .text(Self.message(turn, noise))),
            ("gen_ai.usage.input_tokens", .number(9_000 + noise % 64_000)),
            ("gen_ai.usage.output_tokens", .number(200 + noise % 3_000)),
        ]
    }

    private static func message(_ turn: UInt32, _ noise: UInt64) -> String {
        "Please look into order \(noise >> 20 % 1_000_000) and tell the customer what happens next; "
            + "ask before you refund more than \(turn + 20) dollars."
    }

    private static func arguments(_ bits: UInt64) -> String {
        """
        {"query":"order \(bits >> 16 % 1_000_000)","customer_id":"c_\(hex(bits))",\
        "since":"2025-\(digits(bits % 12 + 1, 2))-\(digits(bits >> 9 % 28 + 1, 2))",\
        "status":["\(bits & 1 == 0 ? "open" : "shipped")","returned"],\
        "limit":\(bits >> 3 % 100),"include_archived":\(bits & 2 == 0)}
        """
    }

    private static func result(_ bits: UInt64) -> String {
        let mixed = SplitMix64.mix(bits)
        return """
            {"orders":[{"id":"o_\(hex(mixed))","total":"\(mixed >> 5 % 900).\(digits(mixed % 100, 2))","state":"in transit"}],"next":null}
            """
    }

    static func hex(_ value: UInt64) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 16) { out in
            for place in 0..<16 { out[place] = digits[Int(value >> UInt64(60 - 4 * place) & 15)] }
            return 16
        }
    }

    /// The last `count` decimal digits, with leading zeros.
    private static func digits(_ value: UInt64, _ count: Int) -> String {
        var rest = value
        return String(unsafeUninitializedCapacity: count) { out in
            for place in stride(from: count - 1, through: 0, by: -1) {
                out[place] = 48 + UInt8(rest % 10)
                rest /= 10
            }
            return count
        }
    }

    private static let roles = [
        "researcher", "planner", "coder", "reviewer", "support", "billing", "triage", "scheduler",
        "translator", "analyst", "browser", "writer", "tester", "operator", "buyer", "librarian",
    ]
    private static let models = ["gpt-5-mini", "claude-sonnet-4-5", "gemini-3-pro", "mistral-large"]
    private static let providers = ["openai", "anthropic", "gcp.gemini", "mistral_ai"]
    private static let tools = [
        "search_orders", "get_customer", "list_files", "read_file", "write_file", "run_tests", "git_diff", "git_commit",
        "web_search", "open_page", "extract_table", "send_email", "draft_reply", "create_ticket", "close_ticket", "get_weather",
        "book_flight", "cancel_flight", "get_balance", "transfer_funds", "query_database", "explain_query", "list_tables", "plot_chart",
        "resize_image", "transcribe_audio", "translate_text", "summarise_text", "get_calendar", "add_event", "find_contact", "call_api",
    ]
}
