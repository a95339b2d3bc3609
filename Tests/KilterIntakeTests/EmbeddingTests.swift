import KilterIntake
import KilterMath
import KilterVocabulary
import Testing

@Suite("Embeddings on spans")
struct EmbeddingTests {
    static func span(_ number: Int, _ value: String, operation: String = "chat") -> String {
        let id = String(repeating: "0", count: 14) + (number < 16 ? "0" : "") + String(number, radix: 16)
        return """
            {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"\(id)","name":"x","kind":3,"startTimeUnixNano":"1000","endTimeUnixNano":"2000",
             "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"\(operation)"}},{"key":"kilter.embedding","value":\(value)}]}
            """
    }

    static func request(_ spans: [String]) -> String {
        "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[\(spans.joined(separator: ","))]}]}]}"
    }

    static func array(_ numbers: [String]) -> String {
        "{\"arrayValue\":{\"values\":[\(numbers.map { "{\"doubleValue\":\($0)}" }.joined(separator: ","))]}}"
    }

    static func numbers(_ count: Int, _ seed: Int) -> [String] {
        (0..<count).map { "\(Double((($0 + 3) * (seed + 7) * 2_654_435 + $0 * $0 * 97) % 20_001 - 10_000) / 10_000)" }
    }

    @Test("Both encodings give the same sixteen numbers, of unit length whatever was sent")
    func bothEncodings() throws {
        let spans = (1...30).map { Self.span($0, Self.array(Self.numbers($0 % 3 == 0 ? 24 : 384, $0))) }
        let json = Self.request(spans)
        let read = Decoded(json: json), twin = Decoded(try ProtobufTwin.request(json), .protobuf)
        #expect(read.batch.rows.count == 30 && read.batch.embeddings.count == 30)
        #expect(read.batch.embeddings == twin.batch.embeddings)
        for (number, row) in read.batch.rows.enumerated() {
            let embedding = try #require(read.batch.embedding(of: row))
            #expect(embedding.dimensions == ((number + 1) % 3 == 0 ? 24 : 384))
            let length = (0..<16).reduce(0.0) { $0 + Double(embedding.projected[$1] * embedding.projected[$1]) } / 16
            #expect(length > 0.2 && length < 4)
        }
        // One by one, too.
        for (number, span) in spans.enumerated() {
            #expect(Decoded(json: Self.request([span])).batch.embeddings == [read.batch.embeddings[number]])
        }
    }

    @Test("Longer or shorter, the direction counts; whole numbers, exponents and plain arrays are numbers, too")
    func forms() {
        let forms = [
            Self.array(["0.5", "-0.25", "1"]), Self.array(["5e-1", "-2.5E-1", "1.0"]), Self.array(["50", "-25", "100"]), "[0.5,-0.25,1]",
            "{\"arrayValue\":{\"values\":[{\"doubleValue\":0.5},{\"doubleValue\":-0.25},{\"intValue\":\"1\"}]}}",
            "{ \"arrayValue\" : { \"values\" : [ { \"doubleValue\" : 0.5000000000000000000000 }, { \"doubleValue\" : -0.25 }, { \"intValue\" : 1 } ] } }",
        ]
        let read = forms.map { Decoded(json: Self.request([Self.span(1, $0)])).batch.embeddings }
        #expect(read[0].first?.dimensions == 3)
        for one in read { #expect(one == read[0]) }
    }

    @Test("What is no vector of at most 4,096 finite numbers is counted and left out, and the span stays")
    func refused() {
        let bad = [
            Self.array([]), Self.array(["0", "0"]), Self.array(["1e300", "1"]), "{\"stringValue\":\"[0.5,1]\"}", "{\"doubleValue\":1}",
            "{\"arrayValue\":{\"values\":[{\"stringValue\":\"0.5\"}]}}", "{\"arrayValue\":{\"values\":[{\"boolValue\":true}]}}",
            "{\"kvlistValue\":{\"values\":[{\"key\":\"a\",\"value\":{\"doubleValue\":1}}]}}", Self.array(Self.numbers(4_097, 1)),
        ]
        for value in bad {
            let batch = Decoded(json: Self.request([Self.span(1, value)])).batch
            #expect(batch.rows.count == 1 && batch.embeddings.isEmpty && batch.rows[0].embedding == 0, "\(value.prefix(60))")
            #expect(batch.notes[Int(Note.embeddingUnreadable.rawValue)] == 1, "\(value.prefix(60))")
        }
        #expect(Decoded(json: Self.request([Self.span(1, Self.array(Self.numbers(4_096, 1)))])).batch.embeddings.count == 1)
        // On other spans than model calls it says nothing that is known.
        let tool = Decoded(json: Self.request([Self.span(1, Self.array(["1", "2"]), operation: "execute_tool")])).batch
        #expect(tool.embeddings.isEmpty && tool.notes[Int(Note.embeddingUnreadable.rawValue)] == 0)
    }
}
