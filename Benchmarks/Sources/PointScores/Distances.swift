// Distances that the engine does not keep: a series of the benchmark shows a pattern that returns, runs of an agent seldom do.

/// How far the last values are from those that resemble them most among the values before: what never was is far from all.
struct NearestShape {
    /// Values that are held together.
    let width: Int
    /// Rows that are remembered.
    static let reach = 8_192

    /// The sum of the differences in the values' unit; nil while there are not two shapes that do not overlap.
    func distance(_ values: [Double]) -> Double? {
        let last = values.count - 1
        guard last >= 2 * width - 1 else { return nil }
        var nearest = Double.infinity
        for end in max(width - 1, last - Self.reach)...(last - width) {
            var distance = 0.0, place = 0
            while place < width, distance < nearest {
                distance += abs(values[last - place] - values[end - place])
                place += 1
            }
            nearest = min(nearest, distance)
        }
        return nearest
    }
}

/// How far a value is from the one that resembles it most at this time of the last days.
struct SameTimeOfDay {
    /// A week, so that a day like this one is among them.
    static let days = 7
    /// What counts as the same time, in seconds to both sides.
    static let slack = 900

    /// For each day the first row that may still count.
    private var first = [Int](repeating: 0, count: days)

    /// In the values' unit; nil where there is no such row. The row itself is the last of `rows`.
    mutating func distance(_ rows: [Row]) -> Double? {
        guard let row = rows.last else { return nil }
        var nearest: Double?
        for day in 0..<Self.days {
            let time = row.seconds - (day + 1) * 86_400
            while first[day] < rows.count - 1, rows[first[day]].seconds < time - Self.slack { first[day] += 1 }
            var at = first[day]
            while at < rows.count - 1, rows[at].seconds <= time + Self.slack {
                nearest = min(nearest ?? .infinity, abs(row.value - rows[at].value))
                at += 1
            }
        }
        return nearest
    }
}
