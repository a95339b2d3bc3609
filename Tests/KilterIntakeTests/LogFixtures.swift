import KilterIntake
import KilterVocabulary

/// An attribute's value that can be written in both encodings.
indirect enum LogValue {
    case text(String), int(Int64), double(Double), flag(Bool), bytes([UInt8]), list([LogValue]), map([(String, LogValue)])
    /// An AnyValue without a member.
    case nothing

    var json: String {
        switch self {
        case .text(let text): Build.text(text)
        case .int(let value): Build.int(value)
        case .double(let value):
            value.isFinite
                ? "{\"doubleValue\":\(value)}" : "{\"doubleValue\":\"\(value.isNaN ? "NaN" : value > 0 ? "Infinity" : "-Infinity")\"}"
        case .flag(let value): "{\"boolValue\":\(value)}"
        case .bytes(let bytes): "{\"bytesValue\":\"\(Self.base64(bytes))\"}"
        case .list(let values): "{\"arrayValue\":{\"values\":[\(values.map(\.json).joined(separator: ","))]}}"
        case .map(let members): "{\"kvlistValue\":{\"values\":\(Build.attributes(members.map { ($0.0, $0.1.json) }))}}"
        case .nothing: "{}"
        }
    }

    var wire: [UInt8] {
        switch self {
        case .text(let text): Wire.text(1, text)
        case .flag(let value): [0x10, value ? 1 : 0]
        case .int(let value): [0x18] + Wire.varint(UInt64(bitPattern: value))
        case .double(let value): Wire.fixed(4, value.bitPattern)
        case .list(let values): Wire.field(5, values.flatMap { Wire.field(1, $0.wire) })
        case .map(let members): Wire.field(6, members.flatMap { Wire.field(1, Wire.attribute($0.0, $0.1.wire)) })
        case .bytes(let bytes): Wire.field(7, bytes)
        case .nothing: []
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let rest = bytes[start..<min(start + 3, bytes.count)]
            let word = rest.reduce(0) { $0 << 8 | UInt32($1) } << (8 * UInt32(3 - rest.count))
            for place in 0..<4 {
                text.append(place <= rest.count ? digits[Int(word >> (18 - 6 * UInt32(place)) & 63)] : "=")
            }
        }
        return text
    }
}

/// One log record in both encodings.
struct LogEntry {
    var trace: UInt8 = 7
    var span: UInt8 = 9
    var time: UInt64 = 1_790_000_000_000_000_001
    var observed: UInt64 = 0
    var event = ""
    var body: LogValue?
    var dropped: UInt64 = 0
    var attributes: [(String, LogValue)] = []

    /// Ids of equal bytes; zero is an absent one.
    private static func hex(_ byte: UInt8, _ count: Int) -> String {
        let digits = Array("0123456789abcdef")
        return byte == 0 ? "" : String(repeating: "\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])", count: count)
    }

    private static func id(_ number: UInt64, _ byte: UInt8, _ count: Int) -> [UInt8] {
        byte == 0 ? [] : Wire.field(number, [UInt8](repeating: byte, count: count))
    }

    var json: String {
        var members = ["\"timeUnixNano\":\"\(time)\"", "\"severityNumber\":9", "\"severityText\":\"INFO\""]
        if observed != 0 { members.append("\"observedTimeUnixNano\":\"\(observed)\"") }
        if let body { members.append("\"body\":\(body.json)") }
        members.append("\"attributes\":\(Build.attributes(attributes.map { ($0.0, $0.1.json) }))")
        if dropped != 0 { members.append("\"droppedAttributesCount\":\(dropped)") }
        members.append("\"traceId\":\"\(Self.hex(trace, 16))\"")
        members.append("\"spanId\":\"\(Self.hex(span, 8))\"")
        if !event.isEmpty { members.append("\"eventName\":\"\(event)\"") }
        return "{\(members.joined(separator: ","))}"
    }

