/// How often something happens, by buckets of time, watched for a change against what is usual at the hour of the day, on
/// working days and at weekends.
///
/// A count becomes its root (Anscombe 1948), less the mean root of its cell, one of 24 hours of two kinds of days (UTC); the rank of
/// what is left among all before is held against `RankTable`'s shifts. Cells that were not seen on two days say nothing, so
/// the first night and the first weekend pass for what they are. A factor of 1.25 and the standard error of the cell's mean are
/// forgiven, and small shifts are not looked for. Buckets in a row depend on one another: the ratios are raised to the
/// power (1 − ρ) / (1 + ρ), ρ the upper end of the scores' correlation, which is the part of an observation that each of them is
/// worth; powers below 1 keep the expectation at most 1 (Jensen).
///
/// 1.1 KB; a logarithm and an exponential for each of eleven alternatives a bucket.
public struct PaceBaseline: BitwiseCopyable, Sendable, Equatable {
    /// Days on which an hour must have been seen before it is judged, and buckets in all.
    public static let daysMin: UInt16 = 2
    public static let ready: UInt32 = 48
    static let cellCount = 48
    /// Bytes of its written form.
    public static let byteCount = ChangeEvidence.byteCount + 64 + cellCount * 14 + 128 + 24
    /// Changes of rate by less than this factor are nobody's business.
    static let forgiven = 1.25
    private static let isBet = RateBaseline.lanes((0..<16).map { $0 < 11 && RankTable.shifts[$0].magnitude > 0.4 ? 1 : 0 })
    /// Squares of the distances that the bins stand for.
    private static let squares = (0..<64).map { bin in
        let size = Elementary.exp(Double(Swift.abs(bin - 32)) / steps) - 1
        return size * size
    }
    /// Steps of the histogram to one e-fold of the distance from the mean root.
    private static let steps = 6.7

    public private(set) var evidence = ChangeEvidence()
    public private(set) var count: UInt32 = 0
    /// Means of the counts and of their roots, buckets, days, and the day that was seen last, by cell.
    private var means = InlineArray<48, Float>(repeating: 0)
    private var roots = InlineArray<48, Float>(repeating: 0)
    private var buckets = InlineArray<48, UInt16>(repeating: 0)
    private var days = InlineArray<48, UInt16>(repeating: 0)
    private var lastDays = InlineArray<48, UInt16>(repeating: 0)
    private var counts = InlineArray<64, UInt16>(repeating: 0)
    private var total: UInt32 = 0
    /// Expected counts since each lane's onset.
    private var expectedSums = SIMD16<Float>(repeating: 0)
    private var previous: Float = 0
    private var crossed: Float = 0
    private var squared: Float = 0
    private var pairs: UInt32 = 0

    public init() {}

    /// Cell of a bucket that begins at `seconds` since 1970, a Thursday.
    public static func cell(seconds: UInt64) -> Int {
        let weekday = (seconds / 86_400 + 3) % 7
        return Int(seconds / 3_600 % 24) + (weekday >= 5 ? 24 : 0)
    }

    public var weights: SIMD16<Float> { SIMD16(repeating: 1) }

    /// Events that a bucket of the cell usually has; nil where it was not seen on two days.
    public func expected(cell: Int) -> Double? {
        let cell = max(0, min(cell, Self.cellCount - 1))
        return days[cell] >= Self.daysMin ? Double(means[cell]) : nil
    }

    /// Mean of all buckets, each cell as often as it was seen. Kept, because it is asked for several times a bucket.
    public private(set) var mean = 0.0

    // Some of the following change nothing; they are mutating because everything would be copied for a reader.

    private mutating func weighedMean() -> Double {
        var sum = 0.0, weight = 0.0
        for cell in 0..<Self.cellCount where buckets[cell] > 0 {
            sum += Double(means[cell]) * Double(buckets[cell])
            weight += Double(buckets[cell])
        }
        return weight > 0 ? sum / weight : 0
    }

    /// Events a bucket below which none is judged: of rare runs the calls come together, and buckets are empty or full.
    static let meanMin = 3.0

