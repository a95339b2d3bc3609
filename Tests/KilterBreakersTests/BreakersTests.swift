import KilterBreakers
import KilterMath
import KilterVocabulary
import Testing

private let second: UInt64 = 1_000_000_000

private func finding(
    at seconds: UInt64, detector: DetectorID = .repeatedCall, tier: Tier = .identicalResult, severity: Severity = .critical,
    run: UInt64 = 6, tenant: UInt64 = 1
) -> Finding {
    var finding = Finding()
    finding.detector = detector
    finding.tier = tier
    finding.severity = severity
    finding.tenant = tenant
    finding.agentKey = 5
    finding.runKey = run
    finding.engineTime = EventTime(nanoseconds: seconds * second)
    finding.observedAt = finding.engineTime
    return finding
}

private func aliases(_ run: String) -> ScopeAliases {
    var aliases = ScopeAliases()
    aliases.tenant = "default"
    aliases.service = "s"
    aliases.agent = "a"
    aliases.run = run
    aliases.traces = ["t"]
    return aliases
}

private func place(run: UInt64 = 6, trace: UInt64 = 6, at seconds: UInt64) -> Place {
    var place = Place()
    place.tenantName = 1
    place.agentKey = 5
    place.runKey = run
    place.traceKey = trace
    place.engineTime = EventTime(nanoseconds: seconds * second)
    return place
}

private extension Breakers {
    mutating func feed(_ finding: Finding) -> [BreakerEvent] {
        trip(finding, cause: "c", explain: { Explanation(summary: "why", advice: "stop", evidence: [], unit: "") }) {
            aliases("run-\(finding.runKey)")
        }
    }

    mutating func clean(_ place: Place) -> [BreakerEvent] {
        var events: [BreakerEvent] = []
        if place.runKey != place.traceKey {
            events += adopt(place, time: place.engineTime, trace: TraceID(high: 9, low: 9)) { "conversation" }
        }
        return events + pass(place, time: place.engineTime)
    }

    mutating func pass(to seconds: UInt64) -> [BreakerEvent] {
        var events: [BreakerEvent] = []
        while let event = expireNext(of: 1, dueAt: EventTime(nanoseconds: seconds * second)) { events.append(event) }
        return events
    }
}

private func enforcing() -> Breakers {
    Breakers(rules: [BreakerRule(scope: .run, on: [.repeatedCall], mode: .enforce, coolDown: .seconds(100))])
}

@Suite("Breakers")
struct BreakersTests {
    @Test("Trip, cool down, probe, close: every transition is one event and a generation")
    func fullTurn() {
        var breakers = enforcing()
        var events = breakers.feed(finding(at: 10))
        events += breakers.feed(finding(at: 11))
        events += breakers.pass(to: 300)
        for step in UInt64(0)..<3 { events += breakers.clean(place(at: 150 + step)) }
        #expect(events.map(\.state) == [.open, .halfOpen, .closed])
        #expect(events.map(\.generation) == [1, 2, 3])
        #expect(events.map(\.decision) == [.block, .allow, .allow])
        #expect(Set(events.map(\.id)).count == 1)
        #expect(events[0].retryAt == EventTime(nanoseconds: 110 * second))
        #expect(events[1].time == EventTime(nanoseconds: 111 * second), "the cool-down runs from the last evidence")
        #expect(!breakers.anyAway)
    }

    @Test("Half open, evidence, half open: the cool-downs grow 100, 200, 400, 800, 800 seconds")
    func doubling() {
        var breakers = enforcing()
        var now: UInt64 = 0
        var lengths: [UInt64] = []
        var event = breakers.feed(finding(at: 0)).first
        for _ in 0..<5 {
            guard let open = event, let retry = open.retryAt else { break }
            lengths.append(retry.nanoseconds / second - now)
            now = retry.nanoseconds / second
            #expect(breakers.pass(to: now).map(\.state) == [.halfOpen])
            event = breakers.feed(finding(at: now)).first
        }
        #expect(lengths == [100, 200, 400, 800, 800])
    }

