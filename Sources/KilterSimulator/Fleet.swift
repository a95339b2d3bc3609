import KilterVocabulary

/// A scenario told by several groups of agents at once, with healthy work of the same agents around it.
///
/// Each group has names, ids, a pace and counts of its own; the scenario's law holds for each. Where more spans are asked
/// for than the tellings have, the rest are ordinary conversations before, beside and after them, because in production
/// most of what agents do is healthy. The same arguments give the same bytes. Cost: about 20 µs a span; memory for what
/// overlaps in time.
public struct Fleet {
    private let scenario: Scenario
    private let spansMin: Int
    private var random: SplitMix64
    private var groups: [Group] = []
    /// The agents whose traces the scenario consists of; they also do the healthy work.
    private let openers: [SimulatedAgent]
    /// Tools that exist and that each of them uses in the scenario.
    private let tools: [String: [String]]
    private let batching: Batching
    private let repeats: Bool

    /// What a conversation of ordinary work has on average.
    private static let spansOfConversation = 19

    /// One group of agents: where it stands in time, and when it is its turn to tell the scenario.
    private struct Group {
        var variation: Variation
        var random: SplitMix64
        var next: EventTime
        /// Conversations before the scenario; negative once it is told.
        var healthyBefore: Int
        var conversations = 0
    }

    /// - Parameters:
    ///   - agents: groups of agents, at least one.
    ///   - spansMin: spans that the stream has at least.
    public init(_ scenario: Scenario, seed: UInt64? = nil, agents: Int = 1, spansMin: Int = 0) {
        self.scenario = scenario
        self.spansMin = spansMin
        random = SplitMix64(seed: seed ?? scenario.seed)
        let model = ScenarioBuilder(seed: scenario.seed)
        scenario.compose(model)
        batching = model.batching
        repeats = model.deliversThreeTimes
        let (spans, truth) = model.telling()
        let lasts = (spans.last?.end ?? 0) - min(spans.last?.end ?? 0, ScenarioBuilder.start.nanoseconds)
        let count = max(agents, 1)
        let healthy = max(0, spansMin - spans.count * count) / (count * Self.spansOfConversation)
        let suffixes = Variation.suffixes(count, seed: random.next())
        for suffix in suffixes {
            var own = random.split()
            // With healthy work around it a telling begins somewhere in its middle, else all begin within half the length of one.
            let delay = healthy > 0 ? 60_000_000_000 : count > 1 ? lasts / 2 : 0
            let start = ScenarioBuilder.start + .milliseconds(UInt64(own.below(Int(clamping: delay / 1_000_000) + 1)))
            let before = healthy > 0 ? own.within(healthy / 5...healthy * 3 / 5) : 0
            groups.append(
                Group(
                    variation: Variation(suffix: suffix, pacePercent: UInt64(own.within(85...115))), random: own, next: start,
                    healthyBefore: before))
        }
        openers = model.openingAgents
        tools = Self.toolsThatWork(in: spans, truth.filter { $0.kind == "injection" })
    }

    /// What the agents use in good runs too; not what somebody else made them do.
    private static func toolsThatWork(in spans: [SimulatedSpan], _ injected: [TruthLabel]) -> [String: [String]] {
        var tools: [String: [String]] = [:]
        for span in spans where span.failure == nil {
            let isInjected = injected.contains { $0.trace == span.reference.trace.hex && $0.start <= span.start && span.end <= $0.end }
            if isInjected { continue }
            if let tool = span.tool, tools[span.actor]?.contains(tool) != true { tools[span.actor, default: []].append(tool) }
        }
        return tools
    }

    /// Writes the stream as OTLP/JSON lines, each ended by a line feed; returns what is true of its runs, by their starts.
    public mutating func write(_ line: (String) throws -> Void) throws -> [TruthLabel] {
        var truth: [TruthLabel] = []
        var waiting: [SimulatedSpan] = []
        var composed = 0
        var sortedAt = 8_192
        var requests = RequestStream(batching)
        while let at = nextGroup(isFull: composed >= spansMin) {
            if composed >= spansMin { groups[at].healthyBefore = 0 }
            let told = tell(at)
            composed += told.spans.count
            waiting += told.spans
            truth += told.truth
            if waiting.count >= sortedAt {
                let until = groups.map(\.next).min() ?? .never
                try flush(&waiting, until: until, &requests, line)
                sortedAt = max(8_192, 2 * waiting.count)
            }
        }
        try flush(&waiting, until: .never, &requests, line)
        for request in requests.close() { try write(request, line) }
        return truth.enumerated().sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }.map(\.element)
    }

    /// The group that is next in time; once there are spans enough, of those that still have the scenario before them.
    private func nextGroup(isFull: Bool) -> Int? {
        groups.indices.filter { !isFull || groups[$0].healthyBefore >= 0 }.min { groups[$0].next < groups[$1].next }
    }

    private mutating func tell(_ at: Int) -> (spans: [SimulatedSpan], truth: [TruthLabel]) {
        var variation = groups[at].variation
        variation.start = groups[at].next
        let seed = groups[at].random.next()
        let pause = Nanoseconds.milliseconds(UInt64(groups[at].random.within(2_000...90_000)))
        groups[at].healthyBefore -= 1
        if groups[at].healthyBefore == -1 {
            // Its agents go on with other conversations beside it.
            groups[at].next = variation.start + pause
            return scenario.told(seed: seed, variation: variation).telling()
        }
        variation.pacePercent = 100
        groups[at].conversations += 1
        let builder = ScenarioBuilder(seed: seed, variation: variation)
        let agent = openers[groups[at].random.below(openers.count)]
        let trace = builder.trace(agent, conversation: "daily-\(groups[at].conversations)")
        OrdinaryWork.session(trace, OrdinaryWork.ofService(agent.service))
        OrdinaryWork.useOther(tools[agent.name] ?? [], in: trace)
        trace.chat(asksForTools: false)
        trace.close()
        groups[at].next = variation.placed(builder.now) + pause
        return builder.telling()
    }

    /// Hands on, in the order of their ends, the spans that no later conversation can come before.
    private func flush(
        _ waiting: inout [SimulatedSpan], until: EventTime, _ requests: inout RequestStream, _ line: (String) throws -> Void
    ) throws {
        let ordered = waiting.enumerated().sorted { ($0.element.end, $0.offset) < ($1.element.end, $1.offset) }.map(\.element)
        let ready = ordered.prefix { $0.end < until.nanoseconds }
        for span in ready {
            for request in requests.take(span) { try write(request, line) }
        }
        waiting = Array(ordered.dropFirst(ready.count))
    }

    private func write(_ request: ExportRequest, _ line: (String) throws -> Void) throws {
        let copies = repeats ? [request.running, request, request].compactMap(\.self) : [request]
        try line(RequestWriter.lines(copies))
    }
}

extension ExportRequest {
    /// The copy that comes while its tool calls still run, if it has any.
    fileprivate var running: ExportRequest? {
        let calls = spans.filter(\.isTool)
        return calls.isEmpty ? nil : ExportRequest(service: service, spans: calls, unfinished: .endIsZero)
    }
}
