/// The counts at which each severity begins. Zero means never.
public struct Ladder: BitwiseCopyable, Equatable, Hashable, Sendable {
    /// A count that no severity is ever given at.
    public static let never: UInt32 = 0

    public var info: UInt32
    public var warning: UInt32
    public var critical: UInt32

    @inlinable public init(info: UInt32, warning: UInt32, critical: UInt32) {
        self.info = info
        self.warning = warning
        self.critical = critical
    }

    /// The highest severity whose count is reached, or nil below all of them.
    @inlinable public func severity(of count: UInt32) -> Severity? {
        if critical != Self.never && count >= critical { return .critical }
        if warning != Self.never && count >= warning { return .warning }
        if info != Self.never && count >= info { return .info }
        return nil
    }

    /// The count at which `severity` begins, if `count` has reached it.
    @inlinable public func reached(_ severity: Severity, by count: UInt32) -> UInt32? {
        let begins = threshold(of: severity)
        return begins != Self.never && count >= begins ? begins : nil
    }

    /// The count at which `severity` begins; zero when it never does.
    @inlinable public func threshold(of severity: Severity) -> UInt32 {
        switch severity {
        case .info: info
        case .warning: warning
        case .critical: critical
        }
    }

    /// Every count `factor` times as high; what never begins still does not.
    public func multiplied(by factor: UInt32) -> Ladder {
        func times(_ count: UInt32) -> UInt32 {
            let (product, overflow) = count.multipliedReportingOverflow(by: factor)
            return overflow ? .max : product
        }
        return Ladder(info: times(info), warning: times(warning), critical: times(critical))
    }

    /// No severity is ever given.
    @inlinable public var isSilent: Bool { info | warning | critical == 0 }

    /// A later severity never begins before an earlier one, where both are given.
    public var isOrdered: Bool {
        let given = [info, warning, critical].filter { $0 != Self.never }
        return zip(given, given.dropFirst()).allSatisfy { $0 <= $1 }
    }
}

/// A time in which what agents do is neither judged nor learned: from its beginning up to, not including, its end.
public struct MaintenanceWindow: BitwiseCopyable, Equatable, Sendable {
    /// Windows of one configuration at most.
    public static let countMax = 64

    public var from: EventTime
    public var to: EventTime

    public init(from: EventTime, to: EventTime) {
        self.from = from
        self.to = to
    }

    @inlinable public func contains(_ time: EventTime) -> Bool { from <= time && time < to }
}

/// The counts in effect for one agent. What each rests on stands in `Models/Profiles/default.yaml`.
public struct Thresholds: BitwiseCopyable, Equatable, Hashable, Sendable {
    /// Calls that `repeatedInWindow` looks back over.
    public static let repeatWindow: UInt32 = 20
    /// Event time that `messageToSelf` looks back over.
    public static let messageToSelfWindow = Nanoseconds.seconds(60)

