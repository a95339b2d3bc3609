import KilterVocabulary

/// What an engine has counted and measured, as of one instant: the stuff of `/metrics`.
///
/// Labels come from closed sets only: outcomes, reasons, detectors, severities, modes, states. Nothing that arrived on
/// a wire is in here, so the number of series is bounded whatever is sent.
public struct EngineMetrics: Sendable, Equatable {
    /// One series: the values of its labels, in the order in which the family names them, and its count.
    public struct Tally: Sendable, Equatable {
        public let labels: [String]
        public let count: UInt64

        public init(_ labels: [String], _ count: UInt64) {
            self.labels = labels
            self.count = count
        }
    }

    /// By outcome; every record received is in exactly one.
    public var records: [Tally] = []
    /// By reason.
    public var quarantined: [Tally] = []
    /// By note.
    public var notes: [Tally] = []
    /// By detector, and severity or `resolved`.
    public var alerts: [Tally] = []
    /// Transitions by mode and the state that was entered.
    public var transitions: [Tally] = []
    /// By kind.
    public var notices: [Tally] = []
    public var messages: UInt64 = 0
    /// Bytes of the messages, as they came over ZeroMQ.
    public var messageBytes: UInt64 = 0
    public var inputGaps: UInt64 = 0
    public var tripsRefused: UInt64 = 0
    public var evicted: UInt64 = 0

    public var tenants = 0
    public var turns = 0
    public var runs = 0
    public var episodesOpen = 0
    /// Breakers that are not closed, half-open ones included.
    public var breakersAway = 0

    /// Seconds from the end of a span to its arrival here; the delay that SDKs, Collectors and queues add.
    public var exportLag = DurationHistogram(boundsSeconds: DurationHistogram.lagBounds)
    /// Seconds that a stage of the walk took for one stretch of records, by `EngineStage.rawValue`.
    public var stages: [DurationHistogram] = EngineStage.allCases.map { _ in DurationHistogram(boundsSeconds: DurationHistogram.stageBounds)
    }

    public init() {}
}

/// The stages of the walk whose time is told apart. A stage covers a stretch: what was received at once, at most
/// `Limits.batchRows` records. There is no time per detector: one pass over a slot runs them all, and reading the clock
/// between them would cost more than most of them do.
public enum EngineStage: UInt8, CaseIterable, Sendable {
    case decode, admit, detect, desk, publish

    public var name: String { String(describing: self) }
}

/// Durations in buckets with fixed upper bounds, as Prometheus has them.
public struct DurationHistogram: Sendable, Equatable {
    /// Upper bounds in seconds, rising; one bucket more has none.
    public let boundsSeconds: [Double]
    /// How many fell into each bucket, and none below: not cumulative.
    public private(set) var counts: [UInt64]
    public private(set) var sumSeconds = 0.0

    public static let lagBounds: [Double] = [0.1, 0.5, 1, 5, 10, 30, 60, 300]
    public static let stageBounds: [Double] = [0.000_01, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1]

    public init(boundsSeconds: [Double]) {
        self.boundsSeconds = boundsSeconds
        counts = [UInt64](repeating: 0, count: boundsSeconds.count + 1)
    }

    /// - Parameter seconds: not negative and finite.
    public mutating func note(seconds: Double) {
        var bucket = 0
        while bucket < boundsSeconds.count && seconds > boundsSeconds[bucket] { bucket += 1 }
        counts[bucket] &+= 1
        sumSeconds += seconds
    }

    public var count: UInt64 { counts.reduce(0, &+) }
}
