import Foundation
import KilterEngine
import KilterSimulator
import Testing

@Suite("One story, every dialect")
struct DialectTests {
    /// What an alert says whatever its arguments were wrapped in.
    private struct Gist: Equatable {
        var detector, severity, agent, run: String
        var count: Int
        var state: String

        init?(_ event: String) throws {
            let root = try JSONSerialization.jsonObject(with: Data(event.utf8)) as? [String: Any] ?? [:]
            guard root["type"] as? String == "kilter.alert", let data = root["data"] as? [String: Any] else { return nil }
            func text(_ key: String) -> String { data[key] as? String ?? "-" }
            detector = text("detector")
            severity = text("severity")
            agent = text("agent")
            run = text("run")
            state = text("state")
            count = data["count"] as? Int ?? -1
        }
    }

    private func said(_ scenario: Scenario) throws -> [String] { try Run.replay(Array(scenario.stream().utf8)).events }

    private func reference(_ scenario: Scenario, of dialect: SimulatedService.Dialect) throws -> Scenario {
        let id = scenario.id.replacing("\(dialect)", with: "genAI")
        return try #require(Scenarios.told(in: .genAI).first { $0.id == id })
    }

    @Test("A story in another dialect raises the same alerts", arguments: SimulatedService.Dialect.allCases)
    func sameAlerts(dialect: SimulatedService.Dialect) throws {
        for scenario in Scenarios.told(in: dialect) {
            let expected = try said(reference(scenario, of: dialect))
            let events = try said(scenario)
            #expect(try !expected.isEmpty && events.compactMap { try Gist($0) } == expected.compactMap { try Gist($0) }, "\(scenario.id)")
            // OpenLLMetry wraps the arguments, so that their fingerprints are others, and Claude Code shows none.
            let saysTheSame = dialect != .openLLMetry && dialect != .claudeCode
            if saysTheSame { #expect(events == expected, "\(scenario.id)") }
        }
    }

    @Test("Every dialect tells what it can", arguments: SimulatedService.Dialect.allCases)
    func stories(dialect: SimulatedService.Dialect) throws {
        let stories = Scenarios.told(in: dialect)
        #expect(stories.count >= 2)
        for story in stories {
            let statistics = try Run.replay(Array(story.stream().utf8)).statistics
            #expect(Run.fact("quarantined", statistics) == 0 && Run.fact("late", statistics) == 0)
        }
    }
}
