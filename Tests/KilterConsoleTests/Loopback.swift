import Foundation
import KilterConsole
import KilterEngine
import Logging
import ServiceLifecycle

/// A door on a port of its own with an engine that is played by the test.
enum Door {
    /// Runs `body` with the port of a door that hands every request to `submit`.
    static func open<Result: Sendable>(
        _ limits: ServerLimits = .otlp, counters: OTLPCounters = OTLPCounters(),
        submit: @escaping @Sendable (SubmittedRequest) async -> SubmitOutcome = { _ in .admitted(records: 1, rejected: 0, reason: nil) },
        _ body: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> Result {
        let quiet = Logger(label: "door", factory: { _ in SwiftLogNoOpLogHandler() })
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let door = try OTLPDoor(
            host: "127.0.0.1", port: 0, counters: counters, limits: limits, logger: quiet,
            onRunning: { port.yield($0) }, submit: submit)
        let group = ServiceGroup(services: [door], logger: quiet)
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
}

/// One connection, used byte by byte. Reading blocks a thread of its own: those that serve are as few as the processors.
final class Connection: Sendable {
    private let descriptor: Int32

    /// Guards against a hang; every read ends as soon as the other side says something or closes.
    private static let guardSeconds = 30

    init(port: Int) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var patience = timeval(tv_sec: Self.guardSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let descriptor = descriptor
        let status = withUnsafeBytes(of: &address) { bytes in
            // Guard: the address outlives the call.
            connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
        }
        guard status == 0 else { throw POSIXError(.ECONNREFUSED) }
    }

    deinit { close(descriptor) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var from = 0
        while from < bytes.count {
            let count = Foundation.send(descriptor, Array(bytes[from...]), bytes.count - from, Int32(MSG_NOSIGNAL))
            if count <= 0 { return }
            from += count
        }
    }

    /// Reads until the other side closes, or until `count` whole answers are there.
    func answers(_ count: Int = .max) async -> [Answer] { Answer.all(in: await bytes(answers: count)) }

    /// The same as it came.
    func bytes(answers count: Int = .max) async -> [UInt8] {
        await withCheckedContinuation { (done: CheckedContinuation<[UInt8], Never>) in
            let descriptor = descriptor
            Thread.detachNewThread { [self] in
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4_096)
                while Answer.all(in: bytes).count < count {
                    let received = recv(descriptor, &buffer, buffer.count, 0)
                    if received <= 0 { break }
                    bytes += buffer[..<received]
                }
                withExtendedLifetime(self) { done.resume(returning: bytes) }
            }
        }
    }
}

/// A parsed answer with a `Content-Length`, or an interim one without a body.
struct Answer: Sendable {
    let status: Int
    let headers: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    static func all(in bytes: [UInt8]) -> [Answer] {
        var found: [Answer] = []
        var rest = bytes[...]
        while let end = rest.indices.first(where: { rest[$0...].starts(with: Array("\r\n\r\n".utf8)) }) {
            let lines = String(decoding: rest[..<end], as: UTF8.self).split(separator: "\r\n")
            var headers: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
            }
            let length = headers["content-length"].flatMap { Int($0) } ?? 0
            guard rest.endIndex - (end + 4) >= length else { break }
            let status = lines.first.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
            found.append(Answer(status: status, headers: headers, body: Array(rest[(end + 4)..<(end + 4 + length)])))
            rest = rest[(end + 4 + length)...]
        }
        return found
    }
}
