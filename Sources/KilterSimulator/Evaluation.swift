import KilterVocabulary

/// How well events tell what was true of a stream: what was found and how soon, and what was alarmed without reason.
///
/// A run is found when any alert names its trace or its conversation, whenever it does; how soon is counted from the start
/// of the labelled window. Alerts about an agent and not a run (`signal`) are held against the labels of that agent in
/// their window. Cost: one parse of each event, and memory for all of them.
public struct Evaluation: Sendable {
    /// What a run spent from the start of a label's window up to and with an alert, or to the window's end without one.
    public typealias Measure = (TruthLabel, Sighting?) -> Distance?

    /// What was spent in a run between the start of a label's window and an alert.
    public struct Distance: Sendable, Equatable {
        public var spans: Int
        public var microdollars: Int

        public init(spans: Int, microdollars: Int) {
            self.spans = spans
            self.microdollars = microdollars
        }
    }

    /// How long until the runs of a kind, or of a detector, were told of.
    public struct Delays: Sendable, Equatable {
        /// Runs told of at or after the start of their window; the medians are theirs.
        public var count = 0
        public var spans: Int?
        public var milliseconds: Int?
        public var microdollars: Int?

        public init() {}
    }

    public struct Kind: Sendable {
        public var kind: String
        public var runs = 0
        /// Runs that reached each level, lowest first.
        public var reached = [Int](repeating: 0, count: AlarmLevel.allCases.count)
        public var delays: [Delays] = []
        /// What the runs spent in their windows, where it was counted in the stream.
        public var whole: Distance?

        public func share(_ level: AlarmLevel) -> Double { Double(reached[level.rawValue]) / Double(max(runs, 1)) }
    }

    public struct Detector: Sendable {
        public var id: String
        /// Alerts that reached a warning, on runs where something was wrong, on healthy ones, and on runs without a label.
        public var right = 0
        public var wrong = 0
        public var unlabelled = 0
        /// Runs of any kind but `none` that it warned of, and how soon.
        public var runs = 0
        public var delays = Delays()
    }

    /// Kinds in alphabetical order, without `none`.
    public private(set) var kinds: [Kind] = []
    public private(set) var healthy = Kind(kind: TruthLabel.healthy)
    public private(set) var detectors: [Detector] = []
    /// Runs that are labelled with something else than `none`, whatever it is, and those of them that were warned.
    public private(set) var wrongRuns = 0
    public private(set) var warnedRuns = 0
    /// Alerts at a warning or above on healthy runs or agents.
    public private(set) var falseAlarms = 0
    /// Sum over agents of the time from the start of their first to the end of their last labelled run.
    public private(set) var agentDays = 0.0
    /// What concerns agents and not runs of theirs, where labels do.
    public private(set) var drift: DriftEvaluation?
    /// Whether spans and dollars were counted in the stream; else they are the alerts' own, from their estimated onset.
    public let isMeasured: Bool

    public var recall: Double? { wrongRuns == 0 ? nil : Double(warnedRuns) / Double(wrongRuns) }
    /// Of all labelled runs that were warned, those in which something was wrong.
    public var precision: Double? {
        let warned = warnedRuns + healthy.reached[AlarmLevel.warning.rawValue]
        return warned == 0 ? nil : Double(warnedRuns) / Double(warned)
    }
    public var falseAlarmsPerAgentDay: Double? { agentDays > 0 ? Double(falseAlarms) / agentDays : nil }

    /// Why a line of the events is none: its number, from 1.
    public struct Malformed: Error, Equatable {
        public var line: Int

        public init(line: Int) { self.line = line }
    }

