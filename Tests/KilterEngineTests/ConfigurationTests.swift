import KilterBreakers
import KilterEngine
import KilterIntake
import KilterModels
import KilterVocabulary
import Testing

/// Reads YAML and gives what came of it.
func configuration(_ yaml: String) throws -> Configuration { try Configuration.parse(yaml, file: "kilter.yaml") }

/// The problems of a configuration as compilers write them, in file order.
func problems(_ yaml: String, models: Models = .bundled) -> [String] {
    do {
        _ = try Configuration.parse(yaml, file: "kilter.yaml", models: models)
        return []
    } catch {
        return error.problems.map { "\($0.line):\($0.column): \($0.message)" }
    }
}

@Suite struct ConfigurationTests {
    /// The example of the contract, to the letter.
    static let example = """
        instance: kilter
        profile: default                      # one of Models/Profiles
        false_alarms: 1 per day per fleet     # or others
        content: digest                       # digest | preview | full: what of arguments and results may be kept
        identity: {agent: [gen_ai.agent.name], tenant: [kilter.tenant], version: [kilter.version]}
        tools:
          - {for: {tool: "refund*"}, class: side_effect}             # normal | side_effect | poll | ignore
          - {for: {tool: "search"}, volatile: [request_id, ts]}      # argument fields that are not identity
        detectors:
          - {for: {service: "crawler"}, repeated_call: {warning: 8}}
        budgets:
          - {for: {agent: "*"}, scope: agent, per: 1d, limit: $20}   # scope: run | agent | workflow | department | tenant
          - {scope: run, limit: 200k tokens}
        breakers:
          - {scope: run, on: [repeated_call, call_cycle, budget], mode: enforce, cool_down: 5m, max_tripped: 50%, enforce: 100%}
        policy:
          - {for: {agent: "support-*"}, allow_tools: ["lookup*", "refund"], deny_tools: ["delete*"]}
        kpis:
          - {signal: "outcome:approved", at_least: 95%, window: 200}
        maintenance:
          - {for: {agent: "nightly-*"}, from: "2026-11-21T22:00:00Z", to: "2026-11-22T04:00:00Z"}
        prices:
          - {model: "my-model", input: $0.15, output: $0.60}         # per million tokens; adds to Models/Prices
        """

    @Test func theContractsExampleIsReadWithEveryValue() throws {
        let read = try configuration(Self.example)
        #expect(read.instance == "kilter" && read.profile == "default" && read.content == .digest)
        #expect(read.tools.map(\.toolClass) == [.sideEffect, nil])
        #expect(read.tools[1].volatile == ["request_id", "ts"])
        #expect(read.tools[0].selector == Configuration.Selector([.tool: "refund*"]))
        #expect(read.budgets.map(\.scope) == [.agent, .run])
        #expect(read.budgets.map(\.per) == [.seconds(86_400), nil])
        #expect(read.budgets.map(\.limit) == [.microdollars(20_000_000), .tokens(200_000)])
        #expect(read.breakers.count == 1)
        #expect(read.breakers[0].on == ["repeated_call", "call_cycle", "budget"])
        #expect(read.breakers[0].mode == .enforce && read.breakers[0].coolDown == .minutes(5))
        #expect(read.breakers[0].maxTripped == 50_000 && read.breakers[0].enforce == 100_000)
        #expect(read.policy[0].allowTools == ["lookup*", "refund"] && read.policy[0].denyTools == ["delete*"])
        #expect(read.kpis[0].atLeast == .percentage(95_000) && read.kpis[0].window == 200)
        #expect(read.maintenance[0].from == EventTime(nanoseconds: 1_795_298_400_000_000_000))
        #expect(read.maintenance[0].to.since(read.maintenance[0].from) == .seconds(6 * 3_600))
        #expect(read.prices[0].rate == PriceList.Rate(input: 150_000, output: 600_000))
    }

