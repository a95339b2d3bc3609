/// The detectors of this build, in the order in which their events are published for one record.
public enum DetectorID: UInt8, CaseIterable, Comparable, BitwiseCopyable, Sendable {
    case repeatedCall, callCycle, stagnation, noveltyCollapse, duplicateSideEffect, reasoningLoop, errorStreak, unknownTool, growingCall
    case messageStorm, messageCycle, messageGrowth
    case newTool, newTransition
    case drift, mixDrift, burst, versionChange, outlier, vectorDrift, silence, poisoning

    public var name: String {
        switch self {
        case .repeatedCall: "repeated_call"
        case .callCycle: "call_cycle"
        case .stagnation: "stagnation"
        case .noveltyCollapse: "novelty_collapse"
        case .duplicateSideEffect: "duplicate_side_effect"
        case .reasoningLoop: "reasoning_loop"
        case .errorStreak: "error_streak"
        case .unknownTool: "unknown_tool"
        case .growingCall: "growing_call"
        case .messageStorm: "message_storm"
        case .messageCycle: "message_cycle"
        case .messageGrowth: "message_growth"
        case .newTool: "new_tool"
        case .newTransition: "new_transition"
        case .drift: "drift"
        case .mixDrift: "mix_drift"
        case .burst: "burst"
        case .versionChange: "version_change"
        case .outlier: "outlier"
        case .vectorDrift: "vector_drift"
        case .silence: "silence"
        case .poisoning: "poisoning"
        }
    }

    /// Its sensitivity is a ladder of counts; that of the others follows from the budget of false alarms.
    public var counts: Bool { self < .drift }

    public static func < (a: DetectorID, b: DetectorID) -> Bool { a.rawValue < b.rawValue }

    public init?(name: String) {
        guard let match = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }

    /// Ids of the contract that later builds bring; configuration may name them already.
    public static let contractNames: [String] = [
        "repeated_call", "call_cycle", "stagnation", "novelty_collapse", "duplicate_side_effect", "reasoning_loop",
        "error_streak", "unknown_tool", "growing_call", "message_storm", "message_cycle", "message_growth", "drift",
        "mix_drift", "vector_drift", "burst", "outlier", "budget", "burn_rate", "policy", "new_tool", "new_transition",
        "kpi", "silence", "version_change", "cardinality", "poisoning",
    ]
}

/// Several detectors, as bits.
public struct DetectorSet: OptionSet, BitwiseCopyable, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public init(_ detector: DetectorID) { rawValue = 1 << UInt64(detector.rawValue) }
}

/// What kind of evidence a finding rests on.
public enum Tier: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case identicalResult, identicalOutcome, identicalArguments, near, nameOnly, structural, statistical, budget, policy
    case absence

    public var name: String {
        switch self {
        case .identicalResult: "identical_result"
        case .identicalOutcome: "identical_outcome"
        case .identicalArguments: "identical_arguments"
        case .near: "near"
        case .nameOnly: "name_only"
        case .structural: "structural"
        case .statistical: "statistical"
        case .budget: "budget"
        case .policy: "policy"
        case .absence: "absence"
        }
    }
}

/// inform → warn → trip; only a critical finding may trip a breaker.
public enum Severity: UInt8, BitwiseCopyable, Comparable, Sendable, CaseIterable {
    case info, warning, critical

    public var name: String {
        switch self {
        case .info: "info"
        case .warning: "warning"
        case .critical: "critical"
        }
    }

    public static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }
}

/// The three keyings of the walk; their order is the order of events that one record causes.
public enum Keying: UInt8, BitwiseCopyable, Sendable {
    case agent, run, group
}
