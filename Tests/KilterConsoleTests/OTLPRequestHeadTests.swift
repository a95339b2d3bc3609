import Hummingbird
import KilterConsole
import KilterIntake
import Testing

@Suite("Headers of OTLP/HTTP requests")
struct OTLPRequestHeadTests {
    private func head(
        _ path: String = "/v1/traces", _ method: HTTPRequest.Method = .post, host: String? = "localhost:4318",
        type: String? = "application/x-protobuf", coding: String? = nil, length: String? = nil
    ) -> HTTPRequest {
        var request = HTTPRequest(method: method, scheme: "http", authority: host, path: path)
        request.headerFields[.contentType] = type
        request.headerFields[.contentEncoding] = coding
        request.headerFields[.contentLength] = length
        return request
    }

    /// The status of a refusal, 200 where the header is accepted.
    private func status(_ request: HTTPRequest) -> Int {
        do throws(OTLPRefusal) {
            _ = try OTLPRequestHead(request, bytesMax: 1_000)
            return 200
        } catch {
            #expect(error.message.last == ".", "an answer is a sentence: \(error.message)")
            return error.status.code
        }
    }

    @Test("Paths and methods")
    func paths() throws {
        #expect(try OTLPRequestHead(head("/v1/traces?x=1"), bytesMax: 9).signal == .traces)
        #expect(try OTLPRequestHead(head("/v1/logs"), bytesMax: 9).signal == .logs)
        var named = head("/v1/logs")
        named.authority = "kilter.monitoring.svc:4318"
        #expect(throws: OTLPRefusal.self) { try OTLPRequestHead(named, bytesMax: 9) }
        #expect(try OTLPRequestHead(named, bytesMax: 9, answersAnyName: true).signal == .logs)
        for path in ["/", "", "/v1/metrics", "/v1/traces/", "/V1/traces", "/v1development/profiles", "/v1/traces%20"] {
            #expect(status(head(path)) == 404, "\(path)")
        }
        for method in [HTTPRequest.Method.get, .head, .put, .delete, .options, .patch, .trace] {
            #expect(status(head("/v1/traces", method)) == 405, "\(method)")
        }
        #expect(throws: OTLPRefusal.self) { try OTLPRequestHead(head("/v1/logs", .get), bytesMax: 9) }
    }

    @Test("Content types, with parameters and in any case")
    func contentTypes() throws {
        for type in ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8", "application/json ;x"] {
            #expect(try OTLPRequestHead(head(type: type), bytesMax: 9).encoding == .json)
        }
        for type in ["application/x-protobuf", "Application/X-Protobuf;proto=a", "application/protobuf"] {
            #expect(try OTLPRequestHead(head(type: type), bytesMax: 9).encoding == .protobuf)
        }
        for type in [nil, "", "text/plain", "application/jsonl", "application/x-www-form-urlencoded", "multipart/form-data", ";"] {
            #expect(status(head(type: type)) == 415, "\(type ?? "none")")
        }
    }

    @Test("Content codings")
    func contentCodings() throws {
        for (coding, compression) in [("gzip", Compression.gzip), ("GZIP", .gzip), ("x-gzip", .gzip), ("zstd", .zstd)] {
            #expect(try OTLPRequestHead(head(coding: coding), bytesMax: 9).compression == compression)
        }
        for coding in [nil, "", "identity"] { #expect(try OTLPRequestHead(head(coding: coding), bytesMax: 9).compression == nil) }
        for coding in ["br", "deflate", "gzip, gzip", "gzip;q=1"] { #expect(status(head(coding: coding)) == 415, "\(coding)") }
    }

    @Test("Lengths that are declared")
    func lengths() {
        #expect(status(head(length: "1000")) == 200)
        for length in ["1001", "99999999999999999999999", "-1", "x"] where length != "-1" {
            #expect(status(head(length: length)) == 413, "\(length)")
        }
    }

    @Test("Only names of this machine are answered to")
    func hosts() {
        for host in ["localhost:4318", "127.0.0.1:4318", "127.0.0.1", "[::1]:4318", "LOCALHOST"] {
            #expect(status(head(host: host)) == 200)
        }
        for host in [
            "evil.example", "127.0.0.1.evil.example", "127.0.0.2:4318", "", "[::2]:4318", "localhost:1@evil.example", "[::1]evil.example",
            "[[::1]", nil,
        ] {
            #expect(status(head(host: host)) == 421, "\(host ?? "none")")
        }
    }
}
