import KilterDetection
import KilterMath
import KilterState
import KilterVocabulary

/// How what is usual differs between two states, or between two versions of each agent within one: what both know enough of, the largest
/// difference first.
public struct BaselineComparison: Sendable {
    public struct Difference: Sendable {
        public var tenant: String
        public var environment: String
        public var service: String
        public var agent: String
        public var signal: String
        public var step: String
        /// What is usual in each: a median, a rate, or the share of the category that moved most; in the signal's unit, and for people.
        public var before: Amount
        public var after: Amount
        public var unit: String
        public var beforeText: String
        public var afterText: String
        public var observationsBefore: UInt32
        public var observationsAfter: UInt32
        /// Hits among observations, not values.
        public var isRate = false
        /// A change stands in one of them, of which no more is learned: it is larger than it looks here.
        public var isChanging = false
        /// Of a mix the category that moved most.
        public var category: String?
        /// A ratio, 0...1: by how much more often than not a value of the one is larger than one of the other; the difference of rates;
        /// the share of a mix that went elsewhere.
        public var size: Double
        /// The same with its sign, and a 95 % interval; of a mix of the category.
        public var difference: BaselineDifference
        /// Chance makes a difference as clear as this in at most one of twenty comparisons, however many streams there are.
        public var isBeyondChance: Bool
    }

    public var differences: [Difference] = []
    /// Streams that both have but one knows too little of.
    public var young = 0
    /// Streams that only one has.
    public var unmatched = 0

    /// What differs by more than `size`, a ratio in 0...1, not by chance.
    public func beyond(_ size: Double) -> [Difference] { differences.filter { $0.isBeyondChance && $0.size > size } }
}

extension BaselineComparison {
    /// What each agent's runs are of.
    public enum Versions: Sendable {
        /// Those that ran last.
        case latest
        case named(String)
    }

    /// Where a stream stands, by names, so that two states need not have anything else in common.
    private struct Place: Hashable {
        var tenant: String, environment: String, service: String, agent: String, signal: String, step: String
    }

    /// - Parameter agent: pattern of the agents' names.
    public init(_ first: Engine, _ before: Versions = .latest, to second: Engine, _ after: Versions = .latest, agent: String = "*") {
        let ours = Self.streams(of: first, before, agent), theirs = Self.streams(of: second, after, agent)
        unmatched = ours.keys.count { theirs[$0] == nil } + theirs.keys.count { ours[$0] == nil }
        var pairs: [(Place, KnownStream, KnownStream)] = []
        for (place, stream) in ours {
            guard let other = theirs[place] else { continue }
            if stream.count >= stream.needed, other.count >= other.needed { pairs.append((place, stream, other)) } else { young += 1 }
        }
        for (place, stream, other) in pairs {
            guard var difference = Self.difference(place, stream, other, first, second, among: pairs.count) else { continue }
            difference.isChanging = stream.watch.said != .nothing || other.watch.said != .nothing
            differences.append(difference)
        }
        differences.sort {
            ($1.size, $0.tenant, $0.environment, $0.service + "/" + $0.agent, $0.signal, $0.step)
                < ($0.size, $1.tenant, $1.environment, $1.service + "/" + $1.agent, $1.signal, $1.step)
        }
    }

    private static func streams(of engine: Engine, _ versions: Versions, _ pattern: String) -> [Place: KnownStream] {
        var agents: [UInt64: (epoch: UInt32, path: Place)] = [:]
        engine.forEachAgent { key, tenant, slot in
            let names = engine.admission.names(of: tenant), agent = names.text(slot.agent)
            guard Glob.matches(pattern, agent), let epoch = epoch(versions, slot) else { return }
            let path = Place(
                tenant: names.text(tenant), environment: names.text(slot.environment), service: names.text(slot.service), agent: agent,
                signal: "", step: "")
            agents[key] = (epoch, path)
        }
        var streams: [Place: KnownStream] = [:]
        engine.forEachStream(where: { agents[$0.agentKey]?.epoch == $0.epoch }) { stream in
            guard var place = agents[stream.identity.agentKey]?.path else { return }
            if case .place = stream.baseline { return }
            (place.signal, place.step) = engine.words(stream)
            streams[place] = stream
        }
        return streams
    }

    private static func epoch(_ versions: Versions, _ slot: AgentBaseline) -> UInt32? {
        switch versions {
        case .latest: slot.epoch
        case .named(let name): slot.epoch(of: Array(name.utf8).withUnsafeBufferPointer { StableHash.hash($0) })
        }
    }

