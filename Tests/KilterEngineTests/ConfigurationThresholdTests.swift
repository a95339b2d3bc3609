import KilterEngine
import KilterVocabulary
import Testing

/// What an override changes, and for whom.
@Suite struct ConfigurationThresholdTests {
    private func thresholds(
        _ yaml: String, tenant: String = "acme", environment: String = "production", service: String = "crawler",
        agent: String = "planner"
    ) throws -> Thresholds {
        try configuration(yaml).thresholds(tenant: tenant, environment: environment, service: service, agent: agent)
    }

    @Test func withoutOverridesThePublishedCountsHold() throws {
        #expect(try thresholds("") == .published)
    }

    @Test func theShortFormSetsTheRowAndRaisesTheWindow() throws {
        let eight = try thresholds("detectors: [{for: {service: crawler}, repeated_call: {warning: 8}}]")
        #expect(eight.repeatedInRow == Ladder(info: 3, warning: 8, critical: 16))
        #expect(eight.repeatedInWindow == Ladder(info: 4, warning: 8, critical: 10))
        let twelve = try thresholds("detectors: [{repeated_call: {warning: 12}}]")
        #expect(twelve.repeatedInRow == Ladder(info: 3, warning: 12, critical: 24))
        #expect(twelve.repeatedInWindow == Ladder(info: 4, warning: 12, critical: 24))
        let five = try thresholds("detectors: [{repeated_call: {info: 2, warning: 5, critical: 9}}]")
        #expect(five.repeatedInRow == Ladder(info: 2, warning: 5, critical: 9))
        #expect(five.repeatedInWindow == Ladder(info: 4, warning: 6, critical: 10))
        let off = try thresholds("detectors: [{repeated_call: {critical: never}}]")
        #expect(off.repeatedInRow == Ladder(info: 3, warning: 4, critical: Ladder.never))
        #expect(off.repeatedInWindow == Ladder(info: 4, warning: 6, critical: Ladder.never))
        for changed in [eight, twelve, five, off] {
            #expect(changed.sameArgumentsUnknownResult == Thresholds.published.sameArgumentsUnknownResult)
            #expect(changed.cycleTurns == Thresholds.published.cycleTurns)
        }
    }

    @Test func theLongFormSetsWhatItNames() throws {
        let row = try thresholds("detectors: [{repeated_call: {in_row: {warning: 8}}}]")
        #expect(row.repeatedInRow.warning == 8 && row.repeatedInWindow == Thresholds.published.repeatedInWindow)
        let both = try thresholds("detectors: [{repeated_call: {warning: 8, in_window: {warning: 7}}}]")
        #expect(both.repeatedInRow.warning == 8 && both.repeatedInWindow.warning == 7)
        let storm = try thresholds("detectors: [{message_storm: {pair: {info: 2}, to_self: never}}]")
        #expect(storm.messagePair == Ladder(info: 2, warning: 3, critical: 9))
        #expect(storm.messageToSelf.isSilent)
        #expect(try thresholds("detectors: [{message_storm: {warning: 5}}]").messagePair == Ladder(info: 0, warning: 5, critical: 9))
    }

    @Test(arguments: DetectorID.allCases)
    func neverSwitchesADetectorOffAndNoOther(detector: DetectorID) throws {
        let off = try thresholds("detectors: [{\(detector.name): never}]")
        for name in LadderName.allCases {
            #expect(name[off] == (name.detector == detector ? Ladder(info: 0, warning: 0, critical: 0) : name[.published]))
        }
    }

