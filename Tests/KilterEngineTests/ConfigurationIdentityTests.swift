import KilterEngine
import KilterVocabulary
import Testing

@Suite struct ConfigurationIdentityTests {
    @Test(arguments: [
        "identity: {agent: [gen_ai.agent.name], tenant: [kilter.tenant], version: [kilter.version]}", "identity: {}", "identity: []",
        "identity: [{agent: [gen_ai.agent.name]}]", "identity: {conversation: [gen_ai.conversation.id], department: [kilter.department]}",
    ])
    func whatTheContractShowsIsTheDefault(yaml: String) throws {
        let read = try configuration(yaml)
        #expect(read == Configuration.defaults && read.fingerprint == Configuration.defaults.fingerprint)
        #expect(read.settings.intake.identity.rules.isEmpty && read.withoutEffect.isEmpty)
    }

    @Test func everyPartIsRead() throws {
        let identity = try configuration(
            """
            identity:
              agent: [a, b]
              tenant: [t]
              department: [d]
              version: [v]
              environment: [e]
              conversation: [c]
              workflow: [w]
              aliases: {agent: {"Refund Bot": refund-bot, "refund_bot_*": refund-bot}, tenant: {x: y}}
            """
        ).identity
        #expect(
            identity.base.attributes == [
                .agent: ["a", "b"], .tenant: ["t"], .department: ["d"], .version: ["v"], .environment: ["e"], .conversation: ["c"],
                .workflow: ["w"],
            ])
        #expect(identity.base.aliases[.agent]?.map(\.spelling) == ["Refund Bot", "refund_bot_*"])
        #expect(identity.base.aliases[.agent]?.map(\.name) == ["refund-bot", "refund-bot"] && identity.base.aliases[.tenant]?.count == 1)
        #expect(identity.rules.isEmpty && identity.forDecoders.rules.count == 1)
    }

    @Test func theMostSpecificRuleComesFirst() throws {
        let read = try configuration(
            """
            identity:
              - {for: {service: "b*"}, agent: [one]}
              - {agent: [all]}
              - {for: {service: "billing"}, agent: [two]}
              - {for: {service: "*s"}, agent: [three]}
              - {for: {service: "*"}, tenant: [four]}
              - {tenant: [five], aliases: {agent: {x: y}}}
            """)
        let rules = read.settings.intake.identity.rules
        #expect(rules.map(\.service) == ["billing", "*s", "b*", "*", "*"])
        #expect(rules.map { $0.attributes[.agent] } == [["two"], ["three"], ["one"], nil, ["all"]])
        #expect(rules[3].attributes[.tenant] == ["four"] && rules[4].attributes[.tenant] == ["five"])
        #expect(rules[4].aliases[.agent]?.map(\.name) == ["y"])
        // What the dialects look at first is left to them, and hides what wider rules say.
        #expect(rules[4].attributes[.version] == [])
        let plain = try configuration("identity: [{agent: [bot]}, {for: {service: s}, agent: [gen_ai.agent.name]}]")
        #expect(plain.settings.intake.identity.rules.map { $0.attributes[.agent] } == [[], ["bot"]])
    }

    @Test func oneRuleNeedsNoList() throws {
        let one = try configuration("identity: {for: {service: s}, agent: [a]}")
        #expect(one == (try configuration("identity: [{for: {service: s}, agent: [a]}]")) && one.identity.rules.count == 1)
    }

    @Test func laterEntriesForEverybodyWin() throws {
        let read = try configuration(
            "identity: [{agent: [a], tenant: [t]}, {agent: [b]}, {aliases: {agent: {x: y}}}, {aliases: {agent: {z: y}}}]")
        #expect(read.identity.base.attributes[.agent] == ["b"] && read.identity.base.attributes[.tenant] == ["t"])
        #expect(read.identity.base.aliases[.agent]?.map(\.spelling) == ["x", "z"])
    }

    @Test func everyValueIsInTheFingerprint() throws {
        let texts = [
            "{}", "{agent: [a]}", "{agent: [a, b]}", "{agent: [b, a]}", "{tenant: [a]}", "{aliases: {agent: {a: b}}}",
            "{aliases: {agent: {b: a}}}", "{aliases: {tenant: {a: b}}}", "[{for: {service: s}, agent: [a]}]",
            "[{for: {service: t}, agent: [a]}]",
            "[{for: {service: s}, agent: [a]}, {for: {service: t}, agent: [a]}]",
        ]
        let all = try texts.map { try configuration("identity: \($0)").fingerprint }
        #expect(Set(all).count == texts.count)
        #expect(try configuration("identity: {agent: [a]}").fingerprint == configuration("identity: [{agent: ['a']}]").fingerprint)
    }

    @Test(arguments: [
        ("identity: {agents: [a]}", "1:12: identity: unknown key `agents`; did you mean `agent`?"),
        (
            "identity: x",
            "1:11: identity: expected a mapping with `agent`, `tenant`, `department`, `version`, `environment`, "
                + "`conversation`, `workflow`, `aliases`, `for`, found `x`"
        ),
        ("identity: {agent: a}", "1:19: identity.agent: expected a list of attribute names, found `a`"),
        ("identity: {agent: [a, b, a]}", "1:19: identity.agent: `a` is listed twice"),
        ("identity: {agent: [a, {}]}", "1:23: identity.agent[1]: expected one of the attribute names, found a mapping"),
        ("identity: [{for: {service: s}}]", "1:12: identity[0]: names no attribute and no alias"),
        ("identity: [{}]", "1:12: identity[0]: names no attribute and no alias"),
        ("identity: [{for: {agent: s}, agent: [a]}]", "1:19: identity[0].for: unknown key `agent`; the nearest valid name is `service`"),
        ("identity: [{for: {}, agent: [a]}]", "1:18: identity[0].for: names nobody; leave `for` out to mean everybody"),
        ("identity: {aliases: {}}", "1:21: identity.aliases: gives no alias"),
        ("identity: {aliases: {tool: {a: b}}}", "1:22: identity.aliases: unknown key `tool`; the nearest valid name is `agent`"),
        (
            "identity: {aliases: {agent: [a]}}",
            "1:29: identity.aliases.agent: expected a mapping of spellings and the names they mean, found a list"
        ),
        ("identity: {aliases: {agent: {a: [b]}}}", "1:33: identity.aliases.agent.a: expected a name, found a list"),
        ("identity: {aliases: {agent: {a: }}}", "1:33: identity.aliases.agent.a: expected a name, found nothing"),
    ])
    func problemsNameTheirPlace(_ pair: (String, String)) { #expect(problems(pair.0) == [pair.1]) }

    @Test func sizesAreBounded() {
        func names(_ range: Range<Int>) -> String { range.map { "n\($0)" }.joined(separator: ", ") }
        #expect(problems("identity: {agent: [\(names(0..<16))]}").isEmpty)
        #expect(problems("identity: {agent: [\(names(0..<17))]}") == ["1:19: identity.agent: 17 attribute names; expected at most 16"])
        let long = String(repeating: "x", count: 257)
        #expect(problems("identity: {agent: [\(long)]}").first?.hasSuffix("is longer than 256 bytes") == true)
        let rules = (0..<17).map { "{for: {service: s\($0)}, agent: [\(names($0 * 16..<$0 * 16 + 16))]}" }.joined(separator: ", ")
        #expect(problems("identity: [\(rules)]") == ["1:11: identity: 279 attribute names in all; expected at most 256"])
        let aliases = (0..<4_097).map { "a\($0): b" }.joined(separator: ", ")
        #expect(problems("identity: {aliases: {agent: {\(aliases)}}}") == ["1:11: identity: 4097 aliases; expected at most 4096"])
        let many = (0..<257).map { "{for: {service: s\($0)}, agent: [a]}" }.joined(separator: ", ")
        #expect(problems("identity: [\(many)]") == ["1:11: identity: 258 rules; expected at most 256"])
    }
}
