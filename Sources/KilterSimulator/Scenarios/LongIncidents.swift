import KilterVocabulary

/// Reported incidents whose streams are too long to keep beside the others: `kilter generate` writes them.
extension Scenarios {
    static let longIncidents: [Scenario] = [
        Scenario(
            "incident-order-search-overnight", seed: 5_109,
            summary: "An agent makes one order search 187 times in a night and gets the same empty answer each time.",
            why: "Reported on dev.to: 187 searches and $41 by the morning. Assumed: equal arguments and answers, eight hours, gpt-4o"
                + " with 85,000 tokens a step, which is what the cost comes to.",
            incident: Incident(source: "dev.to", tokens: 0, dollars: 41)
        ) { scenario in
            let agent = reported("order-agent", "gpt-4o")
            let trace = scenario.trace(agent, conversation: "night-orders")
            OrdinaryWork.support(trace)
            let calls = (0..<scenario.orMore(187)).map { _ in
                trace.pause(.seconds(150))
                return trace.step(
                    "search_orders", ["customer": "C-55310", "state": "open", "days": 30],
                    .json(["orders": [], "message": "no orders match this search"]), usage: TokenUsage(input: 85_000, output: 640))
            }
            trace.close()
            scenario.label("tool_loop", calls)
            expectLadder("repeated_call", calls, of: agent, in: scenario)
        },
        Scenario(
            "incident-one-command", seed: 5_101,
            summary: "A coding sub-agent runs one npm command 320 times in 4.6 hours; it fails without a word.",
            why:
                "Reported as claude-code#15909: one npm install more than 300 times, 27M tokens. Assumed: an empty output each time,"
                + " because a call every 52 s cannot run into its limit of 180 s; claude-opus-4-5, nine tenths of the input from the"
                + " cache, because the report has no dollars.",
            incident: Incident(source: "anthropics/claude-code#15909", tokens: 27_000_000, dollars: 0)
        ) { scenario in
            let agent = reported("code-agent", "claude-opus-4-5", provider: "anthropic")
            let trace = scenario.trace(agent, conversation: "session-15909")
            for _ in 0..<scenario.about(12) { OrdinaryWork.coding(trace) }
            let calls = (0..<320).map { _ in
                trace.pause(.seconds(48))
                return trace.step(
                    "bash", ["command": "npm install -D @vitest/coverage-v8", "timeout": 180_000], .text(""),
                    usage: TokenUsage(input: 84_000, output: 300, cacheRead: 75_600))
            }
            trace.close()
            scenario.label("tool_loop", calls)
            expectLadder("repeated_call", calls, of: agent, in: scenario)
        },
        Scenario(
            "incident-unguarded-calls", seed: 5_102,
            summary: "A background agent goes through the same five lookups until it has made 809 calls in 3.5 hours.",
            why:
                "Reported as oh-my-openagent#2571: 809 turns of a sub-agent on Gemini 3.1 Pro, about $350, no guard. Assumed: ninety"
                + " varied calls, then five lookups in turn with the same answers; 195,000 tokens a call, which is what the cost comes to.",
            incident: Incident(source: "code-yeongyu/oh-my-openagent#2571", tokens: 0, dollars: 350)
        ) { scenario in
            let agent = reported("background-agent", "gemini-3.1-pro-preview", provider: "gcp.gemini")
            let trace = scenario.trace(agent, conversation: "task-2571")
            let usage = TokenUsage(input: 195_000, output: 3_500)
            for number in 0..<89 {
                let file = trace.draw { "src/\($0.hex(6)).ts" }
                trace.pause(.seconds(14))
                trace.step("read_file", ["path": .string(file)], .text("export const part\(number) = \"\(file)\""), usage: usage)
            }
            let calls = (0..<720).map { number in
                trace.pause(.seconds(14))
                let topic = ["hooks", "agents", "tasks", "prompts", "limits"][number % 5]
                return trace.step(
                    "search_code", ["pattern": .string(topic), "path": "src"], .text("src/\(topic)/index.ts:1: export * from './\(topic)'"),
                    usage: usage)
            }
            trace.close()
            scenario.label("step_repetition", calls)
            scenario.expectAlert("call_cycle", .warning, tier: "identical_result", of: agent, by: calls[14], episodes: 1)
            scenario.expectAlert("call_cycle", .critical, of: agent, by: calls[24])
        },
        Scenario(
            "incident-status-triangles", seed: 5_103,
            summary: "Nine agents pass one status on in three triangles, 398 messages in ten hours.",
            why: "Reported as openclaw#37842: nine of seventeen agents, 398 messages in triangles, about $19; a cap on pairs saw nothing."
                + " Assumed: the same text, claude-sonnet-5 with 20,000 tokens a message, which is what the cost comes to.",
            incident: Incident(source: "openclaw/openclaw#37842", tokens: 0, dollars: 19)
        ) { scenario in
            let members = (1...9).map { reported("desk-\($0)", "claude-sonnet-5", provider: "anthropic") }.map { member in
                var member = member
                member.service.name = "office"
                return member
            }
            let trace = scenario.trace(members[0], conversation: "office-status", workflow: "status")
            let messages = (0..<398).map { number in
                trace.pause(.seconds(88))
                let triangle = number % 3 * 3
                let sender = members[triangle + number / 3 % 3]
                let receiver = members[triangle + (number / 3 + 1) % 3]
                let message = trace.message(
                    from: sender.name, to: receiver, "Status update: all systems nominal, forwarding for awareness.")
                trace.chat(by: receiver, asksForTools: false, took: .seconds(2), usage: TokenUsage(input: 20_000, output: 770))
                return message
            }
            trace.close()
            scenario.label("message_cycle", messages)
            scenario.expectAlert(
                "message_cycle", .warning, tier: "identical_result", of: members[0], anyAgent: true, by: messages[30])
        },
        Scenario(
            "incident-multiplying-agents", seed: 5_104,
            summary: "A lead asks five sub-agents, those ask three more each, until there are 361.",
            why: "Reported as claude-code#85422: from 5 to 361 sub-agents, 430M tokens. Assumed: three more each, a message every 20 s, six"
                + " calls of 198,000 tokens by each agent, almost all from the cache; the configuration lets growth trip.",
            configuration: "breakers:\n  - {scope: run, on: [message_growth]}\n",
            incident: Incident(source: "anthropics/claude-code#85422", tokens: 430_000_000, dollars: 0)
        ) { scenario in
            func member(_ number: Int) -> SimulatedAgent {
                var agent = reported(number == 0 ? "lead" : "sub-agent-\(number)", "claude-sonnet-4-5", provider: "anthropic")
                agent.service.name = "agent-host"
                return agent
            }
            let trace = scenario.trace(member(0), conversation: "session-85422", workflow: "research")
            let messages = (1...361).map { number in
                trace.pause(.seconds(10))
                let sender = number <= 5 ? 0 : (number - 6) / 3 + 1
                let message = trace.message(from: member(sender).name, to: member(number), "Please look into part \(number).")
                for _ in 0..<6 {
                    trace.chat(
                        by: member(number), asksForTools: false, took: .seconds(1),
                        usage: TokenUsage(input: 198_000, output: 400, cacheRead: 190_000))
                }
                return message
            }
            trace.close()
            scenario.label("message_growth", messages)
            scenario.expectAlert("message_growth", .critical, tier: "structural", of: member(0), anyAgent: true, by: messages[58])
        },
        Scenario(
            "incident-novelty-trap", seed: 5_105,
            summary: "Of each thirty calls of an agent 15, 14, 12, 8, 4 and then none are new, until 613 are made in 94 minutes.",
            why: "Reported as egg#3595: 613 calls, 94 minutes, 162M tokens, no output; the decay is the one that was measured. Assumed:"
                + " what repeats is drawn from the last fourteen, 264,000 tokens a call, nineteen of twenty from the cache.",
            incident: Incident(source: "jwbron/egg#3595", tokens: 162_000_000, dollars: 0)
        ) { scenario in
            let agent = reported("pipeline-agent", "claude-sonnet-5", provider: "anthropic")
            let trace = scenario.trace(agent, conversation: "pipeline-3595")
            var made: [(String, String)] = []
            var calls: [SpanReference] = []
            for number in 0..<613 {
                let fresh = number < 150 ? [15, 14, 12, 8, 4][number / 30] : 0
                let isNew = number % 30 % 2 == 0 && number % 30 / 2 < fresh || made.isEmpty
                if isNew { made.append(trace.draw { ("grep -rn \($0.hex(5)) src", "src/part_\($0.hex(6)).py:12: found here") }) }
                let recent = made.suffix(14)
                let pick = isNew ? made[made.count - 1] : recent[recent.startIndex + trace.draw { $0.below(recent.count) }]
                trace.pause(.seconds(7))
                calls.append(
                    trace.step(
                        "bash", ["command": .string(pick.0)], .text(pick.1),
                        usage: TokenUsage(input: 264_000, output: 250, cacheRead: 250_000)))
            }
            trace.close()
            scenario.label("novelty_collapse", Array(calls[90...]))
            scenario.expectAlert("novelty_collapse", .warning, of: agent, by: calls[179])
        },
        Scenario(
            "incident-patch-calls", seed: 5_106,
            summary: "An agent sends the same patch 10,943 times in four hours; it never applies.",
            why: "Reported as altimate-code#657: 10,943 patch calls, 98.8M tokens; approving them by rule had reset the counter. Assumed:"
                + " the same patch and the same refusal, 9,000 tokens a call, claude-sonnet-4-5.",
            incident: Incident(source: "AltimateAI/altimate-code#657", tokens: 98_800_000, dollars: 0)
        ) { scenario in
            scenario.batching = Batching(spansMax: 64, delayMax: .seconds(5))
            let agent = reported("patch-agent", "claude-sonnet-4-5", provider: "anthropic")
            let trace = scenario.trace(agent, conversation: "session-657")
            for _ in 0..<scenario.about(6) { OrdinaryWork.coding(trace) }
            let calls = (0..<10_943).map { _ in
                trace.chat(took: .milliseconds(900), usage: TokenUsage(input: 8_950, output: 80))
                trace.pause(.milliseconds(300))
                return trace.call(
                    "apply_patch", ["path": "models/orders.sql", "old": "select id", "new": "select order_id"],
                    .text("patch does not apply: context not found"), took: .milliseconds(110))
            }
            trace.close()
            scenario.label("tool_loop", calls)
            expectLadder("repeated_call", calls, of: agent, in: scenario)
        },
        Scenario(
            "incident-stuck-turns", seed: 5_107,
            summary: "An agent behind a proxy asks for one tool call with one answer in 1,850 requests, each a trace of its own.",
            why: "Reported as headroom#3491: 1,850 stuck turns over hours. Assumed: what a proxy sees, single-span traces of one"
                + " conversation; the same call and answer; six seconds a turn, gpt-5-mini with 30,000 tokens.",
            incident: Incident(source: "headroomlabs-ai/headroom#3491", tokens: 0, dollars: 0)
        ) { scenario in
            scenario.batching = Batching(spansMax: 64, delayMax: .seconds(30))
            let agent = reported("proxied-agent", "gpt-5-mini")
            func alone(_ body: (TraceBuilder) -> SpanReference) -> SpanReference {
                let trace = scenario.trace(agent, conversation: "session-3491")
                trace.withoutRoot()
                let span = body(trace)
                trace.abandon()
                return span
            }
            let calls = (0..<1_850).map { _ in
                _ = alone { $0.chat(took: .seconds(4), usage: TokenUsage(input: 30_000, output: 120)) }
                return alone { trace in
                    trace.pause(.seconds(1))
                    return trace.call(
                        "read_file", ["path": "README.md", "lines": 200], .text("# Project\n[content compressed, see cache entry 7f]"))
                }
            }
            scenario.label("tool_loop", calls)
            expectLadder("repeated_call", calls, of: agent, in: scenario)
        },
        Scenario(
            "incident-steady-burn", seed: 5_108,
            summary: "An agent does ordinary work at $9.50 a day, for 57 days.",
            why: "Reported as hermit 339: $541 before anybody looked. Every run is healthy; only the sum is not, and that takes a budget."
                + " Assumed: twelve runs a day of eight calls, gpt-4o with 39,000 tokens a call.",
            configuration: "false_alarms: 0.05 per agent per 365 days\n",
            incident: Incident(source: "hermit 339", tokens: 0, dollars: 541)
        ) { scenario in
            scenario.batching = Batching(spansMax: 64, delayMax: .minutes(30))
            let agent = reported("hermit-agent", "gpt-4o")
            var calls: [SpanReference] = []
            for day in 0..<57 {
                for run in 0..<12 {
                    let time = ScenarioBuilder.start + .minutes(UInt64(day * 1_440 + run * 120))
                    let trace = scenario.trace(agent, conversation: "day-\(day)-run-\(run)", at: time)
                    for step in 0..<8 {
                        let page = trace.draw { $0.hex(8) }
                        calls.append(
                            trace.step(
                                "fetch_page", ["page": .string(page), "part": .integer(Int64(step))],
                                .text("page \(page) of the day \(day)"),
                                usage: TokenUsage(input: 39_000, output: 140)))
                    }
                    trace.close()
                }
            }
            scenario.label("steady_burn", calls)
            scenario.expectSilence(.warning)
        },
    ]
}
