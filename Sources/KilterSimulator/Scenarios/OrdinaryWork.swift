import KilterVocabulary

/// Steps of healthy work. No two calls of one kind are ever equal: each names something of its own.
enum OrdinaryWork {
    /// What one conversation takes: single calls, parallel batches, a passing error here and there.
    static func session(_ trace: TraceBuilder, _ work: (TraceBuilder, SimulatedAgent?) -> Void) {
        let steps = trace.draw { $0.within(4...9) }
        let faulty = trace.draw { $0.onceIn(3) ? $0.below(steps) : -1 }
        for step in 0..<steps {
            if step == faulty { passingError(trace) }
            if trace.draw({ $0.onceIn(6) }) { trace.parallel(lookups(trace)) }
            work(trace, nil)
        }
    }

    /// What agents of a service do all day.
    static func ofService(_ service: SimulatedService) -> (TraceBuilder, SimulatedAgent?) -> Void {
        switch service.name {
        case Cast.billing.name: support
        case Cast.copilot.name: coding
        case Cast.research.name: research
        default: claims
        }
    }

    /// Uses a tool or two of `tools` for something of its own: what an agent does wrong one day it does right on others.
    static func useOther(_ tools: [String], in trace: TraceBuilder) {
        guard !tools.isEmpty else { return }
        for _ in 0..<trace.draw({ $0.within(1...2) }) {
            let reference = trace.draw { $0.hex(8) }
            trace.step(
                trace.draw { $0.pick(tools) }, ["reference": .string(reference), "reason": "daily work"],
                .json(["reference": .string(reference), "answer": .string(trace.draw { "entry " + $0.hex(12) })]))
        }
    }

    /// A call that fails once and works when it is made again.
    private static func passingError(_ trace: TraceBuilder) {
        let reference = trace.draw { $0.hex(8) }
        let arguments: CallArguments = ["reference": .string(reference), "source": "warehouse", "fresh": true]
        trace.step(
            "query_warehouse", arguments, .failed(type: "TimeoutError", message: "warehouse did not answer in 2 s"),
            took: .seconds(2))
        trace.step(
            "query_warehouse", arguments,
            .json(["reference": .string(reference), "rows": .integer(Int64(trace.draw { $0.within(1...80) }))]))
    }

    private static func lookups(_ trace: TraceBuilder) -> [ToolCall] {
        (0..<trace.draw { $0.within(3...6) }).map { index in
            let key = trace.draw { $0.hex(6) }
            return ToolCall(
                "get_record", ["key": .string(key), "part": .integer(Int64(index)), "cache": true],
                .json(["key": .string(key), "value": .string(trace.draw { $0.hex(10) })]))
        }
    }

    /// What an agent of a customer desk does.
    static func support(_ trace: TraceBuilder, by agent: SimulatedAgent? = nil) {
        let order = trace.draw { "ORD-\($0.within(100_000...999_999))" }
        let customer = trace.draw { "C-\($0.within(10_000...99_999))" }
        switch trace.draw({ $0.below(5) }) {
        case 0:
            let status = trace.draw { $0.pick(["shipped", "delivered", "packed", "returned"]) }
            trace.step(
                "lookup_order", ["order_id": .string(order), "include_items": true, "region": "eu-west"],
                .json([
                    "order_id": .string(order), "status": .string(status),
                    "total": .double(Double(trace.draw { $0.within(900...24_900) }) / 100),
                ]), by: agent)
        case 1:
            trace.step(
                "get_customer", ["customer_id": .string(customer), "fields": ["name", "tier", "locale"]],
                .json(["customer_id": .string(customer), "tier": "gold", "locale": "de-AT"]), by: agent)
        case 2:
            trace.step(
                "search_policy", ["query": .string("return window for order \(order)"), "top_k": 4],
                .text(
                    "Section \(trace.draw { $0.within(2...9) }).\(trace.draw { $0.within(1...40) }): items may be"
                        + " returned within 30 days of delivery, reference \(order)."), by: agent)
        case 3:
            trace.step(
                "add_ticket_note",
                ["ticket_id": .string(customer + "-7"), "visibility": "internal", "note": .string("Checked \(order).")],
                .json(["note_id": .string(trace.draw { "N" + $0.hex(6) }), "saved": true]), by: agent)
        default:
            trace.step(
                "convert_currency",
                ["amount": .double(Double(trace.draw { $0.within(500...90_000) }) / 100), "from": "USD", "to": "EUR"],
                .text("\(trace.draw { $0.within(400...80_000) }) cents at today's rate, quote \(order)"), by: agent)
        }
    }

