import KilterVocabulary

/// Tools that the configuration knows: payments, and what is asked until it is ready.
extension Scenarios {
    private static let tools = """
        tools:
          - {for: {tool: "send_refund"}, class: side_effect}
          - {for: {tool: "get_build"}, class: poll}

        """

    static let toolClasses: [Scenario] = [
        Scenario(
            "P10-refund-sent-again", seed: 2_010,
            summary: "An agent sends the same refund five times; each succeeds with another reference.",
            why: "The second identical payment has already done the harm, whatever it returned.", configuration: tools
        ) { scenario in
            let trace = scenario.trace(Cast.refunds, conversation: "ticket-73311")
            for _ in 1...3 { OrdinaryWork.claims(trace) }
            let calls = (1...scenario.orMore(5)).map { _ in
                trace.step(
                    "send_refund", ["order": "O-5512", "amount_cents": 4_900, "currency": "EUR"],
                    .json(["status": "sent", "reference": .string(trace.draw { "R-" + $0.hex(8) })]))
            }
            trace.close()
            scenario.label("duplicate_side_effect", calls)
            scenario.expectAlert(
                "duplicate_side_effect", .critical, tier: "identical_result", of: Cast.refunds, by: calls[1], notBefore: calls[1],
                episodes: 1)
        },
        Scenario(
            "P10-prompt-inserted-again", seed: 2_110,
            summary: "An agent books the same hotel fourteen times; after each booking the producer inserts the user's one message anew.",
            why: "A message that was there before begins no turn: a recorded run booked so, and each booking was confirmed.",
            configuration: tools.replacing("send_refund", with: "book_hotel")
        ) { scenario in
            let trace = scenario.trace(Cast.orders, conversation: "trip-8812")
            let prompt = "Please book the Riverside Hotel from 4 to 6 May."
            trace.message(from: "user", prompt, carriesText: true)
            for _ in 0..<scenario.about(3) { OrdinaryWork.support(trace) }
            let calls = (1...scenario.orMore(14)).map { _ in
                let call = trace.step(
                    "book_hotel", ["hotel": "Riverside Hotel", "from": "2026-05-04", "to": "2026-05-06"],
                    .text("Reservation for Riverside Hotel from 2026-05-04 to 2026-05-06 has been made successfully."))
                trace.message(from: "user", prompt, carriesText: true)
                return call
            }
            trace.close()
            scenario.label("duplicate_side_effect", calls)
            scenario.expectAlert(
                "duplicate_side_effect", .critical, tier: "identical_result", of: Cast.orders, by: calls[1], notBefore: calls[1])
            scenario.expectAlert("repeated_call", .warning, tier: "identical_result", of: Cast.orders, by: calls[3], notBefore: calls[3])
        },
        Scenario(
            "N10-refund-retried-after-failure", seed: 1_110,
            summary: "A refund fails, is tried again and succeeds; another order gets the same amount.",
            why: "A retry after a failure is no second payment, and another order is another payment.", configuration: tools
        ) { scenario in
            let trace = scenario.trace(Cast.refunds, conversation: "ticket-73312")
            for order in ["O-5513", "O-5514"] {
                trace.step(
                    "send_refund", ["order": .string(order), "amount_cents": 4_900],
                    .failed(type: "GatewayTimeout", message: "payment gateway did not answer for \(order)"))
                trace.step(
                    "send_refund", ["order": .string(order), "amount_cents": 4_900],
                    .json(["status": "sent", "reference": .string(trace.draw { $0.hex(8) })]))
            }
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N2-poll-until-done", seed: 1_002,
            summary: "An agent polls a build 15 times with the same answer, ever more slowly, until it is done.",
            why: "The configuration says that this tool polls: waiting is its purpose.", configuration: tools
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-4602")
            for poll in 1...15 {
                trace.pause(.seconds(min(60, 1 << UInt64(min(poll, 6)))))
                trace.step(
                    "get_build", ["build": 5_512, "branch": "main", "fields": "state"], .json(["state": "running, please come back later"]))
            }
            trace.step(
                "get_build", ["build": 5_512, "branch": "main", "fields": "state"], .json(["state": "done, all artifacts are in place"]))
            trace.draw { _ = $0.below(2) }
            trace.close()
            scenario.expectSilence(.warning)
        },
    ]
}
