import KilterMath
import KilterVocabulary

/// Who brought whom into a run, how many messages each message causes, and which texts go round in circles. Fixed size.
///
/// A message's cause is its parent message or, without one, the last that its sender received; its generation is its
/// cause's plus one. Only two kinds of message count: those that bring in an agent the run has not seen, and those that
/// pass on a text of an earlier generation, from somebody who did no work since the last message to it. Of agents beyond sixty-four
/// only a filter knows that they were seen; what they send passes nothing on and closes no circle, which can only silence.
/// Cost: two looks at sixty-four names and one at four texts a message, about 50 ns with the state at hand; nothing where
/// there are none.
public struct AgentGraph: BitwiseCopyable, Sendable {
    static let placesMax = 64
    static let generationsKept = 16

    /// Messages with the same number of messages before them.
    struct Generation: BitwiseCopyable {
        var number: UInt32 = 0
        /// Where its first message stood among all.
        var first: UInt32 = 0
        var messages: UInt16 = 0
        /// Those that brought in an agent, and those that passed on a text.
        var bringing: UInt16 = 0
        var passing: UInt16 = 0
        var firstSpan: UInt64 = 0
        var startedAt: UInt64 = 0
        /// Who brought in agents: a bit for each place.
        var bringers: UInt64 = 0
    }

    /// A message as later ones may name it.
    struct Recent: BitwiseCopyable {
        var pair: UInt64 = 0
        var digest: UInt64 = 0
        var span: UInt64 = 0
        var parent: UInt64 = 0
        var origin = Origin()
    }

    /// What a message hands down to those that it causes.
    struct Origin: BitwiseCopyable {
        var generation: UInt32 = 0
        /// Place + 1 of its sender.
        var sender: UInt8 = 0
        /// Messages in a row, it included, of which each only passed on what its sender had got, and not back to whom it was from.
        var passes: UInt8 = 0
    }

    /// Messages so far.
    var clock: UInt32 = 0
    /// Agents so far.
    public internal(set) var agents: UInt32 = 0
    /// Spans come as they end, so that who was brought in speaks before whoever brought it.
    var childrenFirst = false
    /// Who called a tool since the last message to it: a bit for each place.
    var worked: UInt64 = 0
    var names = InlineArray<64, NameHash>(repeating: 0)
    /// The last message that each received.
    var received = InlineArray<64, Origin>(repeating: Origin())
    /// Who brought each in, as place + 1; how many did so one after the other before it, and after it at most.
    var bringers = InlineArray<64, UInt8>(repeating: 0)
    var depths = InlineArray<64, UInt8>(repeating: 0)
    var heights = InlineArray<64, UInt8>(repeating: 0)
    /// Agents beyond the places: 2,048 bits, three for each.
    var others = InlineArray<32, UInt64>(repeating: 0)
    var generations = InlineArray<16, Generation>(repeating: Generation())
    var recent = InlineArray<8, Recent>(repeating: Recent())
    var circles = InlineArray<4, MessageCircle>(repeating: MessageCircle())

    public init() {}

    /// A message from one agent to another; a digest of zero is unknown.
    public struct Message: BitwiseCopyable, Sendable {
        public var sender: NameHash
        public var receiver: NameHash
        public var digest: UInt64
        public var span: UInt64
        public var parent: UInt64
        public var start: UInt64
        public var spend: SpendMark

        // Guard: the pointer is only used here.
        public init(_ row: UnsafePointer<SpanRecord>, sender: NameHash) {
            self.sender = sender
            receiver = row.pointee.place.agentName
            digest = row.pointee.messageDigest
            span = row.pointee.span
            parent = row.pointee.parent
            start = row.pointee.startNanoseconds
            spend = row.pointee.place.mark
        }

        public init(from sender: NameHash, to receiver: NameHash, digest: UInt64, span: UInt64, parent: UInt64 = 0, start: UInt64) {
            self.sender = sender
            self.receiver = receiver
            self.digest = digest
            self.span = span
            self.parent = parent
            self.start = start
            spend = SpendMark()
        }
    }

    /// What one message amounts to; zero where it adds nothing.
    public struct Sight: BitwiseCopyable, Sendable {
        /// How often the receiver has got the text back without working in between.
        public var turns: UInt32 = 0
        /// Generations in a row, up to this one, each of which brought in more agents than the one before.
        public var growing: UInt32 = 0
        /// Generations in a row, up to this one, that passed on at least nine tenths as many messages as there were before; as far as
        /// what this message passes on has come through them.
        public var passing: UInt32 = 0
        /// Agents of the longest chain through this message, each brought in by the one before; the first is not counted.
        public var depth: UInt32 = 0
        /// Agents of the run, once three generations in a row brought in more than one for each that brought any.
        public var spread: UInt32 = 0
        public var generation: UInt32 = 0
    }

