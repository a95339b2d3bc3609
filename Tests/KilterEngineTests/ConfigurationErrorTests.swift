import KilterEngine
import KilterModels
import KilterVocabulary
import Testing

/// Every mistake is named with line, column, what was expected and the nearest valid name.
@Suite struct ConfigurationErrorTests {
    @Test(arguments: [
        ("detecters: []", "1:1: unknown key `detecters`; did you mean `detectors`?"),
        ("# x\ninstance: a\nbreaker: []", "3:1: unknown key `breaker`; did you mean `breakers`?"),
        ("False-Alarms: 1 per day per fleet", "1:1: unknown key `False-Alarms`; did you mean `false_alarms`?"),
        ("zzz: 1", "1:1: unknown key `zzz`; the nearest valid name is `kpis`"),
        (
            "breakers:\n  - {scope: run, on: [repeated_call], cooldown: 5m}",
            "2:39: breakers[0]: unknown key `cooldown`; did you mean `cool_down`?"
        ),
        (
            "detectors: [{repeted_call: {warning: 5}}]",
            "1:14: detectors[0]: unknown key `repeted_call`; did you mean `repeated_call`?"
        ),
        (
            "detectors: [{repeated_call: {warn: 5}}]",
            "1:30: detectors[0].repeated_call: unknown key `warn`; did you mean `warning`?"
        ),
        (
            "detectors: [{for: {agnet: x}, call_cycle: never}]",
            "1:20: detectors[0].for: unknown key `agnet`; did you mean `agent`?"
        ),
        (
            "breakers: [{scope: runs, on: [repeated_call]}]",
            "1:20: breakers[0].scope: `runs` is none of `agent`, `run`, `agent_tool`, `tool`, `workflow`, `tenant`; did you mean `run`?"
        ),
        (
            "breakers: [{scope: run, on: [repeated_calls]}]",
            "1:30: breakers[0].on[0]: there is no detector `repeated_calls`; did you mean `repeated_call`?"
        ),
        ("content: full_text", "1:10: content: `full_text` is none of `digest`, `preview`, `full`; did you mean `full`?"),
        (
            "kpis: [{signal: latancy, at_most: 2s}]",
            "1:17: kpis[0].signal: there is no signal `latancy`; did you mean `latency`?"
        ),
        ("profile: defualt", "1:10: profile: there is no profile `defualt`; did you mean `default`?"),
    ])
    func unknownNamesComeWithTheNearest(yaml: String, expected: String) {
        #expect(problems(yaml) == [expected])
    }

    @Test(arguments: [
        ("quiet: 5", "`5` has no unit; expected a duration such as `5s` (ns, us, ms, s, m, h, d)"),
        ("quiet: 5min", "`5min` is no duration: `min` is none of ns, us, ms, s, m, h, d; did you mean `m`?"),
        ("quiet: 5M", "`5M` is no duration: `M` is none of ns, us, ms, s, m, h, d; did you mean `m`?"),
        ("quiet: soon", "`soon` is no duration; expected a number and a unit, such as `250ms` or `5m`"),
        ("quiet: -5m", "`-5m` is no duration; expected a number and a unit, such as `250ms` or `5m`"),
        ("quiet: $5", "`$5` is no duration; expected a number and a unit, such as `250ms` or `5m`"),
        ("quiet: 5%", "`5%` is no duration; expected a number and a unit, such as `250ms` or `5m`"),
        ("quiet: 0s", "must be longer than nothing"),
        ("quiet: 0.5ns", "`0.5ns` is no whole number of nanoseconds below 584 years"),
        ("quiet: 300000d", "`300000d` is no whole number of nanoseconds below 584 years"),
        ("quiet: [5m]", "expected a duration such as `5m`, found a list"),
        ("quiet:", "expected a duration such as `5m`, found nothing"),
        ("quiet: ''", "expected a duration such as `5m`, found nothing"),
    ])
    func wrongDurations(entry: String, expected: String) {
        let column = entry == "quiet:" ? 11 : 12
        #expect(problems("detectors:\n  - \(entry)") == ["2:\(column): detectors[0].quiet: \(expected)"])
    }

