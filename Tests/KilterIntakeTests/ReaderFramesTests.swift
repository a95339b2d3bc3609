import KilterIntake
import KilterVocabulary
import Testing

@Suite struct ReaderFramesTests {
    private func read(_ frames: [[UInt8]]) -> Result<Envelope, Refusal> {
        var buffers: [UnsafeMutableBufferPointer<UInt8>] = []
        for frame in frames {
            let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: frame.count)
            _ = buffer.initialize(from: frame)
            buffers.append(buffer)
        }
        defer { for buffer in buffers { buffer.deallocate() } }
        do throws(Refusal) {
            return .success(try Envelope.read(buffers.map { UnsafeBufferPointer($0) }))
        } catch {
            return .failure(error)
        }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test func threeFrames() throws {
        let envelope = try read([bytes("traces.otlp_proto.eu.7"), [0, 0, 0, 0, 0, 0, 1, 2], [1]]).get()
        #expect(envelope.signal == .traces && envelope.encoding == .protobuf && envelope.encodingIsDeclared)
        #expect(envelope.sequence == 258 && envelope.payloadFrame == 2)
        #expect(envelope.suffix == 18..<22)
    }

    @Test func emptyHeaderIsNoSequence() throws {
        let envelope = try read([bytes("traces.otlp_json"), [], [0x7b]]).get()
        #expect(envelope.sequence == nil && envelope.encoding == .json && envelope.suffix.isEmpty)
        #expect(try read([bytes("traces.otlp_json."), [0x7b]]).get().payloadFrame == 1)
        #expect(try read([bytes("traces.otlp_json"), [UInt8](repeating: 0xff, count: 8), []]).get().sequence == .max)
    }

    @Test func logs() throws {
        let envelope = try read([bytes("logs.otlp_json.eu"), [], [0x7b]]).get()
        #expect(envelope.signal == .logs && envelope.encoding == .json && envelope.suffix == 15..<17)
        #expect(try read([bytes("logs.otlp_proto"), []]).get().signal == .logs)
    }

    @Test(
        arguments: [
            ([], QuarantineReason.malformedFrames), (["a", "b", "c", "d"], .malformedFrames),
            (["traces.otlp_json", "1234567", "{}"], .malformedFrames), (["traces.otlp_json", "123456789", "{}"], .malformedFrames),
            (["log.otlp_json", "{}"], .unsupportedSignal), (["metrics.otlp_proto", ""], .unsupportedSignal),
            (["trace.otlp_json", "{}"], .unsupportedSignal), (["", "{}"], .unsupportedSignal),
            (["tracesotlp_json", "{}"], .unsupportedSignal),
            (["traces", "{}"], .unsupportedEncoding), (["traces.", "{}"], .unsupportedEncoding),
            (["traces.json", "{}"], .unsupportedEncoding),
            (["traces.otlp_protobuf", "{}"], .unsupportedEncoding), (["traces.OTLP_JSON", "{}"], .unsupportedEncoding),
        ] as [([String], QuarantineReason)])
    func refusals(_ frames: [String], _ reason: QuarantineReason) {
        #expect(read(frames.map(bytes)) == .failure(Refusal(reason)))
    }

    @Test func aLonePayloadIsRecognisedByItsFirstByte() throws {
        for text in ["{}", " \n\t{ \"resourceSpans\":[]} ", "\u{feff}{}", "{\"a\"", "\n{}"] {
            #expect(try read([bytes(text)]).get().encoding == .json, "\(text)")
        }
        let fixture = try Package.frame("dialects.good.bin")
        for payload in [
            [], [0x0a], fixture, [0x0a, 0x7b, 0x0a, 0x22] + [UInt8](repeating: 1, count: 121), bytes("  "), [0xef, 0xbb, 0xbf],
        ] {
            let envelope = try read([payload]).get()
            #expect(envelope.encoding == .protobuf && !envelope.encodingIsDeclared && envelope.payloadFrame == 0)
        }
    }
}