    /// Notes that `agent` called a tool.
    public mutating func observeCall(agent: NameHash) {
        guard let place = find(agent) else { return }
        worked |= 1 << UInt64(place)
        for index in 0..<4 { circles[index].forgive(place) }
    }

    /// Takes a message between two different agents. Nil for the other side's span of the same one.
    public mutating func observe(_ message: Message) -> Sight? {
        let pair = StableHash.combine(message.sender, message.receiver)
        guard !isOtherSide(message, pair) else { return nil }
        let sender = seat(message.sender)
        let receiver = seat(message.receiver)
        var sight = Sight()
        let cause = cause(of: message, sender.place)
        sight.generation = cause.generation &+ 1
        let brings = receiver.isNew
        let isRelay = passesOn(message, sender.place, sight.generation) && !brings && !sender.isNew
        link(sender, receiver, into: &sight)
        if message.digest != 0, let from = sender.place, let to = receiver.place {
            sight.turns = circulate(message, from, to, sight.generation)
        }
        var origin = Origin(generation: sight.generation, sender: UInt8(sender.place.map { $0 + 1 } ?? 0))
        let isAnswer = receiver.place.map { $0 + 1 == Int(cause.sender) } ?? true
        if isRelay && sight.turns == 0 {
            origin.passes = isAnswer || cause.passes == .max ? cause.passes : cause.passes + 1
        }
        let passes = origin.passes > 0 && !isAnswer
        count(message, sender.place, brings: brings, passes: passes, sight.generation)
        if brings { judgeGrowth(&sight) } else if childrenFirst, sight.depth > 0 { judgeLevels(&sight) }
        if passes { sight.passing = min(passingGenerations(upTo: sight.generation), UInt32(origin.passes)) }
        if let to = receiver.place {
            received[to] = origin
            worked &= ~(1 << UInt64(to))
        }
        recent[Int(clock % 8)] = Recent(
            pair: pair, digest: message.digest, span: message.span, parent: message.parent, origin: origin)
        clock &+= 1
        return sight
    }

    // Some of the following change nothing; they are mutating because the arrays would be copied for a reader.

    /// Client and server of one message are parent and child.
    private mutating func isOtherSide(_ message: Message, _ pair: UInt64) -> Bool {
        for index in 0..<8 where recent[index].pair == pair && recent[index].digest == message.digest {
            if recent[index].parent == message.span { return true }
            if message.parent != 0 && recent[index].span == message.parent { return true }
        }
        return false
    }

    private mutating func cause(of message: Message, _ sender: Int?) -> Origin {
        if message.parent != 0 {
            for index in 0..<8 where recent[index].span == message.parent { return recent[index].origin }
        }
        return sender.map { received[$0] } ?? Origin()
    }

    /// Whether the text occurred in an earlier generation and its sender did nothing but pass it on.
    private mutating func passesOn(_ message: Message, _ sender: Int?, _ generation: UInt32) -> Bool {
        guard message.digest != 0, let sender, worked >> UInt64(sender) & 1 == 0 else { return false }
        for index in 0..<4 where circles[index].digest == message.digest { return circles[index].generation < generation }
        for index in 0..<8 where recent[index].digest == message.digest && recent[index].origin.generation < generation { return true }
        return false
    }

    private mutating func count(
        _ message: Message, _ sender: Int?, brings: Bool, passes: Bool, _ number: UInt32
    ) {
        let at = Int(number % UInt32(Self.generationsKept))
        // What answers a message of long ago says nothing about how things go on.
        guard generations[at].number <= number else { return }
        if generations[at].number < number {
            generations[at] = Generation(number: number, first: clock, firstSpan: message.span, startedAt: message.start)
        }
        func oneMore(_ count: UInt16) -> UInt16 { count == .max ? count : count + 1 }
        generations[at].messages = oneMore(generations[at].messages)
        if brings {
            generations[at].bringing = oneMore(generations[at].bringing)
            generations[at].bringers |= sender.map { UInt64(1) << UInt64($0) } ?? 0
        } else if passes {
            generations[at].passing = oneMore(generations[at].passing)
        }
    }

    /// A generation that is still remembered.
    mutating func generation(_ number: UInt32) -> Generation? {
        let kept = generations[Int(number % UInt32(Self.generationsKept))]
        return kept.number == number && number > 0 ? kept : nil
    }

    /// Where a row of `count` generations up to `number` began, as far back as it is remembered.
    public mutating func onset(of number: UInt32, count: UInt32) -> (span: UInt64, startedAt: UInt64, delay: UInt32) {
        let back = min(max(count, 1), number) &- 1
        for step in stride(from: min(back, UInt32(Self.generationsKept) - 1), through: 0, by: -1) {
            guard let kept = generation(number &- step) else { continue }
            return (kept.firstSpan, kept.startedAt, clock &- 1 &- kept.first)
        }
        return (0, 0, 0)
    }
}
