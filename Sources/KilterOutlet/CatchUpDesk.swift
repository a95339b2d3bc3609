import KilterWire

/// Answers requests on the catch-up socket: several at once, in turns, and without ever dropping an answer. A peer that
/// is slow to read keeps its place; a peer that has gone is forgotten.
package struct CatchUpDesk {
    /// Requests of one peer that are answered at once.
    package static let perPeerMax = 2
    /// Peers that are served at once.
    package static let peersMax = 64
    /// Events that one request gets before the next has its turn, and bytes of all in one call of `advance`.
    static let eventsPerTurn = 64
    static let bytesPerCall = 1 << 20
    /// A peer that has read nothing for so long makes room when a new one needs it.
    private let stallMax: Duration

    package enum Progress { case idle, blocked, more }

    private struct Answer {
        var peer: [UInt8]
        var rest: Rest
        var blockedSince: ContinuousClock.Instant?
    }

    /// What of an answer is still to be sent.
    private enum Rest {
        case replay(stream: EventStream, next: UInt64, last: UInt64)
        case state(breakers: [EventLog.ActiveBreaker], index: Int, head: UInt64)
        case closing([[UInt8]])

        var isEmpty: Bool {
            if case .closing(let frames) = self { return frames.isEmpty }
            return false
        }
    }

    private var answers: [Answer] = []
    private var first = 0
    package private(set) var counts = CatchUpCounts()

    package init(stallMax: Duration = .seconds(10)) { self.stallMax = stallMax }

    // MARK: Requests

    /// Takes one request; what it may not have is answered with an error.
    package mutating func accept(
        _ message: borrowing MessageBuffer, log: inout EventLog, router: borrowing Socket
    ) throws(WireError) {
        counts.requests += 1
        guard message.count > 0 else { return }
        let peer = message.bytes(0)
        do throws(CatchUpRequest.Refusal) {
            let request = try CatchUpRequest(parsing: message)
            try makeRoom(for: peer)
            answers.append(Answer(peer: peer, rest: Self.rest(of: request, log: &log)))
        } catch {
            counts.refusals += 1
            let outcome = try router.send([peer] + CatchUpReply.error(error.reason), wait: false)
            // A peer that floods this socket and reads nothing is not owed a queue for its errors.
            if outcome != .sent { counts.errorsDropped += 1 }
        }
    }

    private mutating func makeRoom(for peer: [UInt8]) throws(CatchUpRequest.Refusal) {
        guard answers.count(where: { $0.peer == peer }) < Self.perPeerMax else {
            throw .init(reason: "\(Self.perPeerMax) requests of this peer are being answered already")
        }
        var peers: [[UInt8]] = []
        for answer in answers where !peers.contains(answer.peer) { peers.append(answer.peer) }
        guard peers.count >= Self.peersMax, !peers.contains(peer) else { return }
        let limit = ContinuousClock.now - stallMax
        var slowest: (peer: [UInt8], since: ContinuousClock.Instant)?
        for answer in answers {
            guard let since = answer.blockedSince, since <= slowest?.since ?? limit else { continue }
            slowest = (answer.peer, since)
        }
        guard let slowest else { throw .init(reason: "\(Self.peersMax) peers are being answered already") }
        forget(slowest.peer)
    }

    private static func rest(of request: CatchUpRequest, log: inout EventLog) -> Rest {
        switch request {
        case .state:
            return .state(breakers: log.activeBreakers(), index: 0, head: log.head(.breaker))
        case .replay(let stream, let first, let last, let logID):
            if let logID, logID != log.logID { return .closing(CatchUpReply.wrongLog(log.logID)) }
            let head = log.head(stream)
            return .replay(stream: stream, next: min(first, head &+ 1), last: last == 0 ? head : min(last, head))
        }
    }

    // MARK: Answers

    /// Sends a bounded part of what is owed, every request in its turn.
    package mutating func advance(log: EventLog, router: borrowing Socket) throws(WireError) -> Progress {
        guard !answers.isEmpty else { return .idle }
        var bytes = 0
        var moved = false
        var gone: [[UInt8]] = []
        let count = answers.count
        first %= count
        for offset in 0..<count where bytes < Self.bytesPerCall {
            let index = (first + offset) % count
            guard !gone.contains(answers[index].peer) else { continue }
            let before = bytes
            let outcome = try Self.serve(&answers[index], log: log, router: router, bytes: &bytes)
            if outcome == .unreachable { gone.append(answers[index].peer) }
            let stalled = outcome == .wouldBlock && bytes == before
            answers[index].blockedSince = stalled ? answers[index].blockedSince ?? .now : nil
            if outcome != .wouldBlock { moved = true }
        }
        first += 1
        answers.removeAll { $0.rest.isEmpty }
        for peer in gone { forget(peer) }
        return answers.isEmpty ? .idle : moved ? .more : .blocked
    }

    /// One turn of one answer. `sent` says that its turn or the answer itself is over.
    private static func serve(
        _ answer: inout Answer, log: EventLog, router: borrowing Socket, bytes: inout Int
    ) throws(WireError) -> Socket.SendOutcome {
        for _ in 0..<eventsPerTurn {
            let (frames, after) = step(answer.rest, log: log)
            let outcome = try router.send([answer.peer] + frames, wait: false)
            guard outcome == .sent else { return outcome }
            answer.rest = after
            for frame in frames { bytes += frame.count }
            if answer.rest.isEmpty || bytes >= bytesPerCall { break }
        }
        return .sent
    }

    /// The next reply, and what is left when it has been sent.
    private static func step(_ rest: Rest, log: EventLog) -> (frames: [[UInt8]], after: Rest) {
        switch rest {
        case .replay(let stream, let next, let last):
            let oldest = log.oldest(stream)
            // The log may also have dropped events since the request.
            if next < oldest { return (CatchUpReply.gone(oldest: oldest), .closing([])) }
            guard next <= last, let body = log.body(stream, next) else {
                return (CatchUpReply.end(next: next, head: log.head(stream)), .closing([]))
            }
            return (CatchUpReply.event(log.header(next), body), .replay(stream: stream, next: next + 1, last: last))
        case .state(let breakers, let index, let head):
            guard index < breakers.count else {
                return (CatchUpReply.end(next: head &+ 1, head: head), .closing([]))
            }
            let breaker = breakers[index]
            return (
                CatchUpReply.event(log.header(breaker.sequence), breaker.body),
                .state(breakers: breakers, index: index + 1, head: head)
            )
        case .closing(let frames):
            return (frames, .closing([]))
        }
    }

    private mutating func forget(_ peer: [UInt8]) {
        counts.peersForgotten += 1
        answers.removeAll { $0.peer == peer }
    }
}

/// What the catch-up socket has seen since the start.
public struct CatchUpCounts: Sendable, Equatable {
    public var requests = 0
    /// Requests answered with an error.
    public var refusals = 0
    /// Errors that their author did not take.
    public var errorsDropped = 0
    /// Peers that left, or were put out as stalled, before they were answered in full.
    public var peersForgotten = 0
}
