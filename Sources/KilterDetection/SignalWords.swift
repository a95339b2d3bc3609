import KilterMath
import KilterState
import KilterVocabulary

/// Statistical findings in words and facts.
public enum SignalWords {
    static func explain(_ finding: Finding, _ name: NameLookup, budget: String) -> Explanation {
        guard let change = finding.change else { return Explanation(summary: "", advice: "", evidence: [], unit: "") }
        let signal = change.signal.name(name(change.label))
        let isMix = change.way == .mix
        var explanation = Explanation(
            summary: isMix ? mixSummary(finding, change, signal, name, budget) : summary(finding, change, signal, name, budget),
            advice: "", evidence: evidence(finding, change, name), unit: unit(change).rawValue)
        explanation.numbers = .init(
            signal: signal, observed: amount(change.after, change), expected: amount(change.before, change),
            direction: change.way.name, budget: budget)
        return explanation
    }

    private static func summary(
        _ finding: Finding, _ change: SignalChange, _ signal: String, _ name: NameLookup, _ budget: String
    ) -> String {
        let what = place(finding, change, name)
        let since = observations(change)
        let isSpread = change.way == .wider || change.way == .narrower
        let how =
            isSpread
            ? "spreads about \(spread(change).text) times as far as it did, around "
                + "\(figure(change.after, change)) (\(figure(change.before, change)) before),"
            : "went \(change.way.name) from \(figure(change.before, change)) to \(figure(change.after, change)) "
                + "(95 %: \(figure(change.lower, change)) to \(figure(change.upper, change)))"
        return "\(signal) of \(who(finding, change, name))\(what) \(how) over \(since), against \(change.countBefore) before"
            + "\(compared(change, name, finding.agent)) (\(finding.severity.name) at \(strength(change)) times what \(budget) takes)."
    }

    static func observations(_ count: UInt32) -> String { count == 1 ? "1 observation" : "\(count) observations" }
    private static func observations(_ change: SignalChange) -> String {
        if change.bucketSeconds > 0 { return "\(change.countAfter) times \(Wording.duration(.seconds(UInt64(change.bucketSeconds))))" }
        return observations(change.countAfter)
    }

    private static func mixSummary(
        _ finding: Finding, _ change: SignalChange, _ signal: String, _ name: NameLookup, _ budget: String
    ) -> String {
        let parts = categories(change).map { "\(label($0, name)) \(percent($0.before)) → \(percent($0.after))" }
        return "The mix of \(signal) of \(name(finding.agent)) changed: \(parts.joined(separator: ", ")), over \(change.countAfter) runs, "
            + "against \(change.countBefore) before\(compared(change, name, finding.agent)) "
            + "(\(finding.severity.name) at \(strength(change)) times what \(budget) takes)."
    }

    private static func who(_ finding: Finding, _ change: SignalChange, _ name: NameLookup) -> String {
        guard change.isGroup else { return name(finding.agent) }
        return change.group == .service ? "all agents of \(name(finding.service))" : "all agents that ask \(name(finding.model))"
    }

    /// What kind of step it is about.
    private static func place(_ finding: Finding, _ change: SignalChange, _ name: NameLookup) -> String {
        step(finding, change, name) + (change.isGroup ? ", each agent's runs held against its own," : "")
    }

    static func step(_ finding: Finding, _ change: SignalChange, _ name: NameLookup) -> String {
        switch change.step {
        case .tool: change.isGroup ? " in tool calls" : " in \(name(finding.tool))"
        case .request: " in model calls that ask for tools"
        case .answer: " in model calls that answer"
        case .inference: change.signal.kind == .value ? " in model calls" : ""
        case .opening: " in the first model call of a run"
        case .phase: " in one phase of its work"
        case .run where change.signal == .repeatAnswer && !change.isGroup:
            ", how unlike the first answer to a request is to the one it got before (0 the same; 0.7 a tenth longer, or other tools),"
        case .run, .span: ""
        }
    }

    private static func compared(_ change: SignalChange, _ name: NameLookup, _ agent: NameHash) -> String {
        var words = ""
        if change.comparedVersion != 0 { words += " in version \(name(change.comparedVersion))" }
        if change.declaredAt != .zero {
            let said = change.declaration(name, of: agent)
            words += "\(words.isEmpty ? "" : ", that is before") the\(said.dropFirst())"
        }
        if change.modelAfter != 0, change.modelBefore != 0 {
            words += "; \(name(change.modelAfter)) answers where \(name(change.modelBefore)) did"
        }
        return words
    }

