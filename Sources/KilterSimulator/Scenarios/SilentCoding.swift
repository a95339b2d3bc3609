import KilterVocabulary

/// The repetitive side of honest work on code and data.
extension Scenarios {
    static let silentCoding: [Scenario] = [
        Scenario(
            "N6-many-files-two-passes", seed: 1_006,
            summary: "A coding agent reads 30 distinct files, then makes two full passes over 15 of them.",
            why: "Reading a file again after fourteen others is checking, not circling."
        ) { scenario in
            let trace = scenario.trace(Cast.lean(Cast.reviewer), conversation: "review-774")
            let files = (1...30).map { index in trace.draw { "src/ledger/part_\(index)_\($0.hex(4)).py" } }
            let contents = files.map { file in trace.draw { "# \(file)\nVERSION = \"\($0.hex(12))\"" } }
            for index in Array(0..<30) + Array(0..<15) + Array(0..<15) {
                trace.step(
                    "read_file", ["path": .string(files[index]), "encoding": "utf-8"], .text(contents[index]))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N10-parallel-batches", seed: 1_010,
            summary: "One model response asks for 15 reads at once, the next for 6 identical calls, the next for 8 reads.",
            why: "The calls of one response are one decision: each batch counts once."
        ) { scenario in
            batches(scenario, under: .chat)
        },
        Scenario(
            "N10-parallel-batches-under-agent", seed: 1_110,
            summary: "The same batches from a producer that hangs tool spans under the agent span; the calls overlap.",
            why: "Calls that overlap under one parent run at once, whoever that parent is."
        ) { scenario in
            batches(scenario, under: .agent)
        },
        Scenario(
            "N11-edit-test-read-log", seed: 1_011,
            summary: "Twelve rounds of edit, run the tests, read the log: same test command, other output each time.",
            why: "This is how a fault is fixed. The command repeats, its outcome does not."
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-2284")
            let rounds = scenario.about(12)
            for round in 1...rounds {
                trace.step(
                    "edit_file",
                    [
                        "path": "src/ledger/rounding.py", "old": .string("QUANTUM = \(round - 1)"),
                        "new": .string("QUANTUM = \(round)"),
                    ], "ok")
                let seconds = trace.draw { "\($0.within(3...9)).\($0.within(10...99))" }
                trace.step(
                    "run_tests", ["command": "pytest tests/ledger -q", "cwd": "/repo", "timeout": 300],
                    .text("\(rounds + 1 - round) failed, \(200 + round) passed in \(seconds)s"))
                trace.step(
                    "read_file", ["path": "build/test.log", "tail": 40],
                    .text(
                        "FAILED tests/ledger/test_round.py::test_case_\(round) - expected \(round) found"
                            + " \(trace.draw { $0.within(100...999) })"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
    ]

    /// Lists that are written down again and again because the work goes on.
    static let silentPlans: [Scenario] = [
        Scenario(
            "N8-plan-rewritten", seed: 1_008,
            summary: "A coding agent writes its plan of twenty items down again after each item, and gets one and the same answer.",
            why: "Only the items' states change, and the answer confirms no more than that the list was stored: the work lies between."
        ) { scenario in
            let trace = scenario.trace(Cast.lean(Cast.patcher), conversation: "issue-2290")
            let items = (1...20).map { number in trace.draw { "step \(number): adapt \($0.hex(5))" } }
            for done in 1...20 {
                let plan = items.enumerated().map { place, item -> TelemetryValue in
                    ["item": .string(item), "state": place < done - 1 ? "done" : place == done - 1 ? "in_progress" : "open"]
                }
                trace.step(
                    "write_plan", ["items": .array(plan)],
                    "The plan was stored. Please continue with the item that is in progress, if there is one.")
                for _ in 0..<scenario.about(2) { OrdinaryWork.coding(trace) }
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "N8-plan-rewritten-alone", seed: 1_108,
            summary: "The same twenty rewrites in a row; the answer is the list itself.",
            why: "A list whose states move on is a result that moves on."
        ) { scenario in
            let trace = scenario.trace(Cast.lean(Cast.patcher), conversation: "issue-2291")
            for done in 1...20 {
                let plan = TelemetryValue.array(
                    (1...20).map { ["item": .string("step \($0)"), "state": $0 < done ? "done" : $0 == done ? "in_progress" : "open"] })
                trace.step("write_plan", ["items": plan], .json(["items": plan]))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "N8-todos-with-a-long-receipt", seed: 1_208,
            summary: "Twenty rewrites of a todo list in a row, each confirmed by one and the same long sentence.",
            why: "A tool that stores what the agent plans answers with a receipt, whatever the sentence."
        ) { scenario in
            let trace = scenario.trace(Cast.lean(Cast.patcher), conversation: "issue-2292")
            for done in 1...20 {
                let todos = TelemetryValue.array(
                    (1...20).map {
                        ["content": .string("step \($0)"), "status": $0 < done ? "completed" : $0 == done ? "in_progress" : "pending"]
                    })
                trace.step(
                    "TodoWrite", ["todos": todos],
                    "Todos have been modified. Make sure that you go on using the list to track what you do, and proceed with the tasks.")
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
    ]

    private static func batches(_ scenario: ScenarioBuilder, under parent: TraceBuilder.BatchParent) {
        let trace = scenario.trace(Cast.patcher, conversation: "issue-1907")
        func reads(_ count: Int) -> [ToolCall] {
            (1...count).map { index in
                let name = trace.draw { "src/api/handler_\(index)_\($0.hex(4)).py" }
                return ToolCall(
                    "read_file", ["path": .string(name), "encoding": "utf-8"], .text("# \(name)\nROUTE = \"/\(index)\""))
            }
        }
        trace.parallel(reads(15), under: parent)
        let lookup = ToolCall(
            "get_ci_status", ["branch": "main", "workflow": "build"], .json(["branch": "main", "state": "green"]))
        trace.parallel(Array(repeating: lookup, count: 6), under: parent)
        trace.parallel(reads(8), under: parent)
        trace.chat(asksForTools: false)
        trace.close()
        scenario.expectSilence(.info)
    }
}
