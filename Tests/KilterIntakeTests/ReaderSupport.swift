import Foundation
import KilterIntake
import KilterVocabulary

/// A row with its names spelled out, for comparison across batches.
struct Shown: Equatable, CustomStringConvertible {
    var row: SpanRecord
    var names: [String: String]

    init(_ row: SpanRecord, in batch: SpanBatch) {
        func name(_ reference: StringRef) -> String { reference == 0 ? "" : batch.strings.string(reference) }
        self.row = row
        names = [
            "tenant": name(row.tenant), "environment": name(row.environment), "service": name(row.service),
            "agent": name(row.agent), "version": name(row.agentVersion), "conversation": name(row.conversation),
            "workflow": name(row.workflow), "tool": name(row.tool), "model": name(row.model),
            "response": name(row.responseModel), "provider": name(row.provider), "error": name(row.errorType),
            "sender": name(row.sender), "department": name(row.department),
            "ending": name(row.finishReason),
        ]
    }

    subscript(_ name: String) -> String { names[name] ?? "?" }

    private var figures: [UInt64] {
        [
            row.trace.high, row.trace.low, row.span, row.parent, row.startNanoseconds, row.endNanoseconds,
            row.arguments.high, row.arguments.low, row.result.high, row.result.low, row.messageDigest,
            row.argumentsSketch.bins, row.resultSketch.bins,
            row.messageSimilarity, row.errorDigest, row.responseID, row.callID, UInt64(row.inputTokens),
            UInt64(row.outputTokens), UInt64(row.cacheReadTokens), UInt64(row.cacheWriteTokens),
            UInt64(row.reasoningTokens), UInt64(row.firstTokenMicroseconds), UInt64(row.argumentsCharacters), UInt64(row.resultCharacters),
            UInt64(row.messageCharacters), UInt64(row.kind.rawValue), UInt64(row.flags.rawValue),
            UInt64(row.firstAssessment), UInt64(row.assessmentCount),
            row.answer.digest, row.answer.prompt, UInt64(row.answer.tailBytes), UInt64(row.answer.tailRepeats),
            UInt64(row.answer.kind.rawValue),
        ]
    }

    static func == (a: Shown, b: Shown) -> Bool { a.figures == b.figures && a.names == b.names }

    var description: String {
        "\(row.kind.name) \(names.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }) \(figures)"
    }
}

/// What one payload became.
struct Decoded {
    var batch: SpanBatch

    init(_ payload: some Collection<UInt8>, _ encoding: PayloadEncoding, signal: OTLPSignal = .traces) {
        var decoder = RequestDecoder()
        batch = SpanBatch()
        decoder.decode(copying: payload, signal: signal, encoding: encoding, into: &batch)
    }

    init(json: String, signal: OTLPSignal = .traces) { self.init(Array(json.utf8), .json, signal: signal) }

    var rows: [Shown] { batch.rows.map { Shown($0, in: batch) } }
    func quarantined(_ reason: QuarantineReason) -> UInt64 { batch.quarantined[Int(reason.rawValue)] }
    func noted(_ note: Note) -> UInt64 { batch.notes[Int(note.rawValue)] }
    /// The only reason for which anything was refused, if it is the only one.
    var refusal: QuarantineReason? {
        let seen = QuarantineReason.allCases.filter { quarantined($0) > 0 }
        return seen.count == 1 ? seen[0] : nil
    }
}

/// Builds requests of OTLP/JSON. Values of attributes are given as JSON text of an AnyValue.
enum Build {
    static let trace = "00112233445566778899aabbccddeeff"

    static func text(_ value: String) -> String {
        let data = try? JSONSerialization.data(withJSONObject: [value])
        let array = data.map { String(decoding: $0, as: UTF8.self) } ?? "[\"\"]"
        return "{\"stringValue\":\(array.dropFirst().dropLast())}"
    }

    static func int(_ value: Int64) -> String { "{\"intValue\":\"\(value)\"}" }

    static func attributes(_ list: [(String, String)]) -> String {
        "[" + list.map { "{\"key\":\"\($0.0)\",\"value\":\($0.1)}" }.joined(separator: ",") + "]"
    }

    static func span(
        _ attributes: [(String, String)], name: String = "work", parent: String = "0102030405060708", extra: String = ""
    ) -> String {
        "{\"traceId\":\"\(trace)\",\"spanId\":\"00f067aa0ba902b7\",\"parentSpanId\":\"\(parent)\",\"name\":\"\(name)\","
            + "\"startTimeUnixNano\":\"1790000000000000001\",\"endTimeUnixNano\":\"1790000000500000002\","
            + "\"attributes\":\(self.attributes(attributes))\(extra)}"
    }

    static func request(_ spans: [String], resource: [(String, String)] = [], scope: String = "s") -> String {
        "{\"resourceSpans\":[{\"resource\":{\"attributes\":\(attributes(resource))},\"scopeSpans\":[{\"scope\":{\"name\":\"\(scope)\"},"
            + "\"spans\":[\(spans.joined(separator: ","))]}]}]}"
    }

    /// The row of one span with these attributes.
    static func row(
        _ list: [(String, String)], name: String = "work", parent: String = "0102030405060708", extra: String = "",
        resource: [(String, String)] = [], scope: String = "s"
    ) -> Shown? {
        Decoded(json: request([span(list, name: name, parent: parent, extra: extra)], resource: resource, scope: scope)).rows.first
    }
}

/// Files beside the sources.
enum Package {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func frame(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: root.appendingPathComponent("Fixtures/Frames/\(name)")))
    }
}
