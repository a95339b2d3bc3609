/// Rare events, watched by the gaps between them: where counts by bucket would be mostly zero.
///
/// With exponential gaps and a gamma prior the next gap's predictive is Lomax's law, whose survival function
/// `u = (β / (β + t))^α` with `α = n + a`, `β = T + b` is uniform and independent from gap to gap without knowing the
/// rate. Alternatives are rates `e^d` times as high; their ratio `r u^(r − 1)` comes from a table of 256 cells. Gaps of
/// another law – events in clumps – belong into a `RankBaseline`.
///
/// 304 bytes, about 70 ns an observation.
public struct GapBaseline: BitwiseCopyable, Sendable, Equatable {
    /// Bytes of its written form.
    public static let byteCount = 1 + 8 + 8 + 4 + 8 + ChangeEvidence.byteCount
    /// Log ratios of the rates; the first eight lanes are increases.
    public static let logRatios: [Double] = {
        let sizes = [0.1, 0.16, 0.25, 0.4, 0.63, 1.0, 1.6, 2.5]
        return sizes + sizes.map { -$0 }
    }()
    static let warmUp: UInt32 = 50

    /// Mean of `r u^(r − 1)` over each cell of u, and over all cells up to it: the ratio of a gap that still lasts.
    static let tables: (ended: [SIMD16<Float>], lasting: [SIMD16<Float>]) = {
        let ratios = logRatios.map(Elementary.exp)
        var ended: [SIMD16<Float>] = [], lasting: [SIMD16<Float>] = []
        for cell in 0..<256 {
            func power(_ edge: Int, _ r: Double) -> Double { edge == 0 ? 0 : Elementary.exp(r * Elementary.log(Double(edge) / 256)) }
            ended.append(RateBaseline.lanes(ratios.map { 256 * (power(cell + 1, $0) - power(cell, $0)) }))
            lasting.append(RateBaseline.lanes(ratios.map { power(cell + 1, $0) * 256 / Double(cell + 1) }))
        }
        return (ended, lasting)
    }()
    static let sizes: [Float] = [0.14, 0.15, 0.16, 0.16, 0.14, 0.12, 0.08, 0.05]
    static let weightsOfDirection = Direction.allCases.map { direction in
        let (up, down) = direction.shares
        return RateBaseline.lanes(sizes.map { Double($0 * up) } + sizes.map { Double($0 * down) })
    }

    public private(set) var evidence = ChangeEvidence()
    /// Gaps of the epoch and their sum in seconds.
    public private(set) var count: UInt32 = 0
    public private(set) var seconds = 0.0
    /// Pseudo-gaps and their seconds.
    public let priorCount: Double, priorSeconds: Double
    public let direction: Direction

    /// A prior of `priorCount` gaps that took `priorSeconds`; none by default.
    public init(direction: Direction = .either, priorCount: Double = 0, priorSeconds: Double = 0) {
        self.direction = direction
        let isPrior = priorCount > 0 && priorSeconds > 0 && priorCount <= 1e6 && priorSeconds < 1e12
        self.priorCount = isPrior ? priorCount : 0
        self.priorSeconds = isPrior ? priorSeconds : 0
    }

    public var weights: SIMD16<Float> { Self.weightsOfDirection[Int(direction.rawValue)] }

    /// Events a second as presumed for the next gap; zero without data.
    public var rate: Double {
        let time = seconds + priorSeconds
        return time > 0 ? (Double(count) + priorCount) / time : 0
    }

    private var isBetting: Bool { Double(count) + priorCount >= Double(Self.warmUp) && seconds + priorSeconds > 0 }

    /// One gap of `gapSeconds`, not negative; `allowance` in expected false alarms since the previous event. Returns the
    /// evidence: an alarm at 1.
    public mutating func observe(gapSeconds: Double, allowance: Float) -> Float {
        guard gapSeconds >= 0, gapSeconds < 1e10 else { return evidence.total(weights) }
        if isBetting {
            evidence.update(Self.tables.ended[cell(gapSeconds)], allowance: allowance, score: Float(gapSeconds))
        }
        if count < .max { count += 1 }
        seconds += gapSeconds
        return evidence.total(weights)
    }

    /// The evidence while the next event has not come for `gapSeconds`: what an agent that fell silent is found by.
    public func evidence(waitingSeconds gapSeconds: Double, allowance: Float) -> Float {
        guard isBetting, gapSeconds >= 0, gapSeconds < 1e10 else { return evidence.total(weights) }
        return (((evidence.strengths + allowance) * Self.tables.lasting[cell(gapSeconds)]) * weights).pairwiseSum
    }

    private func cell(_ gapSeconds: Double) -> Int {
        let survival = Elementary.exp(-(Double(count) + priorCount) * Elementary.log(1 + gapSeconds / (seconds + priorSeconds)))
        return Int(max(0, min(255, survival * 256)))
    }

    /// Evidence zero again, the counts as they are: after an alarm.
    public mutating func restart() { evidence.restart() }

    /// What the leading alternative says; rates in events a second.
    public var change: RateChange {
        let lane = evidence.leading(weights)
        let after = min(evidence.age(lane), count), before = count - after
        let secondsAfter = Double(evidence.sum(lane))
        let secondsBefore = max(seconds - secondsAfter, 0) + priorSeconds
        let rateBefore = secondsBefore > 0 ? (Double(before) + priorCount) / secondsBefore : rate
        let rateAfter = secondsAfter > 0 ? Double(after) / secondsAfter : rateBefore
        // Normal on the scale of the logarithm, whose standard error is 1 / √n.
        let factor = Elementary.exp(1.959963984540054 / Double(max(after, 1)).squareRoot())
        return RateChange(
            countBefore: before, countAfter: after, before: rateBefore, after: rateAfter, lower: rateAfter / factor,
            upper: rateAfter * factor, isIncrease: lane < 8, alternative: Self.logRatios[lane])
    }

    public func write(to writer: inout ByteWriter) {
        writer.write(direction.rawValue)
        writer.write(double: priorCount)
        writer.write(double: priorSeconds)
        writer.write(count)
        writer.write(double: seconds)
        evidence.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        guard let direction = Direction(rawValue: try reader.read()) else { throw ByteReader.Short() }
        self.direction = direction
        priorCount = try reader.readDouble()
        priorSeconds = try reader.readDouble()
        count = try reader.read()
        seconds = try reader.readDouble()
        evidence = try ChangeEvidence(from: &reader)
        let isPrior = priorCount >= 0 && priorCount <= 1e6 && priorSeconds >= 0 && priorSeconds < 1e12
        let isWhole = (priorCount > 0) == (priorSeconds > 0) && (count > 0 || seconds == 0) && seconds >= 0 && seconds < 1e20
        guard isPrior, isWhole else { throw ByteReader.Short() }
    }
}
