import Foundation
import KilterOutlet
import KilterVocabulary
import Seeded
import Testing

@Suite struct EncoderTests {
    let encoder = EventEncoder(instance: "kilter")

    @Test func fullAlert_hasTheFormOfTheContract() {
        let expected =
            #"{"specversion":"1.0","id":"00112233445566778899aabbccddeeff/3","source":"/kilter/kilter","#
            + #""type":"kilter.alert","subject":"acme/prod/shop%2Feu/agent.1","time":"2023-11-14T22:13:22.123456789Z","#
            + #""datacontenttype":"application/json","dataschema":"urn:kilter:schema:alert:1","severity":"critical","#
            + #""detector":"call_cycle","data":{"alert_id":"00112233445566778899aabbccddeeff","revision":3,"#
            + #""state":"resolved","severity":"critical","detector":"call_cycle","tier":"identical_outcome","#
            + #""tenant":"acme","environment":"prod","service":"shop/eu","agent":"agent.1","agent_version":"v2","#
            + #""run":"run-1","trace_id":"000000000000000100000000000000ab","span_id":"00000000000000cd","#
            + #""tool":"search","model":"m-1","signal":"latency","peer":"planner","#
            + #""started_at":"1700000000000000000","observed_at":"1700000001000000000","observed":12,"expected":-1,"#
            + #""threshold":-9223372036854775808,"unit":"calls","count":12,"window":20,"#
            + #""evidence":{"rule":"in_row","period":2,"cycle":["a","b"],"spans":{"first":"00cd","none":{}},"#
            + #""unobserved":[]},"delay":{"spans":11,"nanoseconds":1000000000},"advice":"Stop.","#
            + #""summary":"12 × the same \"call\""}}"#
        #expect(text(encoder.body(of: .alert(KilterOutletTests.fullAlert()))) == expected)
    }

    @Test func whatIsUnknownIsLeftOut() {
        var alert = Alert()
        (alert.id, alert.tenant, alert.service) = ("a", "t", "s")
        let expected =
            #"{"specversion":"1.0","id":"a/1","source":"/kilter/kilter","type":"kilter.alert","subject":"t//s/","#
            + #""time":"1970-01-01T00:00:00.000000000Z","datacontenttype":"application/json","#
            + #""dataschema":"urn:kilter:schema:alert:1","severity":"info","detector":"repeated_call","#
            + #""data":{"alert_id":"a","revision":1,"state":"firing","severity":"info","detector":"repeated_call","#
            + #""tier":"identical_result","tenant":"t","service":"s","started_at":"0","observed_at":"0","#
            + #""delay":{"spans":0,"nanoseconds":0}}}"#
        #expect(text(encoder.body(of: .alert(alert))) == expected)
    }

    @Test func breaker_hasTheFormOfTheContract() {
        var event = BreakerEvent()
        (event.id, event.generation, event.scope) = ("b1", 2, .agentTool)
        event.keys = [Evidence("tenant", .string("t")), Evidence("traces", .strings(["01", "02"]))]
        (event.state, event.mode, event.decision) = (.halfOpen, .enforce, .block)
        (event.cause, event.reason, event.advice) = ("a1", "repeated_call", "Ask a person.")
        event.retryAt = EventTime(nanoseconds: 5)
        (event.probePermits, event.probeLeaseUntil) = (1, EventTime(nanoseconds: 6))
        (event.tenant, event.service, event.agent) = ("t", "s", "x")
        event.time = EventTime(nanoseconds: 4)
        let head =
            #"{"specversion":"1.0","id":"b1/2","source":"/kilter/kilter","type":"kilter.breaker","subject":"t//s/x","#
            + #""time":"1970-01-01T00:00:00.000000004Z","datacontenttype":"application/json","#
            + #""dataschema":"urn:kilter:schema:breaker:1","data":{"breaker_id":"b1","generation":2,"#
            + #""scope":"agent_tool","keys":{"tenant":"t","traces":["01","02"]},"state":"half_open","mode":"enforce","#
            + #""decision":"block","cause":"a1","reason":"repeated_call","advice":"Ask a person.","retry_at":"5","#
            + #""probe":{"permits":1,"lease_until":"6"},"on_silence":"hold""#
        #expect(text(encoder.body(of: .breaker(event))) == head + "}}")
        #expect(text(encoder.body(of: .breaker(event), provisional: true)) == head + #","provisional":true}}"#)
    }

