import KilterEngine
import KilterSimulator
import KilterVocabulary
import Testing

/// What the doctor says follows from what the stream shows and leaves out.
struct DiagnosisTests {
    private func diagnosis(_ attributes: [String], calls: Int = 20, failing: Bool = false) throws -> Diagnosis {
        let spans = (1...calls).map { number in
            """
            {"traceId":"5b8aa5a2d2c872e8321cf37308d69df2","spanId":"\(String(number + 0x1000_0000_0000_0000, radix: 16))",
            "name":"execute_tool lookup","startTimeUnixNano":"\(1_700_000_000_000_000_000 + number * 1_000_000)",
            "endTimeUnixNano":"\(1_700_000_000_000_000_000 + number * 1_000_000 + 500)","status":{"code":\(failing ? 2 : 0)},
            "attributes":[\((["gen_ai.operation.name=execute_tool", "gen_ai.tool.name=lookup"] + attributes).map(attribute).joined(separator: ","))]}
            """
        }
        let request = """
            {"resourceSpans":[{"resource":{"attributes":[\(attribute("service.name=desk"))]},"scopeSpans":[{"spans":[\(spans.joined(separator: ","))]}]}]}
            """
        let engine = Engine(settings: Run.settings, takesCensus: true)
        try Replay(engine: engine) { _ in }.run(bytes: Array(request.utf8), name: "request")
        return engine.diagnosis()
    }

    private func attribute(_ text: String) -> String {
        let parts = text.split(separator: "=", maxSplits: 1)
        return #"{"key":"\#(parts[0])","value":{"stringValue":"\#(parts[1])"}}"#
    }

    private func state(_ diagnosis: Diagnosis, _ detector: String) -> Diagnosis.Detector? {
        diagnosis.agents.first?.detectors.first { $0.detector == detector }
    }

