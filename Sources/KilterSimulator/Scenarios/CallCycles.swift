import KilterVocabulary

/// Calls that go round in a circle, and errors that come back whatever is tried.
extension Scenarios {
    static let callCycles: [Scenario] = [
        cycle(period: 2, turns: 4, seed: 2_005),
        cycle(period: 3, turns: 6, seed: 2_105),
        cycle(period: 5, turns: 4, seed: 2_205),
        cycle(period: 8, turns: 4, seed: 2_305),
    ]

    static let errorStreaks: [Scenario] = [
        Scenario(
            "P6-same-error-varying-arguments", seed: 2_006,
            summary: "A crawler gets the same error from five different addresses in a row.",
            why: "Whatever the agent tries, the outcome is the same: it is stuck although no call repeats."
        ) { scenario in
            let trace = scenario.trace(Cast.crawler, conversation: "crawl-7719")
            for _ in 0..<scenario.about(8) { OrdinaryWork.research(trace) }
            let failures = (1...scenario.orMore(5)).map { page in
                trace.step(
                    "fetch_page",
                    [
                        "url": .string(trace.draw { "https://tenders.example/notice/\(page)-\($0.hex(5))" }),
                        "render": true, "timeout_s": 20,
                    ], .failed(type: "HTTPStatusError", message: "403 Forbidden: this client is not allowed"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("error_streak", failures)
            scenario.expectAlert(
                "error_streak", .warning, tier: "identical_outcome", of: Cast.crawler, by: failures[3],
                notBefore: failures[3], episodes: 1)
        },
        Scenario(
            "P13-errors-under-status-ok", seed: 2_013,
            summary: "Six calls of one MCP tool in a row carry error.type tool_error under a status of OK.",
            why: "The transport worked, the tool did not: who looks at the status alone sees six successes."
        ) { scenario in
            let trace = scenario.trace(Cast.documents, conversation: "claim-96001")
            for _ in 0..<scenario.about(5) { OrdinaryWork.claims(trace) }
            let failures = (1...scenario.orMore(6)).map { number in
                trace.step(
                    "read_attachment",
                    ["attachment": .string(trace.draw { "att-\(number)-" + $0.hex(6) }), "format": "text"],
                    .failedUnderOK(type: "tool_error", message: "tool error: the document store is not reachable from this host"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("error_streak", failures)
            scenario.expectAlert(
                "error_streak", .warning, tier: "identical_outcome", of: Cast.documents, by: failures[3], notBefore: failures[3],
                episodes: 1)
        },
    ]

    /// The steps that the cycles are made of; a cycle of period p takes the first p.
    private static let cycleSteps: [(tool: String, arguments: TelemetryValue, result: String)] = [
        ("grep", ["pattern": "apply_discount", "path": "src", "ignore_case": false], "src/cart/price.py:88"),
        ("read_file", ["path": "src/cart/price.py", "from_line": 60, "to_line": 120], "def apply_discount(cart, code):"),
        ("grep", ["pattern": "DiscountCode", "path": "src", "ignore_case": false], "src/cart/codes.py:12"),
        ("read_file", ["path": "src/cart/codes.py", "from_line": 1, "to_line": 60], "class DiscountCode:"),
        ("grep", ["pattern": "def redeem", "path": "src", "ignore_case": true], "no matches"),
        ("list_files", ["path": "src/cart", "depth": 2], "codes.py price.py totals.py"),
        ("read_file", ["path": "src/cart/totals.py", "from_line": 1, "to_line": 40], "from .price import apply_discount"),
        ("git_log", ["path": "src/cart", "limit": 5], "9c1d fix totals\n77ab add codes"),
    ]

    private static func cycle(period: Int, turns: Int, seed: UInt64) -> Scenario {
        Scenario(
            "P5-cycle-of-\(period)", seed: seed,
            summary: "After varied work a coding agent goes \(turns) times through the same \(period) calls;"
                + " the results never change.",
            why: "Three equal turns of a cycle with stable results do not occur in healthy runs, though no call is"
                + " repeated in a row."
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-\(4_000 + period)")
            for _ in 0..<scenario.about(10) { OrdinaryWork.coding(trace) }
            var calls: [SpanReference] = []
            for _ in 0..<scenario.orMore(turns) {
                for step in cycleSteps.prefix(period) {
                    calls.append(trace.step(step.tool, .json(step.arguments), .text(step.result)))
                }
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("step_repetition", calls)
            scenario.expectAlert(
                "call_cycle", .warning, tier: "identical_result", of: Cast.patcher, by: calls[3 * period - 1],
                notBefore: calls[2 * period], episodes: 1)
            if turns >= 5 {
                scenario.expectAlert("call_cycle", .critical, of: Cast.patcher, by: calls[5 * period - 1])
            }
        }
    }
}
