/// Which change is worth most: the weights of a baseline's alternatives follow it.
public enum Direction: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    /// 85 % of the budget on increases: errors, cost, latency.
    case up = 0
    /// 85 % of the budget on decreases.
    case down = 1
    case either = 2

    /// Shares of the budget for increases and for decreases.
    var shares: (up: Float, down: Float) {
        switch self {
        case .up: (0.85, 0.15)
        case .down: (0.15, 0.85)
        case .either: (0.5, 0.5)
        }
    }
}

/// What a rate was before the presumed onset and is since, as a baseline reports it with an alarm.
public struct RateChange: Sendable, Equatable {
    /// Observations before the onset and since.
    public let countBefore: UInt32, countAfter: UInt32
    public let before: Double, after: Double
    /// Wilson's 95 % interval of the rate since the onset.
    public let lower: Double, upper: Double
    public let isIncrease: Bool
    /// Size of the winning alternative in logits; at 2.4 and above the change is a burst.
    public let alternative: Double
}

/// The rate of yes among yes-or-no observations, watched for a change without being told the rate.
///
/// The null is the running predictive `p = (s + a) / (n + a + b)` of all observations of the epoch, of which none is ever
/// forgotten; a rate that was estimated once and then taken for the truth would ruin the false-alarm rate. Alternatives
/// are rates some logits off an anchor: the predictive at n = 200, 400, 800 … 6400, 8192, then frozen; before 200 the
/// predictive itself. Alternatives nearer than 1.4 logits bet from n = 50 on, the others too unless the prior counts for at least 50.
///
/// 288 bytes, about 27 ns an observation.
public struct RateBaseline: BitwiseCopyable, Sendable, Equatable {
    /// Bytes of its written form.
    public static let byteCount = ChangeEvidence.byteCount + 21

    /// Distances of the alternatives from the anchor in logits; the first eight lanes are increases.
    public static let logits: [Double] = {
        let sizes = [0.3, 0.43, 0.63, 0.91, 1.32, 1.91, 2.76, 4.0]
        return sizes + sizes.map { -$0 }
    }()
    /// `e^d` of each lane.
    static let odds = lanes(logits.map(Elementary.exp))
    static let sizes: [Float] = [0.24, 0.20, 0.17, 0.13, 0.10, 0.07, 0.05, 0.04]
    static let weightsOfDirection = Direction.allCases.map { direction in
        let (up, down) = direction.shares
        return lanes(sizes.map { Double($0 * up) } + sizes.map { Double($0 * down) })
    }
    /// 1 where a lane is at least 1.4 logits off.
    static let isLarge = lanes(logits.map { $0 >= 1.4 || $0 <= -1.4 ? 1 : 0 })
    /// Observations from which all alternatives bet.
    static let warmUp: UInt32 = 50
    /// Observations from which a change can be told.
    public static let ready = warmUp

    public private(set) var evidence = ChangeEvidence()
    /// Observations and hits of the epoch.
    public private(set) var count: UInt32 = 0
    public private(set) var hits: UInt32 = 0
    /// Pseudo-counts of hits and misses.
    public let priorHits: Float, priorMisses: Float
    /// The rate that alternatives are measured from; zero until n = 200.
    private var anchor: Float = 0
    public let direction: Direction

    /// Priors are pseudo-counts, each above zero; Jeffreys' by default.
    public init(direction: Direction = .either, priorHits: Float = 0.5, priorMisses: Float = 0.5) {
        self.direction = direction
        self.priorHits = priorHits > 0.01 ? min(priorHits, 1e6) : 0.01
        self.priorMisses = priorMisses > 0.01 ? min(priorMisses, 1e6) : 0.01
    }

    static func lanes(_ values: [Double]) -> SIMD16<Float> {
        var lanes = SIMD16<Float>(repeating: 0)
        for (lane, value) in values.prefix(16).enumerated() { lanes[lane] = Float(value) }
        return lanes
    }

    public var weights: SIMD16<Float> { Self.weightsOfDirection[Int(direction.rawValue)] }

    /// The probability of a hit that the next observation is held against.
    public var rate: Float {
        (Float(hits) + priorHits) / (Float(count) + priorHits + priorMisses)
    }

