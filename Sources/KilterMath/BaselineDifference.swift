/// How two baselines of one signal differ, from -1 to 1, with an interval: by how much more often a value of the one is larger than
/// a value of the other than smaller (Cliff 1993). Of rates, whose values are yes and no, that is their difference.
public struct BaselineDifference: Sendable, Equatable {
    /// A ratio, -1...1; above zero where more is larger in the second.
    public let size: Double
    public let lower: Double, upper: Double

    /// Each is a ratio, -1...1.
    public init(size: Double, lower: Double, upper: Double) {
        self.size = size
        self.lower = max(-1, lower)
        self.upper = min(1, upper)
    }

    /// Chance alone hardly makes as much.
    public var isBeyondChance: Bool { lower > 0 || upper < 0 }
}

extension RankBaseline.Histogram {
    /// Observations.
    var total: Double { (0..<64).reduce(0) { $0 + Double(counts[$1]) } }

    /// From this one to `other`; the interval is that of the Mann–Whitney statistic (1947), `deviations` wide on each side. The
    /// places and widths of the bins may differ: what lies in bins that overlap counts as equal. Nil where one is empty.
    public func difference(to other: Self, deviations: Double) -> BaselineDifference? {
        let ours = total, theirs = other.total
        guard ours > 0, theirs > 0 else { return nil }
        var net = 0.0
        for bin in 0..<64 where counts[bin] > 0 {
            for place in 0..<64 where other.counts[place] > 0 {
                let sign = order(bin, other, place)
                if sign != 0 { net += sign * Double(counts[bin]) * Double(other.counts[place]) }
            }
        }
        let size = net / (ours * theirs)
        let half = 2 * deviations * ((ours + theirs + 1) / (12 * ours * theirs)).squareRoot()
        return BaselineDifference(size: size, lower: size - half, upper: size + half)
    }

    /// 1 where all of a bin of `other` lies above all of one of ours, -1 below, 0 where they overlap.
    private func order(_ bin: Int, _ other: Self, _ place: Int) -> Double {
        // Bin 0 is that of zeros, below all others.
        if bin == 0 || place == 0 { return bin == place ? 0 : bin == 0 ? 1 : -1 }
        let low = edge(bin), otherLow = other.edge(place)
        if otherLow >= low + Int64(width) { return 1 }
        return low >= otherLow + Int64(other.width) ? -1 : 0
    }

    /// The lower edge of a bin in 1..<64.
    private func edge(_ bin: Int) -> Int64 { Int64(origin) + Int64(bin - 1) * Int64(width) }
}

extension RateBaseline {
    /// From this rate to that of `other`, both without their priors, with the interval of Newcombe (1998, method 10) from
    /// Wilson's, `deviations` wide. Nil where one is empty.
    public func difference(to other: Self, deviations: Double) -> BaselineDifference? {
        Self.difference(
            from: (Double(hits), Double(count)), to: (Double(other.hits), Double(other.count)), deviations: deviations)
    }

    /// The same of hits among so many.
    public static func difference(from ours: (hits: Double, count: Double), to theirs: (hits: Double, count: Double), deviations: Double)
        -> BaselineDifference?
    {
        guard ours.count > 0, theirs.count > 0 else { return nil }
        let (p, q) = (ours.hits / ours.count, theirs.hits / theirs.count)
        let (pLow, pHigh) = wilson(hits: ours.hits, count: ours.count, deviations: deviations)
        let (qLow, qHigh) = wilson(hits: theirs.hits, count: theirs.count, deviations: deviations)
        let below = ((q - qLow) * (q - qLow) + (pHigh - p) * (pHigh - p)).squareRoot()
        let above = ((qHigh - q) * (qHigh - q) + (p - pLow) * (p - pLow)).squareRoot()
        return BaselineDifference(size: q - p, lower: q - p - below, upper: q - p + above)
    }
}