    @Test("Without arguments the repetition detectors are blind, and both attributes that would do are named")
    func blind() throws {
        let seen = try diagnosis([])
        for name in ["repeated_call", "call_cycle"] {
            let detector = try #require(state(seen, name))
            #expect(detector.state == "blind" && detector.tier == nil && !detector.fix.isEmpty)
            #expect(
                detector.missing == [
                    "gen_ai.tool.call.arguments and gen_ai.tool.call.result", "kilter.tool.args_hash and kilter.tool.result_hash",
                ])
        }
        #expect(!seen.isHealthy)
    }

    @Test("Hashes alone make them live at the strongest tier")
    func hashed() throws {
        let seen = try diagnosis(["kilter.tool.args_hash=00ff", "kilter.tool.result_hash=11ee", "gen_ai.agent.name=clerk"])
        for name in ["repeated_call", "call_cycle"] {
            let detector = try #require(state(seen, name))
            #expect(detector.state == "live" && detector.tier == "identical_result" && detector.missing.isEmpty)
        }
        #expect(seen.agents.first?.remarks == [])
        #expect(seen.isHealthy)
    }

    /// A request of one span, or one log record, of `service`.
    private func request(_ service: String, _ number: Int, _ attributes: [String], isLog: Bool = false) -> String {
        let list = attributes.map(attribute).joined(separator: ",")
        let resource = #""resource":{"attributes":[\#(attribute("service.name=\(service)"))]}"#
        let time = 1_700_000_000_000_000_000 + number * 1_000_000
        if isLog {
            return #"{"resourceLogs":[{\#(resource),"scopeLogs":[{"logRecords":[{"timeUnixNano":"\#(time)","eventName":"kilter.mark","#
                + #""attributes":[\#(list)]}]}]}]}"#
        }
        let id = String(number + 0x1000_0000_0000_0000, radix: 16)
        return #"{"resourceSpans":[{\#(resource),"scopeSpans":[{"spans":[{"traceId":"\#(id)\#(id)","spanId":"\#(id)","name":"x","#
            + #""startTimeUnixNano":"\#(time)","endTimeUnixNano":"\#(time + 1)","attributes":[\#(list)]}]}]}]}"#
    }

    private func diagnosis(of requests: [String], agentsMax: Int = 100) throws -> Diagnosis {
        let engine = Engine(settings: Run.settings, takesCensus: true)
        try Replay(engine: engine) { _ in }.run(bytes: Array(requests.joined(separator: "\n").utf8), name: "requests")
        return engine.diagnosis(agentsMax: agentsMax)
    }

    @Test("A gap that was closed is closed, and calls that each stand alone are told so")
    func latestAndAlone() throws {
        let call = ["gen_ai.operation.name=execute_tool", "gen_ai.tool.name=lookup", "gen_ai.agent.name=clerk"]
        let hashes = ["kilter.tool.args_hash=00ff", "kilter.tool.result_hash=11ee"]
        let conversation = ["gen_ai.conversation.id=c"]
        let seen = try diagnosis(of: (0..<12).map { request("desk", $0, call + conversation + ($0 < 6 ? [] : hashes)) })
        #expect(state(seen, "repeated_call")?.state == "live" && seen.isHealthy)
        let alone = try diagnosis(of: (0..<12).map { request("desk", $0, call + hashes) })
        #expect(alone.agents.first?.remarks.count == 1 && !alone.isHealthy)
    }

    @Test("Every agent is judged, however few are described, and those that lack something come first")
    func judgesAll() throws {
        let call = ["gen_ai.operation.name=execute_tool", "gen_ai.tool.name=lookup"]
        let hashes = ["kilter.tool.args_hash=00ff", "kilter.tool.result_hash=11ee"]
        var requests: [String] = []
        for agent in 0..<30 {
            for copy in 0..<3 { requests.append(request("desk", agent * 3 + copy, call + hashes + ["gen_ai.agent.name=a\(agent)"])) }
        }
        #expect(try diagnosis(of: requests, agentsMax: 5).isHealthy)
        requests.append(request("desk", 1_000, call + ["gen_ai.agent.name=hidden"]))
        let seen = try diagnosis(of: requests, agentsMax: 5)
        #expect(!seen.isHealthy && seen.agents.count == 5 && seen.agents.first?.agent == "hidden")
        #expect(seen.agentsInAll == 31 && seen.agentsLacking == 1 && seen.spansOfOthers == 26 * 3)
    }

    @Test("A service that only sends records about runs is no agent, and what it says is counted")
    func recordsOnly() throws {
        let good = ["gen_ai.operation.name=execute_tool", "gen_ai.tool.name=lookup", "gen_ai.agent.name=clerk"]
        let seen = try diagnosis(of: [
            request("desk", 1, good + ["kilter.tool.args_hash=00ff", "kilter.tool.result_hash=11ee"]),
            request("ci-pipeline", 2, ["kind=deploy", "target=desk", "note=v2"], isLog: true),
        ])
        #expect(seen.agents.map(\.agent) == ["clerk"] && seen.isHealthy)
        #expect(seen.said.map { "\($0.count) \($0.name)" } == ["1 marks"])
    }

    @Test("With arguments alone the evidence is weaker, and the result is what is missing")
    func argumentsOnly() throws {
        let detector = try #require(state(try diagnosis(["gen_ai.tool.call.arguments={}"]), "repeated_call"))
        #expect(detector.state == "limited" && detector.tier == "identical_arguments")
        #expect(detector.missing == ["gen_ai.tool.call.result", "kilter.tool.result_hash"])
    }

    @Test("Failures that show only their type limit the streak of errors")
    func errors() throws {
        #expect(try state(diagnosis([], failing: true), "error_streak")?.state == "limited")
        #expect(try state(diagnosis(["error.message=no such user"], failing: true), "error_streak")?.state == "live")
    }

    @Test("An agent without a name of its own is said, and nothing received is said")
    func identity() throws {
        let remarks = try #require(try diagnosis([]).agents.first?.remarks)
        #expect(remarks.contains { $0.contains("gen_ai.agent.name") })
        let nothing = Engine(settings: Run.settings, takesCensus: true).diagnosis()
        #expect(nothing.agents.isEmpty && nothing.received == 0 && !nothing.remarks.isEmpty)
    }

    @Test("The census changes no event, and counts every record that was judged", arguments: Fixture.all)
    func besideTheWalk(_ fixture: Fixture) throws {
        let engine = Engine(settings: Run.settings, takesCensus: true)
        #expect(try Run.replay(fixture.stream, engine) == Run.replay(fixture.stream))
        let seen = engine.diagnosis(agentsMax: 1_000)
        let judged = seen.outcomes.reduce(0) { $0 + (["processed", "late"].contains($1.name) ? $1.count : 0) }
        #expect(seen.agents.reduce(0) { $0 + $1.spans } == judged)
    }
}
