import KilterIntake
import KilterVocabulary
import Testing

/// Log records as the wire gives them: both encodings, ids and times, lenient spellings, bad records.
@Suite struct LogReadingTests {
    private func read(_ entries: LogEntry...) -> Decoded { LogRequest(entries: entries).fromWire }

    @Test func bothEncodingsGiveTheSameRows() {
        let request = LogRequest(entries: LogEntry.all)
        let (json, wire) = (request.fromJSON, request.fromWire)
        #expect(wire.rows.count == LogEntry.all.count && wire.batch.received == UInt64(LogEntry.all.count))
        #expect(json.rows == wire.rows && json.batch.notes == wire.batch.notes)
        #expect(json.said == wire.said && json.said.count == 2)
        #expect(wire.rows.map(\.row.kind) == [.assessment, .exception, .mark, .log, .log])
        #expect(Set(wire.rows.map(\.row.span)).count == LogEntry.all.count)
    }

    @Test func aRecordIsAboutItsTraceAndSpan() throws {
        let row = try #require(read(.evaluation).rows.first).row
        #expect(row.trace == TraceID(high: 0x0707_0707_0707_0707, low: 0x0707_0707_0707_0707))
        #expect(row.parent == 0x0909_0909_0909_0909 && row.span != 0 && row.flags == .logRecord)
        #expect(row.startNanoseconds == LogEntry.evaluation.time && row.endNanoseconds == LogEntry.evaluation.time)
    }

    @Test func aRecordWithoutTraceOrSpanIsFine() throws {
        let row = try #require(read(.plain).rows.first).row
        #expect(!row.trace.isValid && row.parent == 0 && row.span != 0)
        #expect(row.flags == [.logRecord, .partial] && row.kind == .log)
    }

    @Test func timeIsItsOwnElseWhenItWasObserved() throws {
        #expect(read(.plain).rows.first?.row.endNanoseconds == LogEntry.plain.observed)
        var both = LogEntry.plain
        both.time = 5
        #expect(read(both).rows.first?.row.endNanoseconds == 5 && read(both).rows.first?.row.startNanoseconds == 5)
        both.time = 0
        both.observed = 0
        #expect(read(both).rows.first?.row.endNanoseconds == 0)
    }

    @Test func identityComesFromResourceAndRecordAsForSpans() throws {
        var request = LogRequest(entries: [.evaluation, .plain])
        request.resource += [
            ("deployment.environment.name", .text("staging")), ("service.version", .text("4.1")), ("kilter.tenant", .text("north")),
        ]
        let rows = request.fromWire.rows
        #expect(rows.allSatisfy { $0["service"] == "claims" && $0["environment"] == "staging" && $0["tenant"] == "north" })
        #expect(rows.allSatisfy { $0["version"] == "4.1" })
        #expect(rows.map { $0["agent"] } == ["triage", ""] && rows.map { $0["conversation"] } == ["ticket-9", ""])
    }

    // MARK: Digests

    @Test func theSameRecordAgainHasTheSameDigest() {
        let rows = read(.evaluation, .exception, .evaluation).rows
        #expect(rows[0].row.span == rows[2].row.span && rows[0].row.span != rows[1].row.span)
    }

