/// The mix of up to sixteen categories – tools, models, reasons to finish – watched for a change of shares.
///
/// Three kinds of alternatives share the budget: each category against the rest, some logits more or less frequent; three
/// bets that the shares are where a moving average of 25, 100 or 250 observations points, less what chance may move them; and one
/// that categories which the reference does not know make up 2 %. The null is the running predictive of the counts of
/// the epoch with half a pseudo-count for each category (Krichevsky and Trofimov, 1981); the reference is that
/// predictive at n = 200, 400 … 6400, 8192, then frozen.
///
/// 1.2 kB, about 170 ns an observation.
public struct MixBaseline: BitwiseCopyable, Sendable {
    /// Bytes of its written form.
    public static let byteCount = 1 + 4 + 2 + 4 + 16 * 4 + 4 + 16 * 4 + 6 * 16 * 4 + 6 * 16 * 4 + ChangeEvidence.byteCount
    public static let categoriesMax = 16

    /// How far the share of a category moved.
    public struct Contribution: Sendable, Equatable {
        public let category: Int
        public let before: Double, after: Double
    }

    /// What the leading alternative says.
    public struct Change: Sendable, Equatable {
        /// Observations before the onset and since.
        public let countBefore: UInt32, countAfter: UInt32
        /// Largest first by their part of the relative entropy; those that moved by less than a half per cent are left out.
        public let contributions: [Contribution]
        /// Whether categories that the reference does not know are what is new.
        public let isNovelty: Bool
    }

    /// Sizes of the one-against-the-rest alternatives: 0.45, 1.1 and 2.4 logits, more and less.
    static let sizes = 3
    /// `e^d − 1` for more and for less; constants, because what is computed once has to be asked for each time.
    @inline(__always) static var more: SIMD3<Float> { SIMD3(0.56831219, 2.0041660, 10.023176) }
    @inline(__always) static var less: SIMD3<Float> { SIMD3(-0.36237185, -0.66712892, -0.90928205) }
    /// Their weights, before they are divided among the categories and between more and less.
    @inline(__always) static var restWeights: SIMD3<Float> { SIMD3(0.10, 0.09, 0.06) }
    /// Lanes of `evidence`: moving averages of three lengths, then novelty.
    @inline(__always) static var rates: SIMD3<Float> { SIMD3(1.0 / 25, 1.0 / 100, 1.0 / 250) }
    static let novelty = 3
    static let caution: Float = 2
    static let weights = RateBaseline.lanes([0.13, 0.22, 0.09, 0.06])
    static let novelShare: Float = 0.02
    static let warmUp: UInt32 = 50

    /// Categories in use, 2...16.
    public let categories: UInt8
    /// Observations of the epoch.
    public private(set) var count: UInt32 = 0
    /// Observations by category and in all, whole or half numbers: halved together at 2^23.
    private var counts = SIMD16<Float>(repeating: 0)
    private var total: Float = 0
    /// Evidence of the moving averages and of novelty.
    private var evidence = ChangeEvidence()
    /// Evidence by alternative, each with a lane for every category.
    private var strengths = InlineArray<6, SIMD16<Float>>(repeating: SIMD16(repeating: 0))
    private var averages = InlineArray<3, SIMD16<Float>>(repeating: SIMD16(repeating: 0))
    private var bets = InlineArray<3, SIMD16<Float>>(repeating: SIMD16(repeating: 0))
    /// Shares at the anchor; zero until n = 200.
    private var anchor = SIMD16<Float>(repeating: 0)
    /// A bit for each category that the reference does not know, and how often those were seen since.
    private var unknown: UInt16 = .max
    private var unknownCount: UInt32 = 0

    /// `categories` in 2...16, the one for all others included.
    public init(categories: Int) { self.categories = UInt8(clamping: max(2, min(categories, Self.categoriesMax))) }

    /// Predictive shares of the categories; lanes that are not in use have half a pseudo-count, too.
    @inline(__always) private var running: SIMD16<Float> { (counts + 0.5) * (1 / (total + 0.5 * Float(categories))) }

