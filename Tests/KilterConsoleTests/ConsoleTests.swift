import KilterConsole
import KilterEngine
import Logging
import ServiceLifecycle
import Testing

@Suite("The console on a socket")
struct ConsoleTests {
    /// Runs `body` with the port of a console before an engine of its own.
    private func open<Result: Sendable>(_ body: @escaping @Sendable (Int) async throws -> Result) async throws -> Result {
        var options = LiveEngine.Options()
        options.ingress = [IngressEndpoint(.pull, "tcp://127.0.0.1:*")]
        options.publish = nil
        options.catchUp = nil
        let engine = try LiveEngine(settings: Configuration.parse("", file: "none").settings, options: options)
        defer { engine.stop() }
        let quiet = Logger(label: "console", factory: { _ in SwiftLogNoOpLogHandler() })
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let console = try Console(
            host: "127.0.0.1", port: 0, engine: engine, counters: OTLPCounters(), version: "1.2.3", logger: quiet,
            onRunning: { port.yield($0) })
        let group = ServiceGroup(services: [console], logger: quiet)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var first = ports.makeAsyncIterator()
            let found = await first.next() ?? 0
            do {
                let result = try await body(found)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return result
            } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
        }
    }

    /// The answer byte by byte, read until the console closes.
    private func ask(_ port: Int, _ request: String) async throws -> String {
        let connection = try Connection(port: port)
        connection.send(request + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return String(decoding: await connection.bytes(), as: UTF8.self)
    }

    @Test("HEAD is GET without its body, and every other method is refused with those that are taken")
    func methods() async throws {
        let paths = ["/healthz", "/readyz", "/metrics", "/v1/doctor"]
        let answers = try await open { port in
            var answers: [[String]] = []
            for path in paths {
                var of: [String] = []
                for method in ["GET", "HEAD", "POST", "DELETE", "OPTIONS"] { of.append(try await ask(port, "\(method) \(path)")) }
                answers.append(of)
            }
            answers.append([try await ask(port, "POST /elsewhere"), try await ask(port, "GET /elsewhere")])
            return answers
        }
        for (path, of) in zip(paths, answers) {
            #expect(of[0].hasPrefix("HTTP/1.1 200") && !of[0].hasSuffix("\r\n\r\n"), "\(path)")
            #expect(of[1].hasPrefix("HTTP/1.1 200") && of[1].hasSuffix("\r\n\r\n"), "\(path)")
            #expect(of[1].lowercased().contains("content-length: ") && !of[1].lowercased().contains("content-length: 0\r\n"), "\(path)")
            for answer in of[2...] {
                #expect(answer.hasPrefix("HTTP/1.1 405") && answer.lowercased().contains("allow: get, head\r\n"), "\(path): \(answer)")
            }
        }
        #expect(answers.last?.allSatisfy { $0.hasPrefix("HTTP/1.1 404") } == true)
    }
}
