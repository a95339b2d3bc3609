import KilterMath
import KilterVocabulary

/// One trace under composition: each step takes its time, and the clock of the trace moves on.
public final class TraceBuilder {
    /// Where tool spans of one parallel batch hang.
    public enum BatchParent: Sendable { case chat, agent }

    public let id: TraceID
    /// Event time of the next step.
    public private(set) var now: EventTime
    /// The last model call, if there was one.
    public private(set) var lastChat: SpanReference?
    /// Whether leaf spans name their agent. Off, only the root does, which arrives last.
    public var namesAgentOnLeaves = true

    private let builder: ScenarioBuilder
    private let agent: SimulatedAgent
    private let conversation: String?
    private let workflow: String?
    private let began: EventTime
    private let root: UInt64
    private var parent: UInt64
    private var contextTokens: Int
    private var random: SplitMix64
    private let writesBlanks: Bool?

    init(
        _ builder: ScenarioBuilder, id: TraceID, agent: SimulatedAgent, conversation: String?, at time: EventTime,
        workflow: String?
    ) {
        self.builder = builder
        self.id = id
        self.agent = agent
        self.conversation = conversation
        self.workflow = workflow
        began = time
        now = time + .milliseconds(3)
        root = builder.spanID()
        parent = root
        random = builder.draw { $0.split() }
        writesBlanks = builder.writesBlanks()
        contextTokens = random.within(900...1_600)
    }

    // MARK: Steps

    /// Draws from the trace's own generator, so that traces do not depend on the order in which they are composed.
    public func draw<Value>(_ body: (inout SplitMix64) -> Value) -> Value { body(&random) }

    /// Lets event time pass inside the trace.
    public func pause(_ time: Nanoseconds) { now = now + time }

    /// Waits until `time`, if it is still to come.
    public func wait(until time: EventTime) { now = max(now, time) }

    /// A model call. `asksForTools` false means that the model answered; without `usage` the context grows as the run does.
    @discardableResult
    public func chat(
        by actor: SimulatedAgent? = nil, asksForTools: Bool = true, took: Nanoseconds? = nil, usage: TokenUsage? = nil,
        embedding: [Double] = []
    ) -> SpanReference {
        let actor = named(actor)
        let output = asksForTools ? random.within(24...96) : random.within(90...320)
        let exchange = ChatExchange(
            responseID: "resp_" + random.hex(10), usage: usage ?? TokenUsage(input: contextTokens, output: output),
            asksForTools: asksForTools)
        contextTokens += output
        let began = now
        now = now + (took ?? .milliseconds(UInt64(400 + output * 9 + random.below(300))))
        var named = Dialects.chat(actor, exchange)
        if !embedding.isEmpty { named.attributes.append(Attribute("kilter.embedding", .array(embedding.map(TelemetryValue.double)))) }
        let span = emit(named, of: actor, kind: .client, from: began, to: now, under: parent)
        lastChat = span
        return span
    }

    /// A model call that answers `text`. The span shows the text or, without content, its digest; and the user's message that it
    /// answers, where `question` is given.
    @discardableResult
    public func answer(
        _ text: String, to question: String? = nil, by actor: SimulatedAgent? = nil, asDigest: Bool = false,
        asksForTools: Bool = false, took: Nanoseconds = .milliseconds(1_400)
    ) -> SpanReference {
        let actor = named(actor)
        let usage = TokenUsage(input: contextTokens, output: text.utf8.count / 4 + 1)
        let exchange = ChatExchange(
            responseID: "resp_" + random.hex(10), usage: usage,
            asksForTools: asksForTools, answer: ModelAnswer(text: text, question: question, digest: asDigest ? Self.digest(text) : nil))
        contextTokens += usage.output
        let began = now + .milliseconds(2)
        now = began + took
        let span = emit(Dialects.chat(actor, exchange), of: actor, kind: .client, from: began, to: now, under: parent)
        lastChat = span
        return span
    }

