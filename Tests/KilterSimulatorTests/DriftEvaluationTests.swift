import KilterSimulator
import KilterVocabulary
import Testing

/// Alerts about agents against labels of agents, small enough to count by hand. One observation a minute.
@Suite struct DriftEvaluationTests {
    private static let minute: UInt64 = 60_000_000_000
    private let begin: UInt64 = 1_772_442_000_000_000_000

    private func at(_ minutes: UInt64) -> UInt64 { begin + minutes * Self.minute }

    private func still(_ agent: String, from: UInt64 = 0, to: UInt64) -> TruthLabel {
        var label = TruthLabel(kind: TruthLabel.healthy, start: at(from), end: at(to))
        label.service = "s"
        label.agent = agent
        return label
    }

    private func change(
        _ agent: String, _ signal: String, _ direction: String? = "up", from: UInt64 = 1_440, to: UInt64 = 2_880, note: String = "main"
    ) -> TruthLabel {
        var label = TruthLabel(kind: "drift", start: at(from), end: at(to))
        label.service = "s"
        label.agent = agent
        label.signal = signal
        label.direction = direction
        label.note = note
        return label
    }

    private func alert(
        _ id: String, _ agent: String, _ signal: String?, at time: UInt64, started: UInt64? = nil, direction: String = "up",
        severity: String = "warning", state: String = "firing", detector: String = "drift"
    ) -> String {
        let said = signal.map { #","signal":"\#($0)""# } ?? ""
        let onset = started.map { #","started_at":"\#(at($0))""# } ?? ""
        return #"{"id":"\#(id)/1","type":"kilter.alert","subject":"default/production/s/\#(agent)","severity":"\#(severity)","#
            + #""detector":"\#(detector)","data":{"alert_id":"\#(id)","state":"\#(state)","severity":"\#(severity)","#
            + #""detector":"\#(detector)","service":"s","agent":"\#(agent)"\#(said)\#(onset),"direction":"\#(direction)","#
            + #""observed_at":"\#(at(time))"}}"#
    }

    /// Runs of every agent end at each full minute.
    private func runs(_ service: String, _ agent: String, _ after: UInt64, _ upTo: UInt64) -> Int? {
        guard service == "s", after <= upTo else { return nil }
        return Int(clamping: (upTo - begin) / Self.minute - (after - begin) / Self.minute)
    }

    private func judged(
        _ events: [String], _ truth: [TruthLabel], _ window: DriftEvaluation.Window = .whole, counts: Bool = true
    ) throws -> DriftEvaluation {
        let count: DriftEvaluation.RunCount? = counts ? { runs($0, $1, $2, $3) } : nil
        let result = try Evaluation(events: events, truth: truth, window: window, runs: count)
        return try #require(result.drift)
    }

    @Test func findsChangesAndTimesThem() throws {
        let truth = ["a", "b", "c"].flatMap { agent in
            [
                still(agent, to: 1_440), change(agent, "cost", note: "follows output_tokens"),
                change(agent, "output_tokens"),
            ]
        }
        let events = [
            alert("1", "a", "output_tokens", at: 1_460, started: 1_443), alert("1", "a", "output_tokens", at: 1_500, severity: "critical"),
            alert("2", "b", "cost", at: 1_480, started: 1_430, direction: "down"), alert("3", "b", "latency", at: 1_470),
        ]
        let result = try judged(events, truth)
        let row = try #require(result.changes.first)
        #expect(result.changes.count == 1 && row.signal == "output_tokens")
        #expect(row.count == 3 && row.found == 2 && row.missed == 1 && row.alarmedBefore == 0 && row.recall == 2.0 / 3)
        #expect(row.observations?.mean == 30 && row.observations?.median == 20 && row.observations?.p95 == 40)
        #expect(row.restrictedMean == (20 + 40 + 1_500) / 3.0)
        #expect(row.seconds?.median == 1_200)
        // In b it was told first of latency, which did not change, and of a follower, with the wrong direction.
        #expect(row.attributed == 1 && row.toldMain == 1 && row.directed == 2 && row.directedRight == 1)
        #expect(row.onsetObservations?.median == 3 && row.onsetObservations?.p90 == 10 && row.onsetSeconds?.p90 == 600)
        #expect(result.rightEpisodes == 2 && result.strayEpisodes == 1 && result.falseEpisodes == 0 && result.precision == 2.0 / 3)
    }

    @Test func countsEpisodesWhereNothingChanged() throws {
        let truth = [still("a", to: 2_880), still("b", to: 1_440), change("b", "latency")]
        let events = [
            // Twice within an hour is one episode, and again after two hours another.
            alert("1", "a", "latency", at: 100, severity: "info"), alert("2", "a", "latency", at: 130), alert("3", "a", "latency", at: 260),
            // Another signal is another episode.
            alert("4", "a", "cost", at: 101, severity: "info"), alert("5", "b", "joint", at: 700, detector: "vector_drift"),
            alert("5", "b", "joint", at: 720, state: "resolved", detector: "vector_drift"),
            alert("6", "b", "latency", at: 1_450), alert("7", "z", "latency", at: 10),
            // No statistics in these.
            alert("8", "a", nil, at: 50, detector: "repeated_call"), alert("9", "a", nil, at: 50, detector: "new_tool"),
        ]
        let result = try judged(events, truth)
        #expect(result.falseEpisodes == 4 && result.falseWarnings == 3 && result.unlabelledEpisodes == 1)
        #expect(result.falseBySignal.map(\.signal) == ["cost", "joint", "latency"] && result.falseBySignal.map(\.episodes) == [1, 1, 2])
        #expect(result.exposure.agents == 2 && result.exposure.agentRuns == 4_320)
        #expect(result.exposure.agentDays == 3 && result.exposure.fleetDays == 2)
        #expect(result.changes.first?.found == 1 && result.changes.first?.observations?.mean == 10)
    }

    /// What was firing when the change came cannot have found it; what was resolved before hides nothing.
    @Test func changesUnderAnAlertAreSetAside() throws {
        let truth = [still("a", to: 1_440), change("a", "latency"), still("b", to: 1_440), change("b", "latency")]
        let events = [
            alert("1", "a", "latency", at: 1_000), alert("2", "b", "latency", at: 1_000),
            alert("2", "b", "latency", at: 1_100, state: "resolved"), alert("3", "a", "latency", at: 1_460),
            alert("4", "b", "latency", at: 1_460),
        ]
        let row = try #require(try judged(events, truth).changes.first)
        #expect(row.count == 2 && row.alarmedBefore == 1 && row.found == 1 && row.missed == 0 && row.recall == 1)
        #expect(row.observations?.mean == 20)
    }

    @Test func whatComesTooLateIsMissed() throws {
        let truth = [still("a", to: 1_440), change("a", "latency")]
        let events = [alert("1", "a", "latency", at: 1_540)]
        #expect(try judged(events, truth, .observations(100)).changes[0].found == 1)
        let late = try judged(events, truth, .observations(99)).changes[0]
        #expect(late.found == 0 && late.missed == 1 && late.restrictedMean == 99)
        #expect(try judged(events, truth, .time(.seconds(6_000))).changes[0].found == 1)
        #expect(try judged(events, truth, .time(.seconds(5_999))).changes[0].found == 0)
        let passed = [still("a", to: 1_440), change("a", "error_rate", to: 1_450)]
        #expect(try judged([alert("1", "a", "error_rate", at: 1_510, detector: "burst")], passed).changes[0].found == 1)
        let gone = try judged([alert("1", "a", "error_rate", at: 1_511, detector: "burst")], passed)
        #expect(gone.changes[0].found == 0 && gone.strayEpisodes == 1)
    }

    @Test func theJointVectorIsOfAllSignalsAndHasNoDirection() throws {
        let truth = [still("a", to: 1_440), change("a", "model", "mix"), change("a", "latency", note: "follows model")]
        let row = try judged([alert("1", "a", "joint", at: 1_450, direction: "mix", detector: "vector_drift")], truth).changes[0]
        #expect(row.signal == "model" && row.found == 1 && row.attributed == 1 && row.toldMain == 0 && row.directed == 0)
    }

    /// An alert without an agent is of its service, or of all; it is right where half of them changed.
    @Test func alertsOfGroupsCountOnce() throws {
        let truth = ["a", "b", "c"].flatMap { agent in
            agent == "c" ? [still(agent, to: 2_880)] : [still(agent, to: 1_440), change(agent, "latency")]
        }
        func group(_ id: String, _ signal: String, at time: UInt64) -> String {
            alert(id, "", signal, at: time).replacing(#""agent":"","#, with: "")
        }
        let events = [
            group("1", "latency", at: 100), alert("2", "a", "latency", at: 1_450), group("3", "latency", at: 1_460),
            group("4", "cost", at: 1_470),
        ]
        let result = try judged(events, truth)
        #expect(result.changes[0].found == 2 && result.changes[0].foundInGroup == 1 && result.changes[0].observations?.mean == 15)
        #expect(result.falseEpisodes == 0 && result.falseGroupEpisodes == 1 && result.unlabelledEpisodes == 0)
        #expect(result.rightEpisodes == 2 && result.strayEpisodes == 1)
    }

    @Test func withoutTheStreamOnlyTimeIsKnown() throws {
        let result = try judged(
            [alert("1", "a", "latency", at: 1_450, started: 1_441)], [still("a", to: 1_440), change("a", "latency")], counts: false)
        #expect(result.exposure.agentRuns == nil && result.changes[0].observations == nil && result.changes[0].restrictedMean == nil)
        #expect(result.changes[0].seconds?.mean == 600 && result.changes[0].onsetSeconds?.mean == 60)
    }

    @Test func labelsOfRunsAreNotOfAgents() throws {
        var run = still("a", to: 10)
        run.trace = "00000000000000000000000000000001"
        #expect(try Evaluation(events: [alert("1", "a", "latency", at: 5)], truth: [run]).drift == nil)
    }

    /// Garwood's table.
    @Test(arguments: [(0, 0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390), (100, 81.364, 121.627), (1_000, 938.97, 1_063.94)])
    func intervalIsExact(_ count: Int, _ low: Double, _ high: Double) {
        let interval = PoissonInterval(of: count)
        #expect(abs(interval.low - low) < 0.02 + low * 1e-4 && abs(interval.high - high) < 0.02 + high * 1e-4, "\(interval)")
    }

    @Test func figuresAreSaidInJSON() throws {
        let truth = [still("a", to: 1_440), change("a", "latency")]
        let result = try Evaluation(events: [alert("1", "a", "latency", at: 1_450)], truth: truth, runs: runs)
        let text = result.jsonText(allowed: 0.5)
        #expect(text.contains(#""still":{"agents":1,"agent_days":1.0,"agent_runs":1440,"episodes":0"#) && text.contains(#""allowed":0.5"#))
        #expect(text.contains(#""signal":"latency","changes":1,"alarmed_before":0,"found":1,"missed":0,"found_in_group":0,"recall":1.0"#))
        #expect(!result.jsonText.contains("allowed"))
    }
}
