import KilterDetection
import KilterMath
import KilterState
import KilterVocabulary

/// The smallest change for the worse that one stream would tell by itself.
public struct SmallestTold: Codable, Sendable, Equatable {
    public var signal: String
    /// Kind of step, or the tool or phase.
    public var step: String
    /// What is usual and what it would have to become, as people write it.
    public var from: String
    public var to: String
    /// The second over the first; nil of shares.
    public var factor: Double?
    /// Observations within which it would be told.
    public var observations: Double

    /// `latency of lookup 1.2 s → 1.56 s (×1.3)`.
    public var text: String {
        let times = factor.map { " (×\(Amount(rounding: ($0 * 100).rounded() / 100).text))" } ?? ""
        return "\(signal)\(step == SignalChange.Step.run.name ? "" : " of \(step)") \(from) → \(to)\(times)"
    }
}

/// Within what a change is to be told.
enum Horizon {
    case observations(Double)
    /// At the traffic seen so far.
    case week
}

extension Engine {
    private static let weekNanoseconds = 7 * 86_400e9

    /// What a stream, and what all of its agent, may spend an observation, and how many of them a week brings; nil as long as no time
    /// has passed.
    func traffic(of stream: KnownStream, _ agent: AgentBaseline) -> (allowance: Double, whole: Double, weekly: Double)? {
        let watch = stream.watch, elapsed = Double(watch.lastSeen.since(watch.firstSeen).count)
        guard stream.count > 1, elapsed > 0 else { return nil }
        let gap = elapsed / Double(stream.count - 1)
        let fleet = admission.fleetSize(of: stream.tenant)
        // An agent's runs are those of all its versions, of a stream only its own version's are known.
        let runs = stream.identity.epoch == 0 ? max(1, Double(agent.runs) / Double(stream.count)) : 1
        let passed = Nanoseconds(UInt64(exactly: gap.rounded()) ?? .max)
        let whole = settings.falseAlarms.allowance(passed: passed, runs: runs, agents: fleet)
        return (whole * agent.share(of: stream.identity.signal, at: watch.lastSeen), whole, Self.weekNanoseconds / gap)
    }

    /// What a stream that is ready would tell; nil where nothing would be told, or nobody knows.
    func smallestTold(_ stream: KnownStream, _ agent: AgentBaseline, within horizon: Horizon, _ words: (signal: String, step: String))
        -> SmallestTold?
    {
        guard stream.count >= stream.needed, let traffic = traffic(of: stream, agent) else { return nil }
        let observations: Double =
            switch horizon {
            case .observations(let number): number
            case .week: traffic.weekly
            }
        guard let move = Self.move(of: stream, within: observations, allowance: traffic.allowance) else { return nil }
        return SmallestTold(
            signal: words.signal, step: words.step, from: SignalWords.figure(move.from, move.unit),
            to: SignalWords.figure(move.to, move.unit), factor: move.factor, observations: observations.rounded())
    }

    private typealias Move = (from: Double, to: Double, factor: Double?, unit: Signal.Unit)

    private static func move(of stream: KnownStream, within observations: Double, allowance: Double) -> Move? {
        let signal = stream.identity.signal
        func smallest(_ allowance: Double) -> SmallestChange? {
            SmallestChange(before: Double(stream.count), after: observations, allowance: allowance)
        }
        switch stream.baseline {
        case .value(let baseline):
            // Of values that mostly equal each other no factor says what would be told.
            guard baseline.logDeviation > 0.01, let factor = smallest(allowance)?.factor(logDeviation: baseline.logDeviation),
                baseline.median > 0
            else { return nil }
            let applied = baseline.direction == .down ? 1 / factor : factor
            return (baseline.median, baseline.median * applied, applied, stream.isDistance ? .score : signal.unit)
        case .rate(let baseline):
            let usual = Double(baseline.rate)
            // Where it may get worse either way, the way that is open.
            let isIncrease = baseline.direction == .up || baseline.direction == .either && usual <= 0.5
            return smallest(allowance)?.rate(from: usual, isIncrease: isIncrease).map { (usual, $0, nil, .share) }
        case .mix(let mix):
            // Each category has its own alternatives.
            let usual = mix.baseline.commonest
            return smallest(allowance / Double(MixBaseline.categoriesMax))?.rate(from: usual, isIncrease: usual <= 0.5)
                .map { (usual, $0, nil, .share) }
        case .score(let baseline):
            return smallest(allowance)?.shift.map { shift in
                let away = (baseline.direction == .down ? -1 : 1) * shift
                switch baseline.knownLevel {
                case .zero: return (0, away * baseline.deviation, nil, .deviations)
                case .remainder: return (0, away, nil, .deviations)
                case .unknown: return (baseline.level, baseline.level + away * baseline.deviation, nil, signal.unit)
                }
            }
        case .place: return nil
        }
    }
}
