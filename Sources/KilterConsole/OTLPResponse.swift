import Hummingbird
import KilterEngine
import KilterIntake

/// Why a request got no 200: status, a sentence, and what else the protocol wants in the header.
///
/// Clients send again after 429, 502, 503 and 504 only (OTLP specification, OTLP/HTTP response), so a status of that kind
/// means: nothing of the request was taken, and it may be later.
package struct OTLPRefusal: Error, Equatable, Sendable {
    package var status: HTTPResponse.Status
    package var message: String
    package var headers: HTTPFields = [:]
    /// Of `google.rpc.Code`; clients do not rely on it.
    package var code: Int32
    /// The encoding of the request, which its answer has too; nil while unknown, then the answer is plain text.
    package var encoding: PayloadEncoding?

    package init(_ status: HTTPResponse.Status, _ message: String, code: Int32, headers: HTTPFields = [:]) {
        self.status = status
        self.message = message
        self.code = code
        self.headers = headers
    }

    func with(_ encoding: PayloadEncoding?) -> OTLPRefusal {
        var refusal = self
        refusal.encoding = encoding
        return refusal
    }

    private static let invalidArgument: Int32 = 3
    private static let notFound: Int32 = 5
    private static let unimplemented: Int32 = 12
    private static let unavailable: Int32 = 14

    static let misdirected = OTLPRefusal(.misdirectedRequest, LoopbackHosts.refusal, code: invalidArgument)

    static func path(_ message: String) -> OTLPRefusal { OTLPRefusal(.notFound, message, code: notFound) }

    static let method = OTLPRefusal(
        .methodNotAllowed, "Only POST is taken here.", code: unimplemented, headers: [.allow: "POST"])

    static let mediaType = OTLPRefusal(
        .unsupportedMediaType, "The Content-Type must be application/x-protobuf or application/json.", code: invalidArgument)

    static let contentEncoding = OTLPRefusal(
        .unsupportedMediaType, "The Content-Encoding must be gzip, zstd or identity.", code: invalidArgument,
        headers: [.acceptEncoding: "gzip, zstd, identity"])

    static func tooLarge(bytesMax: Int, inflated: Bool) -> OTLPRefusal {
        let when = inflated ? " after decompression" : ""
        return OTLPRefusal(
            .contentTooLarge, "The request has more than \(bytesMax) bytes\(when); send smaller batches.", code: invalidArgument)
    }

    static func malformed(_ reason: String) -> OTLPRefusal {
        OTLPRefusal(.badRequest, "This cannot be taken: \(reason).", code: invalidArgument)
    }

    static let cut = OTLPRefusal(.badRequest, "The body ended before it was complete.", code: invalidArgument)

    static func busy(_ what: String) -> OTLPRefusal {
        OTLPRefusal(.serviceUnavailable, "\(what); send the request again.", code: unavailable, headers: [.retryAfter: "1"])
    }
}

/// The answers of OTLP/HTTP as bytes: `ExportTraceServiceResponse`, `ExportLogsServiceResponse` and `google.rpc.Status`,
/// in the encoding of the request.
package enum OTLPResponse {
    /// The body of a 200. Both signals have the same fields on the wire; their JSON names differ.
    /// - Parameters:
    ///   - rejected: records that were not taken.
    ///   - message: why; or, with none rejected, a warning.
    package static func success(
        _ signal: OTLPSignal, _ encoding: PayloadEncoding, rejected: UInt64 = 0, message: String? = nil
    ) -> [UInt8] {
        let isWhole = rejected == 0 && (message ?? "").isEmpty
        switch encoding {
        case .protobuf:
            if isWhole { return [] }
            var partial = ProtobufBytes()
            partial.write(field: 1, rejected)
            partial.write(field: 2, Array((message ?? "").utf8))
            var response = ProtobufBytes()
            response.write(field: 1, partial.bytes)
            return response.bytes
        case .json:
            if isWhole { return Array("{}".utf8) }
            let name = signal == .traces ? "rejectedSpans" : "rejectedLogRecords"
            // 64-bit integers are strings in the JSON mapping of protobuf.
            let count = rejected == 0 ? "" : "\"\(name)\":\"\(rejected)\","
            return Array("{\"partialSuccess\":{\(count)\"errorMessage\":\(quoted(message ?? ""))}}".utf8)
        }
    }

    /// `google.rpc.Status`: field 1 `code`, field 2 `message`.
    package static func status(_ encoding: PayloadEncoding, code: Int32, message: String) -> [UInt8] {
        switch encoding {
        case .protobuf:
            var status = ProtobufBytes()
            status.write(field: 1, UInt64(UInt32(bitPattern: code)))
            status.write(field: 2, Array(message.utf8))
            return status.bytes
        case .json:
            return Array("{\"code\":\(code),\"message\":\(quoted(message))}".utf8)
        }
    }

    package static func contentType(_ encoding: PayloadEncoding) -> String {
        encoding == .json ? "application/json" : "application/x-protobuf"
    }

    /// A JSON string. Beyond what JSON demands, everything outside printable ASCII is escaped.
    private static func quoted(_ text: String) -> String {
        var out = "\""
        for unit in text.utf16 {
            switch unit {
            case 0x22: out += "\\\""
            case 0x5c: out += "\\\\"
            case 0x20...0x7e: out.unicodeScalars.append(Unicode.Scalar(UInt8(truncatingIfNeeded: unit)))
            default:
                let hex = String(unit, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            }
        }
        return out + "\""
    }
}

/// The few shapes of the protobuf wire format that answers need. Default values are left out.
private struct ProtobufBytes {
    private(set) var bytes: [UInt8] = []

    mutating func write(field: UInt8, _ value: UInt64) {
        guard value != 0 else { return }
        bytes.append(field << 3)
        varint(value)
    }

    mutating func write(field: UInt8, _ value: [UInt8]) {
        guard !value.isEmpty else { return }
        bytes.append(field << 3 | 2)
        varint(UInt64(value.count))
        bytes += value
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