    @Test func theExamplesKeysWithoutEffectAreListedWithTheirLines() throws {
        let lines = try configuration(Self.example).withoutEffect.map { "\($0.path) \($0.line)" }
        #expect(
            lines == [
                "budgets 11", "breakers[0].enforce 15",
                "breakers[0].max_tripped 15", "breakers[0].on[2] 15", "policy 16", "kpis 18",
            ])
    }

    @Test func whatHasEffectOrIsEmptyIsNotListed() throws {
        #expect(try configuration("instance: a\nprofile: default\ncontent: digest\nbudgets: []\ntools: []").withoutEffect.isEmpty)
        #expect(try configuration("detectors: [{quiet: 5m, call_cycle: {warning: 4}}]").withoutEffect.isEmpty)
        #expect(try configuration("breakers: [{scope: agent, on: [error_streak]}]").withoutEffect.isEmpty)
        let later = """
            content: full
            detectors:
              - stagnation: {warning: 5}
                drift: never
              - for: {tool: "x"}
                repeated_call: {warning: 9}
              - for: {agent: "x"}
                quiet: 5m
            breakers:
              - {scope: tenant, on: [repeated_call]}
              - {scope: run, on: [policy]}
              - {for: {agent: x}, scope: run, on: [repeated_call]}
            """
        #expect(
            try configuration(later).withoutEffect.map { "\($0.path) \($0.line)" } == [
                "content 1", "detectors[1].for 5", "detectors[2].quiet 8",
                "breakers[0] 10", "breakers[1] 11", "breakers[1].on[0] 11", "breakers[2] 12",
            ])
    }

    @Test(arguments: ["", "\n", "# nothing\n", "---\n", "{}", "null", "detectors: []", "false_alarms: 1 per fleet per day"])
    func nothingIsTheDefault(yaml: String) throws {
        #expect(try configuration(yaml) == Configuration.defaults)
        #expect(try configuration(yaml).fingerprint == Configuration.defaults.fingerprint)
    }

    @Test func theCommentedDefaultsReadBackAsTheDefaults() throws {
        let read = try configuration(Configuration.commentedDefaults)
        #expect(read == Configuration.defaults)
        #expect(read.fingerprint == Configuration.defaults.fingerprint)
        #expect(read.settings.thresholds == .published && read.settings.overrides == nil)
    }

    @Test func theCommentedDefaultsNameEveryKeyAndTheirExamplesAreValid() throws {
        let lines = Configuration.commentedDefaults.split(separator: "\n", omittingEmptySubsequences: false)
        let keys = lines.filter { !$0.hasPrefix("#") && !$0.hasPrefix(" ") }.compactMap { $0.split(separator: ":").first }
        #expect(
            keys.map(String.init) == [
                "instance", "profile", "false_alarms", "content", "identity", "tools", "detectors", "budgets", "breakers",
                "policy", "kpis", "maintenance", "prices",
            ])
        // Each comment of the form "#   - {…}" is an element of the list whose key follows.
        var pending: [Substring] = []
        var tried = 0
        for line in lines {
            if line.hasPrefix("#   - ") { pending.append(line.dropFirst(2)) }
            guard let key = line.split(separator: ":").first, !line.hasPrefix("#"), !pending.isEmpty else { continue }
            let text = "\(key):\n" + pending.joined(separator: "\n")
            #expect(problems(text).isEmpty, "\(text)")
            tried += pending.count
            pending = []
        }
        #expect(tried == 13)
    }

    @Test func settingsCarryWhatTheWalkNeeds() throws {
        #expect(Configuration.defaults.settings.breakers == [.published])
        #expect(Configuration.defaults.settings.quiet == .minutes(15))
        let read = try configuration(
            """
            instance: eu-1
            detectors:
              - {quiet: 90s, error_streak: {warning: 5}}
              - {for: {agent: "slow-*"}, error_streak: {warning: 7}}
            breakers:
              - {scope: agent, on: [error_streak, budget], mode: enforce, cool_down: 30s, probe_permits: 1, on_silence: block}
              - {scope: tool, on: [error_streak]}
            """)
        let settings = read.settings
        #expect(settings.instance == "eu-1" && settings.quiet == .seconds(90))
        #expect(
            settings.breakers == [
                BreakerRule(
                    scope: .agent, on: [.errorStreak], mode: .enforce, coolDown: .seconds(30), probePermits: 1, onSilence: .block)
            ])
        #expect(settings.thresholds.errorStreak.warning == 5)
        #expect(settings.overrides?("", "", "s", "slow-1").errorStreak.warning == 7)
        #expect(settings.overrides?("", "", "s", "fast").errorStreak.warning == 5)
        #expect(settings.fingerprint == read.fingerprint)
        #expect(try configuration("breakers: []").settings.breakers.isEmpty)
    }

    @Test func theFingerprintKnowsEveryValueAndNothingElse() throws {
        let base = try configuration(Self.example)
        let rewritten = Self.example.replacing("5m", with: "300s").replacing("per: 1d", with: "per: 24h")
            .replacing("$20 ", with: "$20.00 ").replacing("#", with: "# really:")
        #expect(try configuration(rewritten) == base)
        #expect(try configuration(rewritten).fingerprint == base.fingerprint)
        let edits = [
            ("instance: kilter", "instance: other"), ("1 per day", "2 per day"), ("[gen_ai.agent.name]", "[agent.name]"),
            ("refund*\"}", "refund\"}"), ("side_effect}", "poll}"), ("request_id", "request"), ("\"crawler\"", "\"crawl\""),
            ("warning: 8", "warning: 7"), ("$20", "$21"), ("per: 1d", "per: 2d"), ("scope: agent", "scope: tenant"),
            ("200k", "201k"), ("call_cycle, budget", "call_cycle, policy"), ("mode: enforce,", "mode: enforce, probe_permits: 2,"),
            ("cool_down: 5m", "cool_down: 6m"), ("50%", "51%"), ("100%", "99%"), ("lookup*", "look*"), ("delete*", "del*"),
            ("outcome:approved", "outcome:denied"), ("95%", "94%"), ("window: 200", "window: 201"), ("T22:", "T21:"),
            ("T04:", "T05:"), ("my-model", "your-model"), ("$0.15", "$0.16"), ("$0.60", "$0.61"),
            ("content: digest", "content: full"), ("cool_down", "on_silence: allow, cool_down"),
            ("mode: enforce, cool_down: 5m, max_tripped: 50%, enforce: 100%", "mode: shadow, cool_down: 5m, max_tripped: 50%"),
        ]
        var seen: Set<UInt64> = [base.fingerprint]
        for (from, to) in edits {
            let edited = try configuration(Self.example.replacing(from, with: to))
            #expect(edited != base, "\(to)")
            #expect(seen.insert(edited.fingerprint).inserted, "\(to)")
        }
    }

    @Test func theFingerprintIsTheSameInEveryBuild() {
        #expect(Configuration.defaults.fingerprint == 6_881_590_718_152_843_905)
    }
}
