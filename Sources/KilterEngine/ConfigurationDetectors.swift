import KilterVocabulary

/// The sections that change what this build does: detectors and breakers.
extension ConfigurationParser {
    // MARK: Detectors

    mutating func readDetectors(_ field: ConfigurationField) {
        guard let elements = reader.elements(field, of: "overrides") else { return }
        for element in elements { readDetectorRule(element) }
    }

    private mutating func readDetectorRule(_ field: ConfigurationField) {
        guard let entries = reader.entries(field, ["for", "quiet"] + DetectorID.contractNames) else { return }
        if entries.isWhole && entries.fields.keys.allSatisfy({ $0 == "for" }) {
            reader.fail(field, "overrides nothing; name a detector")
        }
        var rule = Configuration.DetectorRule()
        rule.selector = reader.selector(entries["for"])
        if let selection = entries["for"], !rule.selector.patterns.allSatisfy(\.key.isOfAgent) { reader.inert(selection) }
        if let quiet = entries["quiet"] {
            rule.quiet = reader.duration(quiet)
            if !rule.selector.isEmpty { reader.inert(quiet) }
        }
        for name in DetectorID.contractNames {
            guard let entry = entries[name] else { continue }
            if let detector = DetectorID(name: name) {
                readThresholds(entry, of: detector, into: &rule.patch)
            } else {
                readLaterDetector(entry, name, into: &rule)
            }
        }
        add(rule)
    }

    /// What holds for everybody becomes part of the base; the rest is kept in file order.
    private mutating func add(_ rule: Configuration.DetectorRule) {
        guard rule.selector.isEmpty else { return result.detectors.append(rule) }
        rule.patch.apply(to: &result.thresholds)
        if let quiet = rule.quiet { result.quiet = quiet }
        if !rule.later.isEmpty { result.detectors.append(Configuration.DetectorRule(later: rule.later)) }
    }

    /// `never`, one ladder for the detector's first rule, or a ladder for each rule by name.
    private mutating func readThresholds(
        _ field: ConfigurationField, of detector: DetectorID, into patch: inout ThresholdsPatch
    ) {
        let names = LadderName.allCases.filter { $0.detector == detector }
        if case .scalar(let scalar) = field.node, scalar.string == "never" {
            for name in names { patch[name] = .silent }
            if !detector.counts { patch.silenced.insert(DetectorSet(detector)) }
            return
        }
        guard detector.counts else { return failOnCounts(field) }
        let severities = Severity.allCases.map(\.name)
        guard let entries = reader.entries(field, severities + names.map(\.key)) else { return }
        if entries.isWhole && entries.fields.isEmpty { reader.fail(field, "gives no count") }
        let short = entries.fields.filter { severities.contains($0.key) }
        for name in names {
            guard let entry = entries[name.key] else { continue }
            if name == names[0] && !short.isEmpty {
                reader.fail(entry.line, entry.column, "\(entry.path): given next to the short form, which means the same counts")
            } else if let ladder = readLadder(entry, name) {
                patch[name] = ladder
            }
        }
        if !short.isEmpty, let first = names.first, let ladder = readCounts(short, first) {
            patch[first] = ladder
            patch.windowFollowsRow = first == .repeatedInRow && entries[LadderName.repeatedInWindow.key] == nil
        }
    }

    private mutating func readLadder(_ field: ConfigurationField, _ name: LadderName?) -> LadderPatch? {
        if case .scalar(let scalar) = field.node, scalar.string == "never" { return .silent }
        guard let entries = reader.entries(field, Severity.allCases.map(\.name)) else { return nil }
        if entries.isWhole && entries.fields.isEmpty { reader.fail(field, "gives no count") }
        return readCounts(entries.fields, name)
    }

    private mutating func readCounts(_ entries: [String: ConfigurationField], _ name: LadderName?) -> LadderPatch? {
        let fields = Severity.allCases.map { entries[$0.name] }
        let counts = fields.map { $0.flatMap { readCount($0) } }
        let problems = reader.problems.count
        var lower: (field: ConfigurationField, count: UInt32)?
        for (severity, pair) in zip(Severity.allCases, zip(fields, counts)) {
            guard let entry = pair.0, let count = pair.1, count != Ladder.never else { continue }
            if let name, severity > name.highest {
                reader.fail(entry, "this evidence is never \(severity.name); \(name.highest.name) is its highest severity")
            }
            if let lower, count < lower.count {
                let bound = "the \(lower.count) of `\(lower.field.path)`"
                reader.fail(entry, "\(count) is below \(bound); a higher severity cannot begin earlier")
            }
            lower = (entry, count)
        }
        guard reader.problems.count == problems else { return nil }
        return LadderPatch(info: counts[0], warning: counts[1], critical: counts[2])
    }

    private mutating func readCount(_ field: ConfigurationField) -> UInt32? {
        if case .scalar(let scalar) = field.node, scalar.string == "never" { return Ladder.never }
        return reader.quantity(field, "a whole number from 1, or `never`", WrittenQuantity.count)
    }

