import ArgumentParser
import Foundation
import KilterEngine
import KilterIntake

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say what Kilter can and cannot see of each agent, and the one line that mends it.",
        discussion: """
            Without files it asks a running engine; with files it runs them through an engine of its own and publishes
            nothing. A detector is live (sees what it needs), limited (only in part, or weaker evidence), blind, or idle
            (nothing of its kind has happened). Ages on arrival are known of a live engine only. Of each agent's main signals
            it says how small a change could be and still be told within a week: with the budget in effect, what is
            known so far, and the traffic seen so far.

            Example: kilter doctor traces/
            """)

    @Argument(help: "Recorded streams to look at instead of a running engine.") var files: [String] = []
    @Option(help: "HTTP address of the running engine.") var engine = "http://127.0.0.1:5560"
    @Option(help: "Configuration file, for files.") var config: String?
    @Option(help: "text or json.") var format = DoctorFormat.text
    @Flag(help: "Exit 1 when something is missing.") var strict = false

    func run() async throws {
        try await reportingFailures {
            var output = StandardOutput()
            let diagnosis = files.isEmpty ? try await ask() : try examine()
            switch format {
            case .json:
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                try output.write(try encoder.encode(diagnosis) + [10])
            case .text: try output.write(DoctorText(inColour: StandardOutput.isTerminal).render(diagnosis).utf8)
            }
            try output.flush()
            if strict && !diagnosis.isHealthy { throw Failure(.answerIsNo, "something is missing; see above") }
        }
    }

    private func examine() throws -> Diagnosis {
        let configuration = try ConfigurationFile.read(config, profile: nil)
        let engine = Engine(settings: configuration.settings, takesCensus: true)
        let set = try StreamSet(arguments: files)
        for skipped in set.skipped { StandardError.line("kilter: passed over \(TerminalText.safe(skipped.path)): \(skipped.reason)") }
        let bar = ProgressBar()
        let replay = Replay(engine: engine, report: bar.show) { _ in }
        defer { bar.clear() }
        try replay.run(set.files)
        for remark in replay.remarks { StandardError.line("kilter: \(TerminalText.safe(remark.message))") }
        return engine.diagnosis()
    }

    private func ask() async throws -> Diagnosis {
        guard let url = URL(string: engine + "/v1/doctor"), url.host != nil else {
            throw Failure(.usage, "\(engine): not an address; write http://127.0.0.1:5560")
        }
        var request = URLRequest(url: url)
        request.timeoutInterval = 10
        let answer: (Data, URLResponse)
        do { answer = try await URLSession.shared.data(for: request) } catch {
            throw Failure(.unavailable, "\(engine): no engine answers there; start one with kilter serve, or name files")
        }
        guard (answer.1 as? HTTPURLResponse)?.statusCode == 200,
            let diagnosis = try? JSONDecoder().decode(Diagnosis.self, from: answer.0)
        else { throw Failure(.unavailable, "\(engine): what answers there is no engine of this build") }
        return diagnosis
    }
}

enum DoctorFormat: String, ExpressibleByArgument, CaseIterable { case text, json }
