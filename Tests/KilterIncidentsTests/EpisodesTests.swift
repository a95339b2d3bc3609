import KilterIncidents
import KilterMath
import KilterVocabulary
import Testing

private func finding(_ severity: Severity, count: UInt32, at seconds: UInt64, tool: UInt64 = 1, tenant: UInt64 = 1) -> Finding {
    var finding = Finding()
    finding.severity = severity
    finding.count = count
    finding.tenant = tenant
    finding.agentKey = 5
    finding.runKey = 6
    finding.tool = tool
    finding.subject = tool
    finding.span = seconds + 1
    finding.trace = TraceID(high: 1, low: 1)
    finding.engineTime = EventTime(nanoseconds: seconds * 1_000_000_000)
    finding.observedAt = finding.engineTime
    finding.startedAt = EventTime(nanoseconds: 0)
    return finding
}

private func name(_ hash: NameHash) -> String { hash == 0 ? "" : "n\(hash)" }
private func explain(_ finding: Finding) -> Explanation {
    Explanation(summary: "\(finding.count) times", advice: "stop", evidence: [Evidence("n", .integer(Int64(finding.count)))], unit: "calls")
}

private extension Episodes {
    mutating func feed(_ finding: Finding, quiet: Nanoseconds = .minutes(15)) -> [Alert] {
        take(finding, quiet: quiet, name: name, explain: explain)
    }
}

@Suite("Episodes")
struct EpisodesTests {
    @Test("A long loop is one alert id with few revisions")
    func ladder() {
        var episodes = Episodes()
        var alerts: [Alert] = []
        for count in UInt32(3)...200 {
            let severity: Severity = count >= 8 ? .critical : count >= 4 ? .warning : .info
            alerts += episodes.feed(finding(severity, count: count, at: UInt64(count)))
        }
        while let alert = episodes.resolveNext(of: 1, dueAt: .never) { alerts.append(alert) }
        #expect(Set(alerts.map(\.id)).count == 1)
        #expect(alerts.map(\.revision) == [1, 2, 3, 4])
        #expect(alerts.map(\.severity) == [.info, .warning, .critical, .critical])
        #expect(alerts.map(\.state) == [.firing, .firing, .firing, .resolved])
        #expect(alerts.last?.count == 200)
        #expect(alerts.last?.time == EventTime(nanoseconds: (200 + 15 * 60) * 1_000_000_000), "quiet since the last evidence")
    }

    @Test("Evidence postpones the end, silence brings it, new evidence then opens a new id")
    func quiet() {
        var episodes = Episodes()
        let first = episodes.feed(finding(.warning, count: 4, at: 0))
        _ = episodes.feed(finding(.warning, count: 5, at: 600))
        #expect(episodes.resolveNext(of: 1, dueAt: EventTime(nanoseconds: 900_000_000_000)) == nil)
        #expect(episodes.resolveNext(of: 1, dueAt: EventTime(nanoseconds: 1_500_000_000_000)) != nil)
        let second = episodes.feed(finding(.warning, count: 6, at: 2_000))
        #expect(second.count == 1 && second[0].id != first[0].id)
    }

    @Test("What an agent shows as its group does names the group's alert, in every revision")
    func partOfGroup() {
        func told(_ severity: Severity, at seconds: UInt64, isGroup: Bool, subject: UInt64, stream: UInt64 = 0) -> Finding {
            var told = finding(severity, count: 9, at: seconds)
            (told.runKey, told.subject, told.detector) = (0, subject, .drift)
            (told.keying, told.agent) = isGroup ? (.group, 0) : (.agent, 7)
            told.change = SignalChange()
            told.change?.isGroup = isGroup
            told.change?.modelStream = stream
            return told
        }
        func part(_ alerts: [Alert]) -> Evidence.Value? { alerts.first?.evidence.first { $0.name == "part_of" }?.value }
        var episodes = Episodes()
        let before = episodes.feed(told(.warning, at: 1, isGroup: false, subject: 40, stream: 90))
        let whole = episodes.feed(told(.warning, at: 2, isGroup: true, subject: 90))
        let member = episodes.feed(told(.warning, at: 3, isGroup: false, subject: 41, stream: 90))
        let worse = episodes.feed(told(.critical, at: 4, isGroup: false, subject: 41, stream: 90))
        let other = episodes.feed(told(.warning, at: 5, isGroup: false, subject: 42, stream: 91))
        #expect(part(before) == nil && part(other) == nil && part(whole) == nil)
        #expect(part(member) == .string(whole[0].id) && part(worse) == .string(whole[0].id))
    }

