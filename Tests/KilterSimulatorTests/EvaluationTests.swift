import KilterSimulator
import Testing

/// Figures from events and labels that are small enough to count by hand.
@Suite struct EvaluationTests {
    private static let second: UInt64 = 1_000_000_000
    private let begin: UInt64 = 1_772_442_000_000_000_000

    private func label(_ kind: String, _ run: String, from: UInt64 = 0, to: UInt64 = 60, agent: String = "a") -> TruthLabel {
        var label = TruthLabel(kind: kind, start: begin + from * Self.second, end: begin + to * Self.second)
        label.conversation = run
        label.service = "s"
        label.agent = agent
        return label
    }

    private func alert(
        _ id: String, _ severity: String, run: String?, at time: UInt64, detector: String = "repeated_call", state: String = "firing",
        signal: String? = nil, spans: Int = 3
    ) -> String {
        let place = run.map { #","run":"\#($0)","trace_id":"00000000000000000000000000000001","span_id":"0000000000000001""# } ?? ""
        let said = signal.map { #","signal":"\#($0)""# } ?? ""
        return #"{"id":"\#(id)/1","type":"kilter.alert","subject":"default/production/s/a","severity":"\#(severity)","#
            + #""detector":"\#(detector)","data":{"alert_id":"\#(id)","state":"\#(state)","severity":"\#(severity)","#
            + #""detector":"\#(detector)","service":"s","agent":"a"\#(place)\#(said),"observed_at":"\#(begin + time * Self.second)","#
            + #""cost":{"tokens":10,"microdollars":\#(time * 100)},"delay":{"spans":\#(spans),"nanoseconds":1}}}"#
    }

    private func trip(_ cause: String) -> String {
        #"{"id":"b/1","type":"kilter.breaker","subject":"default/production/s/a","data":{"breaker_id":"b","state":"open","cause":"\#(cause)"}}"#
    }

    @Test func countsRunsDelaysAndFalseAlarms() throws {
        let truth = [
            label("tool_loop", "loop", from: 10), label("tool_loop", "missed"), label("step_repetition", "loop"),
            label("none", "calm", to: 43_200), label("none", "alarmed"), label("none", "told"),
        ]
        let events = [
            alert("1", "info", run: "loop", at: 12), alert("1", "warning", run: "loop", at: 14, spans: 5),
            alert("1", "critical", run: "loop", at: 20), trip("1"), alert("1", "critical", run: "loop", at: 30, state: "resolved"),
            alert("2", "warning", run: "alarmed", at: 15, detector: "error_streak"), alert("3", "info", run: "told", at: 15),
            alert("4", "warning", run: "nobody's", at: 15),
        ]
        let result = try Evaluation(events: events, truth: truth)
        #expect(result.kinds.map(\.kind) == ["step_repetition", "tool_loop"])
        #expect(result.kinds[1].reached == [1, 1, 1, 1] && result.kinds[1].runs == 2)
        #expect(result.kinds[1].delays[1] == delays(spans: 5, seconds: 4, microdollars: 1_400))
        #expect(result.kinds[1].delays[3] == delays(spans: 3, seconds: 10, microdollars: 2_000))
        // One run in two kinds is one run.
        #expect(result.wrongRuns == 2 && result.warnedRuns == 1 && result.recall == 0.5)
        #expect(result.healthy.runs == 3 && result.healthy.reached == [2, 1, 0, 0])
        #expect(result.falseAlarms == 1 && result.precision == 0.5)
        #expect(result.agentDays == 0.5 && result.falseAlarmsPerAgentDay == 2)
        #expect(result.detectors.map(\.id) == ["error_streak", "repeated_call"])
        #expect(result.detectors[0].wrong == 1 && result.detectors[0].right == 0)
        #expect(result.detectors[1].right == 1 && result.detectors[1].unlabelled == 1 && result.detectors[1].runs == 1)
        #expect(result.jsonText.contains(#""recall":0.5"#))
    }

    private func delays(spans: Int, seconds: Int, microdollars: Int) -> Evaluation.Delays {
        var delays = Evaluation.Delays()
        delays.count = 1
        delays.spans = spans
        delays.milliseconds = seconds * 1_000
        delays.microdollars = microdollars
        return delays
    }

    @Test func measuresInTheStreamWhereItIsGiven() throws {
        let result = try Evaluation(events: [alert("1", "warning", run: "loop", at: 14)], truth: [label("tool_loop", "loop")]) {
            label, sighting in
            guard let sighting else { return Evaluation.Distance(spans: 40, microdollars: 500) }
            #expect(label.conversation == "loop" && sighting.span == "0000000000000001")
            return Evaluation.Distance(spans: 9, microdollars: 77)
        }
        #expect(result.kinds[0].whole == Evaluation.Distance(spans: 40, microdollars: 500))
        #expect(result.kinds[0].delays[1] == delays(spans: 9, seconds: 14, microdollars: 77) && result.isMeasured)
    }

    /// What was said before the window finds the run, but is no delay.
    @Test func alertsBeforeTheWindowAreNotTimed() throws {
        let result = try Evaluation(events: [alert("1", "warning", run: "loop", at: 5)], truth: [label("tool_loop", "loop", from: 10)])
        #expect(result.recall == 1 && result.kinds[0].delays[1].count == 0)
    }

    @Test func alertsOfAnAgentAreHeldAgainstItsWindow() throws {
        var drift = label("drift", "first", from: 100, to: 200)
        drift.agent = nil
        let late = alert("1", "warning", run: nil, at: 150, detector: "drift", signal: "latency")
        let early = alert("2", "warning", run: nil, at: 50, detector: "drift", signal: "latency")
        let found = try Evaluation(events: [late], truth: [drift, label("none", "calm", to: 90)])
        #expect(found.recall == 1 && found.falseAlarms == 0)
        let wrong = try Evaluation(events: [early], truth: [drift, label("none", "calm", to: 90)])
        #expect(wrong.recall == 0 && wrong.falseAlarms == 1)
    }

    @Test func nothingToFindHasNoRecall() throws {
        let result = try Evaluation(events: [], truth: [label("none", "calm")])
        #expect(result.recall == nil && result.precision == nil && result.falseAlarmsPerAgentDay == 0)
    }

    @Test func badLinesAreNamed() {
        #expect(throws: Evaluation.Malformed(line: 2)) {
            try Evaluation(events: [alert("1", "info", run: "r", at: 1), "{}"], truth: [label("none", "r")])
        }
    }

    @Test(arguments: [
        ("[]", "not a JSON object"), (#"{"trace_id":"A"}"#, "kind is missing"),
        (#"{"kind":"none","trace_id":"a","start_unix_nano":"x","end_unix_nano":"2"}"#, "start_unix_nano is not a time in Unix nanoseconds"),
        (#"{"kind":"none","trace_id":"a","start_unix_nano":"3","end_unix_nano":"2"}"#, "end_unix_nano is before start_unix_nano"),
        (
            #"{"kind":"none","start_unix_nano":"1","end_unix_nano":"2"}"#,
            "neither trace_id nor conversation_id nor service nor agent says whom it is about"
        ),
        (#"{"kind":"none","trace_id":7,"start_unix_nano":"1","end_unix_nano":"2"}"#, "trace_id is not a string"),
    ])
    func badLabelsAreExplained(_ line: String, _ words: String) {
        #expect(throws: TruthLabel.Malformed.self) { try TruthLabel(line: line) }
        do { _ = try TruthLabel(line: line) } catch { #expect(error.description == words) }
    }

    @Test func labelsOfRecordedTracesAreRead() throws {
        let line =
            #"{"trace_id":"00AB","conversation_id":"","agent_id":"set/agent","kind":"drift","start_unix_nano":5,"#
            + #""end_unix_nano":"9","source":"derived","note":"n","signal":null}"#
        let label = try TruthLabel(line: line)
        #expect(label.trace == "00ab" && label.conversation == nil && label.service == "set/agent" && label.note == "n")
        #expect(label.start == 5 && label.end == 9 && label.signal == nil)
    }
}
