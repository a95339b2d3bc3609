import KilterMath
import KilterVocabulary

/// What is remembered of the messages between agents in one run. Fixed size.
///
/// Per directed pair the last text digest and how often it came in a row; per agent when it last called a tool, since
/// work between two messages makes the second one news. Beyond sixteen pairs or agents the one quiet for longest is
/// forgotten, and whoever is not known counts as having worked, which can only silence.
public struct MessageBoard: BitwiseCopyable, Sendable {
    struct Pair: BitwiseCopyable {
        var key: UInt64 = 0
        var digest: UInt64 = 0
        var firstSpan: UInt64 = 0
        var lastSpan: UInt64 = 0
        var startedAt: UInt64 = 0
        var count: UInt32 = 0
        var last: UInt32 = 0
        var first: UInt32 = 0
    }

    struct Worker: BitwiseCopyable {
        var agent: NameHash = 0
        var lastCall: UInt32 = 0
    }

    var pairs = InlineArray<16, Pair>(repeating: Pair())
    var workers = InlineArray<16, Worker>(repeating: Worker())
    /// Latest tool call of any agent that was forgotten.
    var forgottenCall: UInt32 = 0
    /// Messages and tool calls of the run, in order.
    var clock: UInt32 = 0
    /// End times of the last twelve identical messages of an agent to itself.
    var selfTimes = InlineArray<12, UInt64>(repeating: 0)
    var selfSpans = InlineArray<12, UInt64>(repeating: 0)
    var selfAgent: NameHash = 0
    var selfDigest: UInt64 = 0
    var selfCount: UInt32 = 0

    public init() {}

    /// What one message amounts to.
    public struct Sight: BitwiseCopyable, Sendable {
        public var count: UInt32 = 0
        public var firstSpan: UInt64 = 0
        public var previousSpan: UInt64 = 0
        public var startedAt: UInt64 = 0
        /// Messages and calls of the run since the first of the row.
        public var delay: UInt32 = 0
    }

    /// Notes that `agent` called a tool.
    public mutating func observeCall(agent: NameHash) {
        clock &+= 1
        var at = 0
        for index in 0..<16 {
            if workers[index].agent == agent {
                at = index
                break
            }
            if workers[index].lastCall < workers[at].lastCall { at = index }
        }
        if workers[at].agent != agent {
            forgottenCall = max(forgottenCall, workers[at].lastCall)
            workers[at].agent = agent
        }
        workers[at].lastCall = clock
    }

    /// Takes a message from one agent to another with a known digest.
    public mutating func observeMessage(
        from sender: NameHash, to receiver: NameHash, digest: UInt64, span: UInt64, start: UInt64
    ) -> Sight {
        clock &+= 1
        let key = StableHash.combine(sender, receiver)
        let at = pairIndex(key)
        var pair = pairs[at]
        let worked = max(lastCall(sender), lastCall(receiver))
        if pair.key != key || pair.digest != digest || worked > pair.last {
            pair = Pair(key: key, digest: digest, firstSpan: span, startedAt: start, first: clock)
        }
        let previous = pair.lastSpan
        pair.count &+= 1
        pair.last = clock
        pair.lastSpan = span
        pairs[at] = pair
        return Sight(
            count: pair.count, firstSpan: pair.firstSpan, previousSpan: previous, startedAt: pair.startedAt,
            delay: clock &- pair.first)
    }

    /// Takes a message of an agent to itself; counts identical ones within `window` before `end`.
    public mutating func observeSelfMessage(
        agent: NameHash, digest: UInt64, span: UInt64, end: UInt64, window: Nanoseconds
    ) -> Sight {
        clock &+= 1
        if selfAgent != agent || selfDigest != digest {
            selfAgent = agent
            selfDigest = digest
            selfCount = 0
        }
        selfTimes[Int(selfCount % 12)] = end
        selfSpans[Int(selfCount % 12)] = span
        selfCount &+= 1
        var sight = Sight()
        for back in 0..<min(selfCount, 12) {
            let at = Int((selfCount &- 1 &- back) % 12)
            guard selfTimes[at] &+ window.count >= end else { break }
            sight.count &+= 1
            sight.firstSpan = selfSpans[at]
            sight.startedAt = selfTimes[at]
            if back == 1 { sight.previousSpan = selfSpans[at] }
        }
        sight.delay = sight.count &- 1
        return sight
    }

    private func pairIndex(_ key: UInt64) -> Int {
        var at = 0
        for index in 0..<16 {
            if pairs[index].key == key { return index }
            if pairs[index].last < pairs[at].last { at = index }
        }
        return at
    }

    private func lastCall(_ agent: NameHash) -> UInt32 {
        for index in 0..<16 where workers[index].agent == agent { return workers[index].lastCall }
        return forgottenCall
    }
}
