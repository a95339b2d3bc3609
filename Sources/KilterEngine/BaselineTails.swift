import KilterDetection
import KilterMath
import KilterState
import KilterVocabulary

extension Engine {
    /// How far single calls of the kind of step go whose latency is at hand: every kind that has tails has one.
    func tails(beside stream: KnownStream, _ agent: AgentBaseline) -> [BaselineReport.Stream] {
        let identity = stream.identity
        guard identity.signal == .latency, let kind = RunTally.StepKind(identity.step) else { return [] }
        let key = TailStream.key(agentKey: identity.agentKey, kind, identity.name)
        guard let tails = shards.lazy.compactMap({ $0.shard.tails.peek(key)?.slot }).first else { return [] }
        let step = "one call of \(words(stream).step)", ready = (0..<4).count { tails.tails[$0].count >= TailBaseline.ready }
        return TailStream.signals.indices.compactMap { place in
            let tail = tails.tails[place], signal = TailStream.signals[place]
            guard tail.count > 0 else { return nil }
            let missing = tail.count < TailBaseline.ready ? TailBaseline.ready - tail.count : 0
            var known = BaselineReport.Stream(
                signal: signal.name(""), step: step, state: missing > 0 ? .learning : .ready, observations: tail.count, missing: missing,
                usual: nil, unit: signal.unit.rawValue, evidence: Amount(0))
            guard let usual = tail.usual else { return known }
            known.usual = Self.amount(usual, signal)
            // What passes between two runs is shared by their calls, and by the signals of a call.
            if let traffic = traffic(of: stream, agent) {
                let calls = max(1, Double(tail.count) / Double(stream.count))
                let allowance = traffic.whole * agent.shareOfTail / Double(max(ready, 1)) / calls
                known.smallest = tail.least(allowance: allowance).flatMap { least in
                    // Beyond a million times the usual it is as good as none.
                    guard least < 1e6 * usual else { return nil }
                    return SmallestTold(
                        signal: known.signal, step: step, from: SignalWords.figure(usual, signal.unit),
                        to: SignalWords.figure(least, signal.unit), factor: least / max(usual, 1e-300), observations: 1)
                }
            }
            return known
        }
    }
}
