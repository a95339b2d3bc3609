import Foundation
import KilterVocabulary

/// How far an alert went with a run. A trip is a breaker that opened because of it.
public enum AlarmLevel: Int, Sendable, CaseIterable, Comparable {
    case info, warning, critical, trip

    public var name: String {
        switch self {
        case .info: "info"
        case .warning: "warning"
        case .critical: "critical"
        case .trip: "trip"
        }
    }

    public static func < (a: AlarmLevel, b: AlarmLevel) -> Bool { a.rawValue < b.rawValue }
}

/// One event seen from the side of the run or agent it is about.
public struct Sighting: Sendable {
    public var alert: String
    public var detector: String
    public var level: AlarmLevel
    public var isFiring: Bool
    /// Event time of the decision, in Unix nanoseconds.
    public var time: UInt64
    public var trace: String?
    public var run: String?
    public var span: String?
    public var service: String
    public var agent: String
    public var signal: String?
    /// `up`, `down`, `wider`, `narrower` or `mix`.
    public var direction: String?
    /// Estimated onset, in Unix nanoseconds.
    public var started: UInt64?
    /// Spans and microdollars since the onset that the alert estimates.
    public var spans: Int?
    public var microdollars: Int?

    /// Whether it is about an agent and not about one run of it.
    var concernsAgent: Bool { signal != nil || run == nil && trace == nil }
}

/// The alerts of an event stream, and the trips they caused, in the order of the stream.
struct Sightings {
    private(set) var all: [Sighting] = []
    private var latest: [String: Sighting] = [:]

    /// Takes one event; false when the line is none.
    mutating func take(_ line: String) -> Bool {
        guard let event = ObservedEvent(line: line) else { return false }
        if event.isAlert, let severity = event.severity {
            let level: AlarmLevel =
                switch severity {
                case .info: .info
                case .warning: .warning
                case .critical: .critical
                }
            let sighting = Sighting(
                alert: event.id, detector: event.detector ?? "", level: level, isFiring: event.state == "firing",
                time: event.observed ?? 0, trace: event.trace, run: event.run, span: event.span, service: event.service,
                agent: event.agent, signal: event.signal,
                direction: event.direction, started: event.started, spans: event.delaySpans, microdollars: event.microdollars)
            all.append(sighting)
            latest[event.id] = sighting
        } else if event.isBreaker, event.state == BreakerState.open.rawValue, let cause = event.cause, var trip = latest[cause] {
            // What the breaker knows of place and cost is what the alert behind it said.
            trip.level = .trip
            all.append(trip)
        }
        return true
    }
}
