import KilterVocabulary

// Agents that are not what they used to be, each run of theirs healthy by itself.

extension Scenarios {
    /// What keeps these streams short: of a hundred runs a budget by the month would let next to nothing be told.
    private static func falseAlarms(_ number: String) -> String { "false_alarms: \(number) per agent per 100 runs\n" }

    static let drifts: [Scenario] = [
        Scenario(
            "D1-model-swapped", seed: 4_001,
            summary: "After 70 runs another model answers under the same configuration, and takes twice as long.",
            why: "Nobody declared a version: the change of model is told for the record, and the drift that follows names it.",
            configuration: falseAlarms("0.1")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(30))
            let before = Cast.payouts
            let after = SimulatedAgent(before.name, in: before.service, model: "gpt-5-mini-2026-10-01")
            let first = (1...70).map { _ in run(scenario, before, took: 1_000, tool: "look_up_claim") }
            let swapped = (1...50).map { _ in run(scenario, after, took: 2_100, tool: "look_up_claim") }
            scenario.label("drift", swapped)
            scenario.expectAlert("version_change", .info, tier: "structural", of: before, by: swapped[1], notBefore: first.last)
            scenario.expectAlert("drift", .warning, tier: "statistical", of: before, by: swapped[40], notBefore: swapped[1])
            scenario.expectSilence(.critical, detector: "repeated_call")
        },
        Scenario(
            "D2-errors-burst", seed: 4_002,
            summary: "A tool that fails once in forty runs begins to fail in two of three.",
            why: "No two failures in a row need be alike: the rate of failed runs tells it within a dozen of them.",
            configuration: falseAlarms("0.1")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(30))
            let agent = Cast.lean(Cast.orders)
            let before = (1...110).map { number in run(scenario, agent, took: 1_000, tool: "reserve_item", fails: number % 40 == 17) }
            let after = (1...24).map { number in run(scenario, agent, took: 1_000, tool: "reserve_item", fails: number % 3 != 0) }
            scenario.label("drift", after)
            scenario.expectAlert("burst", .warning, tier: "statistical", of: agent, by: after[20], notBefore: before.last)
        },
        Scenario(
            "D3-other-tools", seed: 4_003,
            summary: "An agent that looked claims up and wrote letters begins to close claims in half of its runs.",
            why: "Every call succeeds; only the mix of tools shows that the agent does other work than before.",
            configuration: falseAlarms("0.1")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(30))
            let agent = Cast.lean(Cast.documents)
            let before = (1...90).map { number in
                run(scenario, agent, took: 1_000, tool: number % 3 == 0 ? "write_letter" : "look_up_claim")
            }
            let after = (1...40).map { number in
                run(
                    scenario, agent, took: 1_000, tool: number % 2 == 0 ? "close_claim" : number % 3 == 0 ? "write_letter" : "look_up_claim"
                )
            }
            scenario.label("drift", after)
            scenario.expectAlert("mix_drift", .warning, tier: "statistical", of: agent, by: after[36], notBefore: before.last)
        },
        Scenario(
            "D4-nothing-changes", seed: 4_004,
            summary: "An agent does the same kind of work for 200 runs, with times and sizes that vary as they always did.",
            why: "A baseline of one's own must not alarm at what it has seen all along."
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(30))
            let agent = Cast.lean(Cast.summarizer)
            for number in 1...200 {
                run(scenario, agent, took: 1_000, tool: number % 3 == 0 ? "write_summary" : "fetch_page", fails: number % 40 == 9)
            }
            scenario.expectSilence(.info)
        },
        Scenario(
            "D5-heavy-call", seed: 4_005,
            summary: "One model call in a hundred and twenty reads and writes five hundred times as much as any other.",
            why: "The bill of a month in one call: it is told at that call, not when a mean has moved.",
            configuration: falseAlarms("1")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(30))
            let agent = Cast.lean(Cast.documents)
            let before = (1...100).map { _ in run(scenario, agent, took: 1_000, tool: "look_up_claim") }
            let heavy = run(scenario, agent, took: 1_000, tool: "look_up_claim", usage: TokenUsage(input: 900_000, output: 24_000))
            for _ in 1...20 { run(scenario, agent, took: 1_000, tool: "look_up_claim") }
            scenario.label("outlier", [heavy])
            scenario.expectAlert("outlier", .warning, tier: "statistical", of: agent, by: heavy, notBefore: before.last, episodes: 1)
        },
        Scenario(
            "D6-other-questions", seed: 4_006,
            summary: "After 310 runs an agent for claims is asked about something else; the embeddings of its prompts lie elsewhere.",
            why: "Times, tokens and tools are as they were: only what it is about has changed.",
            configuration: falseAlarms("0.1")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(30))
            let agent = Cast.lean(Cast.documents)
            let before = (1...310).map { _ in question(scenario, agent, about: 0) }
            let after = (1...15).map { _ in question(scenario, agent, about: 3) }
            scenario.label("drift", after)
            scenario.expectAlert("vector_drift", .warning, tier: "statistical", of: agent, by: after[12], notBefore: before.last)
        },
        Scenario(
            "D7-agent-falls-silent", seed: 4_005,
            summary: "An agent that calls three times an hour, day and night, says nothing for eleven hours, and then goes on.",
            why: "What does not happen has no span: only the time of those that go on tells.",
            configuration: falseAlarms("0.5")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(10))
            let steady = Cast.lean(Cast.crawler), other = Cast.lean(Cast.triage)
            let begin = scenario.now.nanoseconds, minute: UInt64 = 60_000_000_000
            var before: SpanReference?
            var after: [SpanReference] = []
            // From a Monday morning to Friday night.
            for slot in 0..<UInt64(110 * 3) {
                let time = EventTime(nanoseconds: begin + (slot * 20 + scenario.draw { UInt64($0.within(0...6)) }) * minute)
                if slot < 294 { before = answer(scenario, steady, at: time) }
                if slot >= 327 { after.append(answer(scenario, steady, at: time)) }
                if slot >= 290, slot % 3 == 0 { answer(scenario, other, at: time + .minutes(8)) }
            }
            scenario.label("silence", after)
            scenario.expectAlert(
                "silence", .warning, tier: "absence", of: steady, by: after.first, notBefore: before, episodes: 1, resolved: true)
            scenario.expectSilence(.info, of: other)
        },
        Scenario(
            "D8-asked-before", seed: 4_008,
            summary: "An agent is asked the same dozen questions over and over; from the 81st run on its answers are half as long again.",
            why:
                "Short and long questions hide it from the lengths of all answers; held against the first answer to the same question it shows.",
            configuration: falseAlarms("0.3")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(30))
            let agent = Cast.lean(Cast.triage)
            let before = (1...80).map { _ in questionAgain(scenario, agent, longer: 100) }
            let after = (1...30).map { _ in questionAgain(scenario, agent, longer: 150) }
            scenario.label("drift", after)
            scenario.expectAlert("drift", .warning, tier: "statistical", of: agent, by: after[22], notBefore: before.last)
        },
        Scenario(
            "D9-step-by-step", seed: 4_009,
            summary: "Eight versions of an agent follow each other, each seven hundredths slower than the one before.",
            why: "Every version passes beside the one before it, and the last one takes half as long again as the first.",
            configuration: falseAlarms("0.1")
        ) { scenario in
            scenario.batching = Batching(spansMax: 24, delayMax: .minutes(90))
            let agent = Cast.lean(Cast.triage)
            let all = versions(scenario, agent, runs: 40)
            scenario.label("drift", Array(all.dropFirst(2).joined()))
            scenario.expectAlert("poisoning", .warning, tier: "structural", of: agent, by: all[7].last, notBefore: all[1].last)
            scenario.expectSilence(.critical, of: agent)
        },
    ]

    /// Runs of one version after the other, three quarters of an hour apart, each version a little slower than the one before.
    private static func versions(_ scenario: ScenarioBuilder, _ agent: SimulatedAgent, runs: Int) -> [[SpanReference]] {
        var agent = agent, milliseconds = 1_000
        return (1...8).map { number in
            agent.version = "2.\(number)"
            defer { milliseconds = milliseconds * 107 / 100 }
            return (1...runs).map { _ in
                let trace = scenario.trace(agent)
                let took = milliseconds * trace.draw { $0.within(70...140) } / 100
                let call = trace.chat(by: agent, took: .milliseconds(UInt64(took)))
                trace.close()
                scenario.pause(.minutes(45))
                return call
            }
        }
    }

    /// One run: one of twelve questions, whose answers are from forty to a thousand characters long, within a twentieth each time.
    private static func questionAgain(_ scenario: ScenarioBuilder, _ agent: SimulatedAgent, longer percent: Int) -> SpanReference {
        let trace = scenario.trace(agent)
        let number = trace.draw { $0.within(0...11) }, share = percent + trace.draw { $0.within(-5...5) }
        let length = (40 + 1_000 * number * number / 121) * share / 100
        let words = (0..<1 + length / 9).map { _ in trace.draw { $0.hex(8) } }.joined(separator: " ")
        let call = trace.answer(words, to: "What do we say to complaints of kind \(number)?", by: agent)
        trace.close()
        scenario.pause(.minutes(2))
        return call
    }

    /// One run: a model call with the embedding of its prompt, near the topic that the number stands for.
    private static func question(_ scenario: ScenarioBuilder, _ agent: SimulatedAgent, about topic: Int) -> SpanReference {
        let trace = scenario.trace(agent)
        let embedding = (0..<6).map { coordinate in
            Double(trace.draw { $0.within(-30...30) + $0.within(-30...30) } + ((coordinate + topic) % 6 < 2 ? 100 : 0)) / 100
        }
        let call = trace.chat(by: agent, asksForTools: false, took: .seconds(1), embedding: embedding)
        trace.close()
        scenario.pause(.minutes(2))
        return call
    }

    /// One run of a single model call.
    @discardableResult private static func answer(
        _ scenario: ScenarioBuilder, _ agent: SimulatedAgent, at time: EventTime
    ) -> SpanReference {
        let trace = scenario.trace(agent, at: time)
        let spread = trace.draw { $0.within(70...140) }
        let call = trace.chat(by: agent, took: .milliseconds(UInt64(10 * spread)))
        trace.close()
        return call
    }

    /// One run: a model call and the tool call that it asks for. Returns its last span before the root.
    @discardableResult private static func run(
        _ scenario: ScenarioBuilder, _ agent: SimulatedAgent, took milliseconds: Int, tool: String, fails: Bool = false,
        usage: TokenUsage? = nil
    ) -> SpanReference {
        let trace = scenario.trace(agent)
        let spread = trace.draw { $0.within(70...140) }
        trace.chat(by: agent, took: .milliseconds(UInt64(milliseconds * spread / 100)), usage: usage)
        let id = trace.draw { $0.hex(8) }
        let outcome: CallOutcome = fails ? .failed(type: "upstream_error", message: "no answer for \(id)") : .json(["id": .string(id)])
        let call = trace.call(tool, ["id": .string(id)], outcome, took: .milliseconds(UInt64(trace.draw { $0.within(80...260) })))
        trace.close()
        scenario.pause(.minutes(2))
        return call
    }
}
