/// OTLP/JSON as the Collector's file exporter writes it: no white space, 64-bit integers as strings, ids in hex.
enum JSONForm {
    static func request(_ spans: [GeneratedSpan]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(spans.count * 1_300)
        append(#"{"resourceSpans":[{"resource":{"attributes":["#, to: &out)
        for (index, attribute) in StreamResource.attributes.enumerated() {
            if index > 0 { out.append(comma) }
            append(#"{"key":"\#(attribute.key)","value":{"stringValue":"\#(attribute.value)"}}"#, to: &out)
        }
        append(#"]},"scopeSpans":[{"scope":{"name":"\#(StreamResource.scope)","version":"1.4.0"},"spans":["#, to: &out)
        for (index, span) in spans.enumerated() {
            if index > 0 { out.append(comma) }
            append(span, to: &out)
        }
        append("]}]}]}", to: &out)
        return out
    }

    private static func append(_ span: GeneratedSpan, to out: inout [UInt8]) {
        append(#"{"traceId":"\#(GeneratedSpan.hex(span.trace.0))\#(GeneratedSpan.hex(span.trace.1))","#, to: &out)
        append(#""spanId":"\#(GeneratedSpan.hex(span.span))","#, to: &out)
        if span.parent != 0 { append(#""parentSpanId":"\#(GeneratedSpan.hex(span.parent))","#, to: &out) }
        append(#""name":"\#(span.name)","kind":\#(span.kind),"#, to: &out)
        append(#""startTimeUnixNano":"\#(span.start)","endTimeUnixNano":"\#(span.end)","attributes":["#, to: &out)
        for (index, attribute) in span.attributes.enumerated() {
            if index > 0 { out.append(comma) }
            append(#"{"key":"\#(attribute.key)","value":{"#, to: &out)
            append(attribute.value, to: &out)
            append("}}", to: &out)
        }
        append(#"],"status":{}}"#, to: &out)
    }

    private static func append(_ value: GeneratedSpan.Value, to out: inout [UInt8]) {
        switch value {
        case .text(let text):
            append(#""stringValue":""#, to: &out)
            appendEscaped(text, to: &out)
            out.append(quote)
        case .number(let number): append(#""intValue":"\#(number)""#, to: &out)
        case .texts(let texts):
            let values = texts.map { #"{"stringValue":"\#($0)"}"# }
            append(#""arrayValue":{"values":[\#(values.joined(separator: ","))]}"#, to: &out)
        }
    }

    /// The stream's texts hold nothing to escape but quotation marks.
    private static func appendEscaped(_ text: String, to out: inout [UInt8]) {
        for byte in text.utf8 {
            if byte == quote { out.append(backslash) }
            out.append(byte)
        }
    }

    private static func append(_ text: String, to out: inout [UInt8]) { out.append(contentsOf: text.utf8) }

    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")
}

/// The process that all spans come from.
enum StreamResource {
    static let attributes = [
        (key: "service.name", value: "order-desk"), (key: "deployment.environment.name", value: "production"),
    ]
    static let scope = "opentelemetry.instrumentation.agents"
}

extension GeneratedSpan {
    /// OpenTelemetry span kind: a model call is a CLIENT's, the rest is INTERNAL.
    var kind: Int { role == .chat ? 3 : 1 }
}
