import Foundation
import KilterSimulator

/// A stream read back with Foundation's JSON parser, as an independent reader sees it.
struct RecordedStream {
    struct Span {
        var line: Int
        var key: String
        var parent: String
        var start: UInt64
        /// Nil or zero while the span runs.
        var end: UInt64?
        var service: String
        var attributes: [String: Any]

        var isFinished: Bool { (end ?? 0) != 0 }
        func text(_ name: String) -> String? { (attributes[name] as? [String: Any])?["stringValue"] as? String }
    }

    struct Unreadable: Error, CustomStringConvertible {
        var description: String
    }

    var lines: [Substring]
    var spans: [Span] = []

    init(_ stream: String) throws {
        guard stream.hasSuffix("\n") else { throw Unreadable(description: "the last line is not ended") }
        lines = stream.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        for (number, line) in lines.enumerated() {
            let root = try Self.object(JSONSerialization.jsonObject(with: Data(line.utf8)), "line \(number + 1)")
            for resource in try Self.list(root["resourceSpans"], "resourceSpans") {
                let attributes = try Self.attributes(Self.object(resource["resource"], "resource")["attributes"])
                let service = (attributes["service.name"] as? [String: Any])?["stringValue"] as? String
                for scope in try Self.list(resource["scopeSpans"], "scopeSpans") {
                    for span in try Self.list(scope["spans"], "spans") {
                        spans.append(try Self.span(span, line: number + 1, service: service ?? ""))
                    }
                }
            }
        }
    }

    private static func span(_ span: [String: Any], line: Int, service: String) throws -> Span {
        guard let trace = span["traceId"] as? String, let id = span["spanId"] as? String, isHex(trace, 32), isHex(id, 16),
            let start = (span["startTimeUnixNano"] as? String).flatMap(UInt64.init), span["name"] is String,
            span["kind"] is Int
        else { throw Unreadable(description: "line \(line): a span lacks an id, a name, a kind or a start") }
        let parent = span["parentSpanId"] as? String ?? ""
        guard parent.isEmpty || isHex(parent, 16) else {
            throw Unreadable(description: "line \(line): parent \(parent)")
        }
        return Span(
            line: line, key: trace + id, parent: parent.isEmpty ? "" : trace + parent, start: start,
            end: (span["endTimeUnixNano"] as? String).flatMap(UInt64.init), service: service,
            attributes: try attributes(span["attributes"]))
    }

    private static func attributes(_ value: Any?) throws -> [String: Any] {
        var found: [String: Any] = [:]
        for attribute in try list(value, "attributes") {
            guard let key = attribute["key"] as? String, let value = attribute["value"] as? [String: Any],
                value.count == 1, found[key] == nil
            else { throw Unreadable(description: "attribute \(attribute)") }
            found[key] = value
        }
        return found
    }

    private static func isHex(_ text: String, _ digits: Int) -> Bool {
        text.utf8.count == digits && text.allSatisfy { $0.isHexDigit && !$0.isUppercase } && text.contains { $0 != "0" }
    }

    private static func object(_ value: Any?, _ name: String) throws -> [String: Any] {
        guard let object = value as? [String: Any] else { throw Unreadable(description: "\(name) is not an object") }
        return object
    }

    private static func list(_ value: Any?, _ name: String) throws -> [[String: Any]] {
        guard let list = value as? [[String: Any]] else { throw Unreadable(description: "\(name) is not a list") }
        return list
    }
}
