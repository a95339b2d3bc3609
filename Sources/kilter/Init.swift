import ArgumentParser
import Foundation
import KilterModels

struct Init: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print ready-made configuration of the programs around an engine.",
        discussion: """
            collector: an OpenTelemetry Collector that hands spans and logs on. python: tracing of a Python agent.
            systemd: the engine as a service. prometheus: scraping of the engine, and alerts on its health. Addresses are
            those that serve has; give the same options where yours differ. Nothing that exists is written over.

            Example: kilter init collector > collector.yaml
            """)

    @Argument(help: "collector, python, systemd or prometheus.") var kind: Glue.Kind
    @Option(help: "Folder to write the files to; - prints them.") var out = "-"
    @Option(help: "Where pipelines PUSH spans to.") var pull = "tcp://127.0.0.1:5555"
    @Option(help: "Where publishers PUB spans to.") var sub = "tcp://127.0.0.1:5556"
    @Option(help: "Acknowledged spans.") var acked = "tcp://127.0.0.1:5557"
    @Option(help: "Where alerts and breaker events are published.") var publish = "tcp://127.0.0.1:5558"
    @Option(help: "Where missed events are asked for.") var catchup = "tcp://127.0.0.1:5559"
    @Option(help: "HTTP address of the engine.") var http = "127.0.0.1:5560"
    @Option(help: "OTLP/HTTP address of the engine.") var otlpHttp = "127.0.0.1:4318"

    func run() async throws {
        try await reportingFailures {
            var texts: [(file: String, text: String)] = []
            for file in kind.files { texts.append((file, try fill(file))) }
            if out == "-" {
                try StandardOutput.write(texts.map(\.text).joined(separator: "---\n"))
            } else {
                for (file, text) in texts { try write(text, to: file) }
            }
        }
    }

    private func fill(_ file: String) throws -> String {
        guard let template = Models.bundled.glue(file) else {
            throw Failure(.noInput, "the folder kilter_KilterModels.resources does not lie beside this program; copy it there")
        }
        let addresses = try addresses(in: template)
        do {
            return try template.filled(addresses.merging(["program": program]) { own, _ in own })
        } catch {
            throw Failure(.inputOutput, "\(file): no value is known for {{\(error.placeholder)}}")
        }
    }

    /// The addresses that a template asks for. A service may have any of them off; others need the one they talk to.
    private func addresses(in template: Glue) throws -> [String: String] {
        let all = [
            "pull": pull, "sub": sub, "acked": acked, "publish": publish, "catchup": catchup, "http": http, "otlp_http": otlpHttp,
        ]
        guard [pull, sub, acked].contains(where: { $0 != "off" }) else {
            throw Failure(.usage, "no endpoint left for spans: --pull, --sub and --acked are all off")
        }
        var addresses: [String: String] = [:]
        for (name, address) in all { addresses[name] = try checked(address, name, isUsed: template.placeholders.contains(name)) }
        return addresses
    }

    /// An address as `serve` understands it, in full; one that `serve` would refuse is refused here, used or not.
    private func checked(_ address: String, _ name: String, isUsed: Bool) throws -> String {
        let option = "--\(name.replacing("_", with: "-"))"
        let isBound = address != "off" && !address.hasPrefix("connect:")
        var full = address
        if name == "http" || name == "otlp_http" {
            if isBound { _ = try Addresses.http(address, option) }
        } else if address != "off" {
            guard isBound || ["pull", "sub", "acked"].contains(name) else {
                throw Failure(.usage, "\(option) \(address): events are published on an address that the engine binds")
            }
            full = try Addresses.messaging(address, option)
        }
        guard full.allSatisfy(Self.isOfAddress) else { throw Failure(.usage, "\(option) \(address): not an address") }
        guard isUsed, kind != .systemd else { return full }
        guard isBound, !full.hasSuffix(":*"), !full.hasSuffix(":0") else {
            throw Failure(.usage, "\(option) \(address): \(kind.rawValue) needs an address that the engine binds, with its port")
        }
        return full
    }

    /// What stands in addresses and means nothing to YAML, Python or systemd between their quotes and blanks.
    private static func isOfAddress(_ letter: Character) -> Bool {
        letter.isASCII && (letter.isLetter || letter.isNumber || ":/._-*@[]".contains(letter))
    }

    /// This program, as systemd writes it.
    private var program: String {
        let path = Bundle.main.executableURL?.resolvingSymlinksInPath().path ?? "/usr/local/bin/kilter"
        return path.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("%", with: "%%").replacing("$", with: "$$")
    }

    private func write(_ text: String, to file: String) throws {
        let path = out.hasSuffix("/") ? out + file : "\(out)/\(file)"
        do {
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .withoutOverwriting)
        } catch {
            let exists = FileManager.default.fileExists(atPath: path)
            throw Failure(.inputOutput, exists ? "\(path): exists already, and is left as it is" : "\(path): cannot be written")
        }
        StandardError.line("kilter: wrote \(TerminalText.safe(path))")
    }
}

extension Glue.Kind: ExpressibleByArgument {}
