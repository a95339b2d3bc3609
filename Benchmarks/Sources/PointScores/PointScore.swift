import KilterMath

/// Powers of ten by which something is rarer than at every row.
private func decadesOf(_ probability: Double) -> Double { -Elementary.log(probability) / 2.302585092994046 }

/// What the engine's `outlier` says of a single value.
struct Outlying {
    /// A value is told, and not learned, from where it is expected once in a thousand rows.
    static let allowance = 1e-3
    private var tail = TailBaseline()

    mutating func decades(of value: Double) -> Double {
        tail.observe(value, allowance: Self.allowance).map { decadesOf($0.probability) } ?? 0
    }
}

/// A distance held against the tail of all before it.
struct Surprise {
    private var tail = TailBaseline()

    mutating func decades(of distance: Double?) -> Double {
        guard let distance else { return 0 }
        let probability = tail.probability(of: distance)
        // Nothing is allowed, so nothing is told and everything learned.
        _ = tail.observe(distance, allowance: 0)
        return probability.map(decadesOf) ?? 0
    }
}

/// The evidence that the level jumped: that of the largest alternatives, with which the engine tells a `burst`. It names hardly any
/// change of these series so, because a smaller alternative leads by the time; so the evidence is scored whether it leads or not.
struct Bursting {
    /// Expected false alarms a row.
    static let allowance: Float = 1e-4
    /// What its decades count beside those of a single row: evidence of what lasts, or comes back every day, grows by each row.
    static let share = 0.3
    private var baseline = RankBaseline(hygiene: [.season, .autocorrelation])

    mutating func decades(of row: Row) -> Double {
        let all = baseline.observe(row.value, allowance: Self.allowance, hour: row.hour, day: row.day)
        let strengths = baseline.evidence.strengths
        let largest = strengths[RankBaseline.largestIncrease] + strengths[RankBaseline.largestDecrease]
        // As the engine does once it has said critical.
        if all >= ChangeEvidence.critical { baseline.restart() }
        return largest > Self.allowance ? Self.share * decadesOf(Double(Self.allowance / largest)) : 0
    }
}

/// Of what stands out for many rows only the first is told, and what exceeds it.
struct Once {
    /// Rows in which what was told fades to a third.
    static let fading = 200.0
    private static let rate = Elementary.exp(-1 / fading)
    private var told = 0.0

    mutating func news(_ decades: Double) -> Double {
        told *= Self.rate
        guard decades > told else { return 0 }
        told = decades
        return decades
    }
}

/// The scores of one row after the other: of what the engine has, of what it does not have, and of all together.
struct PointScore {
    static let columns = ["outlier", "burst", "outlier and burst", "time of day", "nearest value", "nearest shape", "all"]

    private var rows: [Row] = []
    private var values: [Double] = []
    private var high = Outlying(), low = Outlying(), burst = Bursting(), ofBurst = Once()
    private var season = SameTimeOfDay(), ofSeason = Surprise()
    private let value = NearestShape(width: 1), shape = NearestShape(width: 8)
    private var ofValue = Surprise(), ofShape = Surprise()
    private var once = [Once](repeating: Once(), count: columns.count)

    mutating func next(_ row: Row) -> [Double] {
        rows.append(row)
        values.append(row.value)
        let outlier = high.decades(of: row.value), dip = row.value > 0 ? low.decades(of: 1 / row.value) : 0
        // Evidence stays for many rows, beside which a single one would not be seen.
        let burst = ofBurst.news(burst.decades(of: row))
        let season = ofSeason.decades(of: season.distance(rows))
        let value = ofValue.decades(of: value.distance(values)), shape = ofShape.decades(of: shape.distance(values))
        let found = [outlier, burst, outlier + burst, season, value, shape, outlier + dip + burst + season + value + shape]
        return found.indices.map { place in
            let news = once[place].news(found[place])
            return news / (1 + news)
        }
    }
}
