import KilterMath
import KilterVocabulary

/// Findings become episodes: one `alert_id` each, a revision when it opens, when its severity rises, and when it
/// resolves. Further evidence at the same severity only keeps it open.
///
/// Pure: what happens depends on the findings and on engine time alone. Episodes are kept per tenant, at most
/// `Limits.episodesMax` each; beyond that the one quiet for longest is resolved as evicted.
public struct Episodes: Sendable {
    var tenants: [Ledger] = []

    public init() {}

    /// The open episodes of one tenant.
    struct Ledger: Sendable {
        var tenant: NameHash
        var open: [UInt64: Episode] = [:]
        var deadlines = Deadlines<UInt64>()
        var nextSerial: UInt64 = 1
    }

    /// Takes one finding.
    /// - Parameters:
    ///   - quiet: how long without further evidence until the episode resolves.
    ///   - explain: puts the finding into words; called only when an event comes of it.
    /// - Returns: the alerts to publish, in order; usually none.
    public mutating func take(
        _ finding: Finding, quiet: Nanoseconds, name: NameLookup, explain: (Finding) -> Explanation
    ) -> [Alert] {
        let ledger = ledgerIndex(finding.tenant)
        let key = Episode.key(of: finding, run: finding.runKey)
        if finding.traceKey != finding.runKey { rename(Episode.key(of: finding, run: finding.traceKey), to: key, finding, ledger) }
        if finding.isOver { return over(finding, key, ledger) }
        if let severity = tenants[ledger].open[key]?.note(finding, quiet) {
            guard finding.severity > severity, let episode = tenants[ledger].open[key] else { return [] }
            var alert = revised(episode.alert, finding, explain(finding))
            // Outliers of several runs may be one episode.
            if finding.detector == .outlier { alert.run = run(of: finding, name) }
            if let change = finding.change { relate(&alert, to: change, ledger) }
            alert.cost = EpisodeCost(finding.spend.since(episode.spendAtOnset), during: alert.delay)
            tenants[ledger].open[key]?.alert = alert
            return [alert]
        }
        var alerts: [Alert] = []
        if tenants[ledger].open.count >= Limits.episodesMax, let evicted = evict(ledger, finding.engineTime) {
            alerts.append(evicted)
        }
        alerts.append(open(finding, key, ledger, quiet, name, explain(finding)))
        return alerts
    }

    /// An episode that began before the conversation of its trace was known goes on under the conversation.
    private mutating func rename(_ old: UInt64, to new: UInt64, _ finding: Finding, _ ledger: Int) {
        guard tenants[ledger].open[new] == nil, var episode = tenants[ledger].open.removeValue(forKey: old) else { return }
        episode.key = new
        // From here on the conversation's spending counts, of which the trace's is a part.
        episode.spendAtOnset = finding.spend.before(finding.spent)
        tenants[ledger].open[new] = episode
        tenants[ledger].deadlines.push(new, at: episode.deadline, serial: episode.serial)
    }

    /// What was claimed is over, by who claimed it.
    private mutating func over(_ finding: Finding, _ key: UInt64, _ ledger: Int) -> [Alert] {
        guard let episode = tenants[ledger].open.removeValue(forKey: key) else { return [] }
        return [resolved(episode, .heardAgain, at: finding.observedAt)]
    }

    private mutating func open(
        _ finding: Finding, _ key: UInt64, _ ledger: Int, _ quiet: Nanoseconds, _ name: NameLookup,
        _ explanation: Explanation
    ) -> Alert {
        var alert = opened(finding, name, explanation)
        if let change = finding.change { relate(&alert, to: change, ledger) }
        let serial = tenants[ledger].nextSerial
        tenants[ledger].nextSerial &+= 1
        let deadline = finding.engineTime + quiet
        tenants[ledger].open[key] = Episode(
            alert: alert, key: key, serial: serial, deadline: deadline, quiet: quiet, count: finding.count,
            lastSpan: finding.span, lastTrace: finding.trace, lastObservedAt: finding.observedAt,
            spendAtOnset: finding.spend.before(finding.spent),
            spend: finding.spend)
        tenants[ledger].deadlines.push(key, at: deadline, serial: serial)
        return alert
    }

    /// What an agent shows as its group does is part of what is told of the group.
    private func relate(_ alert: inout Alert, to change: SignalChange, _ ledger: Int) {
        let open = tenants[ledger].open
        guard !change.isGroup else { return }
        for stream in [change.serviceStream, change.modelStream] where stream != 0 {
            for detector in [DetectorID.drift, .burst] {
                guard let whole = open[Episode.key(ofGroupStream: stream, detector, tenant: tenants[ledger].tenant)] else { continue }
                return alert.evidence.append(Evidence("part_of", .string(whole.alert.id)))
            }
        }
    }

    /// The alert id of the open episode that `finding` belongs to; empty when there is none.
    public func alertID(of finding: Finding) -> String {
        tenants.first { $0.tenant == finding.tenant }?.open[Episode.key(of: finding, run: finding.runKey)]?.alert.id ?? ""
    }

    /// Engine time of the earliest deadline of `tenant`; it may have been postponed since.
    public func nextDeadline(of tenant: NameHash) -> EventTime {
        tenants.first { $0.tenant == tenant }?.deadlines.next ?? .never
    }

    /// Earliest deadline over all tenants.
    public var nextDeadline: EventTime { tenants.reduce(.never) { min($0, $1.deadlines.next) } }