    /// - Parameters:
    ///   - events: the JSON objects of `kilter replay`, one a line.
    ///   - measure: counts in the stream; nil takes the alerts' word, from the onset that each estimates.
    ///   - window: what statistical alerts must come within.
    ///   - tolerance: statistical alerts of one agent and signal that are closer are one episode.
    ///   - runs: counts runs of agents in the stream, where it is given.
    public init(
        events: some Sequence<String>, truth: [TruthLabel], measure: Measure? = nil, window: DriftEvaluation.Window = .whole,
        tolerance: Nanoseconds = .seconds(3_600), runs: DriftEvaluation.RunCount? = nil
    ) throws(Malformed) {
        isMeasured = measure != nil
        var sightings = Sightings()
        for (number, line) in events.enumerated() where !line.isEmpty {
            guard sightings.take(line) else { throw Malformed(line: number + 1) }
        }
        let index = SightingIndex(sightings.all, labels: truth)
        var cases: [LabelledCase] = []
        var places: [String: Int] = [:]
        for label in truth {
            let id = label.identity
            if let place = places[id] {
                if label.start < cases[place].label.start { cases[place].label = label }
            } else {
                places[id] = cases.count
                cases.append(LabelledCase(label: label, seen: index.sightings(of: label)))
            }
        }
        judge(cases, index, measure)
        agentDays = Self.agentDays(of: truth)
        drift = DriftEvaluation(sightings.all, truth: truth, window: window, tolerance: tolerance, count: runs)
    }

    private mutating func judge(
        _ cases: [LabelledCase], _ index: SightingIndex, _ measure: Measure?
    ) {
        let names = Set(cases.map(\.label.kind)).subtracting([TruthLabel.healthy])
        kinds = names.sorted().map { name in
            Self.kind(name, cases.filter { $0.label.kind == name }, measure)
        }
        healthy = Self.kind(TruthLabel.healthy, cases.filter(\.label.isHealthy), nil)
        let wrong = cases.filter { !$0.label.isHealthy }
        let runs = Dictionary(grouping: wrong, by: \.label.subject)
        wrongRuns = runs.count
        warnedRuns = runs.values.count { $0.contains { $0.reaches(.warning) } }
        let rightAlerts = Set(wrong.flatMap { $0.alerts(from: .warning) })
        let wrongAlerts = Set(cases.filter(\.label.isHealthy).flatMap { $0.alerts(from: .warning) }).subtracting(rightAlerts)
        falseAlarms = wrongAlerts.count
        detectors = index.detectors.map { id in
            var detector = Detector(id: id)
            for alert in index.alerts(of: id, from: .warning) {
                if rightAlerts.contains(alert) {
                    detector.right += 1
                } else if wrongAlerts.contains(alert) {
                    detector.wrong += 1
                } else {
                    detector.unlabelled += 1
                }
            }
            let told = wrong.map { LabelledCase(label: $0.label, seen: $0.seen.filter { $0.detector == id }) }
            detector.runs = Set(told.filter { $0.reaches(.warning) }.map(\.label.subject)).count
            detector.delays = Self.delays(told, .warning, measure)
            return detector
        }
    }

    private static func kind(
        _ name: String, _ cases: [LabelledCase], _ measure: Measure?
    ) -> Kind {
        var kind = Kind(kind: name)
        kind.runs = cases.count
        for level in AlarmLevel.allCases {
            kind.reached[level.rawValue] = cases.count { $0.reaches(level) }
            kind.delays.append(delays(cases, level, measure))
        }
        let windows = measure.map { measure in cases.compactMap { measure($0.label, nil) } } ?? []
        if !windows.isEmpty {
            kind.whole = Distance(spans: windows.reduce(0) { $0 + $1.spans }, microdollars: windows.reduce(0) { $0 + $1.microdollars })
        }
        return kind
    }

    private static func delays(
        _ cases: [LabelledCase], _ level: AlarmLevel, _ measure: Measure?
    ) -> Delays {
        var delays = Delays()
        var times: [Int] = []
        var distances: [Distance] = []
        for found in cases {
            guard let first = found.first(level) else { continue }
            times.append(Int(clamping: (first.time - found.label.start) / 1_000_000))
            if let measure {
                if let distance = measure(found.label, first) { distances.append(distance) }
            } else if let spans = first.spans {
                distances.append(Distance(spans: spans, microdollars: first.microdollars ?? 0))
            }
        }
        delays.count = times.count
        delays.milliseconds = median(times)
        delays.spans = median(distances.map(\.spans))
        delays.microdollars = median(distances.map(\.microdollars))
        return delays
    }

