import KilterVocabulary

/// Work that brings nothing new: other questions with the same answer, ever the same calls, tools that do not exist.
extension Scenarios {
    static let sameAnswers: [Scenario] = [
        Scenario(
            "P7-one-answer-to-all-searches", seed: 2_007,
            summary: "A crawler searches for 38 different patterns and gets the same page of 900 bytes each time.",
            why: "No call repeats, yet nothing the agent asks changes what it learns."
        ) { scenario in
            let trace = scenario.trace(Cast.crawler, conversation: "crawl-8041")
            for _ in 1...6 { OrdinaryWork.research(trace) }
            let page = scenario.own(
                String(repeating: "The archive is being rebuilt and cannot be searched at the moment. ", count: 14))
            let calls = (1...scenario.orMore(38)).map { number in
                trace.step(
                    "search_archive", ["query": .string(trace.draw { "tender \(number) " + $0.hex(6) }), "limit": 20], .text(page))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("stagnation", calls)
            scenario.expectAlert(
                "stagnation", .warning, tier: "identical_outcome", of: Cast.crawler, by: calls[5], notBefore: calls[5], episodes: 1)
        },
        Scenario(
            "N12-edits-that-say-ok", seed: 1_012,
            summary: "A coding agent makes eight different edits in a row; each answers only \"ok\".",
            why: "An answer that only acknowledges says nothing about progress."
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-4107")
            for edit in 1...8 {
                trace.step(
                    "edit_file",
                    ["path": .string("src/cart/part\(edit).py"), "replace": .string(trace.draw { $0.hex(12) }), "with": "value"],
                    .text("ok"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "P3-results-differ-in-times-and-ids", seed: 2_003,
            summary: "An agent makes the same call nine times; the results differ only in timestamp, duration, process and request id.",
            why: "A new timestamp under the same answer is no progress."
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-4811")
            for _ in 1...6 { OrdinaryWork.coding(trace) }
            let calls = (1...scenario.orMore(9)).map { number in
                trace.step(
                    "run_check", ["suite": "cart", "fast": true, "retries": 0],
                    .json([
                        "status": "failed", "failed": 3, "timestamp": .string("2026-03-02T09:1\(number % 10):07Z"),
                        "duration_ms": .integer(Int64(trace.draw { $0.within(200...900) })), "pid": .integer(Int64(4_000 + number)),
                        "request_id": .string(trace.draw { $0.hex(12) }),
                    ]))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("tool_loop", calls)
            scenario.expectAlert(
                "repeated_call", .warning, tier: "identical_result", of: Cast.patcher, by: calls[3], notBefore: calls[3], episodes: 1)
            scenario.expectAlert("repeated_call", .critical, of: Cast.patcher, by: calls[7], notBefore: calls[7])
        },
        Scenario(
            "P3-result-is-a-clock", seed: 2_103,
            summary: "An agent reads the clock twelve times.",
            why: "Of a result that is nothing but a time nothing would be left: it changes, and repetition may only inform."
        ) { scenario in
            let trace = scenario.trace(Cast.scheduler, conversation: "nightly-0303")
            for number in 1...12 {
                trace.pause(.seconds(20))
                trace.step(
                    "date", ["utc": true, "format": "default", "zone": "UTC"],
                    .text("Mon Mar  2 09:1\(number % 10):\(10 + trace.draw { $0.below(49) }) UTC 2026"))
            }
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "P12-novelty-dries-up", seed: 2_012,
            summary: "Of each thirty calls of an agent 15, 14, 12, 8, 4, and in the end 0 are new; the rest repeats what it did before.",
            why: "No row, no cycle: the agent does less and less that it has not done already, until nothing is new."
        ) { scenario in
            let trace = scenario.trace(Cast.planner, conversation: "market-study-12")
            var made: [(String, String)] = []
            var calls: [SpanReference] = []
            for fresh in [15, 14, 12, 8, 4, 0, 0] {
                for number in 0..<30 {
                    let isNew = number % 2 == 0 && number / 2 < fresh || made.isEmpty
                    if isNew {
                        made.append(trace.draw { ("supplier " + $0.hex(5), "turnover and contacts of a supplier, page " + $0.hex(8)) })
                    }
                    let recent = made.suffix(14)
                    let pick = isNew ? made[made.count - 1] : recent[recent.startIndex + trace.draw { $0.below(recent.count) }]
                    calls.append(trace.step("look_up", ["company": .string(pick.0), "depth": 2], .text(pick.1)))
                }
            }
            trace.close()
            scenario.label("novelty_collapse", Array(calls[90...]))
            scenario.expectAlert("novelty_collapse", .warning, of: Cast.planner, by: calls[185], notBefore: calls[90])
            scenario.expectAlert("novelty_collapse", .critical, tier: "identical_outcome", of: Cast.planner, by: calls[209])
        },
        Scenario(
            "P6-tool-that-does-not-exist", seed: 2_016,
            summary: "An agent calls a tool that it made up, eleven times, with other arguments each time.",
            why: "The error names what it was asked for, so no two errors are equal; the agent will not find such a tool."
        ) { scenario in
            let trace = scenario.trace(Cast.orders, conversation: "ticket-91822")
            for _ in 1...3 { OrdinaryWork.support(trace) }
            let calls = (1...scenario.orMore(11)).map { number in
                trace.step(
                    "cancel_subscription", ["customer": .string("C-\(number)"), "reason": .string(trace.draw { $0.hex(4) })],
                    .failed(type: "ToolError", message: "request \(number): tool 'cancel_subscription' not found in registry"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("unknown_tool", calls)
            scenario.expectAlert("unknown_tool", .info, of: Cast.orders, by: calls[4], notBefore: calls[4])
            scenario.expectAlert(
                "unknown_tool", .warning, tier: "identical_outcome", of: Cast.orders, by: calls[9], notBefore: calls[9])
        },
        Scenario(
            "P9-command-that-grows", seed: 2_009,
            summary: "An agent sends a command again and again, each time with one more copy of its last part.",
            why: "Arguments and results differ every time, but the growth is always the same."
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-4551")
            for _ in 1...6 { OrdinaryWork.coding(trace) }
            var command = "pytest tests/cart"
            let calls = (1...scenario.orMore(12)).map { number in
                command += " && pytest tests/cart"
                return trace.step(
                    "bash", ["command": .string(command), "timeout": 120], .text("\(number) passed, \(number) reruns in log"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("growing_call", calls)
            scenario.expectAlert("growing_call", .warning, of: Cast.patcher, by: calls[6], notBefore: calls[4], episodes: 1)
        },
    ]
}
