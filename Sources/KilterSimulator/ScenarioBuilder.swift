import KilterVocabulary

/// Composes one stream of spans: traces of agents at work, on event time, with ids drawn from a seed.
///
/// The same calls with the same seed give the same bytes. Not for use from several threads.
public final class ScenarioBuilder {
    /// 2026-03-02T09:00:00Z, in Unix nanoseconds.
    public static let start = EventTime(nanoseconds: 1_772_442_000_000_000_000)

    /// Where the next trace begins unless it says otherwise; follows the end of every closed trace.
    public private(set) var now: EventTime
    /// How spans are grouped into requests; read when the stream is written.
    public var batching = Batching(spansMax: 8, delayMax: .seconds(5))
    /// Deliver every request three times, and every tool span twice more while it still runs.
    public var deliversThreeTimes = false

    private(set) var random: SplitMix64
    private var spans: [SimulatedSpan] = []
    private var pending = PendingExpectation()
    private var truth = TruthBook()
    private let variation: Variation?

    /// With a variation it tells the same story of others, elsewhere in time.
    init(seed: UInt64, variation: Variation? = nil) {
        random = SplitMix64(seed: seed)
        self.variation = variation
        now = Self.start
    }

    // MARK: Time and chance

    /// Lets event time pass between traces.
    public func pause(_ time: Nanoseconds) { now = now + time }

    /// Draws from the scenario's generator.
    public func draw<Value>(_ body: (inout SplitMix64) -> Value) -> Value { body(&random) }

    /// A number that the story does not hang on: `count` in the scenario itself, up to a third more or less in variations.
    func about(_ count: Int) -> Int {
        variation == nil ? count : max(1, count + random.within(-count / 3...count / 3))
    }

    /// A number that must not be less: `count` in the scenario itself, up to half as many more in variations.
    func orMore(_ count: Int) -> Int { variation == nil ? count : count + random.within(0...count / 2 + 1) }

    /// A text that is nobody else's in variations, and `text` itself in the scenario.
    func own(_ text: String) -> String {
        guard let variation else { return text }
        return text + " (" + variation.suffix.dropFirst() + " " + random.hex(6) + ")"
    }

    /// Whether JSON text has blanks in a run of a variation, whose client writes one way; nil where every call may differ.
    func writesBlanks() -> Bool? { variation == nil ? nil : random.onceIn(3) }

    // MARK: Names

    func named(_ agent: SimulatedAgent) -> SimulatedAgent { variation?.named(agent) ?? agent }

    /// Persons are the same everywhere.
    func named(sender: String) -> String { sender == "user" ? sender : sender + (variation?.suffix ?? "") }

    // MARK: Traces

    /// Begins a trace of one agent, at `time` or else now. Its root span is written when the trace is closed.
    public func trace(
        _ agent: SimulatedAgent, conversation: String? = nil, at time: EventTime? = nil, workflow: String? = nil
    ) -> TraceBuilder {
        let id = TraceID(high: random.next() | 1, low: random.next() | 1)
        let agent = named(agent)
        let conversation = conversation.map { $0 + (variation?.suffix ?? "") }
        truth.runs.append(TruthBook.Run(trace: id, conversation: conversation, agent: agent))
        return TraceBuilder(
            self, id: id, agent: agent, conversation: conversation, at: time ?? now, workflow: workflow)
    }

    func add(_ span: SimulatedSpan) { spans.append(span) }

    func spanID() -> UInt64 { random.next() | 1 }

    func closed(at time: EventTime) { now = max(now, time) }

    // MARK: What is true

    /// Says that `spans` are what goes wrong: with their run, or with their agent where they are of several runs. Runs of
    /// which nothing is said are healthy.
    func label(_ kind: String, _ spans: [SpanReference], note: String? = nil) {
        truth.statements.append((kind, spans, note))
    }

    // MARK: What must and must not follow

    /// An alert of `detector` at `severity` or above must fire by `by`, and not before `notBefore`. `anyAgent` leaves
    /// open which agent of the service it names.
    public func expectAlert(
        _ detector: String, _ severity: Severity, tier: String? = nil, of agent: SimulatedAgent,
        anyAgent: Bool = false, by: SpanReference? = nil, notBefore: SpanReference? = nil, episodes: Int? = nil,
        resolved: Bool? = nil
    ) {
        let agent = named(agent)
        var requirement = Expectation.AlertRequirement(detector: detector, severity: severity)
        requirement.tier = tier
        requirement.service = agent.service.name
        requirement.agent = anyAgent ? nil : agent.name
        requirement.episodes = episodes
        requirement.resolved = resolved
        pending.alerts.append((requirement, by, notBefore))
    }

