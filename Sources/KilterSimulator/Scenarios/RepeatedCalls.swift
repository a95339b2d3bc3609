import KilterVocabulary

/// The same call with the same result, again and again.
extension Scenarios {
    static let repeatedCalls: [Scenario] = [
        Scenario(
            "P1-four-pairs-after-work", seed: 2_001,
            summary: "After 50 varied spans an agent makes the same call 4 times and gets the same result 4 times.",
            why: "Four identical pairs of call and result in a row do not occur in healthy runs; three may."
        ) { scenario in
            let pairs = loop(scenario, by: Cast.refunds, times: 4)
            expectWarning(scenario, of: Cast.refunds, at: pairs)
        },
        Scenario(
            "P1-three-pairs-only", seed: 2_101,
            summary: "The same, but the agent stops after 3 identical pairs and goes on working.",
            why: "Three in a row happen in healthy runs: an information at most."
        ) { scenario in
            loop(scenario, by: Cast.refunds, times: 3, workAfter: 6)
            scenario.expectSilence(.warning)
        },
        Scenario(
            "P1-structured-arguments", seed: 2_201,
            summary: "Four identical pairs whose arguments come as nested attributes twice and as JSON text twice.",
            why: "How a producer writes the arguments down does not change what was called."
        ) { scenario in
            let trace = scenario.trace(Cast.refunds, conversation: "ticket-48213")
            for _ in 1...6 { OrdinaryWork.support(trace) }
            let pairs = (0..<4).map { index in
                trace.step("lookup_order", index % 2 == 0 ? .structured(stuckArguments) : .json(stuckArguments), stuckResult)
            }
            trace.chat(asksForTools: false)
            trace.close()
            expectWarning(scenario, of: Cast.refunds, at: pairs)
        },
        Scenario(
            "P1-agent-on-root-only", seed: 2_301,
            summary: "Four identical pairs of a producer that names the agent on the root span only, which comes last.",
            why: "The loop must be seen while it happens; until the root arrives the service stands for the agent."
        ) { scenario in
            let trace = scenario.trace(Cast.refunds, conversation: "ticket-48214")
            trace.namesAgentOnLeaves = false
            for _ in 1...6 { OrdinaryWork.support(trace) }
            let pairs = (1...4).map { _ in trace.step("lookup_order", .json(stuckArguments), stuckResult) }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("tool_loop", pairs)
            scenario.expectAlert(
                "repeated_call", .warning, tier: "identical_result", of: Cast.refunds, anyAgent: true, by: pairs[3],
                notBefore: pairs[3], episodes: 1)
        },
        Scenario(
            "P1-single-span-traces", seed: 2_401,
            summary: "Four identical pairs of a producer that gives every span a trace of its own, in one conversation.",
            why: "Single-span traces of one conversation continue the turn, so the row is unbroken."
        ) { scenario in
            var pairs: [SpanReference] = []
            for step in 1...10 {
                alone(scenario) { $0.chat() }
                alone(scenario) { trace in
                    if step > 6 {
                        pairs.append(trace.call("lookup_order", .json(stuckArguments), stuckResult))
                    } else {
                        trace.call(
                            "get_customer", ["customer_id": .string("C-\(40_000 + step)"), "fields": ["name", "tier"]],
                            .json(["customer_id": .string("C-\(40_000 + step)"), "tier": "gold"]))
                    }
                }
            }
            expectWarning(scenario, of: Cast.refunds, at: pairs)
        },
        Scenario(
            "P2-sixteen-seconds-apart", seed: 2_002,
            summary: "The loop of P1 with 16 s between the calls.",
            why: "A loop is no matter of pace: a guard of so many calls a minute would be blind to it."
        ) { scenario in
            let pairs = loop(scenario, by: Cast.refunds, times: 5, apart: .seconds(16), workBefore: 8)
            expectWarning(scenario, of: Cast.refunds, at: pairs)
        },
        Scenario(
            "P2-ten-minutes-apart", seed: 2_102,
            summary: "The loop of P1 with 10 minutes between the calls.",
            why: "Slow loops cost as much; the count of calls decides, not the clock."
        ) { scenario in
            let pairs = loop(scenario, by: Cast.refunds, times: 5, apart: .minutes(10), workBefore: 8)
            expectWarning(scenario, of: Cast.refunds, at: pairs)
        },
        Scenario(
            "P4-failing-test-between-reads", seed: 2_004,
            summary: "A failing test with identical output alternates with reads of different files.",
            why: "Other calls in between do not make the sixth identical failure news."
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-3377")
            for _ in 1...6 { OrdinaryWork.coding(trace) }
            var runs: [SpanReference] = []
            for round in 1...7 {
                runs.append(
                    trace.step(
                        "run_tests", ["command": "pytest tests/test_invoice.py -q", "cwd": "/repo", "timeout": 120],
                        .text("FAILED tests/test_invoice.py::test_total - assert 1190 == 1189\n1 failed, 41 passed")))
                let file = trace.draw { "src/invoice/part_\(round)_\($0.hex(4)).py" }
                trace.step("read_file", ["path": .string(file), "encoding": "utf-8"], .text("# \(file)\nTAX = \(round)"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("tool_loop", runs)
            scenario.expectAlert("repeated_call", .info, tier: "identical_result", of: Cast.patcher, by: runs[3])
            scenario.expectAlert(
                "repeated_call", .warning, tier: "identical_result", of: Cast.patcher, by: runs[5], notBefore: runs[3],
                episodes: 1)
        },
    ]

    static let repeatedDialects: [Scenario] = [
        Scenario(
            "P1-openinference", seed: 2_501,
            summary: "The loop of P1 as OpenInference writes it.",
            why: "The dialect of the producer does not change what happened."
        ) { scenario in
            let agent = Cast.speaking(.openInference, Cast.refunds)
            expectWarning(scenario, of: agent, at: loop(scenario, by: agent, times: 4))
        },
        Scenario(
            "P1-openllmetry", seed: 2_601,
            summary: "The loop of P1 as OpenLLMetry writes it.",
            why: "The dialect of the producer does not change what happened."
        ) { scenario in
            let agent = Cast.speaking(.openLLMetry, Cast.refunds)
            expectWarning(scenario, of: agent, at: loop(scenario, by: agent, times: 4))
        },
    ]

    static let stuckArguments: TelemetryValue = [
        "order_id": "ORD-318842", "region": "eu-west", "include_items": true, "limit": 20,
        "filter": ["state": ["open", "held"], "min_total": 49.9],
    ]

    static let stuckResult = CallOutcome.json([
        "order_id": "ORD-318842", "status": "processing", "items": 3, "note": "settlement not confirmed yet",
    ])

    /// Varied work, then identical pairs of call and result, then varied work again.
    @discardableResult
    private static func loop(
        _ scenario: ScenarioBuilder, by agent: SimulatedAgent, times: Int, apart: Nanoseconds = .milliseconds(400),
        workBefore: Int = 25, workAfter: Int = 0
    ) -> [SpanReference] {
        let trace = scenario.trace(agent, conversation: "ticket-48213")
        for _ in 0..<scenario.about(workBefore) { OrdinaryWork.support(trace) }
        let pairs = (0..<(times > 3 ? scenario.orMore(times) : times)).map { _ in
            trace.pause(apart)
            return trace.step("lookup_order", .json(stuckArguments), stuckResult)
        }
        for _ in 0..<workAfter { OrdinaryWork.support(trace) }
        trace.chat(asksForTools: false)
        trace.close()
        return pairs
    }

    private static func expectWarning(_ scenario: ScenarioBuilder, of agent: SimulatedAgent, at pairs: [SpanReference]) {
        scenario.label("tool_loop", pairs)
        scenario.expectAlert(
            "repeated_call", .warning, tier: "identical_result", of: agent, by: pairs[3], notBefore: pairs[3],
            episodes: 1)
    }

    /// One span in a trace of its own.
    private static func alone(_ scenario: ScenarioBuilder, _ body: (TraceBuilder) -> Void) {
        let trace = scenario.trace(Cast.refunds, conversation: "ticket-48215")
        trace.withoutRoot()
        body(trace)
        trace.abandon()
    }
}
