import KilterIntake
import KilterVocabulary
import KilterWire

/// Where spans come in: the endpoint as given, whether it is bound or connected, and its grade.
public struct IngressEndpoint: Sendable, Equatable {
    public enum Grade: String, Sendable { case pull, sub, acked }

    public var grade: Grade
    public var address: String
    public var connects: Bool

    /// `connect:` before an address connects instead of binding.
    public init(_ grade: Grade, _ text: String) {
        self.grade = grade
        connects = text.hasPrefix("connect:")
        address = connects ? String(text.dropFirst("connect:".count)) : text
    }
}

/// The sockets of the receiver's thread. Owned by that thread alone.
struct Ingress: ~Copyable {
    private var sockets: [IngressSocket] = []
    private var poller = Poller()
    private let wake: WakePipe
    /// Addresses as bound, with chosen ports, in the order given.
    private(set) var bound: [String] = []

    /// - Parameter wake: ends a wait when something came by another way.
    init(
        _ endpoints: [IngressEndpoint], context: Context, allowUnauthenticated: Bool, wake: WakePipe
    ) throws(WireError) {
        self.wake = wake
        poller.add(wake)
        for endpoint in endpoints {
            let socket = try IngressSocket(endpoint, context, allowUnauthenticated)
            try poller.add(socket.socket)
            bound.append(socket.address)
            sockets.append(socket)
        }
    }

    /// Waits for input; false when none came in time.
    mutating func wait(milliseconds: Int) throws(WireError) -> Bool {
        let ready = try poller.wait(milliseconds: milliseconds) > 0
        if ready { wake.drain() }
        return ready
    }

    /// Takes one message from the sockets in turn. Nil when all are empty. A message on the acknowledged grade is
    /// answered here, because there is no journal yet.
    mutating func receive(into buffer: inout MessageBuffer, from turn: inout Int) throws(WireError) -> Bool {
        for _ in sockets.indices {
            let at = turn % sockets.count
            turn &+= 1
            let socket = sockets[at]
            guard try socket.socket.receive(into: &buffer) else { continue }
            if socket.grade == .acked {
                try socket.refuse(buffer)
                continue
            }
            return true
        }
        return false
    }
}

/// One ingress socket.
final class IngressSocket {
    let grade: IngressEndpoint.Grade
    let socket: Socket
    let address: String

    /// Messages queued per peer: a few megabytes of the usual batches, not a thousand of the largest.
    private static let queuedMax: Int32 = 64

    init(_ endpoint: IngressEndpoint, _ context: Context, _ allowUnauthenticated: Bool) throws(WireError) {
        var options = SocketOptions()
        options.receiveHighWaterMark = Self.queuedMax
        // Twice what is accepted, so that a message somewhat too large is counted; libzmq cuts off larger ones unseen.
        options.frameBytesMax = Int64(2 * Limits.messageBytesMax)
        let kind: Socket.Kind =
            switch endpoint.grade {
            case .pull: .pull
            case .sub: .sub
            case .acked: .router
            }
        let made = try Socket(kind, in: context, options: options)
        if endpoint.grade == .sub { try made.subscribe("") }
        if endpoint.connects {
            try made.connect(endpoint.address)
            address = endpoint.address
        } else {
            address = try made.bind(endpoint.address, allowUnauthenticated: allowUnauthenticated)
        }
        grade = endpoint.grade
        socket = made
    }

    /// `nack 0 "not durable"`: what a producer of the acknowledged grade hears while there is no journal.
    func refuse(_ message: borrowing MessageBuffer) throws(WireError) {
        guard message.count > 0 else { return }
        let zero = [UInt8](repeating: 0, count: 8)
        _ = try socket.send([message.bytes(0), Array("nack".utf8), zero, Array("not durable".utf8)], wait: false)
    }
}

/// Counts what publishers' sequence numbers say is missing. Several publishers may share a topic: a number that goes on
/// where one of the last eight left off, or ahead of it, belongs to that one; any other begins a new one. Duplicates are
/// never removed here (contract, section 3).
struct InputGaps {
    private var last: [UInt64: [UInt64]] = [:]
    private(set) var missing: UInt64 = 0
    private static let topicsMax = 1_024
    private static let publishersMax = 8
    /// A jump further ahead than this is another publisher, not a loss.
    private static let jumpMax: UInt64 = 100_000

    /// Notes one sequence number; returns how many are missing before it.
    /// - Parameter topic: hash of the topic.
    mutating func note(topic: UInt64, sequence: UInt64) -> UInt64 {
        var cursors = last[topic] ?? []
        if cursors.isEmpty, last.count >= Self.topicsMax { last.removeAll() }
        defer { last[topic] = cursors }
        if let next = cursors.firstIndex(where: { $0 &+ 1 == sequence }) {
            cursors.remove(at: next)
            cursors.append(sequence)
            return 0
        }
        let behind = cursors.indices.filter { cursors[$0] < sequence && sequence - cursors[$0] <= Self.jumpMax }
        guard let nearest = behind.max(by: { cursors[$0] < cursors[$1] }) else {
            if cursors.count >= Self.publishersMax { cursors.removeFirst() }
            cursors.append(sequence)
            return 0
        }
        let gap = sequence - cursors[nearest] - 1
        cursors.remove(at: nearest)
        cursors.append(sequence)
        missing &+= gap
        return gap
    }
}
