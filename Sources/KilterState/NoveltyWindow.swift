import KilterMath
import KilterVocabulary

/// How much of what a turn does is new to it: for each of its last sixty-four calls one bit, and what it has seen.
///
/// Kept for turns of `Limits.noveltyFrom` calls and more. Seen signatures lie in 32 sets of 8 tags of 29 bits with a count of
/// 3 bits; the oldest of a full set is forgotten, so that a very old signature may count as new again, which can only silence.
public struct NoveltyWindow: BitwiseCopyable, Sendable {
    /// Bit i: the (call, result) i calls ago was new, or not comparable.
    public internal(set) var newPairs = UInt64.max
    /// Bit i: the pair had been seen less than twice, or less than three times, before. A second pass over the same files
    /// brings nothing new either, yet nobody would call it stuck.
    public internal(set) var scarcePairs = UInt64.max
    public internal(set) var rarePairs = UInt64.max
    /// Bit i: the call i calls ago was new, or not comparable.
    public internal(set) var newCalls = UInt64.max
    /// Calls noted, at most 64 of which the bits tell.
    public internal(set) var calls: UInt32 = 0
    /// The last call that was new as a pair, and where it stood among `calls`.
    public internal(set) var lastNewCall: UInt32 = 0
    public internal(set) var lastNewSpan: UInt64 = 0
    public internal(set) var lastNewAt: UInt64 = 0
    public internal(set) var lastNewSpend = SpendMark()
    var seen = InlineArray<32, SIMD8<UInt32>>(repeating: SIMD8(repeating: 0))

    public init() {}

    /// A window that has seen the calls that `window` still knows, all but the last.
    init(after window: CallWindow) {
        let past = min(window.calls &- 1, 19)
        for back in stride(from: past, through: 1, by: -1) {
            guard let earlier = window.past(back) else { continue }
            let symbol = window.ringSymbols[Int((window.calls &- 1 &- back) % 20)]
            note(times: symbol == 0 ? 0 : see(symbol), callIsNew: true, earlier.span, earlier.start, earlier.spend)
        }
        for index in 0..<12 where window.knownCalls[index] != 0 && window.knownLastCalls[index] < window.calls {
            _ = see(Self.callMark(window.knownCalls[index]))
        }
    }

    /// Takes a call that `CallWindow` counted.
    /// - Parameter isExempt: tells for a pair seen before whether its repetition means nothing.
    public mutating func observe(_ call: Call, isExempt: () -> Bool) {
        let pair = call.symbol == 0 ? 0 : see(call.symbol)
        let alone = call.call == 0 ? 0 : see(Self.callMark(call.call))
        let counts = (pair > 0 || alone > 0) && !isExempt()
        note(times: counts ? pair : 0, callIsNew: !counts || alone == 0, call.span, call.start, call.spend)
    }

    private mutating func note(
        times: UInt32, callIsNew: Bool, _ span: UInt64, _ start: UInt64, _ spend: SpendMark
    ) {
        newPairs = newPairs << 1 | (times == 0 ? 1 : 0)
        scarcePairs = scarcePairs << 1 | (times < 2 ? 1 : 0)
        rarePairs = rarePairs << 1 | (times < 3 ? 1 : 0)
        newCalls = newCalls << 1 | (callIsNew ? 1 : 0)
        calls &+= 1
        guard times == 0 else { return }
        lastNewCall = calls
        lastNewSpan = span
        lastNewAt = start
        lastNewSpend = spend
    }

    /// How often `signature` was seen before, up to seven times; it is once more from now on.
    private mutating func see(_ signature: UInt64) -> UInt32 {
        let at = Int(signature & 31)
        let tag = UInt32(truncatingIfNeeded: signature >> 32) & ~7
        var set = seen[at]
        let isTag = ((set & SIMD8(repeating: ~7)) .== SIMD8(repeating: tag)) .& ((set & SIMD8(repeating: 7)) .!= SIMD8(repeating: 0))
        if any(isTag) {
            for lane in 0..<8 where isTag[lane] {
                let times = set[lane] & 7
                if times < 7 { seen[at][lane] = set[lane] &+ 1 }
                return times
            }
        }
        for lane in stride(from: 7, to: 0, by: -1) { set[lane] = set[lane - 1] }
        set[0] = tag | 1
        seen[at] = set
        return 0
    }

    private static func callMark(_ call: UInt64) -> UInt64 { StableHash.combine(call, 0x6361_6c6c) }

    /// Calls among the last `count` (at most 64) whose pair was known already.
    @inlinable public func knownPairs(ofLast count: UInt32) -> UInt32 { Self.zeros(newPairs, count) }

    /// Those of them that had been seen twice at least, and three times at least.
    @inlinable public func wornPairs(ofLast count: UInt32) -> UInt32 { Self.zeros(scarcePairs, count) }
    @inlinable public func wornOutPairs(ofLast count: UInt32) -> UInt32 { Self.zeros(rarePairs, count) }

    /// The same for calls alone.
    @inlinable public func knownCalls(ofLast count: UInt32) -> UInt32 { Self.zeros(newCalls, count) }

    /// The newer half of the last thirty calls brought less that is new than the older half, or nothing.
    @inlinable public var isFalling: Bool {
        let newer = (newPairs & 0x7fff).nonzeroBitCount
        let older = (newPairs >> 15 & 0x7fff).nonzeroBitCount
        return newer == 0 || newer < older
    }

    @inlinable static func zeros(_ bits: UInt64, _ count: UInt32) -> UInt32 {
        let mask = count >= 64 ? UInt64.max : (1 << UInt64(count)) &- 1
        return UInt32(truncatingIfNeeded: (~bits & mask).nonzeroBitCount)
    }
}

extension CallWindow {
    /// What the novelty of the turn is counted from, before its last call.
    public func noveltyBefore() -> NoveltyWindow { NoveltyWindow(after: self) }
}
