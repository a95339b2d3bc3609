import Foundation
import KilterEngine
import KilterSimulator
import KilterVocabulary
import Testing

/// What agents do in time, and what people declare.
@Suite("Declared changes, maintenance, silence")
struct TimeTests {
    /// Two agents whose new version is harmful: one shows it, the other declares it by a mark.
    private static let release: [[UInt8]] = {
        guard let suite = DriftSuites.named("drift-release-harmful") else { return [] }
        var stream = DriftStream(suite, seed: 5, agents: 2, observations: 900), lines: [[UInt8]] = []
        _ = try? stream.write { lines.append(Array($0.utf8.dropLast())) }
        return lines
    }()

    private static var whole: [UInt8] { Array(release.joined(separator: [10])) + [10] }

    private static func settings(_ yaml: String = "") throws -> Settings {
        try Configuration.parse("false_alarms: 1 per agent per 100 runs\n" + yaml, file: "test").settings
    }

    @Test("A mark begins an epoch that is compared with the one before, and says so")
    func mark() throws {
        let said = try Run.replay(Self.whole, settings: Self.settings())
        let declared = said.events.filter { $0.contains("\"detector\":\"version_change\"") && $0.contains("firing") }
        #expect(declared.count == 1 && declared[0].contains("A deploy of triage-agent"))
        let compared = said.events.filter { $0.contains("before the deploy of triage-agent") }
        #expect(!compared.isEmpty && compared.allSatisfy { $0.contains("\"declared\":\"deploy\"") })
    }

    @Test("Any number of workers, any block, and a cut anywhere around a mark say the same")
    func markedAlike() throws {
        let settings = try Self.settings(), whole = try Run.replay(Self.whole, settings: settings)
        for (workers, chunkBytes) in [(3, 20_000), (1, 700), (7, 100_000)] {
            #expect(try Run.replay(Self.whole, settings: settings, workers: workers, chunkBytes: chunkBytes) == whole)
        }
        let mark = try #require(Self.release.firstIndex { String(decoding: $0, as: UTF8.self).contains("kilter.mark") })
        for cut in [mark - 1, mark, mark + 1, mark + 5] {
            let halves = try Run.cut(Self.release, at: cut, workers: (1, 3), settings: settings)
            #expect(halves.events == whole.events && halves.stateHash == whole.stateHash, "cut before line \(cut + 1)")
        }
    }

    @Test("State that is restored has the thresholds and windows of each agent, whoever is heard of first")
    func overridesRestored() throws {
        let agents = Set(Self.release.flatMap { Self.agents(in: String(decoding: $0, as: UTF8.self)) }).sorted()
        try #require(agents.count == 2)
        let times = "from: \"2027-01-01T00:00:00Z\", to: \"2028-01-01T00:00:00Z\"}"
        let settings = try Self.settings(
            """
            maintenance: [{for: {agent: "\(agents[1])"}, \(times)]
            detectors: [{for: {agent: "\(agents[0])"}, repeated_call: {warning: 7}}]

            """)
        let whole = try Run.replay(Self.whole, settings: settings)
        for cut in [1, 2, 3, Self.release.count / 2, Self.release.count - 1] {
            let halves = try Run.cut(Self.release, at: cut, workers: (1, 2), settings: settings)
            #expect(halves.events == whole.events && halves.stateHash == whole.stateHash, "cut before line \(cut + 1)")
        }
    }

    private static func agents(in line: String) -> [String] {
        line.components(separatedBy: "\"gen_ai.agent.name\",\"value\":{\"stringValue\":\"").dropFirst().compactMap {
            $0.split(separator: "\"").first.map(String.init)
        }
    }

    @Test("Every event has an id of its own, also where several signals change at one record")
    func ownIDs() throws {
        let said = try Run.replay(Self.whole, settings: Self.settings())
        let ids = said.events.compactMap { event in
            event.range(of: "\"id\":\"").map { String(event[$0.upperBound...].prefix(40)) }
        }
        #expect(ids.count > 10 && Set(ids).count == ids.count)
    }

