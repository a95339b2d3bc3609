import KilterVocabulary

/// Two agents who talk far longer than they ever do, in words of their own each time.
extension Scenarios {
    static let longDialogues: [Scenario] = [
        Scenario(
            "P14-dialogue-outgrows-its-history", seed: 2_214,
            summary: "Two agents settle every claim with two to four messages; over the 31st they exchange twenty, each in other words.",
            why: "Neither text nor pace gives it away: only that these two never need half as long."
        ) { scenario in
            for run in 1...30 { dialogue(scenario, run, messages: 2 + run % 3) }
            let messages = dialogue(scenario, 31, messages: 20)
            scenario.label("message_storm", messages)
            scenario.expectAlert(
                "message_storm", .warning, tier: "structural", of: Cast.triage, anyAgent: true, by: messages[9], notBefore: messages[9],
                episodes: 1)
            scenario.expectSilence(.critical)
        },
        Scenario(
            "N16-dialogues-of-all-lengths", seed: 1_216,
            summary: "The dialogues of two agents have between two and eighteen messages; one has twenty.",
            why: "Where dialogues of every length occur a long one is no news."
        ) { scenario in
            for run in 1...30 { dialogue(scenario, run, messages: run % 3 == 0 ? 4 + run % 15 : 2 + run % 4) }
            _ = dialogue(scenario, 31, messages: 20)
            scenario.expectSilence(.info)
        },
        Scenario(
            "N16-long-dialogue-with-work", seed: 1_316,
            summary: "Two agents who settle claims with three messages exchange twenty over a hard one, and look things up in between.",
            why: "Whoever works between two messages has something new to say."
        ) { scenario in
            for run in 1...30 { dialogue(scenario, run, messages: 3) }
            _ = dialogue(scenario, 31, messages: 20, works: true)
            scenario.expectSilence(.info)
        },
    ]

    @discardableResult private static func dialogue(
        _ scenario: ScenarioBuilder, _ run: Int, messages: Int, works: Bool = false
    ) -> [SpanReference] {
        let trace = scenario.trace(Cast.triage, conversation: "claim-7\(100 + run)", workflow: "claim-review")
        let spans = (0..<messages).map { turn in
            let pair = turn % 2 == 0 ? (Cast.triage, Cast.payouts) : (Cast.payouts, Cast.triage)
            trace.pause(.seconds(20))
            if works, turn % 4 == 3 { OrdinaryWork.claims(trace, by: pair.0) }
            let message = trace.message(from: pair.0.name, to: pair.1, trace.draw { "About claim \(run), point \($0.hex(8))." })
            trace.chat(by: pair.1, asksForTools: false, took: .milliseconds(1_400))
            return message
        }
        trace.close()
        scenario.pause(.minutes(1))
        return spans
    }
}
