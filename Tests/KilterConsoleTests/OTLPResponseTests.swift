import KilterConsole
import KilterIntake
import Testing

@Suite("Answers of OTLP/HTTP")
struct OTLPResponseTests {
    @Test("A whole success is empty in protobuf and an empty object in JSON", arguments: [OTLPSignal.traces, .logs])
    func success(signal: OTLPSignal) {
        #expect(OTLPResponse.success(signal, .protobuf).isEmpty)
        #expect(OTLPResponse.success(signal, .json) == Array("{}".utf8))
    }

    @Test("Partial success in protobuf: field 1, in it count and sentence")
    func partialProtobuf() {
        // Checked with the official package: ExportTraceServiceResponse(partial_success=(300, "no id")).
        let expected: [UInt8] = [0x0a, 0x0a, 0x08, 0xac, 0x02, 0x12, 0x05] + Array("no id".utf8)
        #expect(OTLPResponse.success(.traces, .protobuf, rejected: 300, message: "no id") == expected)
        #expect(OTLPResponse.success(.logs, .protobuf, rejected: 300, message: "no id") == expected)
        // A count of the largest size does not trap.
        #expect(OTLPResponse.success(.traces, .protobuf, rejected: .max).count == 2 + 1 + 10)
    }

    @Test("Partial success in JSON: the count is a string, its name that of the signal")
    func partialJSON() {
        func text(_ signal: OTLPSignal, _ rejected: UInt64, _ message: String) -> String {
            String(decoding: OTLPResponse.success(signal, .json, rejected: rejected, message: message), as: UTF8.self)
        }
        #expect(text(.traces, 3, "no id") == #"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"no id"}}"#)
        #expect(text(.logs, 3, "no id") == #"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no id"}}"#)
        #expect(text(.traces, 0, "careful") == #"{"partialSuccess":{"errorMessage":"careful"}}"#)
    }

    @Test("Status: code and sentence, whatever the sentence holds")
    func status() {
        #expect(OTLPResponse.status(.protobuf, code: 3, message: "no") == [0x08, 3, 0x12, 2] + Array("no".utf8))
        let text = String(decoding: OTLPResponse.status(.json, code: 3, message: "a\"b\\c\n\u{202e}é😀"), as: UTF8.self)
        #expect(text == #"{"code":3,"message":"a\"b\\c\u000a\u202e\u00e9\ud83d\ude00"}"#)
    }
}
