import KilterVocabulary

/// One agent of a suite: its own level, where it is, and what is true of it so far.
struct DriftAgent {
    let agent: SimulatedAgent
    let number: Int
    /// When its next trace begins, in Unix nanoseconds.
    private(set) var next: UInt64
    /// Observations made.
    private(set) var count = 0
    private let observations: Int
    private let suite: DriftSuite
    /// The part of the suite's length that this stream has.
    private let scale: Double
    private let base: Behaviour
    private let tail: Conditions.Tail
    /// Unix nanoseconds from which it is changed where all change at once.
    private let commonOnset: UInt64
    private var random: SplitMix64
    private var latency = Scatter()
    private var input = Scatter()
    private var output = Scatter()
    private var isDeployed = false
    private var first: UInt64?
    private var last: UInt64 = 0
    /// Number and time of its first changed observation, and time of the last one.
    private var onset: (observation: Int, time: UInt64)?
    private var over: UInt64 = 0

    init(_ suite: DriftSuite, number: Int, name: String, seed: UInt64, observations: Int) {
        self.suite = suite
        self.number = number
        self.observations = observations
        scale = suite.change?.joinsLate == true ? 1 : Double(observations) / Double(max(suite.observations, 1))
        random = SplitMix64(seed: seed)
        agent = Self.agent(suite, number: number, name: name)
        base = Self.base(suite, agent: agent, number: number, &random)
        tail = suite.conditions.tails[number % max(suite.conditions.tails.count, 1)]
        let begin = ScenarioBuilder.start.nanoseconds + Self.nanoseconds(suite.conditions.startSeconds)
        commonOnset = begin + Self.nanoseconds(suite.conditions.gapSeconds * Double(suite.onset) * scale)
        let joinsLate = suite.change.map { $0.joinsLate && $0.concerns(number) } ?? false
        let waits = joinsLate ? suite.conditions.gapSeconds * Double(observations) / 2 : 0
        next = begin + Self.nanoseconds(waits + suite.conditions.gapSeconds * random.unit())
    }

    var isDone: Bool { count >= observations }

    // MARK: Who it is

    /// Siblings have one name in services of their own, others names of their own in services of twelve.
    private static func agent(_ suite: DriftSuite, number: Int, name: String) -> SimulatedAgent {
        let isSibling = suite.change?.joinsLate == true
        let service = SimulatedService(isSibling ? "claims-desk\(name)" : "claims-desk-\(number / 12 + 1)", version: "4.12.0")
        let isOther = suite.change?.isCommon == true && number % 2 == 1
        return SimulatedAgent(
            isSibling ? "triage-agent" : "triage-agent\(name)", in: service, model: isOther ? "claude-sonnet-5" : "gpt-5-mini",
            provider: isOther ? "anthropic" : "openai")
    }

    /// Its own level: agents of one suite are alike in what the suite claims, and differ by a fifth or so in the rest.
    private static func base(_ suite: DriftSuite, agent: SimulatedAgent, number: Int, _ random: inout SplitMix64) -> Behaviour {
        var law = Behaviour()
        law.latencyMilliseconds = (law.latencyMilliseconds * Chance.exp(0.2 * random.normal())).rounded()
        law.inputTokens = (law.inputTokens * Chance.exp(0.2 * random.normal())).rounded()
        law.outputTokens = (law.outputTokens * Chance.exp(0.2 * random.normal())).rounded()
        law.responseModel = agent.model
        if suite.form == .answer { law.approvedShare = 0.85 }
        if suite.conditions.isMixed {
            law.approvedShare = random.pick([0.5, 0.85, 0.91, 0.98])
            law.failureShare = random.pick([0.003, 0.02, 0.06])
            law.toolShares = Array(law.toolShares.prefix(random.within(3...12)))
        }
        let isVersioned = suite.change?.isDeclared == true || suite.conditions.harmlessDeployEvery > 0
        if isVersioned, number % 2 == 0 { law.version = "v1" }
        return law
    }

    // MARK: Its law in time

    /// The part of the change that holds for its next observation, from 0 to 1.
    private func share(of change: DriftSuite.Change) -> Double {
        guard change.concerns(number) else { return 0 }
        if change.isCommon { return next >= commonOnset ? 1 : 0 }
        let before = max(1, change.joinsLate ? suite.onset : suite.onset * observations / max(suite.observations, 1))
        guard count >= before else { return 0 }
        if let lasts = change.lasts, count >= before + lasts { return 0 }
        let ramp = Double(change.ramp) * scale
        return ramp > 0 ? min(1, Double(count - before + 1) / ramp) : 1
    }

