import KilterVocabulary

/// A count of calls of one turn with where it began.
public struct Tally: BitwiseCopyable, Sendable {
    public internal(set) var count: UInt32 = 0
    /// Number of its first call in the turn, from 1.
    public internal(set) var firstCall: UInt32 = 0
    public internal(set) var firstSpan: UInt64 = 0
    public internal(set) var startedAt: UInt64 = 0
    public internal(set) var spend = SpendMark()

    mutating func count(_ call: Call, at number: UInt32) {
        if count == 0 { self = Tally(firstCall: number, firstSpan: call.span, startedAt: call.start, spend: call.spend) }
        count &+= 1
    }
}

/// Calls of one tool whose arguments grow by the same length each time: a command sent again with one more copy of
/// itself. Lengths are enough, so it works without content; other tools in between do not matter.
public struct Growth: BitwiseCopyable, Sendable {
    /// Growth steps in a row; a step is two calls.
    public internal(set) var steps = Tally()
    var tool: NameHash = 0
    var length: UInt32 = 0
    /// The words of the last call: one more copy of a command brings no other words.
    var words = WordSketch.unknown
    /// By how much each step made the arguments longer, in characters.
    public internal(set) var step: UInt32 = 0

    /// Below this, lengths grow for other reasons: a page number gains a digit.
    static let stepMin: UInt32 = 4

    /// True when the call is one more step of the same growth.
    mutating func observe(_ call: Call, at number: UInt32) -> Bool {
        guard call.argumentsCharacters != 0 else { return false }
        guard call.tool == tool else {
            self = Growth(tool: call.tool, length: call.argumentsCharacters, words: call.argumentsSketch)
            return false
        }
        let before = length
        let hasOtherWords = words.isKnown && call.argumentsSketch.isKnown && words != call.argumentsSketch
        length = call.argumentsCharacters
        words = call.argumentsSketch
        if hasOtherWords {
            forget()
            return false
        }
        guard length > before, length &- before >= Self.stepMin else {
            if length != before { forget() }
            return false
        }
        // One copy more each time, or twice as much each time, give or take a separator.
        let grown = length &- before
        let isSame = grown == step
        let isDoubled = step != 0 && grown >= step &* 2 &- 2 && grown &- (step &* 2 &- 2) <= 4
        if !isSame && !isDoubled { forget() }
        step = grown
        steps.count(call, at: number)
        return true
    }

    private mutating func forget() {
        steps = Tally()
        step = 0
    }
}

/// Successful calls of one tool, one directly after the other, whose arguments and results each resemble those of the
/// call before: a search worded a little differently, a page that is never the same bytes twice.
public struct NearRow: BitwiseCopyable, Sendable {
    /// The row; at least 1 once there was a call whose result tells something.
    public internal(set) var row = Tally()
    /// Calls in it whose arguments are not those of the call before.
    public internal(set) var variations: UInt32 = 0
    var tool: NameHash = 0
    var symbol: UInt64 = 0
    var call: UInt64 = 0
    var arguments = WordSketch.unknown
    var result = WordSketch.unknown
    /// Calls in it that are not the same as the one before.
    var differing: UInt32 = 0

    /// True when the call goes on with a row in which not all are the same.
    mutating func observe(_ call: Call, at number: UInt32) -> Bool {
        // Other arguments of the same words differ in numbers alone: the agent goes through a list.
        let counts = call.call != self.call && call.argumentsSketch == arguments
        let goesOn =
            call.tool == tool && !counts && arguments.resembles(call.argumentsSketch) && result.resembles(call.toldSketch)
        if !goesOn {
            row = Tally()
            variations = 0
            differing = 0
        } else {
            if call.call != self.call { variations &+= 1 }
            if call.symbol != symbol { differing &+= 1 }
        }
        row.count(call, at: number)
        tool = call.tool
        symbol = call.symbol
        self.call = call.call
        arguments = call.argumentsSketch
        result = call.toldSketch
        return goesOn && differing > 0
    }
}

extension CallWindow {
    /// Counts the distinct calls whose latest result is that of `call`.
    mutating func noteResult(_ call: Call, _ sight: inout Sight) {
        guard call.call != 0 else { return }
        var at = 0
        var equal: UInt32 = 0
        for index in 0..<12 {
            if knownCalls[index] == call.call { at = index }
            equal &+= knownResults[index] == call.told ? 1 : 0
        }
        if knownResults[at] != call.told {
            knownResults[at] = call.told
            equal &+= 1
        }
        guard call.told != 0 else { return }
        sight.sameResult.count = equal
        if equal > 1 { findFirst(of: call, &sight) }
    }

    private mutating func findFirst(of call: Call, _ sight: inout Sight) {
        var first = -1
        var previous = -1
        for index in 0..<12 where knownResults[index] == call.told {
            if first < 0 || known[index].firstCall < known[first].firstCall { first = index }
            if knownCalls[index] != call.call, previous < 0 || knownLastCalls[index] > knownLastCalls[previous] {
                previous = index
            }
        }
        guard first >= 0 else { return }
        sight.sameResult.firstCall = known[first].firstCall
        sight.sameResult.firstSpan = known[first].firstSpan
        sight.sameResult.startedAt = known[first].startedAt
        sight.sameResult.spend = known[first].spend
        if previous >= 0 { sight.sameResultPreviousSpan = known[previous].lastSpan }
    }
}