    @Test func whateverElseARecordSaysChangesItsDigest() {
        var seen = Set(read(.evaluation).rows.map(\.row.span))
        func isNew(_ edit: (inout LogEntry) -> Void) -> Bool {
            var entry = LogEntry.evaluation
            edit(&entry)
            let request = LogRequest(entries: [entry])
            let digests = (request.fromJSON.rows + request.fromWire.rows).map(\.row.span)
            return digests.count == 2 && digests[0] == digests[1] && seen.insert(digests[0]).inserted
        }
        #expect(isNew { $0.trace = 8 })
        #expect(isNew { $0.trace = 0 })
        #expect(isNew { $0.span = 8 })
        #expect(isNew { $0.time += 1 })
        #expect(isNew { $0.event = "gen_ai.evaluation.result2" })
        #expect(isNew { $0.body = .text("judged ") })
        #expect(isNew { $0.body = nil })
        #expect(isNew { $0.body = .map([("a", .int(1))]) })
        #expect(isNew { $0.attributes.removeLast() })
        #expect(isNew { $0.attributes.append(("unknown.key", .text("x"))) })
        #expect(isNew { $0.attributes.append(("unknown.key", .text("y"))) })
        #expect(isNew { $0.attributes.append(("unknown.other", .text("y"))) })
        #expect(isNew { $0.attributes.append(("unknown.key", .int(7))) })
        #expect(isNew { $0.attributes.append(("unknown.key", .list([.int(7)]))) })
        #expect(isNew { $0.attributes[1].1 = .double(4.25) })
        #expect(isNew { $0.attributes[2].1 = .text("irrelevant") })
    }

    @Test func severityAndTheTimeOfObservationAreNothingThatARecordSays() {
        let json = LogRequest(entries: [.evaluation]).json
        let other = json.replacingOccurrences(of: "\"severityNumber\":9", with: "\"severityNumber\":17,\"observedTimeUnixNano\":\"5\"")
        #expect(other != json && Decoded(json: other, signal: .logs).rows == Decoded(json: json, signal: .logs).rows)
    }

    @Test func theDigestIsKeyed() {
        var decoder = RequestDecoder(rules: IntakeRules(key: FingerprintKey(k0: 1, k1: 2)))
        var batch = SpanBatch()
        decoder.decode(copying: LogRequest(entries: [.evaluation]).wire, signal: .logs, encoding: .protobuf, into: &batch)
        #expect(batch.rows.first?.span != nil && batch.rows.first?.span != read(.evaluation).rows.first?.row.span)
    }

    // MARK: Spellings

    @Test(arguments: [
        ("resourceLogs", "resource_logs"), ("scopeLogs", "scope_logs"), ("logRecords", "log_records"), ("traceId", "trace_id"),
        ("spanId", "span_id"), ("eventName", "event_name"), ("timeUnixNano", "time_unix_nano"),
        ("\"07070707070707070707070707070707\"", "\"BwcHBwcHBwcHBwcHBwcHBw==\""),
        ("{\"key\":\"gen_ai.agent.name\",\"value\":", "{ \"value\" : {} , \"key\" : \"gen_ai.agent.name\" , \"value\" : "),
        ("{\"stringValue\":\"triage\"}}", "{\"stringValue\":\"triage\"},\"keyStrindex\":0}"),
        ("{\"stringValue\":\"triage\"}", "\"triage\""), ("4.5", "\"4.5\""), ("4.5", "45e-1"),
        ("\"severityNumber\":9", "\"future\":{\"deep\":[1,{\"x\":null}]},\"severityNumber\":\"INFO\""),
    ])
    func spelling(_ pair: (String, String)) {
        let json = LogRequest(entries: [.evaluation]).json
        #expect(json.contains(pair.0))
        let other = Decoded(json: json.replacingOccurrences(of: pair.0, with: pair.1), signal: .logs)
        let regular = Decoded(json: json, signal: .logs)
        #expect(other.rows == regular.rows && other.said == regular.said, "\(other.rows)")
    }

    @Test func plainJSONCountsAsWhatItIs() throws {
        func rows(_ body: String, _ attributes: String) -> [Shown] {
            Decoded(
                json:
                    "{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[{\"timeUnixNano\":9,\"body\":\(body),\"attributes\":\(attributes)}]}]}]}",
                signal: .logs
            ).rows
        }
        let one = try #require(rows(#"{"gen_ai.agent.name":"a"}"#, "{}").first)
        #expect(one["agent"] == "a")
        let other = try #require(rows(#"{"gen_ai.agent.name":"b"}"#, "{}").first)
        let both = try #require(rows(#"{"gen_ai.agent.name":"b"}"#, #"{"gen_ai.agent.name":"a","x":{"y":1}}"#).first)
        let changed = try #require(rows(#"{"gen_ai.agent.name":"b"}"#, #"{"gen_ai.agent.name":"a","x":{"y":2}}"#).first)
        #expect(both["agent"] == "a" && Set([one, other, both, changed].map(\.row.span)).count == 4)
        #expect(rows(#"{"gen_ai.agent.name" : "a"}"#, "[]").first == one)
    }

