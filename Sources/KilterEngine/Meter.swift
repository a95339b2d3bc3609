import KilterVocabulary

/// Measures on the receiver's thread what the pure rooms cannot, because they have no clock.
struct Meter {
    private(set) var messageBytes: UInt64 = 0
    private var exportLag = DurationHistogram(boundsSeconds: DurationHistogram.lagBounds)
    private var stages = EngineStage.allCases.map { _ in DurationHistogram(boundsSeconds: DurationHistogram.stageBounds) }
    private let clock = ContinuousClock()
    private var last: ContinuousClock.Instant
    private var lastSnapshot: ContinuousClock.Instant

    /// How often a new copy is made: often enough for any scrape, seldom enough to cost nothing.
    private static let snapshotsEvery = Duration.milliseconds(100)

    init() {
        last = clock.now
        lastSnapshot = clock.now - Self.snapshotsEvery
    }

    /// The stage that ends next begins now.
    mutating func begin() { last = clock.now }

    /// `stage` has ended and the one after it begins. Cost: one reading of the clock.
    mutating func end(_ stage: EngineStage) {
        let now = clock.now
        stages[Int(stage.rawValue)].note(seconds: Self.seconds(now - last))
        last = now
    }

    /// Takes note of how long ago the spans of a batch ended when they arrived. A clock that runs ahead counts as no lag.
    mutating func noteArrival(of batch: SpanBatch, at arrival: EventTime) {
        for row in batch.rows where row.place.outcome == .processed || row.place.outcome == .late {
            let end = row.endNanoseconds
            exportLag.note(seconds: end < arrival.nanoseconds ? Double(arrival.nanoseconds - end) / 1e9 : 0)
        }
    }

    mutating func noteMessages(bytes: Int) { messageBytes &+= UInt64(clamping: bytes) }

    /// Whether a new copy is due; then the next one is due a tenth of a second later.
    mutating func snapshotIsDue() -> Bool {
        let now = clock.now
        guard now - lastSnapshot >= Self.snapshotsEvery else { return false }
        lastSnapshot = now
        return true
    }

    /// Adds what was measured here to what the engine has counted.
    func snapshot(of engine: Engine, messages: UInt64, gaps: UInt64) -> EngineMetrics {
        var metrics = EngineMetrics(counting: engine)
        metrics.messages = messages
        metrics.messageBytes = messageBytes
        metrics.inputGaps = gaps
        metrics.exportLag = exportLag
        metrics.stages = stages
        return metrics
    }

    private static func seconds(_ duration: Duration) -> Double {
        let (seconds, attoseconds) = duration.components
        return max(0, Double(seconds) + Double(attoseconds) / 1e18)
    }
}

extension EngineMetrics {
    /// What the engine has counted; nothing measured.
    init(counting engine: Engine) {
        self.init()
        let admission = (
            counts: engine.admission.counts, quarantined: engine.admission.quarantined, notes: engine.admission.notes
        )
        records = Outcome.allCases.filter { $0 != .undecided }.map { Tally([$0.name], admission.counts[Int($0.rawValue)]) }
        quarantined = QuarantineReason.allCases.map { Tally([$0.name], admission.quarantined[Int($0.rawValue)]) }
        notes = Note.allCases.map { Tally([$0.name], admission.notes[Int($0.rawValue)]) }
        alerts = Self.tallies(engine.eventCounts.alerts, Self.alertLabels)
        transitions = Self.tallies(engine.eventCounts.breakers, Self.transitionLabels)
        notices = Self.tallies(engine.eventCounts.notices, Notice.Kind.allCases.map { [$0.rawValue] })
        tenants = engine.admission.tenantCount
        for room in engine.shards {
            turns += room.shard.turns.count
            runs += room.shard.runs.count
            evicted &+= room.shard.turns.evictions &+ room.shard.runs.evictions
        }
        episodesOpen = engine.desk.episodes.openCount
        breakersAway = engine.desk.breakers.awayCount
        tripsRefused = engine.desk.breakers.refusedTrips
    }

    /// Every series of a family, those at nought too: a first event is an increase that can be seen.
    private static func tallies(_ counts: [String: UInt64], _ labels: [[String]]) -> [Tally] {
        labels.map { Tally($0, counts[$0.joined(separator: ".")] ?? 0) }
    }

    private static let alertLabels = DetectorID.allCases.flatMap { detector in
        (Severity.allCases.map(\.name) + ["resolved"]).map { [detector.name, $0] }
    }

    private static let transitionLabels = BreakerMode.allCases.flatMap { mode in
        [BreakerState.closed, .open, .halfOpen, .forcedOpen, .disabled].map { [mode.rawValue, $0.rawValue] }
    }
}