    /// Whether a bucket of the cell can be judged: it was seen often enough, and buckets hold several events.
    public func isReady(cell: Int) -> Bool { count >= Self.ready && expected(cell: cell) != nil && mean >= Self.meanMin }

    /// The part of an observation that one bucket is worth, 0...1.
    public var worth: Float {
        let upper = (squared > 0 ? max(0, crossed / squared) : 0) + 1 / Float(max(pairs, 1)).squareRoot()
        let bounded = min(upper, 0.98)
        return (1 - bounded) / (1 + bounded)
    }

    /// One bucket with `events` events that begins at `seconds` since 1970; `allowance` in expected false alarms since the
    /// previous one. Returns the evidence: an alarm at 1.
    public mutating func observe(events: UInt32, seconds: UInt64, allowance: Float, learns: Bool = true) -> Float {
        let cell = Self.cell(seconds: seconds), isReady = isReady(cell: cell)
        let root = Self.root(Double(events)), usual = Double(roots[cell])
        let own = Self.bin(root - usual)
        if isReady {
            judge(events, judged: Self.bin(shrunk(root, usual, cell)), cell, allowance)
            correlate(score(own))
        }
        if learns { learn(events, Float(root), cell, seconds / 86_400, isPlaced: expected(cell: cell) != nil, own) }
        return evidence.total(weights)
    }

    private static func root(_ events: Double) -> Double { 2 * (events + 0.375).squareRoot() }

    /// How far a root lies from what may pass for usual in the cell.
    private mutating func shrunk(_ root: Double, _ usual: Double, _ cell: Int) -> Double {
        let error = rootDeviation / Double(max(buckets[cell], 1)).squareRoot()
        let level = max(0, usual * usual / 4 - 0.375)
        if root > usual { return max(0, root - Self.root(level * Self.forgiven) - error) }
        return min(0, root - Self.root(level / Self.forgiven) + error)
    }

    private static func bin(_ distance: Double) -> Int {
        let size = steps * Elementary.log(1 + distance.magnitude)
        let step = Int(exactly: max(0, min(31, size.rounded()))) ?? 0
        return distance < 0 ? 32 - step : 32 + step
    }

    private mutating func rank(_ bin: Int) -> (low: Float, high: Float) {
        var below: UInt32 = 0
        for index in 0..<bin { below += UInt32(counts[index]) }
        let all = Float(total + 1)
        return (Float(below) / all, Float(below + UInt32(counts[bin]) + 1) / all)
    }

    private mutating func score(_ bin: Int) -> Float {
        let (low, high) = rank(bin)
        return RankTable.score(low, high)
    }

    private mutating func judge(_ events: UInt32, judged: Int, _ cell: Int, _ allowance: Float) {
        let (low, high) = rank(judged)
        var ratios = RankTable.ratios(low, high) * Self.isBet
        let worth = Double(worth)
        for lane in 0..<11 { ratios[lane] = Float(Elementary.exp(worth * Elementary.log(max(Double(ratios[lane]), 1e-12)))) }
        let masses = RankTable.weights(.either, count: max(count, RankTable.few)) * (Self.isBet * (allowance / 0.8))
        evidence.update(ratios, masses: masses, score: Float(events))
        expectedSums = (expectedSums + means[cell]).replacing(with: 0, where: evidence.ages .== 0)
    }

    private mutating func correlate(_ score: Float) {
        if pairs < .max { pairs += 1 }
        let share = 1 / Float(min(pairs, 1 << 16))
        crossed += (score * previous - crossed) * share
        squared += (score * score - squared) * share
        previous = score
    }

    private mutating func learn(_ events: UInt32, _ root: Float, _ cell: Int, _ day: UInt64, isPlaced: Bool, _ bin: Int) {
        if count < .max { count += 1 }
        let today = UInt16(truncatingIfNeeded: day)
        if days[cell] == 0 || lastDays[cell] != today {
            if days[cell] < .max { days[cell] += 1 }
            lastDays[cell] = today
        }
        if buckets[cell] < .max { buckets[cell] += 1 }
        let share = 1 / Float(buckets[cell])
        means[cell] += (Float(events) - means[cell]) * share
        roots[cell] += (root - roots[cell]) * share
        mean = weighedMean()
        // What its hour is usual in is not known yet: neither is how far it lies from it.
        guard isPlaced else { return }
        counts[bin] += 1
        total += 1
        if counts[bin] == 65_535 { halve() }
    }

