/// What a value was before the presumed onset and is since, as a baseline reports it with an alarm.
public struct ValueChange: Sendable, Equatable {
    public enum Kind: UInt8, Sendable { case increase, decrease, wider, narrower }

    public let countBefore: UInt32, countAfter: UInt32
    /// Geometric means, in the unit of the values.
    public let before: Double, after: Double
    /// 95 % interval of the mean since the onset, as if its logarithm were normal.
    public let lower: Double, upper: Double
    /// Median of the whole epoch, to within a bin.
    public let median: Double
    public let kind: Kind
    /// Size of the winning alternative: standard deviations of normal scores, or the factor of the spread. A shift of
    /// 2.4 and above is a burst.
    public let alternative: Double
}

/// What a baseline tells of the change that its evidence sees.
public struct ChangeReading: Sendable, Equatable {
    public let kind: ValueChange.Kind
    /// Observations before the presumed onset and since.
    public let countBefore: UInt32, countAfter: UInt32
    /// In the unit of the baseline's observations; `lower` and `upper` are a 95 % interval of `after`.
    public let before: Double, after: Double
    public let lower: Double, upper: Double
    /// Size of the winning alternative, in the baseline's own unit.
    public let alternative: Double
}

/// The baseline of one stream: what is usual, and the evidence that it no longer is.
public protocol ChangeBaseline: BitwiseCopyable, Sendable {
    var evidence: ChangeEvidence { get }
    /// Each lane's part of the evidence.
    var weights: SIMD16<Float> { get }
    /// Observations of the epoch.
    var count: UInt32 { get }
    var reading: ChangeReading { get }
    /// Where the observations that were learned lie on average, in the unit of `reading`.
    var level: Double { get }

    /// Gives up the evidence that an alarm was raised with; the onsets stay known.
    mutating func spend()
    /// Evidence zero again, what is usual as it is: after a change that is over.
    mutating func restart()

    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(ByteReader.Short)
}

extension RateChange {
    var reading: ChangeReading {
        ChangeReading(
            kind: isIncrease ? .increase : .decrease, countBefore: countBefore, countAfter: countAfter, before: before, after: after,
            lower: lower, upper: upper, alternative: alternative)
    }
}

extension RateBaseline: ChangeBaseline {
    public var reading: ChangeReading { change.reading }
    public var level: Double { Double(rate) }
}

extension ScoreBaseline: ChangeBaseline {
    public var reading: ChangeReading { change.reading }
}

/// Figures are events a bucket.
extension PaceBaseline: ChangeBaseline {
    public var reading: ChangeReading { change.reading }
    public var level: Double { mean }
}

extension RankBaseline: ChangeBaseline {
    public var reading: ChangeReading {
        let change = change
        return ChangeReading(
            kind: change.kind, countBefore: change.countBefore, countAfter: change.countAfter, before: change.before, after: change.after,
            lower: change.lower, upper: change.upper, alternative: change.alternative)
    }
}
