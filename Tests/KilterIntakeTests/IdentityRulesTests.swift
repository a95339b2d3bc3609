import KilterIntake
import KilterVocabulary
import Testing

/// Configured attributes and aliases beside what the dialects know.
@Suite struct IdentityRulesTests {
    typealias Part = IdentityRules.Part

    private func row(
        _ rules: [IdentityRules.Rule], _ attributes: [(String, String)], resource: [(String, String)] = [], name: String = "work"
    ) -> Shown? {
        rows(rules, Build.request([Build.span(attributes, name: name)], resource: resource)).first
    }

    private func rows(_ rules: [IdentityRules.Rule], _ json: String) -> [Shown] {
        var decoder = RequestDecoder(rules: IntakeRules(identity: IdentityRules(rules)))
        var batch = SpanBatch()
        decoder.decode(copying: Array(json.utf8), encoding: .json, into: &batch)
        return batch.rows.map { Shown($0, in: batch) }
    }

    private func rule(_ part: Part, _ names: [String], service: String = "*") -> IdentityRules.Rule {
        IdentityRules.Rule(service: service, attributes: [part: names])
    }

    private func text(_ pairs: [(String, String)]) -> [(String, String)] { pairs.map { ($0.0, Build.text($0.1)) } }

    // MARK: Attributes

    /// Each part, with the attribute that a dialect takes it from.
    static let parts: [(Part, String, String)] = [
        (.agent, "gen_ai.agent.name", "agent"), (.tenant, "kilter.tenant", "tenant"), (.version, "kilter.version", "version"),
        (.environment, "deployment.environment.name", "environment"), (.conversation, "gen_ai.conversation.id", "conversation"),
        (.workflow, "kilter.workflow", "workflow"),
    ]

    @Test(arguments: parts)
    func aConfiguredAttributeWinsOverTheDialects(_ part: (Part, String, String)) {
        let rules = [rule(part.0, ["acme.name"])]
        let both = text([(part.1, "dialect"), ("acme.name", "own")])
        #expect(row(rules, both)?[part.2] == "own" && row([], both)?[part.2] == "dialect")
        #expect(row(rules, [both[0]])?[part.2] == "dialect")
        #expect(row(rules, [("acme.name", Build.int(42))])?[part.2] == "42")
        #expect(row(rules, [both[0], ("acme.name", Build.text(""))])?[part.2] == "dialect")
        #expect(row(rules, [both[0], ("acme.name", "{\"boolValue\":true}")])?[part.2] == "dialect")
    }

    @Test(arguments: parts)
    func resourceAttributesCountBehindThoseOfTheSpan(_ part: (Part, String, String)) {
        let rules = [rule(part.0, ["acme.name", "acme.other"])]
        let resource = text([("acme.name", "of resource")])
        #expect(row(rules, text([(part.1, "dialect")]), resource: resource)?[part.2] == "of resource")
        #expect(row(rules, text([("acme.name", "of span")]), resource: resource)?[part.2] == "of span")
        #expect(row(rules, text([("acme.other", "second")]), resource: resource)?[part.2] == "of resource")
        #expect(row(rules, text([("acme.other", "second")]))?[part.2] == "second")
    }

    @Test func departments() throws {
        var decoder = RequestDecoder(rules: IntakeRules(identity: IdentityRules([rule(.department, ["acme.cost_centre"])])))
        var batch = SpanBatch()
        let json = Build.request([Build.span([])], resource: text([("acme.cost_centre", "7300")]))
        decoder.decode(copying: Array(json.utf8), encoding: .json, into: &batch)
        #expect(batch.strings.string(try #require(batch.rows.first).department) == "7300")
    }

    @Test func theFirstFoundWins() {
        let rules = [rule(.agent, ["a", "b", "c"])]
        #expect(row(rules, text([("c", "3"), ("b", "2")]))?["agent"] == "2")
        #expect(row(rules, text([("c", "3"), ("a", "1"), ("b", "2")]))?["agent"] == "1")
    }

    /// Names that a dialect has its own use for mean both.
    @Test func attributesThatDialectsKnow() {
        let rules = [
            IdentityRules.Rule(attributes: [.agent: ["session.id"], .tenant: ["service.name"], .workflow: ["gen_ai.tool.name"]])
        ]
        let shown = row(
            rules, text([("session.id", "s-1"), ("gen_ai.operation.name", "execute_tool"), ("gen_ai.tool.name", "find")]),
            resource: text([("service.name", "claims")]))
        #expect(shown?["agent"] == "s-1" && shown?["conversation"] == "s-1")
        #expect(shown?["tenant"] == "claims" && shown?["service"] == "claims")
        #expect(shown?["workflow"] == "find" && shown?["tool"] == "find")
    }

