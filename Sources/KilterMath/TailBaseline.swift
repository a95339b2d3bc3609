/// Positive values of any law, watched for a single one that is far above all before it.
///
/// A rank says at most that one value of n + 1 is the largest. How far beyond the largest values go is told from the up to 31
/// largest, as exceedances over the next one u, by two laws that both have an exact predictive: that the excess of log x is
/// exponential (the tail is Pareto's), or that the excess of log(log x − median) is (the logarithm itself has a Pareto tail).
/// With k exceedances that add up to S, the next value lies y above u with a probability of
///
///     (k + 1) / (n + 1) · (1 + y / S)^−k
///
/// whatever the index: k spacings of an exponential law over its k + 1st largest are independent of each other (Rényi 1953),
/// so the error of the estimated index (Hill 1975) is charged, not left out. Both laws are averaged by how likely they make the
/// exceedances, with four parts in five on the heavier one beforehand. Laws whose logarithm has a lighter tail than these, as
/// the lognormal, are alarmed at less often than allowed. What has a second, rare level has to show it to be known: its first
/// values are alarms, five at most.
///
/// A value that is told of is not learned, until the fifth: then they are what is usual. 160 bytes; about 5 ns a value that
/// is not the largest so far.
public struct TailBaseline: BitwiseCopyable, Sendable, Equatable {
    /// Bytes of its written form.
    public static let byteCount = 4 + 4 + 4 + 1 + 4 * keptMax + 1 + 4 * (flaggedMax - 1)
    /// Observations from which on a value can be told.
    public static let ready: UInt32 = 50
    /// How many times the median a value must be at least, in octaves: two are four times.
    public static let octavesMin: Int32 = 2
    /// The largest values that are kept; all of them until there are as many.
    static let keptMax = 32
    /// Values told of that make them usual.
    static let flaggedMax = 5
    /// Observations from which on what is known is thinned to half, so that it follows in the long run.
    static let countMax: UInt32 = 1 << 16
    /// Of the 32 that are there on average, what must be there by then.
    static let refilledMin = 20
    /// Of the two laws, the prior weight of the heavier one.
    static let heavyPrior = 0.8
    /// What every exceedance counts at least, in steps of `Elementary.logPosition`, as values are not measured better: a percent.
    static let excessMin = 64.0

    /// A value that may be an outlier, against what was known before it.
    public struct Sight: Sendable, Equatable {
        /// How probable a value is that is at least as large: the expected share of such among further observations.
        public let probability: Double
        /// Median and largest of the values before, in their unit.
        public let usual: Double, largest: Double
        public let count: UInt32
        /// Values told of and not learned, this one included.
        public let flagged: UInt8
    }

    public private(set) var count: UInt32 = 0
    /// Position of the running median, by stochastic approximation, and the numerator of its steps.
    private var median: Float = 0
    private var gain: Float = 0
    private var keptCount: UInt8 = 0
    private var flaggedCount: UInt8 = 0
    /// Positions in ascending order.
    private var kept = InlineArray<32, Int32>(repeating: 0)
    private var flagged = InlineArray<4, Int32>(repeating: 0)

    public init() {}

    /// One value; zero, negative, infinite and undefined ones are passed over. `allowance` is in expected false alarms.
    /// Returns what it is held against where the value is an outlier at that allowance.
    @inline(__always) public mutating func observe(_ value: Double, allowance: Double) -> Sight? {
        guard value > 0, value < .infinity else { return nil }
        let position = Elementary.logPosition(value)
        if count >= Self.ready, position > kept[Int(keptCount) - 1],
            Float(position) - median >= Float(Self.octavesMin * Elementary.stepsPerOctave)
        {
            return judge(position, allowance: allowance)
        }
        learn(position)
        return nil
    }

