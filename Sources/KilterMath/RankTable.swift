/// Ratios of the rank alternatives: how much more probable each of 256 equal cells of a uniform rank is under a change.
///
/// The changes are those of normal scores: a normal law that moved by d, or whose spread is s times what it was. Every
/// lane's mean over the cells is 1, so each is an e-value for uniform ranks, whatever law the values themselves have.
package enum RankTable {
    /// Distances of the lanes that stand for a location, in standard deviations of the normal scores; six increases, five decreases.
    static let shifts: [Double] = [0.15, 0.27, 0.48, 0.85, 1.5, 2.6, -0.15, -0.27, -0.48, -0.85, -1.5]
    /// Factors of the lanes that stand for a spread.
    static let scales: [Double] = [1.3, 1.7, 2.5, 0.75, 0.5]

    /// 256 cells of sixteen lanes.
    static let ratios: [SIMD16<Float>] = {
        var cells = Array(repeating: SIMD16<Float>(repeating: 0), count: 256)
        for lane in 0..<16 {
            let below = edges.map { edge in
                lane < shifts.count
                    ? Elementary.normalDistribution(edge - shifts[lane]) : Elementary.normalDistribution(edge / scales[lane - shifts.count])
            }
            for cell in 0..<256 { cells[cell][lane] = Float(256 * (below[cell + 1] - below[cell])) }
        }
        return cells
    }()

    /// Between which normal scores each cell lies.
    private static let edges = (0...256).map { Elementary.normalQuantile(Double($0) / 256) }
    /// The cell that the lower end of each 128th lies in, from -4 to 4.
    private static let firstCells = (0..<1_024).map { cell(at: Double($0) / 128 - 4) }

    /// The cell in 0..<256 that a normal score falls into, as `Elementary.normalDistribution` has it; 0 for what is undefined.
    /// A tenth of what that one costs.
    package static func cell(of score: Double) -> Int {
        guard score.magnitude < 4 else { return score > 0 ? 255 : 0 }
        var cell = firstCells[min(Int((score + 4) * 128), 1_023)]
        while edges[cell + 1] <= score { cell += 1 }
        // Where the two might differ by their errors the function itself decides.
        let isNear = score - edges[cell] < 1e-9 || edges[cell + 1] - score < 1e-9
        return isNear ? Self.cell(at: score) : cell
    }

    private static func cell(at score: Double) -> Int {
        max(0, min(255, Int(exactly: (Elementary.normalDistribution(score) * 256).rounded(.down)) ?? 0))
    }

    /// The mean of the standard normal law within each cell.
    static let scores: [Float] = (0..<256).map { cell in
        let low = Elementary.normalQuantile(Double(cell) / 256), high = Elementary.normalQuantile(Double(cell + 1) / 256)
        let densityLow = low > -.infinity ? Elementary.normalDensity(low) : 0
        let densityHigh = high < .infinity ? Elementary.normalDensity(high) : 0
        return Float(256 * (densityLow - densityHigh))
    }

    /// Integrals of the ratios, and of the normal scores, from 0 to the edge of each cell: what a rank says that is only known
    /// to lie between two others.
    private static let sums: [SIMD16<Float>] = ratios.reduce(into: [SIMD16(repeating: 0)]) { $0.append(($0.last ?? .zero) + $1 / 256) }
    private static let scoreSums: [Float] = scores.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1 / 256) }

    /// The mean ratios of the ranks between `low` and `high`, both in 0...1: fair like those of one rank drawn from between
    /// them, and without its chance. A value that equals all others says nothing.
    @inline(__always) static func ratios(_ low: Float, _ high: Float) -> SIMD16<Float> {
        let first = min(Int(low * 256), 255), last = min(Int(high * 256), 255)
        if first == last { return ratios[first] }
        let below = sums[first] + ratios[first] * (low - Float(first) / 256)
        let above = sums[last] + ratios[last] * (high - Float(last) / 256)
        return (above - below) / (high - low)
    }

    // MARK: Few values

    /// Values up to which those of the new kind among them are reckoned with.
    static let few: UInt32 = 64
    /// Eighths of the values that may be of the new kind, and cells of a rank among few.
    private static let parts = 8, fewCells = 64

    /// The probability under each lane's change of a rank up to the edge of each of 64 cells, among values of which so many eighths
    /// came under that change: such a value lies at G = (1 - w) F + w F' of them, where it is among those from before at F.
    private static let fewSums: [SIMD16<Float>] = {
        // Normal scores from -8 to 8: what a change does to the outermost ranks shows in them, not in equal steps of the rank.
        let scores = (0...1_024).map { Double($0) / 64 - 8 }, usual = scores.map(Elementary.normalDistribution)
        var sums = Array(repeating: SIMD16<Float>(repeating: 0), count: parts * (fewCells + 1))
        for lane in 0..<16 {
            let changed = scores.map {
                Elementary.normalDistribution(lane < shifts.count ? $0 - shifts[lane] : $0 / scales[lane - shifts.count])
            }
            for part in 0..<parts {
                let weight = Double(part) / Double(parts), row = part * (fewCells + 1)
                let places = usual.indices.map { (1 - weight) * usual[$0] + weight * changed[$0] }
                var above = 1
                for cell in 1..<fewCells {
                    let edge = Double(cell) / Double(fewCells)
                    while places[above] < edge { above += 1 }
                    let share = (edge - places[above - 1]) / (places[above] - places[above - 1])
                    sums[row + cell][lane] = Float(changed[above - 1] + share * (changed[above] - changed[above - 1]))
                }
                sums[row + fewCells][lane] = 1
            }
        }
        return sums
    }()

    /// As `ratios(_:_:)`, of a rank among few values of which each lane takes the part `changed` for those of its change.
    static func ratios(_ low: Float, _ high: Float, changed: SIMD16<Float>) -> SIMD16<Float> {
        let cells = Float(fewCells), first = min(Int(low * cells), fewCells - 1), last = min(Int(high * cells), fewCells - 1)
        let isOne = first == last
        // Where the two fall into one cell its mean is as good.
        let from = isOne ? 0 : low * cells - Float(first), to = isOne ? 1 : high * cells - Float(last)
        let width = isOne ? 1 / cells : high - low
        func mean(_ part: Int) -> SIMD16<Float> {
            let first = part * (fewCells + 1) + first, last = part * (fewCells + 1) + last
            let below = fewSums[first] + from * (fewSums[first + 1] - fewSums[first])
            let above = fewSums[last] + to * (fewSums[last + 1] - fewSums[last])
            return (above - below) / width
        }
        // Lanes differ, but as long as nothing changes they are all of the first parts.
        var ratios = mean(0)
        let most = min(Int(changed.max() * Float(parts) + 0.5), parts - 1)
        for part in 1..<parts where part <= most {
            ratios.replace(with: mean(part), where: changed .>= SIMD16(repeating: (Float(part) - 0.5) / Float(parts)))
        }
        // Rounding may leave less than nothing.
        return ratios.replacing(with: 0, where: ratios .< 0)
    }

    /// The mean normal score of the ranks between two.
    @inline(__always) static func score(_ low: Float, _ high: Float) -> Float {
        let first = min(Int(low * 256), 255), last = min(Int(high * 256), 255)
        if first == last { return scores[first] }
        let below = scoreSums[first] + scores[first] * (low - Float(first) / 256)
        let above = scoreSums[last] + scores[last] * (high - Float(last) / 256)
        return (above - below) / (high - low)
    }

    /// 1 where a change is so large that a daily swing of some 30 % does not pass for it.
    static let isLarge = RateBaseline.lanes((0..<16).map { $0 < 11 && (shifts[$0] >= 0.85 || shifts[$0] <= -0.85) ? 1 : 0 })

    /// 1 where a change is not that values lie closer together: they do once more is known of what their hours differ by.
    static let isNotNarrower = RateBaseline.lanes((0..<16).map { $0 < 11 || scales[$0 - 11] > 1 ? 1 : 0 })

    /// Parts of the allowance by what so many observations can show at all: of small changes little comes before hundreds, of any
    /// but large ones nothing before dozens.
    @inline(__always) static func weights(_ direction: Direction, count: UInt32) -> SIMD16<Float> {
        guard count < 400 else { return weightsOfDirection[Int(direction.rawValue)] }
        let row = count < 40 ? 0 : count < 150 ? 1 : 2
        return weightsOfFew[row * Direction.allCases.count + Int(direction.rawValue)]
    }

    private static let weightsOfFew: [SIMD16<Float>] = [
        [0, 0.02, 0.10, 0.26, 0.34, 0.28], [0.04, 0.08, 0.22, 0.34, 0.22, 0.10], [0.12, 0.18, 0.28, 0.22, 0.13, 0.07],
    ].flatMap { near in
        Direction.allCases.map { direction in
            let (bad, good): (Double, Double) = direction == .either ? (0.5, 0.5) : (0.85, 0.15)
            let far = near.dropLast(2) + [near[4] + near[5]]
            let spread = [0.2, 0.3, 0.25, 0.13, 0.12]
            return RateBaseline.lanes(near.map { 0.8 * bad * $0 } + far.map { 0.8 * good * $0 } + spread.map { 0.2 * $0 })
        }
    }

    static let weightsOfDirection = Direction.allCases.map { direction in
        // For `down` the ranks are mirrored, so that the first lanes are the bad ones there, too.
        let isEither = direction == .either
        let (bad, good): (Double, Double) = isEither ? (0.5, 0.5) : (0.85, 0.15)
        let near = [0.30, 0.28, 0.20, 0.12, 0.06, 0.04], far = [0.31, 0.29, 0.21, 0.12, 0.07]
        let spread = [0.35, 0.3, 0.15, 0.13, 0.07]
        return RateBaseline.lanes(near.map { 0.7 * bad * $0 } + far.map { 0.7 * good * $0 } + spread.map { 0.3 * $0 })
    }
}