    @Test func oneAttributeMayTellSeveralParts() {
        let shown = row(
            [IdentityRules.Rule(attributes: [.agent: ["team"], .workflow: ["flow", "team"], .tenant: ["team"]])],
            text([("team", "north")]))
        #expect(shown?["agent"] == "north" && shown?["workflow"] == "north" && shown?["tenant"] == "north")
    }

    @Test func onAHandoffTheConfiguredAgentHandsOver() {
        let handoff = text([("gen_ai.handoff.from_agent", "Front"), ("gen_ai.handoff.to_agent", "refunds"), ("bot", "front")])
        let shown = row([rule(.agent, ["bot"])], handoff)
        #expect(shown?.row.kind == .handoff && shown?["sender"] == "front" && shown?["agent"] == "refunds")
    }

    @Test func escapedTextOfAResourceLastsForAllOfItsSpans() {
        let resource = [("bot", "{\"stringValue\":\"r\\u00e9serve\"}")]
        let filler = Build.span([("x", Build.text("\"much\" \\ text"))])
        let all = rows([rule(.agent, ["bot"])], Build.request([filler, filler, filler], resource: resource))
        #expect(all.count == 3 && all.allSatisfy { $0["agent"] == "réserve" })
    }

    @Test func logRecordsFollowTheSameRules() {
        var decoder = RequestDecoder(rules: IntakeRules(identity: IdentityRules([rule(.agent, ["bot"])])))
        var batch = SpanBatch()
        let request = LogRequest(
            resource: [("bot", .text("of resource"))],
            entries: [LogEntry(attributes: [("bot", .text("own")), ("gen_ai.agent.name", .text("x"))]), .evaluation])
        decoder.decode(copying: request.wire, signal: .logs, encoding: .protobuf, into: &batch)
        #expect(batch.rows.map { batch.strings.string($0.agent) } == ["own", "of resource"])
    }

    // MARK: Services

    @Test func rulesAreForServices() {
        let rules = [
            rule(.agent, ["bill.bot"], service: "billing-eu"),
            IdentityRules.Rule(service: "billing-*", attributes: [.agent: ["other.bot"], .tenant: ["bill.customer"]]),
            rule(.agent, ["bot"]),
        ]
        let attributes = text([("bill.bot", "exact"), ("other.bot", "glob"), ("bot", "all"), ("bill.customer", "north")])
        func shown(_ service: String) -> Shown? { row(rules, attributes, resource: text([("service.name", service)])) }
        #expect(shown("billing-eu")?["agent"] == "exact" && shown("billing-eu")?["tenant"] == "north")
        #expect(shown("billing-us")?["agent"] == "glob" && shown("billing-us")?["tenant"] == "north")
        #expect(shown("claims")?["agent"] == "all" && shown("claims")?["tenant"] == "default")
    }

    @Test func anEmptyListLeavesAPartToTheDialects() {
        let rules = [rule(.agent, [], service: "plain"), rule(.agent, ["bot"])]
        let attributes = text([("bot", "configured"), ("gen_ai.agent.name", "dialect")])
        #expect(row(rules, attributes, resource: text([("service.name", "plain")]))?["agent"] == "dialect")
        #expect(row(rules, attributes, resource: text([("service.name", "other")]))?["agent"] == "configured")
    }

    @Test func resourcesOfOneRequestAreKeptApart() {
        let one = Build.request([Build.span(text([("a", "1"), ("b", "2")]))], resource: text([("service.name", "one")]))
        let two = Build.request([Build.span(text([("a", "1"), ("b", "2")]))], resource: text([("service.name", "two")]))
        let joined = one.dropLast(2) + "," + two.dropFirst("{\"resourceSpans\":[".count)
        let shown = rows([rule(.agent, ["a"], service: "one"), rule(.agent, ["b"], service: "two")], String(joined))
        #expect(shown.map { $0["agent"] } == ["1", "2"])
    }

    /// What is remembered is bounded, and what was forgotten is settled as before.
    @Test func manyServices() {
        let rules = [rule(.agent, ["a"], service: "*7"), rule(.agent, ["b"])]
        var decoder = RequestDecoder(rules: IntakeRules(identity: IdentityRules(rules)))
        for number in 0..<3_000 {
            var batch = SpanBatch()
            let json = Build.request(
                [Build.span(text([("a", "1"), ("b", "2")]))], resource: text([("service.name", "s\(number % 1_500)")]))
            decoder.decode(copying: Array(json.utf8), encoding: .json, into: &batch)
            #expect(batch.rows.first.map { batch.strings.string($0.agent) } == (number % 10 == 7 ? "1" : "2"))
        }
    }

