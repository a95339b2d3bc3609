import KilterVocabulary

/// A small company of agents on an ordinary morning, in which four things go wrong at known times.
extension Scenarios {
    public static let demonstration = Scenario(
        "demo", seed: 4_001,
        summary: "Eleven agents of four services work for four minutes. From 0:40 one sends the same refund again and"
            + " again, from 1:20 two thank each other, from 2:00 one goes in circles between grep, read and edit, from"
            + " 2:40 one gets the same error from every address; all others are healthy.",
        why: "Four different ways of going off kilter must be told from a lot of healthy work beside them."
    ) { scenario in
        scenario.batching = Batching(spansMax: 20, delayMax: .seconds(1))
        healthyDesks(scenario)
        research(scenario)
        polling(scenario)
        repeatedRefund(scenario)
        mutualThanks(scenario)
        circularPatch(scenario)
        forbiddenPages(scenario)
        for agent in [Cast.orders, Cast.documents, Cast.reviewer, Cast.planner, Cast.summarizer, Cast.exports] {
            scenario.expectSilence(.warning, of: agent)
        }
    }

    /// Minutes and seconds after the start.
    private static func at(_ minutes: UInt64, _ seconds: UInt64) -> EventTime {
        ScenarioBuilder.start + .seconds(minutes * 60 + seconds)
    }

    // MARK: Healthy work

    private static func healthyDesks(_ scenario: ScenarioBuilder) {
        desk(scenario, Cast.orders, "chat-1", from: at(0, 0), OrdinaryWork.support)
        desk(scenario, Cast.orders, "chat-2", from: at(0, 4), OrdinaryWork.support)
        desk(scenario, Cast.refunds, "ticket-1", from: at(0, 2), OrdinaryWork.support)
        desk(scenario, Cast.triage, "claim-1", from: at(0, 1), OrdinaryWork.claims)
        desk(scenario, Cast.payouts, "claim-2", from: at(0, 6), OrdinaryWork.claims)
        desk(scenario, Cast.documents, "claim-3", from: at(0, 3), OrdinaryWork.claims)
        desk(scenario, Cast.patcher, "issue-1", from: at(0, 5), OrdinaryWork.coding)
        desk(scenario, Cast.reviewer, "review-1", from: at(0, 7), OrdinaryWork.coding)
        desk(scenario, Cast.crawler, "crawl-1", from: at(0, 8), OrdinaryWork.research)
    }

    /// One conversation after the other until minute four: single calls, parallel batches, a passing error here
    /// and there.
    private static func desk(
        _ scenario: ScenarioBuilder, _ agent: SimulatedAgent, _ prefix: String, from time: EventTime,
        _ work: (TraceBuilder, SimulatedAgent?) -> Void
    ) {
        var next = time
        var session = 0
        while next < at(3, 50) {
            session += 1
            let trace = scenario.trace(agent, conversation: "\(prefix)\(100 + session)", at: next)
            OrdinaryWork.session(trace, work)
            trace.chat(asksForTools: false)
            trace.close()
            next = trace.now + .milliseconds(UInt64(trace.draw { $0.within(300...2_500) }))
        }
    }

    /// A planner that spreads its questions over crawlers and a summarizer, again and again.
    private static func research(_ scenario: ScenarioBuilder) {
        var next = at(0, 9)
        var round = 0
        while next < at(3, 40) {
            round += 1
            let trace = scenario.trace(
                Cast.planner, conversation: "study-\(310 + round)", at: next, workflow: "market-study")
            trace.chat(by: Cast.planner)
            let topic = trace.draw { $0.hex(5) }
            let tasks = [Cast.crawler, Cast.crawler, Cast.summarizer].enumerated().map { index, agent in
                (agent: agent, text: "Study \(topic): please answer question \(index + 1) of 3.")
            }
            trace.delegate(from: Cast.planner, to: tasks) { trace, worker in
                for _ in 0..<trace.draw({ $0.within(2...4) }) { OrdinaryWork.research(trace, by: worker) }
                trace.chat(by: worker, asksForTools: false)
            }
            for (index, task) in tasks.enumerated() {
                trace.message(
                    from: task.agent.name, to: Cast.planner,
                    "Study \(topic), question \(index + 1): \(trace.draw { $0.within(3...90) }) percent.")
            }
            trace.chat(by: Cast.planner, asksForTools: false)
            trace.close()
            next = trace.now + .seconds(2)
        }
    }

    /// The same question every five seconds, and an answer that moves on.
    private static func polling(_ scenario: ScenarioBuilder) {
        let trace = scenario.trace(Cast.exports, conversation: "export-90210", at: at(0, 5))
        trace.step(
            "start_export", ["dataset": "market-study", "format": "parquet", "compress": true],
            .json(["job_id": "exp-5120", "state": "queued"]))
        for poll in 1...44 {
            trace.wait(until: at(0, 5) + .seconds(UInt64(poll * 5)))
            trace.step(
                "get_export_status", ["job_id": "exp-5120", "verbose": true],
                .json([
                    "job_id": "exp-5120", "state": .string(poll < 44 ? "running" : "done"),
                    "rows_done": .integer(Int64(poll) * 18_400),
                ]), took: .milliseconds(120))
        }
        trace.chat(asksForTools: false)
        trace.close()
    }