    private static func evidence(_ finding: Finding, _ change: SignalChange, _ name: NameLookup) -> [Evidence] {
        var facts: [Evidence] = []
        if change.signal.kind == .value { facts.append(Evidence("step", .string(change.step.name))) }
        if change.way == .mix {
            facts.append(
                Evidence(
                    "categories",
                    .facts(
                        categories(change).map {
                            Evidence(
                                label($0, name), .amounts([Amount(rounding: Double($0.before)), Amount(rounding: Double($0.after))]))
                        })))
        } else {
            facts.append(Evidence("before", .amount(amount(change.before, change))))
            facts.append(Evidence("after", .amount(amount(change.after, change))))
            facts.append(Evidence("interval", .amounts([amount(change.lower, change), amount(change.upper, change)])))
            if change.way == .wider || change.way == .narrower {
                facts.append(Evidence("spread_factor", .amount(spread(change))))
            }
        }
        facts.append(Evidence("since_onset", .integer(Int64(change.countAfter))))
        facts.append(Evidence("baseline", .integer(Int64(change.countBefore))))
        facts.append(Evidence("log10_evidence", .amount(Amount(rounding: log10(Double(change.evidence))))))
        if change.ownEvidence < change.evidence { facts.append(Evidence("share_of_evidence", .amount(Amount(rounding: share(change))))) }
        if change.comparedVersion != 0 { facts.append(Evidence("compared_with_version", .string(name(change.comparedVersion)))) }
        facts += change.declarationFacts(name)
        if change.modelBefore != 0 { facts.append(Evidence("model_before", .string(name(change.modelBefore)))) }
        if change.modelAfter != 0 { facts.append(Evidence("model_after", .string(name(change.modelAfter)))) }
        if change.isGroup { facts.append(Evidence("group", .string(change.group.name))) }
        facts.append(Evidence("last_trace_id", .string(finding.trace.hex)))
        facts.append(Evidence("last_span_id", .string(Hex.string(finding.span))))
        return facts
    }

    /// How many times as far values lie apart.
    private static func spread(_ change: SignalChange) -> Amount { Amount(rounding: (Double(change.alternative) * 100).rounded() / 100) }

    /// Of the evidence, what the signal says itself; the rest is what other signals of the same agent or group say.
    private static func share(_ change: SignalChange) -> Double {
        change.evidence > 0 ? (Double(change.ownEvidence / change.evidence) * 100).rounded() / 100 : 1
    }

    private static func categories(_ change: SignalChange) -> [SignalChange.Category] {
        (0..<3).map { change.categories[$0] }.filter { $0.before > 0 || $0.after > 0 }
    }

    /// A step from tool to tool and a shell's command have no name of their own.
    private static func label(_ category: SignalChange.Category, _ name: NameLookup) -> String {
        if category.target != 0 { return "\(name(category.origin)) → \(name(category.target))" }
        if category.name == 0 { return "other" }
        let text = name(category.name)
        return text.isEmpty ? Hex.string(category.name) : text
    }

    // MARK: Figures

    /// Agents of a group have no unit in common but how unusual a run is.
    private static func unit(_ change: SignalChange) -> Signal.Unit { change.isGroup ? .deviations : change.signal.unit }

    /// In the unit of events.
    static func amount(_ value: Double, _ change: SignalChange) -> Amount {
        switch unit(change) {
        case .nanoseconds: Amount(Int64(exactly: value.rounded()) ?? .max)
        case .microdollars: Amount(rounding: value / 1e6)
        default: Amount(rounding: value)
        }
    }

    /// For people.
    static func figure(_ value: Double, _ change: SignalChange) -> String { figure(value, unit(change)) }

    /// A value as baselines hold it, for people.
    public static func figure(_ value: Double, _ unit: Signal.Unit) -> String {
        switch unit {
        case .nanoseconds:
            let seconds = value / 1e9
            return seconds < 1 ? "\(Amount(rounding: seconds * 1e3).text) ms" : "\(Amount(rounding: seconds).text) s"
        case .microdollars: return "$\(Amount(rounding: value / 1e12).text)"
        case .share: return percent(Float(value))
        case .tokens: return "\(Amount(rounding: value).text) tokens"
        case .tokensPerSecond: return "\(Amount(rounding: value).text) tokens/s"
        case .perMinute: return "\(Amount(rounding: value).text) per minute"
        case .steps, .score: return Amount(rounding: value).text
        case .unlikeness: return Amount(rounding: (value * 100).rounded() / 100).text
        case .deviations: return "\(Amount(rounding: (value * 100).rounded() / 100).text) standard deviations"
        }
    }

    private static func percent(_ share: Float) -> String { "\(Amount(rounding: (Double(share) * 1_000).rounded() / 10).text) %" }

    static func log10(_ evidence: Double) -> Double { evidence > 0 ? Elementary.log(evidence) / 2.302585092994046 : 0 }

    static func strength(_ change: SignalChange) -> String {
        let strength = Double(change.evidence)
        return strength < 1e6 ? Amount(rounding: (strength * 10).rounded() / 10).text : "a million"
    }
}

extension SignalWords {
    /// Baselines need runs, and what to tell of them.
    static func readiness(_ seen: Visibility, of detector: DetectorID) -> Readiness {
        if seen.spans == 0 {
            return Readiness(detector: detector, state: .idle, tier: nil, why: "no span seen yet")
        }
        if detector == .mixDrift, seen.calls == 0, seen.withModel == 0, seen.outcomes == 0 {
            return Readiness(
                detector: detector, state: .idle, tier: nil, why: "neither tools nor models nor outcomes seen yet",
                missing: ["gen_ai.tool.name", "gen_ai.response.model", "kilter.outcome"], fix: Shortfall.calls)
        }
        return Readiness(
            detector: detector, state: .live, tier: .statistical,
            why: seen.outcomes > 0
                ? "times, counts and outcomes are there" : "times and counts are there; a shift of outcomes would need kilter.outcome")
    }
}
