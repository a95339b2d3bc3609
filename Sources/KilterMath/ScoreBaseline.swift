/// Normal scores of unit spread at most, such as means of `RankBaseline.score` over several streams, watched for a shift of
/// their mean.
///
/// Where they lie is not learned here: the scores come from baselines that learn, and lie around zero as long as nothing
/// changes. Means of several scores spread less than one; how much less is learned, and that it is known from few is charged for.
/// No bets on the spread. As long as the members do not know their hours, scores are held against those of late; later on what the hours
/// of the last days still differ by is taken out.
///
/// Of other figures that lie within a few units, such as distances, the level is not presumed to be zero but learned soon.
///
/// 620 bytes, about 10 ns an observation.
public struct ScoreBaseline: BitwiseCopyable, Sendable, Equatable {
    /// What is known of the scores beforehand.
    public enum Level: UInt8, BitwiseCopyable, Sendable {
        /// They are normal, and their mean is near zero, as that of scores from baselines that learn.
        case zero
        /// They are figures of any law, such as distances; what is left of them when their mean is taken out.
        case unknown, remainder

        /// Observations that the presumption is worth, and what it presumes.
        public var presumed: Double { self == .zero ? 100 : 5 }
        public var presumedMean: Double { self == .unknown ? 0.25 : 0 }
        /// Observations from which alternatives bet.
        var warmUp: UInt32 { self == .zero ? 8 : 6 }
    }

    /// Of distances only a rise is a change.
    static let isRise = RateBaseline.lanes((0..<16).map { $0 < 6 ? 1 : 0 })
    static let isShift = RateBaseline.lanes((0..<16).map { $0 < 11 ? 1 : 0 })

    public private(set) var evidence = ChangeEvidence()
    public private(set) var count: UInt32 = 0
    private var sum = 0.0
    /// Squares of the scores' distances from their mean, each at most two and a half of the deviations by then, and two for
    /// what is presumed.
    private var squares = 2.0
    private var recent = RecentLevel()
    private var swing = DailySwing()
    /// Of figures of any law: the sums of each alternative's ratios, and of those since its onset.
    private var ratioSums = SIMD16<Float>(repeating: 0)
    private var ratioSumsSince = SIMD16<Float>(repeating: 0)
    private var ratioCount: Float = 0
    public let direction: Direction
    public let knownLevel: Level

    public init(direction: Direction = .either, level: Level = .zero) {
        self.direction = direction
        knownLevel = level
    }

    /// Observations from which on a change can be told.
    public var ready: UInt32 { knownLevel.warmUp + 1 }

    /// One of the same kind that has seen nothing yet.
    public var fresh: ScoreBaseline { ScoreBaseline(direction: direction, level: knownLevel) }

    /// Where the next score is expected.
    public var expected: Double {
        guard count > 0 || knownLevel != .zero else { return 0 }
        return (sum + knownLevel.presumed * knownLevel.presumedMean) / (Double(count) + knownLevel.presumed)
    }

    /// The scores so far have not all been zero.
    public var isVaried: Bool { squares > 2 }

    /// Each lane's part of the evidence: weights are in their allowances.
    public var weights: SIMD16<Float> { SIMD16(repeating: 1) }

    /// Degrees of freedom of what is known of the spread; two are given for a spread of 1.
    private var freedom: Double { Double(count) + 2 }

    /// Standard deviation of the scores so far.
    public var deviation: Double { max((squares / freedom).squareRoot(), Self.deviationMin) }

    /// The mean of the scores so far.
    public var level: Double { count > 0 ? sum / Double(count) : 0 }

    /// What an hour's level rests on at most: of groups as busy as to see small swings the last days.
    private static let hourMax: UInt16 = 400
    /// The spread is not taken for less: means of mostly equal scores are rare jumps, not a narrow normal law.
    private static let deviationMin = 0.3

    /// One observation in an hour of the day in 0..<24; `allowance` in expected false alarms since the previous one, which was
    /// `passedSeconds` ago. As long as the members are young, scores of times are held against those of the last three quarters of an
    /// hour. Returns the evidence: an alarm at 1.
    public mutating func observe(
        _ score: Float, allowance: Float, passedSeconds: Double = 0, hour: Int = 0, isYoung: Bool = false, isTime: Bool = true,
        learns: Bool = true
    ) -> Float {
        let bounded = score > -4 ? min(score, 4) : -4
        let ofHour = seasonal(bounded, hour: hour, learns: learns)
        let raw = isYoung ? recent.remainder(bounded, passedSeconds: passedSeconds, isTime ? .fast : .slow) : ofHour
        // Scores of lumpy values need not lie around zero.
        let distance = Double(raw) - (isYoung ? 0 : expected)
        let normal = normalScore(distance)
        if learns, count < .max {
            squares += min(distance * distance, 6.25 * squares / freedom)
            count += 1
            sum += Double(raw)
        }
        guard count > knownLevel.warmUp else { return 0 }
        let cell = RankTable.cell(of: direction == .down ? -normal : normal)
        let shifts = knownLevel == .zero ? Self.isShift : Self.isRise
        // What the lanes left out would have been allowed goes to the others.
        let share: Float = knownLevel == .zero ? 0.8 : 0.68
        let masses = RankTable.weights(direction, count: max(count, RankTable.few)) * (shifts * (allowance / share))
        bet(RankTable.ratios[cell] * shifts, masses, raw, learns: learns)
        return evidence.total(weights)
    }

