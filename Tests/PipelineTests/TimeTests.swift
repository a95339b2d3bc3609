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
