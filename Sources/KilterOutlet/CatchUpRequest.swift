import KilterWire

/// A request on the catch-up socket, behind the peer's name in frame 0.
enum CatchUpRequest: Equatable {
    /// `last` is 0 for everything up to the head.
    case replay(stream: EventStream, first: UInt64, last: UInt64, logID: LogID?)
    case state

    /// Why a request is not understood, in words for its author.
    struct Refusal: Error, Equatable {
        var reason: String
    }

    init(parsing message: borrowing MessageBuffer) throws(Refusal) {
        guard message.flaw == nil else { throw Refusal(reason: "the request is too large") }
        guard message.count >= 2 else { throw Refusal(reason: "the request is empty") }
        switch Self.word(message.frame(1)) {
        case "replay": self = try Self.replay(message)
        case "state":
            guard message.count == 2 else { throw Refusal(reason: "state takes no further frames") }
            self = .state
        default: throw Refusal(reason: "unknown request; known are replay and state")
        }
    }

    private static func replay(_ message: borrowing MessageBuffer) throws(Refusal) -> CatchUpRequest {
        guard message.count == 5 || message.count == 6 else {
            throw Refusal(reason: "replay takes a stream, two 8-byte sequences and perhaps a log id")
        }
        guard let stream = EventStream(rawValue: word(message.frame(2))) else {
            throw Refusal(reason: "unknown stream; known are alert, breaker, incident and notice")
        }
        guard let first = number(message.frame(3)), let last = number(message.frame(4)) else {
            throw Refusal(reason: "sequences are 8 bytes, most significant byte first")
        }
        guard first > 0 else { throw Refusal(reason: "sequences begin at 1") }
        guard last == 0 || last >= first else { throw Refusal(reason: "the last sequence is before the first") }
        guard message.count == 6, !message.frame(5).isEmpty else {
            return .replay(stream: stream, first: first, last: last, logID: nil)
        }
        guard let logID = LogID(bytes: message.frame(5)) else { throw Refusal(reason: "a log id has 16 bytes") }
        return .replay(stream: stream, first: first, last: last, logID: logID)
    }

    private static func word(_ bytes: UnsafeRawBufferPointer) -> String {
        bytes.count <= 16 ? String(decoding: bytes, as: UTF8.self) : ""
    }

    private static func number(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
        bytes.count == 8 ? BigEndian.read(bytes, at: 0) : nil
    }
}

/// Answers on the catch-up socket, without the peer's name.
enum CatchUpReply {
    static func event(_ header: EventHeader, _ body: [UInt8]) -> [[UInt8]] {
        [Array("event".utf8), header.bytes, body]
    }

    static func end(next: UInt64, head: UInt64) -> [[UInt8]] {
        [Array("end".utf8), BigEndian.bytes(next), BigEndian.bytes(head)]
    }

    static func gone(oldest: UInt64) -> [[UInt8]] { [Array("gone".utf8), BigEndian.bytes(oldest)] }
    static func wrongLog(_ logID: LogID) -> [[UInt8]] { [Array("wrong_log".utf8), logID.bytes] }
    static func error(_ reason: String) -> [[UInt8]] { [Array("error".utf8), Array(reason.utf8)] }
}
