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
            for _ in 1...5 { OrdinaryWork.support(trace) }
            var pairs: [SpanReference] = []
            for round in 0..<200 {
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
            scenario.expectAlert(
                "repeated_call", .warning, tier: "identical_result", of: agent, by: pairs[3], notBefore: pairs[3],
                episodes: 1, resolved: true)
            scenario.expectAlert("repeated_call", .critical, of: agent, by: pairs[7], notBefore: pairs[7])
            scenario.expectBreaker(.open, times: 1, of: agent)
        }
    ]
}