    /// One observation of `category` in `0..<categories`; others count as the last. `allowance` in expected false alarms
    /// since the previous one. Returns the evidence: an alarm at 1.
    public mutating func observe(_ category: Int, allowance: Float, learns: Bool = true) -> Float {
        let category = category >= 0 && category < Int(categories) ? category : Int(categories) - 1
        let running = running
        let reference = anchor[0] > 0 ? anchor : running
        var seen = SIMD16<Float>(repeating: 0)
        seen[category] = 1
        var evidenceOfEach: Float = 0
        if count >= Self.warmUp {
            evidenceOfEach = betOnEach(seen, reference, allowance)
            betOnAverages(category, running, reference, allowance)
        }
        if learns { learn(category, seen, running) }
        return evidenceOfEach + evidence.total(Self.weights)
    }

    /// Each category against the rest. With `seen` 1 in the category's lane and 0 elsewhere, the ratio is
    /// `(p0 e^d / p or (1 − p0) / (1 − p)) / (1 + p0 (e^d − 1))`. Returns the evidence of all.
    @inline(__always)
    private mutating func betOnEach(_ seen: SIMD16<Float>, _ reference: SIMD16<Float>, _ allowance: Float) -> Float {
        let missed = 1 - seen
        let null = (seen * counts + missed * (total - counts) + 0.5) * (1 / (total + 1))
        let base = (seen * reference + missed * (1 - reference)) / null
        let restart = SIMD16<Float>(repeating: allowance)
        var sum = SIMD16<Float>(repeating: 0)
        for size in 0..<Self.sizes {
            // The denominators of an alternative and its mirror image with one division.
            let more = Self.more[size], less = Self.less[size]
            let above = 1 + more * reference, below = 1 + less * reference
            let both = base / (above * below)
            let gained = bet(size, (1 + more * seen) * (both * below), restart)
            let lost = bet(size + Self.sizes, (1 + less * seen) * (both * above), restart)
            sum += (gained + lost) * Self.restWeights[size]
        }
        return sum.keeping(first: categories).pairwiseSum / Float(categories)
    }

    /// One alternative for all categories; returns its evidence.
    @inline(__always)
    private mutating func bet(_ index: Int, _ ratio: SIMD16<Float>, _ restart: SIMD16<Float>) -> SIMD16<Float> {
        let product = (restart + strengths[index]) * ratio
        let capped = product.replacing(with: 1e30, where: product .> 1e30)
        strengths[index] = capped
        return capped
    }

    @inline(__always)
    private mutating func betOnAverages(_ category: Int, _ running: SIMD16<Float>, _ reference: SIMD16<Float>, _ allowance: Float) {
        refresh(Int(count % 3), reference)
        let null = running[category]
        var ratios = SIMD16<Float>(repeating: 0)
        for index in 0..<3 { ratios[index] = bets[index][category] / null }
        let novel = (Float(unknownCount) + 0.5) / (total + 1)
        if novel < Self.novelShare / 2 {
            ratios[Self.novelty] = isUnknown(category) ? Self.novelShare / novel : (1 - Self.novelShare) / (1 - novel)
        }
        evidence.update(ratios, allowance: allowance, score: 0)
    }

    /// The shares that a moving average bets on; one of the three at a time, so that each is three observations old at most.
    @inline(__always) private mutating func refresh(_ index: Int, _ reference: SIMD16<Float>) {
        let rate = Self.rates[index], moved = averages[index] - reference
        // What chance moves a share by, squared, is left out of what it has moved by, as James and Stein do.
        let chance = reference * (1 - reference) * (Self.caution * rate / (2 - rate))
        let kept = (moved - chance / moved).replacing(with: 0, where: moved * moved .<= chance)
        let bet = (reference + kept).keeping(first: categories)
        bets[index] = bet * (1 / bet.pairwiseSum)
    }

    private func isUnknown(_ category: Int) -> Bool { unknown >> UInt16(category) & 1 == 1 }

    @inline(__always) private mutating func learn(_ category: Int, _ seen: SIMD16<Float>, _ running: SIMD16<Float>) {
        guard count < .max else { return }
        for index in 0..<3 {
            averages[index] = count <= Self.warmUp ? running : averages[index] + (seen - averages[index]) * Self.rates[index]
        }
        if isUnknown(category) { unknownCount += 1 }
        counts += seen
        total += 1
        count += 1
        if total >= 0x1p23 {
            counts *= 0.5
            total *= 0.5
        }
        if RateBaseline.isAnchor(count) { anchor = self.running }
        if RateBaseline.isAnchor(count) || count == Self.warmUp { forgetKnown() }
    }

    private mutating func forgetKnown() {
        unknown = 0
        for category in 0..<16 where counts[category] == 0 { unknown |= 1 << UInt16(category) }
        unknownCount = 0
    }

