import KilterVocabulary

/// Calls that are not the same and yet the same: other words for one question, pages that are never the same bytes.
extension Scenarios {
    static let nearRepetition: [Scenario] = [
        Scenario(
            "P8-search-worded-anew", seed: 2_008,
            summary: "A crawler words one search differently seven times; each finds the same entries under another time stamp line.",
            why: "Neither call nor result is ever equal, but both share nearly all their words: it asks one question again and again."
        ) { scenario in
            let trace = scenario.trace(Cast.crawler, conversation: "crawl-8102")
            for _ in 1...4 { OrdinaryWork.research(trace) }
            let endings = ["name change", "name change acronym", "name change reason", "name change date", "name change press release"]
            let calls = (endings + ["name change announcement", "name change history"]).map { ending in
                trace.step(
                    "web_search",
                    [
                        "query": .string(
                            "Hartwell Marine Institute oceanography research vessel fleet operator harbour north sea 2004 " + ending),
                        "site": "any", "limit": 20,
                    ],
                    .text(page(of: trace.draw { $0.hex(6) })))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.label("step_repetition", calls)
            scenario.expectAlert("repeated_call", .info, tier: "near", of: Cast.crawler, by: calls[2], notBefore: calls[2])
            scenario.expectAlert(
                "repeated_call", .warning, tier: "near", of: Cast.crawler, by: calls[4], notBefore: calls[4], episodes: 1)
            scenario.expectSilence(.critical)
        },
        Scenario(
            "P8-volatile-wording", seed: 2_108,
            summary: "A tool is asked 43 times about one target in 19 different wordings; the wording is declared volatile.",
            why: "The configuration says that the wording is not what the call is about, so 43 calls bring no new target.",
            configuration: "tools:\n  - {for: {tool: ask_archive}, volatile: [question]}\n"
        ) { scenario in
            let trace = scenario.trace(Cast.planner, conversation: "market-study-31")
            for _ in 1...4 { OrdinaryWork.research(trace) }
            let calls = askArchive(trace)
            trace.close()
            scenario.label("tool_loop", calls)
            scenario.expectAlert(
                "repeated_call", .warning, tier: "identical_arguments", of: Cast.planner, by: calls[19], notBefore: calls[19],
                episodes: 1)
            scenario.expectSilence(.critical)
        },
        Scenario(
            "P8-undeclared-wording", seed: 2_108,
            summary: "The same without the declaration, and results are not captured.",
            why: "Other arguments are other calls until the configuration says otherwise; with results unseen nothing is equal."
        ) { scenario in
            let trace = scenario.trace(Cast.planner, conversation: "market-study-31")
            for _ in 1...4 { OrdinaryWork.research(trace) }
            _ = askArchive(trace)
            trace.close()
            scenario.expectSilence(.warning)
        },
        Scenario(
            "N3-pages-of-like-rows", seed: 1_133,
            summary: "An agent reads 30 pages of a table whose rows hold nearly the same words, and then 12 records by their number.",
            why: "Calls that differ in numbers alone go through a list, however alike the answers are."
        ) { scenario in
            let trace = scenario.trace(Cast.orders, conversation: "audit-2026-04")
            for page in 1...30 {
                trace.step(
                    "list_tickets", ["status": "open", "page": .integer(Int64(page)), "sort": "created", "team": "refunds"],
                    .text("status open team refunds sort created priority normal channel email row \(page)"))
            }
            for number in 1...12 {
                trace.step(
                    "get_ticket", ["ticket": .string("T-\(4_100 + number)"), "with_history": true, "team": "refunds"],
                    .text("ticket of team refunds, status open, priority normal, channel email, one message, number \(number)"))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.info)
        },
        Scenario(
            "N9-page-scrolled", seed: 1_109,
            summary: "A browser agent scrolls eight times; the page changes in a few words each time.",
            why: "Equal arguments whose result moves on a little: information at most."
        ) { scenario in
            let trace = scenario.trace(Cast.crawler, conversation: "crawl-8110")
            for _ in 1...8 {
                trace.step("scroll", ["direction": "down", "window": "main"], .text(page(of: trace.draw { $0.hex(6) })))
            }
            trace.chat(asksForTools: false)
            trace.close()
            scenario.expectSilence(.warning)
        },
    ]

    private static func page(of serial: String) -> String {
        "Served as \(serial). Results for the Hartwell Marine Institute: founding and early years of the institute; list of research "
            + "vessels operated between the wars; harbour office and opening hours; annual report with accounts; museum of oceanography."
    }

    private static func askArchive(_ trace: TraceBuilder) -> [SpanReference] {
        let starts = ["when did", "in which year did", "what was the date on which"]
        let verbs = ["rename itself", "change its name", "adopt the new name", "get renamed", "take another name", "drop the old name"]
        let wordings = starts.flatMap { start in verbs.map { "\(start) the institute \($0)" } } + ["year of the institute's new name"]
        return (0..<43).map { number in
            trace.step(
                "ask_archive", ["target": "hartwell-institute", "question": .string(wordings[number % wordings.count]), "depth": 2],
                .notCaptured)
        }
    }
}