    @Test(arguments: LadderName.allCases)
    func everyLadderCanBeSetByName(name: LadderName) throws {
        let changed = try thresholds("detectors: [{\(name.detector.name): {\(name.key): {info: 2}}}]")
        #expect(name[changed].info == 2)
        for other in LadderName.allCases where other != name { #expect(other[changed] == other[.published]) }
    }

    @Test func countsThatWereNotGivenFollow() {
        let ladder = Ladder(info: 3, warning: 4, critical: 8)
        #expect(LadderPatch(warning: 2).applied(to: ladder) == Ladder(info: 2, warning: 2, critical: 8))
        #expect(LadderPatch(warning: 20).applied(to: ladder) == Ladder(info: 3, warning: 20, critical: 40))
        #expect(LadderPatch(info: 10).applied(to: ladder) == Ladder(info: 10, warning: 10, critical: 10))
        #expect(LadderPatch(critical: 1).applied(to: ladder) == Ladder(info: 1, warning: 1, critical: 1))
        #expect(LadderPatch(info: 6, critical: 9).applied(to: ladder) == Ladder(info: 6, warning: 6, critical: 9))
        #expect(LadderPatch(warning: Ladder.never).applied(to: ladder) == Ladder(info: 3, warning: 0, critical: 8))
        #expect(LadderPatch(warning: 20).applied(to: Ladder(info: 0, warning: 4, critical: 0)) == Ladder(info: 0, warning: 20, critical: 0))
        #expect(LadderPatch().applied(to: ladder) == ladder)
    }

    /// Whatever is given in order leaves a ladder in order that holds exactly what was given.
    @Test func patchesKeepLaddersInOrder() {
        let counts: [UInt32?] = [nil, 0, 1, 2, 3, 5, 8, 13, 40]
        for name in LadderName.allCases {
            let ladder = name[Thresholds.published]
            for info in counts {
                for warning in counts {
                    for critical in counts {
                        let given = [info, warning, critical].compactMap { $0 }.filter { $0 != Ladder.never }
                        guard given == given.sorted() else { continue }
                        let patch = LadderPatch(info: info, warning: warning, critical: critical)
                        let result = patch.applied(to: ladder)
                        #expect(result.isOrdered, "\(patch) on \(ladder)")
                        #expect(info.map { $0 == result.info } ?? true)
                        #expect(warning.map { $0 == result.warning } ?? true)
                        #expect(critical.map { $0 == result.critical } ?? true)
                    }
                }
            }
        }
    }

    // MARK: Selection

    @Test(arguments: [
        ("crawler", "crawler", true), ("crawler", "crawlers", false), ("craw*", "crawler", true), ("*", "", true),
        ("*", "anything", true), ("?", "", false), ("?rawle?", "crawler", true), ("*er", "crawler", true),
        ("c*a*r", "crawler", true), ("c*x*r", "crawler", false), ("a*b", "ab", true), ("a*b", "aXbXb", true),
        ("a*b", "aXbX", false), ("**", "x", true), ("", "", true), ("", "x", false), ("Crawler", "crawler", false),
        ("[c]rawler", "crawler", false), ("a.c", "abc", false), ("é?", "éü", true),
    ])
    func globs(glob: String, text: String, matches: Bool) {
        let selector = Configuration.Selector([.service: glob])
        #expect(selector.matches { $0 == .service ? text : nil } == matches)
    }

    @Test func aLongPatternOnALongTextIsQuick() {
        let selector = Configuration.Selector([.agent: String(repeating: "*a", count: 60) + "b"])
        #expect(!selector.matches { _ in String(repeating: "a", count: 4_000) })
    }

    @Test func allKeysOfASelectionMustMatch() throws {
        let yaml = "detectors: [{for: {tenant: acme, environment: prod*, service: crawler, agent: 'pl?nner'}, call_cycle: {warning: 4}}]"
        #expect(try thresholds(yaml).cycleTurns.warning == 4)
        #expect(try thresholds(yaml, tenant: "other").cycleTurns.warning == 3)
        #expect(try thresholds(yaml, environment: "test").cycleTurns.warning == 3)
        #expect(try thresholds(yaml, service: "crawler2").cycleTurns.warning == 3)
        #expect(try thresholds(yaml, agent: "planer").cycleTurns.warning == 3)
    }

    @Test func theMostSpecificWinsWhateverTheOrder() throws {
        let rules = [
            "{call_cycle: {warning: 20}}",
            "{for: {agent: '*'}, call_cycle: {warning: 21}}",
            "{for: {tenant: acme}, call_cycle: {warning: 22}}",
            "{for: {environment: production}, call_cycle: {warning: 23}}",
            "{for: {service: 'c*'}, call_cycle: {warning: 24}}",
            "{for: {service: crawler}, call_cycle: {warning: 25}}",
            "{for: {agent: 'p*'}, call_cycle: {warning: 26}}",
            "{for: {agent: planner}, call_cycle: {warning: 27}}",
            "{for: {tenant: acme, service: crawler}, call_cycle: {warning: 28}}",
            "{for: {service: crawler, agent: planner}, call_cycle: {warning: 29}}",
        ]
        for last in rules.indices {
            let some = Array(rules[...last])
            for order in [some, some.reversed(), Array(some[(last / 2)...] + some[..<(last / 2)])] {
                let yaml = "detectors:\n" + order.map { "  - \($0)\n" }.joined()
                #expect(try thresholds(yaml).cycleTurns.warning == UInt32(20 + last), "\(yaml)")
            }
        }
    }

    @Test func amongEqualsTheLaterWinsAndWhatItDoesNotNameStays() throws {
        let yaml = """
            detectors:
              - {for: {service: crawler}, call_cycle: {warning: 9}, error_streak: {warning: 6}}
              - {for: {service: 'crawle?'}, call_cycle: {warning: 11}}
              - {for: {service: crawler}, call_cycle: {warning: 10}}
              - {for: {service: other}, call_cycle: {warning: 12}}
            """
        #expect(try thresholds(yaml).cycleTurns.warning == 10)
        #expect(try thresholds(yaml).errorStreak.warning == 6)
        #expect(try thresholds(yaml, service: "other").errorStreak.warning == 4)
    }

    @Test func aSelectionThatThisBuildCannotJudgeWidensToNobody() throws {
        for key in ["tool", "model", "workflow"] {
            #expect(try thresholds("detectors: [{for: {\(key): '*'}, call_cycle: {warning: 9}}]") == .published)
        }
    }

    @Test func severitiesBeginAtTheirCounts() {
        let ladder = Ladder(info: 3, warning: 4, critical: Ladder.never)
        #expect([0, 2, 3, 4, .max].map { ladder.severity(of: $0) } == [nil, nil, .info, .warning, .warning])
        #expect(Ladder(info: 0, warning: 3, critical: 9).severity(of: 2) == nil)
        #expect(Ladder(info: 0, warning: 0, critical: 0).severity(of: 5) == nil)
        #expect(Severity.allCases.map { Thresholds.published.repeatedInRow.threshold(of: $0) } == [3, 4, 8])
    }

    // MARK: Quantities

    @Test(
        arguments: [
            ("1ns", 1), ("250ms", 250_000_000), ("2us", 2_000), ("90s", 90_000_000_000), ("1.5m", 90_000_000_000),
            ("0.25h", 900_000_000_000), ("30d", 2_592_000_000_000_000), ("0.000001ms", 1),
        ] as [(String, UInt64)])
    func durationsAreExact(text: String, nanoseconds: UInt64) throws {
        #expect(try configuration("detectors: [{quiet: \(text)}]").quiet == Nanoseconds(nanoseconds))
    }

    @Test func ratesAreReadInEitherOrder() throws {
        func rate(_ text: String) throws -> Configuration.FalseAlarms.Rate {
            try configuration("false_alarms: \(text)").falseAlarms.warning
        }
        #expect(try rate("1 per day per fleet") == rate("1 per fleet per 24 hours"))
        #expect(try rate("0.3 per agent per 30 days").millionths == 300_000)
        #expect(try rate("0.3 per agent per 30 days").period == .time(.seconds(30 * 86_400)))
        #expect(try rate("0.1 per agent per 100 runs").period == .runs(100))
        let both = try configuration("false_alarms: {warning: 1 per week per fleet, critical: 0.01 per week per fleet}")
        #expect(both.falseAlarms.critical?.millionths == 10_000)
        #expect(try configuration("").falseAlarms.critical == nil)
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01t00:00:01z", 1), ("2000-02-29T12:00:00+01:00", 951_822_000),
            ("2026-11-21T22:00:00Z", 1_795_298_400), ("2026-11-21T22:00:00-05:30", 1_795_318_200),
        ] as [(String, UInt64)])
    func timesAreReadWithTheirZone(text: String, seconds: UInt64) throws {
        let yaml = "maintenance: [{from: \"\(text)\", to: \"2100-01-01T00:00:00.000000001Z\"}]"
        let window = try configuration(yaml).maintenance[0]
        #expect(window.from.nanoseconds == seconds * 1_000_000_000)
        #expect(window.to.nanoseconds == 4_102_444_800_000_000_001)
    }
}
