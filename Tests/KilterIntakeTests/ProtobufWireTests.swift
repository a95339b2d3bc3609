import KilterIntake
import KilterVocabulary
import Testing

/// Writes the protobuf wire format by hand, so that odd but legal messages can be made.
enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest > 0x7f {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static func field(_ number: UInt64, _ content: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(content.count)) + content
    }

    static func text(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
    static func fixed(_ number: UInt64, _ value: UInt64) -> [UInt8] {
        varint(number << 3 | 1) + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    static func attribute(_ key: String, _ value: [UInt8]) -> [UInt8] { text(1, key) + field(2, value) }

    static let ids = field(1, (1...16).map { UInt8($0) }) + field(2, (1...8).map { UInt8($0) })
    static func span(_ attributes: [[UInt8]], ids: [UInt8] = ids) -> [UInt8] {
        ids + text(5, "work") + fixed(7, 1) + fixed(8, 2) + attributes.flatMap { field(9, $0) }
    }

    static func request(_ spans: [[UInt8]]) -> [UInt8] { field(1, field(2, spans.flatMap { field(2, $0) })) }
}

@Suite struct ProtobufWireTests {
    @Test(arguments: ["dialects", "resource-after-spans", "split-values"])
    func bothEncodingsGiveTheSameRows(_ name: String) throws {
        let protobuf = Decoded(try Package.frame("\(name).good.bin"), .protobuf)
        let json = Decoded(try Package.frame("\(name).good.json"), .json)
        #expect(!protobuf.rows.isEmpty && protobuf.refusal == nil && json.refusal == nil)
        #expect(protobuf.rows == json.rows)
        #expect(protobuf.batch.notes == json.batch.notes)
        #expect(protobuf.batch.quarantined.allSatisfy { $0 == 0 } && json.batch.quarantined.allSatisfy { $0 == 0 })
    }

    @Test(arguments: [
        ("truncated", QuarantineReason.malformedProtobuf), ("length-beyond-end", .malformedProtobuf), ("group", .malformedProtobuf),
        ("field-zero", .malformedProtobuf), ("endless-varint", .malformedProtobuf), ("logs", .notOTLP),
    ])
    func badFramesAreOneRefusal(_ frame: (String, QuarantineReason)) throws {
        let decoded = Decoded(try Package.frame("\(frame.0).bad.bin"), .protobuf)
        #expect(decoded.rows.isEmpty && decoded.batch.received == 1 && decoded.refusal == frame.1)
    }

    @Test func whatComesBehindTheSpansStillCounts() throws {
        let row = Decoded(try Package.frame("resource-after-spans.good.bin"), .protobuf).rows.first
        #expect(row?["service"] == "late" && row?["environment"] == "test" && row?["agent"] == "writer")
    }

    @Test func splitValuesAreMerged() throws {
        let row = Decoded(try Package.frame("split-values.good.bin"), .protobuf).rows.first
        let whole = Build.row([
            ("gen_ai.operation.name", Build.text("execute_tool")), ("gen_ai.tool.name", Build.text("t")),
            ("gen_ai.tool.call.arguments", Build.text(#"{"b":"2","a":"1"}"#)),
        ])
        #expect(row?.row.arguments.isKnown == true && row?.row.arguments == whole?.row.arguments)
    }

    @Test func unknownFieldsAndUnexpectedWireTypesAreSkipped() {
        let odd =
            Wire.varint(99 << 3) + [7] + Wire.varint(98 << 3 | 5) + [1, 2, 3, 4] + Wire.fixed(97, 9)
            + Wire.text(96, "x") + Wire.varint(9 << 3) + [5]
        let plain = Decoded(Wire.request([Wire.span([])]), .protobuf)
        let decoded = Decoded(Wire.request([Wire.span([]) + odd]) + odd, .protobuf)
        #expect(plain.rows.count == 1 && plain.rows == decoded.rows)
    }

    @Test func theLastMemberOfAOneofWins() {
        let value = Wire.text(1, "first") + [0x18, 0x05] + Wire.text(1, "second")
        let decoded = Decoded(Wire.request([Wire.span([Wire.attribute("gen_ai.agent.name", value)])]), .protobuf)
        #expect(decoded.rows.first?["agent"] == "second")
        let number = Wire.text(1, "7") + [0x18, 0x05]
        let tokens = Decoded(Wire.request([Wire.span([Wire.attribute("gen_ai.usage.input_tokens", number)])]), .protobuf)
        #expect(tokens.rows.first?.row.inputTokens == 5)
    }

    @Test func overlongVarintsAreReadAsTheirValue() {
        let value: [UInt8] = [0x18, 0x85, 0x80, 0x80, 0x00]
        let decoded = Decoded(Wire.request([Wire.span([Wire.attribute("gen_ai.usage.input_tokens", value)])]), .protobuf)
        #expect(decoded.rows.first?.row.inputTokens == 5)
    }

    @Test func aBadSpanGoesAloneAndTheOthersStay() {
        let good = Wire.span([])
        let badText = Wire.span([Wire.attribute("gen_ai.tool.name", Wire.field(1, [0xc3, 0x28]))])
        let badName = Wire.ids + Wire.field(5, [0xff])
        let shortTrace = Wire.span([], ids: Wire.field(1, [1, 2, 3]) + Wire.field(2, (1...8).map { UInt8($0) }))
        let zeroSpan = Wire.span([], ids: Wire.field(1, (1...16).map { UInt8($0) }) + Wire.field(2, [UInt8](repeating: 0, count: 8)))
        let badParent = Wire.span([]) + Wire.field(4, [1, 2, 3])
        let crowd = Wire.span((0...Limits.attributesMax).map { Wire.attribute("k\($0)", [0x18, 1]) })
        let decoded = Decoded(Wire.request([good, badText, badName, shortTrace, zeroSpan, badParent, crowd, good]), .protobuf)
        #expect(decoded.rows.count == 2 && decoded.batch.received == 8)
        #expect(decoded.quarantined(.invalidUTF8) == 2 && decoded.quarantined(.invalidTraceID) == 1)
        #expect(decoded.quarantined(.invalidSpanID) == 2 && decoded.quarantined(.tooManyAttributes) == 1)
    }

    @Test func badTextInAResourceRefusesItsSpans() {
        let resource = Wire.field(1, Wire.field(1, Wire.attribute("service.name", Wire.field(1, [0x80]))))
        let bad = Wire.field(1, resource + Wire.field(2, Wire.field(2, Wire.span([]))))
        let decoded = Decoded(bad + Wire.request([Wire.span([])]), .protobuf)
        #expect(decoded.rows.count == 1 && decoded.refusal == .invalidUTF8 && decoded.batch.received == 2)
    }

    @Test func mostSpansWithoutTraceIdMeansAnotherSignal() {
        let bare = Wire.span([], ids: [])
        let few = Decoded(Wire.request([Wire.span([]), Wire.span([]), bare]), .protobuf)
        #expect(few.rows.count == 2 && few.refusal == .invalidTraceID)
        let most = Decoded(Wire.request([Wire.span([]), bare, bare]), .protobuf)
        #expect(most.rows.isEmpty && most.refusal == .notOTLP && most.batch.received == 1)
    }

    /// Copies stop at the end of a text, however plain the bytes behind it are.
    @Test func textBeforeMuchPlainText() {
        let filler = (0..<20_000).flatMap { _ in Wire.text(15, String(repeating: "x", count: 126)) }
        #expect(filler.allSatisfy { $0 >= 0x20 && $0 < 0x7f && $0 != 0x22 && $0 != 0x5c })
        let list = Wire.field(6, Wire.field(1, Wire.text(1, "key") + Wire.field(2, Wire.text(1, "value") + filler)))
        let decoded = Decoded(Wire.request([Wire.span([Wire.attribute("gen_ai.tool.call.arguments", list)])]), .protobuf)
        let text = Build.row([("gen_ai.tool.call.arguments", Build.text(#"{"key":"value"}"#))])?.row.arguments
        #expect(text?.isKnown == true && decoded.rows.first?.row.arguments == text)
    }

    /// Trees as deep as allowed are fingerprinted; one level more refuses the span, in both encodings.
    @Test(arguments: [(Limits.valueDepthMax, true), (Limits.valueDepthMax + 1, false), (200, false)])
    func depthOfTrees(_ depth: Int, _ isFine: Bool) {
        var value: [UInt8] = Wire.text(1, "leaf")
        var json = Build.text("leaf")
        var text = "\"leaf\""
        for _ in 0..<depth {
            value = Wire.field(5, Wire.field(1, value))
            json = "{\"arrayValue\":{\"values\":[\(json)]}}"
            text = "[\(text)]"
        }
        let key = "gen_ai.tool.call.arguments"
        let protobuf = Decoded(Wire.request([Wire.span([Wire.attribute(key, value)]), Wire.span([])]), .protobuf)
        let inJSON = Decoded(json: Build.request([Build.span([(key, json)]), Build.span([])]))
        #expect(protobuf.rows.count == (isFine ? 2 : 1) && inJSON.rows.count == (isFine ? 2 : 1))
        #expect(protobuf.refusal == (isFine ? nil : .tooDeep) && inJSON.refusal == (isFine ? nil : .tooDeep))
        let fromText = Build.row([(key, Build.text(text))])?.row.arguments
        #expect(fromText?.isKnown == true)
        if isFine { #expect(protobuf.rows[0].row.arguments == fromText && inJSON.rows[0].row.arguments == fromText) }
    }
}
