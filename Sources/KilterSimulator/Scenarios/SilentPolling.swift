import KilterVocabulary

/// Repetition that is progress: polling, paging, one tool, nothing to compare.
extension Scenarios {
    static let silentPolling: [Scenario] = [
        Scenario(
            "N1-status-poll-progresses", seed: 1_001,
            summary: "An agent polls an export job 25 times, 10 s apart, with the same arguments; the result moves on.",
            why: "A known result that changes is progress: the repetition may inform, but must not warn."
        ) { scenario in
            let trace = scenario.trace(Cast.exports, conversation: "export-88121")
            trace.step(
                "start_export", ["dataset": "ledger-2025", "format": "parquet", "compress": true],
                .json(["job_id": "exp-4471", "state": "queued"]))
            let polls = scenario.about(25)
            for poll in 1...polls {
                trace.pause(.seconds(10))
                trace.step(
                    "get_export_status", ["job_id": "exp-4471", "verbose": true, "format": "json"],
                    .json([
                        "job_id": "exp-4471", "state": .string(poll < polls ? "running" : "done"),
                        "rows_done": .integer(Int64(poll) * 41_250), "percent": .integer(Int64(poll) * 4),
                    ]))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "N3-pages-differ-by-number", seed: 1_003,
            summary: "An agent reads 40 pages of one list; the calls differ only in the page number.",
            why: "One differing digit is a different call: paging through a list is work."
        ) { scenario in
            let trace = scenario.trace(Cast.lean(Cast.orders), conversation: "audit-2026-02")
            for page in 1...scenario.about(40) {
                let first = trace.draw { $0.within(100_000...999_999) }
                trace.step(
                    "list_tickets", ["status": "open", "page": .integer(Int64(page)), "per_page": 50, "sort": "created"],
                    .json([
                        "page": .integer(Int64(page)), "of": 40,
                        "ids": .array((0..<4).map { .string("T-\(first + $0 * 7)") }),
                    ]))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N3-constant-cursor", seed: 1_033,
            summary: "An agent reads 40 times from a cursor that the server moves: same arguments, other results.",
            why: "The result differs each time, so the agent gets ahead although its arguments never change."
        ) { scenario in
            let trace = scenario.trace(Cast.lean(Cast.orders), conversation: "audit-2026-03")
            for read in 1...scenario.about(40) {
                trace.step(
                    "read_events", ["subscription": "refund-events", "cursor": "tail", "limit": 100],
                    .json([
                        "events": .integer(Int64(trace.draw { $0.within(3...100) })),
                        "last_id": .string(trace.draw { "ev-\(read)-" + $0.hex(8) }),
                    ]))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "N7-arguments-not-captured", seed: 1_007,
            summary: "Twenty calls of one tool whose arguments and results the producer does not capture.",
            why: "What cannot be seen cannot be equal: a tool name alone is no evidence of a loop."
        ) { scenario in
            let trace = scenario.trace(Cast.payouts, conversation: "claim-90017")
            for _ in 0..<scenario.about(20) { trace.step("lookup_policy", .notCaptured, .notCaptured) }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N17-single-tool", seed: 1_017,
            summary: "An agent that has one tool gives it 60 distinct commands and gets 59 distinct results.",
            why: "An agent with one tool always repeats its tool; only equal calls are a repetition."
        ) { scenario in
            let trace = scenario.trace(Cast.lean(Cast.patcher), conversation: "issue-3120")
            let verbs = ["ls -la", "cat", "sed -n 1,80p", "head -40", "wc -l", "git log --oneline --"]
            for step in 1...scenario.about(60) {
                let command = trace.draw { "\($0.pick(verbs)) services/ledger/\($0.hex(6)).py" }
                // Two different commands happen to print the same.
                let output = step == 22 || step == 41 ? "0 matches" : trace.draw { "line \(step): " + $0.hex(16) }
                trace.step("bash", ["command": .string(command), "timeout": 120], .text(output))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
    ]
}
