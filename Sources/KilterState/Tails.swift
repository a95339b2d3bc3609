import KilterMath
import KilterVocabulary

/// How far the values of one kind of step of one agent go: cost, tokens and time of its single spans. Fixed size.
public struct TailStream: BitwiseCopyable, Sendable {
    /// The signals at the places of `tails`, those first that say most of a call.
    public static let signals: [Signal] = [.cost, .outputTokens, .inputTokens, .latency]
    /// Observations over which the allowance of a long pause, or of a run, is spread.
    private static let spread: Float = 8

    public var tails = InlineArray<4, TailBaseline>(repeating: TailBaseline())
    /// Engine time and number of the agent's run at the previous observation: allowances are for what passed since.
    public internal(set) var lastSeen = EventTime.zero
    public internal(set) var lastRun: UInt32 = 0
    /// What is allowed and not spent yet, in expected false alarms.
    var bank: Float = 0
    /// The places of signals with enough observations, as bits.
    var ready: UInt8 = 0

    public init() {}

    /// Where the tails of one kind of step of one agent are kept; the name is that of a tool or a phase, else zero.
    public static func key(agentKey: UInt64, _ kind: RunTally.StepKind, _ name: NameHash) -> UInt64 {
        StableHash.combine(StableHash.combine(agentKey, name), UInt64(kind.rawValue) | 0x7a11 << 8)
    }

    public var isReady: Bool { ready != 0 }

    /// What has passed since the observation before.
    public mutating func pass(_ time: EventTime, runs: UInt32) -> (time: Nanoseconds, runs: UInt32) {
        let passed = (time.since(lastSeen), runs > lastRun ? runs - lastRun : 0)
        begin(time, runs: runs)
        return passed
    }

    public mutating func begin(_ time: EventTime, runs: UInt32) {
        lastSeen = max(lastSeen, time)
        lastRun = max(lastRun, runs)
    }

    /// Takes in what one more observation allows; returns what each signal of it may spend, in expected false alarms.
    ///
    /// Spans of one run follow each other closely: without the bank the first one would have the whole allowance of a run, and
    /// the others none.
    public mutating func spend(_ allowance: Double) -> Double {
        bank += Float(allowance)
        let part = bank / Self.spread
        bank -= part
        return Double(part) / Double(max(ready.nonzeroBitCount, 1))
    }

    /// Notes that the signal at a place has enough observations; true for the first one.
    public mutating func noteReady(_ place: Int) -> Bool {
        let isFirst = ready == 0
        ready |= 1 << UInt8(truncatingIfNeeded: place)
        return isFirst
    }
}

extension RunTally {
    /// The kind of step of a span whose values can be compared: a call that succeeded; nil elsewhere. The models of its run
    /// stopped for `finishReason` last.
    // Guard: the pointer is only used here.
    @inline(__always)
    public static func step(
        of row: UnsafePointer<SpanRecord>, tool: NameHash, finishReason: NameHash
    ) -> (kind: StepKind, name: NameHash)? {
        guard row.pointee.flags.isDisjoint(with: [.failed, .rateLimited, .blocked, .serverSide]) else { return nil }
        if row.pointee.kind.isInference { return (stepKind(row, finishReason), row.pointee.phase) }
        if row.pointee.kind == .executeTool, tool != 0, row.pointee.place.toolClass != .ignore { return (.tool, tool) }
        return nil
    }
}

extension AgentBaseline {
    /// The part of an agent's budget for single values, in thousandths.
    static let tailShare: UInt32 = 50

    /// Counts one more kind of step whose single values are watched.
    public mutating func noteTail() {
        if tails == 0 { sharesPresent &+= Self.tailShare }
        if tails < .max { tails += 1 }
    }

    /// The part of the agent's budget that one kind of step has for its single values.
    public var shareOfTail: Double {
        Double(Self.tailShare) / Double(max(sharesPresent, Self.tailShare)) / Double(max(tails, 1))
    }
}

extension TailStream: Slot {
    func write(to writer: inout ByteWriter) {
        writer.write(lastSeen.nanoseconds)
        writer.write(lastRun)
        writer.write(bank)
        writer.write(ready)
        for place in 0..<4 { tails[place].write(to: &writer) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        lastSeen = EventTime(nanoseconds: try reader.read())
        lastRun = try reader.read()
        bank = try reader.readFinite()
        ready = try reader.read()
        for place in 0..<4 { tails[place] = try TailBaseline(from: &reader) }
        guard bank >= 0, ready < 16 else { throw ByteReader.Short() }
    }
}
