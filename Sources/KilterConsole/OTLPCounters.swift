import KilterIntake
import Synchronization

/// What came over OTLP/HTTP, counted by signal and status, and who is connected to it and to the console. One object for
/// both servers and the page of metrics.
public final class OTLPCounters: Sendable {
    /// Requests of one signal that were answered with one status.
    package struct Row: Sendable, Equatable {
        package let signal: String
        package let status: Int
        package let requests: UInt64
    }

    package struct Snapshot: Sendable, Equatable {
        /// By signal and status, in that order.
        package var rows: [Row] = []
        /// Of request bodies, as they came.
        package var bytes: UInt64 = 0
        /// Of bodies that are held at this moment.
        package var bytesInFlight = 0
        package var connections: [Connections.Snapshot] = []

        package init() {}
    }

    private struct Counts {
        var requests: [Key: UInt64] = [:]
        var bytes: UInt64 = 0
        var bytesInFlight = 0
    }

    private struct Key: Hashable {
        let signal: OTLPSignal?
        let status: Int
    }

    private let counts = Mutex(Counts())
    package let consoleConnections = Connections(server: "console")
    package let otlpConnections = Connections(server: "otlp")

    public init() {}

    /// - Parameter signal: nil where a request was none of the two.
    func note(_ signal: OTLPSignal?, status: Int) {
        counts.withLock { $0.requests[Key(signal: signal, status: status), default: 0] &+= 1 }
    }

    /// Takes a share of the memory for bodies; false when it would be more than `bytesMax` in all.
    func hold(bytes: Int, of bytesMax: Int) -> Bool {
        counts.withLock {
            $0.bytes &+= UInt64(clamping: bytes)
            guard $0.bytesInFlight + bytes <= bytesMax else { return false }
            $0.bytesInFlight += bytes
            return true
        }
    }

    func release(bytes: Int) { counts.withLock { $0.bytesInFlight -= bytes } }

    package var snapshot: Snapshot {
        let now = counts.withLock { ($0.requests, $0.bytes, $0.bytesInFlight) }
        var snapshot = Snapshot()
        snapshot.rows = now.0.map { Row(signal: Self.name($0.key.signal), status: $0.key.status, requests: $0.value) }
            .sorted { ($0.signal, $0.status) < ($1.signal, $1.status) }
        snapshot.bytes = now.1
        snapshot.bytesInFlight = now.2
        snapshot.connections = [consoleConnections.snapshot, otlpConnections.snapshot]
        return snapshot
    }

    private static func name(_ signal: OTLPSignal?) -> String {
        switch signal {
        case .traces: "traces"
        case .logs: "logs"
        // The door knows no others.
        case .other, nil: "none"
        }
    }
}
