import KilterDetection
import KilterState
import KilterVocabulary

/// What Kilter can and cannot see, in words: what `kilter doctor` shows and `/v1/doctor` answers.
public struct Diagnosis: Codable, Sendable {
    public struct Count: Codable, Sendable {
        public var name: String
        public var count: UInt64
        public var explanation: String?
    }

    /// How old spans are when they arrive, upper bounds in milliseconds.
    public struct Lag: Codable, Sendable {
        public var median: UInt64
        public var percentile95: UInt64
        public var longest: UInt64
    }

    public struct Detector: Codable, Sendable {
        public var detector: String
        /// live, limited, blind or idle.
        public var state: String
        public var tier: String?
        public var why: String
        public var missing: [String]
        public var fix: String
    }

    public struct Agent: Codable, Sendable {
        public var tenant: String
        public var environment: String
        public var service: String
        public var agent: String
        public var spans: UInt64
        public var calls: UInt64
        public var inferences: UInt64
        public var messages: UInt64
        public var late: UInt64
        public var lag: Lag?
        public var detectors: [Detector]
        /// The smallest changes for the worse that would be told within a week at the traffic seen, of its main signals.
        public var smallestChanges: [SmallestTold] = []
        /// Runs until a change of any of them could be told, zero where it can; nil as long as no run is over.
        public var runsMissing: UInt32?
        /// Evaluations, outcomes and what else was said about its runs.
        public var said: [Count]
        /// What else is missing, each with its one-line fix.
        public var remarks: [String]

        /// Something that a detector needs is left out.
        public var isLacking: Bool {
            !remarks.isEmpty || detectors.contains { $0.state == "blind" || $0.state == "limited" }
        }
    }

    public var received: UInt64
    public var outcomes: [Count]
    public var quarantined: [Count]
    public var inputGaps: UInt64
    public var lag: Lag?
    /// Those that leave something out first, then by their spans; not all, where there are many.
    public var agents: [Agent]
    public var agentsInAll: Int
    public var agentsLacking: Int
    /// What was said about all runs.
    public var said: [Count]
    /// Spans of agents beyond those listed.
    public var spansOfOthers: UInt64
    /// Models without a price, by tokens.
    public var unpricedModels: [Count]
    public var remarks: [String]

    /// Nothing is missing: every detector that has something to judge sees what it needs.
    public var isHealthy: Bool {
        remarks.isEmpty && quarantined.isEmpty && received > 0 && agentsLacking == 0
    }
}

extension Engine {
    /// What has been seen so far. Needs an engine that takes the census.
    /// - Parameters:
    ///   - inputGaps: messages that sequence numbers say are missing.
    ///   - agentsMax: agents described; all are judged.
    public func diagnosis(inputGaps: UInt64 = 0, agentsMax: Int = 100) -> Diagnosis {
        let census = self.census ?? Census()
        // Who only has records about it is no agent: a deploy pipeline, an evaluator.
        let present = census.agents.filter { $0.seen.spans > 0 }.map(Diagnosis.Agent.init)
        let listed = present.sorted {
            ($0.isLacking ? 0 : 1, $1.spans, $0.service, $0.agent) < ($1.isLacking ? 0 : 1, $0.spans, $1.service, $1.agent)
        }
        var all = census.others
        let shown = withSmallestChanges(Array(listed.prefix(agentsMax)))
        for agent in census.agents { all.add(agent.seen) }
        let counts = admission.counts
        let outcomes = Outcome.allCases.filter { $0 != .undecided && counts[Int($0.rawValue)] > 0 }
        return Diagnosis(
            received: admission.received,
            outcomes: outcomes.map { .init(name: $0.name, count: counts[Int($0.rawValue)]) },
            quarantined: quarantinedByReason.map { .init(name: $0.reason.name, count: $0.count, explanation: $0.reason.explanation) },
            inputGaps: inputGaps, lag: Diagnosis.Lag(census.lag),
            agents: shown, agentsInAll: listed.count, agentsLacking: listed.count { $0.isLacking },
            said: Diagnosis.said(all),
            spansOfOthers: listed.dropFirst(agentsMax).reduce(census.others.spans) { $0 + $1.spans },
            unpricedModels: census.unpriced.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { .init(name: $0.key, count: $0.value) },
            remarks: remarks(census, inputGaps))
    }

