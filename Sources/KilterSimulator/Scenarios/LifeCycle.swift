import KilterVocabulary

/// What becomes of an alert after it fired.
extension Scenarios {
    static let lifeCycle: [Scenario] = [
        Scenario(
            "L1-one-long-loop", seed: 3_001,
            summary: "One loop of 200 identical calls, then 20 minutes of ordinary work.",
            why: "A loop is one episode: warning, critical, one trip, one resolution; not an alert per span."
        ) { scenario in
            scenario.batching = Batching(spansMax: 20, delayMax: .seconds(10))
            let agent = Cast.lean(Cast.refunds)
            let trace = scenario.trace(agent, conversation: "ticket-70001")
            for _ in 0..<scenario.about(5) { OrdinaryWork.support(trace) }
            var pairs: [SpanReference] = []
            for round in 0..<scenario.orMore(200) {
                // The framework retries by itself; the model is asked again after every tenth attempt.
                if round % 10 == 0 { trace.chat() }
                pairs.append(
                    trace.call(
                        "send_refund", ["order_id": "ORD-700018", "amount_cents": 4_990, "currency": "EUR"],
                        .json(["state": "pending", "message": "awaiting confirmation"]), took: .milliseconds(300)))
                trace.pause(.milliseconds(700))
            }
            trace.chat(asksForTools: false)
            trace.close()
            let resumed = scenario.now
            while scenario.now < resumed + .minutes(20) {
                let turn = scenario.trace(agent, conversation: "ticket-70001")
                for _ in 1...3 {
                    OrdinaryWork.support(turn)
                    turn.pause(.seconds(30))
                }
                turn.chat(asksForTools: false)
                turn.close()
                scenario.pause(.seconds(30))
            }
            scenario.label("tool_loop", pairs)
            scenario.expectAlert(
                "repeated_call", .warning, tier: "identical_result", of: agent, by: pairs[3], notBefore: pairs[3],
                episodes: 1, resolved: true)
            scenario.expectAlert("repeated_call", .critical, of: agent, by: pairs[7], notBefore: pairs[7])
            scenario.expectBreaker(.open, times: 1, of: agent)
        },
        Scenario(
            "L2-blocked-calls-after-a-trip", seed: 3_002,
            summary: "A loop trips a breaker; the gateway refuses the call for six minutes; then the agent asks something else.",
            why: "What a gateway refused never ran: it is no further repeat, no progress and no clean probe; the changed calls are.",
            configuration: """
                breakers:
                  - {scope: run, on: [repeated_call], mode: enforce, cool_down: 5m}

                """
        ) { scenario in
            scenario.batching = Batching(spansMax: 8, delayMax: .seconds(2))
            let agent = Cast.lean(Cast.refunds)
            let trace = scenario.trace(agent, conversation: "ticket-70002")
            for _ in 0..<scenario.about(4) { OrdinaryWork.support(trace) }
            let pairs = (1...8).map { _ in trace.step("lookup_order", .json(stuckArguments), stuckResult) }
            for _ in 1...24 {
                trace.pause(.seconds(14))
                trace.step("lookup_order", .json(stuckArguments), .blocked(by: "breaker of this run"), took: .milliseconds(2))
            }
            for _ in 1...6 {
                trace.pause(.seconds(5))
                OrdinaryWork.support(trace)
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("tool_loop", pairs)
            scenario.expectAlert("repeated_call", .warning, of: agent, by: pairs[3], notBefore: pairs[3], episodes: 1, resolved: true)
            scenario.expectAlert("repeated_call", .critical, of: agent, by: pairs[7], notBefore: pairs[7])
            scenario.expectBreaker(.open, times: 1, of: agent)
            scenario.expectBreaker(.halfOpen, times: 1, of: agent)
            scenario.expectBreaker(.closed, times: 1, of: agent)
        },
    ]
}
