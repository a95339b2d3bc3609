import Foundation
import KilterVocabulary

/// What really happened to one run, or to one agent: the form in which labelled traces carry their labels.
public struct TruthLabel: Sendable, Equatable {
    /// What went wrong, such as `tool_loop` or `message_storm`; `none` for a healthy run.
    public var kind: String
    /// 32 hex digits.
    public var trace: String?
    public var conversation: String?
    public var service: String?
    public var agent: String?
    /// Unix nanoseconds of the first span and of the end of the last one that is meant.
    public var start: UInt64
    public var end: UInt64
    /// The signal that drifts, where it is one.
    public var signal: String?
    public var note: String?
    /// Which way the signal goes: `up`, `down`, `wider`, `narrower` or `mix`.
    public var direction: String?

    public static let healthy = "none"
    /// How the note begins of the signal that a change is about; those of what follows from it begin otherwise.
    public static let mainSignal = "main"
    public var isHealthy: Bool { kind == Self.healthy }

    public init(kind: String, start: UInt64, end: UInt64) {
        self.kind = kind
        self.start = start
        self.end = end
    }

    // MARK: JSON lines

    /// One line of a truth file, without its line feed. Times are strings, because they do not fit a double.
    public var line: String {
        let texts: [(String, String?)] = [
            ("trace_id", trace), ("conversation_id", conversation), ("service", service), ("agent", agent), ("kind", kind),
            ("start_unix_nano", String(start)), ("end_unix_nano", String(end)), ("signal", signal), ("direction", direction),
            ("note", note),
        ]
        return TelemetryValue.object(
            texts.compactMap { name, text in text.map { TelemetryValue.Field(name, .string($0)) } }
        ).jsonText()
    }

    /// Why a line of a truth file is none.
    public struct Malformed: Error, CustomStringConvertible, Equatable {
        public let description: String
    }

    /// Reads one line. Other keys may stand in it; `agent_id` stands for `service` where that is missing, because labels of
    /// recorded traces name their agents so.
    public init(line: String) throws(Malformed) {
        guard let fields = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
            throw Malformed(description: "not a JSON object")
        }
        func text(_ key: String) throws(Malformed) -> String? {
            guard let value = fields[key], !(value is NSNull) else { return nil }
            guard let text = value as? String else { throw Malformed(description: "\(key) is not a string") }
            return text.isEmpty ? nil : text
        }
        func time(_ key: String) throws(Malformed) -> UInt64 {
            switch fields[key] {
            case let text as String: if let time = UInt64(text) { return time }
            case let number as NSNumber: if let time = UInt64(exactly: number) { return time }
            default: break
            }
            throw Malformed(description: "\(key) is not a time in Unix nanoseconds")
        }
        guard let kind = try text("kind") else { throw Malformed(description: "kind is missing") }
        self.init(kind: kind, start: try time("start_unix_nano"), end: try time("end_unix_nano"))
        guard start <= end else { throw Malformed(description: "end_unix_nano is before start_unix_nano") }
        trace = try text("trace_id")?.lowercased()
        conversation = try text("conversation_id")
        let named = try text("service")
        service = named == nil ? try text("agent_id") : named
        agent = try text("agent")
        signal = try text("signal")
        note = try text("note")
        direction = try text("direction")
        guard trace != nil || conversation != nil || service != nil || agent != nil else {
            throw Malformed(description: "neither trace_id nor conversation_id nor service nor agent says whom it is about")
        }
    }
}

/// What a scenario says of itself while it is composed; its labels are known once all spans are.
struct TruthBook {
    /// One trace and whose it is.
    struct Run {
        var trace: TraceID
        var conversation: String?
        var agent: SimulatedAgent

        var id: String { conversation ?? trace.hex }
    }

    var runs: [Run] = []
    var statements: [(kind: String, spans: [SpanReference], note: String?)] = []

    /// One label for each statement, then `none` for each run, a conversation or else a trace, of which nothing was said.
    func labels(of spans: [SimulatedSpan]) -> [TruthLabel] {
        var places: [SpanReference: Int] = [:]
        var extents: [TraceID: (start: UInt64, end: UInt64)] = [:]
        for (place, span) in spans.enumerated() {
            places[span.reference] = place
            let extent = extents[span.reference.trace] ?? (span.start, span.end)
            extents[span.reference.trace] = (min(extent.start, span.start), max(extent.end, span.end))
        }
        var labels: [TruthLabel] = []
        for statement in statements {
            let meant = statement.spans.compactMap { places[$0] }.map { spans[$0] }
            guard let first = meant.min(by: { $0.start < $1.start }), let end = meant.map(\.end).max() else { continue }
            var label = TruthLabel(kind: statement.kind, start: first.start, end: end)
            if let run = run(of: meant) {
                label.trace = run.trace.hex
                label.conversation = run.conversation
            }
            label.service = first.service.name
            label.agent = first.actor
            label.note = statement.note
            labels.append(label)
        }
        return (labels + healthy(extents, besides: labels)).enumerated().sorted {
            ($0.element.start, $0.offset) < ($1.element.start, $1.offset)
        }.map(\.element)
    }

    /// The one run that all of `spans` belong to; what goes over several is the agent's and not a run's.
    private func run(of spans: [SimulatedSpan]) -> Run? {
        let traces = Set(spans.map(\.reference.trace))
        let found = runs.filter { traces.contains($0.trace) }
        guard let first = found.first, found.allSatisfy({ $0.id == first.id }) else { return nil }
        return first
    }

    private func healthy(_ extents: [TraceID: (start: UInt64, end: UInt64)], besides labels: [TruthLabel]) -> [TruthLabel] {
        let taken = Set(labels.compactMap(\.conversation)).union(labels.compactMap(\.trace))
        var order: [String] = []
        var labels: [String: TruthLabel] = [:]
        for run in runs {
            let id = run.id
            guard !taken.contains(id), let extent = extents[run.trace] else { continue }
            if var label = labels[id] {
                label.start = min(label.start, extent.start)
                label.end = max(label.end, extent.end)
                label.trace = nil
                labels[id] = label
            } else {
                var label = TruthLabel(kind: TruthLabel.healthy, start: extent.start, end: extent.end)
                label.trace = run.trace.hex
                label.conversation = run.conversation
                label.service = run.agent.service.name
                label.agent = run.agent.name
                labels[id] = label
                order.append(id)
            }
        }
        return order.compactMap { labels[$0] }
    }
}
