import KilterMath
import KilterState
import KilterVocabulary

/// Claim: what is usual for an agent was walked away, by versions or declared changes of which none changed it enough to be told.
///
/// Each version becomes what is usual and is compared with the one before, so steps that are small enough would pass one by one
/// for ever. Each stream therefore keeps an anchor: the epoch that it goes back to without a told change. Its observations are held
/// against that, too, frozen with what it learned of the version after it while it was compared with that (`PinnedReference`), for a
/// tenth of the stream's budget. Within a version there is nothing to
/// walk: nothing is forgotten there, and slow changes are `Drift`'s.
/// What was told of has been seen: a version that was told to differ from the one before, and whatever is told here, are anchors. So
/// are versions that follow ones of less than a day.
/// Values and rates; mixes have none. It warns, as rules about the engine's own state do, and is not for breakers.
enum Poisoning {
    /// Observations of an anchor, and the time that they and those of the version after it come from: of less than a day the rest
    /// of the day would differ by its hours.
    static let knownMin: UInt32 = 50
    static let timeMin = Nanoseconds.seconds(86_400)
    /// Part of the change that may be the last step's.
    static let stepMax = 2.0 / 3

    static func explain(_ finding: Finding, _ name: NameLookup, budget: String) -> Explanation {
        guard let change = finding.change else { return Explanation(summary: "", advice: "", evidence: [], unit: "") }
        var explanation = SignalWords.explain(finding, name, budget: budget)
        let how =
            change.way == .wider || change.way == .narrower
            ? "came to spread otherwise"
            : "went from \(SignalWords.figure(change.before, change)) to \(SignalWords.figure(change.after, change)) (95 %: "
                + "\(SignalWords.figure(change.lower, change)) to \(SignalWords.figure(change.upper, change)))"
        explanation.summary =
            "\(change.signal.name(name(change.label))) of \(name(finding.agent))\(SignalWords.step(finding, change, name)) \(how) step by "
            + "step, by \(change.stepCount) new versions or declared changes of which none was told to change it, over "
            + "\(SignalWords.observations(change.countAfter)), against \(change.countBefore) before "
            + "(\(finding.severity.name) at \(SignalWords.strength(change)) times what \(budget) takes)."
        explanation.evidence.append(Evidence("steps", .integer(Int64(change.stepCount))))
        explanation.evidence.append(Evidence("compared_since", .string(String(change.comparedSince.nanoseconds))))
        return explanation
    }

    static func readiness(_ seen: Visibility) -> Readiness {
        Readiness(
            detector: .poisoning, state: seen.spans > 0 ? .live : .idle, tier: .structural,
            why: seen.spans > 0
                ? "values and rates are held against where their versions came from; declared versions would need kilter.version"
                : "no span seen yet")
    }
}

extension BaselineBook {
    /// Of a stream that has just begun: it goes back to where the epoch before goes back to, or to that one if it was told to have
    /// changed. Returns that epoch's stream.
    // Guard: the pointers are used before the slab is changed again.
    func succeed<Baseline>(
        _ stream: UnsafeMutablePointer<WatchedStream<Baseline>>, _ identity: StreamIdentity,
        in slab: inout KeyedSlab<WatchedStream<Baseline>>
    ) -> UnsafeMutablePointer<WatchedStream<Baseline>>? {
        var before = identity
        before.epoch = agent.pointee.comparedEpoch
        stream.pointee.watch.anchor = identity.epoch
        guard before.epoch != identity.epoch, let known = slab.find(before.key) else { return nil }
        stream.pointee.watch.anchor = before.epoch
        guard known.pointee.watch.said == .nothing, known.pointee.watch.anchor != before.epoch else { return known }
        before.epoch = known.pointee.watch.anchor
        guard let old = slab.find(before.key), old.pointee.baseline.count >= Poisoning.knownMin else { return known }
        guard old.pointee.watch.lastSeen.since(old.pointee.watch.firstSeen) >= Poisoning.timeMin else { return known }
        stream.pointee.watch.anchor = known.pointee.watch.anchor
        return known
    }

