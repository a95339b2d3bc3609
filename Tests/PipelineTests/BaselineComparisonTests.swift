import KilterEngine
import KilterMath
import KilterVocabulary
import Seeded
import Testing

extension Seeded {
    fileprivate mutating func uniform() -> Double { Double.random(in: 0x1p-60..<1, using: &self) }
    fileprivate mutating func normal() -> Double { Elementary.normalQuantile(uniform()) }
}

@Suite("What is usual, compared")
struct BaselineComparisonTests {
    /// Runs of one agent, each a model call and a call of one of two tools, of which some fail.
    private struct World {
        var seed: UInt64 = 1
        var latencyMilliseconds = 400.0
        var failing = 0.1
        var searching = 0.5
        var version = ""
        var first = 0
        var minutesBetween = 1
        /// The factor by which latency grows with each run.
        var growth = 1.0
        var grown = 1.0
        var agents = ["clerk"]

        func lines(_ runs: Int) -> [String] {
            var random = Seeded(seed)
            return (first..<first + runs).map { run in
                let start = 1_700_000_000_000_000_000 + run * minutesBetween * 60_000_000_000
                let level = latencyMilliseconds * grown * Elementary.exp(Elementary.log(growth) * Double(run - first))
                let length = Int(level * 1e6 * Elementary.exp(0.3 * random.normal()))
                let tool = random.uniform() < searching ? "search" : "lookup"
                let isFailed = tool == "search" && random.uniform() < failing
                let root = span(run, 0, start, start + length + 2_000_000, "invoke_agent", "", isFailed: false)
                let call = span(run, 1, start, start + length, "chat", "", isFailed: false)
                let use = span(run, 2, start + length, start + length + 1_000_000, "execute_tool", tool, isFailed: isFailed)
                return #"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"desk"}}]},"#
                    + #""scopeSpans":[{"spans":[\#(call),\#(use),\#(root)]}]}]}"#
            }
        }

        private func span(_ run: Int, _ place: Int, _ start: Int, _ end: Int, _ kind: String, _ tool: String, isFailed: Bool) -> String {
            func hex(_ number: Int, _ width: Int) -> String {
                let text = String(number, radix: 16)
                return String(repeating: "0", count: max(0, width - text.count)) + text
            }
            var attributes = [
                ("gen_ai.operation.name", kind), ("gen_ai.agent.name", agents[run % agents.count]), ("gen_ai.request.model", "m"),
            ]
            if !tool.isEmpty { attributes.append(("gen_ai.tool.name", tool)) }
            if !version.isEmpty { attributes.append(("kilter.version", version)) }
            let list = attributes.map { #"{"key":"\#($0.0)","value":{"stringValue":"\#($0.1)"}}"# }.joined(separator: ",")
            let id = run * 8 + place + 1
            let parent = place == 0 ? "" : #""parentSpanId":"\#(hex(run * 8 + 1, 16))","#
            return #"{"traceId":"\#(hex(run + 1, 32))","spanId":"\#(hex(id, 16))",\#(parent)"name":"\#(kind)","#
                + #""startTimeUnixNano":"\#(start)","endTimeUnixNano":"\#(end)","status":{"code":\#(isFailed ? 2 : 0)},"#
                + #""attributes":[\#(list)]}"#
        }
    }

    private func engine(_ worlds: [World], runs: Int = 400) throws -> Engine {
        let engine = Engine(settings: Run.settings)
        let text = worlds.flatMap { $0.lines(runs) }.joined(separator: "\n")
        try Replay(engine: engine) { _ in }.run(bytes: Array(text.utf8), name: "worlds")
        return engine
    }

    private func named(_ comparison: BaselineComparison, _ signal: String, _ step: String) throws -> BaselineComparison.Difference {
        try #require(comparison.differences.first { $0.signal == signal && $0.step == step })
    }

    @Test("Two states that differ in one thing differ in that, and by as much as is true; alike ones do not")
    func states() throws {
        let first = try engine([World()])
        let alike = BaselineComparison(first, to: try engine([World(seed: 2)]))
        #expect(!alike.differences.isEmpty && alike.beyond(0).isEmpty)
        let slower = BaselineComparison(first, to: try engine([World(seed: 3, latencyMilliseconds: 520, searching: 0.8)]))
        let latency = try named(slower, "latency", "model_call")
        // ln 1.3 is 0.62 of the standard deviation of a difference; Φ(0.62) is 0.73.
        #expect(latency.isBeyondChance && (latency.difference.size - 0.46).magnitude < 0.12)
        #expect(latency.difference.lower < 0.46 && 0.46 < latency.difference.upper + 0.05 && latency.beforeText != latency.afterText)
        let mix = try named(slower, "tool", "run")
        #expect(mix.category == "search" || mix.category == "lookup")
        #expect((mix.size - 0.3).magnitude < 0.1 && mix.isBeyondChance)
        #expect(slower.differences.map(\.size) == slower.differences.map(\.size).sorted(by: >))
        #expect(slower.beyond(0.9).isEmpty && slower.beyond(0.2).count >= 2)
    }

    @Test("Errors of one tool are that tool's own rate, beside that of the runs")
    func tools() throws {
        let comparison = BaselineComparison(try engine([World(failing: 0.1)]), to: try engine([World(seed: 4, failing: 0.5)]))
        let search = try named(comparison, "error_rate", "search"), lookup = try named(comparison, "error_rate", "lookup")
        #expect(search.isBeyondChance && (search.difference.size - 0.4).magnitude < 0.12 && search.isRate)
        #expect(lookup.size == 0 && !lookup.isBeyondChance)
        let run = try named(comparison, "error_rate", "run")
        #expect(run.size > 0.1 && run.size < search.size)
    }

