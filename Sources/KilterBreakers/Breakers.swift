import KilterMath
import KilterVocabulary

/// The breakers of all tenants: which scope is open, and what every finding, call and deadline does to it.
///
/// Pure: transitions depend on findings, calls and engine time. At most `Limits.breakersMax` breakers of one tenant
/// are away from closed; beyond that a trip stays an alert and is counted in `refusedTrips`.
public struct Breakers: Sendable {
    public let rules: [BreakerRule]
    public private(set) var refusedTrips: UInt64 = 0
    var tenants: [Board] = []

    public init(rules: [BreakerRule]) { self.rules = rules }

    /// The breakers of one tenant, found by scope and key. A closed one is kept for its generation, the longest
    /// closed forgotten first.
    struct Board: Sendable {
        var tenant: NameHash
        var breakers: [UInt64: Breaker] = [:]
        /// Key of a breaker by any other key of its scope.
        var aliases: [UInt64: UInt64] = [:]
        var deadlines = Deadlines<UInt64>()
        var nextSerial: UInt64 = 1
        /// Breakers that are not closed.
        var away = 0
        var halfOpen = 0
        /// Closed ones in the order they closed; entries whose breaker has moved on are skipped.
        var closed: [(key: UInt64, generation: UInt64)] = []
        /// Greatest generation of a breaker that was forgotten: new ones begin above it, so that no event id comes twice.
        var forgottenGeneration: UInt64 = 0
    }

    /// Whether any breaker is not closed: false lets the caller skip `adopt` and `pass`.
    public var anyAway: Bool { tenants.contains { $0.away > 0 } }

    /// Breakers that are not closed, over all tenants.
    public var awayCount: Int { tenants.reduce(0) { $0 + $1.away } }

    /// Takes a critical finding whose tier may trip.
    /// - Parameters:
    ///   - cause: the alert id behind it.
    ///   - explain: the finding in words, called only when a breaker trips; `aliases` only when one is made.
    public mutating func trip(
        _ finding: Finding, cause: String, explain: () -> Explanation, aliases: () -> ScopeAliases
    ) -> [BreakerEvent] {
        guard Self.mayTrip(finding) else { return [] }
        var events: [BreakerEvent] = []
        for scope in [BreakerScope.agent, .run] {
            guard let rule = rules.first(where: { $0.scope == scope && $0.on.contains(finding.detector) }) else { continue }
            let board = boardIndex(finding.tenant)
            let key = resolve(Self.key(scope, finding.runKey, finding.agentKey), board)
            if tenants[board].breakers[key] == nil {
                guard make(key, rule, board, aliases()) else { continue }
            }
            guard var breaker = tenants[board].breakers[key] else { continue }
            switch breaker.state {
            case .open:
                // The cool-down runs from the last evidence.
                breaker.deadline = finding.engineTime + breaker.coolDown
                tenants[board].breakers[key] = breaker
                continue
            case .forcedOpen, .disabled:
                continue
            case .closed, .halfOpen:
                guard breaker.state == .halfOpen || tenants[board].away < Limits.breakersMax else {
                    refusedTrips &+= 1
                    continue
                }
                let words = explain()
                breaker.cause = cause
                breaker.reason = words.summary
                breaker.advice = words.advice
                events.append(
                    move(&breaker, key, board, at: finding.observedAt) {
                        $0.open(finding.engineTime, again: $0.state == .halfOpen)
                    })
            }
        }
        return events
    }

    /// Only identical evidence and what the operator listed may trip (contract, section 6).
    public static func mayTrip(_ finding: Finding) -> Bool {
        guard finding.severity == .critical else { return false }
        switch finding.tier {
        case .identicalResult, .identicalOutcome: return true
        case .structural: return finding.detector == .messageGrowth
        default: return false
        }
    }

    /// Learns that a trace belongs to a run, which gives its breaker an alias.
    public mutating func adopt(
        _ place: Place, time: EventTime, trace: TraceID, conversation: () -> String
    ) -> [BreakerEvent] {
        guard let board = tenants.firstIndex(where: { $0.tenant == place.tenantName }), tenants[board].away > 0 else { return [] }
        return adopt(place, board, time, conversation, trace)
    }

    /// Takes a call that was judged and found clean: a probe of a half-open breaker has passed.
    public mutating func pass(_ place: Place, time: EventTime) -> [BreakerEvent] {
        guard let board = tenants.firstIndex(where: { $0.tenant == place.tenantName }), tenants[board].halfOpen > 0
        else { return [] }
        var events: [BreakerEvent] = []
        for scope in [BreakerScope.agent, .run] {
            let key = resolve(Self.key(scope, place.runKey, place.agentKey), board)
            guard var breaker = tenants[board].breakers[key], breaker.state == .halfOpen else { continue }
            breaker.passed &+= 1
            if breaker.passed >= breaker.rule.probePermits {
                events.append(move(&breaker, key, board, at: time) { $0.close("\($0.passed) calls passed without new evidence") })
            } else {
                tenants[board].breakers[key] = breaker
            }
        }
        return events
    }

    /// Engine time of the earliest deadline of `tenant`; it may have been postponed since.
    public func nextDeadline(of tenant: NameHash) -> EventTime {
        tenants.first { $0.tenant == tenant }?.deadlines.next ?? .never
    }

    /// Earliest deadline over all tenants.
    public var nextDeadline: EventTime { tenants.reduce(.never) { min($0, $1.deadlines.next) } }

