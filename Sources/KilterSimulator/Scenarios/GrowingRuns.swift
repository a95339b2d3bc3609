import KilterVocabulary

/// Runs that bring in more and more agents, and those that bring in as many as they need.
extension Scenarios {
    private static let tripping = "breakers:\n  - {scope: run, on: [message_growth]}\n"

    static let growingRuns: [Scenario] = [
        Scenario(
            "P16-tree", seed: 2_016,
            summary: "A lead asks five sub-agents, and each of those asks three more, and so on, to 121 of them; messages in their order.",
            why: "A recorded run went from 5 to 361 sub-agents; the trip must be proposed before the sixtieth agent.",
            configuration: tripping
        ) { scenario in
            let lead = helper(0)
            let trace = scenario.trace(lead, conversation: "audit-17", workflow: "audit")
            let messages = (1...121).map { number in
                trace.pause(.seconds(3))
                let sender = number <= 5 ? 0 : (number - 6) / 3 + 1
                return trace.message(from: helper(sender).name, to: helper(number), task(number))
            }
            trace.close()
            scenario.label("message_growth", messages)
            scenario.expectAlert("message_growth", .warning, tier: "structural", of: lead, anyAgent: true, by: messages[35], episodes: 1)
            scenario.expectAlert("message_growth", .critical, tier: "structural", of: lead, anyAgent: true, by: messages[58])
            scenario.expectBreaker(.open, times: 1, of: helper(47))
        },
        Scenario(
            "P16-tree-of-spans", seed: 2_116,
            summary: "Sub-agents that ask three more each, four levels deep, as spans that end innermost first; 121 of them.",
            why: "Whoever was asked last ends first, so the tree comes upside down and must be recognised all the same.",
            configuration: tripping
        ) { scenario in
            let lead = helper(0)
            let trace = scenario.trace(lead, conversation: "audit-18", workflow: "audit")
            var count = 0
            grow(&count, from: lead, levels: 4, in: trace)
            scenario.label("message_growth", [trace.close()])
            scenario.expectAlert("message_growth", .critical, tier: "structural", of: lead, anyAgent: true, episodes: 1)
        },
        Scenario(
            "P16-chain", seed: 2_216,
            summary: "An agent asks a sub-agent, that one another, and so on, fifty deep; messages in their order.",
            why: "A recorded recursion went more than fifty deep and took 1.2M tokens in half an hour."
        ) { scenario in
            let trace = scenario.trace(helper(0), conversation: "report-4", workflow: "report")
            let messages = (1...50).map { number in
                trace.pause(.seconds(20))
                return trace.message(from: helper(number - 1).name, to: helper(number), task(number))
            }
            trace.close()
            expectChain(messages, scenario)
        },
        Scenario(
            "P16-chain-of-spans", seed: 2_316,
            summary: "The same fifty sub-agents as spans within one another, which end innermost first.",
            why: "A depth is the same whichever end of the chain is seen first."
        ) { scenario in
            let trace = scenario.trace(helper(0), conversation: "report-5", workflow: "report")
            descend(to: 50, from: 0, in: trace)
            scenario.label("message_growth", [trace.close()])
            scenario.expectAlert("message_growth", .critical, tier: "structural", of: helper(0), anyAgent: true, episodes: 1)
        },
        Scenario(
            "N16-team-of-three-levels", seed: 1_316,
            summary: "A lead asks three agents, each of them three more; all of them work and report upwards; twice.",
            why: "A team that stops growing and answers upwards is how such work is meant to be done."
        ) { scenario in
            let lead = helper(0)
            let trace = scenario.trace(lead, conversation: "survey-2", workflow: "survey")
            for round in 1...2 {
                for number in 1...12 {
                    trace.message(
                        from: helper((number - 1) / 3).name, to: helper(number), "Round \(round): " + task(number))
                    if number > 3 { OrdinaryWork.research(trace, by: helper(number)) }
                }
                for number in (1...12).reversed() {
                    trace.message(
                        from: helper(number).name, to: helper((number - 1) / 3), "Round \(round): section \(number) is written.")
                }
                trace.pause(.minutes(30))
            }
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "N16-team-of-spans", seed: 1_416,
            summary: "The same team as spans within one another: each agent's invocation ends after those it asked.",
            why: "Told upside down, a healthy team is as healthy."
        ) { scenario in
            let trace = scenario.trace(helper(0), conversation: "survey-3", workflow: "survey")
            var count = 0
            grow(&count, from: helper(0), levels: 2, in: trace)
            trace.close()
            scenario.expectSilence(.warning)
        },
    ]

    private static func helper(_ number: Int) -> SimulatedAgent {
        Cast.lean(SimulatedAgent(number == 0 ? "lead" : "helper-\(number)", in: Cast.research, model: "gpt-5-mini"))
    }

    private static func task(_ number: Int) -> String { "Please look into section \(number) of the report." }

    private static func expectChain(_ messages: [SpanReference], _ scenario: ScenarioBuilder) {
        scenario.label("message_growth", messages)
        scenario.expectAlert(
            "message_growth", .warning, tier: "structural", of: helper(0), anyAgent: true, by: messages[11], notBefore: messages[11],
            episodes: 1)
        scenario.expectAlert("message_growth", .critical, of: helper(0), anyAgent: true, by: messages[23], notBefore: messages[23])
    }

    /// Three agents under `sender`, and three under each of them, until `levels` are there.
    private static func grow(_ count: inout Int, from sender: SimulatedAgent, levels: Int, in trace: TraceBuilder) {
        guard levels > 0 else { return trace.pause(.seconds(30)) }
        let receivers = (1...3).map { _ in
            count += 1
            return (agent: helper(count), text: task(count))
        }
        // Inside the closure the count goes on in a copy.
        var reached = count
        trace.delegate(from: sender, to: receivers) { trace, receiver in
            grow(&reached, from: receiver, levels: levels - 1, in: trace)
        }
        count = reached
    }

    private static func descend(to depth: Int, from number: Int, in trace: TraceBuilder) {
        guard number < depth else { return trace.pause(.seconds(30)) }
        trace.delegate(from: helper(number), to: [(agent: helper(number + 1), text: task(number + 1))]) { trace, _ in
            descend(to: depth, from: number + 1, in: trace)
        }
    }
}
