import Foundation
import KilterEngine
import KilterSimulator
import KilterVocabulary
import Testing

/// The stories are the same in all dialects, so what is said about them must be the same, to the byte where a dialect says
/// as much as OpenTelemetry's own, and in all but what is listed here where it says less.
@Suite("One story, every dialect")
struct DialectTests {
    private func reference(_ scenario: Scenario, of dialect: SimulatedService.Dialect) throws -> Scenario {
        let id = scenario.id.replacing("\(dialect)", with: "genAI")
        return try #require(Scenarios.told(in: .genAI).first { $0.id == id })
    }

    private func replay(_ scenario: Scenario) throws -> Said { try Run.replay(Array(scenario.stream().utf8)) }

    // MARK: Events

    /// What the events of a dialect's story say otherwise, and why.
    private func otherwise(_ dialect: SimulatedService.Dialect, _ story: String) -> Set<String> {
        switch (dialect, story) {
        // The arguments come inside of `args` and `kwargs`, so that the print that is shown of them is another.
        case (.openLLMetry, "T-loop-openLLMetry"): ["data.evidence.arguments"]
        // Neither what was asked nor what came back is shown, and the alert says so.
        case (.claudeCode, "T-errors-claudeCode"): ["data.evidence.not_observable.0"]
        default: []
        }
    }

    /// Every member of an event under its path.
    private func members(_ event: String) throws -> [String: String] {
        var members: [String: String] = [:]
        func walk(_ value: Any, _ path: String) {
            switch value {
            case let object as [String: Any]: for (key, value) in object { walk(value, path + "." + key) }
            case let list as [Any]: for (index, value) in list.enumerated() { walk(value, "\(path).\(index)") }
            default: members[String(path.dropFirst())] = "\(value)"
            }
        }
        walk(try JSONSerialization.jsonObject(with: Data(event.utf8)), "")
        return members
    }

    @Test("A story in another dialect raises the same alerts", arguments: SimulatedService.Dialect.allCases)
    func sameAlerts(dialect: SimulatedService.Dialect) throws {
        let stories = Scenarios.told(in: dialect)
        // Claude Code's spans show neither results nor answers, and three of the stories are about those.
        #expect(stories.count == (dialect == .claudeCode ? 2 : 5))
        for scenario in stories {
            let expected = try replay(reference(scenario, of: dialect)).events
            let events = try replay(scenario).events
            try #require(!expected.isEmpty && events.count == expected.count, "\(scenario.id)")
            var different: Set<String> = []
            for (event, other) in zip(events, expected) {
                let (own, theirs) = try (members(event), members(other))
                for path in Set(own.keys).union(theirs.keys) where own[path] != theirs[path] { different.insert(path) }
            }
            #expect(different == otherwise(dialect, scenario.id), "\(scenario.id)")
            // The stories cost something, or saying the same of their cost would say nothing.
            #expect(try events.contains { try Int(members($0)["data.cost.microdollars"] ?? "") ?? 0 > 0 }, "\(scenario.id)")
            if different.isEmpty { #expect(events == expected, "\(scenario.id)") }
        }
    }

    // MARK: Counts

    /// What is counted otherwise in a dialect, and why.
    private func countedOtherwise(_ dialect: SimulatedService.Dialect, _ story: String) -> Set<String> {
        // Claude Code's calls show neither arguments nor results; those of the others do, except for results of failed calls.
        story == "T-errors-claudeCode" ? ["notes.arguments_unobservable", "notes.result_unobservable"] : []
    }

    /// Every count under its path.
    private func counts(_ facts: [Evidence], under path: String = "") -> [String: String] {
        var counts: [String: String] = [:]
        for fact in facts {
            if case .facts(let inner) = fact.value {
                counts.merge(self.counts(inner, under: path + fact.name + ".")) { $1 }
            } else {
                counts[path + fact.name] = "\(fact.value)"
            }
        }
        return counts
    }

    @Test("Every dialect tells what it can", arguments: SimulatedService.Dialect.allCases)
    func stories(dialect: SimulatedService.Dialect) throws {
        for story in Scenarios.told(in: dialect) {
            let expected = try replay(reference(story, of: dialect)).statistics
            let statistics = try replay(story).statistics
            #expect(Run.fact("quarantined", statistics) == 0 && Run.fact("late", statistics) == 0, "\(story.id)")
            let (own, theirs) = (counts(statistics), counts(expected))
            let different = Set(own.keys).union(theirs.keys).filter { own[$0] != theirs[$0] }
            #expect(different == countedOtherwise(dialect, story.id), "\(story.id)")
        }
    }
}
