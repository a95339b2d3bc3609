import KilterMath
import KilterVocabulary

/// One episode: what a detector keeps saying about one subject, from its first event to its resolution.
struct Episode: Sendable {
    /// The last published revision; the next one starts from it.
    var alert: Alert
    var key: UInt64
    var serial: UInt64
    /// Without further evidence until then, the episode resolves.
    var deadline: EventTime
    /// How long without evidence is quiet.
    var quiet: Nanoseconds
    /// Greatest count of the detector, whether published or not.
    var count: UInt32
    var lastSpan: UInt64
    var lastTrace: TraceID
    /// When the span of the latest evidence ended.
    var lastObservedAt: EventTime
    /// What the run had spent at the onset, and what it had at the latest evidence.
    var spendAtOnset: SpendMark
    var spend: SpendMark

    /// Takes further evidence and returns the severity published so far.
    ///
    /// What merely informs does not keep a warning open.
    mutating func note(_ finding: Finding, _ quiet: Nanoseconds) -> Severity {
        guard finding.severity >= min(alert.severity, .warning) else { return alert.severity }
        deadline = finding.engineTime + quiet
        count = max(count, finding.count)
        lastSpan = finding.span
        lastTrace = finding.trace
        lastObservedAt = finding.observedAt
        spend = finding.spend
        return alert.severity
    }

    /// What tells episodes apart.
    /// - Parameter run: the key of the run it is looked for under.
    static func key(of finding: Finding, run: UInt64) -> UInt64 {
        // Under the run keying the subject says who it is about, whichever agent's span came last.
        let who = StableHash.combine(finding.keying == .agent ? finding.agentKey : 1, run)
        return StableHash.combine(who, finding.subject ^ StableHash.combine(UInt64(finding.detector.rawValue) + 1, finding.tenant))
    }

    /// The episode of one group's stream.
    static func key(ofGroupStream stream: UInt64, _ detector: DetectorID, tenant: NameHash) -> UInt64 {
        var finding = Finding()
        (finding.keying, finding.detector, finding.subject, finding.tenant) = (.group, detector, stream, tenant)
        return key(of: finding, run: 0)
    }

    private static func fact(_ name: String, _ alert: Alert) -> String {
        guard case .string(let text)? = alert.evidence.first(where: { $0.name == name })?.value else { return "" }
        return text
    }

    /// First 16 bytes of SHA-256 over what the contract's section 5 names, in hex.
    static func identity(_ alert: Alert) -> String {
        var subject = alert.signal ?? alert.tool ?? alert.peer ?? ""
        // One signal may change in several kinds of steps at one record: latency of two tools, of an agent and of its group.
        if alert.signal != nil { subject += "/\(alert.tool ?? "")/\(fact("step", alert))/\(fact("group", alert))/\(alert.model ?? "")" }
        // And against two versions.
        let compared = fact("compared_with_version", alert) + fact("declared_at", alert)
        if alert.signal != nil, !compared.isEmpty { subject += "/\(compared)" }
        let parts = [
            alert.detector.name, alert.tenant, alert.environment, alert.service, alert.agent, alert.run, subject,
            alert.traceID.hex, Hex.string(alert.spanID),
        ]
        // Lengths before the parts, so that no two lists of parts run together.
        let text = parts.map { "\($0.utf8.count):\($0)" }.joined()
        let digest = SHA256.hash(text)
        let halves = (0..<2).map { half in
            digest[half * 8..<half * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return Hex.string(halves[0]) + Hex.string(halves[1])
    }
}

extension EpisodeCost {
    private static let nanosecondsPerHour: UInt64 = 3_600_000_000_000
    /// Spending within less is taken as that of a minute: a burst of milliseconds says nothing about an hour.
    private static let spanMin = Nanoseconds.minutes(1)

    /// Nil where nothing was spent. Money that is not known is left out rather than called zero.
    init?(_ spent: SpendMark, during span: Nanoseconds) {
        guard spent.tokens > 0 || spent.microdollars > 0 else { return nil }
        let microdollars = spent.microdollars > 0 ? spent.microdollars : nil
        self.init(
            tokens: spent.tokens, microdollars: microdollars,
            atRiskMicrodollars: microdollars.flatMap { Self.perHour($0, span) })
    }

    /// The spending of `span` as that of an hour; nil for no time at all. Clipped at what an event can hold.
    private static func perHour(_ microdollars: UInt64, _ span: Nanoseconds) -> UInt64? {
        guard span.count > 0 else { return nil }
        let span = max(span, spanMin)
        let product = microdollars.multipliedFullWidth(by: nanosecondsPerHour)
        guard product.high < span.count else { return UInt64(Int64.max) }
        return min(span.count.dividingFullWidth(product).quotient, UInt64(Int64.max))
    }
}