    /// What an agent of a claims desk does.
    static func claims(_ trace: TraceBuilder, by agent: SimulatedAgent? = nil) {
        let claim = trace.draw { "CLM-\($0.within(10_000...99_999))" }
        switch trace.draw({ $0.below(4) }) {
        case 0:
            trace.step(
                "lookup_policy", ["policy_id": .string("P-" + claim), "as_of": "2026-03-02", "riders": true],
                .json(["policy_id": .string("P-" + claim), "active": true, "deductible_cents": 25_000]), by: agent)
        case 1:
            trace.step(
                "extract_document", ["document_id": .string(claim + "/invoice.pdf"), "pages": [1, 2], "language": "en"],
                .text(
                    "Invoice \(trace.draw { $0.hex(8) }) over \(trace.draw { $0.within(80...9_000) }).00 EUR,"
                        + " issued for claim \(claim)"), by: agent)
        case 2:
            trace.step(
                "estimate_damage", ["claim_id": .string(claim), "photos": .integer(Int64(trace.draw { $0.within(1...9) }))],
                .json([
                    "claim_id": .string(claim), "low": .integer(Int64(trace.draw { $0.within(100...900) })),
                    "high": .integer(Int64(trace.draw { $0.within(901...4_000) })),
                ]), by: agent)
        default:
            trace.step(
                "check_fraud_score", ["claim_id": .string(claim), "model": "fraud-v7"],
                .json(["claim_id": .string(claim), "score": .double(Double(trace.draw { $0.below(1_000) }) / 1_000)]),
                by: agent)
        }
    }

    /// What a coding agent does.
    static func coding(_ trace: TraceBuilder, by agent: SimulatedAgent? = nil) {
        let file = trace.draw { "src/\($0.pick(["billing", "ledger", "api", "jobs"]))/\($0.hex(5)).py" }
        let line = Int64(trace.draw { $0.within(1...400) })
        switch trace.draw({ $0.below(5) }) {
        case 0, 1:
            trace.step(
                "read_file", ["path": .string(file), "from_line": .integer(line), "to_line": .integer(line + 60)],
                .text("\(line): def \(trace.draw { "f_" + $0.hex(6) })(entry):\n    return entry.total"), by: agent)
        case 2:
            let name = trace.draw { "post_" + $0.hex(4) }
            trace.step(
                "grep", ["pattern": .string(name), "path": "src", "ignore_case": false],
                .text("\(file):\(line):    \(name)(entry)"), by: agent)
        case 3:
            trace.step(
                "edit_file",
                ["path": .string(file), "old": .string("total = \(line)"), "new": .string("total = \(line + 1)")],
                .text("ok"), by: agent)
        default:
            let passed = trace.draw { $0.within(20...400) }
            trace.step(
                "run_tests", ["target": .string(file), "flags": "-q"],
                .text("\(passed) passed in \(trace.draw { $0.within(1...59) }).\(trace.draw { $0.within(10...99) })s"),
                by: agent)
        }
    }

    /// What a research agent does.
    static func research(_ trace: TraceBuilder, by agent: SimulatedAgent? = nil) {
        let topic = trace.draw {
            $0.pick(["battery recycling", "heat pumps", "port congestion", "grid storage"]) + " \($0.within(2_019...2_026))"
        }
        let page = trace.draw { "https://example.org/\($0.hex(6))" }
        switch trace.draw({ $0.below(4) }) {
        case 0:
            let query = "\(topic) \(trace.draw { $0.hex(4) })"
            trace.step(
                "web_search", ["query": .string(query), "limit": 10, "safe": true],
                .json(["hits": [.string(page), .string(page + "/2")], "query": .string(query)]), by: agent)
        case 1, 2:
            trace.step(
                "fetch_page", ["url": .string(page), "render": false, "timeout_s": 20],
                .text("<title>\(topic)</title> \(trace.draw { $0.hex(12) }) capacity rose in the period"), by: agent)
        default:
            trace.step(
                "store_note", ["topic": .string(topic), "source": .string(page)],
                .json(["stored": true, "id": .string(trace.draw { $0.hex(8) })]), by: agent)
        }
    }
}