    @Test("In a maintenance window nothing statistical is said or learned, and only of whom it is for")
    func maintenance() throws {
        let times = "from: \"2026-01-01T00:00:00Z\", to: \"2027-01-01T00:00:00Z\"}"
        let all = try Self.settings("maintenance: [{for: {service: \"claims-desk-*\"}, \(times)]")
        let none = try Self.settings("maintenance: [{for: {service: \"payments\"}, \(times)]")
        #expect(all.maintenance.count == 1)
        #expect(try Run.replay(Self.whole, settings: all).events.isEmpty)
        let said = try Run.replay(Self.whole, settings: Self.settings())
        #expect(try !said.events.isEmpty && Run.replay(Self.whole, settings: none).events == said.events)
    }

    /// Runs of versions that follow each other, each so many times as slow as the one before.
    private static func versions(of agents: Int, factor: Double, seed: UInt64) -> [[UInt8]] {
        var random = SplitMix64(seed: seed), number = 0, lines: [[UInt8]] = []
        for version in 0..<6 {
            for run in 0..<100 {
                for agent in 0..<agents {
                    let start = 1_790_000_000 + UInt64((version * 100 + run) * 900 + agent)
                    // Eight draws are near enough to a normal law.
                    let draws = (0..<8).reduce(0.0) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 - 0.5 }
                    let seconds = pow(factor, Double(version)) * exp(0.3 * draws * 1.2247)
                    number += 1
                    lines.append(
                        Self.run(
                            number, of: "agent-\(agent)", by: "one", at: start, took: UInt64(seconds * 1e9), version: "v\(version)"))
                }
            }
        }
        return lines
    }

    @Test("What is walked away by versions is told once a signal, and where versions change nothing nothing is")
    func walked() throws {
        let settings = try Configuration.parse("false_alarms: 0.1 per agent per 100 runs\n", file: "test").settings
        func told(_ factor: Double) throws -> [String] {
            let lines = Self.versions(of: 6, factor: factor, seed: 9)
            return try Run.replay(Array(lines.joined(separator: [10])), settings: settings).events.filter {
                $0.contains("\"detector\":\"poisoning\"") && $0.contains("\"state\":\"firing\"")
            }
        }
        let walked = try told(1.06)
        for agent in 0..<6 {
            let own = walked.filter { $0.contains("\"agent\":\"agent-\(agent)\"") && $0.contains("\"signal\":\"latency\"") }
            #expect(own.count == 1 && own.allSatisfy { $0.contains("\"severity\":\"warning\"") }, "\(own)")
        }
        #expect(try told(1).isEmpty)
    }

    /// A run of an agent that names no root, answered by a model.
    private static func run(
        _ number: Int, of agent: String, by model: String, at second: UInt64, took: UInt64 = 500_000_000, version: String = "v"
    ) -> [UInt8] {
        let text = """
            {"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"desk"}}]},"scopeSpans":[{"spans":[\
            {"traceId":"\(String(repeating: "0", count: 26))\(100_000 + number)","spanId":"0000000000\(100_000 + number)",\
            "parentSpanId":"00000000000000ff","name":"chat","startTimeUnixNano":"\(second)000000000","endTimeUnixNano":"\(second * 1_000_000_000 + took)",\
            "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},\
            {"key":"gen_ai.agent.name","value":{"stringValue":"\(agent)"}},\
            {"key":"kilter.version","value":{"stringValue":"\(version)"}},\
            {"key":"gen_ai.response.model","value":{"stringValue":"\(model)"}}]}]}]}]}
            """
        return Array(text.utf8)
    }

    @Test("A run is over five minutes after its last record, whoever's record, tick or end of the file lets the time pass")
    func quietRuns() throws {
        let begin: UInt64 = 1_790_000_000
        let runs = (0..<6).map { Self.run($0, of: "triage", by: $0 < 5 ? "one" : "other", at: begin + UInt64($0) * 400) }
        let last = begin + 2_000
        func said(_ engine: Engine, _ stream: [[UInt8]]) throws -> [String] {
            try Run.replay(Array(stream.joined(separator: [10])), engine, drain: false).events.filter { $0.contains("version_change") }
        }
        // An agent of another shard, or of the same: where it is makes no difference.
        for other in (0..<8).map({ "other-\($0)" }) {
            for (second, isOver) in [(last + 299, false), (last + 302, true)] {
                let engine = try Engine(settings: Self.settings(), workers: 2)
                let events = try said(engine, runs + [Self.run(9, of: other, by: "one", at: second)])
                #expect(events.count == (isOver ? 1 : 0), "\(other) at \(second - last)")
                guard isOver, let event = events.first else { continue }
                #expect(event.contains("\"observed_at\":\"\(last)500000000\"") && event.contains("triage"), "\(event)")
            }
        }
        let engine = try Engine(settings: Self.settings(), workers: 2)
        #expect(try said(engine, runs).isEmpty)
        #expect(Run.encode(engine.tick(.seconds(290))).isEmpty)
        #expect(Run.encode(engine.tick(.seconds(30))).filter { $0.contains("version_change") && $0.contains("firing") }.count == 1)
        let drained = try Engine(settings: Self.settings(), workers: 2)
        #expect(try said(drained, runs).isEmpty)
        let rest = Run.encode(drained.drain()).filter { $0.contains("version_change") }
        #expect(rest.count == 2 && rest[0].contains("firing") && rest[1].contains("resolved"), "\(rest)")
    }

    @Test("Runs that are over at one record, tick or end of the file are told of in the order in which they came to be")
    func quietRunsInOrder() throws {
        let begin: UInt64 = 1_790_000_000, names = (0..<8).map { "agent-\($0)" }
        let runs = (0..<6).flatMap { run in
            names.enumerated().map { place, name in
                Self.run(run * 8 + place, of: name, by: run < 5 ? "one" : "other", at: begin + UInt64(run * 900 + place * 17))
            }
        }
        func said(_ events: [String]) -> [String] {
            events.filter { $0.contains("version_change") && $0.contains("firing") }.compactMap { event in
                names.first { event.contains("\"agent\":\"\($0)\"") }
            }
        }
        func replay(_ engine: Engine, _ more: [[UInt8]] = []) throws -> [String] {
            try Run.replay(Array((runs + more).joined(separator: [10])), engine, drain: false).events
        }
        let settings = try Self.settings()
        let byRecord = Engine(settings: settings, workers: 2)
        #expect(said(try replay(byRecord, [Self.run(99, of: "late", by: "one", at: begin + 6_000)])) == names)
        let byTick = Engine(settings: settings, workers: 2)
        #expect(said(try replay(byTick)).isEmpty && said(Run.encode(byTick.tick(.minutes(30)))) == names)
        let drained = Engine(settings: settings, workers: 2)
        #expect(said(try replay(drained)).isEmpty && said(Run.encode(drained.drain())) == names)
    }

    @Test("Time that passes by ticks alone tells that agents fell silent, each once")
    func ticks() throws {
        let fixture = try #require(Fixture.named("D7-agent-falls-silent"))
        let engine = Engine(settings: fixture.settings, workers: 2)
        _ = try Run.replay(fixture.stream, engine, drain: false)
        var told: [String] = []
        for _ in 0..<192 { told += Run.encode(engine.tick(.minutes(30))).filter { $0.contains("\"detector\":\"silence\"") } }
        let steady = told.filter { $0.contains("site-crawler") && $0.contains("firing") }
        #expect(steady.count == 1, "\(told)")
        #expect(told.allSatisfy { !$0.contains("\"state\":\"resolved\"") })
    }
}