    /// Identical calls with identical results, one directly after the other.
    public var repeatedInRow = Ladder(info: 3, warning: 4, critical: 8)
    /// Identical calls with identical results among the last `repeatWindow` calls.
    public var repeatedInWindow = Ladder(info: 4, warning: 6, critical: 10)
    /// Identical calls in one turn whose result is not known.
    public var sameArgumentsUnknownResult = Ladder(info: 10, warning: 20, critical: Ladder.never)
    /// Identical calls in one turn whose results are known and differ.
    public var sameArgumentsChangingResult = Ladder(info: 10, warning: Ladder.never, critical: Ladder.never)
    /// Successful calls of one tool in a row whose arguments and results resemble those of the call before.
    public var nearInRow = Ladder(info: 3, warning: 5, critical: Ladder.never)
    /// Completed turns of a cycle of two to `Limits.cyclePeriodMax` calls with identical results.
    public var cycleTurns = Ladder(info: 2, warning: 3, critical: 5)
    /// Distinct calls, among the last `Limits.distinctCallsMax` of the turn, with one and the same telling result.
    public var stagnation = Ladder(info: 4, warning: 6, critical: 12)
    /// Calls among the last thirty of the turn whose (call, result) the turn had seen before.
    public var knownOfThirty = Ladder(info: 20, warning: 24, critical: 30)
    /// Calls among the last ten whose (call, result) the turn had seen three times before.
    public var knownOfTen = Ladder(info: Ladder.never, warning: 10, critical: Ladder.never)
    /// Calls among the last thirty that the turn had made before, where results are not known.
    public var knownCallsOfThirty = Ladder(info: 20, warning: Ladder.never, critical: Ladder.never)
    /// Identical successful calls of a tool with side effects in one turn.
    public var sideEffects = Ladder(info: Ladder.never, warning: Ladder.never, critical: 2)
    /// Identical answers of an agent in a row, without a tool call by it and without a new message to it in between.
    public var repeatedAnswers = Ladder(info: 2, warning: 3, critical: 6)
    /// Copies of one block of words at the end of a single answer.
    public var answerTail = Ladder(info: 5, warning: 8, critical: Ladder.never)
    /// Calls in one turn of tools that do not exist.
    public var unknownTools = Ladder(info: 5, warning: 10, critical: 20)
    /// Calls of one tool in a row whose arguments grew by the same length again.
    public var growthSteps = Ladder(info: 3, warning: 5, critical: Ladder.never)
    /// Calls that differ and fail in a row with the same error; of one tool where the error shows only its type.
    public var errorStreak = Ladder(info: 3, warning: 4, critical: 8)
    /// Identical messages in one direction between two agents without a tool call between them.
    public var messagePair = Ladder(info: Ladder.never, warning: 3, critical: 9)
    /// Identical messages of an agent to itself within `messageToSelfWindow`.
    public var messageToSelf = Ladder(info: Ladder.never, warning: 4, critical: 12)

    /// How many times as long as half of the dialogues of its pair and phase a dialogue is that stands apart from them.
    public var dialogueOutgrown = Ladder(info: Ladder.never, warning: 3, critical: Ladder.never)

    /// Turns of one text round a circle of three to `Limits.circleMax` agents, back to one that did not work in between.
    public var circleTurns = Ladder(info: 2, warning: 3, critical: 5)
    /// Generations of messages in a row, each of which brings in more agents never seen in the run than the one before.
    public var growingGenerations = Ladder(info: Ladder.never, warning: 3, critical: 5)
    /// Generations in a row that pass on, among three parties or more, nine tenths of the messages before them.
    public var relayingGenerations = Ladder(info: Ladder.never, warning: 5, critical: 10)
    /// Agents in a chain, each brought in by the one before.
    public var chainDepth = Ladder(info: 8, warning: 12, critical: 24)
    /// Agents of a run in which three generations in a row brought in more agents than they had.
    public var agentsOfGrowingRun = Ladder(info: Ladder.never, warning: Ladder.never, critical: 48)

    /// One run in how many brings a tool that is new to the agent, when one does.
    public var newTool = Ladder(info: 20, warning: Ladder.never, critical: Ladder.never)
    /// The same where the tool has side effects and the run has read content before.
    public var newToolThatActs = Ladder(info: 10, warning: 20, critical: Ladder.never)
    /// One run in how many brings a step from tool to tool that is new to the agent, when one does.
    public var newTransition = Ladder(info: 20, warning: Ladder.never, critical: Ladder.never)

    /// Detectors without counts that are switched off.
    public var silenced: DetectorSet = []
    /// Which of the maintenance windows of `Standards` are the agent's, as bits.
    public var windows: UInt64 = 0

    public init() {}

    /// The counts for a tool that polls: repetition weighs a fifth.
    public var forPolling: Thresholds {
        var counts = self
        for path in [
            \Thresholds.repeatedInRow, \.repeatedInWindow, \.sameArgumentsUnknownResult, \.sameArgumentsChangingResult, \.nearInRow,
        ] {
            counts[keyPath: path] = counts[keyPath: path].multiplied(by: ToolClass.pollWeight)
        }
        return counts
    }

    /// The values of the default profile.
    public static let published = Thresholds()
}
