import KilterVocabulary

/// Agents that talk instead of working, and those that only seem to.
extension Scenarios {
    private static let stuck = "I need to look at the failing test first. Let me look at the failing test."
    private static let why = "The agent says what it is going to do, again and again, and does nothing."

    static let reasoningLoops: [Scenario] = [
        repeatedAnswer("P11-same-answer", seed: 2_011, Cast.patcher),
        repeatedAnswer("P11-same-answer-openinference", seed: 2_111, Cast.speaking(.openInference, Cast.patcher)),
        repeatedAnswer("P11-same-answer-as-digests", seed: 2_211, Cast.patcher, asDigest: true),
        Scenario(
            "P11-told-to-continue", seed: 2_311,
            summary: "After each answer a program tells the agent to continue; its eight answers are the same.",
            why: "The same message, put in by a program again and again, is nothing new that the agent answers."
        ) { scenario in
            let trace = scenario.trace(Cast.patcher, conversation: "issue-4921")
            for _ in 1...3 { OrdinaryWork.coding(trace) }
            trace.message(from: "user", "Fix the failing test.", carriesText: true)
            trace.answer("I will fix the failing test now, step by step.", to: "Fix the failing test.")
            let answers = (0..<8).map { _ in
                trace.message(from: "user", "Please continue.", carriesText: true)
                return trace.answer(stuck, to: "Please continue.")
            }
            trace.close()
            scenario.label("reasoning_loop", answers)
            scenario.expectAlert("reasoning_loop", .warning, of: Cast.patcher, by: answers[2], notBefore: answers[2], episodes: 1)
            scenario.expectAlert("reasoning_loop", .critical, of: Cast.patcher, by: answers[5], notBefore: answers[5])
        },
        Scenario(
            "P11-text-that-repeats-its-end", seed: 2_411,
            summary: "An answer ends in one sentence of twelve words, ten times over.",
            why: "The model has lost its way inside of one answer."
        ) { scenario in
            let trace = scenario.trace(Cast.planner, conversation: "market-study-13")
            for _ in 1...3 { OrdinaryWork.research(trace) }
            let sentence = "We should check the turnover of the supplier before we go on. "
            let answer = trace.answer("Here is what I found so far. " + String(repeating: sentence, count: 10))
            trace.close()
            scenario.label("reasoning_loop", [answer])
            scenario.expectAlert(
                "reasoning_loop", .warning, tier: "structural", of: Cast.planner, by: answer, notBefore: answer, episodes: 1)
        },
        Scenario(
            "N14-texts-with-structure", seed: 1_014,
            summary: "Answers with a list of alike beginnings, a table, code, a rule, JSON, numbers and base64.",
            why: "What repeats in them is form."
        ) { scenario in
            let trace = scenario.trace(Cast.planner, conversation: "market-study-14")
            for text in structured {
                OrdinaryWork.research(trace)
                trace.answer(text)
            }
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N14-done-in-every-turn", seed: 1_114,
            summary: "In each of twelve turns an agent works, says the same sentence, and \"Done.\"",
            why: "A turn that ends like the one before it did its own work."
        ) { scenario in
            let trace = scenario.trace(Cast.orders, conversation: "chat-60911")
            for turn in 1...12 {
                trace.message(from: "user", "Please refund order \(turn).", carriesText: true)
                OrdinaryWork.support(trace)
                trace.answer("The refund has been booked, thank you for waiting.")
                trace.answer("Done.")
            }
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N14-same-words-with-work", seed: 1_214,
            summary: "An agent says the same sentence before each of twelve calls of a tool.",
            why: "What it announces it does."
        ) { scenario in
            let trace = scenario.trace(Cast.crawler, conversation: "crawl-8122")
            for page in 1...12 {
                trace.answer("Let me fetch the next page of the archive.", asksForTools: true)
                trace.call("fetch_page", ["page": .integer(Int64(page))], .text(trace.draw { "entries " + $0.hex(16) }))
            }
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N14-asked-again", seed: 1_314,
            summary: "Ten different questions, of which only the model's input tells, get the same refusal.",
            why: "A refusal answers what was asked, and each question was a new one."
        ) { scenario in
            for question in 1...10 {
                let trace = scenario.trace(Cast.orders, conversation: "chat-60912")
                trace.withoutRoot()
                trace.answer(
                    "I am sorry, I can only help with orders of this shop.", to: "Tell me about the weather in city number \(question).")
                trace.abandon()
                scenario.pause(.seconds(20))
            }
            scenario.expectSilence(.info)
        },
        Scenario(
            "N14-drawn-several-times", seed: 1_414,
            summary: "Three times, four answers are drawn at once and are alike, then the agent works.",
            why: "Answers of one request that run side by side are one answer."
        ) { scenario in
            let trace = scenario.trace(Cast.planner, conversation: "market-study-15")
            for _ in 1...3 {
                trace.sample([String](repeating: "The supplier is solvent, and we should order there.", count: 4))
                OrdinaryWork.research(trace)
            }
            trace.close()
            scenario.expectSilence(.info)
        },
    ]

    private static func repeatedAnswer(_ id: String, seed: UInt64, _ agent: SimulatedAgent, asDigest: Bool = false) -> Scenario {
        Scenario(
            id, seed: seed, summary: "After some work an agent gives the same answer seven times, and another agent talks in between.",
            why: why
        ) { scenario in
            var other = agent
            other.name = Cast.reviewer.name
            let trace = scenario.trace(agent, conversation: "issue-4920")
            for _ in 1...3 { OrdinaryWork.coding(trace) }
            let answers = (1...7).map { turn in
                trace.answer("Note \(turn): waiting for the patch.", by: other, asDigest: asDigest)
                return trace.answer(stuck, asDigest: asDigest)
            }
            trace.close()
            scenario.label("reasoning_loop", answers)
            scenario.expectAlert(
                "reasoning_loop", .warning, tier: "identical_result", of: agent, by: answers[2], notBefore: answers[2], episodes: 1)
            // What was asked is not seen, so it goes no further.
            scenario.expectSilence(.critical)
            scenario.expectSilence(.info, of: other)
        }
    }

    private static var structured: [String] {
        let numbers = 1...30
        let items = numbers.map {
            "- https://archive.example.org/tenders/2026/03/region-north/item-\($0) is \($0 % 7 == 0 ? "closed" : "open")"
        }
        let rows = numbers.map { _ in "| supplier | no answer | open | none |" }
        let code = numbers.map { _ in "    total = total + next value of the list" }
        return [
            items.joined(separator: "\n"),
            "| name | state | tender | note |\n| --- | --- | --- | --- |\n" + rows.joined(separator: "\n"),
            "Run this:\n```python\n" + code.joined(separator: "\n"),
            "Summary\n" + String(repeating: "-", count: 400),
            "[" + numbers.map { _ in "\"not found\"" }.joined(separator: ", "),
            "The series is " + numbers.map { _ in "0 1 1 0 12.5" }.joined(separator: " "),
            "Its key is " + String(repeating: "QUFBQUFBQUFBQUFB", count: 30),
            "The answers were: " + numbers.map { _ in "yes, no" }.joined(separator: ", "),
        ]
    }
}
