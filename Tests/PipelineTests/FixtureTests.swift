import KilterEngine
import KilterSimulator
import KilterVocabulary
import Seeded
import Testing

@Suite("Fixtures, whole and transformed")
struct FixtureTests {
    @Test("The fixtures are there")
    func present() {
        #expect(Fixture.all.count >= 48)
        for scenario in Scenarios.all { #expect(Fixture.named(scenario.id) != nil, "\(scenario.id) has no fixture") }
    }

    @Test("Every scenario fires what it must and nothing that it must not", arguments: Fixture.all)
    func expectation(fixture: Fixture) throws {
        let said = try Run.replay(fixture.stream, settings: fixture.settings)
        var twin: [String]?
        if let other = fixture.scenario.expectation.sameEventsAs {
            twin = try Run.replay(#require(Fixture.named(other)).stream).events
        }
        let stream = String(decoding: fixture.stream, as: UTF8.self)
        let violations = fixture.scenario.expectation.violations(events: said.events, stream: stream, twinEvents: twin)
        #expect(violations.isEmpty, "\(violations.joined(separator: "\n"))")
        expectAccounted(said.statistics)
        #expect(Run.fact("quarantined", said.statistics) == 0)
    }

    @Test("The events are the recorded ones, byte for byte", arguments: Fixture.all)
    func golden(fixture: Fixture) throws {
        let golden = try #require(fixture.golden, "no expected.jsonl; record it with make golden")
        #expect(try Run.replay(fixture.stream, settings: fixture.settings).events == golden)
    }

    @Test("Any number of workers and any size of block say the same", arguments: Fixture.all)
    func workersAndBlocks(fixture: Fixture) throws {
        let whole = try Run.replay(fixture.stream, settings: fixture.settings)
        for (workers, chunkBytes) in [(2, 1 << 20), (4, 10_000), (7, 3_000), (1, 700), (3, 100_000)] {
            let again = try Run.replay(fixture.stream, settings: fixture.settings, workers: workers, chunkBytes: chunkBytes)
            #expect(again == whole, "\(workers) workers, blocks of \(chunkBytes) bytes")
        }
    }

    @Test("Cut anywhere and restored, the second half goes on as if nothing had happened", arguments: Fixture.all)
    func restored(fixture: Fixture) throws {
        let whole = try Run.replay(fixture.stream, settings: fixture.settings)
        let count = fixture.lines.count
        for cut in Set([0, 1, count / 3, count / 2, count - 1, count]).sorted() where cut <= count {
            let halves = try Run.cut(fixture.lines, at: cut, workers: (1, 3), settings: fixture.settings)
            #expect(halves.events == whole.events && halves.stateHash == whole.stateHash, "cut before line \(cut + 1)")
            #expect(halves.statistics.filter { $0.name != "events" } == whole.statistics.filter { $0.name != "events" })
        }
    }

    @Test("Requests delivered twice, at once or much later, change nothing but the count of duplicates")
    func deliveredTwice() throws {
        let demo = try #require(Fixture.named("demo"))
        let whole = try Run.replay(demo.stream)
        var random = Seeded(state: 21)
        var lines: [[UInt8]] = []
        for (number, line) in demo.lines.enumerated() {
            lines.append(line)
            if Bool.random(using: &random) { lines.append(line) }
            if number > 30, Int.random(in: 0..<4, using: &random) == 0 { lines.append(demo.lines[number - 30]) }
        }
        let doubled = try Run.replay(Array(lines.joined(separator: [10])))
        #expect(doubled.events == whole.events)
        #expect(Run.fact("processed", doubled.statistics) == Run.fact("processed", whole.statistics))
        #expect(Run.fact("duplicate", doubled.statistics) > 1_000)
        expectAccounted(doubled.statistics)
    }

    @Test("Junk between the requests is counted with its reason and changes no event")
    func junkBetween() throws {
        let demo = try #require(Fixture.named("demo"))
        let whole = try Run.replay(demo.stream)
        var random = Seeded(state: 22)
        var lines: [[UInt8]] = []
        var junk: Int64 = 0
        for line in demo.lines {
            lines.append(line)
            guard Int.random(in: 0..<3, using: &random) == 0 else { continue }
            junk += 1
            switch Int.random(in: 0..<4, using: &random) {
            case 0: lines.append(Array("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{\"traceId\":".utf8) + Array("]}".utf8))
            case 1: lines.append(Array(line.dropLast(1)) + Array("x}".utf8))
            case 2: lines.append(Array("{\"neither\":\"fish\"}".utf8))
            default: lines.append(Array("{\"resourceSpans\":\"\u{1}\"}".utf8))
            }
        }
        let mixed = try Run.replay(Array(lines.joined(separator: [10])))
        #expect(mixed.events == whole.events)
        #expect(Run.fact("quarantined", mixed.statistics) == junk)
        expectAccounted(mixed.statistics)
    }

    @Test("What another tenant or another agent does changes no byte of one's alerts")
    func strangers() throws {
        let loop = try #require(Fixture.named("L1-one-long-loop"))
        let alone = try Run.replay(loop.stream, drain: false).events
        // The same stream again under another service, conversation and other ids, line by line in between.
        let stranger = loop.lines.map { line in
            Array(
                String(decoding: line, as: UTF8.self)
                    .replacingOccurrences(of: "billing-support", with: "another-service")
                    .replacingOccurrences(of: "ticket-", with: "other-")
                    .replacingOccurrences(of: "\"traceId\":\"", with: "\"traceId\":\"00")
                    .replacingTraceTails().utf8)
        }
        let mixed = zip(loop.lines, stranger).flatMap { [$0, $1] }
        let events = try Run.replay(Array(mixed.joined(separator: [10])), drain: false).events
        let mine = events.filter { $0.contains("\"service\":\"billing-support\"") }
        #expect(mine.elementsEqual(alone), "\(mine.count) events where \(alone.count) were expected")
        #expect(events.count == 2 * alone.count)
    }
}

extension String {
    /// Cuts trace ids that became two digits too long back to 32.
    fileprivate func replacingTraceTails() -> String {
        var out = ""
        var rest = self[...]
        while let mark = rest.range(of: "\"traceId\":\"") {
            out += rest[..<mark.upperBound]
            let id = rest[mark.upperBound...].prefix(34)
            out += id.prefix(32)
            rest = rest[rest.index(mark.upperBound, offsetBy: id.count)...]
        }
        return out + rest
    }
}

import Foundation