    @Test func notice_hasTheFormOfTheContract() {
        let notice = Notice(
            kind: .inputGap, time: EventTime(nanoseconds: 1), summary: "3 messages missing",
            facts: [Evidence("topic", .string("traces.otlp_proto")), Evidence("missing", .integer(3))])
        let expected =
            #"{"specversion":"1.0","id":"log/9","source":"/kilter/kilter","type":"kilter.notice","#
            + #""time":"1970-01-01T00:00:00.000000001Z","datacontenttype":"application/json","#
            + #""dataschema":"urn:kilter:schema:notice:1","data":{"kind":"input_gap","summary":"3 messages missing","#
            + #""topic":"traces.otlp_proto","missing":3}}"#
        #expect(text(encoder.body(of: .notice(notice), noticeID: "log/9")) == expected)
    }

    /// Law: for any strings the body is one line of valid JSON that gives the strings back, and holds no character
    /// that could move a cursor, reorder or hide text.
    @Test func anyStringsSurvive() throws {
        var random = Seeded(2)
        for _ in 0..<2_000 {
            var alert = Alert()
            (alert.tenant, alert.environment, alert.service, alert.agent) = (
                random.text(), random.text(), random.text(), random.text()
            )
            (alert.run, alert.tool, alert.summary, alert.advice) = (random.text(), random.text(), random.text(), random.text())
            alert.id = random.text()
            let name = random.text()
            alert.evidence = [Evidence(name, .strings([random.text(), random.text()]))]
            let bytes = encoder.body(of: .alert(alert))
            let object = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
            let data = try #require(object["data"] as? [String: Any])
            for (key, value) in [
                ("alert_id", alert.id), ("tenant", alert.tenant), ("environment", alert.environment), ("service", alert.service),
                ("agent", alert.agent), ("run", alert.run), ("tool", alert.tool ?? ""), ("summary", alert.summary),
                ("advice", alert.advice),
            ] {
                // Scalar by scalar: equality of strings would accept another normal form.
                #expect(Array((data[key] as? String ?? "").unicodeScalars) == Array(value.unicodeScalars), "\(key)")
            }
            let evidence = try #require(data["evidence"] as? [String: Any])
            #expect(evidence.count == 1)
            #expect(
                object["subject"] as? String
                    == [alert.tenant, alert.environment, alert.service, alert.agent]
                    .map(PercentEncoding.uriPart).joined(separator: "/"))
            for scalar in text(bytes).unicodeScalars {
                #expect(
                    scalar.properties.generalCategory != .control && scalar.properties.generalCategory != .format
                        || Self.visibleFormats.contains(scalar.value), "\(scalar.escaped(asASCII: true))")
            }
        }
    }

    /// Format characters that belong to scripts or notations and are shown; they stay as they are.
    private static let visibleFormats: [UInt32] =
        Array(0x600...0x605) + [0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD] + Array(0x13430...0x1345F)
        + Array(0x1BCA0...0x1BCA3) + Array(0x1D173...0x1D17A)

    /// Law: the bytes depend on the event alone, and appending leaves what is there alone.
    @Test func theBytesAreStable() {
        let event = Event.alert(KilterOutletTests.fullAlert())
        let body = encoder.body(of: event)
        var lines = Array("before\n".utf8)
        encoder.append(event, to: &lines)
        encoder.append(event, to: &lines)
        #expect(lines == Array("before\n".utf8) + body + body)
        #expect(EventEncoder(instance: "kilter").encode(event).body == body)
        #expect(EventEncoder(instance: "a b/ü").body(of: event) != body)
        #expect(text(EventEncoder(instance: "a b/ü").body(of: event)).contains(#""source":"/kilter/a%20b%2F%C3%BC","#))
    }

    @Test func timesAgreeWithFoundation() throws {
        var random = Seeded(3)
        let calendar = {
            var calendar = Calendar(identifier: .gregorian)
            calendar.timeZone = TimeZone(secondsFromGMT: 0) ?? calendar.timeZone
            return calendar
        }()
        // Leap days, ends of centuries, and the last instant that fits.
        var times: [UInt64] = [0, 951_782_400, 951_868_800, 4_107_542_400, 4_107_456_000, 13_574_563_200].map { $0 * 1_000_000_000 }
        times += [UInt64.max, UInt64.max - 999_999_999, 86_399_999_999_999, 86_400_000_000_000]
        for _ in 0..<5_000 { times.append(random.next()) }
        for nanoseconds in times {
            let date = Date(timeIntervalSince1970: Double(nanoseconds / 1_000_000_000))
            let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
            func padded(_ number: Int?, _ width: Int) -> String {
                let digits = String(number ?? -1)
                return String(repeating: "0", count: max(0, width - digits.count)) + digits
            }
            let expected =
                "\(padded(parts.year, 4))-\(padded(parts.month, 2))-\(padded(parts.day, 2))T\(padded(parts.hour, 2)):"
                + "\(padded(parts.minute, 2)):\(padded(parts.second, 2)).\(padded(Int(nanoseconds % 1_000_000_000), 9))Z"
            #expect(Timestamp.text(EventTime(nanoseconds: nanoseconds)) == expected)
        }
    }
}