    @inline(never) private mutating func judge(_ position: Int32, allowance: Double) -> Sight? {
        let probability = probability(above: position)
        guard probability <= allowance else {
            learn(position)
            return nil
        }
        let sight = Sight(
            probability: probability, usual: Self.value(Double(median)), largest: Self.value(Double(kept[Int(keptCount) - 1])),
            count: count, flagged: flaggedCount + 1)
        // Where values repeat each other, one that is there is there to stay.
        if isLumpy || Int(flaggedCount) + 1 == Self.flaggedMax {
            for index in 0..<Int(flaggedCount) { learn(flagged[index]) }
            learn(position)
            flagged = InlineArray(repeating: 0)
            flaggedCount = 0
        } else {
            flagged[Int(flaggedCount)] = position
            flaggedCount += 1
        }
        return sight
    }

    private static func value(_ position: Double) -> Double {
        Elementary.exp(position / Double(Elementary.stepsPerOctave) * 0.6931471805599453)
    }

    // MARK: What is known

    @inline(__always) private mutating func learn(_ position: Int32) {
        if count >= UInt32(Self.keptMax) {
            let step = gain / Float(min(count, 1024)), place = Float(position)
            median += place > median ? step : place < median ? -step : 0
            if position <= kept[0] {
                count += 1
                if count == Self.countMax { thin() }
                return
            }
        }
        keep(position)
    }

    @inline(never) private mutating func keep(_ position: Int32) {
        var at = 0
        if Int(keptCount) == Self.keptMax {
            // The smallest makes room.
            while at + 1 < Self.keptMax, kept[at + 1] < position {
                kept[at] = kept[at + 1]
                at += 1
            }
        } else {
            at = Int(keptCount)
            while at > 0, kept[at - 1] > position {
                kept[at] = kept[at - 1]
                at -= 1
            }
            keptCount += 1
        }
        kept[at] = position
        count += 1
        if count == UInt32(Self.keptMax) {
            median = Float(kept[Self.keptMax / 2])
            gain = max(Float(kept[24]) - Float(kept[8]), 64)
        }
        if count == Self.countMax { thin() }
    }

    /// The usual value; nil where there are too few to tell.
    public var usual: Double? { count >= Self.ready ? Self.value(Double(median)) : nil }

    /// The expected share of further observations that are at least as large as `value`: of one above all before by the laws of
    /// the tail, as an outlier is judged, of one among the largest by its place among them, at most one in n + 1 where it is the
    /// first. One for what is below those that are kept; nil before fifty values, and for what is not positive and finite.
    public func probability(of value: Double) -> Double? {
        guard count >= Self.ready, value > 0, value < .infinity else { return nil }
        let position = Elementary.logPosition(value), held = Int(keptCount)
        var above = 0
        while above < held, kept[held - 1 - above] >= position { above += 1 }
        guard above < held else { return 1 }
        let byPlace = Double(above + 1) / Double(count + 1)
        return above == 0 ? min(probability(above: position), byPlace) : byPlace
    }

    /// The smallest value that would be an outlier at `allowance`, in expected false alarms; nil where none would be.
    public func least(allowance: Double) -> Double? {
        guard count >= Self.ready, keptCount > 0 else { return nil }
        let octaves = Double(median) + Double(Self.octavesMin) * Double(Elementary.stepsPerOctave)
        var near = max(kept[Int(keptCount) - 1], Int32(exactly: octaves.rounded(.up)) ?? .max - 1), far = Int32(1) << 23
        guard near < far, probability(above: far) <= allowance else { return nil }
        while far - near > 1 {
            let middle = near + (far - near) / 2
            if probability(above: middle) <= allowance { far = middle } else { near = middle }
        }
        return Self.value(Double(far))
    }

    /// Every second value, the largest among them, stands for all. As many come to them until the next time; where they do
    /// not, the level fell, and what was known of it is of no use any more.
    private mutating func thin() {
        guard Int(keptCount) >= Self.refilledMin else {
            self = TailBaseline()
            return
        }
        count /= 2
        var left = 0
        for index in 0..<Int(keptCount) where (Int(keptCount) - 1 - index) % 2 == 0 {
            kept[left] = kept[index]
            left += 1
        }
        for index in left..<Self.keptMax { kept[index] = 0 }
        keptCount = UInt8(left)
    }

