import KilterVocabulary

/// The same work, delivered well and badly.
extension Scenarios {
    static let silentDelivery: [Scenario] = [
        Scenario(
            "N15-delivered-once", seed: 1_015,
            summary: "Ordinary work, a parallel batch, three identical calls by one agent and five by another.",
            why: "The clean twin: one agent is informed about at most, the other must warn at its fourth call."
        ) { scenario in
            deliveredWork(scenario)
        },
        Scenario(
            "N15-delivered-three-times", seed: 1_015,
            summary: "The same stream, every request three times, each tool span also sent twice while it still ran.",
            why: "Retries and progress updates are copies: the events must be those of the clean stream, byte for byte."
        ) { scenario in
            scenario.deliversThreeTimes = true
            deliveredWork(scenario)
            scenario.expectSameEvents(as: "N15-delivered-once")
        },
    ]

    private static func deliveredWork(_ scenario: ScenarioBuilder) {
        scenario.batching = Batching(spansMax: 4, delayMax: .seconds(2))
        let calm = scenario.trace(Cast.lean(Cast.documents), conversation: "claim-93110")
        for _ in 1...4 { OrdinaryWork.claims(calm) }
        calm.parallel(
            (1...5).map { page in
                ToolCall(
                    "extract_page", ["document_id": "CLM-93110/report.pdf", "page": .integer(page)],
                    .text("page \(page): section \(page * 3)"))
            })
        for _ in 1...3 {
            calm.step(
                "ocr_status", ["document_id": "CLM-93110/report.pdf", "engine": "v2"],
                .json(["state": "waiting", "position": 4]))
        }
        for _ in 1...4 { OrdinaryWork.claims(calm) }
        calm.close()
        let stuck = scenario.trace(Cast.lean(Cast.payouts), conversation: "claim-93111")
        OrdinaryWork.claims(stuck)
        var pairs: [SpanReference] = []
        for _ in 1...5 {
            pairs.append(
                stuck.step(
                    "request_payout", ["claim_id": "CLM-93111", "amount_cents": 48_000, "currency": "EUR"],
                    .json(["state": "pending", "message": "awaiting confirmation"])))
        }
        stuck.chat(asksForTools: false)
        stuck.close()
        scenario.label("tool_loop", pairs)
        scenario.expectAlert(
            "repeated_call", .warning, tier: "identical_result", of: Cast.payouts, by: pairs[3], notBefore: pairs[3],
            episodes: 1)
        scenario.expectSilence(.warning, of: Cast.documents)
    }
}
