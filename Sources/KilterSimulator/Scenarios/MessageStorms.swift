import KilterVocabulary

/// Agents that talk without working.
extension Scenarios {
    static let messageStorms: [Scenario] = [
        Scenario(
            "P14-message-to-itself", seed: 2_014,
            summary: "An agent sends itself the same message 10 times in 40 s and calls no tool.",
            why: "An agent that keeps telling itself to go on, and does nothing, will not stop by itself."
        ) { scenario in
            let trace = scenario.trace(Cast.scheduler, conversation: "nightly-0302", workflow: "nightly-close")
            for _ in 1...4 {
                trace.step(
                    "close_ledger", ["ledger": .string(trace.draw { "L-" + $0.hex(5) }), "dry_run": false],
                    .json(["closed": true, "ref": .string(trace.draw { $0.hex(8) })]))
            }
            let began = trace.now
            let messages = (0..<scenario.orMore(10)).map { index in
                trace.wait(until: began + .seconds(UInt64(index * 4)))
                let message = trace.message(from: Cast.scheduler.name, "Continue with the next step.")
                trace.chat(asksForTools: false, took: .milliseconds(1_200))
                return message
            }
            trace.close()
            scenario.label("message_storm", messages)
            scenario.expectAlert("message_storm", .warning, of: Cast.scheduler, by: messages[3])
        },
        Scenario(
            "P14-thanking-each-other", seed: 2_114,
            summary: "Two agents finish a claim together, then thank each other 30 times in 2 minutes.",
            why: "The same text to and fro without a tool call between is a storm; its pace alone would not show it."
        ) { scenario in
            let trace = scenario.trace(Cast.triage, conversation: "claim-94402", workflow: "claim-review")
            trace.message(from: Cast.triage.name, to: Cast.payouts, "Please pay 480.00 EUR for claim 94402.")
            OrdinaryWork.claims(trace, by: Cast.payouts)
            trace.message(from: Cast.payouts.name, to: Cast.triage, "Paid 480.00 EUR, reference PX-5519.")
            OrdinaryWork.claims(trace, by: Cast.triage)
            let began = trace.now
            let messages = (0..<scenario.orMore(30)).map { index in
                trace.wait(until: began + .seconds(UInt64(index * 4)))
                return thanks(trace, turn: index, between: Cast.triage, and: Cast.payouts)
            }
            trace.close()
            scenario.label("message_storm", messages)
            scenario.expectAlert("message_storm", .warning, of: Cast.triage, anyAgent: true, by: messages[10])
        },
    ]

    /// One message of a pair of agents who thank each other, and the model call behind the answer.
    static func thanks(
        _ trace: TraceBuilder, turn: Int, between first: SimulatedAgent, and second: SimulatedAgent
    ) -> SpanReference {
        let pair = turn % 2 == 0 ? (first, second) : (second, first)
        let text =
            turn % 2 == 0
            ? "Thank you, that was a great help! Let me know if there is anything else."
            : "You are welcome, and thank you too! I am here if you need anything."
        let message = trace.message(from: pair.0.name, to: pair.1, text)
        trace.chat(by: pair.1, asksForTools: false, took: .milliseconds(1_500))
        return message
    }
}