    @Test(arguments: [
        ("$", "`$` is no amount of money; expected dollars such as `$20` or `$0.15`"),
        ("$1.2345678", "`$1.2345678` is no whole number of millionths of a dollar"),
        ("20", "`20` is no limit; expected dollars such as `$20` or tokens such as `200k tokens`"),
        ("20€", "`20€` is no limit; expected dollars such as `$20` or tokens such as `200k tokens`"),
        ("200q tokens", "`200q tokens` is no number of tokens; expected one such as `200k tokens` (k, M, G)"),
        ("0.5 tokens", "`0.5 tokens` is no number of tokens; expected one such as `200k tokens` (k, M, G)"),
        ("200k token", "`200k token` is no number of tokens; expected one such as `200k tokens` (k, M, G)"),
        (
            "99999999999999999999 tokens",
            "`99999999999999999999 tokens` is no number of tokens; expected one such as `200k tokens` (k, M, G)"
        ),
    ])
    func wrongLimits(limit: String, expected: String) {
        #expect(problems("budgets:\n  - scope: run\n    limit: \(limit)") == ["3:12: budgets[0].limit: \(expected)"])
    }

    @Test(arguments: [
        "per day per fleet", "1 per fleet", "1 per day", "1 per day per agent per fleet", "one per day per fleet",
        "0 per day per fleet", "1 per fortnight per fleet", "1 per 0 days per fleet", "1 per day per team",
        "1 a day per fleet", "5", "2.5 sigma", "1 per 5 day 3 per fleet",
    ])
    func wrongRates(rate: String) {
        #expect(
            problems("false_alarms: \(rate)") == [
                "1:15: false_alarms: `\(rate)` is no rate of false alarms; expected one such as `1 per day per fleet`, "
                    + "`0.3 per agent per 30 days` or `0.1 per agent per 100 runs`"
            ])
    }

    @Test(arguments: [
        (
            "detectors: [{repeated_call: {warning: 5, info: 6}}]",
            "1:39: detectors[0].repeated_call.warning: 5 is below the 6 of `detectors[0].repeated_call.info`; a higher severity cannot begin earlier"
        ),
        (
            "detectors: [{call_cycle: {turns: {critical: 3, warning: 4}}}]",
            "1:45: detectors[0].call_cycle.turns.critical: 3 is below the 4 of `detectors[0].call_cycle.turns.warning`; a higher severity cannot begin earlier"
        ),
        (
            "detectors: [{error_streak: {info: 9, warning: never, critical: 8}}]",
            "1:64: detectors[0].error_streak.critical: 8 is below the 9 of `detectors[0].error_streak.info`; a higher severity cannot begin earlier"
        ),
        (
            "detectors: [{repeated_call: {warning: 5, in_row: {info: 2}}}]",
            "1:42: detectors[0].repeated_call.in_row: given next to the short form, which means the same counts"
        ),
        (
            "detectors: [{repeated_call: {same_arguments_unknown_result: {critical: 30}}}]",
            "1:72: detectors[0].repeated_call.same_arguments_unknown_result.critical: this evidence is never critical; warning is its highest severity"
        ),
        (
            "detectors: [{repeated_call: {same_arguments_changing_result: {warning: 30}}}]",
            "1:72: detectors[0].repeated_call.same_arguments_changing_result.warning: this evidence is never warning; info is its highest severity"
        ),
        (
            "detectors: [{drift: {warning: 3}}]",
            "1:21: detectors[0].drift: takes no counts; its sensitivity is set by `false_alarms`, and `never` switches it off"
        ),
        ("detectors: [{for: {agent: x}}]", "1:13: detectors[0]: overrides nothing; name a detector"),
        ("detectors: [{call_cycle: {}}]", "1:26: detectors[0].call_cycle: gives no count"),
        (
            "detectors: [{for: {}, call_cycle: never}]",
            "1:19: detectors[0].for: names nobody; leave `for` out to mean everybody"
        ),
        (
            "breakers: [{scope: run, on: [drift]}]",
            "1:30: breakers[0].on[0]: `drift` may not trip a breaker; its evidence is not certain enough"
        ),
        ("breakers: [{scope: run, on: [policy, policy]}]", "1:38: breakers[0].on[1]: `policy` is listed twice"),
        ("breakers: [{scope: run, on: []}]", "1:29: breakers[0].on: expected at least one detector id"),
        ("breakers: [{scope: run}]", "1:12: breakers[0]: `on` is missing"),
        ("breakers: [{scope: run, onn: [policy]}]", "1:25: breakers[0]: unknown key `onn`; did you mean `on`?"),
        (
            "breakers: [{scope: run, on: [policy], mode: shadow, enforce: 5%}]",
            "1:62: breakers[0].enforce: a breaker in mode `shadow` enforces nothing; set `mode: enforce` or leave `enforce` out"
        ),
        (
            "breakers:\n- {scope: run, on: [policy]}\n- {scope: run, on: [budget, policy]}",
            "3:3: breakers[1]: `policy` already trips another breaker of scope `run`"
        ),
        (
            "budgets: [{scope: run, per: 1d, limit: $1}]",
            "1:29: budgets[0].per: a run is its own period; leave `per` out or choose another scope"
        ),
        ("budgets: [{scope: agent, limit: $1}]", "1:11: budgets[0]: `per` is missing, such as `per: 1d`"),
        ("policy: [{allow_tools: [a, b], deny_tools: [b]}]", "1:10: policy[0]: `b` is both allowed and denied"),
        ("policy: [{for: {agent: x}}]", "1:10: policy[0]: sets neither `allow_tools` nor `deny_tools`"),
        ("profile: default\n\ninstance: a\nprofile : b", "4:1: no valid YAML: `profile` given more than once in one mapping"),
        (
            "breakers:\n  - scope: run\n    on: [policy]\n    scope: run",
            "4:5: no valid YAML: `scope` given more than once in one mapping"
        ),
        ("tools: [{class: poll, class: poll}]", "1:10: no valid YAML: `class` given more than once in one mapping"),
        ("tools: [{class: poll}]", "1:9: tools[0]: `for` is missing"),
        ("tools: [{for: {tool: x}}]", "1:9: tools[0]: sets neither `class` nor `volatile`"),
        (
            "kpis: [{signal: latency, at_most: 95%}]",
            "1:35: kpis[0].at_most: `95%` is no duration; expected a number and a unit, such as `250ms` or `5m`"
        ),
        (
            "kpis: [{signal: \"outcome:ok\", at_least: 101%}]",
            "1:41: kpis[0].at_least: `101%` is no percentage; expected one from `0%` to `100%`, such as `85%`"
        ),
        ("kpis: [{signal: error_rate, at_least: 9%, at_most: 8%}]", "1:39: kpis[0].at_least: `at_least` is above `at_most`"),
        ("kpis: [{signal: cost}]", "1:8: kpis[0]: sets neither `at_least` nor `at_most`"),
        (
            "maintenance: [{from: \"2026-01-02T00:00:00Z\", to: \"2026-01-01T00:00:00Z\"}]",
            "1:50: maintenance[0].to: not after `from`"
        ),
        (
            "maintenance: [{from: 2026-02-29T00:00:00Z, to: \"2026-03-01T00:00:00Z\"}]",
            "1:22: maintenance[0].from: `2026-02-29T00:00:00Z` is no time; expected RFC 3339 with a zone, such as `2026-11-21T22:00:00Z`"
        ),
        ("prices: [{model: m}]", "1:10: prices[0]: gives no price"),
        (
            "prices: [{model: m, input: 0.15}]",
            "1:28: prices[0].input: `0.15` is no amount of money; expected dollars such as `$20` or `$0.15`"
        ),
        (
            "false_alarms: {warning: 1 per day per agent, critical: 1 per 12 hours per agent}",
            "1:56: false_alarms.critical: more critical false alarms than warnings"
        ),
        (
            "false_alarms: 1 per 100 runs per fleet",
            "1:15: false_alarms: `1 per 100 runs per fleet` counts runs of a fleet; runs are counted `per agent`"
        ),
        ("identity: {agent: []}", "1:19: identity.agent: expected at least one of the attribute names"),
        ("instance: a/b", "1:11: instance: `a/b` is no instance name; expected letters, digits, `-`, `.`, `_` and `~`"),
    ])
    func contradictionsAndMissingParts(yaml: String, expected: String) {
        #expect(problems(yaml) == [expected])
    }

    @Test(arguments: ["0", "-1", "1.5", "5x", "five", "4294967296", "1e3", "0x10", "٣"])
    func wrongCounts(count: String) {
        #expect(
            problems("detectors: [{call_cycle: {warning: \(count)}}]") == [
                "1:36: detectors[0].call_cycle.warning: `\(count)` is no count; expected a whole number from 1"
            ])
    }

    @Test(arguments: [
        ("[1]", "1:1: expected a mapping"), ("text", "1:1: expected a mapping"), ("detectors: 5", "1:12: detectors: expected a list"),
        ("detectors: {call_cycle: never}", "1:12: detectors: expected a list"),
        ("detectors: [call_cycle]", "1:13: detectors[0]: expected a mapping"),
        ("identity: [a]", "1:12: identity[0]: expected a mapping"), ("instance: {a: b}", "1:11: instance: expected a name"),
        ("instance: ~", "1:11: instance: expected a name, found nothing"),
    ])
    func wrongShapes(yaml: String, start: String) {
        let found = problems(yaml)
        #expect(found.count == 1 && found[0].hasPrefix(start), "\(found)")
    }

    @Test(arguments: [
        ("instance: [a", 1...2), ("a: b: c", 1...1), ("instance: a\n\tb: c", 2...2), ("\"a", 1...1), ("instance: a\n---\nb: 1", 2...3),
        ("instance: a\ninstance: b", 1...2), ("instance: *x", 1...1), ("a: \u{1}", 1...1),
    ])
    func brokenYAMLHasALine(yaml: String, lines: ClosedRange<Int>) {
        do {
            _ = try configuration(yaml)
            Issue.record("accepted \(yaml)")
        } catch let error as ConfigurationError {
            #expect(lines.contains(error.line) && error.column >= 1, "\(error)")
            #expect(error.message.hasPrefix("no valid YAML: "), "\(error)")
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func theFirstOfTheFileIsReportedAndAllAreListed() {
        let yaml = """
            prices: [{model: m}]
            detectors:
              - {call_cycle: {warning: x, info: 0}}
              - {colour: red}
            breakers: [{scope: run, on: [nothing]}]
            instance: ""
            """
        do {
            _ = try configuration(yaml)
            Issue.record("accepted")
        } catch let error as ConfigurationError {
            #expect(error.description == "kilter.yaml:1:10: prices[0]: gives no price")
            #expect(error.problems.map(\.line) == [1, 3, 3, 4, 5, 6])
            #expect(error.problems.map(\.column) == [10, 28, 37, 6, 30, 11])
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func hugeFilesAreRefused() {
        #expect(problems(String(repeating: "#", count: (1 << 20) + 1)) == ["1:1: larger than 1048576 bytes"])
    }

    @Test func laughterIsNotExpanded() {
        var yaml = "a0: &a0 [x]\n"
        for level in 1...24 { yaml += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1), *a\(level - 1)]\n" }
        yaml += "detectors: *a24\n"
        #expect(problems(yaml).count == 25 + 3)
    }

    @Test func mutatedFilesNeverTrap() {
        var state: UInt64 = 5
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        let original = Array(ConfigurationTests.example.unicodeScalars)
        let alphabet = Array("{}[]:,-\"'#*&!|>%@ \n\t$0179eE.xn\u{0}\u{fffd}".unicodeScalars)
        var refused = 0
        for _ in 0..<1_500 {
            var scalars = original
            for _ in 0...next(3) {
                let at = next(scalars.count)
                if next(2) == 0 { scalars[at] = alphabet[next(alphabet.count)] } else { scalars.remove(at: at) }
            }
            if !problems(String(String.UnicodeScalarView(scalars))).isEmpty { refused += 1 }
        }
        #expect(refused > 200)
    }
}