    // MARK: One stream

    private static let deviations = 1.959963984540054

    private static func difference(
        _ place: Place, _ before: KnownStream, _ after: KnownStream, _ first: Engine, _ second: Engine, among streams: Int
    ) -> Difference? {
        let signal = before.identity.signal
        // One of so many streams, or categories, is moved as far as this by chance as rarely as a single one by two deviations.
        func strict(_ choices: Int = 1) -> Double { Elementary.normalQuantile(1 - 0.025 / Double(max(streams, 1) * choices)) }
        func made(_ from: Double, _ to: Double, _ unit: Signal.Unit, _ difference: BaselineDifference?, _ isSure: BaselineDifference?)
            -> Difference?
        {
            guard let difference, let isSure else { return nil }
            let scale = unit == .microdollars ? 1e-6 : 1
            return Difference(
                tenant: place.tenant, environment: place.environment, service: place.service, agent: place.agent, signal: place.signal,
                step: place.step, before: Amount(rounding: from * scale), after: Amount(rounding: to * scale), unit: unit.rawValue,
                beforeText: SignalWords.figure(from, unit), afterText: SignalWords.figure(to, unit), observationsBefore: before.count,
                observationsAfter: after.count, category: nil, size: difference.size.magnitude, difference: difference,
                isBeyondChance: isSure.isBeyondChance)
        }
        switch (before.baseline, after.baseline) {
        case (.value(let one), .value(let other)):
            guard let ours = one.histogram, let theirs = other.histogram else { return nil }
            let unit = before.isDistance ? Signal.Unit.score : signal.unit
            return made(
                one.median, other.median, unit, ours.difference(to: theirs, deviations: deviations),
                ours.difference(to: theirs, deviations: strict()))
        case (.rate(let one), .rate(let other)):
            var made = made(
                Double(one.hits) / Double(one.count), Double(other.hits) / Double(other.count), .share,
                one.difference(to: other, deviations: deviations), one.difference(to: other, deviations: strict()))
            made?.isRate = true
            return made
        case (.mix(let one), .mix(let other)):
            guard let moved = MixMove(one, other) else { return nil }
            let (ours, theirs) = (moved.before, moved.after)
            var made = made(
                ours.hits / ours.count, theirs.hits / theirs.count, .share,
                RateBaseline.difference(from: ours, to: theirs, deviations: deviations),
                RateBaseline.difference(from: ours, to: theirs, deviations: strict(MixBaseline.categoriesMax)))
            made?.size = moved.size
            made?.category = name(moved, first, before.tenant) ?? name(moved, second, after.tenant) ?? "other"
            return made
        default: return nil
        }
    }

    private static func name(_ move: MixMove, _ engine: Engine, _ tenant: NameHash) -> String? {
        guard move.share.category != 0 else { return nil }
        let names = engine.admission.names(of: tenant), share = move.share
        let text =
            share.target == 0 ? names.text(share.category) : "\(names.text(share.origin)) → \(names.text(share.target))"
        return text.contains("~") ? nil : text
    }
}

/// What moved between two mixes.
private struct MixMove {
    /// The category whose share moved most, and its counts.
    let share: MixStream.Share
    let before: (hits: Double, count: Double), after: (hits: Double, count: Double)
    /// The share of all choices that went elsewhere: half the sum of all differences.
    let size: Double

    init?(_ one: MixStream, _ other: MixStream) {
        let ours = one.shares, theirs = other.shares
        let all = ours.reduce(0) { $0 + Double($1.count) }, allOthers = theirs.reduce(0) { $0 + Double($1.count) }
        guard all > 0, allOthers > 0 else { return nil }
        var most: (share: MixStream.Share, hits: Double, hitsAfter: Double)?
        var moved = -1.0, sum = 0.0
        let new = theirs.filter { share in !ours.contains { $0.category == share.category } }
        for share in ours + new {
            let hits = Double(ours.first { $0.category == share.category }?.count ?? 0)
            let hitsAfter = Double(theirs.first { $0.category == share.category }?.count ?? 0)
            let difference = (hitsAfter / allOthers - hits / all).magnitude
            sum += difference
            if difference > moved { (moved, most) = (difference, (share, hits, hitsAfter)) }
        }
        guard let most else { return nil }
        share = most.share
        before = (most.hits, all)
        after = (most.hitsAfter, allOthers)
        size = sum / 2
    }
}
