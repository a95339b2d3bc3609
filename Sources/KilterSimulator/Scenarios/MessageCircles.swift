import KilterVocabulary

/// A text that goes round.
extension Scenarios {
    static let messageCircles: [Scenario] = [
        Scenario(
            "P15-three-forward-one-status", seed: 2_015,
            summary: "Three agents work on a claim, then forward the same status to one another, 24 times.",
            why: "Each pair alone sees a message now and then; only the circle shows that nobody does anything with it."
        ) { scenario in
            let members = [Cast.triage, Cast.documents, Cast.payouts].map(Cast.lean)
            let trace = scenario.trace(members[0], conversation: "claim-95510", workflow: "claim-review")
            for (sender, receiver) in [(0, 1), (1, 2), (2, 0)] {
                trace.message(from: members[sender].name, to: members[receiver], "Please do your part of claim 95510.")
                OrdinaryWork.claims(trace, by: members[receiver])
            }
            let messages = forward(
                "Status of claim 95510: all parts done.", among: members, times: scenario.orMore(24), every: .seconds(90), in: trace)
            trace.close()
            scenario.label("message_cycle", messages)
            scenario.expectAlert(
                "message_cycle", .warning, tier: "identical_result", of: members[0], anyAgent: true, by: messages[8],
                notBefore: messages[8], episodes: 1)
            scenario.expectSilence(.info, detector: "message_growth")
        },
        Scenario(
            "P15-ring-of-nine", seed: 2_115,
            summary: "Nine agents forward one status report in a ring, a message every 90 s, 90 of them.",
            why: "A recorded deployment did so for ten hours and 398 messages; a cap on pairs saw nothing."
        ) { scenario in
            let members = (1...9).map { Cast.lean(SimulatedAgent("desk-\($0)", in: Cast.operations, model: "gpt-5-mini")) }
            let trace = scenario.trace(members[0], conversation: "daily-status", workflow: "status")
            let messages = forward(
                "Daily status: nothing to report.", among: members, times: scenario.orMore(90), every: .seconds(90), in: trace)
            trace.close()
            scenario.label("message_cycle", messages)
            scenario.expectAlert(
                "message_cycle", .warning, tier: "identical_result", of: members[0], anyAgent: true, by: messages[26], episodes: 1)
        },
        Scenario(
            "N16-round-with-work", seed: 1_216,
            summary: "Three agents hand one and the same text round six times, and each works on its part every time.",
            why: "A fixed phrase that starts real work is a protocol, not a circle."
        ) { scenario in
            let members = [Cast.triage, Cast.documents, Cast.payouts].map(Cast.lean)
            let trace = scenario.trace(members[0], conversation: "claims-0302", workflow: "claim-review")
            for turn in 0..<18 {
                let receiver = members[(turn + 1) % 3]
                trace.message(from: members[turn % 3].name, to: receiver, "Your turn: take the next claim.")
                OrdinaryWork.claims(trace, by: receiver)
                trace.pause(.seconds(20))
            }
            trace.close()
            scenario.expectSilence(.info)
        },
    ]

    /// The same text from each member to the next, round and round.
    private static func forward(
        _ text: String, among members: [SimulatedAgent], times: Int, every pause: Nanoseconds, in trace: TraceBuilder
    ) -> [SpanReference] {
        (0..<times).map { turn in
            trace.pause(pause)
            return trace.message(from: members[turn % members.count].name, to: members[(turn + 1) % members.count], text)
        }
    }
}