    /// The lower of the two middle ones where their number is even.
    private static func median(_ numbers: [Int]) -> Int? { numbers.isEmpty ? nil : numbers.sorted()[(numbers.count - 1) / 2] }

    private static func agentDays(of truth: [TruthLabel]) -> Double {
        var extents: [String: (start: UInt64, end: UInt64)] = [:]
        for label in truth {
            let agent = (label.service ?? "") + "\u{0}" + (label.agent ?? "")
            let extent = extents[agent] ?? (label.start, label.end)
            extents[agent] = (min(extent.start, label.start), max(extent.end, label.end))
        }
        return extents.values.map { Double($0.end - $0.start) }.sorted().reduce(0, +) / 86_400e9
    }
}

/// One labelled run, or window of an agent, and what the events say of it.
private struct LabelledCase {
    var label: TruthLabel
    var seen: [Sighting]

    func reaches(_ level: AlarmLevel) -> Bool {
        // A breaker is no severity: what tripped need not have been critical.
        seen.contains { level == .trip ? $0.level == .trip : $0.level != .trip && $0.level >= level }
    }

    /// The first one at or after the start of the window.
    func first(_ level: AlarmLevel) -> Sighting? {
        seen.filter {
            $0.isFiring && $0.time >= label.start && (level == .trip ? $0.level == .trip : $0.level != .trip && $0.level >= level)
        }.min { $0.time < $1.time }
    }

    func alerts(from level: AlarmLevel) -> [String] { seen.filter { $0.level >= level }.map(\.alert) }
}

extension TruthLabel {
    /// The run, or the agent's window, that it is about.
    fileprivate var subject: String {
        trace == nil && conversation == nil
            ? "\(service ?? "")\u{0}\(agent ?? "")\u{0}\(start)" : "\(trace ?? "")\u{0}\(conversation ?? "")"
    }

    /// Labels of one kind for one run count once.
    fileprivate var identity: String { kind + "\u{0}" + subject }

    /// Whether it speaks of an agent's behaviour over time.
    fileprivate var concernsAgent: Bool { signal != nil || kind == "drift" || trace == nil && conversation == nil }
}

/// Finds what was said of a run, or of an agent in a window.
private struct SightingIndex {
    private var byRun: [String: [Sighting]] = [:]
    private var byService: [String: [Sighting]] = [:]
    private var alertLevels: [String: [String: AlarmLevel]] = [:]

    var detectors: [String] { alertLevels.keys.sorted() }

    init(_ sightings: [Sighting], labels: [TruthLabel]) {
        for sighting in sightings {
            for key in Set([sighting.run, sighting.trace].compactMap(\.self)) { byRun[key, default: []].append(sighting) }
            if sighting.concernsAgent { byService[sighting.service, default: []].append(sighting) }
            let level = alertLevels[sighting.detector]?[sighting.alert] ?? .info
            alertLevels[sighting.detector, default: [:]][sighting.alert] = max(level, sighting.level)
        }
    }

    func alerts(of detector: String, from level: AlarmLevel) -> [String] {
        (alertLevels[detector] ?? [:]).filter { $0.value >= level }.keys.sorted()
    }

    func sightings(of label: TruthLabel) -> [Sighting] {
        var found = label.trace.flatMap { byRun[$0] } ?? []
        if let conversation = label.conversation, conversation != label.trace { found += byRun[conversation] ?? [] }
        // An alert about an agent is one about a healthy agent only where no run stands for it.
        guard label.concernsAgent || label.isHealthy, let service = label.service else { return found }
        return found
            + (byService[service] ?? []).filter { sighting in
                (label.agent == nil || label.agent == sighting.agent) && (label.start...label.end).contains(sighting.time)
                    && (label.concernsAgent || sighting.run == nil && sighting.trace == nil)
            }
    }
}
