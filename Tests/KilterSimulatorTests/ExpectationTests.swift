import Foundation
import KilterSimulator
import KilterVocabulary
import Testing

/// The checker finds each way of breaking an expectation, and nothing else.
@Suite struct ExpectationTests {
    private let recording: Recording
    private let keys: [String]

    init() throws {
        recording = try #require(Scenarios.named("L1-one-long-loop")).recording()
        keys = try RecordedStream(recording.stream).spans.map(\.key)
    }

    private func alert(
        _ severity: String, at place: Int, state: String = "firing", id: String = "a1", detector: String = "repeated_call",
        agent: String = "refund-agent", tier: String = "identical_result"
    ) -> String {
        let key = keys[place - 1]
        return """
            {"specversion":"1.0","id":"\(id)/1","source":"/kilter/kilter","type":"kilter.alert",\
            "subject":"default/production/billing-support/\(agent)","severity":"\(severity)","detector":"\(detector)",\
            "data":{"alert_id":"\(id)","state":"\(state)","severity":"\(severity)","detector":"\(detector)","tier":"\(tier)",\
            "service":"billing-support","agent":"\(agent)","trace_id":"\(key.prefix(32))","span_id":"\(key.suffix(16))"}}
            """
    }

    private func breaker(_ state: String, agent: String = "refund%2Dagent") -> String {
        """
        {"id":"b1/1","type":"kilter.breaker","subject":"default/production/billing-support/\(agent)",\
        "data":{"breaker_id":"b1","state":"\(state)","decision":"allow"}}
        """
    }

    private var faithful: [String] {
        [
            alert("info", at: 14), alert("warning", at: 15), alert("critical", at: 19), breaker("open"),
            breaker("half_open"), alert("critical", at: 19, state: "resolved"),
        ]
    }

    private func violations(_ events: [String]) -> [String] {
        recording.expectation.violations(events: events, stream: recording.stream)
    }

    @Test func faithfulEventsBreakNothing() { #expect(violations(faithful) == []) }

    @Test func nothingAtAllBreaksEveryDemand() { #expect(violations([]).count == 3) }

    @Test(arguments: [
        (1, "warning", 14, "must not before span 15"),
        (1, "warning", 17, "must by span 15"),
        (2, "critical", 40, "must by span 19"),
    ])
    func timeIsHeldAgainstTheStream(_ index: Int, _ severity: String, _ place: Int, _ words: String) {
        var events = faithful
        events[index] = alert(severity, at: place)
        #expect(violations(events).count == 1)
        #expect(violations(events).first?.contains(words) == true)
    }

    @Test func eachOtherDemandCanBeBroken() {
        var events = faithful
        events[1] = alert("warning", at: 15, tier: "identical_arguments")
        #expect(violations(events).first?.contains("tier identical_arguments") == true)
        #expect(violations(Array(faithful.dropLast())).first?.contains("did not resolve") == true)
        #expect(violations(faithful + [alert("info", at: 30, id: "a2")]).contains { $0.contains("2 alert ids") })
        #expect(violations(faithful + [breaker("open")]).first?.contains("it did 2 times") == true)
        #expect(violations(faithful + [breaker("open", agent: "order-agent")]) == [])
        #expect(violations(faithful + ["{\"type\":"]).first?.contains("is not an event") == true)
    }

    @Test func silenceCoversItsSubjectOnly() {
        var quiet = Expectation()
        quiet.silences = [.init(severity: .warning, service: "billing-support", agent: "order-agent")]
        func broken(_ events: [String]) -> Int { quiet.violations(events: events, stream: recording.stream).count }
        #expect(broken(faithful) == 0)
        #expect(broken([alert("info", at: 3, agent: "order-agent")]) == 0)
        #expect(broken([alert("warning", at: 3, agent: "order-agent")]) == 1)
        #expect(broken([breaker("open", agent: "order-agent")]) == 1)
        quiet.silences = [.init(severity: .info, detector: "call_cycle")]
        #expect(broken(faithful) == 0)
        #expect(broken([alert("info", at: 3, detector: "call_cycle")]) == 1)
    }

    @Test func twinsAreComparedByteForByte() {
        var same = Expectation()
        same.sameEventsAs = "twin"
        func broken(_ twin: [String]?) -> Int {
            same.violations(events: faithful, stream: recording.stream, twinEvents: twin).count
        }
        #expect(broken(faithful) == 0)
        #expect(broken(nil) == 1)
        #expect(broken(Array(faithful.dropLast())) == 1)
        #expect(broken(faithful.map { $0.replacingOccurrences(of: "critical", with: "warning") }) == 1)
    }

    @Test(arguments: Scenarios.all)
    func scenarioFileReadsBackAsItWasWritten(_ scenario: Scenario) throws {
        let file = ScenarioFile(scenario)
        #expect(try ScenarioFile(text: file.text) == file)
    }

    @Test(arguments: [
        ("[]", "not a JSON object"),
        (#"{"expectation":{}}"#, "scenario.id is missing"),
        (#"{"id":"a"}"#, "scenario.expectation is missing"),
        (#"{"id":"a","expectation":{"must_nto":[]}}"#, "expectation.must_nto is not a key"),
        (#"{"id":"a","expectation":{"must":[{"detector":"x","severity":"loud"}]}}"#, "found loud"),
        (#"{"id":"a","expectation":{"must":[{"breaker":"ajar"}]}}"#, "no state is called ajar"),
        (#"{"id":"a","expectation":{"must":[{"detector":"x","severity":"info","by_span":"9"}]}}"#, "must.by_span"),
        (#"{"id":"a","expectation":{"must_not":[{"agent":"b"}]}}"#, "must_not.severity is missing"),
    ])
    func malformedScenarioFilesAreExplained(_ text: String, _ words: String) {
        let error = #expect(throws: ScenarioFile.Malformed.self) { try ScenarioFile(text: text) }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "no error")")
    }
}
