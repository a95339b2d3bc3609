/// What words a text consists of, in 64 bits: enough to tell how many of them two texts share, and nothing else about them.
///
/// One-permutation MinHash (Li, Owen and Zhang 2012, "One permutation hashing") with sixteen bins, four bits kept of each
/// minimum as in b-bit minwise hashing (Li and König 2010). The share of equal bins estimates the Jaccard index of the two
/// sets of words, with a standard error of at most 0.13 and one chance equality in fifteen; a bin that is empty in both
/// says nothing. Zero: unknown, or a text without words.
public struct WordSketch: BitwiseCopyable, Hashable, Sendable {
    public let bins: UInt64

    @inlinable public init(bins: UInt64) { self.bins = bins }

    public static let unknown = WordSketch(bins: 0)
    @inlinable public var isKnown: Bool { bins != 0 }

    /// Folds sixteen minima of 16 bits, `UInt16.max` where no word fell into the bin.
    public init(minima: SIMD16<UInt16>) {
        // The low twelve bits of each, spread over 1…15.
        let kept = ((((minima & 0xfff) &* 15) &>> 12) &+ 1).replacing(with: 0, where: minima .== .max)
        var bins: UInt64 = 0
        for lane in 0..<16 { bins |= UInt64(kept[lane]) << UInt64(4 * lane) }
        self.init(bins: bins)
    }

    /// At least four fifths of the bins that are taken in either are equal. Unknown resembles nothing.
    @inlinable public func resembles(_ other: WordSketch) -> Bool {
        guard isKnown, other.isKnown else { return false }
        let taken = Self.anyBit(bins | other.bins).nonzeroBitCount
        let equal = taken - Self.anyBit(bins ^ other.bins).nonzeroBitCount
        return equal * 5 >= taken * 4
    }

    /// The lowest bit of each group of four, set when any of the four is.
    @inlinable static func anyBit(_ bits: UInt64) -> UInt64 {
        (bits | bits >> 1 | bits >> 2 | bits >> 3) & 0x1111_1111_1111_1111
    }
}
