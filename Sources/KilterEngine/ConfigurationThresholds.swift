import KilterVocabulary

/// The ladders of `Thresholds` by the names that configurations and profiles use.
public enum LadderName: Int, CaseIterable, Sendable {
    case repeatedInRow, repeatedInWindow, sameArgumentsUnknownResult, sameArgumentsChangingResult, nearInRow
    case cycleTurns, stagnation, knownOfThirty, knownOfTen, knownCallsOfThirty, sideEffects, repeatedAnswers, answerTail
    case errorStreak, unknownTools, growthSteps, messagePair, messageToSelf, dialogueOutgrown
    case circleTurns, growingGenerations, relayingGenerations, chainDepth, agentsOfGrowingRun
    case newTool, newToolThatActs, newTransition

    public var detector: DetectorID {
        switch self {
        case .repeatedInRow, .repeatedInWindow, .sameArgumentsUnknownResult, .sameArgumentsChangingResult, .nearInRow: .repeatedCall
        case .cycleTurns: .callCycle
        case .stagnation: .stagnation
        case .knownOfThirty, .knownOfTen, .knownCallsOfThirty: .noveltyCollapse
        case .sideEffects: .duplicateSideEffect
        case .repeatedAnswers, .answerTail: .reasoningLoop
        case .errorStreak: .errorStreak
        case .unknownTools: .unknownTool
        case .growthSteps: .growingCall
        case .messagePair, .messageToSelf, .dialogueOutgrown: .messageStorm
        case .circleTurns: .messageCycle
        case .growingGenerations, .relayingGenerations, .chainDepth, .agentsOfGrowingRun: .messageGrowth
        case .newTool, .newToolThatActs: .newTool
        case .newTransition: .newTransition
        }
    }

    /// The key under the detector's.
    public var key: String {
        switch self {
        case .repeatedInRow, .repeatedAnswers, .errorStreak: "in_row"
        case .repeatedInWindow: "in_window"
        case .sameArgumentsUnknownResult: "same_arguments_unknown_result"
        case .sameArgumentsChangingResult: "same_arguments_changing_result"
        case .nearInRow: "near_in_row"
        case .cycleTurns, .circleTurns: "turns"
        case .stagnation: "same_result"
        case .knownOfThirty: "last_thirty"
        case .knownOfTen: "last_ten"
        case .knownCallsOfThirty: "calls_of_thirty"
        case .sideEffects: "in_turn"
        case .answerTail: "tail"
        case .unknownTools: "in_turn"
        case .growthSteps: "steps"
        case .messagePair: "pair"
        case .messageToSelf: "to_self"
        case .dialogueOutgrown: "outgrown"
        case .growingGenerations: "growing"
        case .relayingGenerations: "relaying"
        case .chainDepth: "depth"
        case .agentsOfGrowingRun: "agents"
        case .newTool, .newTransition: "one_run_in"
        case .newToolThatActs: "acts_after_reading"
        }
    }

    /// What is counted.
    public var unit: String {
        switch self {
        case .repeatedInRow, .repeatedInWindow, .sameArgumentsUnknownResult, .sameArgumentsChangingResult, .nearInRow: "calls"
        case .cycleTurns: "turns"
        case .stagnation: "distinct calls"
        case .knownOfThirty, .knownOfTen, .knownCallsOfThirty: "known calls"
        case .sideEffects, .unknownTools: "calls"
        case .repeatedAnswers: "answers"
        case .answerTail: "copies"
        case .growthSteps: "growth steps"
        case .errorStreak: "failed calls"
        case .messagePair: "messages"
        case .messageToSelf: "messages per 60 s"
        case .dialogueOutgrown: "times the median"
        case .circleTurns: "turns"
        case .growingGenerations, .relayingGenerations: "generations"
        case .chainDepth, .agentsOfGrowingRun: "agents"
        case .newTool, .newToolThatActs, .newTransition: "runs per new one"
        }
    }

    /// The highest severity that the kind of evidence can carry (contract, section 6).
    public var highest: Severity {
        switch self {
        case .sameArgumentsUnknownResult, .nearInRow, .answerTail: .warning
        case .sameArgumentsChangingResult, .knownCallsOfThirty: .info
        default: .critical
        }
    }

    public subscript(thresholds: Thresholds) -> Ladder { thresholds[keyPath: path] }

    public func set(_ ladder: Ladder, in thresholds: inout Thresholds) { thresholds[keyPath: path] = ladder }