    /// One observation; `allowance` in expected false alarms since the previous one. Returns the evidence: an alarm at 1.
    /// What is known to be a change is held against the baseline without becoming part of it: `learns` is false.
    public mutating func observe(_ isHit: Bool, allowance: Float, learns: Bool = true, isPinned: Bool = false) -> Float {
        let all = Float(count) + priorHits + priorMisses
        // The complement by its own counts: 1 − p would have no digits left after millions of hits.
        let rate = (Float(hits) + priorHits) / all, complement = (Float(count - hits) + priorMisses) / all
        let origin = anchor > 0 ? anchor : min(rate, 0.999999)
        // The alternative's rate is p0 e^d / (1 + p0 (e^d − 1)), its complement (1 − p0) over the same.
        let scale = 1 + (Self.odds - 1) * origin
        var ratios = isHit ? Self.odds * (origin / rate) / scale : ((1 - origin) / complement) / scale
        if count < Self.warmUp {
            ratios *= priorHits + priorMisses >= 50 ? Self.isLarge : SIMD16(repeating: 0)
        }
        if isPinned { ratios /= caution(Self.odds * (origin / rate) / scale - ((1 - origin) / complement) / scale) }
        evidence.update(ratios, allowance: allowance, score: isHit ? 1 : 0)
        if learns { learn(isHit) }
        return evidence.total(weights)
    }

    /// See `PinnedReference`; `gap` is the difference of the bets on a hit and on a miss. Two hits more than there were, because the
    /// error of few is not that of a normal law.
    @inline(never) private func caution(_ gap: SIMD16<Float>) -> SIMD16<Float> {
        let all = Float(count) + 4, share = (Float(hits) + 2) / all
        let deviations = gap.replacing(with: -gap, where: gap .< 0) * (share * (1 - share)).squareRoot()
        return PinnedReference.caution(deviations, count: all)
    }

    private mutating func learn(_ isHit: Bool) {
        guard count < .max else { return }
        count += 1
        if isHit { hits += 1 }
        if Self.isAnchor(count) { anchor = min(self.rate, 0.999999) }
    }

    /// n = 200, 400, 800 … 6400, 8192.
    @inline(__always) static func isAnchor(_ count: UInt32) -> Bool {
        if count == 8192 { return true }
        guard count >= 200, count <= 6400, count % 200 == 0 else { return false }
        let ratio = count / 200
        return ratio & (ratio - 1) == 0
    }

    public mutating func spend() { evidence.spend() }

    /// Evidence zero again, the counts as they are: after an alarm.
    public mutating func restart() { evidence.restart() }

    /// What the leading alternative says.
    public var change: RateChange {
        let lane = evidence.leading(weights)
        let after = evidence.age(lane)
        let hitsAfter = min(UInt32(max(0, min(evidence.sum(lane), 1e9))), after), hitsKnown = min(hitsAfter, hits)
        let before = count > after ? count - after : 0
        let priors = Double(priorHits) + Double(priorMisses)
        let rateBefore = (Double(hits - hitsKnown) + Double(priorHits)) / (Double(before) + priors)
        let (lower, upper) = Self.wilson(hits: Double(hitsAfter), count: Double(after))
        return RateChange(
            countBefore: before, countAfter: after, before: rateBefore, after: after > 0 ? Double(hitsAfter) / Double(after) : rateBefore,
            lower: lower, upper: upper, isIncrease: lane < 8, alternative: Self.logits[lane])
    }

    /// Wilson's score interval (1927) at 95 %.
    static func wilson(hits: Double, count: Double, deviations z: Double = 1.959963984540054) -> (lower: Double, upper: Double) {
        guard count > 0 else { return (0, 1) }
        let share = hits / count
        let centre = share + z * z / (2 * count)
        let half = z * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
        let scale = 1 + z * z / count
        return (max(0, (centre - half) / scale), min(1, (centre + half) / scale))
    }

    public func write(to writer: inout ByteWriter) {
        writer.write(direction.rawValue)
        writer.write(float: priorHits)
        writer.write(float: priorMisses)
        writer.write(count)
        writer.write(hits)
        writer.write(float: anchor)
        evidence.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        guard let direction = Direction(rawValue: try reader.read()) else { throw ByteReader.Short() }
        self.direction = direction
        priorHits = try reader.readFloat()
        priorMisses = try reader.readFloat()
        count = try reader.read()
        hits = try reader.read()
        anchor = try reader.readFloat()
        evidence = try ChangeEvidence(from: &reader)
        let isPrior = [priorHits, priorMisses].allSatisfy { $0 >= 0.01 && $0 <= 1e6 }
        guard isPrior, hits <= count, anchor >= 0, anchor < 1, (anchor > 0) == (count >= 200) else { throw ByteReader.Short() }
    }
}