    /// Lets the one earliest deadline of `tenant` that is due at `time` take effect. Nil when none is.
    public mutating func expireNext(of tenant: NameHash, dueAt time: EventTime) -> BreakerEvent? {
        guard let board = tenants.firstIndex(where: { $0.tenant == tenant }) else { return nil }
        while let due = tenants[board].deadlines.pop(dueAt: time) {
            guard var breaker = tenants[board].breakers[due.key], breaker.serial == due.serial else { continue }
            guard breaker.state == .open || breaker.state == .halfOpen else { continue }
            if breaker.deadline > due.time {
                tenants[board].deadlines.push(due.key, at: breaker.deadline, serial: breaker.serial)
                continue
            }
            return move(&breaker, due.key, board, at: due.time) {
                switch ($0.state, $0.passed) {
                case (.open, _): $0.halfOpen(due.time)
                case (_, 0): $0.close("nothing happened while it could be probed")
                default:
                    $0.reason = "only \($0.passed) of \($0.rule.probePermits) probes came back"
                    $0.open(due.time, again: true)
                }
            }
        }
        return nil
    }

    /// The latest event of every breaker that is not closed, by tenant and then by breaker id.
    public func state(at time: EventTime) -> [BreakerEvent] {
        tenants.sorted { $0.tenant < $1.tenant }.flatMap { board in
            board.breakers.keys.sorted().compactMap { board.breakers[$0] }.filter { $0.state != .closed }
                .sorted { $0.id < $1.id }.map { $0.event(at: time) }
        }
    }
}

// How boards are kept.
extension Breakers {
    static func key(_ scope: BreakerScope, _ run: UInt64, _ agent: UInt64) -> UInt64 {
        scope == .run ? StableHash.combine(run, 1) : StableHash.combine(agent, 2)
    }

    private func resolve(_ key: UInt64, _ board: Int) -> UInt64 { tenants[board].aliases[key] ?? key }

    private mutating func make(_ key: UInt64, _ rule: BreakerRule, _ board: Int, _ aliases: ScopeAliases) -> Bool {
        guard tenants[board].away < Limits.breakersMax else {
            refusedTrips &+= 1
            return false
        }
        forgetClosed(board)
        let serial = tenants[board].nextSerial
        tenants[board].nextSerial &+= 1
        tenants[board].breakers[key] = Breaker(
            rule: rule, id: aliases.identity(rule.scope), scopeKey: key, serial: serial,
            generation: tenants[board].forgottenGeneration, aliases: aliases)
        return true
    }

    /// Makes one transition, keeps the counts and deadlines true, and returns its event.
    private mutating func move(
        _ breaker: inout Breaker, _ key: UInt64, _ board: Int, at time: EventTime, _ transition: (inout Breaker) -> Void
    ) -> BreakerEvent {
        let before = breaker.state
        transition(&breaker)
        tenants[board].away += (breaker.state == .closed ? 0 : 1) - (before == .closed ? 0 : 1)
        tenants[board].halfOpen += (breaker.state == .halfOpen ? 1 : 0) - (before == .halfOpen ? 1 : 0)
        if breaker.state == .closed {
            tenants[board].closed.append((key, breaker.generation))
            // One that opened and closed again has several entries, of which the last counts.
            if tenants[board].closed.count > 2 * Limits.breakersMax {
                let breakers = tenants[board].breakers
                tenants[board].closed.removeAll { breakers[$0.key]?.generation != $0.generation }
            }
        } else {
            // A deadline of the state before may still be queued; a new serial makes it void.
            breaker.serial = tenants[board].nextSerial
            tenants[board].nextSerial &+= 1
            tenants[board].deadlines.push(key, at: breaker.deadline, serial: breaker.serial)
        }
        tenants[board].breakers[key] = breaker
        return breaker.event(at: time)
    }

    /// A trace whose breaker is known turns out to belong to a conversation: one breaker, one more alias.
    private mutating func adopt(
        _ place: Place, _ board: Int, _ time: EventTime, _ conversation: () -> String, _ trace: TraceID
    ) -> [BreakerEvent] {
        let traceKey = Self.key(.run, place.traceKey, 0)
        let runKey = Self.key(.run, place.runKey, 0)
        if var breaker = tenants[board].breakers[traceKey], breaker.state != .closed, breaker.aliases.conversation == nil {
            breaker.aliases.conversation = conversation()
            if tenants[board].breakers[runKey] == nil, tenants[board].aliases[runKey] == nil {
                breaker.otherKeys.append(runKey)
                tenants[board].aliases[runKey] = traceKey
            }
            breaker.generation &+= 1
            tenants[board].breakers[traceKey] = breaker
            return [breaker.event(at: time)]
        }
        let home = resolve(runKey, board)
        guard var breaker = tenants[board].breakers[home], breaker.state != .closed else { return [] }
        guard breaker.lastTrace != trace else { return [] }
        breaker.lastTrace = trace
        let name = trace.hex
        if !breaker.aliases.traces.contains(name) {
            // Who obeys knows the run by its conversation already: the trace goes out with the next transition.
            breaker.aliases.traces.insert(name, at: 0)
            if breaker.aliases.traces.count > Limits.aliasesMax { breaker.aliases.traces.removeLast() }
        }
        tenants[board].breakers[home] = breaker
        return []
    }

    private mutating func forgetClosed(_ board: Int) {
        while tenants[board].closed.count > Limits.breakersMax {
            let (key, generation) = tenants[board].closed.removeFirst()
            guard let breaker = tenants[board].breakers[key], breaker.generation == generation, breaker.state == .closed
            else { continue }
            tenants[board].breakers[key] = nil
            tenants[board].forgottenGeneration = max(tenants[board].forgottenGeneration, generation)
            for other in breaker.otherKeys { tenants[board].aliases[other] = nil }
        }
    }

    private mutating func boardIndex(_ tenant: NameHash) -> Int {
        if let known = tenants.firstIndex(where: { $0.tenant == tenant }) { return known }
        tenants.append(Board(tenant: tenant))
        return tenants.count - 1
    }
}
