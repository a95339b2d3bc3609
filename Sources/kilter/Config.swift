import ArgumentParser
import KilterEngine

struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at configuration.", discussion: "Example: kilter config check kilter.yaml",
        subcommands: [Check.self, Defaults.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration file.",
            discussion: """
                Says what is wrong with line and column, or lists what is accepted without effect in this build.

                Example: kilter config check kilter.yaml
                """)

        @Argument(help: "The file to check.") var file: String

        func run() async throws {
            try await reportingFailures {
                let configuration = try ConfigurationFile.read(file, profile: nil)
                let notes = configuration.withoutEffect.map {
                    "\(file):\($0.line): \($0.path) is accepted, without effect in this build\n"
                }
                try StandardOutput.write("\(notes.joined())\(file): correct\n")
            }
        }
    }

    struct Defaults: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the complete configuration with every default.",
            discussion: "Example: kilter config defaults > kilter.yaml")

        func run() async throws {
            try await reportingFailures { try StandardOutput.write(Configuration.commentedDefaults) }
        }
    }
}

/// Where a command's configuration comes from.
enum ConfigurationFile {
    /// The file at `path`, or the defaults; `profile` replaces the profile named there.
    static func read(_ path: String?, profile: String?) throws -> Configuration {
        let text = try path.map { String(decoding: try Files.read($0), as: UTF8.self) } ?? ""
        return try Configuration.parse(text, file: path ?? "defaults", profile: profile)
    }
}
