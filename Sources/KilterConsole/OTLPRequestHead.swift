import Hummingbird
import KilterIntake

/// What the header of an OTLP/HTTP request says of its body.
package struct OTLPRequestHead: Equatable, Sendable {
    package let signal: OTLPSignal
    package let encoding: PayloadEncoding
    /// Nil for a body that comes as it is.
    package let compression: Compression?

    /// Reads the header; throws what to answer when the request cannot be one of ours, before any of its body is read.
    /// - Parameters:
    ///   - bytesMax: bytes a body may have.
    ///   - answersAnyName: whether the request may be addressed to any name, because other machines are let in.
    package init(_ head: HTTPRequest, bytesMax: Int, answersAnyName: Bool = false) throws(OTLPRefusal) {
        let encoding = Self.encoding(head.headerFields[.contentType])
        do throws(OTLPRefusal) {
            guard answersAnyName || LoopbackHosts.admit(head.authority) else { throw OTLPRefusal.misdirected }
            signal = try Self.signal(head.path ?? "")
            guard head.method == .post else { throw OTLPRefusal.method }
            guard let encoding else { throw OTLPRefusal.mediaType }
            self.encoding = encoding
            compression = try Self.compression(head.headerFields[.contentEncoding])
            if let declared = head.headerFields[.contentLength], (Int(declared) ?? .max) > bytesMax {
                throw OTLPRefusal.tooLarge(bytesMax: bytesMax, inflated: false)
            }
        } catch {
            // The answer has the encoding of the request whatever else is wrong with it.
            throw error.with(encoding)
        }
    }

    /// The signal of a path, for counting; nil when it is none of ours.
    static func knownSignal(_ path: String) -> OTLPSignal? {
        switch path.prefix(while: { $0 != "?" }) {
        case "/v1/traces": .traces
        case "/v1/logs": .logs
        default: nil
        }
    }

    private static func signal(_ path: String) throws(OTLPRefusal) -> OTLPSignal {
        if let signal = knownSignal(path) { return signal }
        if path.hasPrefix("/v1/metrics") { throw .path("Metrics are not taken here; send them elsewhere and spans to /v1/traces.") }
        throw .path("Nothing is taken at this path; spans go to /v1/traces, log records to /v1/logs.")
    }

    /// Nil where it is none of the two. Parameters such as `charset` change nothing: JSON is UTF-8 and protobuf has none.
    private static func encoding(_ contentType: String?) -> PayloadEncoding? {
        let type = contentType.map { $0.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" } }
        switch type {
        case "application/x-protobuf", "application/protobuf": return .protobuf
        case "application/json": return .json
        default: return nil
        }
    }

    private static func compression(_ contentEncoding: String?) throws(OTLPRefusal) -> Compression? {
        switch contentEncoding?.lowercased().filter({ $0 != " " && $0 != "\t" }) {
        case nil, "", "identity": return nil
        case "gzip", "x-gzip": return .gzip
        case "zstd": return .zstd
        default: throw .contentEncoding
        }
    }
}
