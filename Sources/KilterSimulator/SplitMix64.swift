/// A seeded generator of 64-bit numbers: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", OOPSLA 2014). The same seed gives the same sequence on every machine and with every toolchain, which
/// is why its ranges and shuffles are its own: the standard library does not promise how it reduces random bits.
/// Cost: about 1 ns a number.
public struct SplitMix64: Sendable {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }

    /// A number in `0..<bound`; 0 when `bound` is not positive. The bias of the multiply-shift reduction is below
    /// `bound` / 2^64.
    public mutating func below(_ bound: Int) -> Int {
        guard bound > 0 else { return 0 }
        return Int(truncatingIfNeeded: next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number in `range`, both ends included.
    public mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + below(range.upperBound - range.lowerBound + 1)
    }

    /// True once in `n` draws on average.
    public mutating func onceIn(_ n: Int) -> Bool { below(n) == 0 }

    /// An element of a list that is not empty.
    public mutating func pick<Element>(_ list: [Element]) -> Element { list[below(list.count)] }

    /// The list in a random order (Fisher and Yates, from the end).
    public mutating func shuffled<Element>(_ list: [Element]) -> [Element] {
        guard list.count > 1 else { return list }
        var list = list
        for last in stride(from: list.count - 1, to: 0, by: -1) { list.swapAt(last, below(last + 1)) }
        return list
    }

    /// `digits` lower-case hex digits, 16 at most.
    public mutating func hex(_ digits: Int) -> String {
        let text = String(next(), radix: 16)
        return String((String(repeating: "0", count: 16 - text.count) + text).prefix(digits))
    }

    /// A generator whose sequence has nothing to do with what this one gives next.
    public mutating func split() -> SplitMix64 { SplitMix64(seed: next()) }
}