    @Test("One signal that changes in several kinds of steps, and against several versions, at one record has an id for each")
    func idsOfStreams() {
        var episodes = Episodes()
        let streams = [
            ["step": "model_call_that_asks"], ["step": "model_call_that_answers"],
            ["step": "model_call_that_asks", "compared_with_version": "1"], ["step": "model_call_that_asks", "compared_with_version": "2"],
        ]
        let ids = streams.indices.flatMap { index in
            var told = finding(.warning, count: 9, at: 1, tool: 0)
            (told.runKey, told.subject, told.detector, told.keying) = (0, UInt64(index) + 1, .drift, .agent)
            return episodes.take(told, quiet: .minutes(15), name: name) { _ in
                var explanation = Explanation(
                    summary: "", advice: "",
                    evidence: streams[index].sorted { $0.key < $1.key }.map { Evidence($0.key, .string($0.value)) },
                    unit: "ns")
                explanation.numbers = .init(
                    signal: "latency", observed: Amount(2), expected: Amount(1), direction: "up", budget: "1 per fleet per day")
                return explanation
            }.map(\.id)
        }
        #expect(ids.count == 4 && Set(ids).count == 4, "\(ids)")
    }

    @Test("Different subjects and tenants never share an episode; the id has nothing of the count in it")
    func identity() {
        var a = Episodes()
        var b = Episodes()
        let ids = [
            a.feed(finding(.info, count: 3, at: 9, tool: 1)), a.feed(finding(.info, count: 3, at: 9, tool: 2)),
            a.feed(finding(.info, count: 3, at: 9, tenant: 2)),
        ].flatMap { $0.map(\.id) }
        #expect(Set(ids).count == 3)
        #expect(b.feed(finding(.critical, count: 99, at: 9, tool: 1))[0].id == ids[0])
        #expect(ids[0].count == 32)
    }

    @Test("At the bound the episode quiet for longest leaves, and says so")
    func bound() {
        var episodes = Episodes()
        for tool in 0..<UInt64(Limits.episodesMax) { _ = episodes.feed(finding(.info, count: 3, at: tool, tool: tool + 1)) }
        _ = episodes.feed(finding(.info, count: 4, at: 9_000, tool: 1))
        let alerts = episodes.feed(finding(.info, count: 3, at: 9_001, tool: 99_999))
        #expect(alerts.map(\.state) == [.resolved, .firing])
        #expect(alerts[0].tool == "n2", "the first one had evidence since")
        #expect(episodes.openCount == Limits.episodesMax)
    }

    @Test("Episodes written and read back go on alike", arguments: [11 as UInt64, 12])
    func snapshot(seed: UInt64) throws {
        var value = seed
        func random(_ bound: UInt64) -> UInt64 {
            value = value &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (value >> 33) % bound
        }
        var original = Episodes()
        var now: UInt64 = 0
        for _ in 0..<200 {
            now += random(100)
            _ = original.feed(finding(random(2) == 0 ? .info : .warning, count: 4, at: now, tool: 1 + random(9), tenant: 1 + random(2)))
        }
        var copy = Episodes()
        for piece in original.snapshot() {
            var reader = ByteReader(piece.payload)
            try copy.restore(tenant: piece.tenant, from: &reader)
            #expect(reader.remaining == 0)
        }
        #expect(copy.snapshot().map(\.payload) == original.snapshot().map(\.payload))
        for tenant in UInt64(1)...2 {
            while true {
                let a = original.resolveNext(of: tenant, dueAt: .never)
                let b = copy.resolveNext(of: tenant, dueAt: .never)
                #expect(a?.id == b?.id && a?.time == b?.time && a?.evidence == b?.evidence)
                if a == nil { break }
            }
        }
    }
}
