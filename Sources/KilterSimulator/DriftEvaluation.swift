import KilterVocabulary

/// How well statistical alerts tell what changed in agents, and what they say where nothing did.
///
/// A change is all labels of one agent that begin at one instant; it is found by an alert about any of their signals, or
/// about the agent's joint vector, or else by one about a group of agents of which at least half changed. Alerts of one
/// agent and signal that follow closely are one episode. Where an episode of a signal began before the change, nobody can
/// say what found it: the change is set aside and counted as such.
public struct DriftEvaluation: Sendable {
    /// Runs of an agent that ended after one instant and up to another; both are Unix nanoseconds.
    public typealias RunCount = (_ service: String, _ agent: String, _ after: UInt64, _ upTo: UInt64) -> Int?

    /// What an alert must come within to be in time.
    public enum Window: Sendable, Equatable {
        /// Of the label.
        case whole
        case observations(Int)
        case time(Nanoseconds)
    }

    /// Time and runs of agents in which nothing changed.
    public struct Exposure: Sendable, Equatable {
        public var agents = 0
        public var agentDays = 0.0
        /// From the first to the last of them.
        public var fleetDays = 0.0
        /// Where they were counted in the stream.
        public var agentRuns: Int?
    }

    /// Numbers of which the middle, the mean and the tail count.
    public struct Figures: Sendable, Equatable {
        public var count: Int
        public var median: Double
        public var mean: Double
        /// Of the mean; 0 for one number.
        public var standardError: Double
        public var p90: Double
        public var p95: Double

        public init?(_ numbers: [Double]) {
            guard !numbers.isEmpty else { return nil }
            let sorted = numbers.sorted()
            func least(percent: Int) -> Double { sorted[max(0, (percent * sorted.count + 99) / 100 - 1)] }
            count = sorted.count
            median = sorted[(sorted.count - 1) / 2]
            let mean = sorted.reduce(0, +) / Double(sorted.count)
            let squares = sorted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
            self.mean = mean
            standardError = (squares / Double(max(sorted.count - 1, 1)) / Double(sorted.count)).squareRoot()
            p90 = least(percent: 90)
            p95 = least(percent: 95)
        }
    }

    /// The changes whose main signal is one.
    public struct Change: Sendable {
        public var signal: String
        public var count = 0
        /// Set aside, because an episode of their signals began before them.
        public var alarmedBefore = 0
        public var found = 0
        /// Of those found: told of only by an alert about a group, at least half of which changed.
        public var foundInGroup = 0
        public var missed: Int { count - alarmedBefore - found }
        /// Of those found; the observation that completed the alert counts.
        public var observations: Figures?
        public var seconds: Figures?
        /// Mean in which those missed count with all observations of their window.
        public var restrictedMean: Double?
        /// Of those found: told first of a signal that did change, and of the main one.
        public var attributed = 0
        public var toldMain = 0
        /// Of those found by a signal that has a direction: those whose direction is right.
        public var directed = 0
        public var directedRight = 0
        /// Distance of the estimated onset from the true one.
        public var onsetObservations: Figures?
        public var onsetSeconds: Figures?

        public var recall: Double? { count == alarmedBefore ? nil : Double(found) / Double(count - alarmedBefore) }
    }

    public private(set) var exposure = Exposure()
    /// Episodes that began where nothing had changed, and how far they went.
    public private(set) var falseEpisodes = 0
    public private(set) var falseWarnings = 0
    /// Those about groups of agents in none of which anything had changed; not among the others.
    public private(set) var falseGroupEpisodes = 0
    public private(set) var falseBySignal: [(signal: String, episodes: Int)] = []
    public let interval: PoissonInterval
    /// Changes in the order of the names of their signals.
    public private(set) var changes: [Change] = []
    /// Episodes that tell of a change, those in a changed agent that tell of something else, and those of nobody labelled.
    public private(set) var rightEpisodes = 0
    public private(set) var strayEpisodes = 0
    public private(set) var unlabelledEpisodes = 0

    public var precision: Double? {
        let all = rightEpisodes + strayEpisodes + falseEpisodes + falseGroupEpisodes
        return all == 0 ? nil : Double(rightEpisodes) / Double(all)
    }

    static let detectors: Set<String> = ["drift", "mix_drift", "vector_drift", "burst", "outlier"]

    /// Nil where no label is about an agent, and not about one run of it.
    /// - Parameters:
    ///   - tolerance: alerts of one agent and signal that are closer are one episode; what passes may be told of so much later.
    init?(_ sightings: [Sighting], truth: [TruthLabel], window: Window, tolerance: Nanoseconds, count: RunCount?) {
        let book = DriftTruth(truth)
        guard !book.agents.isEmpty else { return nil }
        let episodes = DriftEpisode.all(in: sightings.filter { Self.detectors.contains($0.detector) }, tolerance: tolerance.count)
        var judge = DriftJudge(window: window, tolerance: tolerance.count, count: count)
        exposure = judge.exposure(of: book)
        var groups: [String: [DriftEpisode]] = [:]
        for (group, told) in episodes.sorted(by: { $0.key < $1.key }) {
            guard let members = book.members(ofGroup: group), !members.isEmpty else { continue }
            let right = judge.place(told, group: members)
            for member in members { groups[DriftTruth.key(member.service, member.agent), default: []] += right }
        }
        var verdicts: [String: [DriftVerdict]] = [:]
        for (agent, labels) in book.agents.sorted(by: { $0.key < $1.key }) {
            let own = episodes[agent] ?? []
            let ofGroups = (groups[agent] ?? []).sorted { $0.first < $1.first }
            for change in labels.changes { verdicts[change.main, default: []].append(judge.verdict(change, own, groups: ofGroups)) }
            for episode in own { judge.place(episode, labels) }
        }
        let told = judge
        falseEpisodes = told.wrong.count
        falseWarnings = told.wrong.count { $0.level >= .warning }
        falseBySignal = Dictionary(grouping: told.wrong, by: \.signal).map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
        interval = PoissonInterval(of: falseEpisodes)
        rightEpisodes = told.right
        strayEpisodes = told.stray
        falseGroupEpisodes = told.wrongOfGroups.count
        unlabelledEpisodes = episodes.filter { book.agents[$0.key] == nil && book.members(ofGroup: $0.key)?.isEmpty != false }.values
            .reduce(0) { $0 + $1.count }
        changes = verdicts.sorted { $0.key < $1.key }.map { Change($0.key, $0.value) }
    }
}

extension DriftEvaluation.Change {
    fileprivate init(_ signal: String, _ verdicts: [DriftVerdict]) {
        self.signal = signal
        count = verdicts.count
        alarmedBefore = verdicts.count(where: \.isAlarmedBefore)
        let hits = verdicts.compactMap(\.hit)
        found = hits.count
        foundInGroup = verdicts.count(where: \.isOfGroup)
        observations = .init(hits.compactMap(\.observations))
        seconds = .init(hits.map(\.seconds))
        let missed = verdicts.filter { !$0.isAlarmedBefore && $0.hit == nil }.compactMap(\.observationsOfWindow)
        if (observations?.count ?? 0) == found, missed.count == self.missed {
            restrictedMean = DriftEvaluation.Figures(hits.compactMap(\.observations) + missed)?.mean
        }
        attributed = hits.count(where: \.isAttributed)
        toldMain = hits.count(where: \.isMain)
        directed = hits.count { $0.isDirectionRight != nil }
        directedRight = hits.count { $0.isDirectionRight == true }
        onsetObservations = .init(hits.compactMap(\.onsetObservations))
        onsetSeconds = .init(hits.compactMap(\.onsetSeconds))
    }
}
