import ArgumentParser
import KilterEngine
import KilterVocabulary

extension Baseline {
    struct Compare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare what is usual in two states, or of two versions in one.",
            discussion: """
                Of every signal that both know enough of: what was usual and is, how sure the difference is, and its size from 0 to 1: by
                how much more often than not a value of the second is larger (or smaller) than one of the first; of rates their
                difference; of mixes the share that went elsewhere. The largest comes first. Learn each state by itself: one that was loaded
                and went on contains the other.

                With --fail-on it is a gate: exit code 1 when anything differs by more than that, and by more than chance, where all that is
                compared counts together, so that one of twenty comparisons of equals fails at most.

                Example: kilter baseline compare before.kilter after.kilter --fail-on 0.2
                         kilter baseline compare learned.kilter --agent support --versions 1.4 1.5
                """)

        @Argument(help: "Two states that replay --save wrote, or one with --versions.") var files: [String]
        @Option(help: "Only agents whose name matches this pattern, such as support-*.") var agent = "*"
        @Option(parsing: .upToNextOption, help: "Of one state: the version before and the one after.") var versions: [String] = []
        @Option(help: "Configuration under which they were written.") var config: String?
        @Option(help: "Exit 1 when anything differs by more than this size, from 0 to 1.") var failOn: Double?
        @Flag(help: "JSON, one object a line for each agent and signal.") var json = false

        func validate() throws {
            let isRight = files.count == 1 && versions.count == 2 || files.count == 2 && versions.isEmpty
            guard isRight else {
                throw ValidationError("Name two states, or one state and --versions OLD NEW; write --versions behind the state.")
            }
            guard failOn.map({ $0 >= 0 && $0 <= 1 }) ?? true else { throw ValidationError("--fail-on takes a size from 0 to 1.") }
        }

        func run() async throws {
            try await reportingFailures {
                let comparison = try compare()
                if json {
                    try StandardOutput.write(comparison.differences.map(Self.line).joined())
                } else {
                    try StandardOutput.write(Self.table(comparison))
                }
                if comparison.differences.isEmpty { StandardError.line("kilter: nothing to compare that both know enough of") }
                guard let failOn else { return }
                // A gate that saw nothing has not been passed.
                if comparison.differences.isEmpty { throw Failure(.answerIsNo, "nothing was compared, so nothing is known to be alike") }
                let beyond = comparison.beyond(failOn)
                guard let first = beyond.first else { return }
                let what = "\(first.signal) of \(first.agent), by \(Self.rounded(first.size))"
                throw Failure(
                    .answerIsNo,
                    "\(beyond.count == 1 ? "one signal differs" : "\(beyond.count) signals differ") by more than "
                        + "\(Amount(rounding: failOn).text), most \(TerminalText.safe(what))")
            }
        }

        private func compare() throws -> BaselineComparison {
            let settings = try ConfigurationFile.read(config, profile: nil).settings
            let engines = try files.map { file in
                let engine = Engine(settings: settings)
                try Snapshots.check(file) { try engine.restore(try Files.read(file)) }
                return engine
            }
            if versions.count == 2 {
                return BaselineComparison(engines[0], .named(versions[0]), to: engines[0], .named(versions[1]), agent: agent)
            }
            return BaselineComparison(engines[0], to: engines[1], agent: agent)
        }

        // MARK: In words

        private static func table(_ comparison: BaselineComparison) -> String {
            let rows = comparison.differences.map { difference in
                [
                    "\(difference.service)/\(difference.agent)", difference.signal, difference.step, difference.beforeText,
                    difference.afterText,
                    rounded(difference.size), sureness(difference), "\(difference.observationsBefore) → \(difference.observationsAfter)",
                    note(difference),
                ]
            }
            let heading = ["agent", "signal", "of", "before", "after", "size", "how sure", "observations", ""]
            var text = comparison.differences.isEmpty ? "" : TextTable(heading, rows).text
            if comparison.young > 0 { text += "  \(comparison.young) of which one side knows too little\n" }
            if comparison.unmatched > 0 { text += "  \(comparison.unmatched) known on one side only\n" }
            return text
        }

        private static func note(_ difference: BaselineComparison.Difference) -> String {
            if difference.isChanging { return "a change stands, not learned" }
            return difference.isBeyondChance ? "" : difference.size > 0 ? "may be chance" : "alike"
        }

        private static func sureness(_ difference: BaselineComparison.Difference) -> String {
            let (size, lower, upper) = (difference.difference.size, difference.difference.lower, difference.difference.upper)
            if let category = difference.category { return "\(category) \(signed(size)) (\(signed(lower)) to \(signed(upper)))" }
            if difference.isRate { return "\(signed(size)) (\(signed(lower)) to \(signed(upper)))" }
            // As probabilities of a larger value, ties as halves.
            return "larger in \(percent((1 + size) / 2)) (\(percent((1 + lower) / 2)) to \(percent((1 + upper) / 2)))"
        }

        private static func rounded(_ size: Double) -> String { Amount(rounding: (size * 1_000).rounded() / 1_000).text }
        private static func percent(_ share: Double) -> String { "\(Amount(rounding: (share * 1_000).rounded() / 10).text) %" }
        private static func signed(_ share: Double) -> String { (share > 0 ? "+" : "") + percent(share) }

        private static func line(_ difference: BaselineComparison.Difference) -> String {
            var facts = [
                Evidence("tenant", .string(difference.tenant)), Evidence("environment", .string(difference.environment)),
                Evidence("service", .string(difference.service)), Evidence("agent", .string(difference.agent)),
                Evidence("signal", .string(difference.signal)), Evidence("step", .string(difference.step)),
                Evidence("before", .amount(difference.before)), Evidence("after", .amount(difference.after)),
                Evidence("unit", .string(difference.unit)), Evidence("size", .amount(Amount(rounding: difference.size))),
                Evidence("difference", .amount(Amount(rounding: difference.difference.size))),
                Evidence(
                    "interval",
                    .amounts([Amount(rounding: difference.difference.lower), Amount(rounding: difference.difference.upper)])),
                Evidence("beyond_chance", .string(difference.isBeyondChance ? "yes" : "no")),
                Evidence("observations_before", .integer(Int64(difference.observationsBefore))),
                Evidence("observations_after", .integer(Int64(difference.observationsAfter))),
            ]
            if difference.isChanging { facts.append(Evidence("change_stands", .string("yes"))) }
            if let category = difference.category { facts.append(Evidence("category", .string(category))) }
            return String(decoding: FactsJSON.encode(facts), as: UTF8.self) + "\n"
        }
    }
}
