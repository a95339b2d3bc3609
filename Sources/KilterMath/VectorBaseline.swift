/// Up to sixteen normal scores watched together: finds a small shift of many features at once that none shows alone.
///
/// Scores are whitened by their covariance, accumulated around zero, shrunk towards the identity and frozen at n = 256,
/// 512 … 8192. Each lane bets that the mean is where its moving average, shrunk as James and Stein do (1961), already
/// points: `L = exp(θ·y − |θ|²/2)` with θ from before `y`. That is an e-value as far as the whitened scores are normal
/// and independent; the covariance is widened by what its estimate may be off.
///
/// 2.5 kB, about 0.1 µs an observation of 16 scores.
public struct VectorBaseline: BitwiseCopyable, Sendable {
    /// Bytes of its written form.
    public static let byteCount = 1 + 4 + 2 * 1024 + 3 * 64 + ChangeEvidence.byteCount
    public static let dimensionsMax = 16

    /// How far the mean of one score moved, in its standard deviations.
    public struct Contribution: Sendable, Equatable {
        public let coordinate: Int
        public let shift: Double
    }

    /// What the leading alternative says.
    public struct Change: Sendable, Equatable {
        /// Observations before the onset and since.
        public let countBefore: UInt32, countAfter: UInt32
        /// Length of the whitened shift.
        public let distance: Double
        /// Largest first; those below a twentieth of a standard deviation are left out.
        public let contributions: [Contribution]
    }

    /// Steps of the moving averages.
    @inline(__always) static var rates: SIMD3<Float> { SIMD3(1.0 / 15, 1.0 / 40, 1.0 / 120) }
    static let weights = RateBaseline.lanes([0.33, 0.34, 0.33])
    /// Observations until the covariance is first used, and until it is frozen for good.
    static let firstAnchor: UInt32 = 256
    /// Observations from which a change can be told.
    public static let ready = firstAnchor + 1
    static let lastAnchor: UInt32 = 8192

    public let dimensions: UInt8
    public private(set) var count: UInt32 = 0
    /// Columns of the mean of `z zᵀ`.
    private var moments = InlineArray<16, SIMD16<Float>>(repeating: SIMD16(repeating: 0))
    /// Columns of the inverse of the covariance's Cholesky factor; zero until n = 256.
    private var whitening = InlineArray<16, SIMD16<Float>>(repeating: SIMD16(repeating: 0))
    private var averages = InlineArray<3, SIMD16<Float>>(repeating: SIMD16(repeating: 0))
    public private(set) var evidence = ChangeEvidence()

    /// `dimensions` in 2...16.
    public init(dimensions: Int) { self.dimensions = UInt8(clamping: max(2, min(dimensions, Self.dimensionsMax))) }

    /// One vector of normal scores, such as `RankBaseline.score`; lanes beyond the dimensions are passed over, undefined
    /// ones count as zero and others are clipped at ±4. `allowance` in expected false alarms since the previous one.
    /// Returns the evidence: an alarm at 1.
    public mutating func observe(_ scores: SIMD16<Float>, allowance: Float, learns: Bool = true) -> Float {
        let known = scores.replacing(with: 0, where: scores .!= scores).keeping(first: dimensions)
        let scores = known.replacing(with: 4, where: known .> 4).replacing(with: -4, where: known .< -4)
        if count >= Self.firstAnchor {
            var white = SIMD16<Float>(repeating: 0)
            for column in 0..<16 { white += whitening[column] * scores[column] }
            bet(white, allowance)
        }
        if learns { learn(scores) }
        return evidence.total(Self.weights)
    }

    @inline(__always) private mutating func bet(_ white: SIMD16<Float>, _ allowance: Float) {
        var ratios = SIMD16<Float>(repeating: 0)
        for index in 0..<3 {
            let average = averages[index], rate = Self.rates[index]
            let square = (average * average).pairwiseSum
            // What |average|² is expected to be by chance, in d − 2 of the dimensions.
            let chance = Float(max(Int(dimensions) - 2, 1)) * rate / (2 - rate)
            let factor = square > chance ? 1 - chance / square : 0
            let along = factor * (average * white).pairwiseSum
            ratios[index] = Float(Elementary.exp(min(Double(along - 0.5 * factor * factor * square), 60)))
            averages[index] = average + (white - average) * rate
        }
        evidence.update(ratios, allowance: allowance, score: 0)
    }

