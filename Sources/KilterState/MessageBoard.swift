import KilterMath
import KilterVocabulary

/// What is remembered of the messages between agents in one run. Fixed size.
///
/// Per directed pair the last text digest and how often it came in a row; per agent when it last called a tool, since
/// work between two messages makes the second one news. Beyond sixteen pairs or agents the one quiet for longest is
/// forgotten, and whoever is not known counts as having worked, which can only silence.
public struct MessageBoard: BitwiseCopyable, Sendable {
    /// One directed pair; its key and its latest message stand in `pairKeys` and `pairLasts`.
    struct Pair: BitwiseCopyable {
        var digest: UInt64 = 0
        var firstSpan: UInt64 = 0
        var lastSpan: UInt64 = 0
        var lastParent: UInt64 = 0
        var startedAt: UInt64 = 0
        var count: UInt32 = 0
        var first: UInt32 = 0
        /// What the run had spent at the first message of the row.
        var spend = SpendMark()
    }

    // In the order of use: what every message touches lies in the first lines, see `hotLines`.

    /// Messages and tool calls of the run, in order.
    var clock: UInt32 = 0
    /// Latest tool call of any agent that was forgotten.
    var forgottenCall: UInt32 = 0
    var workers = InlineArray<16, NameHash>(repeating: 0)
    var workerCalls = InlineArray<16, UInt32>(repeating: 0)
    var pairKeys = InlineArray<16, UInt64>(repeating: 0)
    var pairLasts = InlineArray<16, UInt32>(repeating: 0)
    var pairs = InlineArray<16, Pair>(repeating: Pair())
    /// End times of the last twelve identical messages of an agent to itself.
    var selfTimes = InlineArray<12, UInt64>(repeating: 0)
    var selfSpans = InlineArray<12, UInt64>(repeating: 0)
    var selfSpends = InlineArray<12, SpendMark>(repeating: SpendMark())
    var selfAgent: NameHash = 0
    var selfDigest: UInt64 = 0
    var selfCount: UInt32 = 0

    /// The dialogue that goes on.
    var dialogue = Dialogue()

    /// Lines of 64 bytes that every message touches: everything up to `pairLasts`.
    public static let hotLines = 7

    public init() {}

    /// What one message amounts to.
    public struct Sight: BitwiseCopyable, Sendable {
        public var count: UInt32 = 0
        public var firstSpan: UInt64 = 0
        public var previousSpan: UInt64 = 0
        public var startedAt: UInt64 = 0
        public var spend = SpendMark()
        /// Messages and calls of the run since the first of the row.
        public var delay: UInt32 = 0
    }

    /// Notes that `agent` called a tool.
    public mutating func observeCall(agent: NameHash) {
        clock &+= 1
        dialogue.interrupt(agent)
        var at = 0
        for index in 0..<16 {
            if workers[index] == agent {
                at = index
                break
            }
            if workerCalls[index] < workerCalls[at] { at = index }
        }
        if workers[at] != agent {
            forgottenCall = max(forgottenCall, workerCalls[at])
            workers[at] = agent
        }
        workerCalls[at] = clock
    }

    /// Takes a message from one agent to another with a known digest. Nil for the other side's span of the last one:
    /// client and server of one message are parent and child.
    public mutating func observeMessage(
        from sender: NameHash, to receiver: NameHash, digest: UInt64, span: UInt64, parent: UInt64 = 0, start: UInt64,
        spend: SpendMark = SpendMark()
    ) -> Sight? {
        let key = StableHash.combine(sender, receiver)
        let at = pairIndex(key)
        var pair = pairs[at]
        if pairKeys[at] == key, pair.digest == digest, pair.lastParent == span || (parent != 0 && parent == pair.lastSpan) {
            return nil
        }
        clock &+= 1
        let worked = max(lastCall(sender), lastCall(receiver))
        if pairKeys[at] != key || pair.digest != digest || worked > pairLasts[at] {
            pairKeys[at] = key
            pair = Pair(digest: digest, firstSpan: span, startedAt: start, first: clock, spend: spend)
        }
        let previous = pair.lastSpan
        pair.count &+= 1
        pairLasts[at] = clock
        pair.lastSpan = span
        pair.lastParent = parent
        pairs[at] = pair
        return Sight(
            count: pair.count, firstSpan: pair.firstSpan, previousSpan: previous, startedAt: pair.startedAt,
            spend: pair.spend, delay: clock &- pair.first)
    }

    /// Takes a message between two agents, whatever its text. The dialogue as it now stands; nil for the other side's span of
    /// the last message.
    // Guard: the pointer is only used here.
    public mutating func observeDialogue(_ row: UnsafePointer<SpanRecord>, sender: NameHash) -> Dialogue? {
        let isNews = dialogue.observe(
            from: sender, to: row.pointee.place.agentName, phase: row.pointee.phase, span: row.pointee.span,
            parent: row.pointee.parent, start: row.pointee.startNanoseconds, spend: row.pointee.place.mark)
        return isNews ? dialogue : nil
    }

    /// Takes a message of an agent to itself; counts identical ones within `window` before `end`.
    public mutating func observeSelfMessage(
        agent: NameHash, digest: UInt64, span: UInt64, end: UInt64, window: Nanoseconds, spend: SpendMark = SpendMark()
    ) -> Sight {
        clock &+= 1
        if selfAgent != agent || selfDigest != digest {
            selfAgent = agent
            selfDigest = digest
            selfCount = 0
        }
        selfTimes[Int(selfCount % 12)] = end
        selfSpans[Int(selfCount % 12)] = span
        selfSpends[Int(selfCount % 12)] = spend
        selfCount &+= 1
        var sight = Sight()
        for back in 0..<min(selfCount, 12) {
            let at = Int((selfCount &- 1 &- back) % 12)
            guard selfTimes[at] &+ window.count >= end else { break }
            sight.count &+= 1
            sight.firstSpan = selfSpans[at]
            sight.startedAt = selfTimes[at]
            sight.spend = selfSpends[at]
            if back == 1 { sight.previousSpan = selfSpans[at] }
        }
        sight.delay = sight.count &- 1
        return sight
    }

    // Both change nothing; they are mutating because the arrays would be copied for a reader.

    @inline(__always) private mutating func pairIndex(_ key: UInt64) -> Int {
        var at = 0
        for index in 0..<16 {
            if pairKeys[index] == key { return index }
            if pairLasts[index] < pairLasts[at] { at = index }
        }
        return at
    }

    @inline(__always) private mutating func lastCall(_ agent: NameHash) -> UInt32 {
        for index in 0..<16 where workers[index] == agent { return workerCalls[index] }
        return forgottenCall
    }
}
