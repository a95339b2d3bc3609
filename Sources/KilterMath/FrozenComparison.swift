/// The last 1,024 observations against the first thousands: finds drift that is so slow that no step of it is one.
///
/// Counts of up to sixteen cells – yes and no of a rate, or groups of a histogram's bins – are frozen at n = 1024, 2048,
/// 4096 and 8192. Whenever 1,024 more are there, a Bayes factor says how much better a law near the frozen one explains
/// them than the frozen one itself (Dirichlet-multinomial predictives: of the frozen counts with Jeffreys' prior, and of
/// their shares with the weight of 40, 160 or 640 observations). It is an e-value under "the same law", so that times the
/// allowance collected meanwhile it is evidence with the threshold 1; comparisons share the frozen sample, which adds up
/// all the same, because expectations do.
///
/// 192 bytes, about 10 ns an observation, comparisons included.
public struct FrozenComparison: BitwiseCopyable, Sendable, Equatable {
    /// Bytes of its written form.
    public static let byteCount = 1 + 4 + 16 * (4 + 4 + 2) + 8
    /// Observations of each comparison.
    public static let blockCount: UInt32 = 1024
    public static let frozenCountMax: UInt32 = 8192

    /// Cells in use, 2...16.
    public let cells: UInt8
    public private(set) var count: UInt32 = 0
    /// Counts of all blocks up to 8,192, and as they were when last frozen.
    private var growing = SIMD16<UInt32>(repeating: 0)
    private var frozen = SIMD16<UInt32>(repeating: 0)
    private var block = SIMD16<UInt16>(repeating: 0)
    private var allowance: Float = 0
    /// The evidence of the last comparison: an alarm at 1.
    public private(set) var evidence: Float = 0

    /// `cells` in 2...16: 2 for a rate, 16 for a histogram.
    public init(cells: Int) { self.cells = UInt8(clamping: max(2, min(cells, 16))) }

    /// The cell of one of a `RankBaseline`'s bins.
    public static func cell(bin: UInt8) -> Int { Int(min(bin, 63) >> 2) }

    /// One observation in `cell`; `allowance` in expected false alarms since the previous one. Returns the evidence when
    /// a comparison was made and 0 otherwise.
    public mutating func observe(cell: Int, allowance: Float) -> Float {
        if count % Self.blockCount == 0 { beginBlock() }
        self.allowance += allowance
        block[max(0, min(cell, Int(cells) - 1))] += 1
        // Beyond four thousand million observations it goes on with a count that stays a multiple of the block.
        count = count == .max ? .max - Self.blockCount + 1 : count + 1
        guard count % Self.blockCount == 0 else { return 0 }
        if count <= Self.frozenCountMax { growing = growing &+ SIMD16<UInt32>(truncatingIfNeeded: block) }
        guard frozenCount > 0 else { return 0 }
        evidence = Float(min(bayesFactor * Double(self.allowance), 1e30))
        self.allowance = 0
        return evidence
    }

    /// The last block stays readable until here.
    private mutating func beginBlock() {
        let blocks = count / Self.blockCount
        if blocks > 0, count <= Self.frozenCountMax, blocks & (blocks - 1) == 0 { frozen = growing }
        block = SIMD16(repeating: 0)
    }

    /// Observations of the frozen sample.
    public var frozenCount: UInt32 { frozen.wrappedSum() }

    private var bayesFactor: Double {
        let all = Double(frozenCount) + 0.5 * Double(cells)
        let same = logPredictive(scale: 1)
        var sum = 0.0
        for weight in [40.0, 160.0, 640.0] {
            sum += Elementary.exp(min(logPredictive(scale: min(weight, all) / all) - same, 600)) / 3
        }
        return sum
    }

    /// Of the block under the frozen counts with Jeffreys' prior times `scale`, without the block's own coefficient.
    private func logPredictive(scale: Double) -> Double {
        var result = 0.0, all = 0.0, fresh = 0.0
        for cell in 0..<Int(cells) {
            let prior = (Double(frozen[cell]) + 0.5) * scale, count = Double(block[cell])
            all += prior
            fresh += count
            if count > 0 { result += Elementary.logGamma(prior + count) - Elementary.logGamma(prior) }
        }
        return result + Elementary.logGamma(all) - Elementary.logGamma(all + fresh)
    }

    /// Share of `cell` in the frozen sample and in the last whole block, right after a comparison.
    public func shares(cell: Int) -> (before: Double, after: Double) {
        let cell = max(0, min(cell, Int(cells) - 1)), old = frozenCount
        return (
            old > 0 ? Double(frozen[cell]) / Double(old) : 0,
            count % Self.blockCount == 0 && count > 0 ? Double(block[cell]) / Double(Self.blockCount) : 0
        )
    }

    public func write(to writer: inout ByteWriter) {
        writer.write(cells)
        writer.write(count)
        for cell in 0..<16 {
            writer.write(growing[cell])
            writer.write(frozen[cell])
            writer.write(block[cell])
        }
        writer.write(float: allowance)
        writer.write(float: evidence)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        cells = try reader.read()
        count = try reader.read()
        for cell in 0..<16 {
            growing[cell] = try reader.read()
            frozen[cell] = try reader.read()
            block[cell] = try reader.read()
        }
        allowance = try reader.readFloat()
        evidence = try reader.readFloat()
        guard cells >= 2, cells <= 16, allowance >= 0, evidence >= 0, evidence <= 1e30 else { throw ByteReader.Short() }
        var sums = (growing: UInt64(0), frozen: UInt64(0), block: UInt64(0))
        for cell in 0..<16 {
            let isUsed = cell < Int(cells) || growing[cell] == 0 && block[cell] == 0
            guard isUsed, frozen[cell] <= growing[cell] else { throw ByteReader.Short() }
            sums.growing += UInt64(growing[cell])
            sums.frozen += UInt64(frozen[cell])
            sums.block += UInt64(block[cell])
        }
        let part = count % Self.blockCount, whole = UInt64(min(count - part, Self.frozenCountMax))
        let isBlock = sums.block == UInt64(part) || part == 0 && count > 0 && sums.block == UInt64(Self.blockCount)
        guard sums.growing == whole, isBlock, [0, 1024, 2048, 4096, 8192].contains(sums.frozen) else { throw ByteReader.Short() }
    }
}