    @Test func resourceBehindItsRecords() {
        let request = LogRequest(entries: [.evaluation])
        let json = request.json
        let resource = #""resource":{"attributes":[{"key":"service.name","value":{"stringValue":"claims"}}]}"#
        let moved = json.replacingOccurrences(of: resource + ",", with: "").replacingOccurrences(of: "]}]}]}", with: "]}],\(resource)}]}")
        #expect(moved != json && Decoded(json: moved, signal: .logs).rows == request.fromWire.rows)
    }

    @Test func bodiesAndValuesInPiecesAreMerged() {
        let first = Wire.field(6, Wire.field(1, Wire.attribute("a", LogValue.int(1).wire)))
        let second = Wire.field(6, Wire.field(1, Wire.attribute("gen_ai.agent.name", LogValue.text("x").wire)))
        let whole = LogValue.map([("a", .int(1)), ("gen_ai.agent.name", .text("x"))]).wire
        func row(_ body: [UInt8]) -> Shown? {
            Decoded(Wire.request([Wire.fixed(1, 5) + body]), .protobuf, signal: .logs).rows.first
        }
        #expect(row(Wire.field(5, first) + Wire.field(5, second)) == row(Wire.field(5, whole)))
        #expect(row(Wire.field(5, whole))?["agent"] == "x")
    }

    // MARK: What is refused

    @Test(arguments: [
        ("\"traceId\":\"07070707070707070707070707070707\"", "\"traceId\":\"0707\"", QuarantineReason.invalidTraceID),
        ("\"traceId\":\"07070707070707070707070707070707\"", "\"traceId\":5", .invalidTraceID),
        ("\"spanId\":\"0909090909090909\"", "\"spanId\":\"09\"", .invalidSpanID),
        ("\"spanId\":\"0909090909090909\"", "\"spanId\":{}", .invalidSpanID),
    ])
    func malformedIdsRefuseTheRecordAlone(_ edit: (String, String, QuarantineReason)) {
        let bad = LogEntry.evaluation.json.replacingOccurrences(of: edit.0, with: edit.1)
        let json = LogRequest(entries: [.exception, .mark]).json.replacingOccurrences(
            of: "\"logRecords\":[", with: "\"logRecords\":[\(bad),")
        let decoded = Decoded(json: json, signal: .logs)
        #expect(decoded.rows.count == 2 && decoded.refusal == edit.2 && decoded.batch.received == 3)
    }

    @Test func badRecordsGoAloneAndTheOthersStay() {
        let good = LogEntry.exception.wire
        let shortTrace = Wire.fixed(1, 5) + Wire.field(9, [1, 2, 3])
        let longSpan = Wire.fixed(1, 5) + Wire.field(10, [UInt8](repeating: 1, count: 9))
        let badName = Wire.fixed(1, 5) + Wire.field(12, [0xff])
        let badAgent = Wire.fixed(1, 5) + Wire.field(6, Wire.attribute("gen_ai.agent.name", Wire.field(1, [0xc3, 0x28])))
        let crowd = Wire.fixed(1, 5) + (0...Limits.attributesMax).flatMap { Wire.field(6, Wire.attribute("k\($0)", [0x18, 1])) }
        let decoded = Decoded(Wire.request([good, shortTrace, longSpan, badName, badAgent, crowd]), .protobuf, signal: .logs)
        #expect(decoded.rows.count == 1 && decoded.batch.received == 6 && decoded.quarantined(.invalidTraceID) == 1)
        #expect(decoded.quarantined(.invalidSpanID) == 1 && decoded.quarantined(.invalidUTF8) == 2)
        #expect(decoded.quarantined(.tooManyAttributes) == 1)
    }

