import KilterVocabulary

/// The same stories in every dialect: what follows must not depend on who wrote the spans.
extension Scenarios {
    /// Five stories told in one dialect: a loop, a cycle, the same answer again and again, a streak of errors, a storm of
    /// messages. Where a dialect cannot say what calls gave back and what models said, those that need it are left out. Ids,
    /// names and times are the same in all dialects.
    public static func told(in dialect: SimulatedService.Dialect) -> [Scenario] {
        let stories = [errorStory(dialect), stormStory(dialect)]
        return dialect.tellsResults ? [loopStory(dialect), cycleStory(dialect), answerStory(dialect)] + stories : stories
    }

    private static let why = "The dialect of the producer does not change what happened."

    /// A service with an agent of its own name, because not every dialect names the agent on each span.
    private static func clerk(_ dialect: SimulatedService.Dialect) -> SimulatedAgent {
        SimulatedAgent("clerk", in: SimulatedService("clerk", dialect: dialect, detail: .lean), model: "gpt-5-mini")
    }

    private static func loopStory(_ dialect: SimulatedService.Dialect) -> Scenario {
        Scenario("T-loop-\(dialect)", seed: 7_001, summary: "The same call with the same result, five times.", why: why) {
            let trace = $0.trace(clerk(dialect), conversation: "case-1")
            for _ in 1...6 { OrdinaryWork.support(trace) }
            for _ in 1...5 { trace.step("lookup_order", .json(stuckArguments), stuckResult) }
            trace.chat(asksForTools: false)
            trace.close()
        }
    }

    private static func cycleStory(_ dialect: SimulatedService.Dialect) -> Scenario {
        Scenario("T-cycle-\(dialect)", seed: 7_002, summary: "The same three calls, five times in a row.", why: why) {
            let trace = $0.trace(clerk(dialect), conversation: "case-2")
            for _ in 1...6 { OrdinaryWork.support(trace) }
            for _ in 1...5 {
                trace.step("lookup_order", ["order_id": "ORD-7"], "held")
                trace.step("get_customer", ["customer_id": "C-7"], "gold")
                trace.step("search_policy", ["query": "held orders"], "Section 4")
            }
            trace.chat(asksForTools: false)
            trace.close()
        }
    }

    private static func answerStory(_ dialect: SimulatedService.Dialect) -> Scenario {
        Scenario("T-answers-\(dialect)", seed: 7_005, summary: "The same answer seven times, and one that goes round.", why: why) {
            let trace = $0.trace(clerk(dialect), conversation: "case-5")
            for _ in 1...6 { OrdinaryWork.support(trace) }
            for _ in 1...7 { trace.answer("I am going to look up the order now.\nPlease \"wait\" a moment.") }
            trace.answer("That is all. " + String(repeating: "Please wait while I look it up. ", count: 12))
            trace.close()
        }
    }

    private static func errorStory(_ dialect: SimulatedService.Dialect) -> Scenario {
        Scenario("T-errors-\(dialect)", seed: 7_003, summary: "Six calls in a row fail alike.", why: why) {
            let trace = $0.trace(clerk(dialect), conversation: "case-3")
            for _ in 1...6 { OrdinaryWork.support(trace) }
            for page in 1...6 {
                trace.step(
                    "fetch_page", ["page": .integer(Int64(page))],
                    .failed(type: "HTTPStatusError", message: "403 Forbidden: this client is not allowed"))
            }
            trace.chat(asksForTools: false)
            trace.close()
        }
    }

    private static func stormStory(_ dialect: SimulatedService.Dialect) -> Scenario {
        Scenario("T-storm-\(dialect)", seed: 7_004, summary: "Two agents thank each other for two minutes.", why: why) {
            let first = clerk(dialect)
            var second = first
            second.name = "helper"
            let trace = $0.trace(first, conversation: "case-4")
            for turn in 0..<20 {
                trace.pause(.seconds(2))
                _ = thanks(trace, turn: turn, between: first, and: second)
            }
            trace.close()
        }
    }
}

extension SimulatedService.Dialect {
    /// Whether a tool's span can say what was asked and what came back.
    var tellsResults: Bool { self != .claudeCode }
}
