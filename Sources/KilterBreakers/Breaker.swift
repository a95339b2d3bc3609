import KilterMath
import KilterVocabulary

/// Which findings trip what, and how the breaker behaves then.
public struct BreakerRule: Sendable, Equatable {
    public var scope: BreakerScope
    public var on: [DetectorID]
    public var mode: BreakerMode
    /// How long a breaker stays open after the last evidence against its scope.
    public var coolDown: Nanoseconds
    /// Calls that must pass without new evidence while half open before the breaker closes.
    public var probePermits: UInt32
    public var onSilence: BreakerEvent.OnSilence

    public init(
        scope: BreakerScope, on: [DetectorID], mode: BreakerMode, coolDown: Nanoseconds = .minutes(5),
        probePermits: UInt32 = 3, onSilence: BreakerEvent.OnSilence = .hold
    ) {
        self.scope = scope
        self.on = on
        self.mode = mode
        self.coolDown = coolDown
        self.probePermits = probePermits
        self.onSilence = onSilence
    }

    public static let published = BreakerRule(scope: .run, on: [.repeatedCall, .callCycle, .duplicateSideEffect], mode: .shadow)
}

/// The state machine of one scope: events in, actions out, no clock.
///
///     closed ──critical finding──▶ open ──cool-down without evidence──▶ half open ──probes pass──▶ closed
///                                   ▲                                     │ lease ends unused ───▶ closed
///                                   └─ critical finding, or probes missing ┘ (cool-down doubles, eight times at most)
struct Breaker: Sendable {
    var rule: BreakerRule
    var id: String
    var scopeKey: UInt64
    var serial: UInt64
    var generation: UInt64 = 0
    var state = BreakerState.closed
    var cause = ""
    var reason = ""
    var advice = ""
    /// The deadline in force: end of the cool-down, or of the probes' lease.
    var deadline = EventTime.never
    var passed: UInt32 = 0
    /// The last trace of the scope that was seen; only saves looking it up again.
    var lastTrace = TraceID()
    /// Doublings of the cool-down.
    var backOff: UInt64 = 0
    var aliases: ScopeAliases
    /// Other scope keys under which the breaker is found: a run that was a trace before its conversation was known.
    var otherKeys: [UInt64] = []

    /// Longest chain of doublings: eight times the cool-down.
    static let backOffMax: UInt64 = 3

    var coolDown: Nanoseconds { Nanoseconds(rule.coolDown.count &<< backOff) }

    mutating func open(_ time: EventTime, again: Bool) {
        backOff = again ? min(backOff + 1, Self.backOffMax) : 0
        state = .open
        generation &+= 1
        deadline = time + coolDown
    }

    mutating func halfOpen(_ time: EventTime) {
        state = .halfOpen
        generation &+= 1
        passed = 0
        reason = "cool-down over, probing"
        deadline = time + coolDown
    }

    mutating func close(_ why: String) {
        state = .closed
        generation &+= 1
        deadline = .never
        reason = why
    }

    /// The transition just made, as published.
    func event(at time: EventTime) -> BreakerEvent {
        var event = BreakerEvent()
        event.id = id
        event.generation = generation
        event.scope = rule.scope
        event.keys = aliases.evidence
        event.state = state
        event.mode = rule.mode
        event.decision = rule.mode == .enforce && (state == .open || state == .forcedOpen) ? .block : .allow
        event.cause = cause
        event.reason = reason
        event.advice = advice.isEmpty ? nil : advice
        event.retryAt = state == .open ? deadline : nil
        event.probePermits = state == .halfOpen ? rule.probePermits : nil
        event.probeLeaseUntil = state == .halfOpen ? deadline : nil
        event.onSilence = rule.onSilence
        event.tenant = aliases.tenant
        event.environment = aliases.environment
        event.service = aliases.service
        event.agent = aliases.agent
        event.topicKey = rule.scope == .run ? aliases.run : "\(aliases.service)/\(aliases.agent)"
        event.time = time
        return event
    }
}

/// The names under which a gateway may know a breaker's scope.
public struct ScopeAliases: Sendable, Equatable {
    public var tenant = ""
    public var environment = ""
    public var service = ""
    public var agent = ""
    /// The run id known at the first trip.
    public var run = ""
    public var conversation: String?
    /// Trace ids of the run, newest first.
    public var traces: [String] = []

    public init() {}

    var evidence: [Evidence] {
        var keys = [
            Evidence("tenant", .string(tenant)), Evidence("environment", .string(environment)),
            Evidence("service", .string(service)), Evidence("agent", .string(agent)), Evidence("run", .string(run)),
        ]
        if let conversation { keys.append(Evidence("conversation", .string(conversation))) }
        keys.append(Evidence("traces", .strings(traces)))
        return keys
    }

    /// First 16 bytes of SHA-256 over scope, tenant and the key known at the first trip, in hex.
    func identity(_ scope: BreakerScope) -> String {
        let key = scope == .run ? [run] : [environment, service, agent]
        let text = ([scope.rawValue, tenant] + key).map { "\($0.utf8.count):\($0)" }.joined()
        let digest = SHA256.hash(text)
        let halves = (0..<2).map { half in
            digest[half * 8..<half * 8 + 8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        return Hex.string(halves[0]) + Hex.string(halves[1])
    }
}
