import KilterVocabulary

/// One observation of a suite as spans: a model call, with the tool call that it asked for and the invocation around both.
struct DriftTrace {
    private(set) var spans: [SimulatedSpan] = []
    /// Unix nanoseconds of the last end.
    private(set) var end: UInt64

    /// What was drawn for its model call.
    struct Values {
        var milliseconds: Double
        var inputTokens: Double
        var outputTokens: Double
    }

    private let agent: SimulatedAgent
    private let law: Behaviour
    private let trace: TraceID

    init(
        _ agent: SimulatedAgent, _ law: Behaviour, _ form: DriftSuite.Form, _ values: Values, from start: UInt64, _ random: inout SplitMix64
    ) {
        self.agent = agent
        self.law = law
        trace = TraceID(high: random.next() | 1, low: random.next())
        end = start
        let root = form == .call ? 0 : random.next() | 1
        if root != 0 { end += 3_000_000 }
        var failed = random.happens(law.failureShare)
        call(values, under: root, failed: failed, asksForTool: form == .work, &random)
        var tries = 1
        while failed, tries < law.triesMax, random.happens(law.retriedShare) {
            // Waits twice as long before each further try.
            end += 250_000_000 << UInt64(tries)
            tries += 1
            failed = random.happens(law.failureShare)
            var again = values
            again.milliseconds *= Chance.exp(0.3 * random.normal())
            call(again, under: root, failed: failed, asksForTool: form == .work, &random)
        }
        if form == .work, !failed { useTool(under: root, &random) }
        if root != 0 { close(root, from: start, failed: failed, &random) }
    }

    private mutating func call(_ values: Values, under root: UInt64, failed: Bool, asksForTool: Bool, _ random: inout SplitMix64) {
        let began = end
        end += UInt64(min(max(values.milliseconds, 1), 600_000) * 1e6)
        let usage = TokenUsage(input: Self.whole(values.inputTokens), output: Self.whole(values.outputTokens))
        let exchange = ChatExchange(responseID: "resp_" + random.hex(12), usage: usage, asksForTools: asksForTool)
        var named = Dialects.chat(agent, exchange)
        if failed {
            let kept = ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model"]
            named.attributes = named.attributes.filter { kept.contains($0.name) } + [Attribute("error.type", "timeout")]
        } else {
            if let model = law.responseModel, let place = named.attributes.firstIndex(where: { $0.name == "gen_ai.response.model" }) {
                named.attributes[place].value = .string(model)
            }
            if let cost = law.microdollars { named.attributes.append(Attribute("kilter.cost_microdollars", .integer(Int64(cost)))) }
        }
        add(named, random.next() | 1, under: root, from: began, kind: .client, failure: failed ? "the model did not answer in time" : nil)
    }

    private mutating func useTool(under root: UInt64, _ random: inout SplitMix64) {
        let tool = Behaviour.toolNames[min(random.index(weights: law.toolShares), Behaviour.toolNames.count - 1)]
        let began = end + 2_000_000
        end = began + UInt64(Chance.exp(0.4 * random.normal()) * 180e6)
        // Arguments and results that no other call has.
        let arguments = CallArguments.json(["case": .string("C-" + random.hex(10)), "page": .integer(Int64(random.below(40)))])
        let call = ToolCall(tool, arguments, .json(["id": .string(random.hex(12)), "text": .string(Self.sentence(&random))]))
        let named = Dialects.tool(agent.service, call, callID: "call_" + random.hex(10), spaced: false)
        add(named, random.next() | 1, under: root, from: began, tool: tool)
    }

    private mutating func close(_ root: UInt64, from start: UInt64, failed: Bool, _ random: inout SplitMix64) {
        end += 5_000_000
        var named = Dialects.invocation(agent)
        if let share = law.approvedShare {
            named.attributes.append(Attribute("kilter.outcome", random.happens(share) ? "approved" : "escalated"))
        }
        if failed { named.attributes.append(Attribute("error.type", "timeout")) }
        add(named, root, under: 0, from: start, failure: failed ? "the model did not answer in time" : nil)
    }

    private mutating func add(
        _ named: Dialects.Named, _ span: UInt64, under parent: UInt64, from began: UInt64, kind: SimulatedSpan.Kind = .internal,
        failure: String? = nil, tool: String? = nil
    ) {
        var attributes = named.attributes
        attributes.insert(contentsOf: Dialects.identity(agent.service, agent: agent.name, conversation: nil), at: min(1, attributes.count))
        if let version = law.version { attributes.append(Attribute("kilter.version", .string(version))) }
        spans.append(
            SimulatedSpan(
                reference: SpanReference(trace: trace, span: span), parent: parent, service: agent.service, actor: agent.name,
                name: named.name, kind: kind, start: began, end: end, attributes: attributes, failure: failure, tool: tool))
    }

    private static func whole(_ number: Double) -> Int { max(1, Int(min(number.rounded(), 1e9))) }

    private static let words = [
        "policy", "holder", "claim", "invoice", "garage", "roof", "water", "damage", "letter", "answer", "date", "amount", "partial",
        "cover", "receipt", "photo", "broker", "notice", "payment", "address",
    ]

    private static func sentence(_ random: inout SplitMix64) -> String {
        var text = random.pick(words)
        for _ in 0..<random.within(5...14) { text += " " + random.pick(words) }
        return text
    }
}