    /// Resolves the one episode of `tenant` whose deadline is the earliest due at `time`. Nil when none is.
    public mutating func resolveNext(of tenant: NameHash, dueAt time: EventTime) -> Alert? {
        guard let ledger = tenants.firstIndex(where: { $0.tenant == tenant }) else { return nil }
        while let due = tenants[ledger].deadlines.pop(dueAt: time) {
            guard let episode = tenants[ledger].open[due.key], episode.serial == due.serial else { continue }
            if episode.deadline > due.time {
                tenants[ledger].deadlines.push(due.key, at: episode.deadline, serial: episode.serial)
                continue
            }
            tenants[ledger].open[due.key] = nil
            return resolved(episode, .quiet, at: due.time)
        }
        return nil
    }

    /// Resolves the episode that has been quiet for longest: the one whose deadline is the earliest.
    private mutating func evict(_ ledger: Int, _ now: EventTime) -> Alert? {
        while let first = tenants[ledger].deadlines.pop(dueAt: .never) {
            guard let episode = tenants[ledger].open[first.key], episode.serial == first.serial else { continue }
            if episode.deadline > first.time {
                tenants[ledger].deadlines.push(first.key, at: episode.deadline, serial: episode.serial)
                continue
            }
            tenants[ledger].open[first.key] = nil
            return resolved(episode, .evicted, at: now)
        }
        return nil
    }

    mutating func install(_ ledger: Ledger) { tenants[ledgerIndex(ledger.tenant)] = ledger }

    private mutating func ledgerIndex(_ tenant: NameHash) -> Int {
        if let known = tenants.firstIndex(where: { $0.tenant == tenant }) { return known }
        tenants.append(Ledger(tenant: tenant))
        return tenants.count - 1
    }

    /// Open episodes over all tenants.
    public var openCount: Int { tenants.reduce(0) { $0 + $1.open.count } }
}

// The revisions of an alert.
extension Episodes {
    private func opened(_ finding: Finding, _ name: NameLookup, _ explanation: Explanation) -> Alert {
        var alert = Alert()
        alert.detector = finding.detector
        alert.tenant = name(finding.tenant)
        alert.environment = name(finding.environment)
        alert.service = name(finding.service)
        alert.agent = name(finding.agent)
        alert.agentVersion = present(name(finding.agentVersion))
        if finding.isOfRun { alert.run = run(of: finding, name) }
        alert.signal = explanation.numbers?.signal
        alert.tool = present(name(finding.tool))
        alert.model = present(name(finding.model))
        alert.peer = present(name(finding.peer))
        alert.revision = 0
        alert.traceID = finding.trace
        alert.spanID = finding.span
        // What tells it from others of its signal is among the evidence.
        alert.evidence = explanation.evidence
        alert.id = Episode.identity(alert)
        return revised(alert, finding, explanation)
    }

    private func run(of finding: Finding, _ name: NameLookup) -> String {
        finding.conversation == 0 ? finding.trace.hex : name(finding.conversation)
    }

    private func present(_ text: String) -> String? { text.isEmpty ? nil : text }

    private func revised(_ before: Alert, _ finding: Finding, _ explanation: Explanation) -> Alert {
        var alert = before
        alert.revision += 1
        alert.severity = finding.severity
        alert.tier = finding.tier
        // What changed in an agent is not said of the run that happened to show it; the evidence names it.
        alert.traceID = finding.isOfRun ? finding.trace : TraceID()
        alert.spanID = finding.isOfRun ? finding.span : 0
        alert.startedAt = before.revision == 0 ? finding.startedAt : min(before.startedAt, finding.startedAt)
        alert.observedAt = finding.observedAt
        alert.time = finding.observedAt
        alert.observed = explanation.numbers?.observed ?? Amount(Int64(finding.count))
        alert.expected = explanation.numbers?.expected
        alert.threshold = explanation.numbers == nil ? Amount(Int64(finding.threshold)) : nil
        alert.direction = explanation.numbers?.direction
        alert.budget = explanation.numbers?.budget
        alert.unit = explanation.unit
        alert.count = finding.count
        alert.window = finding.window == 0 ? nil : finding.window
        alert.evidence = explanation.evidence
        alert.delaySpans = finding.delaySpans
        alert.delay = alert.observedAt.since(alert.startedAt)
        alert.cost = EpisodeCost(finding.spent, during: alert.delay)
        alert.advice = explanation.advice
        alert.summary = explanation.summary
        return alert
    }

    private func resolved(_ episode: Episode, _ reason: ResolveReason, at time: EventTime) -> Alert {
        var alert = episode.alert
        alert.revision += 1
        alert.state = .resolved
        alert.time = time
        if alert.signal == nil { alert.observed = Amount(Int64(episode.count)) }
        alert.count = episode.count
        if alert.traceID.isValid {
            alert.traceID = episode.lastTrace
            alert.spanID = episode.lastSpan
        }
        let lasted = episode.lastObservedAt.since(alert.startedAt)
        alert.cost = EpisodeCost(episode.spend.since(episode.spendAtOnset), during: lasted)
        alert.evidence.append(Evidence("resolved", .string(reason.name)))
        let minutes = episode.quiet.count / 60_000_000_000
        let why =
            switch reason {
            case .quiet: "no further evidence for \(minutes % 1_440 == 0 ? "\(minutes / 1_440) d" : "\(minutes) min")"
            case .evicted: "made room for newer episodes"
            case .heardAgain: "heard of again"
            }
        var unit = alert.unit ?? "times"
        if episode.count == 1, unit.hasSuffix("s") { unit.removeLast() }
        let at = alert.signal == nil ? "Resolved at \(episode.count) \(unit)" : "Resolved"
        alert.summary = "\(at), \(why): \(episode.alert.summary)"
        alert.advice = ""
        return alert
    }
}
