import Foundation
import KilterIntake
import KilterVocabulary
import KilterWire

/// Publishes recorded streams to an engine: one message of three frames (topic, sequence, payload) per request. The
/// messages of a recording keep their topic, their compression and the pace at which they came.
public final class StreamSender {
    public enum Pace: Sendable, Equatable {
        case unlimited
        case spansPerSecond(Double)
        /// Recorded time, sped up by this factor.
        case timesRecorded(Double)
    }

    public struct Options: Sendable {
        public var pace = Pace.unlimited
        /// Start again at the end, with fresh trace ids and later times.
        public var loop = false
        /// How long to wait for somebody who takes spans before giving up.
        public var patienceMilliseconds = 5_000
        /// What protobuf payloads carry that do not stand in a recording.
        public var protobuf = OTLPSignal.traces

        public init() {}
    }

    public struct Sent: Sendable {
        public var messages: UInt64 = 0
        public var spans: UInt64 = 0
        /// Requests that are neither traces nor logs, which no engine takes.
        public var passedOver: UInt64 = 0
        /// Files that hold nothing, recordings whose last message is cut.
        public var remarks: [StreamError] = []
    }

    /// Why a stream cannot be sent.
    public enum Failure: Error, CustomStringConvertible {
        case nobodyListens(endpoint: String)
        case loopNeedsJSON(file: String)
        case messageTooLarge(file: String, bytes: Int)

        public var description: String {
            switch self {
            case .nobodyListens(let endpoint): "\(endpoint): nobody takes spans there"
            case .loopNeedsJSON(let file): "\(file): only uncompressed JSON requests can be sent in a loop"
            case .messageTooLarge(let file, let bytes):
                "\(file): a request of \(bytes) bytes is more than one message may have (\(Limits.messageBytesMax))"
            }
        }
    }

    private let socket: Socket
    private let endpoint: String
    private let options: Options
    private let lane = DecodeLane(rules: IntakeRules())
    private var sent = Sent()
    /// Messages sent so far, by topic.
    private var sequences: [[UInt8]: UInt64] = [:]
    private var begun: ContinuousClock.Instant?
    private var firstTime: UInt64?
    private var lastTime: UInt64 = 0
    private var round: UInt64 = 0

    public init(to endpoint: String, options: Options) throws {
        var settings = SocketOptions()
        settings.immediate = true
        settings.lingerMilliseconds = 10_000
        socket = try Socket(.push, in: try Context.ofProcess(), options: settings)
        try socket.connect(endpoint)
        self.endpoint = endpoint
        self.options = options
    }

    /// Sends the files in order; with `loop` it never returns.
    public func run(_ paths: [String]) throws -> Sent {
        repeat {
            for path in paths { try send(path) }
            round += 1
            if sent.messages == 0 { break }
        } while options.loop
        if sent.messages == 0, let remark = sent.remarks.first { throw remark }
        return sent
    }

    private func send(_ path: String) throws {
        var stream = try StreamFile(path: path, protobuf: options.protobuf)
        do {
            while try stream.read(into: &lane.block) {
                for payload in lane.block.payloads { try send(payload, of: stream.name) }
            }
        } catch let failure as StreamError where failure.sparesOthers(in: stream.format) {
            if round == 0 { sent.remarks.append(failure) }
        }
    }

    private func send(_ payload: StreamPayload, of file: String) throws {
        guard payload.count <= Limits.messageBytesMax else { throw Failure.messageTooLarge(file: file, bytes: payload.count) }
        guard payload.signal != .other else { return sent.passedOver += 1 }
        // Marks of a recording, and requests that hold nothing.
        if payload.count == 0 { return }
        lane.decode(payload)
        wait(for: payload)
        var bytes = Array(lane.block.bytes(of: payload))
        if round > 0 {
            guard payload.encoding == .json, bytes.first == UInt8(ascii: "{") else { throw Failure.loopNeedsJSON(file: file) }
            bytes = RepeatedStream.rewrite(bytes, round: round, shift: round &* (lastTime - (firstTime ?? lastTime) &+ 1_000_000_000))
        }
        guard try socket.waitWritable(milliseconds: options.patienceMilliseconds) else {
            throw Failure.nobodyListens(endpoint: endpoint)
        }
        _ = try socket.send(frames(of: payload, bytes))
        sent.messages += 1
        sent.spans += UInt64(lane.batch.rows.count)
    }