    private var path: WritableKeyPath<Thresholds, Ladder> {
        switch self {
        case .repeatedInRow: \.repeatedInRow
        case .repeatedInWindow: \.repeatedInWindow
        case .sameArgumentsUnknownResult: \.sameArgumentsUnknownResult
        case .sameArgumentsChangingResult: \.sameArgumentsChangingResult
        case .nearInRow: \.nearInRow
        case .cycleTurns: \.cycleTurns
        case .stagnation: \.stagnation
        case .knownOfThirty: \.knownOfThirty
        case .knownOfTen: \.knownOfTen
        case .knownCallsOfThirty: \.knownCallsOfThirty
        case .sideEffects: \.sideEffects
        case .unknownTools: \.unknownTools
        case .growthSteps: \.growthSteps
        case .repeatedAnswers: \.repeatedAnswers
        case .answerTail: \.answerTail
        case .errorStreak: \.errorStreak
        case .messagePair: \.messagePair
        case .messageToSelf: \.messageToSelf
        case .dialogueOutgrown: \.dialogueOutgrown
        case .circleTurns: \.circleTurns
        case .growingGenerations: \.growingGenerations
        case .relayingGenerations: \.relayingGenerations
        case .chainDepth: \.chainDepth
        case .agentsOfGrowingRun: \.agentsOfGrowingRun
        case .newTool: \.newTool
        case .newToolThatActs: \.newToolThatActs
        case .newTransition: \.newTransition
        }
    }
}

/// The counts of a ladder that an override gives; nil leaves what is there, `Ladder.never` switches off.
public struct LadderPatch: Sendable, Equatable {
    public var info: UInt32?
    public var warning: UInt32?
    public var critical: UInt32?

    public init(info: UInt32? = nil, warning: UInt32? = nil, critical: UInt32? = nil) {
        self.info = info
        self.warning = warning
        self.critical = critical
    }

    public static let silent = LadderPatch(info: Ladder.never, warning: Ladder.never, critical: Ladder.never)

    public var isEmpty: Bool { self == LadderPatch() }

    /// The ladder with the given counts in it. Counts that were not given follow where they would stand on the wrong
    /// side: a warning from 8 on in place of 4 raises a critical count of 8 to 16, as far above it as before; a warning from
    /// 2 on lowers an info count of 3 to 2.
    public func applied(to ladder: Ladder) -> Ladder {
        var counts = [ladder.info, ladder.warning, ladder.critical]
        let given = [info, warning, critical]
        for index in counts.indices { counts[index] = given[index] ?? counts[index] }
        for (index, count) in given.enumerated() {
            guard let count, count != Ladder.never else { continue }
            for other in counts.indices where given[other] == nil && counts[other] != Ladder.never {
                if other < index { counts[other] = min(counts[other], count) }
                if other > index { counts[other] = max(counts[other], count) }
            }
        }
        // As far above the warning as before: nobody who wants fewer warnings wants them to be critical.
        if warning != nil, critical == nil, counts[2] == counts[1], ladder.critical > ladder.warning {
            counts[2] = Self.scaled(counts[1], by: ladder.critical, over: ladder.warning)
        }
        return Ladder(info: counts[0], warning: counts[1], critical: counts[2])
    }

    private static func scaled(_ count: UInt32, by factor: UInt32, over divisor: UInt32) -> UInt32 {
        guard count != Ladder.never, divisor != Ladder.never else { return count }
        return UInt32(clamping: (UInt64(count) * UInt64(factor) + UInt64(divisor) - 1) / UInt64(divisor))
    }

    /// The ladder raised so that no given count is undercut: the other rule of a detector whose one rule was relaxed.
    func raised(_ ladder: Ladder, with row: Ladder) -> Ladder {
        func raise(_ given: UInt32?, _ count: UInt32, _ row: UInt32) -> UInt32 {
            guard given != nil, count != Ladder.never else { return count }
            return row == Ladder.never ? Ladder.never : max(count, row)
        }
        var result = Ladder(
            info: raise(info, ladder.info, row.info), warning: raise(warning, ladder.warning, row.warning),
            critical: raise(critical, ladder.critical, row.critical))
        if result.warning != Ladder.never { result.warning = max(result.warning, result.info) }
        if result.critical != Ladder.never {
            result.critical = max(result.critical, result.info, result.warning)
            if result.critical == result.warning { result.critical = max(result.critical, row.critical) }
        }
        return result
    }
}

/// What one override changes.
public struct ThresholdsPatch: Sendable, Equatable {
    /// By `LadderName.rawValue`.
    private var ladders = [LadderPatch](repeating: LadderPatch(), count: LadderName.allCases.count)
    /// `repeated_call` was given as one ladder: the window follows the row.
    public var windowFollowsRow = false
    /// Detectors without counts that are switched off.
    public var silenced: DetectorSet = []

    public init() {}

    public subscript(name: LadderName) -> LadderPatch {
        get { ladders[name.rawValue] }
        set { ladders[name.rawValue] = newValue }
    }

    public var isEmpty: Bool { silenced.isEmpty && ladders.allSatisfy(\.isEmpty) }

    public func apply(to thresholds: inout Thresholds) {
        thresholds.silenced.formUnion(silenced)
        for name in LadderName.allCases where !self[name].isEmpty {
            name.set(self[name].applied(to: name[thresholds]), in: &thresholds)
        }
        if windowFollowsRow {
            let row = self[.repeatedInRow]
            thresholds.repeatedInWindow = row.raised(thresholds.repeatedInWindow, with: thresholds.repeatedInRow)
        }
    }
}