    var wire: [UInt8] {
        var bytes = Wire.fixed(1, time) + [0x10, 9] + Wire.text(3, "INFO")
        if let body { bytes += Wire.field(5, body.wire) }
        bytes += attributes.flatMap { Wire.field(6, Wire.attribute($0.0, $0.1.wire)) }
        if dropped != 0 { bytes += Wire.varint(7 << 3) + Wire.varint(dropped) }
        bytes += Wire.varint(8 << 3 | 5) + [1, 0, 0, 0] + Self.id(9, trace, 16) + Self.id(10, span, 8)
        if observed != 0 { bytes += Wire.fixed(11, observed) }
        return event.isEmpty ? bytes : bytes + Wire.text(12, event)
    }
}

/// One request of log records in both encodings.
struct LogRequest {
    var resource: [(String, LogValue)] = [("service.name", .text("claims"))]
    var entries: [LogEntry]

    var json: String {
        "{\"resourceLogs\":[{\"resource\":{\"attributes\":\(Build.attributes(resource.map { ($0.0, $0.1.json) }))},"
            + "\"scopeLogs\":[{\"scope\":{\"name\":\"s\"},\"logRecords\":[\(entries.map(\.json).joined(separator: ","))]}]}]}"
    }

    var wire: [UInt8] {
        let resource = Wire.field(1, self.resource.flatMap { Wire.field(1, Wire.attribute($0.0, $0.1.wire)) })
        let scope = Wire.field(1, Wire.text(1, "s")) + entries.flatMap { Wire.field(2, $0.wire) }
        return Wire.field(1, resource + Wire.field(2, scope))
    }

    var fromJSON: Decoded { Decoded(json: json, signal: .logs) }
    var fromWire: Decoded { Decoded(wire, .protobuf, signal: .logs) }
}

extension LogEntry {
    static let evaluation = LogEntry(
        event: "gen_ai.evaluation.result", body: .text("judged"),
        attributes: [
            ("gen_ai.evaluation.name", .text("Relevance")), ("gen_ai.evaluation.score.value", .double(4.5)),
            ("gen_ai.evaluation.score.label", .text("relevant")), ("gen_ai.response.id", .text("resp-1")),
            ("gen_ai.agent.name", .text("triage")), ("gen_ai.conversation.id", .text("ticket-9")),
        ])
    static let exception = LogEntry(
        event: "exception",
        attributes: [("exception.type", .text("TimeoutError")), ("exception.message", .text("gave up after \u{1f553}"))])
    static let mark = LogEntry(
        trace: 0, span: 0, event: "kilter.mark",
        attributes: [("kind", .text("prompt")), ("target", .text("triage")), ("note", .text("shorter answers"))])
    static let older = LogEntry(
        event: "gen_ai.choice", body: .map([("index", .int(0)), ("message", .map([("role", .text("assistant"))]))]),
        attributes: [("gen_ai.system", .text("openai"))])
    static let plain = LogEntry(
        trace: 0, span: 0, time: 0, observed: 1_790_000_000_000_000_002, body: .text("started"), dropped: 2,
        attributes: [
            ("port", .int(-3)), ("ratio", .double(0.1)), ("on", .flag(true)), ("raw", .bytes([0, 1, 255])), ("nothing", .nothing),
            ("nan", .double(.nan)), ("tree", .list([.int(1), .map([("b", .text("\"")), ("a", .double(-0.0))]), .nothing])),
        ])

    /// One record of each kind.
    static let all = [evaluation, exception, mark, older, plain]
}

/// An assessment with its names spelled out.
struct Said: Equatable {
    var kind: Assessment.Kind
    var extent: Assessment.Extent
    var name: String
    var label: String
    var judge: String
    var score: Double?
    var trace: TraceID
    var span: UInt64
    var responseID: UInt64

    init(_ assessment: Assessment, in batch: SpanBatch) {
        func name(_ reference: StringRef) -> String { reference == 0 ? "" : batch.strings.string(reference) }
        kind = assessment.kind
        extent = assessment.extent
        self.name = name(assessment.name)
        label = name(assessment.label)
        judge = name(assessment.judge)
        score = assessment.hasScore ? assessment.score : nil
        trace = assessment.trace
        span = assessment.span
        responseID = assessment.responseID
    }
}

extension Decoded {
    /// What all rows state, in their order.
    var said: [Said] { batch.rows.flatMap { row in batch.assessments(of: row).map { Said($0, in: batch) } } }
}
