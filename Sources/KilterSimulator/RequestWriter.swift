import KilterVocabulary

/// One `ExportTraceServiceRequest`: the spans of one service that left together.
struct ExportRequest: Sendable {
    var service: SimulatedService
    var spans: [SimulatedSpan]
    /// Written as copies of spans that still run: end 0 in the first update, none in the second, no outcome yet.
    var unfinished: Unfinished?

    enum Unfinished: Sendable { case endIsZero, endIsAbsent }

    /// The end of the last span: when the request left, as far as event time can say.
    var leaves: UInt64 { spans.last?.end ?? 0 }
}

/// How an SDK's batch processor groups spans.
public struct Batching: Sendable, Equatable {
    /// Most spans of one request.
    public var spansMax: Int
    /// Longest time between the end of the first and of the last span of one request.
    public var delayMax: Nanoseconds

    public init(spansMax: Int, delayMax: Nanoseconds) {
        self.spansMax = spansMax
        self.delayMax = delayMax
    }

    /// Groups spans, which come in the order of their ends, by service, and orders the requests by when they leave.
    func requests(of spans: [SimulatedSpan]) -> [ExportRequest] {
        var open: [ExportRequest] = []
        var closed: [ExportRequest] = []
        for span in spans {
            guard let index = open.firstIndex(where: { $0.service == span.service }) else {
                open.append(ExportRequest(service: span.service, spans: [span]))
                continue
            }
            let first = open[index].spans[0].end
            if open[index].spans.count >= spansMax || span.end - first > delayMax.count {
                closed.append(open[index])
                open[index].spans.removeAll()
            }
            open[index].spans.append(span)
        }
        closed.append(contentsOf: open)
        return closed.enumerated().sorted { ($0.element.leaves, $0.offset) < ($1.element.leaves, $1.offset) }
            .map(\.element)
    }
}

/// Writes requests as OTLP/JSON lines, the way the Collector's file exporter does: lowerCamelCase keys, 64-bit
/// integers as strings, ids as hex, default values left out.
enum RequestWriter {
    static func lines(_ requests: [ExportRequest]) -> String {
        var text = JSONText()
        for request in requests {
            line(request, to: &text)
            text.raw("\n")
        }
        return String(decoding: text.bytes, as: UTF8.self)
    }

    /// A declared change as a request of its own: a log record named `kilter.mark`.
    static func line(_ change: DeclaredChange) -> String {
        var text = JSONText()
        text.raw("{\"resourceLogs\":[{\"resource\":{\"attributes\":")
        attributes(Dialects.resource(change.agent.service), to: &text)
        text.raw("},\"scopeLogs\":[{\"scope\":")
        scope(change.agent.service, to: &text)
        text.raw(",\"logRecords\":[{\"timeUnixNano\":\"" + String(change.time) + "\",\"eventName\":\"kilter.mark\",\"attributes\":")
        attributes(
            Dialects.identity(change.agent.service, agent: change.agent.name, conversation: nil)
                + [
                    Attribute("kind", "deploy"), Attribute("target", .string(change.agent.name)),
                    Attribute("note", .string(change.note)),
                ], to: &text)
        text.raw("}]}]}]}\n")
        return String(decoding: text.bytes, as: UTF8.self)
    }

    private static func scope(_ service: SimulatedService, to text: inout JSONText) {
        let scope = Dialects.scope(service)
        text.raw("{\"name\":")
        text.string(scope.name)
        text.raw(",\"version\":")
        text.string(scope.version)
        text.raw("}")
    }

    private static func line(_ request: ExportRequest, to text: inout JSONText) {
        text.raw("{\"resourceSpans\":[{\"resource\":{\"attributes\":")
        attributes(Dialects.resource(request.service), to: &text)
        text.raw("},\"scopeSpans\":[{\"scope\":")
        scope(request.service, to: &text)
        text.raw(",\"spans\":")
        text.list(request.spans, open: "[", close: "]") { span(&$0, $1, unfinished: request.unfinished) }
        text.raw("}]}]}")
    }

    private static func span(_ text: inout JSONText, _ span: SimulatedSpan, unfinished: ExportRequest.Unfinished?) {
        text.raw("{\"traceId\":\"" + span.reference.trace.hex)
        text.raw("\",\"spanId\":\"" + Hex.string(span.reference.span) + "\"")
        if span.parent != 0 { text.raw(",\"parentSpanId\":\"" + Hex.string(span.parent) + "\"") }
        if span.service.detail == .full { text.raw(span.parent == 0 ? ",\"flags\":1" : ",\"flags\":257") }
        text.raw(",\"name\":")
        text.string(span.name)
        text.raw(",\"kind\":" + String(span.kind.rawValue))
        text.raw(",\"startTimeUnixNano\":\"" + String(span.start) + "\"")
        switch unfinished {
        case nil: text.raw(",\"endTimeUnixNano\":\"" + String(span.end) + "\"")
        case .endIsZero: text.raw(",\"endTimeUnixNano\":\"0\"")
        case .endIsAbsent: break
        }
        text.raw(",\"attributes\":")
        attributes(unfinished == nil ? span.attributes : Dialects.withoutOutcome(span.attributes), to: &text)
        if unfinished == nil, let failure = span.failure {
            text.raw(",\"status\":{\"message\":")
            text.string(failure)
            text.raw(",\"code\":2}}")
        } else {
            text.raw(unfinished == nil && span.claimsSuccess ? ",\"status\":{\"code\":1}}" : ",\"status\":{}}")
        }
    }

    private static func attributes(_ attributes: [Attribute], to text: inout JSONText) {
        text.list(attributes, open: "[", close: "]", keyValue)
    }

    private static func keyValue(_ text: inout JSONText, _ attribute: Attribute) {
        text.raw("{\"key\":")
        text.string(attribute.name)
        text.raw(",\"value\":")
        anyValue(&text, attribute.value)
        text.raw("}")
    }

    private static func anyValue(_ text: inout JSONText, _ value: TelemetryValue) {
        switch value {
        case .string(let string):
            text.raw("{\"stringValue\":")
            text.string(string)
        case .integer(let number): text.raw("{\"intValue\":\"" + String(number) + "\"")
        case .double(let number):
            text.raw("{\"doubleValue\":")
            text.value(.double(number))
        case .bool(let flag): text.raw(flag ? "{\"boolValue\":true" : "{\"boolValue\":false")
        case .array(let values):
            text.raw("{\"arrayValue\":{\"values\":")
            text.list(values, open: "[", close: "]", anyValue)
            text.raw("}")
        case .object(let fields):
            text.raw("{\"kvlistValue\":{\"values\":")
            text.list(fields, open: "[", close: "]", keyValue)
            text.raw("}")
        }
        text.raw("}")
    }
}
