/// How far a subscriber has come in one stream: what is delivered, what is known to exist, and what came too early.
package struct StreamCursor {
    package let stream: EventStream
    /// Sequence to deliver next; nil until it is known where to begin.
    package private(set) var next: UInt64?
    /// Newest sequence heard of.
    package private(set) var head: UInt64 = 0
    /// Events ahead of a gap, by rising sequence.
    private var early: [Delivery] = []
    private var earlyBytes = 0

    package struct Delivery: Equatable {
        package var sequence: UInt64
        package var epoch: UInt64
        package var body: [UInt8]

        package init(sequence: UInt64, epoch: UInt64, body: [UInt8]) {
            self.sequence = sequence
            self.epoch = epoch
            self.body = body
        }
    }

    /// Events and bytes kept ahead of a gap. What comes beyond is fetched again with the gap.
    package static let earlyMax = 8_192
    package static let earlyBytesMax = 16 << 20

    package init(stream: EventStream, next: UInt64? = nil) {
        self.stream = stream
        self.next = next
    }

    /// The next gap that must be fetched: from the event to deliver up to the one before the earliest kept.
    package var missing: ClosedRange<UInt64>? {
        guard let next, next <= head else { return nil }
        guard let first = early.first else { return next...head }
        return next < first.sequence ? next...(first.sequence - 1) : nil
    }

    /// Where to begin, once it is known. Returns what can be delivered.
    package mutating func begin(at sequence: UInt64) -> [Delivery] {
        next = max(sequence, 1)
        return release()
    }

    /// Notes how far the stream has come.
    package mutating func learn(head: UInt64) { self.head = max(self.head, head) }

    /// Takes an event, live or fetched, and returns what can be delivered now: each event once, in order.
    package mutating func take(_ event: Delivery) -> [Delivery] {
        head = max(head, event.sequence)
        guard let next, event.sequence == next else {
            if event.sequence > next ?? 0 { keep(event) }
            return []
        }
        self.next = next &+ 1
        return [event] + release()
    }

    /// Gives up on everything before `sequence`. Returns the range given up, and what can be delivered now.
    package mutating func skip(to sequence: UInt64) -> (lost: ClosedRange<UInt64>?, released: [Delivery]) {
        guard let next, sequence > next else { return (nil, []) }
        self.next = sequence
        return (next...(sequence - 1), release())
    }

    private mutating func keep(_ event: Delivery) {
        guard early.count < Self.earlyMax, event.body.count <= Self.earlyBytesMax - earlyBytes,
            event.sequence > early.last?.sequence ?? 0
        else { return }
        early.append(event)
        earlyBytes += event.body.count
    }

    /// The kept events from `next` on that follow each other; older ones are forgotten.
    private mutating func release() -> [Delivery] {
        guard var next else { return [] }
        var released: [Delivery] = []
        var passed = 0
        for event in early {
            guard event.sequence <= next else { break }
            passed += 1
            earlyBytes -= event.body.count
            if event.sequence == next {
                released.append(event)
                next &+= 1
            }
        }
        early.removeFirst(passed)
        self.next = next
        return released
    }
}