@Suite struct TopicTests {
    @Test func topicsHaveTheFormOfTheContract() {
        #expect(Topic.alert(fullAlert()) == "alert.acme.shop%2Feu.agent%2E1.call_cycle.")
        var event = BreakerEvent()
        (event.tenant, event.scope, event.topicKey) = ("t", .run, "conversation 1")
        #expect(Topic.breaker(event) == "shadow.t.run.conversation%201.")
        event.mode = .enforce
        #expect(Topic.breaker(event) == "breaker.t.run.conversation%201.")
        #expect(Topic.notice(.rateLimit) == "notice.rate_limit.")
        #expect(Topic.heartbeat == "hb")
    }

    /// Law: whatever the names, a topic has exactly the parts of its form, and a subscription to one tenant never
    /// matches another.
    @Test func namesCannotReachIntoOtherParts() {
        var random = Seeded(4)
        for _ in 0..<2_000 {
            var one = fullAlert()
            (one.tenant, one.service, one.agent) = (random.text(), random.text(), random.text())
            var other = one
            other.tenant = one.tenant + random.text()
            let topic = Topic.alert(one)
            #expect(topic.split(separator: ".", omittingEmptySubsequences: false).count == 6)
            #expect(topic.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            let prefix = "alert." + PercentEncoding.topicPart(one.tenant) + "."
            #expect(topic.hasPrefix(prefix))
            #expect(Topic.alert(other).hasPrefix(prefix) == Array(other.tenant.utf8).elementsEqual(one.tenant.utf8))
            #expect(decoded(PercentEncoding.uriPart(one.agent)) == Array(one.agent.utf8))
            #expect(decoded(PercentEncoding.topicPart(one.agent)) == Array(one.agent.utf8))
        }
    }

    /// Written out, because Foundation's decoder drops a leading byte-order mark.
    private func decoded(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            let isEscape = byte == UInt8(ascii: "%")
            bytes.append(isEscape ? UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0 : byte)
            if isEscape { rest = rest.dropFirst(2) }
        }
        return bytes
    }
}
