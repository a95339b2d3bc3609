import KilterVocabulary

/// Faults from which an agent recovers by itself.
extension Scenarios {
    static let silentFaults: [Scenario] = [
        Scenario(
            "N4-timeouts-then-success", seed: 1_004,
            summary: "Three identical calls time out after waits of 1, 2 and 4 s; the fourth succeeds and work goes on.",
            why: "Retrying a passing fault a few times is good practice; it may inform, but must not warn."
        ) { scenario in
            let trace = scenario.trace(Cast.orders, conversation: "ticket-51220")
            OrdinaryWork.support(trace)
            for wait: UInt64 in [1, 2, 4] {
                trace.step(
                    "get_shipment", ["order_id": "ORD-771204", "carrier": "dhl", "detail": "full"],
                    .failed(type: "TimeoutError", message: "carrier gateway did not answer within 5 s"),
                    took: .seconds(5))
                trace.pause(.seconds(wait))
            }
            trace.step(
                "get_shipment", ["order_id": "ORD-771204", "carrier": "dhl", "detail": "full"],
                .json(["order_id": "ORD-771204", "state": "in transit", "eta": "2026-03-04"]))
            for _ in 1...8 { OrdinaryWork.support(trace) }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "N4-retries-across-runs", seed: 1_104,
            summary: "In each of 30 conversations the first call times out with the same error and works when it is made again.",
            why: "What a flaky gateway does to many runs is no streak of one: each recovers by itself."
        ) { scenario in
            scenario.batching = Batching(spansMax: 20, delayMax: .minutes(10))
            for number in 1...30 {
                let trace = scenario.trace(Cast.lean(Cast.orders), conversation: "ticket-\(53_000 + number)")
                let order = trace.draw { "ORD-\($0.within(100_000...999_999))" }
                for outcome: CallOutcome in [
                    .failed(type: "TimeoutError", message: "carrier gateway did not answer within 5 s"),
                    .json(["order_id": .string(order), "state": "in transit"]),
                ] {
                    trace.step("get_shipment", ["order_id": .string(order), "carrier": "dhl"], outcome)
                }
                OrdinaryWork.support(trace)
                trace.chat(asksForTools: false)
                trace.close()
                scenario.pause(.minutes(2))
            }
            scenario.expectSilence(.info)
        },
        Scenario(
            "N5-rate-limited-then-success", seed: 1_005,
            summary: "Five calls are refused by a rate limit and never executed; the sixth succeeds.",
            why: "A refused call is neither a repeat nor progress: the limit is the provider's doing, not the agent's."
        ) { scenario in
            let trace = scenario.trace(Cast.summarizer, conversation: "report-heat-pumps")
            for _ in 1...3 { OrdinaryWork.research(trace) }
            let refusals: [CallOutcome] = [
                .rateLimited(type: "RateLimitError", status: 429), .rateLimited(type: "RateLimitError", status: nil),
                .rateLimited(type: "429", status: 429), .rateLimited(type: "rate_limit_exceeded", status: 429),
                .rateLimited(type: "RateLimitError", status: 429),
            ]
            for refusal in refusals {
                trace.step("translate", ["text_id": "doc-118", "source": "de", "target": "en"], refusal)
                trace.pause(.seconds(15))
            }
            trace.step(
                "translate", ["text_id": "doc-118", "source": "de", "target": "en"],
                .text("The heat pump market grew by a fifth in the reporting year."))
            for _ in 1...4 { OrdinaryWork.research(trace) }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N9-browsing", seed: 1_009,
            summary: "A browsing agent scrolls 8 times as the page changes, waits 3 times, goes back twice, visits 12 pages.",
            why: "Scrolling, waiting and going back are how a browser is used; the pages differ."
        ) { scenario in
            let trace = scenario.trace(Cast.crawler, conversation: "site-survey-19")
            for visit in 1...12 {
                let url = trace.draw { "https://shop.example/c/\($0.hex(5))" }
                trace.step(
                    "browser_open", ["url": .string(url), "viewport": "1280x900"],
                    .json(["url": .string(url), "digest": .string(trace.draw { $0.hex(16) })]))
                if visit == 4 || visit == 9 {
                    for screen in 1...4 {
                        trace.step(
                            "browser_scroll", ["direction": "down", "pixels": 800],
                            .json([
                                "digest": .string(trace.draw { $0.hex(16) }), "offset": .integer(Int64(screen * 800)),
                            ]))
                    }
                }
                if visit % 4 == 2 {
                    trace.step("browser_wait", ["seconds": 3], "waited 3 s", took: .seconds(3))
                }
                if visit == 6 || visit == 11 {
                    trace.step(
                        "browser_back", [:], .json(["digest": .string(trace.draw { $0.hex(16) })]))
                }
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
    ]
}
