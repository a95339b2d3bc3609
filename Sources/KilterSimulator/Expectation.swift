import Foundation
import KilterVocabulary

/// What must, and what must not, follow from one stream.
///
/// A place in a stream is the number of distinct finished spans up to and including the one meant, 1 for the first:
/// copies and unfinished updates have no place of their own.
public struct Expectation: Sendable, Equatable {
    /// An alert that must fire.
    public struct AlertRequirement: Sendable, Equatable {
        public var detector: String
        /// The least severity that counts.
        public var severity: Severity
        public var tier: String?
        public var service: String?
        public var agent: String?
        /// Place of the span by which it must have fired at this severity.
        public var bySpan: Int?
        /// Place of the first span that may bring it to this severity.
        public var notBeforeSpan: Int?
        /// How many alert ids this detector may have for the subject, whatever their severity.
        public var episodes: Int?
        /// Whether the last revision of each of them must be a resolution.
        public var resolved: Bool?

        public init(detector: String, severity: Severity) {
            self.detector = detector
            self.severity = severity
        }
    }

    /// A breaker that must reach a state.
    public struct BreakerRequirement: Sendable, Equatable {
        public var state: BreakerState
        /// How many events must show that state, no more and no fewer.
        public var times: Int
        public var service: String?
        public var agent: String?

        public init(state: BreakerState, times: Int) {
            self.state = state
            self.times = times
        }
    }

    /// What must not happen: an alert at a severity or above and, unless a detector is named, any breaker event.
    public struct Silence: Sendable, Equatable {
        public var severity: Severity
        public var detector: String?
        public var service: String?
        public var agent: String?

        public init(severity: Severity, detector: String? = nil, service: String? = nil, agent: String? = nil) {
            self.severity = severity
            self.detector = detector
            self.service = service
            self.agent = agent
        }
    }

    public var alerts: [AlertRequirement] = []
    public var breakers: [BreakerRequirement] = []
    public var silences: [Silence] = []
    /// Id of a scenario whose events this one's must equal byte for byte.
    public var sameEventsAs: String?

    public init() {}
}

extension Expectation {
    /// What the events break, each as a sentence; empty when they keep it all.
    ///
    /// - Parameters:
    ///   - events: The JSON objects of `kilter replay`, one a line.
    ///   - stream: The OTLP/JSON lines that were replayed; they give the places of the spans.
    ///   - twinEvents: The events of the scenario named in `sameEventsAs`.
    public func violations(events: [String], stream: String, twinEvents: [String]? = nil) -> [String] {
        var seen: [ObservedEvent] = []
        var found: [String] = []
        for (index, line) in events.enumerated() where !line.isEmpty {
            if let event = ObservedEvent(line: line) {
                seen.append(event)
            } else {
                found.append("Line \(index + 1) of the events is not an event: \(line.prefix(120))")
            }
        }
        let places = SpanPlaces(stream: stream)
        found += alerts.flatMap { $0.violations(seen, places) }
        found += breakers.flatMap { $0.violations(seen) }
        found += silences.flatMap { $0.violations(seen, places) }
        if let sameEventsAs { found += differences(events, twinEvents, twin: sameEventsAs) }
        return found
    }

    private func differences(_ events: [String], _ twinEvents: [String]?, twin: String) -> [String] {
        guard let twinEvents else { return ["The events of \(twin) are needed for comparison and were not given."] }
        let here = events.filter { !$0.isEmpty }
        let there = twinEvents.filter { !$0.isEmpty }
        if here == there { return [] }
        if let index = zip(here, there).enumerated().first(where: { $1.0 != $1.1 })?.offset {
            return ["Event \(index + 1) differs from that of \(twin): \(here[index]) against \(there[index])"]
        }
        return ["\(here.count) events, but \(twin) has \(there.count)."]
    }
}

extension Expectation.AlertRequirement {
    private var subject: String { "\(detector) of \(service ?? "any service")/\(agent ?? "any agent")" }

    private func concerns(_ event: ObservedEvent) -> Bool {
        event.isAlert && event.detector == detector && (service == nil || event.service == service)
            && (agent == nil || event.agent == agent)
    }

    fileprivate func violations(_ events: [ObservedEvent], _ places: SpanPlaces) -> [String] {
        let mine = events.filter(concerns)
        let firing = mine.filter { $0.state == "firing" && ($0.severity ?? .info) >= severity }
        guard let first = firing.first else {
            let highest = mine.compactMap(\.severity).max().map { ", only \($0.name)" } ?? ", nothing"
            return ["\(subject) must reach \(severity.name); it gave\(highest)."]
        }
        var found = early(first, places) + late(first, places)
        if let tier, first.tier != tier {
            found.append("\(subject) fired on tier \(first.tier ?? "none"), not on \(tier).")
        }
        var ids: [String] = []
        for event in mine where !ids.contains(event.id) { ids.append(event.id) }
        if let episodes, ids.count != episodes {
            found.append("\(subject) has \(ids.count) alert ids, not \(episodes).")
        }
        if resolved == true {
            for id in ids where mine.last(where: { $0.id == id })?.state != "resolved" {
                found.append("\(subject): alert \(id) did not resolve.")
            }
        }
        return found
    }

    private func late(_ first: ObservedEvent, _ places: SpanPlaces) -> [String] {
        guard let bySpan else { return [] }
        guard let place = places.place(of: first) else {
            return ["\(subject) names a span that is not in the stream: \(first.shownSpan ?? "none")."]
        }
        return place <= bySpan
            ? [] : ["\(subject) reached \(severity.name) at span \(place); it must by span \(bySpan)."]
    }

    private func early(_ first: ObservedEvent, _ places: SpanPlaces) -> [String] {
        guard let notBeforeSpan, let place = places.place(of: first), place < notBeforeSpan else { return [] }
        return ["\(subject) reached \(severity.name) at span \(place); it must not before span \(notBeforeSpan)."]
    }
}

extension Expectation.BreakerRequirement {
    fileprivate func violations(_ events: [ObservedEvent]) -> [String] {
        let count = events.count {
            $0.isBreaker && $0.state == state.rawValue && (service == nil || $0.service == service)
                && (agent == nil || $0.agent == agent)
        }
        if count == times { return [] }
        let subject = "\(service ?? "any service")/\(agent ?? "any agent")"
        return ["A breaker of \(subject) must become \(state.rawValue) \(times) times; it did \(count) times."]
    }
}

extension Expectation.Silence {
    fileprivate func violations(_ events: [ObservedEvent], _ places: SpanPlaces) -> [String] {
        events.filter(breaks).map { event in
            let at = places.place(of: event).map { " at span \($0)" } ?? ""
            let subject = "\(event.service)/\(event.agent)"
            if event.isBreaker { return "A breaker of \(subject) became \(event.state ?? "unknown")\(at)." }
            return "\(event.detector ?? "An alert") of \(subject) fired at \(event.severity?.name ?? "no severity")\(at);"
                + " it must stay below \(severity.name)."
        }
    }

    private func breaks(_ event: ObservedEvent) -> Bool {
        guard service == nil || event.service == service, agent == nil || event.agent == agent else { return false }
        if event.isBreaker { return detector == nil }
        return event.isAlert && (event.severity ?? .critical) >= severity
            && (detector == nil || event.detector == detector)
    }
}