    private mutating func halve() {
        total = 0
        for bin in 0..<64 {
            counts[bin] /= 2
            total += UInt32(counts[bin])
        }
    }

    public mutating func spend() { evidence.spend() }

    /// Evidence zero again, what was learned as it is: after an alarm.
    public mutating func restart() {
        evidence.restart()
        expectedSums = SIMD16(repeating: 0)
    }

    /// What the leading alternative says, in events a bucket: `before` is what is usual in the very hours since the onset.
    public var change: RateChange {
        let lane = evidence.leading(weights)
        let after = evidence.age(lane), buckets = Double(max(after, 1))
        let level = max(0, Double(evidence.sum(lane))) / buckets, before = after > 0 ? Double(expectedSums[lane]) / buckets : mean
        // A root of a count spreads by half of what its distance here does.
        let half = 1.959963984540054 * rootDeviation / buckets.squareRoot()
        let root = Self.root(level)
        func events(_ root: Double) -> Double { max(0, root * root / 4 - 0.375) }
        return RateChange(
            countBefore: count > after ? count - after : 0, countAfter: after, before: before, after: level,
            lower: events(max(0, root - half)), upper: events(root + half), isIncrease: RankTable.shifts[min(lane, 10)] > 0,
            alternative: Swift.abs(RankTable.shifts[min(lane, 10)]))
    }

    /// Of the distances from the mean root, by the histogram; at least 1, that of Poisson's law.
    private var rootDeviation: Double {
        var squares = 0.0
        for bin in 0..<64 where counts[bin] > 0 { squares += Double(counts[bin]) * Self.squares[bin] }
        return max(1, total > 0 ? (squares / Double(total)).squareRoot() : 1)
    }

    public func write(to writer: inout ByteWriter) {
        evidence.write(to: &writer)
        writer.write(lanes: expectedSums)
        for cell in 0..<Self.cellCount {
            writer.write(float: means[cell])
            writer.write(float: roots[cell])
            for word in [buckets[cell], days[cell], lastDays[cell]] { writer.write(word) }
        }
        for bin in 0..<64 { writer.write(counts[bin]) }
        for word in [count, total, pairs] { writer.write(word) }
        for value in [previous, crossed, squared] { writer.write(float: value) }
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        evidence = try ChangeEvidence(from: &reader)
        expectedSums = try reader.readLanes()
        for cell in 0..<Self.cellCount {
            means[cell] = try reader.readFloat()
            roots[cell] = try reader.readFloat()
            buckets[cell] = try reader.read()
            days[cell] = try reader.read()
            lastDays[cell] = try reader.read()
            guard means[cell] >= 0, means[cell] <= 0x1p32, roots[cell] >= 0, roots[cell] <= 0x1p18, days[cell] <= buckets[cell] else {
                throw ByteReader.Short()
            }
        }
        for bin in 0..<64 { counts[bin] = try reader.read() }
        count = try reader.read()
        total = try reader.read()
        pairs = try reader.read()
        previous = try reader.readFloat()
        crossed = try reader.readFloat()
        squared = try reader.readFloat()
        let sum = (0..<64).reduce(UInt32(0)) { $0 + UInt32(counts[$1]) }
        let isBounded = previous.magnitude < 8 && crossed.magnitude < 64 && squared >= 0 && squared < 64
        guard sum == total, total <= count, isBounded, (0..<64).allSatisfy({ counts[$0] < 65_535 }) else { throw ByteReader.Short() }
        for lane in 0..<16 { guard expectedSums[lane] >= 0 else { throw ByteReader.Short() } }
        mean = weighedMean()
    }

    public static func == (a: PaceBaseline, b: PaceBaseline) -> Bool {
        ByteWriter.bytes(a.write) == ByteWriter.bytes(b.write)
    }
}