    // MARK: What goes wrong

    private static func repeatedRefund(_ scenario: ScenarioBuilder) {
        let trace = scenario.trace(Cast.refunds, conversation: "ticket-90417", at: at(0, 26))
        trace.message(from: "user", "I was charged twice for order ORD-550193, please send one payment back.")
        for _ in 1...4 { OrdinaryWork.support(trace) }
        trace.wait(until: at(0, 40))
        var calls: [SpanReference] = []
        while trace.now < at(3, 48) {
            calls.append(
                trace.step(
                    "send_refund",
                    ["order_id": "ORD-550193", "amount_cents": 12_900, "currency": "EUR", "reason": "double charge"],
                    .json(["state": "pending", "message": "refund accepted, confirmation to follow"]),
                    took: .milliseconds(350)))
        }
        trace.close()
        scenario.label("tool_loop", calls)
        scenario.expectAlert(
            "repeated_call", .warning, tier: "identical_result", of: Cast.refunds, by: calls[3], notBefore: calls[3],
            episodes: 1)
        scenario.expectAlert("repeated_call", .critical, of: Cast.refunds, by: calls[7])
        scenario.expectBreaker(.open, times: 1, of: Cast.refunds)
    }

    private static func mutualThanks(_ scenario: ScenarioBuilder) {
        let trace = scenario.trace(Cast.triage, conversation: "claim-95530", at: at(1, 4), workflow: "claim-review")
        trace.message(from: Cast.triage.name, to: Cast.payouts, "Please pay 310.00 EUR for claim 95530.")
        OrdinaryWork.claims(trace, by: Cast.payouts)
        trace.message(from: Cast.payouts.name, to: Cast.triage, "Paid 310.00 EUR, reference PX-7708.")
        OrdinaryWork.claims(trace, by: Cast.triage)
        var messages: [SpanReference] = []
        for turn in 0..<40 {
            trace.wait(until: at(1, 20) + .seconds(UInt64(turn * 3)))
            messages.append(thanks(trace, turn: turn, between: Cast.triage, and: Cast.payouts))
        }
        trace.close()
        scenario.label("message_storm", messages)
        scenario.expectAlert("message_storm", .warning, of: Cast.triage, anyAgent: true, by: messages[10])
    }

    private static func circularPatch(_ scenario: ScenarioBuilder) {
        let trace = scenario.trace(Cast.patcher, conversation: "issue-5121", at: at(1, 40))
        while trace.now < at(1, 58) { OrdinaryWork.coding(trace) }
        trace.wait(until: at(2, 0))
        var calls: [SpanReference] = []
        while trace.now < at(3, 48) {
            calls.append(
                trace.step(
                    "grep", ["pattern": "retry_limit", "path": "src/worker", "ignore_case": false],
                    "src/worker/queue.py:41:retry_limit = config.retries"))
            calls.append(
                trace.step(
                    "read_file", ["path": "src/worker/queue.py", "from_line": 30, "to_line": 60],
                    "30: class Queue:\n41:     retry_limit = config.retries\n52:     def put(self, job):"))
            calls.append(
                trace.step(
                    "edit_file",
                    ["path": "src/worker/queue.py", "old": "retry_limit = 3", "new": "retry_limit = 5"],
                    "no match for the old text, file unchanged"))
        }
        trace.close()
        scenario.label("step_repetition", calls)
        scenario.expectAlert(
            "call_cycle", .warning, tier: "identical_result", of: Cast.patcher, by: calls[8], notBefore: calls[5])
        scenario.expectAlert("call_cycle", .critical, of: Cast.patcher, by: calls[14])
        scenario.expectBreaker(.open, times: 1, of: Cast.patcher)
    }

    private static func forbiddenPages(_ scenario: ScenarioBuilder) {
        let trace = scenario.trace(Cast.crawler, conversation: "crawl-8841", at: at(2, 22))
        while trace.now < at(2, 38) { OrdinaryWork.research(trace) }
        trace.wait(until: at(2, 40))
        var calls: [SpanReference] = []
        while trace.now < at(3, 48) {
            calls.append(
                trace.step(
                    "fetch_page",
                    [
                        "url": .string(trace.draw { "https://tenders.example/notice/\($0.hex(7))" }), "render": true,
                        "timeout_s": 20,
                    ], .failed(type: "HTTPStatusError", message: "403 Forbidden: this client is not allowed")))
        }
        trace.close()
        scenario.label("error_streak", calls)
        scenario.expectAlert(
            "error_streak", .warning, tier: "identical_outcome", of: Cast.crawler, by: calls[3], notBefore: calls[3],
            episodes: 1)
    }
}