    /// What is left of a score of members that lie around zero without what its hour differs by.
    private mutating func seasonal(_ score: Float, hour: Int, learns: Bool) -> Float {
        guard knownLevel == .zero else { return score }
        let hour = hour >= 0 && hour < 24 ? hour : 0
        if !swing.isAt(hour) {
            swing.turn(
                to: hour, around: swing.centre, variance: Float(deviation * deviation), isNew: false, isRecent: true,
                presumed: DailySwing.presumed)
        }
        if learns { swing.learn(hour: hour, from: 0, most: Self.hourMax) { $0 + (score - $0) / Float($1) } }
        return score - swing.offset
    }

    /// Where scores are not normal a ratio's expectation is not one, but about what it has been on average before the alternative's
    /// onset: that is divided out, and a bet in which skewness alone would win is none.
    private mutating func bet(_ ratios: SIMD16<Float>, _ masses: SIMD16<Float>, _ score: Float, learns: Bool) {
        guard knownLevel != .zero else { return evidence.update(ratios, masses: masses, score: score) }
        let before = ratioCount - evidence.ages, known = Self.presumedRatios + before.replacing(with: 0, where: before .< 0)
        let expected = (Self.presumedRatios + ratioSums - ratioSumsSince) / known
        evidence.update(ratios / expected.replacing(with: 1, where: expected .< 1), masses: masses, score: score)
        if learns, ratioCount < 0x1p20 {
            ratioSums += ratios
            ratioCount += 1
        }
        ratioSumsSince = (ratioSumsSince + ratios).replacing(with: 0, where: evidence.ages .== 0)
    }

    /// Observations of one that the expectation of a ratio begins with.
    private static let presumedRatios: Float = 30
    /// Figures of any law count for no more deviations than this: the tails of most are longer than normal ones.
    private static let normalMax = 2.4

    /// Of a distance from the mean, in standard deviations that are known from the scores so far alone: Student's t made
    /// normal (Wallace 1959, to within a hundredth up to four deviations), as self-starting charts do (Quesenberry 1991).
    /// Mutating because everything would be copied for a reader.
    private mutating func normalScore(_ distance: Double) -> Double {
        let freedom = freedom, ratio = distance * distance / max(squares, freedom * Self.deviationMin * Self.deviationMin)
        var size = (8 * freedom + 1) / (8 * freedom + 3) * (freedom * Elementary.log(1 + ratio)).squareRoot()
        if knownLevel != .zero { size = min(size, Self.normalMax) }
        return distance < 0 ? -size : size
    }

    /// Lets go of the evidence of some alternatives.
    public mutating func forget(lanes: SIMDMask<SIMD16<UInt32.SIMDMaskScalar>>) {
        evidence.forget(lanes)
        ratioSumsSince.replace(with: 0, where: lanes)
    }

    public mutating func spend() { evidence.spend() }

    /// Evidence zero again: after an alarm.
    public mutating func restart() {
        evidence.restart()
        ratioSumsSince = SIMD16(repeating: 0)
    }

    /// What the leading alternative says, in standard deviations.
    public var change: RateChange {
        let lane = evidence.leading(weights)
        let after = evidence.age(lane), before = count > after ? count - after : 0
        let sumAfter = Double(evidence.sum(lane))
        let meanBefore = before > 0 ? (sum - sumAfter) / Double(before) : 0
        let meanAfter = after > 0 ? sumAfter / Double(after) : meanBefore
        let half = 1.959963984540054 * deviation / Double(max(after, 1)).squareRoot()
        let isUp = (RankTable.shifts[min(lane, 10)] > 0) != (direction == .down)
        return RateChange(
            countBefore: before, countAfter: after, before: meanBefore, after: meanAfter, lower: meanAfter - half,
            upper: meanAfter + half, isIncrease: isUp, alternative: Swift.abs(RankTable.shifts[min(lane, 10)]))
    }

    public func write(to writer: inout ByteWriter) {
        writer.write(direction.rawValue)
        writer.write(knownLevel.rawValue)
        writer.write(count)
        writer.write(double: sum)
        writer.write(double: squares)
        recent.write(to: &writer)
        if knownLevel == .zero { swing.write(to: &writer) }
        evidence.write(to: &writer)
        guard knownLevel != .zero else { return }
        writer.write(float: ratioCount)
        writer.write(lanes: ratioSums)
        writer.write(lanes: ratioSumsSince)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        guard let direction = Direction(rawValue: try reader.read()) else { throw ByteReader.Short() }
        guard let level = Level(rawValue: try reader.read()) else { throw ByteReader.Short() }
        self.direction = direction
        knownLevel = level
        count = try reader.read()
        sum = try reader.readDouble()
        squares = try reader.readDouble()
        recent = try RecentLevel(from: &reader)
        if knownLevel == .zero { swing = try DailySwing(from: &reader) }
        guard squares >= 2 else { throw ByteReader.Short() }
        evidence = try ChangeEvidence(from: &reader)
        guard knownLevel != .zero else { return }
        ratioCount = try reader.readFloat()
        ratioSums = try reader.readLanes()
        ratioSumsSince = try reader.readLanes()
        guard ratioCount >= 0, ratioCount <= 0x1p20 else { throw ByteReader.Short() }
        for lane in 0..<16 {
            guard ratioSums[lane] >= 0, ratioSumsSince[lane] >= 0, ratioSums[lane] < 1e12, ratioSumsSince[lane] < 1e12 else {
                throw ByteReader.Short()
            }
        }
    }
}