    /// Several answers drawn at once for one request: they overlap, and the last one ends the step.
    @discardableResult
    public func sample(_ texts: [String], by actor: SimulatedAgent? = nil) -> [SpanReference] {
        let began = now
        var latest = began
        let spans = texts.enumerated().map { index, text in
            now = began + .milliseconds(UInt64(index))
            let span = answer(text, by: actor, took: .milliseconds(UInt64(1_200 + index * 40)))
            latest = max(latest, now)
            return span
        }
        now = latest
        return spans
    }

    /// A tool call under the agent, after the call before it.
    @discardableResult
    public func call(
        _ tool: String, _ arguments: CallArguments, _ outcome: CallOutcome, by actor: SimulatedAgent? = nil,
        took: Nanoseconds? = nil
    ) -> SpanReference {
        let call = ToolCall(tool, arguments, outcome, took: took)
        let (span, end) = emit(call, by: named(actor), from: now + .milliseconds(2), under: parent)
        now = end
        return span
    }

    /// A model call, then the tool call that it asked for.
    @discardableResult
    public func step(
        _ tool: String, _ arguments: CallArguments, _ outcome: CallOutcome, by actor: SimulatedAgent? = nil,
        took: Nanoseconds? = nil, usage: TokenUsage? = nil
    ) -> SpanReference {
        chat(by: actor, usage: usage)
        return call(tool, arguments, outcome, by: actor, took: took)
    }

    /// A model call that asks for several tool calls at once; they overlap, and the slowest ends the step.
    @discardableResult
    public func parallel(_ calls: [ToolCall], by actor: SimulatedAgent? = nil, under: BatchParent = .chat)
        -> [SpanReference]
    {
        let request = chat(by: actor)
        let actor = named(actor)
        var latest = now
        let spans = calls.enumerated().map { index, call in
            let began = now + .milliseconds(UInt64(2 + index))
            // Long enough that every call of the batch still runs when the last one starts.
            var call = call
            call.took = call.took ?? .milliseconds(UInt64(120 + random.below(700)))
            let (span, end) = emit(call, by: actor, from: began, under: under == .chat ? request.span : parent)
            latest = max(latest, end)
            return span
        }
        now = latest
        return spans
    }

    /// A message from `sender` to an agent: a short invocation of the receiver.
    @discardableResult
    public func message(
        from sender: String, to receiver: SimulatedAgent? = nil, _ text: String, carriesText: Bool = false
    ) -> SpanReference {
        let began = now
        now = now + .milliseconds(UInt64(8 + random.below(20)))
        return emitMessage(
            to: named(receiver), said(text, by: builder.named(sender: sender), carriesText: carriesText), from: began,
            as: builder.spanID())
    }

    /// Messages to several agents at once, each of whom works inside the invocation that the message began.
    public func delegate(
        from sender: SimulatedAgent, to receivers: [(agent: SimulatedAgent, text: String)],
        work: (TraceBuilder, SimulatedAgent) -> Void
    ) {
        let fork = now
        let outer = (parent: parent, context: contextTokens)
        var join = now
        for (index, receiver) in receivers.enumerated() {
            let began = fork + .milliseconds(UInt64(index * 3))
            let invocation = builder.spanID()
            now = began + .milliseconds(4)
            parent = invocation
            contextTokens = random.within(500...900)
            work(self, receiver.agent)
            let message = said(receiver.text, by: named(sender).name, carriesText: false)
            parent = outer.parent
            emitMessage(to: named(receiver.agent), message, from: began, as: invocation)
            join = max(join, now)
        }
        now = join
        contextTokens = outer.context + receivers.count * 60
    }