    /// Holds an observation of the present epoch against the epoch that its stream goes back to, where that is another one than
    /// the one it is compared with anyway.
    /// - Parameter isTold: the comparison with the epoch before has just been told.
    /// - Returns: what there is to be told.
    // Guard: as above.
    func hold<Baseline>(
        _ stream: UnsafeMutablePointer<WatchedStream<Baseline>>, isTold: Bool, in slab: inout KeyedSlab<WatchedStream<Baseline>>,
        _ judge: (inout WatchedStream<Baseline>, Float, PoolShare) -> Drift.Said
    ) -> (change: SignalChange, onset: EventTime)? {
        let own = stream.pointee.watch.identity
        if isTold { stream.pointee.watch.anchor = own.epoch }
        guard stream.pointee.watch.anchor != own.epoch, agent.pointee.isComparing(at: desk.now) else { return nil }
        guard stream.pointee.watch.anchor != agent.pointee.comparedEpoch, stream.pointee.watch.said == .nothing else { return nil }
        var before = own
        before.epoch = stream.pointee.watch.anchor
        guard let old = slab.find(before.key) else { return nil }
        if old.pointee.watch.heldFor != own.epoch {
            old.pointee.watch.heldFor = own.epoch
            old.pointee.watch.said = .nothing
            (old.pointee.watch.lastSeen, old.pointee.watch.lastRun) = (.zero, 0)
            old.pointee.baseline.restart()
        }
        let isPinned = old.pointee.watch.isPinned, begin = old.pointee.watch.firstSeen
        old.pointee.watch.isPinned = true
        defer { old.pointee.watch.isPinned = isPinned }
        let allowance = Float(allowed(&old.pointee.watch) * agent.pointee.share(of: own.signal) * AgentBaseline.anchorPart)
        let said = judge(&old.pointee, allowance, PoolShare(others: 0, round: old.pointee.watch.round))
        old.pointee.watch.said = .nothing
        guard var change = said.change else { return nil }
        if old.pointee.watch.leftCount > 0 {
            (change.before, change.countBefore) = (old.pointee.watch.leftLevel, old.pointee.watch.leftCount)
        }
        before.epoch = agent.pointee.comparedEpoch
        if let last = slab.find(before.key), isOneStep(change, from: last.pointee.watch.leftLevel) { return nil }
        // What was told of is where it goes back to from now on.
        old.pointee.baseline.restart()
        (change.signal, change.step) = (own.signal, own.step)
        change.stepCount = own.epoch &- stream.pointee.watch.anchor
        stream.pointee.watch.anchor = own.epoch
        change.comparedSince = begin
        return (change, said.verdict.onset)
    }

    /// Whether most of a change is the last step of it: that is for the comparison with the version before to tell.
    private func isOneStep(_ change: SignalChange, from last: Double) -> Bool {
        guard change.way == .up || change.way == .down else { return false }
        func place(_ figure: Double) -> Double {
            change.signal.unit == .share ? figure : Elementary.log(max(figure, 1e-3))
        }
        let whole = place(change.after) - place(change.before), step = place(change.after) - place(last)
        // Of what moved the other way since the version was left nothing is to be told either.
        guard whole != 0, (whole > 0) == (change.way == .up) else { return true }
        return step / whole > Poisoning.stepMax
    }

    /// Reports what `hold` found.
    mutating func report(_ walked: (change: SignalChange, onset: EventTime), label: NameHash, tool: NameHash) {
        guard !desk.standards.isSilenced(.poisoning, subject.thresholdSet) else { return }
        var finding = finding(.poisoning, .structural, .warning)
        var change = walked.change
        change.label = label
        finding.subject = StableHash.combine(
            subject.agentKey ^ label ^ tool, UInt64(change.signal.rawValue) << 8 | UInt64(change.step.rawValue))
        finding.tool = tool
        finding.startedAt = min(walked.onset, finding.observedAt)
        finding.count = change.countAfter
        finding.delaySpans = change.countAfter
        finding.change = change
        found.append(finding)
    }
}

extension WatchedStream {
    /// Keeps what was usual when the next epoch began.
    mutating func leave() {
        guard watch.leftCount == 0 else { return }
        (watch.leftLevel, watch.leftCount) = (baseline.level, baseline.count)
    }
}
