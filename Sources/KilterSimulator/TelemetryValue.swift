/// A value as telemetry carries it: an attribute of a span, or the arguments and the result of a tool call.
/// Objects keep the order of their keys, so that what is written is what was said.
public indirect enum TelemetryValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case double(Double)
    case bool(Bool)
    case array([TelemetryValue])
    case object([Field])

    public struct Field: Sendable, Equatable {
        public var name: String
        public var value: TelemetryValue

        public init(_ name: String, _ value: TelemetryValue) {
            self.name = name
            self.value = value
        }
    }

    /// The fields of an object; none of anything else.
    public var fields: [Field] {
        if case .object(let fields) = self { fields } else { [] }
    }

    /// The same value with the keys of every object in another order. Two such values mean the same.
    func reordered(by random: inout SplitMix64) -> TelemetryValue {
        switch self {
        case .array(let values):
            var changed: [TelemetryValue] = []
            for value in values { changed.append(value.reordered(by: &random)) }
            return .array(changed)
        case .object(let fields):
            var changed: [Field] = []
            for field in random.shuffled(fields) {
                changed.append(Field(field.name, field.value.reordered(by: &random)))
            }
            return .object(changed)
        default:
            return self
        }
    }

    /// JSON text. With `spaced`, a blank follows each colon and comma, as Python's `json.dumps` writes it.
    public func jsonText(spaced: Bool = false) -> String {
        var text = JSONText(spaced: spaced)
        text.value(self)
        return String(decoding: text.bytes, as: UTF8.self)
    }
}

extension TelemetryValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByStringInterpolation
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: TelemetryValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, TelemetryValue)...) {
        self = .object(elements.map { Field($0.0, $0.1) })
    }
}

/// Appends JSON to a list of bytes. Numbers are written shortest first, so that they read back as the same number.
struct JSONText {
    var bytes: [UInt8] = []
    /// Whether a blank follows each colon and comma.
    var spaced = false

    mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    mutating func raw(_ text: String) { bytes.append(contentsOf: text.utf8) }

    /// A string in quotes; control characters, quotes and backslashes are escaped, everything else stands as it is.
    mutating func string(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): raw("\\\"")
            case UInt8(ascii: "\\"): raw("\\\\")
            case 0x0a: raw("\\n")
            case 0x0d: raw("\\r")
            case 0x09: raw("\\t")
            case 0..<0x20: raw("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func value(_ value: TelemetryValue) {
        switch value {
        case .string(let text): string(text)
        case .integer(let number): raw(String(number))
        case .double(let number): raw(number.isFinite ? number.description : "null")
        case .bool(let flag): raw(flag ? "true" : "false")
        case .array(let values): list(values, open: "[", close: "]") { $0.value($1) }
        case .object(let fields):
            list(fields, open: "{", close: "}") { text, field in
                text.string(field.name)
                text.raw(text.spaced ? ": " : ":")
                text.value(field.value)
            }
        }
    }

    mutating func list<Element>(
        _ elements: [Element], open: StaticString, close: StaticString, _ write: (inout JSONText, Element) -> Void
    ) {
        raw(open)
        for (index, element) in elements.enumerated() {
            if index > 0 { raw(spaced ? ", " : ",") }
            write(&self, element)
        }
        raw(close)
    }
}
