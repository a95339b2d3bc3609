import KilterMath
import KilterState
import KilterVocabulary

/// What an engine holds for usual, in words and figures: read from its state, for people.
public struct BaselineReport: Sendable {
    /// One signal of one agent, of one kind of step.
    public struct Stream: Sendable {
        public enum State: String, Sendable { case learning, ready, changed }

        public var signal: String
        public var step: String
        public var state: State
        /// Frozen as the reference: it learns nothing more.
        public var isPinned = false
        /// Observations so far, and how many more it takes until a change could be told.
        public var observations: UInt32
        public var missing: UInt32
        /// What is usual, in the signal's unit: a median, a rate, or the share of the commonest category.
        public var usual: Amount?
        public var unit: String
        /// Evidence of a change in units of what an alert takes.
        public var evidence: Amount
        /// The smallest change for the worse that would be told by this stream alone.
        public var smallest: SmallestTold?
    }

    public struct Agent: Sendable {
        public var tenant: String
        public var environment: String
        public var service: String
        public var agent: String
        public var version: String
        public var runs: UInt32
        public var streams: [Stream]
        /// Of a group: what its agents have in common, `service` or `model`, and about how many they are.
        public var group: String?
        public var members: UInt32 = 0
    }

    public var agents: [Agent] = []
    /// All agents of a service, or all that ask one model, which is `agent` then.
    public var groups: [Agent] = []
}

extension Engine {
    /// Observations within which `baselines` says what would be told.
    public static let baselineHorizon = 100

    /// The baselines of all agents, by tenant, service and agent; those of earlier versions left out. Cost: a walk over all
    /// state.
    public var baselines: BaselineReport { baselines(within: .observations(Double(Self.baselineHorizon))) { _ in true } }

    /// Those of the agents that are wanted, by the figures that describe them.
    func baselines(within horizon: Horizon, where isWanted: (BaselineReport.Agent) -> Bool) -> BaselineReport {
        var places: [UInt64: Int] = [:]
        var known: [(slot: AgentBaseline, agent: BaselineReport.Agent)] = []
        forEachAgent { key, tenant, slot in
            let agent = described(slot, of: tenant)
            guard isWanted(agent) else { return }
            places[key] = known.count
            known.append((slot, agent))
        }
        if case .observations = horizon { addGroups(isWanted, &places, &known) }
        forEachStream(where: { identity in places[identity.agentKey].map { known[$0].slot.epoch == identity.epoch } ?? false }) { stream in
            guard let at = places[stream.identity.agentKey] else { return }
            known[at].agent.streams.append(described(stream, known[at].slot, within: horizon))
            if case .observations = horizon { known[at].agent.streams += tails(beside: stream, known[at].slot) }
        }
        var agents = known.map(\.agent)
        for at in agents.indices { agents[at].streams.sort { ($0.signal, $0.step) < ($1.signal, $1.step) } }
        agents.sort { ($0.tenant, $0.environment, $0.service, $0.agent) < ($1.tenant, $1.environment, $1.service, $1.agent) }
        return BaselineReport(agents: agents.filter { $0.group == nil }, groups: agents.filter { $0.group != nil })
    }

    private func addGroups(
        _ isWanted: (BaselineReport.Agent) -> Bool, _ places: inout [UInt64: Int],
        _ known: inout [(slot: AgentBaseline, agent: BaselineReport.Agent)]
    ) {
        forEachGroup { key, tenant, slot in
            // A group of one agent says nothing that the agent does not.
            var slot = slot
            guard slot.hasManyMembers() else { return }
            var group = described(slot, of: tenant)
            group.group = slot.agent == 0 ? GroupRun.Kind.service.name : GroupRun.Kind.model.name
            group.members = UInt32(clamping: Int(slot.memberCount().rounded()))
            guard isWanted(group) else { return }
            places[key] = known.count
            known.append((slot, group))
        }
    }

    private func described(_ slot: AgentBaseline, of tenant: NameHash) -> BaselineReport.Agent {
        let names = admission.names(of: tenant)
        return BaselineReport.Agent(
            tenant: names.text(tenant), environment: names.text(slot.environment), service: names.text(slot.service),
            agent: names.text(slot.agent), version: names.text(slot.version), runs: slot.runs, streams: [])
    }

    /// The names of a stream's signal and of what it is of.
    func words(_ stream: KnownStream) -> (signal: String, step: String) {
        let identity = stream.identity
        if identity.signal == .embedding { return (identity.signal.name(""), stream.isDistance ? "distance" : identity.step.name) }
        let words = identity.name == 0 ? "" : admission.names(of: stream.tenant).text(identity.name)
        let isLabel = [.outcome, .evaluation, .guardrail].contains(identity.signal)
        return (identity.signal.name(isLabel ? words : ""), isLabel || words.isEmpty ? identity.step.name : words)
    }

    private func described(_ stream: KnownStream, _ agent: AgentBaseline, within horizon: Horizon) -> BaselineReport.Stream {
        let words = words(stream), identity = stream.identity, count = stream.count
        let missing = count < stream.needed ? stream.needed - count : 0
        var known = BaselineReport.Stream(
            signal: words.signal, step: words.step,
            state: stream.watch.said != .nothing ? .changed : missing > 0 ? .learning : .ready, observations: count, missing: missing,
            usual: nil, unit: identity.signal.unit.rawValue, evidence: Amount(0),
            smallest: smallestTold(stream, agent, within: horizon, words))
        func evidence<Baseline: ChangeBaseline>(_ baseline: Baseline) -> Amount {
            Amount(rounding: Double(baseline.evidence.total(baseline.weights)))
        }
        known.isPinned = stream.watch.isPinned
        switch stream.baseline {
        case .value(let baseline):
            known.evidence = evidence(baseline)
            if stream.isDistance { known.unit = "distance" }
            if missing == 0 { known.usual = Self.amount(baseline.median, identity.signal) }
        case .rate(let baseline): (known.evidence, known.usual) = (evidence(baseline), Amount(rounding: Double(baseline.rate)))
        case .mix(let mix): known.usual = Amount(rounding: mix.baseline.commonest)
        case .score(let baseline):
            known.evidence = evidence(baseline)
            if missing == 0, baseline.knownLevel == .unknown { known.usual = Amount(rounding: (baseline.level * 100).rounded() / 100) }
        case .place(let place): known.evidence = Amount(rounding: Double(place.baseline.evidence.total(SIMD16(repeating: 1))))
        }
        return known
    }

    static func amount(_ value: Double, _ signal: Signal) -> Amount {
        signal.unit == .microdollars ? Amount(rounding: value / 1e6) : Amount(rounding: value)
    }
}