    /// A breaker that `agent` tripped must reach `state` exactly `times` times.
    public func expectBreaker(_ state: BreakerState, times: Int, of agent: SimulatedAgent) {
        let agent = named(agent)
        var requirement = Expectation.BreakerRequirement(state: state, times: times)
        requirement.service = agent.service.name
        requirement.agent = agent.name
        pending.breakers.append(requirement)
    }

    /// No alert at `severity` or above, and no breaker event; of one agent, or of anybody.
    public func expectSilence(_ severity: Severity, of agent: SimulatedAgent? = nil, detector: String? = nil) {
        let agent = agent.map(named)
        pending.silences.append(
            Expectation.Silence(
                severity: severity, detector: detector, service: agent?.service.name, agent: agent?.name))
    }

    /// The events must be the very bytes of those of another scenario.
    public func expectSameEvents(as scenario: String) { pending.sameEventsAs = scenario }

    // MARK: The result

    /// The stream as OTLP/JSON lines, in the order in which the spans ended, and what must follow from it.
    func recording() -> Recording {
        let told = telling()
        var requests = batching.requests(of: told.spans)
        let order = requests.flatMap { $0.spans.map(\.reference) }
        if deliversThreeTimes { requests = repeated(requests) }
        return Recording(
            stream: RequestWriter.lines(requests), spans: told.spans.count, expectation: pending.resolved(in: order), truth: told.truth)
    }

    /// The spans in the order in which they ended, and what is true of them.
    func telling() -> (spans: [SimulatedSpan], truth: [TruthLabel]) {
        let ordered = spans.enumerated().sorted { ($0.element.end, $0.offset) < ($1.element.end, $1.offset) }
        let placed = ordered.map { variation?.placed($0.element) ?? $0.element }
        return (placed, truth.labels(of: placed))
    }

    /// The agents whose traces these are, each once, in the order in which they began.
    var openingAgents: [SimulatedAgent] {
        var agents: [SimulatedAgent] = []
        for run in truth.runs where !agents.contains(run.agent) { agents.append(run.agent) }
        return agents
    }

    /// Updates of running tool spans, then the request, its retry, and a third copy two requests later.
    private func repeated(_ requests: [ExportRequest]) -> [ExportRequest] {
        var delivered: [ExportRequest] = []
        for (index, request) in requests.enumerated() {
            let running = request.spans.filter(\.isTool)
            if !running.isEmpty {
                for update in [ExportRequest.Unfinished.endIsZero, .endIsAbsent] {
                    delivered.append(ExportRequest(service: request.service, spans: running, unfinished: update))
                }
            }
            delivered.append(request)
            delivered.append(request)
            if index >= 2 { delivered.append(requests[index - 2]) }
        }
        return delivered + requests.suffix(2)
    }
}

/// A composed stream, what is true of it, and what must follow from it.
public struct Recording: Sendable {
    /// OTLP/JSON lines, each ended by a line feed.
    public var stream: String
    /// Distinct finished spans.
    public var spans: Int
    public var expectation: Expectation
    /// What is true of every run in it, in the order of their starts.
    public var truth: [TruthLabel]
}

/// Expectations that still name spans; the places of the spans are known once the stream is in order.
private struct PendingExpectation {
    var alerts: [(requirement: Expectation.AlertRequirement, by: SpanReference?, notBefore: SpanReference?)] = []
    var breakers: [Expectation.BreakerRequirement] = []
    var silences: [Expectation.Silence] = []
    var sameEventsAs: String?

    func resolved(in order: [SpanReference]) -> Expectation {
        var expectation = Expectation()
        expectation.alerts = alerts.map { pending in
            var requirement = pending.requirement
            requirement.bySpan = place(of: pending.by, in: order)
            requirement.notBeforeSpan = place(of: pending.notBefore, in: order)
            return requirement
        }
        expectation.breakers = breakers
        expectation.silences = silences
        expectation.sameEventsAs = sameEventsAs
        return expectation
    }

    /// 1 for the first span of the stream.
    private func place(of span: SpanReference?, in order: [SpanReference]) -> Int? {
        guard let span, let index = order.firstIndex(of: span) else { return nil }
        return index + 1
    }
}
