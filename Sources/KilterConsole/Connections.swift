import Logging
import NIOCore
import Synchronization

/// The connections of one server, and who goes when one too many comes.
///
/// A newcomer takes the place of the connection that has been quiet for longest: first of those that have sent no whole
/// header yet, then of those that wait for their next request. Where all are at work it is refused. So whoever holds
/// connections and says nothing keeps nobody out.
package final class Connections: Sendable {
    package struct Snapshot: Sendable, Equatable {
        package var server = ""
        package var open = 0
        /// Quiet connections that were closed for a newcomer.
        package var displaced: UInt64 = 0
        /// Newcomers that were answered 503.
        package var refused: UInt64 = 0

        package init() {}
    }

    private struct State {
        var places = Places<ObjectIdentifier>()
        var channels: [ObjectIdentifier: any Channel] = [:]
        var displaced: UInt64 = 0
        var refused: UInt64 = 0
        var lastLine: ContinuousClock.Instant?
    }

    package let server: String
    private let state = Mutex(State())

    package init(server: String) { self.server = server }

    package var snapshot: Snapshot {
        state.withLock { state in
            var snapshot = Snapshot()
            snapshot.server = server
            snapshot.open = state.channels.count
            snapshot.displaced = state.displaced
            snapshot.refused = state.refused
            return snapshot
        }
    }

    /// Takes a newcomer in, which may cost a quiet connection its place. One that finds none is not among the open ones.
    func open(_ channel: any Channel, connectionsMax: Int) -> Places<ObjectIdentifier>.Seat {
        let (seat, displaced) = state.withLock { state in
            let seat = state.places.open(ObjectIdentifier(channel), of: connectionsMax)
            var displaced: (any Channel)?
            switch seat {
            case .free: break
            case .instead(let quietest):
                displaced = state.channels.removeValue(forKey: quietest)
                state.displaced &+= 1
            case .nowhere:
                state.refused &+= 1
                return (seat, displaced)
            }
            state.channels[ObjectIdentifier(channel)] = channel
            return (seat, displaced)
        }
        displaced?.close(promise: nil)
        return seat
    }

    /// Notes that a request of this connection is read or answered, or that none is any more.
    func note(_ channel: any Channel, isAtWork: Bool) {
        state.withLock { $0.places.note(ObjectIdentifier(channel), isAtWork: isAtWork) }
    }

    func close(_ channel: any Channel) {
        state.withLock { state in
            state.places.close(ObjectIdentifier(channel))
            state.channels[ObjectIdentifier(channel)] = nil
        }
    }

    /// Says that places were taken away or refused.
    func report(connectionsMax: Int, _ logger: Logger) {
        let counts = snapshot
        report(
            """
            all \(connectionsMax) connections of \(server) are taken: so far \(counts.displaced) quiet ones were closed for \
            newcomers, and \(counts.refused) newcomers refused
            """, logger)
    }

    /// Says that a connection could not be accepted at all.
    func report(unaccepted reason: String, _ logger: Logger) {
        report("a connection to \(server) cannot be accepted; the next try is in a second: \(reason)", logger)
    }

    private static let everyLine = Duration.seconds(60)

    /// At most one line a minute.
    private func report(_ line: String, _ logger: Logger) {
        let now = ContinuousClock.now
        let isDue = state.withLock { state in
            if let last = state.lastLine, now - last < Self.everyLine { return false }
            state.lastLine = now
            return true
        }
        if isDue { logger.warning("\(line)", metadata: ["server": "\(server)"]) }
    }
}
