import CLanes

/// Positive values of any law – latency, tokens, cost, counts – watched for a change of level or spread.
///
/// Values fall into 63 logarithmic bins, zeros into one of their own; a value's rank among all values so far is uniform as
/// long as nothing changes, whatever the law and whatever the bins: those cost power, never validity. Values of one bin share
/// the ranks between them, and the bet is the mean over these: fair, and without the chance by which ties are commonly
/// broken. Place and width of the bins follow from the first 32 values alone; until then the values themselves are ranked. Bets on
/// few values reckon with those of the new kind among them, which make a rank less extreme. Counts are halved when one reaches 65,535;
/// nothing else is forgotten.
///
/// 640 bytes, about 75 ns an observation, with hygiene 120 ns.
public struct RankBaseline: BitwiseCopyable, Sendable {
    /// Bytes of its written form.
    public static let byteCount = 1 + 4 + 8 + 4 + 4 + 4 + 8 + 128 + ChangeEvidence.byteCount + ValueHygiene.byteCount
    /// Values that decide about the bins.
    static let placing: UInt32 = 32
    /// Observations from which alternatives bet.
    static let warmUp: UInt32 = 8
    /// Equal values among the first 32 from which on values are taken for counts, not measurements.
    static let equalMax = 4
    /// Observations from which a change can be told.
    public static let ready = warmUp + 1
    /// The largest weight of a prior histogram, in observations.
    public static let priorCountMax: UInt32 = 500
    private static let zero = Int32.min
    /// A value that more than one in so many equal is not forecast.
    private static let lump: UInt32 = 5
    /// Lanes of the evidence that stand for the largest shift of the level up and down; where `direction` is down, the other way.
    public static let largestIncrease = 5, largestDecrease = 10

    /// Bins and counts of other streams, as a prior: see `init(prior:)`.
    public struct Histogram: BitwiseCopyable, Sendable {
        var origin: Int32
        var width: Int32
        var counts: InlineArray<64, UInt16>
    }

    public private(set) var evidence = ChangeEvidence()
    public private(set) var hygiene: ValueHygiene
    public let direction: Direction
    /// Observations of the epoch, without prior.
    public private(set) var count: UInt32 = 0
    /// Sum of log2 x.
    private var logSum = 0.0
    /// While fewer than 32 values are there these hold their positions, two to each.
    private var counts = InlineArray<64, UInt16>(repeating: 0)
    private var total: UInt32 = 0
    /// Lower edge of bin 1 and width of bins in steps of `Elementary.logPosition`; width zero until bins are placed.
    private var origin: Int32 = 0
    private var width: Int32 = 0
    /// Between which ranks the last value lies.
    private var low: Float = 0
    private var high: Float = 1

    public init(direction: Direction = .either, hygiene: ValueHygiene.Options = []) {
        self.direction = direction
        self.hygiene = ValueHygiene(hygiene)
    }

    /// Of a new epoch of the stream that `before` was of: what hours differ by, and how values hang together, is the traffic's and goes on.
    public init(after before: RankBaseline) {
        direction = before.direction
        hygiene = before.hygiene.successor
    }

    /// With a prior histogram, scaled to `priorCount` observations, at most 500.
    public init(prior: Histogram, priorCount: UInt32, direction: Direction = .either, hygiene: ValueHygiene.Options = []) {
        self.init(direction: direction, hygiene: hygiene)
        let all = (0..<64).reduce(UInt32(0)) { $0 + UInt32(prior.counts[$1]) }
        guard all > 0, prior.width > 0 else { return }
        let wanted = min(priorCount, Self.priorCountMax, all)
        (origin, width) = (prior.origin, prior.width)
        // By cumulated sums, so that rounding does not change the total.
        var below: UInt32 = 0, given: UInt32 = 0
        for bin in 0..<64 {
            below += UInt32(prior.counts[bin])
            let due = UInt32(truncatingIfNeeded: UInt64(below) * UInt64(wanted) / UInt64(all))
            counts[bin] = UInt16(clamping: due - given)
            given = due
        }
        total = given
    }

    /// Whether bins are placed, so that what is usual can be frozen.
    public var isPlaced: Bool { width > 0 }

    /// The bins as they are, for use as a prior; nil until they are placed.
    public var histogram: Histogram? {
        width > 0 ? Histogram(origin: origin, width: width, counts: counts) : nil
    }

    /// Each lane's part of the evidence: weights are in their allowances.
    public var weights: SIMD16<Float> { SIMD16(repeating: 1) }
    /// The last value's normal score, without what the value before it said of it; clipped at about ±2.9 before that.
    public private(set) var score: Float = 0

