import Foundation
import KilterVocabulary

/// What an expectation looks at in one event.
struct ObservedEvent {
    var isAlert: Bool
    var isBreaker: Bool
    /// The alert id, or the breaker id.
    var id: String
    var severity: Severity?
    var detector: String?
    var tier: String?
    var state: String?
    var service: String
    var agent: String
    var trace: String?
    /// The span that completed the evidence, where the event is about an agent and not about that span's run.
    let shownTrace: String?
    let shownSpan: String?
    var span: String?
    var run: String?
    var signal: String?
    var direction: String?
    /// Unix nanoseconds.
    var started: UInt64?
    /// Unix nanoseconds.
    var observed: UInt64?
    /// The alert that a breaker tripped on.
    var cause: String?
    var delaySpans: Int?
    var microdollars: Int?

    /// Nil when the line is not a CloudEvent with an object as its data.
    init?(line: String) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any],
            let type = object["type"] as? String, let data = object["data"] as? [String: Any]
        else { return nil }
        isAlert = type == "kilter.alert"
        isBreaker = type == "kilter.breaker"
        id = (data[isAlert ? "alert_id" : "breaker_id"] as? String) ?? (object["id"] as? String) ?? ""
        let severityName = (data["severity"] ?? object["severity"]) as? String
        severity = Severity.allCases.first { $0.name == severityName }
        detector = (data["detector"] ?? object["detector"]) as? String
        tier = data["tier"] as? String
        state = data["state"] as? String
        let subject = Self.subject(object["subject"] as? String ?? "")
        service = data["service"] as? String ?? subject.service
        agent = data["agent"] as? String ?? subject.agent
        trace = data["trace_id"] as? String
        span = data["span_id"] as? String
        let evidence = data["evidence"] as? [String: Any]
        shownTrace = trace ?? evidence?["last_trace_id"] as? String
        shownSpan = span ?? evidence?["last_span_id"] as? String
        run = data["run"] as? String
        signal = data["signal"] as? String
        direction = data["direction"] as? String
        started = (data["started_at"] as? String).flatMap(UInt64.init)
        observed = (data["observed_at"] as? String).flatMap(UInt64.init)
        cause = data["cause"] as? String
        delaySpans = (data["delay"] as? [String: Any])?["spans"] as? Int
        microdollars = (data["cost"] as? [String: Any])?["microdollars"] as? Int
    }

    /// `<tenant>/<environment>/<service>/<agent>`, each part percent-encoded.
    private static func subject(_ text: String) -> (service: String, agent: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4 else { return ("", "") }
        return (parts[2].removingPercentEncoding ?? parts[2], parts[3].removingPercentEncoding ?? parts[3])
    }
}

/// The place of every finished span of a stream; the first finished copy of a span counts.
struct SpanPlaces {
    private var places: [String: Int] = [:]

    init(stream: String) {
        for line in stream.split(separator: "\n") {
            for span in Self.spans(ofLine: line) {
                guard let trace = span["traceId"] as? String, let id = span["spanId"] as? String,
                    let end = span["endTimeUnixNano"] as? String, end != "0"
                else { continue }
                if places[trace + id] == nil { places[trace + id] = places.count + 1 }
            }
        }
    }

    func place(of event: ObservedEvent) -> Int? {
        guard let trace = event.shownTrace, let span = event.shownSpan else { return nil }
        return places[trace + span]
    }

    private static func spans(ofLine line: Substring) -> [[String: Any]] {
        guard let request = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else { return [] }
        return objects(request["resourceSpans"]).flatMap { objects($0["scopeSpans"]) }.flatMap { objects($0["spans"]) }
    }

    private static func objects(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }
}
