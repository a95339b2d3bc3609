import Foundation
import KilterSimulator
import KilterVocabulary
import Testing

/// What a scenario says is true, and what becomes of it in many hands.
@Suite struct FleetTests {
    /// Every run of a stream by its conversation, or else its trace.
    private func runs(_ stream: RecordedStream) -> Set<String> {
        var conversations: [Substring: String] = [:]
        for span in stream.spans {
            for name in ["gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id"] {
                if let id = span.text(name) { conversations[span.key.prefix(32)] = id }
            }
        }
        return Set(stream.spans.map { conversations[$0.key.prefix(32)] ?? String($0.key.prefix(32)) })
    }

    private func told(_ fleet: Fleet) throws -> (stream: String, truth: [TruthLabel]) {
        var fleet = fleet
        var stream = ""
        let truth = try fleet.write { stream += $0 }
        return (stream, truth)
    }

    /// Silent families are healthy throughout; in the others something is wrong unless nothing may warn.
    @Test(arguments: Scenarios.all)
    func truthSaysWhatTheScenarioClaims(_ scenario: Scenario) throws {
        let recording = scenario.recording()
        let wrong = recording.truth.filter { !$0.isHealthy }
        let mustAlert = recording.expectation.alerts.contains { $0.severity >= .warning }
        #expect(!wrong.isEmpty == mustAlert || scenario.incident != nil, "\(scenario.id)")
        let stream = try RecordedStream(recording.stream)
        // What is said of an agent over many runs names none of them; they are healthy, each by itself.
        let labelled = Set(recording.truth.compactMap { $0.conversation ?? $0.trace })
        #expect(labelled == runs(stream), "\(scenario.id)")
        for label in recording.truth {
            #expect(label.start <= label.end && label.service != nil && label.agent != nil)
            #expect(try TruthLabel(line: label.line) == label)
        }
    }

    @Test func sameOptionsGiveTheSameBytesAndOthersDoNot() throws {
        let scenario = try #require(Scenarios.named("P5-cycle-of-3"))
        let first = try told(Fleet(scenario, seed: 7, agents: 3, spansMin: 600))
        let again = try told(Fleet(scenario, seed: 7, agents: 3, spansMin: 600))
        let other = try told(Fleet(scenario, seed: 8, agents: 3, spansMin: 600))
        #expect(first.stream == again.stream && first.truth == again.truth)
        #expect(first.stream != other.stream)
    }

    @Test(arguments: ["P1-four-pairs-after-work", "N13-heartbeat", "P16-tree", "demo", "N15-delivered-three-times"])
    func groupsAreApartInNamesAndTogetherInTime(_ id: String) throws {
        let scenario = try #require(Scenarios.named(id))
        let (text, truth) = try told(Fleet(scenario, seed: 11, agents: 4, spansMin: 2_000))
        let stream = try RecordedStream(text)
        let finished = Set(stream.spans.filter(\.isFinished).map(\.key))
        #expect(finished.count >= 2_000)
        let own = try RecordedStream(scenario.stream())
        #expect(Set(stream.spans.map(\.service)).count == 4 * Set(own.spans.map(\.service)).count)
        let wrong = scenario.recording().truth.filter { !$0.isHealthy }
        #expect(truth.count { !$0.isHealthy } == 4 * wrong.count)
        #expect(Set(truth.map { $0.conversation ?? $0.trace ?? "" }) == runs(stream))
        // Each agent works before another has ended.
        let extents = Dictionary(grouping: stream.spans.filter(\.isFinished), by: \.service).values
            .map { spans in (start: spans.map(\.start).min() ?? 0, end: spans.compactMap(\.end).max() ?? 0) }
        #expect((extents.map(\.start).max() ?? 0) < (extents.map(\.end).min() ?? 0))
    }

    /// Spans of one service stand in the order of their ends, as one exporter sends them.
    @Test func eachServiceSendsInOrder() throws {
        let scenario = try #require(Scenarios.named("L1-one-long-loop"))
        let stream = try RecordedStream(try told(Fleet(scenario, agents: 5, spansMin: 5_000)).stream)
        for (_, spans) in Dictionary(grouping: stream.spans, by: \.service) {
            let ends = spans.compactMap(\.end)
            #expect(ends == ends.sorted())
        }
        let perLine = Dictionary(grouping: stream.spans, by: \.line).values
        #expect(perLine.allSatisfy { (1...20).contains($0.count) && Set($0.map(\.service)).count == 1 })
    }

    @Test func incidentsCostWhatWasReported() throws {
        #expect(Set(Scenarios.library.map(\.id)).count == Scenarios.library.count)
        for scenario in Scenarios.library where scenario.id.hasPrefix("incident-") {
            let incident = try #require(scenario.incident, "\(scenario.id)")
            #expect(!incident.source.isEmpty)
            guard incident.tokens > 0, scenario.id != "incident-patch-calls" else { continue }
            let stream = try RecordedStream(scenario.stream())
            let tokens = stream.spans.reduce(0) { sum, span in
                let counts = ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"].map { name in
                    ((span.attributes[name] as? [String: Any])?["intValue"] as? String).flatMap(Int.init) ?? 0
                }
                return sum + counts[0] + counts[1]
            }
            #expect(abs(tokens - incident.tokens) < incident.tokens / 20, "\(scenario.id): \(tokens) tokens")
        }
    }
}
