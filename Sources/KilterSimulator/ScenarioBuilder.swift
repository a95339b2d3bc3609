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

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        now = Self.start
    }

    // MARK: Time and chance

    /// Lets event time pass between traces.
    public func pause(_ time: Nanoseconds) { now = now + time }

    /// Draws from the scenario's generator.
    public func draw<Value>(_ body: (inout SplitMix64) -> Value) -> Value { body(&random) }

    // MARK: Traces

    /// Begins a trace of one agent, at `time` or else now. Its root span is written when the trace is closed.
    public func trace(
        _ agent: SimulatedAgent, conversation: String? = nil, at time: EventTime? = nil, workflow: String? = nil
    ) -> TraceBuilder {
        let id = TraceID(high: random.next() | 1, low: random.next() | 1)
        return TraceBuilder(
            self, id: id, agent: agent, conversation: conversation, at: time ?? now, workflow: workflow)
    }

    func add(_ span: SimulatedSpan) { spans.append(span) }

    func spanID() -> UInt64 { random.next() | 1 }

    func closed(at time: EventTime) { now = max(now, time) }

    // MARK: What must and must not follow

    /// An alert of `detector` at `severity` or above must fire by `by`, and not before `notBefore`. `anyAgent` leaves
    /// open which agent of the service it names.
    public func expectAlert(
        _ detector: String, _ severity: Severity, tier: String? = nil, of agent: SimulatedAgent,
        anyAgent: Bool = false, by: SpanReference? = nil, notBefore: SpanReference? = nil, episodes: Int? = nil,
        resolved: Bool? = nil
    ) {
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
        var requirement = Expectation.BreakerRequirement(state: state, times: times)
        requirement.service = agent.service.name
        requirement.agent = agent.name
        pending.breakers.append(requirement)
    }

    /// No alert at `severity` or above, and no breaker event; of one agent, or of anybody.
    public func expectSilence(_ severity: Severity, of agent: SimulatedAgent? = nil, detector: String? = nil) {
        pending.silences.append(
            Expectation.Silence(
                severity: severity, detector: detector, service: agent?.service.name, agent: agent?.name))
    }

    /// The events must be the very bytes of those of another scenario.
    public func expectSameEvents(as scenario: String) { pending.sameEventsAs = scenario }

    // MARK: The result

    /// The stream as OTLP/JSON lines, in the order in which the spans ended, and what must follow from it.
    func recording() -> Recording {
        let ordered = spans.enumerated().sorted { ($0.element.end, $0.offset) < ($1.element.end, $1.offset) }
        var requests = batching.requests(of: ordered.map(\.element))
        let order = requests.flatMap { $0.spans.map(\.reference) }
        if deliversThreeTimes { requests = repeated(requests) }
        return Recording(stream: RequestWriter.lines(requests), expectation: pending.resolved(in: order))
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

/// A composed stream and what must follow from it.
public struct Recording: Sendable {
    /// OTLP/JSON lines, each ended by a line feed.
    public var stream: String
    public var expectation: Expectation
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
