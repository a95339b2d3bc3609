/// A reference that is frozen: what is usual as it was known at one time, against which all that follows is held.
///
/// A law that was estimated from m observations and is then taken for the truth would be told to have changed sooner or later by
/// its own error. So a bet has to be better than that error: its expectation under whatever the reference may have come from
/// is, by the central limit, at most 1 and three standard errors, `1 + 3 s / √m` with s the standard deviation of the bet under the
/// reference, and it is divided by that. Except for one reference in several hundred, whose error is larger, false alarms then
/// stay within what is allowed, however long it stays pinned; changes that are smaller than the error are not told.
enum PinnedReference {
    static let errors: Float = 3

    /// What the bets are divided by; `deviations` are theirs under the reference.
    @inline(__always) static func caution(_ deviations: SIMD16<Float>, count: Float) -> SIMD16<Float> {
        1 + deviations * (errors / count.squareRoot())
    }
}

extension RankTable {
    /// Standard deviations of the lanes' ratios under uniform ranks.
    static let deviations: SIMD16<Float> = {
        let squares = ratios.reduce(SIMD16<Float>(repeating: 0)) { $0 + $1 * $1 } / Float(ratios.count)
        return (squares - 1).squareRoot()
    }()
}

extension ChangeReading {
    /// The same where what was usual does not contain what came since.
    public func held(against level: Double, of count: UInt32) -> ChangeReading {
        ChangeReading(
            kind: kind, countBefore: count, countAfter: countAfter, before: level, after: after, lower: lower, upper: upper,
            alternative: alternative)
    }
}
