import KilterVocabulary

/// Labels that are about agents and not about runs of theirs.
struct DriftTruth {
    struct Change {
        var service: String
        var agent: String
        var start: UInt64
        var end: UInt64
        /// Signals that change and which way, the main one first.
        var signals: [(name: String, direction: String?)]

        var main: String { signals.first?.name ?? "" }
        func concerns(_ signal: String) -> Bool { signal == "joint" || signals.contains { $0.name == signal } }
    }

    struct Agent {
        var service: String
        var agent: String
        var changes: [Change] = []
        /// Windows in which nothing changed.
        var still: [ClosedRange<UInt64>] = []
    }

    private(set) var agents: [String: Agent] = [:]

    init(_ truth: [TruthLabel]) {
        for label in truth where label.trace == nil && label.conversation == nil {
            guard let service = label.service, let name = label.agent, label.isHealthy || label.signal != nil else { continue }
            let key = Self.key(service, name)
            var agent = agents[key] ?? Agent(service: service, agent: name)
            if let signal = label.signal, !label.isHealthy {
                agent.add(signal, label)
            } else {
                agent.still.append(label.start...label.end)
            }
            agents[key] = agent
        }
    }

    static func key(_ service: String, _ agent: String) -> String { service + "\u{0}" + agent }

    /// Agents that an alert without an agent is about: those of its service, or all.
    func members(ofGroup key: String) -> [Agent]? {
        guard key.hasSuffix("\u{0}") else { return nil }
        let service = key.dropLast()
        return agents.sorted { $0.key < $1.key }.map(\.value).filter { service.isEmpty || $0.service == service }
    }
}

extension DriftTruth.Agent {
    fileprivate mutating func add(_ signal: String, _ label: TruthLabel) {
        let isMain = label.note?.hasPrefix(TruthLabel.mainSignal) ?? true
        guard let place = changes.firstIndex(where: { $0.start == label.start }) else {
            let change = DriftTruth.Change(
                service: service, agent: agent, start: label.start, end: label.end, signals: [(signal, label.direction)])
            return changes.append(change)
        }
        changes[place].end = max(changes[place].end, label.end)
        changes[place].signals.insert((signal, label.direction), at: isMain ? 0 : changes[place].signals.count)
    }
}

/// Alerts of one agent and one signal without a long pause between them.
struct DriftEpisode {
    var signal: String
    /// Event time of the first and the last decision, in Unix nanoseconds.
    var first: UInt64
    var last: UInt64
    /// When the last of its alerts was resolved; nil while one is firing.
    var resolved: UInt64?
    /// The onset that the first one estimates.
    var started: UInt64?
    var direction: String?
    var level: AlarmLevel

    /// By service and agent, in the order of their beginnings.
    static func all(in sightings: [Sighting], tolerance: UInt64) -> [String: [DriftEpisode]] {
        var latest: [String: [String: Int]] = [:]
        var found: [String: [DriftEpisode]] = [:]
        var places: [String: (key: String, place: Int)] = [:]
        // The order of a stream's events is the order of their times for each agent.
        for sighting in sightings where sighting.level != .trip {
            let key = DriftTruth.key(sighting.service, sighting.agent)
            let signal = sighting.signal ?? sighting.detector
            if let known = places[sighting.alert] {
                found[known.key]?[known.place].note(sighting)
                continue
            }
            guard sighting.isFiring else { continue }
            if let place = latest[key]?[signal], let episode = found[key]?[place],
                sighting.time - min(sighting.time, episode.last) <= tolerance
            {
                found[key]?[place].note(sighting)
                places[sighting.alert] = (key, place)
                continue
            }
            let place = found[key]?.count ?? 0
            found[key, default: []].append(
                DriftEpisode(
                    signal: signal, first: sighting.time, last: sighting.time, started: sighting.started, direction: sighting.direction,
                    level: sighting.level))
            latest[key, default: [:]][signal] = place
            places[sighting.alert] = (key, place)
        }
        return found.mapValues { $0.sorted { ($0.first, $0.signal) < ($1.first, $1.signal) } }
    }

    private mutating func note(_ sighting: Sighting) {
        last = max(last, sighting.time)
        resolved = sighting.isFiring ? nil : sighting.time
        level = max(level, sighting.level)
    }
}

/// What became of one change.
struct DriftVerdict {
    struct Hit {
        var observations: Double?
        var seconds: Double
        var isAttributed: Bool
        var isMain: Bool
        var isDirectionRight: Bool?
        var onsetObservations: Double?
        var onsetSeconds: Double?
    }

    var isAlarmedBefore = false
    var hit: Hit?
    /// Whether only an alert about a group of agents told of it.
    var isOfGroup = false
    /// Observations in which it might have been found.
    var observationsOfWindow: Double?
}

/// Holds episodes against changes.
struct DriftJudge {
    let window: DriftEvaluation.Window
    /// Nanoseconds.
    let tolerance: UInt64
    let count: DriftEvaluation.RunCount?
    private(set) var wrong: [DriftEpisode] = []
    private(set) var wrongOfGroups: [DriftEpisode] = []
    private(set) var right = 0
    private(set) var stray = 0

    init(window: DriftEvaluation.Window, tolerance: UInt64, count: DriftEvaluation.RunCount?) {
        self.window = window
        self.tolerance = tolerance
        self.count = count
    }

