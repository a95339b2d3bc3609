import ArgumentParser
import Foundation

@main
struct Kilter: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kilter",
        abstract: "Tells, while it happens, when an AI agent goes off kilter.",
        discussion: """
            Watches OpenTelemetry spans of AI agents, live over ZeroMQ or from recorded files, and publishes alerts and
            circuit-breaker trips that explain themselves.

            Exit codes: 0 done, 1 the answer is no, 64 usage, 65 bad input data, 66 no such input, 69 endpoint
            unavailable, 74 input or output failed, 78 bad configuration.

            Example: kilter replay traces.jsonl
            """,
        version: "kilter \(version)",
        subcommands: [
            Serve.self, ReplayFiles.self, Send.self, Record.self, Watch.self, Generate.self, Evaluate.self, Doctor.self, Baseline.self,
            Config.self, Init.self,
        ])

    static let version = "0.1.0"

    /// A reader of our output that goes away is for each write to notice, not for a signal to end the process; only
    /// where a pipe is cut (`replay … | head`) does the command end quietly.
    static func main() async {
        if fcntl(STDERR_FILENO, F_GETFD) < 0 { _ = open("/dev/null", O_WRONLY) }
        do {
            var command = try parseAsRoot()
            if var waiting = command as? any AsyncParsableCommand { try await waiting.run() } else { try command.run() }
        } catch {
            if exitCode(for: error) == .success { show(fullMessage(for: error)) }
            exit(withError: error)
        }
    }

    /// Help and version are output like any other: where they cannot be written, the command has failed.
    private static func show(_ text: String) -> Never {
        do {
            if !text.isEmpty { try StandardOutput.write(text + "\n") }
        } catch {
            let failure = Failure(error)
            StandardError.line("kilter: \(failure.message)")
            exit(withError: ExitCode(failure.code.rawValue))
        }
        exit()
    }
}