    /// The last value was not what nearly all before it were.
    public var isVaried: Bool { count > 1 && high - low < 0.95 }

    /// One observation. Negative, infinite and undefined values are passed over. `allowance` in expected false alarms since
    /// the previous one; `hour` of the day in 0..<24 and number of the day matter only with the season's
    /// hygiene. Returns the evidence: an alarm at 1.
    public mutating func observe(
        _ value: Double, allowance: Float, hour: Int = 0, day: Int32 = 0, learns: Bool = true, isPinned: Bool = false
    ) -> Float {
        guard value >= 0, value < .infinity else { return evidence.total(weights) }
        if count < .max, learns { count += 1 }
        if hygiene.isWaitingForSeason { evidence.forget(evidence.ages .> SIMD16(repeating: hygiene.patience)) }
        let wasPlaced = isPlaced, equal: UInt32
        var position = value > 0 ? Elementary.logPosition(value) : Self.zero
        if wasPlaced {
            // With a prior histogram there are no first values to begin from.
            if !hygiene.hasBegun { hygiene.begin(median: medianPosition ?? 0, spread: 4 * width, count: 32, day: day) }
            if position != Self.zero { position = hygiene.remainder(position, hour: hour, day: day, learns: learns) }
            equal = rank(position, learns: learns)
        } else {
            // Of an epoch before.
            if position != Self.zero { position = hygiene.remainder(position, hour: hour, day: day, learns: false) }
            equal = rankAmongFirst(position)
        }
        let log = Float(scored(position)) / Float(Elementary.stepsPerOctave)
        // Groups are told the score also of values that nothing is bet on.
        var ratios = self.ratios(learns: learns, isLump: equal > total / Self.lump)
        if learns {
            logSum += Double(log)
            if !wasPlaced { keep(position, day: day) }
        }
        guard total > Self.warmUp else { return 0 }
        if wasPlaced, count <= Self.warmUp { ratios *= RankTable.isLarge }
        if hygiene.isSeasonal { ratios *= RankTable.isNotNarrower }
        if isPinned { ratios /= PinnedReference.caution(RankTable.deviations, count: Float(total)) }
        evidence.update(ratios, masses: RankTable.weights(direction, count: total) * allowance, score: log)
        return evidence.total(weights)
    }

    /// Of the rank, or of what it differs from its forecast where ranks hang together.
    @inline(__always) private mutating func ratios(learns: Bool, isLump: Bool) -> SIMD16<Float> {
        let innovation = hygiene.innovation(score, learns: learns)
        var (low, high) = direction == .down ? (1 - high, 1 - low) : (low, high)
        // Of what often equals others hardly anything could be forecast, and the forecast would be taken for exact.
        if let innovation, !isLump {
            score = innovation
            low = Float(Elementary.normalDistribution(Double(direction == .down ? -innovation : innovation)))
            high = low
        }
        guard total <= RankTable.few else { return RankTable.ratios(low, high) }
        return RankTable.ratios(low, high, changed: learns ? changed : .zero)
    }

    /// Of the values so far each lane's part that already came under its change: few values are soon half of the new kind, and
    /// a rank among them is then less extreme than it would be among those from before. An onset that little speaks for counts
    /// for little.
    private var changed: SIMD16<Float> { evidence.ages / Float(max(total, 1)) * (1 - 1 / evidence.products) }

    /// Zero has no logarithm; it counts as the lowest bin's edge, and before there are bins as the least value so far.
    private func scored(_ position: Int32) -> Int32 {
        guard position == Self.zero else { return position }
        guard width == 0 else { return origin }
        let least = (0..<Int(total)).reduce(Int32.max) { kept($1) == Self.zero ? $0 : min($0, kept($1)) }
        return least == .max ? 0 : least
    }

    /// The rank among all so far, itself included, any that it may have for what its hour differs by; and the value into its bin, of which
    /// it returns how many were there.
    @inline(__always) private mutating func rank(_ position: Int32, learns: Bool) -> UInt32 {
        let bin = self.bin(of: position), own = UInt32(counts[bin]), doubt = position == Self.zero ? 0 : hygiene.doubt
        let (first, last) = doubt > 0 ? (self.bin(of: position &- doubt), self.bin(of: position &+ doubt)) : (bin, bin)
        let below = self.below(first)
        place(below: below, own: first == last ? own : self.below(last) + UInt32(counts[last]) - below)
        guard learns else { return own }
        counts[bin] += 1
        total += 1
        if own + 1 == 65_535 { halve() }
        return own
    }

