/// Evidence that a stream has changed, against sixteen alternatives at once: a mixture of Shiryaev–Roberts recursions
/// (Pollak 1985; as e-detector: Shin, Ramdas, Rinaldo, arXiv 2203.03532).
///
///     R_j ← min((a + R_j) · L_j, 1e30)        alarm when Σ w_j R_j ≥ 1
///
/// - `L_j`, the ratio of alternative j, has an expectation of at most 1 given the past as long as nothing changed. A
///   lane whose ratio is zero does not bet and stays at zero.
/// - `a`, the allowance, is the number of false alarms that this stream may cause in expectation since its previous
///   observation: a budget times a share times the elapsed part of its period. So the threshold is always 1, and the
///   expected number of false alarms is at most the sum of all allowances, whatever depends on whatever. A critical
///   alarm is the same evidence at 30.
/// - A lane's onset is where the product of its ratios last fell to one, as in Page's CUSUM; `R_j` itself, a sum over all
///   onsets, hardly ever falls that low. The age counts the observations since, the sum their scores as given by the
///   caller: the logarithm of a value, or 1 for a hit.
public struct ChangeEvidence: BitwiseCopyable, Sendable, Equatable {
    /// Bytes of its written form.
    public static let byteCount = 256
    /// The evidence from which an alarm is critical; an alarm is one from 1 on.
    public static let critical: Float = 30

    public private(set) var strengths = SIMD16<Float>(repeating: 0)
    /// Products of the ratios since the onsets, at least 1: the likelihood ratio of a change there.
    public private(set) var products = SIMD16<Float>(repeating: 1)
    /// Whole numbers up to 2^24, where they stop.
    public private(set) var ages = SIMD16<Float>(repeating: 0)
    public private(set) var sums = SIMD16<Float>(repeating: 0)

    public init() {}

    /// One observation. `ratios` must not be negative; `allowance` is in expected false alarms, not negative.
    @inline(__always) public mutating func update(_ ratios: SIMD16<Float>, allowance: Float, score: Float) {
        let restart = SIMD16<Float>(repeating: allowance)
        let strength = (restart + strengths) * ratios, product = products * ratios
        strengths = strength.replacing(with: 1e30, where: strength .> 1e30)
        let isOver = product .<= 1
        products = product.replacing(with: 1, where: isOver).replacing(with: 1e30, where: product .> 1e30)
        ages = (ages + 1).replacing(with: 0, where: isOver)
        sums = (sums + score).replacing(with: 0, where: isOver)
    }

    /// The same with the weights in the allowances, so that they may follow what is known by then: the evidence is then the
    /// plain sum of the lanes. `masses` are the lanes' parts of the allowance.
    @inline(__always) public mutating func update(_ ratios: SIMD16<Float>, masses: SIMD16<Float>, score: Float) {
        let strength = (masses + strengths) * ratios, product = products * ratios
        strengths = strength.replacing(with: 1e30, where: strength .> 1e30)
        let isOver = product .<= 1
        products = product.replacing(with: 1, where: isOver).replacing(with: 1e30, where: product .> 1e30)
        ages = (ages + 1).replacing(with: 0, where: isOver)
        sums = (sums + score).replacing(with: 0, where: isOver)
    }

    /// `Σ w_j R_j`, added in a fixed order: an alarm at 1 and above. The weights' sum is at most 1.
    @inline(__always) public func total(_ weights: SIMD16<Float>) -> Float {
        (strengths * weights).pairwiseSum
    }

    /// The lane that contributes most; of equal ones the first.
    public func leading(_ weights: SIMD16<Float>) -> Int {
        let parts = strengths * weights
        let isBest = parts .== SIMD16(repeating: parts.max())
        let lanes = SIMD16<UInt32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        return Int(lanes.replacing(with: 15, where: .!isBest).min())
    }

    /// Observations since the onset of a lane, which must be in `0..<16`.
    public func age(_ lane: Int) -> UInt32 { UInt32(ages[lane]) }

    /// Sum of the scores since the onset of a lane, which must be in `0..<16`.
    public func sum(_ lane: Int) -> Float { sums[lane] }

    /// Lets go of the evidence of some lanes.
    public mutating func forget(_ lanes: SIMDMask<SIMD16<UInt32.SIMDMaskScalar>>) {
        strengths.replace(with: 0, where: lanes)
        products.replace(with: 1, where: lanes)
        ages.replace(with: 0, where: lanes)
        sums.replace(with: 0, where: lanes)
    }

    /// Gives up what was collected of the allowances, because an alarm has been raised with it. Since when there is a likelihood
    /// ratio above one stays known.
    public mutating func spend() { strengths = SIMD16(repeating: 0) }

    /// Starts anew: after an alarm, or where a new epoch begins.
    public mutating func restart() { self = ChangeEvidence() }

    public func write(to writer: inout ByteWriter) {
        writer.write(lanes: strengths)
        writer.write(lanes: products)
        writer.write(lanes: ages)
        writer.write(lanes: sums)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        strengths = try reader.readLanes()
        products = try reader.readLanes()
        ages = try reader.readLanes()
        sums = try reader.readLanes()
        for lane in 0..<16 {
            guard strengths[lane] >= 0, strengths[lane] <= 1e30, products[lane] >= 1, products[lane] <= 1e30,
                ages[lane] >= 0, ages[lane] <= 0x1p24, ages[lane] == Float(UInt32(ages[lane])),
                ages[lane] > 0 ? products[lane] > 1 : products[lane] == 1 && sums[lane] == 0
            else { throw ByteReader.Short() }
        }
    }
}

extension SIMD16<Float> {
    /// The sum by halves: three vector additions and one more, always in this order.
    @inlinable @inline(__always) var pairwiseSum: Float {
        let eight = lowHalf + highHalf
        let four = eight.lowHalf + eight.highHalf
        let two = four.lowHalf + four.highHalf
        return two.x + two.y
    }
}

extension SIMD16<Float> {
    /// Zero in all lanes but the first `count`.
    @inline(__always) func keeping(first count: UInt8) -> Self {
        let lanes = Self(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
        return replacing(with: 0, where: lanes .>= Self(repeating: Float(count)))
    }
}

extension ByteWriter {
    /// What `write` writes.
    static func bytes(_ write: (inout ByteWriter) -> Void) -> [UInt8] {
        var writer = ByteWriter()
        write(&writer)
        return writer.bytes
    }

    mutating func write(float value: Float) { write(value.bitPattern) }
    mutating func write(double value: Double) { write(value.bitPattern) }

    mutating func write(lanes: SIMD16<Float>) {
        for lane in 0..<16 { write(lanes[lane].bitPattern) }
    }
}

extension ByteReader {
    /// Refuses NaN and the infinities.
    mutating func readFloat() throws(Short) -> Float {
        let value = Float(bitPattern: try read(UInt32.self))
        guard value.isFinite else { throw Short() }
        return value
    }

    /// Refuses NaN and the infinities.
    mutating func readDouble() throws(Short) -> Double {
        let value = Double(bitPattern: try read(UInt64.self))
        guard value.isFinite else { throw Short() }
        return value
    }

    mutating func readLanes() throws(Short) -> SIMD16<Float> {
        var lanes = SIMD16<Float>(repeating: 0)
        for lane in 0..<16 { lanes[lane] = try readFloat() }
        return lanes
    }
}
