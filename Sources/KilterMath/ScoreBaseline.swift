/// Normal scores of unit spread at most, such as means of `RankBaseline.score` over several streams, watched for a shift of
/// their mean.
///
/// Where they lie is not learned here: the scores come from baselines that learn, and lie around zero as long as nothing
/// changes. Means of several scores spread less than one; how much less is learned, with the upper end of what the
/// observations so far allow taken for the truth, so that few of them claim nothing. No bets on the spread.
///
/// 290 bytes, about 10 ns an observation.
public struct ScoreBaseline: BitwiseCopyable, Sendable, Equatable {
    /// Observations from which alternatives bet.
    static let warmUp: UInt32 = 8
    static let isShift = RateBaseline.lanes((0..<16).map { $0 < 11 ? 1 : 0 })

    public private(set) var evidence = ChangeEvidence()
    public private(set) var count: UInt32 = 0
    private var sum = 0.0
    /// Of the scores, each at most two and a half of the deviations by then.
    private var squares = 0.0
    public let direction: Direction

    public init(direction: Direction = .either) { self.direction = direction }

    /// Each lane's part of the evidence: weights are in their allowances.
    public var weights: SIMD16<Float> { SIMD16(repeating: 1) }

    /// Standard deviation that scores are held against: at most 1, and with two standard errors of its square above what was
    /// seen.
    public var deviation: Double {
        guard count > 0 else { return 1 }
        let n = Double(count), seen = squares / n
        return min(1, max(0.2, (seen * (1 + 2 * (2 / n).squareRoot())).squareRoot()))
    }

    /// One observation; `allowance` in expected false alarms since the previous one. Returns the evidence: an alarm at 1.
    public mutating func observe(_ score: Float, allowance: Float, learns: Bool = true) -> Float {
        let raw = score > -4 ? min(score, 4) : -4, deviation = deviation
        // Scores of lumpy values need not lie around zero.
        let n = Double(count), score = raw - Float(count > 0 ? sum / n * (n / (n + 100)) : 0)
        if learns, count < .max {
            count += 1
            sum += Double(raw)
            let bounded = min(Double(score * score), 6.25 * deviation * deviation)
            squares += bounded
        }
        guard count > Self.warmUp else { return 0 }
        let towards = (direction == .down ? -score : score) / Float(deviation)
        let place = Elementary.normalDistribution(Double(towards)) * 256
        let cell = max(0, min(255, Int(exactly: place.rounded(.down)) ?? 0))
        let masses = RankTable.weights(direction, count: count) * (Self.isShift * (allowance / 0.8))
        evidence.update(RankTable.ratios[cell] * Self.isShift, masses: masses, score: raw)
        return evidence.total(weights)
    }

    /// Lets go of the evidence of some alternatives.
    public mutating func forget(lanes: SIMDMask<SIMD16<UInt32.SIMDMaskScalar>>) { evidence.forget(lanes) }

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
        evidence.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        guard let direction = Direction(rawValue: try reader.read()) else { throw ByteReader.Short() }
        self.direction = direction
        count = try reader.read()
        sum = try reader.readDouble()
        squares = try reader.readDouble()
        guard squares >= 0 else { throw ByteReader.Short() }
        evidence = try ChangeEvidence(from: &reader)
    }
}