    private func remarks(_ census: Census, _ inputGaps: UInt64) -> [String] {
        let received = admission.received
        var remarks: [String] = []
        guard received > 0 else {
            return ["Nothing has been received yet. Send OTLP to one of the addresses of this engine, or try `kilter send FILE`."]
        }
        func share(_ outcome: Outcome) -> UInt64 { admission.counts[Int(outcome.rawValue)] * 100 / received }
        if share(.duplicate) >= 5 {
            remarks.append(
                "\(share(.duplicate)) % of the records are duplicates: two pipelines send the same spans, or an exporter retries.")
        }
        if share(.late) >= 5 {
            remarks.append(
                "\(share(.late)) % of the spans are more than 10 s late for their trace and in no sequence: shorten batch delays.")
        }
        if share(.unfinished) >= 5 {
            remarks.append("\(share(.unfinished)) % of the spans are unfinished copies (no end): export spans when they end.")
        }
        if inputGaps > 0 {
            remarks.append(
                "\(inputGaps) messages are missing by their sequence numbers: the publisher was faster than we were, or dropped them.")
        }
        if let age = census.lag.milliseconds(percent: 95), age > 10_000 {
            remarks.append(
                age > 3_600_000
                    ? "One span in twenty is more than an hour old when it arrives: a backlog is being sent, or a clock is behind."
                    : "One span in twenty is \(age / 1_000) s old when it arrives; alerts are that late. Lower OTEL_BSP_SCHEDULE_DELAY.")
        }
        if census.ahead * 20 > census.lag.count {
            remarks.append(
                "\(census.ahead) of \(census.lag.count) spans end more than 1 s after they arrive: the sender's clock is ahead.")
        }
        if census.others.spans > 0 {
            remarks.append("\(census.others.spans) spans are of agents beyond the first \(Census.agentsMax) and are described by nobody.")
        }
        let unpriced = census.unpriced.values.reduce(census.unpricedOthers, &+)
        if unpriced > 0 {
            remarks.append("\(unpriced) tokens have no price: name their models under `prices:` in the configuration.")
        }
        return remarks
    }
}

extension Diagnosis {
    /// Counts of what records say about runs; kinds that nobody said are left out.
    static func said(_ seen: Visibility) -> [Count] {
        [
            ("evaluations", seen.evaluations), ("guardrail results", seen.guardrails), ("outcomes", seen.outcomes),
            ("feedback", seen.feedback), ("marks", seen.marks),
        ].filter { $0.1 > 0 }.map { Count(name: $0.0, count: $0.1) }
    }
}

extension Diagnosis.Lag {
    init?(_ lag: LagHistogram) {
        guard let median = lag.milliseconds(percent: 50), let high = lag.milliseconds(percent: 95) else { return nil }
        self.init(median: median, percentile95: high, longest: lag.longest.count / 1_000_000 + 1)
    }
}

extension Diagnosis.Agent {
    init(_ agent: Census.Agent) {
        let seen = agent.seen
        self.init(
            tenant: agent.tenant, environment: agent.environment, service: agent.service, agent: agent.agent,
            spans: seen.spans, calls: seen.calls, inferences: seen.inferences, messages: seen.messages, late: seen.late,
            lag: .init(agent.lag), detectors: Detection.readiness(seen).map(Diagnosis.Detector.init), said: Diagnosis.said(seen),
            remarks: Self.remarks(agent))
    }

    private static func remarks(_ agent: Census.Agent) -> [String] {
        let seen = agent.seen
        var remarks: [String] = []
        if agent.agent == agent.service, seen.namedAgent == 0 {
            remarks.append(
                "Its spans end before one that names their agent, so they count for the service: set gen_ai.agent.name on every span "
                    + "(kilter.AgentNameProcessor passes it on), or name your attribute under `identity:`.")
        }
        if agent.service.hasPrefix("unknown_service") {
            remarks.append("The service has no name: set OTEL_SERVICE_NAME.")
        }
        if seen.calls > 0, seen.namedTools < seen.calls {
            remarks.append("\(seen.calls - seen.namedTools) of \(seen.calls) tool calls have no tool name: set gen_ai.tool.name.")
        }
        if seen.calls >= 5, seen.turnsBegun == seen.calls {
            remarks.append(
                "Every tool call stands alone in its trace, so none follows another: start a span around the run, or set "
                    + "gen_ai.conversation.id.")
        }
        if seen.inferences > 0, seen.withTokens == 0 {
            remarks.append(
                "No model span shows its tokens, so there is no cost: set gen_ai.usage.input_tokens and gen_ai.usage.output_tokens.")
        } else if seen.inferences > 0, seen.withModel == 0 {
            remarks.append("No model span names its model, so there is no price: set gen_ai.request.model.")
        }
        if seen.partial > 0 {
            remarks.append("\(seen.partial) of \(seen.spans) spans lost attributes on the way: raise OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT.")
        }
        if seen.redacted > 0 {
            remarks.append(
                "\(seen.redacted) of \(seen.spans) spans hide content and send no hash for it: hash it with kilter.FingerprintingExporter.")
        }
        return remarks
    }
}

extension Diagnosis.Detector {
    init(_ readiness: Readiness) {
        self.init(
            detector: readiness.detector.name, state: readiness.state.rawValue, tier: readiness.tier?.name, why: readiness.why,
            missing: readiness.missing, fix: readiness.fix)
    }
}