    func exposure(of truth: DriftTruth) -> DriftEvaluation.Exposure {
        var exposure = DriftEvaluation.Exposure()
        var extent: ClosedRange<UInt64>?
        var days: [Double] = []
        for agent in truth.agents.values where !agent.still.isEmpty {
            exposure.agents += 1
            for still in agent.still {
                days.append(Double(still.upperBound - still.lowerBound) / 86_400e9)
                let known = extent ?? still
                extent = min(known.lowerBound, still.lowerBound)...max(known.upperBound, still.upperBound)
                guard let runs = count?(agent.service, agent.agent, still.lowerBound, still.upperBound) else { continue }
                exposure.agentRuns = (exposure.agentRuns ?? 0) + runs
            }
        }
        // Sorted, because the order of additions shows in the last digits.
        exposure.agentDays = days.sorted().reduce(0, +)
        exposure.fleetDays = extent.map { Double($0.upperBound - $0.lowerBound) / 86_400e9 } ?? 0
        return exposure
    }

    // MARK: Changes

    /// - Parameter groups: episodes about groups of agents in at least half of which their signal changed.
    func verdict(_ change: DriftTruth.Change, _ episodes: [DriftEpisode], groups: [DriftEpisode]) -> DriftVerdict {
        var verdict = DriftVerdict()
        let until = latest(change)
        let own = episodes.filter { change.concerns($0.signal) && $0.first <= until }
        // One that was resolved before is a false alarm and hides nothing.
        verdict.isAlarmedBefore = own.contains { $0.first < change.start && ($0.resolved ?? .max) >= change.start }
        guard !verdict.isAlarmedBefore else { return verdict }
        verdict.observationsOfWindow = observations(change, until)
        if case .observations(let most) = window {
            verdict.observationsOfWindow = verdict.observationsOfWindow.map { min($0, Double(most)) }
        }
        let finds = { (episode: DriftEpisode) in episode.first >= change.start && isInTime(episode, change) }
        if let first = own.first(where: finds) {
            verdict.hit = hit(first, change, episodes)
        } else if let first = groups.first(where: { change.concerns($0.signal) && $0.first <= until && finds($0) }) {
            verdict.hit = hit(first, change, episodes)
            verdict.isOfGroup = true
        }
        return verdict
    }

    private func hit(_ found: DriftEpisode, _ change: DriftTruth.Change, _ episodes: [DriftEpisode]) -> DriftVerdict.Hit {
        let told = episodes.first { $0.first >= change.start } ?? found
        let expected = change.signals.first { $0.name == found.signal }?.direction
        return DriftVerdict.Hit(
            observations: observations(change, found.first), seconds: Double(found.first - change.start) / 1e9,
            isAttributed: change.concerns(told.signal), isMain: told.signal == change.main,
            isDirectionRight: expected.flatMap { expected in found.direction.map { $0 == expected } },
            onsetObservations: found.started.flatMap { started in
                count?(change.service, change.agent, min(started, change.start), max(started, change.start)).map(Double.init)
            },
            onsetSeconds: found.started.map { Double(max($0, change.start) - min($0, change.start)) / 1e9 })
    }

    private func observations(_ change: DriftTruth.Change, _ time: UInt64) -> Double? {
        count?(change.service, change.agent, change.start, time).map(Double.init)
    }

    /// When it is too late for the label; what passes may be told of a little later.
    private func latest(_ change: DriftTruth.Change) -> UInt64 {
        let end = change.end.addingReportingOverflow(tolerance)
        let whole = end.overflow ? .max : end.partialValue
        guard case .time(let most) = window else { return whole }
        let latest = change.start.addingReportingOverflow(most.count)
        return latest.overflow ? whole : min(whole, latest.partialValue)
    }

    private func isInTime(_ episode: DriftEpisode, _ change: DriftTruth.Change) -> Bool {
        guard case .observations(let most) = window else { return true }
        return observations(change, episode.first).map { $0 <= Double(most) } ?? false
    }

    // MARK: Episodes

    /// Whether the signal of an episode about a group had changed in at least half of its members.
    private func isRight(_ episode: DriftEpisode, _ members: [DriftTruth.Agent]) -> Bool {
        let changed = members.count { member in
            member.changes.contains { $0.concerns(episode.signal) && $0.start <= episode.first && episode.first <= latest($0) }
        }
        return changed > 0 && 2 * changed >= members.count
    }

    /// Counts the episodes of one group; returns those that are right.
    mutating func place(_ episodes: [DriftEpisode], group members: [DriftTruth.Agent]) -> [DriftEpisode] {
        let told = episodes.filter { isRight($0, members) }
        right += told.count
        for episode in episodes where !isRight(episode, members) {
            if members.contains(where: { $0.changes.contains { $0.start <= episode.first } }) {
                stray += 1
            } else {
                wrongOfGroups.append(episode)
            }
        }
        return told
    }

    /// Counts an episode as right, wrong or beside the point.
    mutating func place(_ episode: DriftEpisode, _ agent: DriftTruth.Agent) {
        let changed = agent.changes.filter { $0.start <= episode.first }
        if changed.contains(where: { $0.concerns(episode.signal) && episode.first <= latest($0) && isInTime(episode, $0) }) {
            right += 1
        } else if !changed.isEmpty {
            stray += 1
        } else {
            wrong.append(episode)
        }
    }
}
