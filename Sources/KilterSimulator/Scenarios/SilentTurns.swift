import KilterVocabulary

/// New turns, new conversations and healthy traffic between agents.
extension Scenarios {
    static let silentTurns: [Scenario] = [
        Scenario(
            "N13-turns-in-traces", seed: 1_013,
            summary: "In each of 4 turns of one conversation, each a trace of its own, the same call is made 3 times.",
            why: "A new turn begins counting anew: the user asked again, so looking again is right."
        ) { scenario in
            for turn in 1...4 {
                let trace = scenario.trace(Cast.orders, conversation: "chat-60233")
                checkThrice(trace)
                trace.chat(asksForTools: false)
                trace.close()
                scenario.pause(.seconds(UInt64(20 + turn * 5)))
            }
            scenario.expectSilence(.info)
        },
        Scenario(
            "N13-turns-in-one-trace", seed: 1_113,
            summary: "The same four turns inside one trace; each begins with a new message of the user.",
            why: "A message of the user that was not there before begins a turn, whatever the producer's traces are."
        ) { scenario in
            let trace = scenario.trace(Cast.orders, conversation: "chat-60234")
            let questions = [
                "Where is my parcel?", "Has it moved since then?", "And now, is it at the depot?",
                "Last time I ask: will it come today?",
            ]
            for question in questions {
                trace.message(from: "user", question, carriesText: true)
                checkThrice(trace)
                trace.chat(asksForTools: false)
                trace.pause(.seconds(25))
            }
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N13-heartbeat", seed: 1_213,
            summary: "A scheduler starts 100 separate conversations; each makes the same first call with the same result.",
            why: "The calls belong to separate runs: a heartbeat repeats by design."
        ) { scenario in
            scenario.batching = Batching(spansMax: 20, delayMax: .minutes(30))
            for beat in 1...100 {
                let trace = scenario.trace(Cast.lean(Cast.scheduler), conversation: "beat-\(beat)")
                trace.step(
                    "list_due_jobs", ["queue": "nightly", "limit": 5, "owner": "ops"],
                    .json(["due": [], "queue": "nightly"]), took: .milliseconds(90))
                trace.close()
                scenario.pause(.minutes(5))
            }
            scenario.expectSilence(.info)
        },
        Scenario(
            "N16-fan-out", seed: 1_016,
            summary: "An orchestrator gives the same task to 20 workers, each works and replies once; twice an hour.",
            why: "One message out and one back with work in between is a fan-out, not a storm."
        ) { scenario in
            scenario.batching = Batching(spansMax: 20, delayMax: .seconds(5))
            let planner = Cast.lean(Cast.planner)
            let workers = (1...20).map { index in
                SimulatedAgent("region-worker-\(index)", in: planner.service, model: "gpt-5-mini")
            }
            for round in 1...2 {
                let trace = scenario.trace(planner, conversation: "sweep-\(round)", workflow: "regional-sweep")
                trace.chat(by: planner)
                let task = "Check the backlog of your region and report what is overdue."
                trace.delegate(from: planner, to: workers.map { ($0, task) }) { trace, worker in
                    let overdue = trace.draw { $0.within(0...40) }
                    trace.call(
                        "query_backlog", ["region": .string(worker.name), "older_than_days": 7],
                        .json(["overdue": .integer(Int64(overdue)), "region": .string(worker.name)]), by: worker)
                }
                for worker in workers {
                    let overdue = trace.draw { $0.within(0...40) }
                    trace.message(from: worker.name, to: planner, "\(worker.name): \(overdue) items are overdue.")
                }
                trace.chat(by: planner, asksForTools: false)
                trace.close()
                scenario.pause(.minutes(30))
            }
            scenario.expectSilence(.info)
        },
        Scenario(
            "N16-dialogue-with-work", seed: 1_116,
            summary: "Two agents exchange 40 distinct messages in 2 minutes and call tools in between.",
            why: "A lively dialogue that says new things and works is no storm, however fast it is."
        ) { scenario in
            let trace = scenario.trace(Cast.triage, conversation: "claim-91233", workflow: "claim-review")
            let began = trace.now
            for turn in 0..<40 {
                trace.wait(until: began + .seconds(UInt64(turn * 3)))
                let pair = turn % 2 == 0 ? (Cast.triage, Cast.payouts) : (Cast.payouts, Cast.triage)
                let item = trace.draw { $0.within(1_000...9_999) }
                trace.message(from: pair.0.name, to: pair.1, "Item \(item): please check position \(turn + 1).")
                trace.call(
                    "check_position", ["item": .integer(Int64(item)), "position": .integer(Int64(turn + 1))],
                    .json(["item": .integer(Int64(item)), "ok": .bool(item % 3 != 0)]), by: pair.1,
                    took: .milliseconds(200))
            }
            trace.close()
            scenario.expectSilence(.info)
        },
    ]

    /// Three identical looks at a parcel, with other work before the third.
    private static func checkThrice(_ trace: TraceBuilder) {
        for look in 1...3 {
            if look == 3 { OrdinaryWork.support(trace) }
            trace.step(
                "get_shipment", ["order_id": "ORD-660812", "carrier": "post", "detail": "brief"],
                .json(["order_id": "ORD-660812", "state": "at depot"]))
        }
    }
}
