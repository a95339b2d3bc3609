import Foundation
import KilterEngine
import KilterIntake
import KilterVocabulary
import KilterWire
import Seeded

/// One message and when it came.
struct Arrived {
    var frames: [[UInt8]]
    var arrival: EventTime

    /// The message as intake sees it: frames with slack behind them.
    func received<R>(_ body: ([UnsafeBufferPointer<UInt8>]) throws -> R) rethrows -> R {
        var buffer = MessageBuffer()
        for frame in frames { frame.withUnsafeBytes { buffer.append($0) } }
        return try body((0..<buffer.count).map { buffer.frame($0).assumingMemoryBound(to: UInt8.self) })
    }
}

extension Run {
    static func recording(_ messages: [Arrived], endsAt end: EventTime? = nil) -> [UInt8] {
        var bytes = Recording.header(info: "{}")
        for message in messages {
            _ = try? message.received { try Recording.append(frames: $0, arrival: message.arrival, to: &bytes) }
        }
        if let end { Recording.appendMark(arrival: end, to: &bytes) }
        return bytes
    }

    /// The slow oracle of a recording: message by message, asking before each whether 30 s went by without an admitted
    /// record, as the live engine does.
    static func judge(_ messages: [Arrived], endsAt end: EventTime? = nil, settings: Settings = Run.settings) throws -> Said {
        let engine = Engine(settings: settings)
        var decoder = RequestDecoder(rules: settings.intake)
        var inflater = Inflater()
        var said = Said()
        var last: EventTime?
        func pass(until instant: EventTime) {
            while let before = last, instant.nanoseconds >= before.nanoseconds + 30_000_000_000 {
                said.events += encode(engine.tick(.seconds(30)))
                last = before + .seconds(30)
            }
            last = last ?? instant
        }
        func admitted() -> Int64 { fact("processed", Statistics(engine).facts) + fact("late", Statistics(engine).facts) }
        for message in messages {
            pass(until: message.arrival)
            var batch = SpanBatch()
            try message.received { frames in
                let envelope = try Envelope.read(frames)
                let payload = UnsafeRawBufferPointer(frames[envelope.payloadFrame])
                guard Compression(magic: payload) != nil else {
                    return _ = decoder.decode(
                        frames[envelope.payloadFrame], signal: envelope.signal, encoding: envelope.encoding, into: &batch)
                }
                guard let plain = try? inflater.inflate(payload).assumingMemoryBound(to: UInt8.self) else {
                    return batch.quarantine(.badCompression)
                }
                let encoding = envelope.encodingIsDeclared ? envelope.encoding : .recognise(plain)
                _ = decoder.decode(plain, signal: envelope.signal, encoding: encoding, into: &batch)
            }
            let before = admitted()
            said.events += encode(engine.step(&batch, arrival: message.arrival))
            if admitted() != before { last = max(last ?? .zero, message.arrival) }
        }
        if let end { pass(until: end) }
        said.statistics = Statistics(engine).facts
        said.stateHash = engine.stateHash
        return said
    }

    /// A zstd frame that holds `content` as it is, 128 KiB a block.
    static func zstd(_ content: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
        var at = 0
        repeat {
            let count = min(content.count - at, 128 << 10)
            let header = UInt32(count) << 3 | (at + count == content.count ? 1 : 0)
            frame += [UInt8(header & 0xff), UInt8(header >> 8 & 0xff), UInt8(header >> 16 & 0xff)]
            frame += content[at..<at + count]
            at += count
        } while at < content.count
        return frame
    }

    /// The lines as messages of every shape, with pauses of every length between them and junk that does not hold up
    /// time.
    static func messages(_ lines: [[UInt8]], seed: UInt64) -> [Arrived] {
        var random = Seeded(state: seed)
        var now = EventTime(nanoseconds: 1_800_000_000_000_000_000)
        var messages: [Arrived] = []
        for (number, line) in lines.enumerated() {
            let pause: ClosedRange<UInt64>
            switch Int.random(in: 0..<20, using: &random) {
            case 0: pause = 29_000...31_000
            case 1: pause = 0...400_000
            default: pause = 0...3_000
            }
            now = now + .milliseconds(UInt64.random(in: pause, using: &random))
            let sequence = (0..<8).map { UInt8(truncatingIfNeeded: UInt64(number + 1) >> UInt64(56 - 8 * $0)) }
            let payload = Bool.random(using: &random) ? line : zstd(line)
            let shapes = [[Array("traces.otlp_json.shop".utf8), sequence, payload], [Array("traces.otlp_json".utf8), payload], [payload]]
            messages.append(Arrived(frames: shapes[Int.random(in: 0..<3, using: &random)], arrival: now))
            guard Int.random(in: 0..<4, using: &random) == 0 else { continue }
            now = now + .milliseconds(UInt64.random(in: 0...20_000, using: &random))
            let junk = [Array("{\"neither\":1}".utf8), [0x28, 0xb5, 0x2f, 0xfd, 1], Array(line.dropLast(2)), line]
            let bytes = junk[Int.random(in: 0..<junk.count, using: &random)]
            messages.append(Arrived(frames: [Array("traces.otlp_json".utf8), bytes], arrival: now))
        }
        return messages
    }
}