    // MARK: Aliases

    private let aliases = [
        IdentityRules.Alias("refund_bot_*", "refund-bot"), IdentityRules.Alias("Refund Bot", "refund-bot"),
        IdentityRules.Alias("refund_bot_old", "legacy"), IdentityRules.Alias("*", "others"),
    ]

    @Test(arguments: [
        ("Refund Bot", "refund-bot"), ("refund_bot_7", "refund-bot"), ("refund_bot_old", "legacy"), ("refund bot", "others"),
        ("é", "others"),
    ])
    func spellings(_ pair: (String, String)) {
        let rules = [IdentityRules.Rule(aliases: [.agent: aliases])]
        #expect(row(rules, text([("gen_ai.agent.name", pair.0)]))?["agent"] == pair.1)
    }

    @Test(arguments: parts)
    func everyPartHasAliases(_ part: (Part, String, String)) {
        let rules = [IdentityRules.Rule(attributes: [part.0: ["acme"]], aliases: [part.0: [IdentityRules.Alias("a", "b")]])]
        #expect(row(rules, text([(part.1, "a")]))?[part.2] == "b" && row(rules, text([("acme", "a")]))?[part.2] == "b")
        #expect(row(rules, text([(part.1, "c")]))?[part.2] == "c")
    }

    @Test func whatIsAbsentStaysSo() {
        #expect(row([IdentityRules.Rule(aliases: [.agent: aliases])], [])?["agent"] == "")
    }

    @Test func sendersAreAgents() {
        let rules = [IdentityRules.Rule(aliases: [.agent: aliases])]
        #expect(
            row(rules, text([("gen_ai.caller.name", "Refund Bot"), ("gen_ai.agent.name", "refund_bot_old")]))?["sender"] == "refund-bot")
        let handoff = row(rules, text([("gen_ai.handoff.from_agent", "refund_bot_old"), ("gen_ai.handoff.to_agent", "Refund Bot")]))
        #expect(handoff?["sender"] == "legacy" && handoff?["agent"] == "refund-bot")
    }

    @Test func narrowerRulesComeFirst() {
        let rules = [
            IdentityRules.Rule(service: "claims", aliases: [.agent: [IdentityRules.Alias("a*", "narrow")]]),
            IdentityRules.Rule(aliases: [.agent: [IdentityRules.Alias("a1", "wide"), IdentityRules.Alias("b", "wide")]]),
        ]
        func agent(_ name: String, _ service: String) -> String? {
            row(rules, text([("gen_ai.agent.name", name)]), resource: text([("service.name", service)]))?["agent"]
        }
        #expect(agent("a1", "claims") == "narrow" && agent("b", "claims") == "wide" && agent("c", "claims") == "c")
        #expect(agent("a1", "other") == "wide" && agent("a2", "other") == "a2")
    }

    // MARK: Bounds

    @Test func namesBeyondTheBoundAreNotLookedAt() {
        let names = (0..<IdentityRules.namesMax + 1).map { "n\($0)" }
        #expect(row([rule(.agent, names)], text([("n15", "last")]))?["agent"] == "last")
        #expect(row([rule(.agent, names)], text([("n16", "beyond")]))?["agent"] == "")
        let many = (0..<40).map { number in rule(.agent, (0..<16).map { "k\(number).\($0)" }, service: "s\(number)") }
        #expect(row(many, text([("k3.2", "x")]), resource: text([("service.name", "s3")]))?["agent"] == "x")
        #expect(row(many, text([("k39.2", "x")]), resource: text([("service.name", "s39")]))?["agent"] == "")
    }

    @Test func withoutRulesNothingChanges() throws {
        let frame = try Package.frame("dialects.good.json")
        let plain = Decoded(frame, .json).rows
        #expect(rows([], String(decoding: frame, as: UTF8.self)) == plain)
        #expect(
            rows([rule(.agent, ["no.such"]), rule(.tenant, ["gen_ai.conversation.id.x"])], String(decoding: frame, as: UTF8.self)) == plain)
        // Attributes of the dialects' own change nothing but the part that they are configured for.
        let taken = rows([rule(.agent, ["gen_ai.tool.name", "traceloop.entity.name"])], String(decoding: frame, as: UTF8.self))
        #expect(taken.count == plain.count)
        for (one, other) in zip(taken, plain) {
            #expect(
                one.names.filter { !["agent", "sender"].contains($0.key) } == other.names.filter { !["agent", "sender"].contains($0.key) })
            #expect(one.row.arguments == other.row.arguments && one.row.kind == other.row.kind)
        }
    }
}
