import KilterMath
import KilterVocabulary

/// One text on its way through a run: who has sent it, whom each got it from last, how often it came back.
struct MessageCircle: BitwiseCopyable {
    var digest: UInt64 = 0
    var firstSpan: UInt64 = 0
    var lastSpan: UInt64 = 0
    var previousSpan: UInt64 = 0
    var startedAt: UInt64 = 0
    var spend = SpendMark()
    /// Generation of its first message, and where that and the latest stood among all.
    var generation: UInt32 = 0
    var first: UInt32 = 0
    var last: UInt32 = 0
    var messages: UInt32 = 0
    /// Lanes of those who have sent it.
    var sent: UInt16 = 0
    /// Places + 1 of up to sixteen agents, and of whom each got it from last.
    var members = InlineArray<16, UInt8>(repeating: 0)
    var sources = InlineArray<16, UInt8>(repeating: 0)
    /// How often each got back what it had sent, since it last worked.
    var returns = InlineArray<16, UInt16>(repeating: 0)

    /// Whoever worked has not merely passed it on.
    mutating func forgive(_ place: Int) {
        if let lane = lane(place) { returns[lane] = 0 }
    }

    // Some of the following change nothing; they are mutating because the arrays would be copied for a reader.

    private mutating func lane(_ place: Int) -> Int? {
        for lane in 0..<16 where Int(members[lane]) == place + 1 { return lane }
        return nil
    }

    private mutating func join(_ place: Int) -> Int? {
        if let lane = lane(place) { return lane }
        for lane in 0..<16 where members[lane] == 0 {
            members[lane] = UInt8(truncatingIfNeeded: place + 1)
            return lane
        }
        return nil
    }

    /// The first message with this text.
    mutating func begin(from sender: Int, to receiver: Int) {
        members[0] = UInt8(truncatingIfNeeded: sender + 1)
        members[1] = UInt8(truncatingIfNeeded: receiver + 1)
        sources[1] = members[0]
        sent = 1
    }

    /// Takes a message with this text. Returns how often its receiver has got it back round a circle of three or more.
    mutating func pass(from sender: Int, to receiver: Int) -> UInt32 {
        guard let from = join(sender), let to = join(receiver) else { return 0 }
        let isBack = sent >> UInt16(to) & 1 == 1
        sent |= 1 << UInt16(from)
        sources[to] = UInt8(truncatingIfNeeded: sender + 1)
        guard isBack, circle(of: receiver).count >= 3 else { return 0 }
        if returns[to] < .max { returns[to] += 1 }
        return UInt32(returns[to])
    }

    /// The circle that `place` lies on, in the order of the messages and beginning with it; empty where there is none.
    mutating func circle(of place: Int) -> (places: InlineArray<16, UInt8>, count: Int) {
        var places = InlineArray<16, UInt8>(repeating: 0)
        var at = place
        for length in 1...16 {
            // From the end, because the way leads backwards.
            places[16 - length] = UInt8(truncatingIfNeeded: at)
            guard let lane = lane(at), sources[lane] != 0 else { break }
            at = Int(sources[lane]) - 1
            guard at == place else { continue }
            var ordered = InlineArray<16, UInt8>(repeating: UInt8(truncatingIfNeeded: place))
            for index in 1..<max(length, 1) { ordered[index] = places[16 - length + index - 1] }
            return (ordered, length)
        }
        return (places, 0)
    }
}

extension AgentGraph {
    /// Messages for which a text that came twice is kept longer than one that came once.
    private static let grace: UInt32 = 32

    mutating func circulate(_ message: Message, _ sender: Int, _ receiver: Int, _ generation: UInt32) -> UInt32 {
        let at = circleIndex(message.digest)
        if circles[at].digest != message.digest {
            circles[at] = MessageCircle(
                digest: message.digest, firstSpan: message.span, lastSpan: message.span, startedAt: message.start, spend: message.spend,
                generation: generation, first: clock, last: clock, messages: 1)
            circles[at].begin(from: sender, to: receiver)
            return 0
        }
        circles[at].last = clock
        circles[at].messages &+= 1
        circles[at].previousSpan = circles[at].lastSpan
        circles[at].lastSpan = message.span
        return circles[at].pass(from: sender, to: receiver)
    }

    private mutating func circleIndex(_ digest: UInt64) -> Int {
        var at = 0
        var oldest = UInt32.max
        for index in 0..<4 {
            if circles[index].digest == digest { return index }
            if circles[index].digest == 0 { return index }
            let age = circles[index].last &+ (circles[index].messages > 1 ? Self.grace : 0)
            if age < oldest {
                at = index
                oldest = age
            }
        }
        return at
    }

    /// A circle that a text goes round.
    public struct Circle: Sendable {
        public var names = InlineNames()
        public var count = 0
        /// The same whichever agent it is told from.
        public var mark: UInt64 = 0
        public var messages: UInt32 = 0
        public var firstSpan: UInt64 = 0
        public var previousSpan: UInt64 = 0
        public var startedAt: UInt64 = 0
        public var spend = SpendMark()
        /// Messages of the run from the first with this text to the latest.
        public var delay: UInt32 = 0
    }

    /// The circle on which `agent` got `digest` back, told from it.
    public mutating func circle(of digest: UInt64, through agent: NameHash) -> Circle? {
        guard let place = find(agent) else { return nil }
        for index in 0..<4 where circles[index].digest == digest {
            let (places, count) = circles[index].circle(of: place)
            guard count >= 3 else { return nil }
            var found = Circle()
            found.count = count
            for step in 0..<count {
                found.names[step] = names[Int(places[step])]
                found.mark &+= StableHash.combine(found.names[step], digest)
            }
            found.messages = circles[index].messages
            found.firstSpan = circles[index].firstSpan
            found.previousSpan = circles[index].previousSpan
            found.startedAt = circles[index].startedAt
            found.spend = circles[index].spend
            found.delay = circles[index].last &- circles[index].first
            return found
        }
        return nil
    }
}