    /// The largest values equal each other: there are levels, and no tail to go on.
    private var isLumpy: Bool {
        let last = Int(keptCount) - 1, exceedances = exceedanceCount
        var equal = 0
        for index in (last - exceedances)..<last where kept[index] == kept[index + 1] { equal += 1 }
        return 4 * equal >= exceedances
    }

    private var exceedanceCount: Int { min(Int(keptCount) - 1, max(Int(count) / 10, 4)) }

    /// The probability of a value at `position` or above, which must be above all that are kept.
    private func probability(above position: Int32) -> Double {
        let k = exceedanceCount, last = Int(keptCount) - 1
        let threshold = Double(kept[last - k]), excesses = Double(k)
        let distance = max(threshold - Double(median), 4 * Self.excessMin)
        var linear = 0.0, logarithmic = 0.0
        for index in (last - k + 1)...last {
            let excess = Double(kept[index]) - threshold
            linear += excess
            logarithmic += Elementary.log(1 + excess / distance)
        }
        let least = excesses * Self.excessMin
        let light = linear + least, heavy = logarithmic + least / distance
        let excess = Double(position) - threshold
        let ofLight = Elementary.exp(-excesses * Elementary.log(1 + excess / light))
        let ofHeavy = Elementary.exp(-excesses * Elementary.log(1 + Elementary.log(1 + excess / distance) / heavy))
        // Marginal likelihoods of the exceedances, the prior of each law as one exceedance of the distance's size.
        let odds =
            Elementary.log(distance) - (excesses + 1) * Elementary.log(distance + light)
            + (excesses + 1) * Elementary.log(1 + heavy) + logarithmic + excesses * Elementary.log(distance)
        let weight = Self.heavyPrior / (Self.heavyPrior + (1 - Self.heavyPrior) * Elementary.exp(min(odds, 100)))
        let n = Double(count) + 1
        let beyond = (excesses + 1) / n * ((1 - weight) * ofLight + weight * ofHeavy)
        // A level never seen is one of n + 1 by Laplace's rule, and one so far off again as rare.
        return max(isLumpy ? max(beyond, 1 / (n * n)) : beyond, 1e-30)
    }
}

extension TailBaseline {
    public func write(to writer: inout ByteWriter) {
        writer.write(count)
        writer.write(float: median)
        writer.write(float: gain)
        writer.write(keptCount)
        for index in 0..<Self.keptMax { writer.write(kept[index]) }
        writer.write(flaggedCount)
        for index in 0..<Self.flaggedMax - 1 { writer.write(flagged[index]) }
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        count = try reader.read()
        median = try reader.readFloat()
        gain = try reader.readFloat()
        keptCount = try reader.read()
        for index in 0..<Self.keptMax { kept[index] = try reader.read() }
        flaggedCount = try reader.read()
        for index in 0..<Self.flaggedMax - 1 { flagged[index] = try reader.read() }
        let held = Int(keptCount), isPlaced = count >= UInt32(Self.keptMax), reach: Int32 = 1 << 23
        guard count < Self.countMax, held <= Self.keptMax, isPlaced ? held >= Self.refilledMin / 2 : UInt32(held) == count,
            isPlaced ? gain >= 64 && gain <= 0x1p24 && median.magnitude <= 0x1p23 : gain == 0 && median == 0,
            Int(flaggedCount) < Self.flaggedMax, count >= Self.ready || flaggedCount == 0
        else { throw ByteReader.Short() }
        for index in 0..<Self.keptMax {
            let isRight = index < held ? kept[index].magnitude <= reach.magnitude : kept[index] == 0
            guard isRight, index == 0 || index >= held || kept[index - 1] <= kept[index] else { throw ByteReader.Short() }
        }
        for index in 0..<Self.flaggedMax - 1 {
            guard index < Int(flaggedCount) ? flagged[index].magnitude <= reach.magnitude : flagged[index] == 0 else {
                throw ByteReader.Short()
            }
        }
    }

    public static func == (one: TailBaseline, other: TailBaseline) -> Bool {
        var first = ByteWriter(), second = ByteWriter()
        one.write(to: &first)
        other.write(to: &second)
        return first.bytes == second.bytes
    }
}