    private func alerts(_ worlds: [World], runs: Int) throws -> [String] {
        let settings = try Configuration.parse("false_alarms: 0.1 per agent per 100 runs", file: "runs").settings
        let text = worlds.flatMap { $0.lines(runs) }.joined(separator: "\n")
        return try Run.replay(Array(text.utf8), settings: settings).events.filter {
            $0.contains(#""error_rate""#) && $0.contains(#""revision":1"#)
        }
    }

    @Test("Tools that fail as often as ever raise no more alarms than are allowed; one that begins to is named")
    func toolErrors() throws {
        let agents = (0..<40).map { "clerk-\($0)" }
        // 40 agents of 300 runs at one false alarm in a thousand runs, of all signals: 12, of errors less than half.
        let calm = try alerts([World(seed: 7, agents: agents)], runs: 12_000)
        #expect(calm.count <= 12, "\(calm.count)")
        let failing = try alerts([World(seed: 8, failing: 0.05), World(seed: 9, failing: 0.5, first: 400)], runs: 400)
        let ofSearch = try #require(failing.first { $0.contains(#""tool":"search""#) })
        #expect(ofSearch.contains("error_rate of clerk in search went up from") && !failing.contains { $0.contains(#""tool":"lookup""#) })
    }

    @Test("Versions of an agent within one state; one that is not known gives nothing")
    func versions() throws {
        let one = try engine([
            World(version: "1"), World(seed: 5, latencyMilliseconds: 520, version: "2", first: 400),
        ])
        let comparison = BaselineComparison(one, .named("1"), to: one, .named("2"))
        #expect(try named(comparison, "latency", "model_call").isBeyondChance)
        #expect(BaselineComparison(one, .named("1"), to: one, .named("3")).differences.isEmpty)
        #expect(BaselineComparison(one, to: one, agent: "no-*").differences.isEmpty)
    }

    @Test("Too little is known of what is young, and nothing is said of it")
    func young() throws {
        let comparison = BaselineComparison(try engine([World()]), to: try engine([World(seed: 6)], runs: 20))
        #expect(comparison.differences.isEmpty && comparison.young > 3)
    }

    @Test("What is usual is said with the smallest change that would be told, of single calls and of groups too")
    func smallest() throws {
        let report = try engine([World(agents: ["clerk", "porter"])]).baselines
        let streams = try #require(report.agents.first).streams
        let latency = try #require(streams.first { $0.signal == "latency" && $0.step == "model_call" }?.smallest)
        #expect(latency.factor.map { $0 > 1.02 && $0 < 2.5 } ?? false && latency.observations == Double(Engine.baselineHorizon))
        #expect(streams.allSatisfy { $0.state != .learning || $0.smallest == nil })
        let call = try #require(streams.first { $0.signal == "latency" && $0.step == "one call of model_call" })
        #expect(call.state == .ready && call.smallest?.factor.map { $0 >= 4 } ?? false)
        let group = try #require(report.groups.first { $0.group == "service" })
        #expect(group.service == "desk" && group.members == 2 && group.streams.contains { $0.signal == "latency" && $0.state == .ready })
        // All that ask the model are of one service.
        #expect(!report.groups.contains { $0.group == "model" })
    }

    @Test(
        "A ramp in small steps, a version each: a pinned state tells of it as of any change, and one that is not that it was walked there")
    func pinned() throws {
        let learned = try engine([World(minutesBetween: 30)]).snapshot()
        func follow(isPinned: Bool) throws -> (changedAfter: Int, walked: Int, last: BaselineReport.Stream) {
            let engine = Engine(settings: Run.settings)
            try engine.restore(learned)
            if isPinned {
                let pinned = engine.pin(agents: "cl*")
                #expect(pinned.agents == 1 && pinned.streams > 4 && engine.pin(agents: "other").agents == 0)
            }
            let loaded = Engine(settings: Run.settings)
            try loaded.restore(engine.snapshot())
            #expect(loaded.snapshot() == engine.snapshot())
            func latency() throws -> BaselineReport.Stream {
                try #require(loaded.baselines.agents.first?.streams.first { $0.signal == "latency" && $0.step == "model_call" })
            }
            var changed = 4_000, walked = 0
            for part in 0..<20 {
                var world = World(seed: UInt64(20 + part), version: "\(part)", first: 400 + part * 200, minutesBetween: 30)
                (world.growth, world.grown) = (1.0001, Elementary.exp(Double(part) * 200 * Elementary.log(1.0001)))
                let text = world.lines(200).joined(separator: "\n")
                try Replay(engine: loaded) { events in
                    walked += Run.encode(events).count {
                        $0.contains("\"detector\":\"poisoning\"") && $0.contains("\"signal\":\"latency\"")
                    }
                }.run(bytes: Array(text.utf8), name: "ramp")
                if try latency().state == .changed { changed = min(changed, part * 200) }
            }
            return (changed, walked, try latency())
        }
        let pinned = try follow(isPinned: true), free = try follow(isPinned: false)
        #expect(pinned.changedAfter < 4_000 && pinned.walked == 0 && free.walked > 0, "\(pinned.changedAfter) \(free.walked)")
        // The run that was under way is not known yet.
        #expect(pinned.last.state == .changed && pinned.last.isPinned && pinned.last.observations == 399)
        #expect(!free.last.isPinned && free.last.observations <= 200)
    }

    @Test("What was pinned learns again once it is freed")
    func freed() throws {
        let engine = try engine([World(minutesBetween: 30)])
        let pinned = engine.pin(agents: "*")
        #expect(engine.pin(agents: "*", false).streams == pinned.streams)
        #expect(engine.snapshot() == (try self.engine([World(minutesBetween: 30)]).snapshot()))
    }
}