    /// Values in the bins before one. Mutating because all counts would be copied for a reader.
    @inline(__always) private mutating func below(_ bin: Int) -> UInt32 {
        // Guard: used within the call, on 64 counts.
        withUnsafePointer(to: &counts) {
            kilter_counts_below(UnsafeRawPointer($0).assumingMemoryBound(to: UInt16.self), UInt32(truncatingIfNeeded: bin))
        }
    }

    @inline(__always) private func bin(of position: Int32) -> Int {
        guard position != Self.zero else { return 0 }
        // Both are within ±2^24, so that the difference fits.
        let steps = max(0, position &- origin) / width
        return 1 + Int(min(steps, 62))
    }

    private mutating func halve() {
        for bin in 0..<64 { counts[bin] >>= 1 }
        total = (0..<64).reduce(UInt32(0)) { $0 + UInt32(counts[$1]) }
    }

    // MARK: The first values

    /// The rank among the values that are kept: few, but every one tells. Returns how many are equal.
    private mutating func rankAmongFirst(_ position: Int32) -> UInt32 {
        // Guard: used within the call, on the 32 numbers that the counts hold.
        let found = withUnsafePointer(to: &counts) { kilter_numbers_below($0, total, position) }
        let own = UInt32(truncatingIfNeeded: found >> 32)
        place(below: UInt32(truncatingIfNeeded: found), own: own)
        return own
    }

    /// The ranks that a value may have, itself among all so far: where `own` are equal to it, any of theirs.
    @inline(__always) private mutating func place(below: UInt32, own: UInt32) {
        let all = Float(total + 1)
        low = Float(below) / all
        high = min(Float(below + own + 1) / all, 1)
        score = RankTable.score(low, high)
    }

    private mutating func keep(_ position: Int32, day: Int32) {
        let index = Int(total)
        let bits = UInt32(bitPattern: position)
        counts[2 * index] = UInt16(truncatingIfNeeded: bits)
        counts[2 * index + 1] = UInt16(truncatingIfNeeded: bits >> 16)
        total += 1
        if total == Self.placing { place(day: day) }
    }

    private func kept(_ index: Int) -> Int32 {
        Int32(bitPattern: UInt32(counts[2 * index]) | UInt32(counts[2 * index + 1]) << 16)
    }

    /// Width: an eighth of the middle half's extent, about a sixth of a standard deviation, between 0.9 % and 19 %; the
    /// median in the middle.
    private mutating func place(day: Int32) {
        let (sorted, filled) = firstSorted
        let first = counts
        // Of values that often equal each other the hygiene would tear equal ones apart.
        var row = 1, longest = 1
        for index in 1..<max(filled, 1) {
            row = sorted[index] == sorted[index - 1] ? row + 1 : 1
            longest = max(longest, row)
        }
        if longest >= Self.equalMax { hygiene = ValueHygiene([]) }
        let extent = Self.middleHalf(sorted, filled)
        width = max(51, min(1024, extent / 8))
        let median = filled > 0 ? sorted[filled / 2] : 0
        origin = median - 31 * width
        if filled > 0 { hygiene.begin(median: median, spread: max(extent / 2, 51), count: UInt32(filled), day: day) }
        counts = InlineArray(repeating: 0)
        logSum = 0
        for index in 0..<32 {
            let position = Int32(bitPattern: UInt32(first[2 * index]) | UInt32(first[2 * index + 1]) << 16)
            counts[bin(of: position)] += 1
            logSum += Double(scored(position)) / Double(Elementary.stepsPerOctave)
        }
    }

    /// The values that are kept, but zeros, by size.
    private var firstSorted: (values: InlineArray<32, Int32>, count: Int) {
        var sorted = InlineArray<32, Int32>(repeating: 0), filled = 0
        for index in 0..<Int(min(total, Self.placing)) where kept(index) != Self.zero {
            var at = filled
            while at > 0, sorted[at - 1] > kept(index) {
                sorted[at] = sorted[at - 1]
                at -= 1
            }
            sorted[at] = kept(index)
            filled += 1
        }
        return (sorted, filled)
    }

    /// How far apart the quartiles are, in steps of `Elementary.logPosition`.
    private static func middleHalf(_ sorted: InlineArray<32, Int32>, _ count: Int) -> Int32 {
        count > 3 ? sorted[count - 1 - count / 4] - sorted[count / 4] : 0
    }

    // MARK: Read-outs

    public mutating func spend() { evidence.spend() }

    /// Evidence zero again, the counts as they are: after an alarm.
    public mutating func restart() { evidence.restart() }

    /// Lets go of the evidence of some alternatives.
    public mutating func forget(lanes: SIMDMask<SIMD16<UInt32.SIMDMaskScalar>>) { evidence.forget(lanes) }

    /// The geometric mean.
    public var level: Double { exponential(steps: count > 0 ? logSum / Double(count) * Double(Elementary.stepsPerOctave) : 0) }

