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
        /// Observations so far, and how many more it takes until a change could be told.
        public var observations: UInt32
        public var missing: UInt32
        /// What is usual, in the signal's unit: a median, a rate, or the share of the commonest category.
        public var usual: Amount?
        public var unit: String
        /// Evidence of a change in units of what an alert takes.
        public var evidence: Amount
    }

    public struct Agent: Sendable {
        public var tenant: String
        public var environment: String
        public var service: String
        public var agent: String
        public var version: String
        public var runs: UInt32
        public var streams: [Stream]
    }

    public var agents: [Agent] = []
}

extension Engine {
    /// The baselines of all agents, by tenant, service and agent; those of earlier versions left out. Cost: a walk over all
    /// state.
    public var baselines: BaselineReport {
        var streams: [UInt64: [(StreamIdentity, BaselineReport.Stream)]] = [:]
        var agents: [(UInt64, NameHash, AgentBaseline)] = []
        for room in shards {
            for key in room.shard.agents.sortedKeys() {
                if let kept = room.shard.agents.peek(key) { agents.append((key, kept.owner, kept.slot)) }
            }
            for (identity, stream) in Self.streams(room, { admission.names(of: $0).text($1) }) {
                streams[identity.agentKey, default: []].append((identity, stream))
            }
        }
        var report = BaselineReport()
        for (key, tenant, slot) in agents where slot.runs > 0 {
            let names = admission.names(of: tenant)
            let own = (streams[key] ?? []).filter { $0.0.epoch == slot.epoch }
            report.agents.append(
                BaselineReport.Agent(
                    tenant: names.text(tenant), environment: names.text(slot.environment), service: names.text(slot.service),
                    agent: names.text(slot.agent), version: names.text(slot.version), runs: slot.runs,
                    streams: own.map(\.1).sorted { ($0.signal, $0.step) < ($1.signal, $1.step) }))
        }
        report.agents.sort {
            ($0.tenant, $0.environment, $0.service, $0.agent) < ($1.tenant, $1.environment, $1.service, $1.agent)
        }
        return report
    }

    private typealias Named = (identity: StreamIdentity, stream: BaselineReport.Stream)

    private static func streams(_ room: ShardRoom, _ name: (NameHash, NameHash) -> String) -> [Named] {
        var found: [Named] = []
        for key in room.shard.values.sortedKeys() {
            guard let kept = room.shard.values.peek(key) else { continue }
            let baseline = kept.slot.baseline
            var stream = described(kept.slot.watch, kept.owner, name, baseline.count, needed: RankBaseline.ready)
            stream.evidence = Amount(rounding: Double(baseline.evidence.total(baseline.weights)))
            if baseline.count >= RankBaseline.ready { stream.usual = amount(baseline.median, kept.slot.watch.identity.signal) }
            found.append((kept.slot.watch.identity, stream))
        }
        for key in room.shard.rates.sortedKeys() {
            guard let kept = room.shard.rates.peek(key) else { continue }
            let baseline = kept.slot.baseline
            var stream = described(kept.slot.watch, kept.owner, name, baseline.count, needed: RateBaseline.ready)
            stream.evidence = Amount(rounding: Double(baseline.evidence.total(baseline.weights)))
            stream.usual = Amount(rounding: Double(baseline.rate))
            found.append((kept.slot.watch.identity, stream))
        }
        for key in room.shard.mixes.sortedKeys() {
            guard let kept = room.shard.mixes.peek(key) else { continue }
            let baseline = kept.slot.baseline
            var stream = described(kept.slot.watch, kept.owner, name, baseline.count, needed: RateBaseline.ready)
            stream.usual = Amount(rounding: Double(baseline.commonest))
            found.append((kept.slot.watch.identity, stream))
        }
        return found
    }

    private static func described(
        _ watch: StreamWatch, _ tenant: NameHash, _ name: (NameHash, NameHash) -> String, _ count: UInt32, needed: UInt32
    ) -> BaselineReport.Stream {
        let identity = watch.identity
        let words = identity.name == 0 ? "" : name(tenant, identity.name)
        let isLabel = [.outcome, .evaluation, .guardrail].contains(identity.signal)
        let missing = count < needed ? needed - count : 0
        return BaselineReport.Stream(
            signal: identity.signal.name(isLabel ? words : ""), step: isLabel || words.isEmpty ? identity.step.name : words,
            state: watch.said != .nothing ? .changed : missing > 0 ? .learning : .ready, observations: count, missing: missing,
            usual: nil, unit: identity.signal.unit.rawValue, evidence: Amount(0))
    }

    private static func amount(_ value: Double, _ signal: Signal) -> Amount {
        signal.unit == .microdollars ? Amount(rounding: value / 1e6) : Amount(rounding: value)
    }
}
