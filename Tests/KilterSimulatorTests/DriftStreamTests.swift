import Foundation
import KilterSimulator
import KilterVocabulary
import Testing

/// Streams of which the law is known: they are what they claim, before the change and after it.
@Suite struct DriftStreamTests {
    private static func told(_ suite: DriftSuite, seed: UInt64? = nil, agents: Int, observations: Int) throws -> (
        stream: String, truth: [TruthLabel]
    ) {
        var stream = DriftStream(suite, seed: seed, agents: agents, observations: observations)
        var text = ""
        let truth = try stream.write { text += $0 }
        return (text, truth)
    }

    /// Its spans; declared changes are no spans.
    private static func spans(_ stream: String) throws -> RecordedStream {
        let lines = stream.split(separator: "\n").filter { $0.hasPrefix(#"{"resourceSpans""#) }
        return try RecordedStream(lines.joined(separator: "\n") + "\n")
    }

    @Test func sameArgumentsGiveTheSameBytesAndOthersDoNot() throws {
        let suite = try #require(DriftSuites.named("drift-null-nasty"))
        let first = try Self.told(suite, agents: 5, observations: 60)
        let again = try Self.told(suite, seed: suite.seed, agents: 5, observations: 60)
        let other = try Self.told(suite, seed: suite.seed + 1, agents: 5, observations: 60)
        #expect(first.stream == again.stream && first.truth == again.truth)
        #expect(first.stream != other.stream)
    }

    @Test(arguments: DriftSuites.all)
    func eachObservationIsOneTraceInOrder(_ suite: DriftSuite) throws {
        let (text, truth) = try Self.told(suite, agents: 13, observations: 12)
        let stream = try Self.spans(text)
        let byAgent = Dictionary(grouping: stream.spans) { $0.service + "/" + ($0.text("gen_ai.agent.name") ?? "") }
        #expect(byAgent.count == 13)
        for (agent, spans) in byAgent {
            #expect(Set(spans.map { $0.key.prefix(32) }).count == 12, "\(suite) \(agent)")
            let ends = spans.compactMap(\.end)
            #expect(ends == ends.sorted())
        }
        #expect(Set(stream.spans.map(\.key)).count == stream.spans.count)
        let parents = Set(stream.spans.map(\.key))
        #expect(stream.spans.allSatisfy { $0.parent.isEmpty || parents.contains($0.parent) })
        #expect(Set(truth.map { ($0.service ?? "") + "/" + ($0.agent ?? "") }) == Set(byAgent.keys))
        for label in truth { #expect(try TruthLabel(line: label.line) == label) }
    }

    @Test(arguments: DriftSuites.all)
    func truthTellsWhenEachSignalChanged(_ suite: DriftSuite) throws {
        let observations = suite.id == "drift-cold-start" ? 210 : 60
        let (text, truth) = try Self.told(suite, agents: 8, observations: observations)
        let begins = Dictionary(grouping: try Self.spans(text).spans) { $0.service + "/" + ($0.text("gen_ai.agent.name") ?? "") }
            .mapValues { spans in Dictionary(grouping: spans) { $0.key.prefix(32) }.values.compactMap { $0.map(\.start).min() }.sorted() }
        for (agent, labels) in Dictionary(grouping: truth, by: { ($0.service ?? "") + "/" + ($0.agent ?? "") }) {
            #expect(Set(labels.map(\.signal)).count == labels.count)
            #expect(labels[0].isHealthy && labels[0].start == begins[agent]?.first)
            let labels = labels.filter { !$0.isHealthy }
            guard !labels.isEmpty else { continue }
            #expect(labels[0].note?.hasPrefix(TruthLabel.mainSignal) == true && Set(labels.map(\.start)).count == 1)
            #expect(labels.dropFirst().allSatisfy { $0.note?.hasPrefix(TruthLabel.mainSignal) == false })
            let number = labels[0].note.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
            #expect(begins[agent]?[number - 1] == labels[0].start, "\(suite) \(agent)")
        }
        let changed = Set(truth.filter { !$0.isHealthy }.compactMap { ($0.service ?? "") + ($0.agent ?? "") }).count
        let expected = ["drift-null": 0, "drift-null-nasty": 0, "drift-release-harmless": 0, "drift-cold-start": 2, "drift-provider": 4]
        #expect(changed == expected[suite.id] ?? 8, "\(suite)")
    }

    // MARK: Laws

    /// What one trace shows.
    private struct Shown {
        var isAfter = false
        var milliseconds = 0.0
        var output = 0.0
        var input = 0.0
        var isFailed = false
        var isApproved = false
        var tool: String?
        var calls = 0.0
    }

    private static func shown(_ id: String, agents: Int = 4, observations: Int = 1_600) throws -> (before: [Shown], after: [Shown]) {
        let suite = try #require(DriftSuites.named(id))
        let (text, truth) = try told(suite, agents: agents, observations: observations)
        let onsets = Dictionary(
            truth.filter { !$0.isHealthy }.map { (($0.service ?? "") + ($0.agent ?? ""), $0.start...$0.end) },
            uniquingKeysWith: { a, _ in a })
        var traces: [Substring: Shown] = [:]
        for span in try spans(text).spans {
            var shown = traces[span.key.prefix(32)] ?? Shown()
            if let window = onsets[span.service + (span.text("gen_ai.agent.name") ?? "")] { shown.isAfter = window.contains(span.start) }
            switch span.text("gen_ai.operation.name") {
            case "chat":
                shown.calls += 1
                shown.milliseconds = Double((span.end ?? 0) - span.start) / 1e6
                shown.isFailed = span.attributes["error.type"] != nil
                let tokens = ["gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"].map { name in
                    ((span.attributes[name] as? [String: Any])?["intValue"] as? String).flatMap(Double.init) ?? 0
                }
                (shown.input, shown.output) = (tokens[0], tokens[1])
            case "execute_tool": shown.tool = span.text("gen_ai.tool.name")
            default: shown.isApproved = span.text("kilter.outcome") == "approved"
            }
            traces[span.key.prefix(32)] = shown
        }
        return (traces.values.filter { !$0.isAfter }, traces.values.filter(\.isAfter))
    }

    private static func mean(_ numbers: [Double]) -> Double { numbers.isEmpty ? 0 : numbers.sorted().reduce(0, +) / Double(numbers.count) }

    private static func spread(_ numbers: [Double]) -> Double {
        let middle = mean(numbers)
        return mean(numbers.map { ($0 - middle) * ($0 - middle) }).squareRoot()
    }

    @Test(arguments: [("drift-outcome-rise", 0.91), ("drift-outcome-fall", 0.80)])
    func outcomesChangeAsClaimed(_ id: String, _ after: Double) throws {
        let shown = try Self.shown(id, agents: 2, observations: 3_100)
        #expect(abs(Self.mean(shown.before.map { $0.isApproved ? 1 : 0 }) - 0.85) < 0.015)
        #expect(abs(Self.mean(shown.after.map { $0.isApproved ? 1 : 0 }) - after) < 0.03)
    }

    @Test func failuresChangeAsClaimed() throws {
        let errors = try Self.shown("drift-errors", agents: 3, observations: 3_100)
        #expect(abs(Self.mean(errors.before.map { $0.isFailed ? 1 : 0 }) - 0.02) < 0.004)
        #expect(abs(Self.mean(errors.after.map { $0.isFailed ? 1 : 0 }) - 0.06) < 0.018)
        let burst = try Self.shown("drift-burst", agents: 20, observations: 200)
        // What began before the burst was over may be a call behind it, too.
        #expect((20 * 30...20 * 30 + 5).contains(burst.after.count))
        #expect(abs(Self.mean(burst.after.map { $0.isFailed ? 1 : 0 }) - 0.5) < 0.06)
        let storm = try Self.shown("drift-retry-storm", agents: 4, observations: 900)
        #expect((4 * 200...4 * 200 + 5).contains(storm.after.count))
        // Six tries at most, each made when the one before it failed: (1 - .6^6) / .4 on average.
        #expect(abs(Self.mean(storm.after.map(\.calls)) - 2.383) < 0.15)
        #expect(storm.before.allSatisfy { $0.calls == 1 })
    }

    @Test(arguments: [("drift-latency-small", 1.2), ("drift-latency", 1.5), ("drift-spread", 1), ("drift-provider", 1.05)])
    func latencyChangesAsClaimed(_ id: String, _ factor: Double) throws {
        // One agent, because levels of agents differ.
        let shown = try Self.shown(id, agents: 1, observations: 4_000)
        let before = shown.before.map { Foundation.log($0.milliseconds) }
        let after = shown.after.map { Foundation.log($0.milliseconds) }
        #expect(abs(Self.mean(after) - Self.mean(before) - Foundation.log(factor)) < (factor == 1 ? 0.08 : 0.045), "\(id)")
        #expect(abs(Self.spread(before) - 0.5) < 0.02)
        #expect(abs(Self.spread(after) - (id == "drift-spread" ? 0.75 : 0.5)) < 0.04)
    }

    @Test func tokensChangeAsClaimed() throws {
        let tokens = try Self.shown("drift-tokens", agents: 1, observations: 6_000)
        let ratio = { (shown: (before: [Shown], after: [Shown]), value: (Shown) -> Double) in
            let logs = [shown.after, shown.before].map { Self.mean($0.filter { !$0.isFailed }.map { Foundation.log(value($0)) }) }
            return Foundation.exp(logs[0] - logs[1])
        }
        #expect(abs(ratio(tokens, \.output) - 1.3) < 0.06 && abs(ratio(tokens, \.input) - 1) < 0.045)
        let runaway = try Self.shown("drift-cost-runaway", agents: 1, observations: 3_000)
        #expect(abs(ratio(runaway, \.output) - 4) < 0.3 && abs(ratio(runaway, \.input) - 4) < 0.3)
        let heavy = try Self.shown("drift-heavy-call", agents: 3, observations: 200)
        #expect(heavy.after.count == 3 && heavy.after.allSatisfy { $0.input > 100_000 })
    }

    @Test func mixesChangeAsClaimed() throws {
        let share = { (shown: [Shown], tool: String) in Self.mean(shown.filter { $0.tool != nil }.map { $0.tool == tool ? 1 : 0 }) }
        let moved = try Self.shown("drift-tool-mix", agents: 1, observations: 3_900)
        #expect(abs(share(moved.before, "search_cases") - 0.30) < 0.03 && abs(share(moved.after, "search_cases") - 0.20) < 0.04)
        #expect(abs(share(moved.before, "check_coverage") - 0.07) < 0.015 && abs(share(moved.after, "check_coverage") - 0.17) < 0.04)
        let new = try Self.shown("drift-new-tool", agents: 1, observations: 3_900)
        #expect(share(new.before, "translate_text") == 0 && abs(share(new.after, "translate_text") - 0.02) < 0.01)
    }

    @Test func rampsAreHalfWayInTheirMiddle() throws {
        let suite = try #require(DriftSuites.named("drift-ramp-latency"))
        let (text, truth) = try Self.told(suite, agents: 1, observations: 5_500)
        let onset = try #require(truth.first { !$0.isHealthy }?.start)
        let spans = try Self.spans(text).spans.sorted { $0.start < $1.start }
        let logs = spans.map { Foundation.log(Double(($0.end ?? 0) - $0.start)) }
        let first = try #require(spans.firstIndex { $0.start == onset })
        #expect(first == 2_500)
        let ratio = { (range: Range<Int>) in Foundation.exp(Self.mean(Array(logs[range])) - Self.mean(Array(logs[..<first]))) }
        #expect(abs(ratio(first + 1_100..<first + 1_400) - 1.25) < 0.09)
        #expect(abs(ratio(first + 2_500..<5_500) - 1.5) < 0.09)
    }

    /// Values hang together with the values before them, scatter widely, and come in crowds.
    @Test func nastyStreamsAreNasty() throws {
        let suite = try #require(DriftSuites.named("drift-null-nasty"))
        let (text, _) = try Self.told(suite, agents: 3, observations: 1_200)
        let chats = try Self.spans(text).spans.filter { $0.text("gen_ai.operation.name") == "chat" }
        let agents = Dictionary(grouping: chats) { $0.text("gen_ai.agent.name") ?? "" }.values
        for spans in agents {
            let spans = spans.sorted { $0.start < $1.start }
            let logs = spans.map { Foundation.log(Double(($0.end ?? 0) - $0.start)) }
            let ranks = Dictionary(zip(logs.sorted(), 0...).map { ($0, Double($1)) }, uniquingKeysWith: { a, _ in a })
            let ranked = logs.map { ranks[$0] ?? 0 }
            let middle = Self.mean(ranked)
            let together = Self.mean(zip(ranked, ranked.dropFirst()).map { ($0 - middle) * ($1 - middle) })
            let correlation = together / (Self.spread(ranked) * Self.spread(ranked))
            #expect(correlation > 0.2 && correlation < 0.45, "\(correlation)")
            let gaps = zip(spans, spans.dropFirst()).map { Double($1.start - $0.start) }
            #expect(Self.spread(gaps) > 1.5 * Self.mean(gaps))
        }
        let widest = agents.map { Self.spread($0.map { Foundation.log(Double(($0.end ?? 0) - $0.start)) }) }
        #expect((widest.max() ?? 0) > 1.4 * (widest.min() ?? 1))
    }

    @Test(arguments: ["drift-release-harmful", "drift-release-harmless"])
    func releasesAreDeclared(_ id: String) throws {
        let suite = try #require(DriftSuites.named(id))
        let (text, _) = try Self.told(suite, agents: 4, observations: 60)
        let marks = text.split(separator: "\n").filter { $0.contains(#""eventName":"kilter.mark""#) }
        #expect(marks.count == 2)
        let versions = Dictionary(grouping: try Self.spans(text).spans) { $0.text("gen_ai.agent.name") ?? "" }
            .mapValues { Set($0.compactMap { $0.text("kilter.version") }) }
        #expect(versions.values.count { $0 == ["v1", "v2"] } == 2 && versions.values.count { $0.isEmpty } == 2)
    }

    // MARK: Chance

    @Test func functionsAgreeWithTheLibrarys() {
        var random = SplitMix64(seed: 3)
        for _ in 0..<2_000 {
            let x = (random.unit() - 0.5) * 80
            #expect(abs(Chance.exp(x) / Foundation.exp(x) - 1) < 1e-14)
            let y = Foundation.exp(x)
            #expect(abs(Chance.log(y) - Foundation.log(y)) <= 1e-14 * max(1, abs(x)))
            let z = (random.unit() - 0.5) * 12
            #expect(abs(Chance.normalShare(below: z) - 0.5 * Foundation.erfc(-z / 2.0.squareRoot())) < 1e-13)
            #expect(abs(Chance.normalQuantile(Chance.normalShare(below: z)) - z) < 1e-6)
        }
        #expect(Chance.log(0) == -.infinity && Chance.normalQuantile(0) == -.infinity && Chance.normalShare(below: 9) == 1)
    }
}