    @inline(__always) private mutating func learn(_ scores: SIMD16<Float>) {
        guard count < Self.lastAnchor else {
            if count < .max { count += 1 }
            return
        }
        count += 1
        let share = 1 / Float(count)
        for column in 0..<Int(dimensions) { moments[column] += (scores * scores[column] - moments[column]) * share }
        if count >= Self.firstAnchor, count & (count - 1) == 0 { freeze() }
    }

    /// The inverse Cholesky factor of the shrunk covariance, by columns in a fixed order.
    @inline(never) private mutating func freeze() {
        let d = Int(dimensions), n = Double(count)
        let shrink = Double(d) / (n + Double(d)), widen = 1 + Double(d + 1) / n
        var factor = InlineArray<256, Double>(repeating: 0)
        for row in 0..<d {
            for column in 0...row {
                var sum = Double(moments[column][row]) * (1 - shrink) * widen
                if row == column { sum += shrink * widen }
                for k in 0..<column { sum -= factor[row * 16 + k] * factor[column * 16 + k] }
                factor[row * 16 + column] = row == column ? max(sum, 1e-4).squareRoot() : sum / factor[column * 16 + column]
            }
        }
        for column in 0..<d {
            var solved = InlineArray<16, Double>(repeating: 0)
            for row in column..<d {
                var sum = row == column ? 1.0 : 0
                for k in column..<row { sum -= factor[row * 16 + k] * solved[k] }
                solved[row] = sum / factor[row * 16 + row]
            }
            for row in 0..<16 { whitening[column][row] = Float(solved[row]) }
        }
    }

    /// Evidence zero again and the moving averages with it, the covariance as it is: after an alarm.
    public mutating func restart() {
        evidence.restart()
        averages = InlineArray(repeating: SIMD16(repeating: 0))
    }

    public var change: Change {
        let lane = evidence.leading(Self.weights), after = min(evidence.age(lane), count)
        let average = averages[min(lane, 2)]
        // The shift of the scores solves W δ = θ, from the first coordinate on.
        var shift = InlineArray<16, Double>(repeating: 0), found: [Contribution] = []
        for row in 0..<Int(dimensions) where whitening[row][row] > 0 {
            var sum = Double(average[row])
            for column in 0..<row { sum -= Double(whitening[column][row]) * shift[column] }
            shift[row] = sum / Double(whitening[row][row])
            if Swift.abs(shift[row]) >= 0.05 { found.append(Contribution(coordinate: row, shift: shift[row])) }
        }
        found.sort { (Swift.abs($0.shift), $1.coordinate) > (Swift.abs($1.shift), $0.coordinate) }
        return Change(
            countBefore: count - after, countAfter: after, distance: Double((average * average).pairwiseSum).squareRoot(),
            contributions: found)
    }
}

extension VectorBaseline {
    public func write(to writer: inout ByteWriter) {
        writer.write(dimensions)
        writer.write(count)
        for column in 0..<16 { writer.write(lanes: moments[column]) }
        for column in 0..<16 { writer.write(lanes: whitening[column]) }
        for index in 0..<3 { writer.write(lanes: averages[index]) }
        evidence.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        dimensions = try reader.read()
        count = try reader.read()
        for column in 0..<16 { moments[column] = try reader.readLanes() }
        for column in 0..<16 { whitening[column] = try reader.readLanes() }
        for index in 0..<3 { averages[index] = try reader.readLanes() }
        evidence = try ChangeEvidence(from: &reader)
        guard dimensions >= 2, dimensions <= 16 else { throw ByteReader.Short() }
        for column in 0..<16 {
            let isUsed = column < Int(dimensions)
            for row in 0..<16 {
                let moment = moments[column][row], factor = whitening[column][row]
                guard isUsed && row < dimensions || moment == 0 && factor == 0 else { throw ByteReader.Short() }
                guard moment == moments[row][column], moment >= -16, moment <= 16, row >= column || factor == 0,
                    factor >= -100, factor <= 100
                else { throw ByteReader.Short() }
            }
            guard (whitening[column][column] > 0) == (isUsed && count >= Self.firstAnchor), evidence.age(column) <= count else {
                throw ByteReader.Short()
            }
        }
        for index in 0..<3 {
            for row in 0..<16 where !(averages[index][row] >= -1e4 && averages[index][row] <= 1e4) { throw ByteReader.Short() }
        }
    }
}
