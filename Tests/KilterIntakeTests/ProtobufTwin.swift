import Foundation

/// The protobuf form of a request that is given as OTLP/JSON: what an exporter of the other encoding would have sent.
enum ProtobufTwin {
    static func request(_ json: some StringProtocol) throws -> [UInt8] {
        let root = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
        return list(root["resourceSpans"]).flatMap { Wire.field(1, resourceSpans($0)) }
    }

    private static func list(_ value: Any?) -> [[String: Any]] { value as? [[String: Any]] ?? [] }

    private static func number(_ value: Any?) -> UInt64 {
        if let text = value as? String { return UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) } ?? 0 }
        return (value as? NSNumber).map { UInt64(bitPattern: $0.int64Value) } ?? 0
    }

    private static func hex(_ value: Any?) -> [UInt8] {
        let digits = Array((value as? String ?? "").utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).map {
            UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16) ?? 0
        }
    }

    private static func resourceSpans(_ from: [String: Any]) -> [UInt8] {
        let resource = from["resource"] as? [String: Any] ?? [:]
        return Wire.field(1, attributes(1, resource["attributes"]))
            + list(from["scopeSpans"]).flatMap { scopeSpans in
                let scope = scopeSpans["scope"] as? [String: Any] ?? [:]
                let name = Wire.field(1, Wire.text(1, scope["name"] as? String ?? ""))
                return Wire.field(2, name + list(scopeSpans["spans"]).flatMap { Wire.field(2, span($0)) })
            }
    }

    private static func span(_ from: [String: Any]) -> [UInt8] {
        var bytes = Wire.field(1, hex(from["traceId"])) + Wire.field(2, hex(from["spanId"]))
        bytes += Wire.field(4, hex(from["parentSpanId"])) + Wire.text(5, from["name"] as? String ?? "")
        bytes += [0x30] + Wire.varint(number(from["kind"]))
        bytes += Wire.fixed(7, number(from["startTimeUnixNano"])) + Wire.fixed(8, number(from["endTimeUnixNano"]))
        bytes += attributes(9, from["attributes"])
        for event in list(from["events"]) {
            bytes += Wire.field(11, Wire.text(2, event["name"] as? String ?? "") + attributes(3, event["attributes"]))
        }
        for link in list(from["links"]) {
            bytes += Wire.field(13, Wire.field(1, hex(link["traceId"])) + Wire.field(2, hex(link["spanId"])))
        }
        let status = from["status"] as? [String: Any] ?? [:]
        return bytes + Wire.field(15, Wire.text(2, status["message"] as? String ?? "") + [0x18] + Wire.varint(number(status["code"])))
    }

    private static func attributes(_ field: UInt64, _ from: Any?) -> [UInt8] {
        list(from).flatMap { Wire.field(field, keyValue($0)) }
    }

    private static func keyValue(_ from: [String: Any]) -> [UInt8] {
        Wire.attribute(from["key"] as? String ?? "", value(from["value"]))
    }

    private static func value(_ from: Any?) -> [UInt8] {
        guard let member = (from as? [String: Any])?.first else { return [] }
        switch member.key {
        case "stringValue": return Wire.text(1, member.value as? String ?? "")
        case "boolValue": return [0x10, (member.value as? NSNumber)?.boolValue == true ? 1 : 0]
        case "intValue": return [0x18] + Wire.varint(number(member.value))
        case "doubleValue": return Wire.fixed(4, ((member.value as? NSNumber)?.doubleValue ?? 0).bitPattern)
        case "bytesValue": return Wire.field(7, Array(Data(base64Encoded: member.value as? String ?? "") ?? Data()))
        case "arrayValue": return Wire.field(5, values(member.value).flatMap { Wire.field(1, value($0)) })
        case "kvlistValue": return Wire.field(6, values(member.value).flatMap { Wire.field(1, keyValue($0)) })
        default: return []
        }
    }

    private static func values(_ from: Any) -> [[String: Any]] { list((from as? [String: Any])?["values"]) }
}
