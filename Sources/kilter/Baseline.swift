import ArgumentParser
import Foundation
import KilterEngine
import KilterVocabulary

struct Baseline: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show, compare and pin what is held for usual.",
        subcommands: [Show.self, Compare.self, Pin.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the baselines in a state that replay --save wrote.",
            discussion: """
                For each agent and signal: how many observations there are, what is usual, and whether a change could be told.
                Where too little is known yet, it says how much more it takes. Medians of values, rates, and of mixes the share of
                the commonest category; under "would be told" the smallest change for the worse that one signal alone would tell
                within 100 observations at the budget in effect, and of single calls the smallest outlier. Groups, whose agents' runs
                are each held against their own, come last.

                Example: kilter replay --save learned.kilter traces/ > events.jsonl; kilter baseline show learned.kilter
                """)

        @Argument(help: "The state that replay --save wrote.") var file: String
        @Option(help: "Configuration under which it was written.") var config: String?
        @Option(help: "Only agents whose name matches this pattern, such as support-*.") var agent = "*"
        @Flag(help: "JSON, one object a line for each agent and signal.") var json = false

        func run() async throws {
            try await reportingFailures {
                let settings = try ConfigurationFile.read(config, profile: nil).settings
                let engine = Engine(settings: settings)
                try Snapshots.check(file) { try engine.restore(try Files.read(file)) }
                let report = engine.baselines
                let agents = report.agents.filter { Glob.matches(agent, $0.agent) } + (agent == "*" ? report.groups : [])
                if agents.isEmpty { StandardError.line("kilter: no agent with a finished run in \(file)") }
                try StandardOutput.write(agents.map(json ? Self.lines : Self.paragraph).joined(separator: json ? "" : "\n"))
            }
        }

        private static func paragraph(_ agent: BaselineReport.Agent) -> String {
            let path =
                agent.group.map { "\(agent.tenant): about \(agent.members) agents of \($0) \(agent.service)\(agent.agent)" }
                ?? [agent.tenant, agent.environment, agent.service, agent.agent].joined(separator: "/")
            let version = agent.version.isEmpty ? "" : ", version \(agent.version)"
            let rows = agent.streams.map { stream in
                [
                    stream.signal, stream.step, state(stream),
                    String(stream.observations), stream.usual.map { "\($0.text) \(stream.unit)" } ?? "-",
                    stream.smallest.map { told in
                        told.to + (told.factor.map { " (×\(Amount(rounding: ($0 * 100).rounded() / 100).text))" } ?? "")
                    } ?? "-", stream.evidence.text,
                ]
            }
            let table = TextTable(["signal", "of", "state", "observations", "usual", "would be told", "evidence"], rows)
            return TerminalText.safe("\(path): \(agent.runs) runs\(version)") + "\n" + table.text
        }

        private static func state(_ stream: BaselineReport.Stream) -> String {
            let state = stream.state == .learning ? "needs about \(stream.missing) more" : stream.state.rawValue
            return stream.isPinned ? (stream.state == .ready ? "pinned" : "\(state), pinned") : state
        }

        private static func lines(_ agent: BaselineReport.Agent) -> String {
            agent.streams.map { stream in
                var facts = [
                    Evidence("tenant", .string(agent.tenant)), Evidence("environment", .string(agent.environment)),
                    Evidence("service", .string(agent.service)), Evidence("agent", .string(agent.agent)),
                    Evidence("version", .string(agent.version)), Evidence("signal", .string(stream.signal)),
                    Evidence("step", .string(stream.step)), Evidence("state", .string(stream.state.rawValue)),
                    Evidence("observations", .integer(Int64(stream.observations))), Evidence("missing", .integer(Int64(stream.missing))),
                ]
                if let usual = stream.usual { facts.append(Evidence("usual", .amount(usual))) }
                if let group = agent.group { facts.append(Evidence("group", .string(group))) }
                if stream.isPinned { facts.append(Evidence("pinned", .string("yes"))) }
                if let told = stream.smallest { facts.append(Evidence("would_be_told", .string(told.to))) }
                facts += [Evidence("unit", .string(stream.unit)), Evidence("evidence", .amount(stream.evidence))]
                return String(decoding: FactsJSON.encode(facts), as: UTF8.self) + "\n"
            }.joined()
        }
    }
}

/// Rows under a heading, columns as wide as their widest cell.
struct TextTable {
    let text: String

    init(_ heading: [String], _ rows: [[String]]) {
        let all = [heading] + rows.map { $0.map { TerminalText.safe($0) } }
        let widths = heading.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        text = all.map { row in
            "  "
                + row.enumerated().map { index, cell in
                    index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count + 2)
                }.joined() + "\n"
        }.joined()
    }
}
