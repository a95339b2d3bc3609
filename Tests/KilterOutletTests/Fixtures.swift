import KilterOutlet
import KilterVocabulary
import KilterWire
import Seeded
import Testing

extension Seeded {
    /// Text of any scalars, controls and hostile ones often among them.
    mutating func text() -> String {
        let hostile: [Unicode.Scalar] = [
            "\"", "\\", "\n", "\r", "\u{0}", "\u{1B}", "\u{7F}", "\u{9B}", "\u{200B}", "\u{202E}", "\u{2028}", "\u{2029}",
            "\u{2066}", "\u{FEFF}", "\u{E0041}", "/", "é", "😀", "{", "}", "%", ".", "\u{301}", "\u{FFFF}", "\u{10FFFF}",
        ]
        var view = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &self) {
            if Bool.random(using: &self), let scalar = hostile.randomElement(using: &self) {
                view.append(scalar)
            } else if let scalar = Unicode.Scalar(UInt32.random(in: 0...0x10FFFF, using: &self)) {
                view.append(scalar)
            }
        }
        return String(view)
    }
}

/// Long enough that only a failure waits for it.
let guardMilliseconds = 10_000

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// An alert with every field set.
func fullAlert() -> Alert {
    var alert = Alert()
    alert.id = "00112233445566778899aabbccddeeff"
    alert.revision = 3
    alert.state = .resolved
    alert.severity = .critical
    alert.detector = .callCycle
    alert.tier = .identicalOutcome
    (alert.tenant, alert.environment, alert.service, alert.agent) = ("acme", "prod", "shop/eu", "agent.1")
    (alert.agentVersion, alert.run) = ("v2", "run-1")
    alert.traceID = TraceID(high: 1, low: 0xAB)
    alert.spanID = 0xCD
    (alert.tool, alert.model, alert.signal, alert.peer) = ("search", "m-1", "latency", "planner")
    alert.startedAt = EventTime(nanoseconds: 1_700_000_000_000_000_000)
    alert.observedAt = EventTime(nanoseconds: 1_700_000_001_000_000_000)
    alert.time = EventTime(nanoseconds: 1_700_000_002_123_456_789)
    (alert.observed, alert.expected, alert.threshold, alert.unit) = (Amount(12), Amount(-1), Amount(Int64.min), "calls")
    (alert.count, alert.window) = (12, 20)
    alert.evidence = [
        Evidence("rule", .string("in_row")), Evidence("period", .integer(2)), Evidence("cycle", .strings(["a", "b"])),
        Evidence("spans", .facts([Evidence("first", .string("00cd")), Evidence("none", .facts([]))])),
        Evidence("unobserved", .strings([])),
    ]
    (alert.delaySpans, alert.delay) = (11, Nanoseconds(1_000_000_000))
    (alert.advice, alert.summary) = ("Stop.", "12 × the same \"call\"")
    return alert
}

func alert(_ number: Int) -> Event {
    var alert = Alert()
    alert.id = "\(number)"
    alert.tenant = "t"
    alert.summary = String(repeating: "x", count: number % 50)
    return .alert(alert)
}

func breaker(_ id: String, _ generation: UInt64, _ state: BreakerState) -> Event {
    var event = BreakerEvent()
    event.id = id
    event.generation = generation
    event.state = state
    event.tenant = "t"
    event.topicKey = id
    return .breaker(event)
}

func notice(_ number: Int) -> Event {
    .notice(Notice(kind: .shed, time: .zero, summary: "\(number)", facts: []))
}

let testLog = LogID(high: 0x0123_4567_89AB_CDEF, low: 0xFEDC_BA98_7654_3210)

func startPublisher(log: EventLog = EventLog(logID: testLog, epoch: 7), at endpoints: (String, String)? = nil) throws
    -> Publisher
{
    try Publisher.start(
        context: Context.ofProcess(), publishEndpoint: endpoints?.0 ?? "tcp://127.0.0.1:*",
        catchUpEndpoint: endpoints?.1 ?? "tcp://127.0.0.1:*", instance: "test", log: log)
}

func subscribe(_ publisher: Publisher, _ options: Subscription.Options) throws -> Subscription {
    try Subscription(
        context: Context.ofProcess(), publishEndpoint: #require(publisher.publishEndpoint),
        catchUpEndpoint: publisher.catchUpEndpoint, options: options)
}

extension Subscription {
    /// The next item; only a failure waits long.
    mutating func nextItem() throws -> Item {
        let item = try next(milliseconds: guardMilliseconds)
        return try #require(item)
    }

    /// Items up to and with the first that fits.
    mutating func items(until isLast: (Item) -> Bool) throws -> [Item] {
        var items: [Item] = []
        while true {
            items.append(try nextItem())
            if isLast(items[items.count - 1]) { return items }
        }
    }
}
