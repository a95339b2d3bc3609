import ArgumentParser
import KilterEngine

extension Baseline {
    struct Pin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Freeze what is usual in a state as the reference.",
            discussion: """
                Rates and values of the agents that match, of which enough is known, learn nothing more: what follows is held against
                what is usual now, however slowly it moves and whatever version it is of. A change smaller than the error of so
                many observations is not told. Mixes, embeddings and what is known too little of go on learning. Start with the new
                state: replay --load, or serve --load. With --unpin they go on learning.

                Example: kilter baseline pin learned.kilter --agent support-* --output pinned.kilter
                """)

        @Argument(help: "The state that replay --save wrote.") var file: String
        @Option(help: "Agents whose name matches this pattern, such as support-*.") var agent: String
        @Option(help: "Where to write the state with the pins.") var output: String
        @Option(help: "Configuration under which it was written.") var config: String?
        @Flag(help: "Let them learn again.") var unpin = false

        func run() async throws {
            try await reportingFailures {
                let engine = Engine(settings: try ConfigurationFile.read(config, profile: nil).settings)
                try Snapshots.check(file) { try engine.restore(try Files.read(file)) }
                let pinned = engine.pin(agents: agent, !unpin)
                guard pinned.agents > 0 else { throw Failure(.answerIsNo, "no agent with a finished run matches \(agent)") }
                try Files.write(engine.snapshot(), to: output)
                let what = "\(pinned.streams) signals of \(pinned.agents == 1 ? "one agent" : "\(pinned.agents) agents")"
                StandardError.line(
                    "kilter: \(unpin ? "unpinned" : "pinned") \(what)\(pinned.learning > 0 ? "; \(pinned.learning) go on learning" : "")")
            }
        }
    }
}
