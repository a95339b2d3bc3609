extension DriftSuites {
    static let still: [DriftSuite] = [
        DriftSuite(
            "drift-null", seed: 1_000,
            summary: "Agents that differ in speed, length, failures, outcomes and tools work on without any change.",
            why: "Every statistical alert is false; their number is what `false_alarms` bounds.",
            agents: 30, observations: 2_000, onset: 2_000, form: .work, conditions: .mixed),
        DriftSuite(
            "drift-null-nasty", seed: 2_000,
            summary: "The same with values that hang together, days and weekends, heavy tails, bursts of arrivals, and harmless deploys.",
            why: "Nothing changes but what always does: the bound on false alarms holds here too.",
            agents: 30, observations: 2_000, onset: 2_000, form: .work, conditions: .nasty),
    ]

    static let outcomes: [DriftSuite] = [
        outcome("rise", seed: 3_000, to: 0.91, .up("outcome:approved"), .down("outcome:escalated"), "Too many are approved."),
        outcome("fall", seed: 4_000, to: 0.80, .down("outcome:approved"), .up("outcome:escalated"), "Too many are escalated."),
        outcome(
            "early", seed: 4_500, to: 0.91, .up("outcome:approved"), .down("outcome:escalated"),
            "Too many are approved, and what was usual is known from 1,000 runs only.", observations: 3_200, onset: 1_000),
        DriftSuite(
            "drift-errors", seed: 5_000, summary: "The share of failed model calls rises from 2 % to 6 %.",
            why: "Users see three times as many failures, though each of them is nothing new.",
            agents: 12, observations: 6_200, onset: 5_000, form: .call,
            change: .init(signals: [.up("error_rate")]) { law, share, _ in law.failureShare = 0.02 + 0.04 * share }),
    ]

    private static func outcome(
        _ name: String, seed: UInt64, to approved: Double, _ main: DriftSuite.Signal, _ other: DriftSuite.Signal, _ why: String,
        observations: Int = 6_200, onset: Int = 5_000
    ) -> DriftSuite {
        DriftSuite(
            "drift-outcome-\(name)", seed: seed, summary: "The share of approved runs goes from 85 % to \(Int(approved * 100)) %.",
            why: "\(why) No single run shows it.", agents: 12, observations: observations, onset: onset, form: .answer,
            change: .init(signals: [main, other, .mix("outcome")]) { law, share, _ in
                law.approvedShare = 0.85 + (approved - 0.85) * share
            })
    }

    static let values: [DriftSuite] = [
        value(
            "drift-latency-small", seed: 6_000, "Model calls take 1.2 times as long.", "Small, but it stays.",
            [.up("latency"), .up("run_duration"), .down("tokens_per_second")]
        ) { law, _, _ in law.latencyMilliseconds *= 1.2 },
        value(
            "drift-latency", seed: 7_000, "Model calls take 1.5 times as long.", "Users wait half as long again.",
            [.up("latency"), .up("run_duration"), .down("tokens_per_second")]
        ) { law, _, _ in law.latencyMilliseconds *= 1.5 },
        value(
            "drift-spread", seed: 8_000, "The spread of latency grows by half while its median stays.",
            "The mean moves little; slow calls are slower and quick ones quicker.",
            [.wider("latency"), .wider("run_duration"), .wider("tokens_per_second")]
        ) { law, _, _ in law.latencySpread *= 1.5 },
        value(
            "drift-tokens", seed: 9_000, "Answers become 1.3 times as long.", "A changed prompt or model is paid for by the token.",
            [.up("output_tokens"), .up("cost"), .up("run_cost"), .up("tokens_per_second")]
        ) { law, _, _ in law.outputTokens *= 1.3 },
        value(
            "drift-cost-runaway", seed: 10_000, "Contexts and answers become four times as long, and so does the bill.",
            "Every further call costs four times what it did.",
            [.up("cost"), .up("run_cost"), .up("input_tokens"), .up("output_tokens"), .up("tokens_per_second")]
        ) { law, _, _ in
            law.inputTokens *= 4
            law.outputTokens *= 4
        },
    ]

    private static func value(
        _ id: String, seed: UInt64, _ summary: String, _ why: String, _ signals: [DriftSuite.Signal],
        _ apply: @escaping @Sendable (inout Behaviour, Double, Int) -> Void
    ) -> DriftSuite {
        DriftSuite(
            id, seed: seed, summary: summary, why: why, agents: 8, observations: 2_600, onset: 2_000, form: .call,
            change: .init(signals: signals) { law, share, number in if share > 0 { apply(&law, share, number) } })
    }

    static let mixes: [DriftSuite] = [
        mix(
            "drift-tool-mix", seed: 11_000, "One call in ten goes to another of the twelve tools.",
            "Each tool is as usual; what they are used for is not.", [.mix("tool"), .mix("transition")]
        ) { $0.moveToolCalls(0.1) },
        mix(
            "drift-new-tool", seed: 12_000, "A tool never used before takes 2 % of the calls.",
            "One use may be chance; that it comes back is a change.", [.mix("tool"), .mix("transition")]
        ) { law in law.toolShares = law.toolShares.map { $0 * 0.98 } + [0.02] },
        mix(
            "drift-model-swap", seed: 13_000,
            "Another model answers than was asked for: answers a little longer and slower, other tools called now and then.",
            "Nobody declared it; each difference alone is small.",
            [
                .mix("model"), .up("output_tokens"), .up("latency"), .mix("tool"), .mix("transition"), .up("cost"), .up("run_cost"),
                .up("run_duration"),
            ]
        ) { law in
            law.responseModel = "gpt-5"
            law.outputTokens *= 1.12
            law.latencyMilliseconds *= 1.1
            law.moveToolCalls(0.04)
        },
    ]

    private static func mix(
        _ id: String, seed: UInt64, _ summary: String, _ why: String, _ signals: [DriftSuite.Signal],
        _ apply: @escaping @Sendable (inout Behaviour) -> Void
    ) -> DriftSuite {
        DriftSuite(
            id, seed: seed, summary: summary, why: why, agents: 8, observations: 3_900, onset: 3_000, form: .work,
            change: .init(signals: signals) { law, share, _ in if share > 0 { apply(&law) } })
    }

    static let ramps: [DriftSuite] = [
        DriftSuite(
            "drift-ramp-outcome", seed: 14_000, summary: "The share of approved runs creeps from 85 % to 91 % over 5,000 runs.",
            why: "No step anywhere: what learns all the time learns this too, and says nothing.",
            agents: 5, observations: 11_000, onset: 5_000, form: .answer,
            change: .init(
                ramp: 5_000, signals: [.up("outcome:approved"), .down("outcome:escalated"), .mix("outcome")]
            ) { law, share, _ in law.approvedShare = 0.85 + 0.06 * share }),
        DriftSuite(
            "drift-ramp-latency", seed: 15_000, summary: "Model calls become 1.5 times as long over 5,000 calls.",
            why: "No step anywhere: what learns all the time learns this too, and says nothing.",
            agents: 5, observations: 11_000, onset: 5_000, form: .call,
            change: .init(ramp: 5_000, signals: [.up("latency"), .up("run_duration"), .down("tokens_per_second")]) { law, share, _ in
                law.latencyMilliseconds *= 1 + 0.5 * share
            }),
    ]

    static let passing: [DriftSuite] = [
        DriftSuite(
            "drift-burst", seed: 16_000, summary: "For 30 calls every second one fails, where one in fifty did; then it is over.",
            why: "Half of the users are turned away while it lasts: told after it is told too late.",
            agents: 12, observations: 2_000, onset: 1_500, form: .call,
            change: .init(lasts: 30, signals: [.up("error_rate")]) { law, share, _ in law.failureShare = share > 0 ? 0.5 : 0.02 }),
        DriftSuite(
            "drift-heavy-call", seed: 17_000, summary: "A single call costs $50, where calls cost a tenth of a cent.",
            why: "One is enough.", agents: 12, observations: 2_000, onset: 1_500, form: .call,
            change: .init(lasts: 1, signals: [.up("cost"), .up("run_cost"), .up("input_tokens"), .up("output_tokens")]) { law, share, _ in
                guard share > 0 else { return }
                law.microdollars = 50_000_000
                law.inputTokens *= 500
                law.outputTokens *= 250
                law.failureShare = 0
            }),
        DriftSuite(
            "drift-retry-storm", seed: 18_000,
            summary: "For 200 runs six model calls of ten fail, and each is tried up to six times.",
            why: "The provider is ill, and the agent's retries multiply what it is asked.",
            agents: 12, observations: 2_000, onset: 1_500, form: .answer,
            change: .init(
                lasts: 200, signals: [.up("error_rate"), .up("call_rate"), .up("run_steps"), .up("run_duration")]
            ) { law, share, _ in
                guard share > 0 else { return }
                law.failureShare = 0.6
                law.retriedShare = 1
                law.triesMax = 6
            }),
    ]

    static let starts: [DriftSuite] = [
        DriftSuite(
            "drift-cold-start", seed: 19_000,
            summary:
                "Every fourth agent joins late and changes after 200 observations: calls of 1.5 times the length, or 70 % approved.",
            why: "So few of its own say little; what its siblings, of one name and one task, have shown says more.",
            agents: 60, observations: 600, onset: 200, form: .answer,
            change: .init(
                concerns: { $0 % 4 == 3 }, joinsLate: true,
                signals: [
                    .init(name: "latency", direction: "up", concerns: { $0 % 8 == 3 }),
                    .init(name: "run_duration", direction: "up", concerns: { $0 % 8 == 3 }),
                    .init(name: "tokens_per_second", direction: "down", concerns: { $0 % 8 == 3 }),
                    .init(name: "outcome:approved", direction: "down", concerns: { $0 % 8 == 7 }),
                    .init(name: "outcome:escalated", direction: "up", concerns: { $0 % 8 == 7 }),
                    .init(name: "outcome", direction: "mix", concerns: { $0 % 8 == 7 }),
                ]
            ) { law, share, number in
                law.approvedShare = number % 8 == 7 && share > 0 ? 0.70 : 0.85
                if number % 8 == 3 && share > 0 { law.latencyMilliseconds *= 1.5 }
            })
    ]

    static let releases: [DriftSuite] = [
        DriftSuite(
            "drift-release-harmless", seed: 20_000,
            summary: "A new version is declared, by `kilter.version` or by a `kilter.mark`, and nothing else changes.",
            why: "That there is a new version is no drift.", agents: 12, observations: 3_000, onset: 2_000, form: .answer,
            change: .init(isDeclared: true, signals: []) { law, _, _ in law.approvedShare = 0.85 }),
        DriftSuite(
            "drift-release-harmful", seed: 21_000,
            summary:
                "A new version is declared, and from then on 7 % of calls fail, answers are 1.3 times as long and fewer runs approved.",
            why: "A declaration explains when it began, and is no excuse for what it did.",
            agents: 12, observations: 3_000, onset: 2_000, form: .answer,
            change: .init(
                isDeclared: true,
                signals: [
                    .up("error_rate"), .up("output_tokens"), .up("cost"), .up("run_cost"), .down("outcome:approved"),
                    .up("outcome:escalated"), .mix("outcome"), .up("tokens_per_second"),
                ]
            ) { law, share, _ in
                law.approvedShare = share > 0 ? 0.75 : 0.85
                guard share > 0 else { return }
                law.failureShare = 0.07
                law.outputTokens *= 1.3
            }),
    ]

    static let groups: [DriftSuite] = [
        DriftSuite(
            "drift-provider", seed: 22_000,
            summary: "Model calls of one provider take 5 % longer from one instant on, those of the other do not.",
            why: "Hundreds of calls show in one agent what a few in each of all agents show.",
            agents: 60, observations: 800, onset: 400, form: .call, conditions: .rare,
            change: .init(
                concerns: { $0 % 2 == 0 }, isCommon: true, signals: [.up("latency"), .up("run_duration"), .down("tokens_per_second")]
            ) { law, share, _ in if share > 0 { law.latencyMilliseconds *= 1.05 } })
    ]
}
