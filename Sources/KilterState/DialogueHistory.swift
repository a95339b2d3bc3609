import KilterMath
import KilterVocabulary

/// A dialogue as it stands with one message: messages between two agents about one phase, one after the other, without a
/// tool call by either and without a message to or from anybody else in between.
public struct Dialogue: BitwiseCopyable, Sendable {
    /// Of both agents and the phase, whatever the run.
    public internal(set) var key: UInt64 = 0
    public internal(set) var length: UInt32 = 0
    public internal(set) var firstSpan: UInt64 = 0
    public internal(set) var previousSpan: UInt64 = 0
    public internal(set) var startedAt: UInt64 = 0
    public internal(set) var spend = SpendMark()
    var lastSpan: UInt64 = 0
    var lastParent: UInt64 = 0
    var first: NameHash = 0
    var second: NameHash = 0

    public init() {}

    /// Takes a message. False for the other side's span of the last one.
    mutating func observe(
        from sender: NameHash, to receiver: NameHash, phase: UInt64, span: UInt64, parent: UInt64, start: UInt64, spend: SpendMark
    ) -> Bool {
        let pair = StableHash.combine(min(sender, receiver), max(sender, receiver))
        let key = StableHash.combine(pair, phase)
        if self.key == key, lastParent == span || (parent != 0 && parent == lastSpan) { return false }
        if self.key != key {
            self = Dialogue()
            self.key = key
            firstSpan = span
            startedAt = start
            self.spend = spend
            first = sender
            second = receiver
        }
        length &+= 1
        previousSpan = lastSpan
        lastSpan = span
        lastParent = parent
        return true
    }

    /// Work ends the dialogue of whoever did it: what is said next is about something new.
    mutating func interrupt(_ agent: NameHash) {
        if agent == first || agent == second { self = Dialogue() }
    }
}

/// How long the dialogues of one pair of agents in one phase have been, over all runs. Fixed size.
///
/// Open dialogues count with the length that they have so far. Beyond 1,023 dialogues all counts are halved, so that
/// the history follows the agents. Cost: a walk over 48 counts for a message, only once a dialogue is long.
public struct DialogueHistory: BitwiseCopyable, Sendable {
    static let lengthsMax = 48
    /// Dialogues that must be known before a length says anything.
    public static let dialoguesMin: UInt32 = 20
    /// No dialogue of fewer messages is ever called long.
    public static let messagesMin: UInt32 = 9

    /// Dialogues by their length; the last place holds all the longer ones.
    var lengths = InlineArray<48, UInt16>(repeating: 0)
    var total: UInt32 = 0

    public init() {}

    /// What the history says of a dialogue of a length.
    public struct Sight: BitwiseCopyable, Sendable {
        /// Other dialogues, and the length that half of them do not exceed.
        public var dialogues: UInt32 = 0
        public var median: UInt32 = 0
    }

    /// Takes one message of a dialogue that now has `length`.
    public mutating func observe(length: UInt32) {
        let place = Self.place(length)
        if length > 1 {
            let before = Self.place(length &- 1)
            if lengths[before] > 0 { lengths[before] -= 1 } else { total &+= 1 }
        } else {
            total &+= 1
        }
        lengths[place] &+= 1
        if total > 1_023 { halve() }
    }

    /// Nil while too little is known, where the length is nothing special, or where more than one dialogue in twenty gets half
    /// way to it or farther: an outgrown dialogue stands apart from all others, a long one does not.
    public func judge(length: UInt32) -> Sight? {
        guard length >= Self.messagesMin, total > Self.dialoguesMin else { return nil }
        let own = Self.place(length)
        let others = total &- 1
        var seen: UInt32 = 0
        var median: UInt32 = 0
        for place in 0..<Self.lengthsMax where median == 0 {
            let count = UInt32(lengths[place])
            seen &+= place == own && count > 0 ? count &- 1 : count
            if seen &* 2 >= others { median = UInt32(place) &+ 1 }
        }
        guard median > 0 else { return nil }
        var long: UInt32 = 0
        for place in min(Int(length / 2), own)..<Self.lengthsMax { long &+= UInt32(lengths[place]) }
        // This one is among them.
        return (max(long, 1) &- 1) &* 20 <= others ? Sight(dialogues: others, median: median) : nil
    }

    private static func place(_ length: UInt32) -> Int { Int(min(max(length, 1), UInt32(lengthsMax))) - 1 }

    private mutating func halve() {
        total = 0
        for place in 0..<Self.lengthsMax {
            lengths[place] = lengths[place] / 2 + lengths[place] % 2
            total &+= UInt32(lengths[place])
        }
    }
}

extension DialogueHistory: Slot {
    func write(to writer: inout ByteWriter) {
        writer.write(total)
        for place in 0..<Self.lengthsMax { writer.write(lengths[place]) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        total = try reader.read()
        for place in 0..<Self.lengthsMax { lengths[place] = try reader.read() }
    }
}

extension Dialogue {
    func write(to writer: inout ByteWriter) {
        for word in [key, firstSpan, previousSpan, startedAt, lastSpan, lastParent, first, second] { writer.write(word) }
        writer.write(length)
        writer.write(spend)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        key = try reader.read()
        firstSpan = try reader.read()
        previousSpan = try reader.read()
        startedAt = try reader.read()
        lastSpan = try reader.read()
        lastParent = try reader.read()
        first = try reader.read()
        second = try reader.read()
        length = try reader.read()
        spend = try reader.readSpend()
    }
}
