import KilterMath
import KilterState
import KilterVocabulary

/// Claim: what an agent's models are asked, or say, is about something else than it used to be: its embeddings moved, or lie
/// further apart.
///
/// Evidence: the mean of a run's embeddings (`kilter.embedding`), projected onto sixteen directions; their normal scores together
/// (`VectorBaseline`), and its distance from the centroid of the runs before (`RankBaseline`). One observation a run, of
/// embeddings of one length and one version. Readiness: the distance after 33 runs, the place after 305, when its covariance is known.
enum VectorDrift {
    /// Runs until the centre of embeddings has settled, from which distances are told.
    static let settled: UInt32 = 100

    @inline(never) static func judge(
        _ stream: inout VectorStream, _ projected: SIMD16<Float>, _ allowance: Float, _ desk: BaselineDesk
    ) -> Drift.Said {
        if Drift.isAdopted(stream.watch, desk.now) {
            let spread = stream.spread
            stream = VectorStream()
            stream.spread = spread
        }
        let learns = stream.watch.said != .critical
        guard let scores = stream.ranks.observe(projected, learns: learns) else { return Drift.nothing }
        let total = stream.baseline.observe(scores, allowance: allowance, learns: learns)
        stream.watch.note(stream.baseline.evidence, at: desk.observedAt)
        let lane = stream.baseline.evidence.leading(SIMD16(repeating: 1)), age = stream.baseline.evidence.age(lane)
        let isClear =
            stream.watch.said != .nothing
            || total >= 1 && Drift.isClear(stream.baseline.evidence, lane, known: stream.baseline.count)
        guard let severity = Drift.severity(isClear ? total : 0, &stream.watch, age: age, desk) else {
            if stream.watch.isOver { stream.baseline.restart() }
            return Drift.nothing
        }
        let read = stream.baseline.change
        if total >= desk.standards.budget.criticalFactor { stream.baseline.restart() }
        var change = SignalChange()
        change.way = .moved
        (change.after, change.lower, change.upper) = (read.distance, read.distance, read.distance)
        (change.countBefore, change.countAfter) = (read.countBefore, read.countAfter)
        (change.evidence, change.ownEvidence) = (total, total)
        let onset = EventTime(nanoseconds: UInt64(stream.watch.onsets[lane]) * 1_000_000_000)
        return (Drift.Verdict(detector: .vectorDrift, severity: severity, onset: onset), change)
    }

    // MARK: In words

    static func explain(_ finding: Finding, _ name: NameLookup, budget: String) -> Explanation {
        guard let change = finding.change else { return Explanation(summary: "", advice: "", evidence: [], unit: "") }
        let before = rounded(change.before), after = rounded(change.after)
        let how =
            change.way == .moved
            ? "moved by \(after.text) standard deviations"
            : "lie \(change.way == .wider ? "further from" : "closer to") their centre, at \(after.text) where it was \(before.text),"
        var explanation = Explanation(
            summary: "The embeddings of \(name(finding.agent)) \(how) over \(SignalWords.observations(change.countAfter)), against "
                + "\(change.countBefore) before (\(finding.severity.name) at \(SignalWords.strength(change)) times what \(budget) takes).",
            advice: "",
            evidence: [
                Evidence("before", .amount(before)), Evidence("after", .amount(after)),
                Evidence("since_onset", .integer(Int64(change.countAfter))), Evidence("baseline", .integer(Int64(change.countBefore))),
                Evidence("log10_evidence", .amount(rounded(SignalWords.log10(Double(change.evidence))))),
                Evidence("numeric_class", .string(SignProjection.numericClass)),
                Evidence("last_trace_id", .string(finding.trace.hex)), Evidence("last_span_id", .string(Hex.string(finding.span))),
            ], unit: change.way == .moved ? Signal.Unit.deviations.rawValue : "distance")
        explanation.numbers = .init(
            signal: change.signal.name(""), observed: after, expected: before, direction: change.way.name, budget: budget)
        return explanation
    }

    /// Two decimals: more of them differ from one type of processor to another.
    private static func rounded(_ value: Double) -> Amount { Amount(rounding: (value * 100).rounded() / 100) }

    static func readiness(_ seen: Visibility) -> Readiness {
        if seen.inferences == 0 {
            return Readiness(detector: .vectorDrift, state: .idle, tier: nil, why: "no model call seen yet")
        }
        guard seen.embeddings > 0 else {
            // Nobody who has none at hand is asked to compute one for this.
            return Readiness(
                detector: .vectorDrift, state: .idle, tier: nil,
                why: "no model call carries an embedding; where one is at hand, put it on the span: kilter.embedding")
        }
        return Readiness(
            detector: .vectorDrift, state: .live, tier: .statistical,
            why: Shortfall.share(seen.embeddings, of: seen.inferences, "model calls carry an embedding"))
    }
}

extension BaselineBook {
    /// Where the run's embeddings lie on average, and how far from those of the runs before.
    // Guard: the run is only read, while nothing is added to the shard's tallies.
    mutating func observeEmbedding(_ tally: UnsafePointer<RunTally>, _ shard: inout Shard) {
        guard let embedding = tally.pointee.embedding else { return }
        for pass in 0..<epochCount {
            let epoch = epoch(pass)
            let identity = identity(.embedding, .run, NameHash(embedding.dimensions), epoch), key = identity.key
            if shard.vectors.find(key) == nil, epoch != agent.pointee.epoch { continue }
            // Guard: the pointer is used before the slab is changed again.
            let stream = shard.vectors.findOrInsert(key, owner: subject.tenant, initial: VectorStream()).slot
            let distance = stream.pointee.distance(of: embedding.projected)
            let isVaried = distance.map { $0 > 1e-3 } ?? false
            let allowance = allowance(&stream.pointee.watch, identity)
            let moved = VectorDrift.judge(&stream.pointee, embedding.projected, allowance, desk)
            note(&stream.pointee.watch, .embedding, isVaried: isVaried, epoch)
            if stream.pointee.watch.said != .critical { stream.pointee.learn(embedding.projected) }
            report(moved, .moved, stream.pointee.watch, epoch, key)
            guard let distance else { continue }
            // The centre itself settles first, and what comes closer to it meanwhile has not changed.
            let isSettled = stream.pointee.spread.baseline.count >= VectorDrift.settled
            let ofSpread = self.allowance(&stream.pointee.spread.watch, identity) * (isSettled ? 1 : 0)
            let wider = Drift.judge(
                &stream.pointee.spread, distance, hour: Int(time / 3_600_000_000_000 % 24), time: time, ofSpread,
                PoolShare(others: 0, round: stream.pointee.spread.watch.round), desk)
            note(&stream.pointee.spread.watch, .embedding, isVaried: isVaried, epoch)
            // What moved is further away than it was, too: one episode.
            guard stream.pointee.watch.said == .nothing else { continue }
            guard let told = wider.change, told.way == .up || told.way == .wider, told.after > told.before else { continue }
            report(wider, .wider, stream.pointee.spread.watch, epoch, key)
        }
    }

    private mutating func report(_ said: Drift.Said, _ way: SignalChange.Way, _ watch: StreamWatch, _ epoch: UInt32, _ subject: UInt64) {
        guard var change = said.change else { return }
        change.signal = .embedding
        change.way = way
        let verdict = Drift.Verdict(detector: .vectorDrift, severity: said.verdict.severity, onset: said.verdict.onset)
        report(verdict, change, watch, epoch, subject: subject, tool: 0)
    }
}
