import KilterVocabulary

/// Why outside bytes were refused; thrown inside intake and counted by whoever owns the batch.
public struct Refusal: Error, Equatable, Sendable {
    public let reason: QuarantineReason

    @inlinable public init(_ reason: QuarantineReason) { self.reason = reason }
}

/// What kind of telemetry a message claims to carry.
public enum OTLPSignal: UInt8, Sendable {
    case traces, logs
    /// Metrics, profiles: refused as `unsupported_signal`.
    case other
}

/// How an OTLP request is written.
public enum PayloadEncoding: UInt8, Sendable {
    case json, protobuf

    /// Recognises uncompressed bytes: after optional white space or a byte order mark an opening brace is JSON, all
    /// else protobuf. A protobuf request may start with a line feed and a brace too (field 1 of 123 bytes), so after
    /// white space the brace must be followed by a quote and the text must end in a brace.
    public static func recognise(_ payload: UnsafeBufferPointer<UInt8>) -> PayloadEncoding {
        var index = 0
        if payload.count >= 3 && payload[0] == 0xef && payload[1] == 0xbb && payload[2] == 0xbf { index = 3 }
        let start = skipSpace(payload, from: index)
        guard start < payload.count, payload[start] == UInt8(ascii: "{") else { return .protobuf }
        let inside = skipSpace(payload, from: start + 1)
        guard start > index, inside < payload.count else { return .json }
        let last = payload.last { !isSpace($0) }
        let opens = payload[inside] == UInt8(ascii: "\"") || payload[inside] == UInt8(ascii: "}")
        return opens && last == UInt8(ascii: "}") ? .json : .protobuf
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d }

    private static func skipSpace(_ payload: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        while index < payload.count && isSpace(payload[index]) { index += 1 }
        return index
    }
}

/// What the frames of one ZeroMQ message say about its payload (contract, section 3).
public struct Envelope: Equatable, Sendable {
    public var signal: OTLPSignal
    public var encoding: PayloadEncoding
    /// False for a lone payload frame, whose encoding was guessed from its first bytes: after inflating a compressed
    /// one, ask `PayloadEncoding.recognise` again.
    public var encodingIsDeclared: Bool
    /// The publisher's sequence number, when the header frame held one.
    public var sequence: UInt64?
    /// The publisher's own routing key: what follows `<signal>.<encoding>.` in the topic, as a range of frame 0.
    public var suffix: Range<Int>
    /// Which frame is the payload.
    public var payloadFrame: Int

    /// The topic that says this much and no more.
    public var topic: String {
        let form = encoding == .json ? "otlp_json" : "otlp_proto"
        return "\(signal).\(form)"
    }

    /// Reads the frames of one message: topic, optional header and payload; topic and payload; or payload alone.
    /// Cost: some tens of nanoseconds, no allocation.
    public static func read(_ frames: [UnsafeBufferPointer<UInt8>]) throws(Refusal) -> Envelope {
        switch frames.count {
        case 1:
            return Envelope(
                signal: .traces, encoding: .recognise(frames[0]), encodingIsDeclared: false,
                sequence: nil, suffix: 0..<0, payloadFrame: 0)
        case 2, 3:
            var envelope = try readTopic(frames[0])
            envelope.payloadFrame = frames.count - 1
            if frames.count == 3 { envelope.sequence = try readHeader(frames[1]) }
            return envelope
        default:
            throw Refusal(.malformedFrames)
        }
    }

    /// An empty header is no sequence; a longer one than eight bytes, or a shorter, is refused.
    private static func readHeader(_ header: UnsafeBufferPointer<UInt8>) throws(Refusal) -> UInt64? {
        if header.isEmpty { return nil }
        guard header.count == 8 else { throw Refusal(.malformedFrames) }
        return header.reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func readTopic(_ topic: UnsafeBufferPointer<UInt8>) throws(Refusal) -> Envelope {
        let dot = UInt8(ascii: ".")
        let signalEnd = topic.firstIndex(of: dot) ?? topic.count
        let signal: OTLPSignal
        if equal(topic[..<signalEnd], "traces") {
            signal = .traces
        } else if equal(topic[..<signalEnd], "logs") {
            signal = .logs
        } else {
            throw Refusal(.unsupportedSignal)
        }
        guard signalEnd < topic.count else { throw Refusal(.unsupportedEncoding) }
        let rest = topic[(signalEnd + 1)...]
        let encodingEnd = rest.firstIndex(of: dot) ?? topic.count
        let word = topic[(signalEnd + 1)..<encodingEnd]
        let encoding: PayloadEncoding
        if equal(word, "otlp_proto") {
            encoding = .protobuf
        } else if equal(word, "otlp_json") {
            encoding = .json
        } else {
            throw Refusal(.unsupportedEncoding)
        }
        let suffix = min(encodingEnd + 1, topic.count)..<topic.count
        return Envelope(
            signal: signal, encoding: encoding, encodingIsDeclared: true,
            sequence: nil, suffix: suffix, payloadFrame: 0)
    }

    private static func equal(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, _ word: StaticString) -> Bool {
        bytes.count == word.utf8CodeUnitCount && zip(bytes, 0...).allSatisfy { $0 == word.utf8Start[$1] }
    }
}
