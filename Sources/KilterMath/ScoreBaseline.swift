/// Normal scores of unit spread at most, such as means of `RankBaseline.score` over several streams, watched for a shift of
/// their mean.
///
/// Where they lie is not learned here: the scores come from baselines that learn, and lie around zero as long as nothing
/// changes. Means of several scores spread less than one; how much less is learned, and that it is known from few is charged for.
/// No bets on the spread. As long as the members do not know their hours, scores are held against those of late.
///
/// 300 bytes, about 10 ns an observation.
public struct ScoreBaseline: BitwiseCopyable, Sendable, Equatable {
    /// Observations from which alternatives bet.
    static let warmUp: UInt32 = 8
    /// Observations from which a change can be told.
    public static let ready = warmUp + 1
    static let isShift = RateBaseline.lanes((0..<16).map { $0 < 11 ? 1 : 0 })

    public private(set) var evidence = ChangeEvidence()
    public private(set) var count: UInt32 = 0
    private var sum = 0.0
    /// Squares of the scores' distances from their mean, each at most two and a half of the deviations by then, and two for
    /// what is presumed.
    private var squares = 2.0
    private var recent = RecentLevel()
    public let direction: Direction

    public init(direction: Direction = .either) { self.direction = direction }

    /// Each lane's part of the evidence: weights are in their allowances.
    public var weights: SIMD16<Float> { SIMD16(repeating: 1) }

    /// Degrees of freedom of what is known of the spread; two are given for a spread of 1.
    private var freedom: Double { Double(count) + 2 }

    /// Standard deviation of the scores so far.
    public var deviation: Double { max((squares / freedom).squareRoot(), Self.deviationMin) }

    /// The mean of the scores so far.
    public var level: Double { count > 0 ? sum / Double(count) : 0 }

    /// The spread is not taken for less: means of mostly equal scores are rare jumps, not a narrow normal law.
    private static let deviationMin = 0.3

    /// One observation; `allowance` in expected false alarms since the previous one, which was `passedSeconds` ago. Returns the
    /// evidence: an alarm at 1.
    public mutating func observe(
        _ score: Float, allowance: Float, passedSeconds: Double = 0, isYoung: Bool = false, learns: Bool = true
    ) -> Float {
        let bounded = score > -4 ? min(score, 4) : -4
        let remainder = recent.remainder(bounded, passedSeconds: passedSeconds)
        let raw = isYoung ? remainder : bounded
        // Scores of lumpy values need not lie around zero.
        let n = Double(count), distance = Double(raw) - (count > 0 && !isYoung ? sum / n * (n / (n + 100)) : 0)
        let normal = normalScore(distance)
        if learns, count < .max {
            squares += min(distance * distance, 6.25 * squares / freedom)
            count += 1
            sum += Double(raw)
        }
        guard count > Self.warmUp else { return 0 }
        let place = Elementary.normalDistribution(direction == .down ? -normal : normal) * 256
        let cell = max(0, min(255, Int(exactly: place.rounded(.down)) ?? 0))
        let masses = RankTable.weights(direction, count: count) * (Self.isShift * (allowance / 0.8))
        evidence.update(RankTable.ratios[cell] * Self.isShift, masses: masses, score: raw)
        return evidence.total(weights)
    }

    /// Of a distance from the mean, in standard deviations that are known from the scores so far alone: Student's t made
    /// normal (Wallace 1959, to within a hundredth up to four deviations), as self-starting charts do (Quesenberry 1991).
    private func normalScore(_ distance: Double) -> Double {
        let freedom = freedom, ratio = distance * distance / max(squares, freedom * Self.deviationMin * Self.deviationMin)
        let size = (8 * freedom + 1) / (8 * freedom + 3) * (freedom * Elementary.log(1 + ratio)).squareRoot()
        return distance < 0 ? -size : size
    }

    /// Lets go of the evidence of some alternatives.
    public mutating func forget(lanes: SIMDMask<SIMD16<UInt32.SIMDMaskScalar>>) { evidence.forget(lanes) }

    public mutating func spend() { evidence.spend() }

    /// Evidence zero again: after an alarm.
    public mutating func restart() { evidence.restart() }

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
        writer.write(count)
        writer.write(double: sum)
        writer.write(double: squares)
        recent.write(to: &writer)
        evidence.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        guard let direction = Direction(rawValue: try reader.read()) else { throw ByteReader.Short() }
        self.direction = direction
        count = try reader.read()
        sum = try reader.readDouble()
        squares = try reader.readDouble()
        recent = try RecentLevel(from: &reader)
        guard squares >= 2 else { throw ByteReader.Short() }
        evidence = try ChangeEvidence(from: &reader)
    }
}
