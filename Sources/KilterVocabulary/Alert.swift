/// One revision of one episode, as published. Absent fields are nil and left out of the event.
public struct Alert: Sendable {
    public enum State: String, Sendable { case firing, resolved }

    public var id = ""
    public var revision: UInt32 = 1
    public var state = State.firing
    public var severity = Severity.info
    public var detector = DetectorID.repeatedCall
    public var tier = Tier.identicalResult
    public var tenant = ""
    public var environment = ""
    public var service = ""
    public var agent = ""
    public var agentVersion: String?
    public var run = ""
    public var traceID = TraceID()
    public var spanID: UInt64 = 0
    public var tool: String?
    public var model: String?
    public var signal: String?
    public var peer: String?
    public var startedAt = EventTime.zero
    public var observedAt = EventTime.zero
    /// Event time of this revision; differs from `observedAt` when time, not a span, ended the episode.
    public var time = EventTime.zero
    public var observed: Amount?
    public var expected: Amount?
    public var threshold: Amount?
    public var unit: String?
    public var direction: String?
    /// The budget of false alarms that the threshold follows from.
    public var budget: String?
    public var count: UInt32?
    public var window: UInt32?
    public var evidence: [Evidence] = []
    public var delaySpans: UInt32 = 0
    public var delay = Nanoseconds(0)
    /// What the run has spent since the onset; nil where no token was seen.
    public var cost: EpisodeCost?
    public var advice = ""
    public var summary = ""

    public init() {}
}

/// What an episode has cost so far. Microdollars are absent where tokens were seen and no price is known for them.
public struct EpisodeCost: Sendable, Equatable {
    public var tokens: UInt64
    public var microdollars: UInt64?
    /// What another hour would cost at the rate since the onset.
    public var atRiskMicrodollars: UInt64?

    public init(tokens: UInt64, microdollars: UInt64?, atRiskMicrodollars: UInt64?) {
        self.tokens = tokens
        self.microdollars = microdollars
        self.atRiskMicrodollars = atRiskMicrodollars
    }
}

/// One named fact behind an alert. Order is the detector's and is kept in the event.
public struct Evidence: Sendable, Equatable {
    public indirect enum Value: Sendable, Equatable {
        case string(String)
        case integer(Int64)
        case amount(Amount)
        case amounts([Amount])
        case strings([String])
        case facts([Evidence])
    }

    public var name: String
    public var value: Value

    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }
}

/// What a breaker covers.
public enum BreakerScope: String, Sendable, CaseIterable {
    case agent, run
    case agentTool = "agent_tool"
    case tool, workflow, tenant
}

public enum BreakerMode: String, Sendable, CaseIterable { case shadow, enforce }

/// Level-triggered state of a scope.
public enum BreakerState: String, Sendable {
    case closed, open
    case halfOpen = "half_open"
    case forcedOpen = "forced_open"
    case disabled
}

/// One transition of one breaker, as published. `decision` is the one field to obey.
public struct BreakerEvent: Sendable {
    public enum Decision: String, Sendable { case allow, block }
    public enum OnSilence: String, Sendable, CaseIterable { case hold, block, allow }

    public var id = ""
    public var generation: UInt64 = 1
    public var scope = BreakerScope.run
    /// Aliases under which a gateway may know the scope, in a fixed order.
    public var keys: [Evidence] = []
    public var state = BreakerState.closed
    public var mode = BreakerMode.shadow
    public var decision = Decision.allow
    /// The alert that caused the transition, or a word for what else did.
    public var cause = ""
    public var reason = ""
    public var advice: String?
    public var retryAt: EventTime?
    public var probePermits: UInt32?
    public var probeLeaseUntil: EventTime?
    public var onSilence = OnSilence.hold
    /// Subject of the event: tenant/environment/service/agent of the agent that tripped it.
    public var tenant = ""
    public var environment = ""
    public var service = ""
    public var agent = ""
    /// The key that goes into the topic: run id, or service/agent.
    public var topicKey = ""
    public var time = EventTime.zero

    public init() {}
}

/// Something about the engine or its input that a person should know; live only, counted in replay.
public struct Notice: Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        case inputGap = "input_gap"
        case rateLimit = "rate_limit"
        case shed, degraded, price
    }

    public var kind: Kind
    public var time: EventTime
    public var summary: String
    public var facts: [Evidence]

    public init(kind: Kind, time: EventTime, summary: String, facts: [Evidence]) {
        self.kind = kind
        self.time = time
        self.summary = summary
        self.facts = facts
    }
}

/// What the pure part of the engine hands to the outlet, in publication order.
public enum Event: Sendable {
    case alert(Alert)
    case breaker(BreakerEvent)
    case notice(Notice)
}