    private func frames(of payload: StreamPayload, _ bytes: [UInt8]) -> [[UInt8]] {
        // It came without a topic, and nobody but the decoder knows its encoding.
        guard payload.encodingIsDeclared else { return [bytes] }
        let topic = payload.topicBytes > 0 ? Array(lane.block.topic(of: payload)) : Array(payload.envelope.topic.utf8)
        let sequence = sequences[topic, default: 0] + 1
        sequences[topic] = sequence
        let number = (0..<8).map { UInt8(truncatingIfNeeded: sequence >> UInt64(56 - 8 * $0)) }
        return [topic, number, bytes]
    }

    /// Sleeps until the payload in the lane is due: by its arrival where that is known, else by its spans' ends.
    private func wait(for payload: StreamPayload) {
        let now = ContinuousClock.now
        let start = begun ?? now
        begun = start
        let latest = lane.batch.rows.lazy.map(\.endNanoseconds).filter { $0 > 0 }.max()
        let end = payload.arrival?.nanoseconds ?? latest ?? lastTime
        if round == 0 {
            firstTime = min(firstTime ?? end, end)
            lastTime = max(lastTime, end)
        }
        let due: Double
        switch options.pace {
        case .unlimited: return
        case .spansPerSecond(let rate): due = Double(sent.spans) / rate
        case .timesRecorded(let factor):
            let first = firstTime ?? end
            let passed = (end > first ? end - first : 0) &+ round &* (lastTime - first &+ 1_000_000_000)
            due = Double(passed) / 1e9 / factor
        }
        let left = due - Double((now - start).components.seconds) - Double((now - start).components.attoseconds) / 1e18
        if left > 0.001 { Thread.sleep(forTimeInterval: min(left, 3_600)) }
    }
}

/// A JSON stream as its own sequel: other trace ids, later times, the same length.
enum RepeatedStream {
    /// Rewrites the values of `traceId` and of the two times in place of the old ones.
    static func rewrite(_ bytes: [UInt8], round: UInt64, shift: UInt64) -> [UInt8] {
        var out = bytes
        let mark = Array(Hex.string(round).suffix(8).utf8)
        for key in ["\"traceId\"", "\"startTimeUnixNano\"", "\"endTimeUnixNano\""] {
            var from = 0
            while let value = nextValue(of: Array(key.utf8), in: out, from: &from) {
                if key == "\"traceId\"" {
                    guard value.count >= 8 else { continue }
                    for step in 0..<8 { out[value.lowerBound + step] = mark[step] }
                } else if let time = UInt64(String(decoding: out[value], as: UTF8.self)) {
                    let later = Array(String(time &+ shift).utf8)
                    if later.count == value.count { out.replaceSubrange(value, with: later) }
                }
            }
        }
        return out
    }

    /// Range of the next value of `key`, without quotes.
    private static func nextValue(of key: [UInt8], in bytes: [UInt8], from: inout Int) -> Range<Int>? {
        while from + key.count < bytes.count {
            guard bytes[from] == key[0], bytes[from..<from + key.count].elementsEqual(key) else {
                from += 1
                continue
            }
            from += key.count
            var start = from
            while start < bytes.count, [0x20, 0x3a, 0x22].contains(bytes[start]) { start += 1 }
            var end = start
            while end < bytes.count, ![0x22, 0x2c, 0x7d].contains(bytes[end]) { end += 1 }
            from = end
            return start..<end
        }
        return nil
    }
}