    private mutating func failOnCounts(_ field: ConfigurationField) {
        reader.fail(field, "takes no counts; its sensitivity is set by `false_alarms`, and `never` switches it off")
    }

    /// Detectors of later builds: a ladder where they count, `never` for all of them.
    private mutating func readLaterDetector(
        _ field: ConfigurationField, _ name: String, into rule: inout Configuration.DetectorRule
    ) {
        let isNever = if case .scalar(let scalar) = field.node { scalar.string == "never" } else { false }
        guard isNever || Self.counting.contains(name) else {
            return failOnCounts(field)
        }
        guard let patch = readLadder(field, nil) else { return }
        rule.later.append(Configuration.LaterDetector(name: name, patch: patch))
        reader.inert(field)
    }

    /// Detectors of later builds whose thresholds are counts.
    private static let counting = [
        "stagnation", "novelty_collapse", "duplicate_side_effect", "unknown_tool", "growing_call",
    ]

    // MARK: Breakers

    /// Detectors that may trip a breaker (contract, section 6), by themselves or because they are listed.
    private static let tripping = [
        "repeated_call", "call_cycle", "duplicate_side_effect", "reasoning_loop", "stagnation", "novelty_collapse",
        "error_streak", "unknown_tool", "growing_call", "message_storm", "message_cycle", "message_growth", "budget",
        "burn_rate", "policy",
    ]

    mutating func readBreakers(_ field: ConfigurationField) {
        guard let elements = reader.elements(field, of: "breakers") else { return }
        var earlier: [Configuration.Breaker] = []
        for element in elements {
            guard let breaker = readBreaker(element) else { continue }
            let rivals = earlier.filter { $0.selector == breaker.selector && $0.scope == breaker.scope }
            if let name = breaker.on.first(where: { name in rivals.contains { $0.on.contains(name) } }) {
                reader.fail(element, "`\(name)` already trips another breaker of scope `\(breaker.scope.rawValue)`")
            }
            earlier.append(breaker)
        }
        result.breakers = earlier
    }

    private mutating func readBreaker(_ field: ConfigurationField) -> Configuration.Breaker? {
        let keys = [
            "for", "scope", "on", "mode", "cool_down", "probe_permits", "on_silence", "max_tripped", "enforce",
        ]
        guard let entries = reader.entries(field, keys, required: ["scope", "on"]) else { return nil }
        var breaker = Configuration.Breaker()
        breaker.selector = reader.selector(entries["for"])
        if let scope = entries["scope"] { breaker.scope = reader.word(scope) ?? breaker.scope }
        if let on = entries["on"] { readTripping(on, into: &breaker) }
        if let mode = entries["mode"] { breaker.mode = reader.word(mode) ?? breaker.mode }
        if let coolDown = entries["cool_down"] { breaker.coolDown = reader.duration(coolDown) ?? breaker.coolDown }
        if let permits = entries["probe_permits"] { breaker.probePermits = reader.count(permits) ?? breaker.probePermits }
        if let silence = entries["on_silence"] { breaker.onSilence = reader.word(silence) ?? breaker.onSilence }
        if let most = entries["max_tripped"] { breaker.maxTripped = reader.percentage(most) }
        if let share = entries["enforce"] {
            breaker.enforce = reader.percentage(share)
            if breaker.mode == .shadow && entries["mode"] != nil {
                reader.fail(share, "a breaker in mode `shadow` enforces nothing; set `mode: enforce` or leave `enforce` out")
            }
        }
        noteInert(breaker, field, entries)
        return breaker
    }

    private mutating func readTripping(_ field: ConfigurationField, into breaker: inout Configuration.Breaker) {
        guard let elements = reader.elements(field, of: "detector ids") else { return }
        if elements.isEmpty { reader.fail(field, "expected at least one detector id") }
        breaker.on = []
        for element in elements {
            guard let name = reader.text(element, "a detector id") else { continue }
            if !DetectorID.contractNames.contains(name) {
                let hint = NearestName.hint(for: name, among: DetectorID.contractNames)
                reader.fail(element, "there is no detector `\(name)`\(hint)")
            } else if !Self.tripping.contains(name) {
                reader.fail(element, "`\(name)` may not trip a breaker; its evidence is not certain enough")
            } else if breaker.on.contains(name) {
                reader.fail(element, "`\(name)` is listed twice")
            } else {
                breaker.on.append(name)
                if DetectorID(name: name) == nil { reader.inert(element) }
            }
        }
    }

    /// Either the whole breaker cannot act in this build, or some of its keys.
    private mutating func noteInert(
        _ breaker: Configuration.Breaker, _ field: ConfigurationField, _ entries: ConfigurationEntries
    ) {
        if breaker.rule == nil { return reader.inert(field) }
        for key in ["max_tripped", "enforce"] { if let entry = entries[key] { reader.inert(entry) } }
    }
}
