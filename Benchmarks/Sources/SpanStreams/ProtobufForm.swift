/// OTLP/protobuf, field by field in ascending order as the official library writes it.
enum ProtobufForm {
    static func request(_ spans: [GeneratedSpan]) -> [UInt8] {
        var scopeSpans = Message()
        scopeSpans.field(1) { scope in
            scope.text(1, StreamResource.scope)
            scope.text(2, "1.4.0")
        }
        for span in spans { scopeSpans.field(2) { write(span, to: &$0) } }
        var request = Message()
        request.field(1) { resourceSpans in
            resourceSpans.field(1) { resource in
                for attribute in StreamResource.attributes {
                    resource.field(1) { pair in
                        pair.text(1, attribute.key)
                        pair.field(2) { $0.text(1, attribute.value) }
                    }
                }
            }
            resourceSpans.bytes(2, scopeSpans.bytes)
        }
        return request.bytes
    }

    /// `message` with its length before it: one record of a varint-delimited file.
    static func delimited(_ message: [UInt8]) -> [UInt8] {
        var out = Message()
        out.varint(UInt64(message.count))
        return out.bytes + message
    }

    private static func write(_ span: GeneratedSpan, to message: inout Message) {
        message.bytes(1, bigEndian(span.trace.0) + bigEndian(span.trace.1))
        message.bytes(2, bigEndian(span.span))
        if span.parent != 0 { message.bytes(4, bigEndian(span.parent)) }
        message.text(5, span.name)
        message.number(6, UInt64(span.kind))
        message.fixed(7, span.start)
        message.fixed(8, span.end)
        for attribute in span.attributes {
            message.field(9) { pair in
                pair.text(1, "\(attribute.key)")
                pair.field(2) { write(attribute.value, to: &$0) }
            }
        }
        message.field(15) { _ in }
    }

    private static func write(_ value: GeneratedSpan.Value, to message: inout Message) {
        switch value {
        case .text(let text): message.text(1, text)
        case .number(let number): message.number(3, number)
        case .texts(let texts):
            message.field(5) { list in
                for text in texts { list.field(1) { $0.text(1, text) } }
            }
        }
    }

    private static func bigEndian(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(56 - 8 * $0)) }
    }
}

/// A protobuf message under construction.
private struct Message {
    private(set) var bytes: [UInt8] = []

    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 128 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 128)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func number(_ field: UInt64, _ value: UInt64) {
        varint(field << 3)
        varint(value)
    }

    mutating func fixed(_ field: UInt64, _ value: UInt64) {
        varint(field << 3 | 1)
        for place in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * place))) }
    }

    mutating func bytes(_ field: UInt64, _ content: [UInt8]) {
        varint(field << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    mutating func text(_ field: UInt64, _ content: String) {
        varint(field << 3 | 2)
        varint(UInt64(content.utf8.count))
        bytes.append(contentsOf: content.utf8)
    }

    mutating func field(_ field: UInt64, _ fill: (inout Message) -> Void) {
        var inner = Message()
        fill(&inner)
        bytes(field, inner.bytes)
    }
}