    /// Ends the trace: the root span comes last.
    @discardableResult
    public func close() -> SpanReference {
        now = now + .milliseconds(5)
        var named = Dialects.invocation(agent)
        if let workflow {
            named.name = "invoke_workflow \(workflow)"
            named.attributes = [
                Attribute("gen_ai.operation.name", "invoke_workflow"),
                Attribute("gen_ai.workflow.name", .string(workflow)),
            ]
        }
        builder.closed(at: now)
        return emit(
            named, of: agent, agentName: workflow == nil ? agent.name : nil, from: began, to: now, under: 0, as: root)
    }

    /// Makes every span that follows a root of its own, as of a producer that opens no agent span.
    public func withoutRoot() { parent = 0 }

    /// Ends the trace without a root span, as when only leaves are exported.
    public func abandon() { builder.closed(at: now) }

    // MARK: Spans

    /// An agent as this telling names it; the trace's own where none is given.
    private func named(_ actor: SimulatedAgent?) -> SimulatedAgent { actor.map(builder.named) ?? agent }

    private func said(_ text: String, by sender: String, carriesText: Bool) -> AgentMessage {
        AgentMessage(sender: sender, text: text, digest: Self.digest(text), carriesText: carriesText)
    }

    private static func digest(_ text: String) -> String {
        SHA256.hash(text).prefix(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func emit(_ call: ToolCall, by actor: SimulatedAgent, from began: EventTime, under parent: UInt64)
        -> (SpanReference, EventTime)
    {
        let end = began + (call.took ?? .milliseconds(UInt64(random.within(60...900))))
        let spoken = ToolCall(call.tool, call.arguments.spoken(by: &random), call.outcome)
        contextTokens += (call.arguments.length + call.outcome.length) / 4 + 12
        let named = Dialects.tool(
            actor.service, spoken, callID: "call_" + random.hex(8), spaced: writesBlanks ?? random.onceIn(3))
        let span = emit(
            named, of: actor, kind: .internal, from: began, to: end, under: parent, failure: call.outcome.failure,
            tool: call.tool, claimsSuccess: call.outcome.claimsSuccess)
        return (span, end)
    }

    @discardableResult
    private func emitMessage(
        to receiver: SimulatedAgent, _ message: AgentMessage, from began: EventTime, as span: UInt64
    ) -> SpanReference {
        var named = Dialects.invocation(receiver)
        named.attributes.append(contentsOf: Dialects.message(message))
        return emit(
            named, of: receiver, agentName: receiver.name, from: began, to: now, under: parent, as: span)
    }

    private func emit(
        _ named: Dialects.Named, of actor: SimulatedAgent, kind: SimulatedSpan.Kind, from began: EventTime,
        to end: EventTime, under parent: UInt64, failure: String? = nil, tool: String? = nil, claimsSuccess: Bool = false
    ) -> SpanReference {
        emit(
            named, of: actor, agentName: namesAgentOnLeaves ? actor.name : nil, kind: kind, from: began, to: end, under: parent,
            as: builder.spanID(), failure: failure, tool: tool, claimsSuccess: claimsSuccess)
    }

    private func emit(
        _ named: Dialects.Named, of actor: SimulatedAgent, agentName: String?, kind: SimulatedSpan.Kind = .internal,
        from began: EventTime, to end: EventTime, under parent: UInt64, as span: UInt64, failure: String? = nil,
        tool: String? = nil, claimsSuccess: Bool = false
    ) -> SpanReference {
        let identity = Dialects.identity(actor.service, agent: agentName, conversation: conversation)
        var attributes = named.attributes
        attributes.insert(contentsOf: identity, at: min(1, attributes.count))
        if let version = actor.version { attributes.append(Attribute("kilter.version", .string(version))) }
        let reference = SpanReference(trace: id, span: span)
        builder.add(
            SimulatedSpan(
                reference: reference, parent: parent, service: actor.service, actor: actor.name, name: named.name, kind: kind,
                start: began.nanoseconds, end: end.nanoseconds, attributes: attributes, failure: failure,
                claimsSuccess: claimsSuccess, tool: tool))
        return reference
    }
}
