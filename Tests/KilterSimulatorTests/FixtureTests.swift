import Foundation
import KilterSimulator
import Testing

/// The checked-in fixtures are what the registry generates, and what they claim to be.
@Suite struct FixtureTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures", isDirectory: true)

    private func file(_ scenario: Scenario, _ name: String) throws -> String {
        let url = Self.folder.appendingPathComponent(scenario.id).appendingPathComponent(name)
        return String(decoding: try Data(contentsOf: url), as: UTF8.self)
    }

    @Test(arguments: Scenarios.all)
    func checkedInFilesAreWhatIsGenerated(_ scenario: Scenario) throws {
        #expect(try file(scenario, "stream.jsonl") == scenario.stream(), "\(scenario.id): rewrite the fixtures")
        #expect(try file(scenario, "scenario.json") == ScenarioFile(scenario).text, "\(scenario.id): rewrite the fixtures")
    }

    @Test func idsAreUniqueAndKnown() {
        let ids = Scenarios.all.map(\.id)
        #expect(Set(ids).count == ids.count)
        for id in ids { #expect(Scenarios.named(id)?.id == id) }
        #expect(Scenarios.named("P99-unknown") == nil)
    }

    @Test(arguments: Scenarios.all)
    func streamIsOrderlyTelemetry(_ scenario: Scenario) throws {
        try expectOrderly(scenario.recording(), of: scenario)
    }

    /// The shape does not hang on one lucky seed.
    @Test(arguments: Scenarios.all)
    func anotherSeedGivesAnotherStreamOfTheSameShape(_ scenario: Scenario) throws {
        let other = scenario.recording(seed: scenario.seed &+ 977)
        #expect(other.stream != scenario.stream())
        try expectOrderly(other, of: scenario)
        #expect(other.expectation.alerts.map(\.detector) == scenario.expectation.alerts.map(\.detector))
    }

    private func expectOrderly(_ recording: Recording, of scenario: Scenario) throws {
        let stream = try RecordedStream(recording.stream)
        let repeats = scenario.id == "N15-delivered-three-times"
        #expect(recording.stream.utf8.count < (scenario.id == "demo" ? 6_000_000 : 450_000))
        var seen: Set<String> = []
        var latest: UInt64 = 0
        var lineLatest: [Int: UInt64] = [:]
        for span in stream.spans {
            guard let end = span.end, end != 0 else {
                #expect(repeats, "\(scenario.id): unfinished span in line \(span.line)")
                continue
            }
            #expect(end >= span.start)
            guard seen.insert(span.key).inserted else {
                #expect(repeats, "\(scenario.id): span \(span.key) occurs twice")
                continue
            }
            #expect(lineLatest[span.line, default: 0] <= end, "line \(span.line): spans are not in order")
            lineLatest[span.line] = end
        }
        for line in stream.lines.indices.map({ $0 + 1 }) {
            guard let end = lineLatest[line] else { continue }
            #expect(end >= latest, "\(scenario.id): line \(line) left before the one above")
            latest = end
        }
        try expectParents(stream, of: scenario)
        for alert in recording.expectation.alerts {
            #expect((1...seen.count).contains(alert.bySpan ?? 1))
            #expect((alert.notBeforeSpan ?? 1) <= (alert.bySpan ?? .max))
        }
    }

    /// Every parent is a span of the same trace that covers its child, and every trace but the rootless has one root.
    private func expectParents(_ stream: RecordedStream, of scenario: Scenario) throws {
        var spans: [String: RecordedStream.Span] = [:]
        for span in stream.spans where span.isFinished { spans[span.key] = span }
        for span in stream.spans where span.isFinished && !span.parent.isEmpty {
            let parent = try #require(spans[span.parent], "\(scenario.id): a parent is missing")
            #expect(parent.start <= span.start)
        }
        let roots = Dictionary(grouping: spans.values.filter(\.parent.isEmpty)) { $0.key.prefix(32) }
        for (trace, found) in roots { #expect(found.count == 1, "\(scenario.id): trace \(trace)") }
    }

    @Test func demonstrationHasTheSizeOfASmallCompany() throws {
        let stream = try RecordedStream(Scenarios.demonstration.stream())
        let services = Set(stream.spans.map(\.service))
        let agents = Set(stream.spans.compactMap { $0.text("gen_ai.agent.name") })
        let ends = stream.spans.compactMap(\.end)
        #expect(services.count == 4)
        #expect((8...12).contains(agents.count))
        #expect((2_000...4_000).contains(stream.spans.count))
        let seconds = ((ends.max() ?? 0) - (ends.min() ?? 0)) / 1_000_000_000
        #expect((225...270).contains(seconds))
        let perLine = Dictionary(grouping: stream.spans, by: \.line).values.map(\.count)
        #expect(perLine.allSatisfy { (1...20).contains($0) })
    }

    @Test func copiesAddNothingToTheCleanTwin() throws {
        let clean = try RecordedStream(try #require(Scenarios.named("N15-delivered-once")).stream())
        let noisy = try RecordedStream(try #require(Scenarios.named("N15-delivered-three-times")).stream())
        let finished = noisy.spans.filter(\.isFinished)
        var first: [String] = []
        for span in finished where !first.contains(span.key) { first.append(span.key) }
        #expect(first == clean.spans.map(\.key))
        #expect(finished.count == clean.spans.count * 3)
        let tools = clean.spans.count { $0.text("gen_ai.operation.name") == "execute_tool" }
        #expect(noisy.spans.count - finished.count == tools * 2)
    }

    /// Identical calls must be identical in meaning only, or the fixtures would not test the fingerprints.
    @Test func identicalCallsAreWrittenInDifferentWords() throws {
        let stream = try RecordedStream(try #require(Scenarios.named("L1-one-long-loop")).stream())
        let texts = stream.spans.filter { $0.text("gen_ai.tool.name") == "send_refund" }
            .compactMap { $0.text("gen_ai.tool.call.arguments") }
        let meanings = try Set(
            texts.map { text in
                let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
                return try JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
            })
        #expect(texts.count == 200)
        #expect(Set(texts).count > 4)
        #expect(meanings.count == 1)
    }

    /// `make fixtures` names the folder that is to be written for good.
    @Test func writerWritesEveryFixture() throws {
        if let target = ProcessInfo.processInfo.environment["KILTER_FIXTURES"] { return try writeFixtures(to: target) }
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kilter-fixtures-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try writeFixtures(to: folder.path)
        let written = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(written.sorted() == Scenarios.all.map(\.id).sorted())
        for scenario in Scenarios.all {
            let stream = folder.appendingPathComponent(scenario.id).appendingPathComponent("stream.jsonl")
            #expect(try Data(contentsOf: stream) == Data(scenario.stream().utf8))
        }
    }
}