    @Test("A lease in which nothing happens ends closed")
    func unusedLease() {
        var breakers = enforcing()
        _ = breakers.feed(finding(at: 0))
        #expect(breakers.pass(to: 10_000).map(\.state) == [.halfOpen, .closed])
        let again = breakers.feed(finding(at: 10_001))
        #expect(again.map(\.generation) == [4], "the generation goes on")
    }

    @Test("A lease that ends with probes missing opens again, for longer")
    func missingProbes() {
        var breakers = enforcing()
        _ = breakers.feed(finding(at: 0))
        #expect(breakers.pass(to: 100).map(\.state) == [.halfOpen])
        #expect(breakers.clean(place(at: 101)).isEmpty && breakers.clean(place(at: 102)).isEmpty)
        let again = breakers.pass(to: 200)
        #expect(again.map(\.state) == [.open])
        #expect(again.first?.retryAt == EventTime(nanoseconds: 400 * second))
    }

    @Test("Shadow never blocks; weak tiers, lower severities and other detectors never trip")
    func whoMayTrip() {
        var shadow = Breakers(rules: [.published])
        let event = shadow.feed(finding(at: 0))
        #expect(event.map(\.decision) == [.allow] && event[0].mode == .shadow && event[0].state == .open)
        var breakers = enforcing()
        for tier in Tier.allCases where tier != .identicalResult && tier != .identicalOutcome {
            #expect(breakers.feed(finding(at: 0, tier: tier)).isEmpty)
        }
        #expect(breakers.feed(finding(at: 0, severity: .warning)).isEmpty)
        #expect(breakers.feed(finding(at: 0, detector: .messageStorm)).isEmpty)
        #expect(breakers.feed(finding(at: 0)).count == 1)
        var growth = Breakers(rules: [BreakerRule(scope: .run, on: [.messageGrowth], mode: .enforce)])
        #expect(growth.feed(finding(at: 0, detector: .messageGrowth, tier: .statistical)).isEmpty)
        #expect(growth.feed(finding(at: 0, detector: .messageGrowth, tier: .structural)).map(\.decision) == [.block], "it is listed")
    }

    @Test("A run first known by its trace is the same breaker when its conversation shows")
    func aliases() {
        var breakers = enforcing()
        let open = breakers.feed(finding(at: 0))
        let adopted = breakers.clean(place(run: 60, trace: 6, at: 1))
        #expect(adopted.map(\.id) == open.map(\.id))
        #expect(adopted[0].generation == 2 && adopted[0].state == .open && adopted[0].decision == .block)
        #expect(adopted[0].keys.contains(Evidence("conversation", .string("conversation"))))
        #expect(breakers.feed(finding(at: 2, run: 60)).isEmpty, "open already, under its other key")
    }

    @Test("One tenant's breakers are bounded, and another's are not touched by it")
    func bound() {
        var breakers = enforcing()
        for run in 0..<UInt64(Limits.breakersMax + 10) { _ = breakers.feed(finding(at: 0, run: run + 1)) }
        #expect(breakers.refusedTrips == 10)
        #expect(breakers.feed(finding(at: 0, run: 1, tenant: 2)).count == 1)
    }

    @Test("Breakers written and read back go on alike")
    func snapshot() throws {
        var original = enforcing()
        for run in UInt64(1)...20 { _ = original.feed(finding(at: run * 10, run: run)) }
        _ = original.pass(to: 150)
        _ = original.clean(place(run: 600, trace: 15, at: 151))
        var copy = enforcing()
        for piece in original.snapshot() {
            var reader = ByteReader(piece.payload)
            try copy.restore(tenant: piece.tenant, from: &reader)
            #expect(reader.remaining == 0)
        }
        #expect(copy.snapshot().map(\.payload) == original.snapshot().map(\.payload))
        let a = original.pass(to: 100_000)
        let b = copy.pass(to: 100_000)
        let told = [a, b].map { $0.map { "\($0.id)/\($0.generation) \($0.state) \($0.time)" } }
        #expect(told[0] == told[1])
        #expect(!a.isEmpty)
    }
}