    /// Standard deviation of ln x, from the extent of its middle half; zero before four values.
    public var logDeviation: Double {
        guard total > 0 else { return 0 }
        guard width > 0 else {
            let (sorted, filled) = firstSorted
            return Self.deviation(steps: Double(Self.middleHalf(sorted, filled)))
        }
        var below: UInt32 = 0, lower = -1, upper = 0
        for bin in 0..<64 {
            below += UInt32(counts[bin])
            if lower < 0, below * 4 >= total { lower = bin }
            if below * 4 >= total * 3 {
                upper = bin
                break
            }
        }
        return Self.deviation(steps: Double(max(upper - lower, 1)) * Double(width))
    }

    /// The middle half of a normal law is 1.349 deviations wide.
    private static func deviation(steps: Double) -> Double {
        steps / Double(Elementary.stepsPerOctave) * 0.6931471805599453 / 1.349
    }

    /// The median, to within a bin once there are bins; zero where most values are.
    public var median: Double {
        guard !isPlaced else { return medianPosition.map { exponential(steps: Double($0)) } ?? 0 }
        let (sorted, filled) = firstSorted
        return filled * 2 > Int(total) ? exponential(steps: Double(sorted[filled / 2])) : 0
    }

    /// The middle of the median's bin; nil for zero and while bins are not placed.
    private var medianPosition: Int32? {
        guard width > 0, UInt32(counts[0]) * 2 < total else { return nil }
        var below = UInt32(counts[0]), bin = Int32(0)
        while below * 2 < total, bin < 63 {
            bin += 1
            below += UInt32(counts[Int(bin)])
        }
        return origin + bin * width - width / 2
    }

    private func exponential(steps: Double) -> Double {
        Elementary.exp(steps / Double(Elementary.stepsPerOctave) * 0.6931471805599453)
    }

    /// What the leading alternative says.
    public var change: ValueChange {
        let lane = evidence.leading(weights)
        let after = evidence.age(lane), before = count > after ? count - after : 0
        let sumAfter = Double(evidence.sum(lane)), steps = Double(Elementary.stepsPerOctave)
        let whole = count > 0 ? logSum / Double(count) : 0
        let meanBefore = before > 0 ? (logSum - sumAfter) / Double(before) : whole
        let meanAfter = after > 0 ? sumAfter / Double(after) : whole
        let half = 1.959963984540054 * logDeviation / Double(max(after, 1)).squareRoot()
        let level = exponential(steps: meanAfter * steps)
        return ValueChange(
            countBefore: before, countAfter: after, before: exponential(steps: meanBefore * steps), after: level,
            lower: level * Elementary.exp(-half), upper: level * Elementary.exp(half), median: median, kind: kind(lane),
            alternative: lane < 11 ? Swift.abs(RankTable.shifts[lane]) : RankTable.scales[lane - 11])
    }

    private func kind(_ lane: Int) -> ValueChange.Kind {
        if lane >= 11 { return RankTable.scales[lane - 11] > 1 ? .wider : .narrower }
        return (RankTable.shifts[lane] > 0) != (direction == .down) ? .increase : .decrease
    }
}

extension RankBaseline {
    public func write(to writer: inout ByteWriter) {
        writer.write(direction.rawValue)
        writer.write(count)
        writer.write(double: logSum)
        writer.write(total)
        writer.write(origin)
        writer.write(width)
        writer.write(float: low)
        writer.write(float: high)
        for bin in 0..<64 { writer.write(counts[bin]) }
        evidence.write(to: &writer)
        hygiene.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        guard let direction = Direction(rawValue: try reader.read()) else { throw ByteReader.Short() }
        self.direction = direction
        count = try reader.read()
        logSum = try reader.readDouble()
        total = try reader.read()
        origin = try reader.read()
        width = try reader.read()
        low = try reader.readFloat()
        high = try reader.readFloat()
        guard low >= 0, low < high, high <= 1 else { throw ByteReader.Short() }
        for bin in 0..<64 { counts[bin] = try reader.read() }
        evidence = try ChangeEvidence(from: &reader)
        hygiene = try ValueHygiene(from: &reader)
        guard isPlaced ? width >= 51 && width <= 1024 : width == 0 && origin == 0 && total < Self.placing && total <= count
        else { throw ByteReader.Short() }
        if isPlaced {
            let sum = (0..<64).reduce(UInt32(0)) { $0 + UInt32(counts[$1]) }
            guard sum == total, (0..<64).allSatisfy({ counts[$0] < 65_535 }), origin > -16_000_000, origin < 16_000_000 else {
                throw ByteReader.Short()
            }
        }
    }
}