    /// Share of the commonest category.
    public var commonest: Double { count == 0 ? 0 : Double(counts.max()) / Double(count) }

    /// How much more probable the categories since the onset are under the best of the moving averages, or with novel ones.
    public var product: Float { (0...Self.novelty).reduce(1) { max($0, evidence.products[$1]) } }

    /// Gives up the evidence that an alarm was raised with; the onsets stay known.
    public mutating func spend() {
        evidence.spend()
        strengths = InlineArray(repeating: SIMD16(repeating: 0))
    }

    /// Evidence zero again, the counts as they are: after an alarm.
    public mutating func restart() {
        evidence.restart()
        strengths = InlineArray(repeating: SIMD16(repeating: 0))
    }

    // MARK: Read-outs

    public var change: Change {
        // The moving average with the largest product knows best where the change began.
        var lane = 0
        for other in 1..<3 where evidence.products[other] > evidence.products[lane] { lane = other }
        var strongest: Float = 0
        for index in 0..<6 { strongest = max(strongest, strengths[index].max() * Self.restWeights[index % Self.sizes] / Float(categories)) }
        let known = max(strongest, (0..<3).reduce(Float(0)) { max($0, evidence.strengths[$1] * Self.weights[$1]) })
        let isNovelty = evidence.strengths[Self.novelty] * Self.weights[Self.novelty] > known
        let age = evidence.age(isNovelty ? Self.novelty : lane)
        return Change(
            countBefore: count > age ? count - age : 0, countAfter: age, contributions: contributions(since: age), isNovelty: isNovelty)
    }

    /// By the moving average whose length suits the time since the onset.
    private func contributions(since age: UInt32) -> [Contribution] {
        guard count > Self.warmUp else { return [] }
        let after = averages[age < 60 ? 0 : age < 250 ? 1 : 2]
        let before = anchor[0] > 0 ? anchor : running
        func weight(_ contribution: Contribution) -> Double {
            let (p, q) = (max(contribution.before, 1e-9), max(contribution.after, 1e-9))
            return q * Elementary.log(q / p) - q + p
        }
        return (0..<Int(categories)).map { Contribution(category: $0, before: Double(before[$0]), after: Double(after[$0])) }
            .filter { Swift.abs($0.after - $0.before) >= 0.005 }
            .sorted { (weight($0), $1.category) > (weight($1), $0.category) }
    }
}

extension MixBaseline {
    public func write(to writer: inout ByteWriter) {
        writer.write(categories)
        writer.write(count)
        writer.write(unknown)
        writer.write(unknownCount)
        writer.write(lanes: counts)
        writer.write(float: total)
        writer.write(lanes: anchor)
        for index in 0..<6 {
            writer.write(lanes: strengths[index])
        }
        for index in 0..<3 {
            writer.write(lanes: averages[index])
            writer.write(lanes: bets[index])
        }
        evidence.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        categories = try reader.read()
        count = try reader.read()
        unknown = try reader.read()
        unknownCount = try reader.read()
        counts = try reader.readLanes()
        total = try reader.readFloat()
        anchor = try reader.readLanes()
        for index in 0..<6 {
            strengths[index] = try reader.readLanes()
        }
        for index in 0..<3 {
            averages[index] = try reader.readLanes()
            bets[index] = try reader.readLanes()
        }
        evidence = try ChangeEvidence(from: &reader)
        guard isPlausible else { throw ByteReader.Short() }
    }

    private var isPlausible: Bool {
        let sum = (0..<16).reduce(Float(0)) { $0 + counts[$1] }
        guard categories >= 2, categories <= 16, sum == total, total < 0x1p23, total <= Float(count), unknownCount <= count else {
            return false
        }
        guard (anchor[0] > 0) == (count >= 200), count >= 1 << 23 || total == Float(count) else { return false }
        for category in 0..<16 {
            guard counts[category] >= 0, category < Int(categories) || counts[category] == 0 else { return false }
            guard anchor[category] >= 0, anchor[category] < 1 else { return false }
            for index in 0..<3 {
                guard averages[index][category] >= 0, averages[index][category] <= 1 else { return false }
                guard bets[index][category] >= 0, bets[index][category] <= 1.001 else { return false }
            }
            for index in 0..<6 {
                guard strengths[index][category] >= 0, strengths[index][category] <= 1e30 else { return false }
            }
        }
        return true
    }
}
