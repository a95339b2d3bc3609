import KilterBreakers
import KilterDetection
import KilterIncidents
import KilterIntake
import KilterVocabulary

/// Where findings and deadlines become events, in the one order that no batching and no worker count can change:
/// before each record the time-outs due up to its time, then what the record itself causes, by keying and detector.
struct Desk {
    var episodes = Episodes()
    var breakers: Breakers
    private(set) var rateLimits = RateLimitNotices()
    private var prices = PriceNotices()
    private let quiet: Nanoseconds
    private let statisticalQuiet: Nanoseconds
    private let budget: String

    init(_ settings: Settings) {
        breakers = Breakers(rules: settings.breakers)
        quiet = settings.quiet
        statisticalQuiet = settings.statisticalQuiet
        budget = settings.falseAlarms.text
    }

    /// Judges rows of one batch; their findings are in order.
    /// - Parameter namesOf: the names of a tenant.
    mutating func judge(
        _ batch: SpanBatch, _ rows: Range<Int>, _ findings: [Finding], _ namesOf: (NameHash) -> NameTable,
        into events: inout [Event]
    ) {
        var next = 0
        var nextDeadline = earliestDeadline
        for number in rows {
            let place = batch.rows[number].place
            guard place.outcome == .processed || place.outcome == .late else { continue }
            let before = events.count
            if place.engineTime >= nextDeadline { expire(place.tenantName, dueAt: place.engineTime, into: &events) }
            let watched = breakers.anyAway
            if watched, !batch.rows[number].flags.contains(.logRecord) { learnAliases(batch.rows[number], namesOf, into: &events) }
            let first = next
            while next < findings.count, findings[next].record == UInt32(number) {
                take(findings[next], namesOf(place.tenantName), into: &events)
                next += 1
            }
            if watched, next == first { probe(batch.rows[number], into: &events) }
            if batch.rows[number].flags.contains(.rateLimited),
                let notice = rateLimits.take(batch.rows[number], batch.strings, namesOf(place.tenantName))
            {
                events.append(.notice(notice))
            }
            if !batch.rows[number].flags.isDisjoint(with: PriceNotices.troubles) {
                prices.take(batch.rows[number], batch.strings, into: &events)
            }
            if events.count != before || next != first || place.engineTime >= nextDeadline { nextDeadline = earliestDeadline }
        }
    }

    /// A trace whose breaker is known may turn out to belong to a conversation, before the record is judged.
    private mutating func learnAliases(_ row: SpanRecord, _ namesOf: (NameHash) -> NameTable, into events: inout [Event]) {
        let place = row.place
        guard place.runKey != place.traceKey else { return }
        events += breakers.adopt(place, time: EventTime(nanoseconds: row.endNanoseconds), trace: row.trace) {
            namesOf(place.tenantName).text(place.conversationName)
        }.map(Event.breaker)
    }

    /// A call without a finding is a probe that passed.
    private mutating func probe(_ row: SpanRecord, into events: inout [Event]) {
        guard Detection.isCall(row) else { return }
        events += breakers.pass(row.place, time: EventTime(nanoseconds: row.endNanoseconds)).map(Event.breaker)
    }

    /// Takes findings that time alone brought, in order.
    mutating func take(_ findings: [Finding], _ names: NameTable, into events: inout [Event]) {
        for finding in findings { take(finding, names, into: &events) }
    }

    private var earliestDeadline: EventTime { min(episodes.nextDeadline, breakers.nextDeadline) }

    private mutating func take(_ finding: Finding, _ names: NameTable, into events: inout [Event]) {
        var words: Explanation?
        func explain(_ finding: Finding) -> Explanation {
            let made = words ?? Detection.explain(finding, budget: budget, name: names.text)
            words = made
            return made
        }
        let alerts = episodes.take(finding, quiet: finding.change == nil ? quiet : statisticalQuiet, name: names.text, explain: explain)
        events += alerts.map(Event.alert)
        guard Breakers.mayTrip(finding) else { return }
        let cause = episodes.alertID(of: finding)
        events += breakers.trip(finding, cause: cause, explain: { explain(finding) }) {
            Self.aliases(finding, names)
        }.map(Event.breaker)
    }

    private static func aliases(_ finding: Finding, _ names: NameTable) -> ScopeAliases {
        var aliases = ScopeAliases()
        aliases.tenant = names.text(finding.tenant)
        aliases.environment = names.text(finding.environment)
        aliases.service = names.text(finding.service)
        aliases.agent = names.text(finding.agent)
        aliases.run = finding.conversation == 0 ? finding.trace.hex : names.text(finding.conversation)
        aliases.conversation = finding.conversation == 0 ? nil : names.text(finding.conversation)
        aliases.traces = [finding.trace.hex]
        return aliases
    }

    /// Lets every deadline of `tenant` that is due at `time` take effect: by time, episodes before breakers.
    mutating func expire(_ tenant: NameHash, dueAt time: EventTime, into events: inout [Event]) {
        while true {
            let episode = episodes.nextDeadline(of: tenant)
            let breaker = breakers.nextDeadline(of: tenant)
            let due = min(episode, breaker)
            guard due <= time else { return }
            // One at a time, because what fires may arm what is due next.
            if episode <= breaker {
                if let alert = episodes.resolveNext(of: tenant, dueAt: due) { events.append(.alert(alert)) }
            } else if let event = breakers.expireNext(of: tenant, dueAt: due) {
                events.append(.breaker(event))
            }
        }
    }
}

/// One notice per agent and ten minutes that a provider refuses its calls: not a loop, but somebody should know.
struct RateLimitNotices {
    private var last: [UInt64: EventTime] = [:]
    private static let agentsMax = 4_096

    mutating func take(_ row: SpanRecord, _ strings: StringTable, _ names: NameTable) -> Notice? {
        if let before = last[row.place.agentKey], row.place.engineTime < before + .minutes(10) { return nil }
        if last.count >= Self.agentsMax { last.removeAll() }
        last[row.place.agentKey] = row.place.engineTime
        let agent = names.text(row.place.agentName)
        let tool = strings.string(row.tool)
        let provider = strings.string(row.provider)
        let who = !provider.isEmpty ? provider : !tool.isEmpty ? tool : "a provider"
        return Notice(
            kind: .rateLimit, time: EventTime(nanoseconds: row.endNanoseconds),
            summary: "\(who) refuses calls of \(agent) by rate limit; they count neither as repeats nor as progress.",
            facts: [
                Evidence("service", .string(strings.string(row.service))), Evidence("agent", .string(agent)),
                Evidence("provider", .string(provider)), Evidence("tool", .string(tool)),
                Evidence("error_type", .string(strings.string(row.errorType))),
            ])
    }
}