    /// Application logs hold such text, and so does the output of tools.
    @Test func textThatNobodyLooksAtMayBeNoUTF8() {
        func record(_ bytes: [UInt8]) -> [UInt8] {
            Wire.fixed(1, 5) + Wire.field(5, Wire.field(1, bytes)) + Wire.field(6, Wire.attribute("line", Wire.field(1, bytes)))
        }
        let rows = Decoded(Wire.request([record([0xff, 1]), record([0xff, 2]), record([0xff, 1])]), .protobuf, signal: .logs).rows
        #expect(rows.count == 3 && rows[0] == rows[2] && rows[0] != rows[1])
    }

    @Test func valuesTooDeepToCompareStillCount() {
        var value = LogValue.int(1), other = LogValue.int(2)
        for _ in 0..<60 { (value, other) = (.list([value]), .list([other])) }
        let entries = [value, other, value].map { LogEntry(body: $0, attributes: [("deep", $0)]) }
        for decoded in [LogRequest(entries: entries).fromJSON, LogRequest(entries: entries).fromWire] {
            #expect(decoded.rows.count == 3 && decoded.rows[0] == decoded.rows[2] && decoded.rows[0] != decoded.rows[1])
        }
    }

    // MARK: The wrong signal

    @Test func tracesHandedInAsLogsAreNotOTLP() throws {
        for name in ["dialects", "resource-after-spans", "split-values"] {
            #expect(Decoded(try Package.frame("\(name).good.bin"), .protobuf, signal: .logs).refusal == .notOTLP)
            #expect(Decoded(try Package.frame("\(name).good.json"), .json, signal: .logs).refusal == .notOTLP)
        }
        let named = Decoded(Wire.request([Wire.span([]), Wire.span([])]), .protobuf, signal: .logs)
        #expect(named.rows.isEmpty && named.refusal == .notOTLP && named.batch.received == 1)
    }

    @Test func logsHandedInAsTracesAreNotOTLP() throws {
        let request = LogRequest(entries: LogEntry.all)
        for decoded in [Decoded(request.wire, .protobuf), Decoded(json: request.json)] {
            #expect(decoded.rows.isEmpty && decoded.refusal == .notOTLP && decoded.batch.received == 1)
        }
        let frame = Decoded(try Package.frame("logs.bad.bin"), .protobuf, signal: .logs)
        #expect(!frame.rows.isEmpty && frame.refusal == nil)
    }

    @Test func fewSpansAmongLogsGoAlone() {
        let decoded = Decoded(Wire.request([LogEntry.mark.wire, Wire.span([]), LogEntry.exception.wire]), .protobuf, signal: .logs)
        #expect(decoded.rows.count == 2 && decoded.refusal == .notOTLP && decoded.batch.received == 3)
    }

    @Test(arguments: [
        "[]", "5", "null", #"{"resourceSpans":[]}"#, #"{"resourceLogs":5}"#, #"{"resourceLogs":[5]}"#,
        #"{"resourceLogs":[{"scopeLogs":{}}]}"#, #"{"resourceLogs":[{"scopeLogs":[{"logRecords":[7]}]}]}"#,
    ])
    func goodJSONThatIsNoRequest(_ text: String) {
        let decoded = Decoded(json: text, signal: .logs)
        #expect(decoded.rows.isEmpty && decoded.refusal == .notOTLP && decoded.batch.received == 1)
    }

    @Test func emptyRequestsAreFine() {
        for text in ["{}", #"{"resourceLogs":[]}"#, #"{"resourceLogs":[{}]}"#, #"{"resourceLogs":[{"scopeLogs":[{}]}]}"#] {
            #expect(Decoded(json: text, signal: .logs).batch.received == 0)
        }
        #expect(Decoded([], .protobuf, signal: .logs).batch.received == 0)
    }
}
