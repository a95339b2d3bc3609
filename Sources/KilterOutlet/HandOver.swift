import KilterWire

/// What an `EventSink` hands to the publisher's thread, as frames of one in-process message.
enum HandOver {
    case event(EncodedEvent)
    /// One JSON object.
    case counters([UInt8])
    case mode(String)
    case stop

    private enum Tag: UInt8 { case event, counters, mode, stop }

    private enum Flag {
        static let breaker: UInt8 = 1
        static let active: UInt8 = 2
        static let provisional: UInt8 = 4
    }

    var frames: [[UInt8]] {
        switch self {
        case .event(let event):
            var flags: UInt8 = 0
            if let breaker = event.breaker {
                flags = Flag.breaker | (breaker.isActive ? Flag.active : 0)
                flags |= breaker.isProvisional ? Flag.provisional : 0
            }
            return [
                [Tag.event.rawValue, UInt8(event.stream.index), flags], event.topic, event.body,
                Array((event.breaker?.id ?? "").utf8),
            ]
        case .counters(let object): return [[Tag.counters.rawValue], object]
        case .mode(let word): return [[Tag.mode.rawValue], Array(word.utf8)]
        case .stop: return [[Tag.stop.rawValue]]
        }
    }

    /// Nil for frames that no sink writes.
    init?(parsing message: borrowing MessageBuffer) {
        guard message.flaw == nil, message.count > 0 else { return nil }
        let head = message.bytes(0)
        switch (head.first.flatMap(Tag.init(rawValue:)), message.count) {
        case (.event, 4):
            guard head.count == 3, Int(head[1]) < EventStream.count else { return nil }
            var event = EncodedEvent(
                stream: EventStream.allCases[Int(head[1])], topic: message.bytes(1), body: message.bytes(2), breaker: nil)
            if head[2] & Flag.breaker != 0 {
                event.breaker = .init(
                    id: String(decoding: message.frame(3), as: UTF8.self), isActive: head[2] & Flag.active != 0,
                    isProvisional: head[2] & Flag.provisional != 0)
            }
            self = .event(event)
        case (.counters, 2): self = .counters(message.bytes(1))
        case (.mode, 2): self = .mode(String(decoding: message.frame(1), as: UTF8.self))
        case (.stop, 1): self = .stop
        default: return nil
        }
    }
}
