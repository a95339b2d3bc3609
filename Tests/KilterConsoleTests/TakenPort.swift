import KilterConsole
import Logging
import ServiceLifecycle

/// A second door on a port that has one.
enum TakenPort {
    /// Returns once the second door has said that it cannot listen and has been told to end.
    static func meet(port: Int, onRunning: @escaping @Sendable () -> Void) async throws {
        let (notices, notice) = AsyncStream.makeStream(of: String.self)
        let logger = Logger(label: "second", factory: { _ in NoticeHandler { notice.yield($0) } })
        let quiet = Logger(label: "group", factory: { _ in SwiftLogNoOpLogHandler() })
        let door = try OTLPDoor(
            host: "127.0.0.1", port: port, counters: OTLPCounters(), logger: logger,
            onRunning: { _ in onRunning() }, submit: { _ in .stopping })
        let group = ServiceGroup(services: [door], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await text in notices where text.contains("already in use") { break }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}

private struct NoticeHandler: LogHandler {
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    var logLevel = Logger.Level.notice
    let take: @Sendable (String) -> Void

    init(_ take: @escaping @Sendable (String) -> Void) { self.take = take }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { take(event.message.description) }
}