    /// Whether its next observation is of a version that nothing follows from.
    private var isHarmlesslyDeployed: Bool {
        let every = suite.conditions.harmlessDeployEvery
        guard every > 0, count >= observations / 2 else { return false }
        // One that shows its version and one that does not, by turns.
        return number % (2 * every) == 0 || number % (2 * every) == every | 1
    }

    /// Agents of even numbers show their version on every span, the others declare a new one with a mark.
    private var showsVersion: Bool { number % 2 == 0 }

    /// Its next trace, and the change that it declares before it.
    mutating func observe() -> (trace: DriftTrace, mark: DeclaredChange?) {
        var law = base
        var deploys = isHarmlesslyDeployed
        if let change = suite.change {
            let share = share(of: change)
            change.apply(&law, share, number)
            if share > 0 {
                if onset == nil { onset = (count + 1, next) }
                deploys = deploys || change.isDeclared
            }
        }
        var mark: DeclaredChange?
        if deploys, showsVersion { law.version = "v2" }
        if deploys, !isDeployed, !showsVersion {
            mark = DeclaredChange(agent: agent, time: next - 1_000_000, note: "v2 of prompt and tools")
        }
        isDeployed = deploys
        let trace = DriftTrace(agent, law, suite.form, draw(law), from: next, &random)
        note(trace)
        advance()
        return (trace, mark)
    }

    /// Logarithms of this observation's values over their medians.
    private mutating func draw(_ law: Behaviour) -> DriftTrace.Values {
        let conditions = suite.conditions
        let tide = 1 + conditions.dailyLatency * Conditions.tide(next)
        let correlation = conditions.autocorrelation
        let slow = latency.next(&random, spread: law.latencySpread, tail: tail, autocorrelation: correlation)
        let read = input.next(&random, spread: law.tokenSpread, tail: tail, autocorrelation: correlation)
        let written = output.next(&random, spread: law.tokenSpread, tail: tail, autocorrelation: correlation)
        return DriftTrace.Values(
            milliseconds: law.latencyMilliseconds * tide * Chance.exp(slow), inputTokens: law.inputTokens * Chance.exp(read),
            outputTokens: law.outputTokens * Chance.exp(written))
    }

    private mutating func note(_ trace: DriftTrace) {
        first = first ?? next
        last = max(last, trace.end)
        if let change = suite.change, share(of: change) > 0 { over = max(over, trace.end) }
    }

    private mutating func advance() {
        let conditions = suite.conditions
        var gap = conditions.gapSeconds * random.exponential() / conditions.arrivals(at: next)
        if conditions.isBursty { gap *= random.onceIn(10) ? 7 : 1.0 / 3 }
        next += max(1_000_000, Self.nanoseconds(gap))
        count += 1
    }

    private static func nanoseconds(_ seconds: Double) -> UInt64 { UInt64(min(max(seconds, 0), 1e9) * 1e9) }

    // MARK: What is true of it

    /// One label of the time in which nothing changed, then one for each signal that did.
    var truth: [TruthLabel] {
        guard let first else { return [] }
        guard let change = suite.change, let onset else { return [label(TruthLabel.healthy, from: first, to: last)] }
        let signals = change.signals.filter { $0.concerns(number) }
        guard let main = signals.first else { return [label(TruthLabel.healthy, from: first, to: last)] }
        let before = label(TruthLabel.healthy, from: first, to: onset.time)
        var changed = base
        change.apply(&changed, 1, number)
        var unchanged = base
        change.apply(&unchanged, 0, number)
        return [before]
            + signals.map { signal in
                var label = label("drift", from: onset.time, to: change.lasts == nil ? last : over)
                label.signal = signal.name
                label.direction = signal.direction
                let role = signal.name == main.name ? TruthLabel.mainSignal : "follows \(main.name)"
                let figures = unchanged.figure(signal.name).flatMap { pre in
                    changed.figure(signal.name).map { post in pre == post ? "" : " pre \(pre) post \(post)" }
                }
                label.note = "\(role),\(figures ?? "") onset observation \(onset.observation)"
                return label
            }
    }

    private func label(_ kind: String, from start: UInt64, to end: UInt64) -> TruthLabel {
        var label = TruthLabel(kind: kind, start: start, end: end)
        label.service = agent.service.name
        label.agent = agent.name
        return label
    }
}

/// A log record that declares a change of an agent.
struct DeclaredChange: Sendable {
    var agent: SimulatedAgent
    /// Unix nanoseconds.
    var time: UInt64
    var note: String
}
