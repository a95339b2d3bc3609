import KilterIntake
import KilterMath
import KilterOutlet
import KilterVocabulary
import KilterWire

/// The receiver's thread: one round takes a burst of messages through the whole walk.
final class Receiver: @unchecked Sendable { // Guard: made on one thread, then used by the receiver's thread only.
    let engine: Engine
    private(set) var gaps = InputGaps()
    private(set) var messages: UInt64 = 0
    var meter = Meter()
    private var ingress: Ingress
    private let sink: EventSink
    private let lanes: [MessageLane]
    private let mailbox: Mailbox
    private var turn = 0
    private let clock = ContinuousClock()
    private let started: ContinuousClock.Instant
    private var idle = IdleTicks()
    private var lastCounters: ContinuousClock.Instant
    private var lastGapNotice: ContinuousClock.Instant?

    private static let countersEvery = Duration.milliseconds(250)
    private static let gapNoticesEvery = Duration.seconds(10)

    init(engine: Engine, ingress: consuming Ingress, mailbox: Mailbox, sink: consuming EventSink) {
        self.engine = engine
        self.mailbox = mailbox
        self.ingress = ingress
        self.sink = sink
        lanes = (0..<engine.workers).map { _ in MessageLane(rules: engine.settings.intake) }
        started = clock.now
        lastCounters = started
    }

    /// Waits for input, takes what is there, publishes what comes of it.
    func round(milliseconds: Int) throws {
        if try ingress.wait(milliseconds: milliseconds) {
            // Bounded, so that a flood does not keep the thread from hearing that it is to stop.
            var sockets = true
            var letters = true
            for _ in 0..<Self.burstsPerRound where sockets || letters {
                if sockets { sockets = try burst() }
                if letters { letters = try takeLetters() }
            }
            // What the bound left over must not wait for the next signal.
            if letters { mailbox.wake.signal() }
        }
        for errand in mailbox.takeErrands() { errand(self) }
        try letTimePass(until: instant)
        try sendCountersWhenDue()
    }

    private static let burstsPerRound = 64

    /// Records that were judged, whether in order or late.
    private var admitted: UInt64 {
        engine.admission.counts[Int(Outcome.processed.rawValue)] &+ engine.admission.counts[Int(Outcome.late.rawValue)]
    }

    /// Says what an engine that starts with a state must say: every breaker that is not closed.
    func announce() throws {
        try publish(engine.openBreakers.map(Event.breaker))
        try sink.send(counters: Statistics(engine).facts)
    }

    /// Takes what has arrived already, a bounded amount of it.
    func finish() throws {
        mailbox.close()
        for _ in 0..<Self.burstsPerRound where try !burst() { break }
        while try takeLetters() {}
        try sink.send(counters: Statistics(engine).facts)
    }

    /// Fills the lanes, decodes them side by side and judges them one after the other. False when nothing was there.
    private func burst() throws -> Bool {
        let filled = try fillLanes()
        guard filled > 0 else { return false }
        let (instant, before) = (self.instant, admitted)
        try letTimePass(until: instant)
        let lanes = self.lanes
        meter.begin()
        engine.crew.run { worker in
            if worker < filled { lanes[worker].decode() }
        }
        meter.end(.decode)
        let arrival = WallClock.now
        for lane in lanes[..<filled] {
            messages &+= UInt64(lane.count)
            meter.noteMessages(bytes: lane.bytes)
            let events = engine.step(&lane.decoding.batch, arrival: arrival) { meter.end($0) }
            meter.noteArrival(of: lane.decoding.batch, at: arrival)
            try publish(events)
            meter.end(.publish)
            lane.decoding.batch.releaseExcess()
            try noteGaps(lane, arrival)
        }
        // Only what was admitted makes time pass; junk and refused greetings do not hold it up.
        if admitted != before { idle.admit(at: instant) }
        try sendCountersWhenDue()
        return filled == lanes.count && !lanes[filled - 1].hasRoom
    }

    /// Takes messages off the sockets, lane after lane; returns how many lanes have some.
    private func fillLanes() throws -> Int {
        for (number, lane) in lanes.enumerated() {
            lane.clear()
            while lane.hasRoom, try ingress.receive(into: &lane.next, from: &turn) { lane.take() }
            if lane.isEmpty { return number }
            if lane.hasRoom { return number + 1 }
        }
        return lanes.count
    }

    /// Decodes waiting requests side by side, judges them one after the other and answers each. False when none is left.
    private func takeLetters() throws -> Bool {
        let (instant, before) = (self.instant, admitted)
        // Before letters are taken, each of which must have its answer.
        try letTimePass(until: instant)
        let letters = mailbox.take(lanes.count)
        guard !letters.isEmpty else { return false }
        let lanes = self.lanes
        meter.begin()
        engine.crew.run { worker in
            if worker < letters.count { lanes[worker].decode(letters[worker].request) }
        }
        meter.end(.decode)
        let arrival = WallClock.now
        var failure: (any Error)?
        for (lane, letter) in zip(lanes, letters) {
            // Whoever waits is answered, also when the events of somebody before could not leave.
            guard failure == nil else {
                letter.answer.resume(returning: .stopping)
                continue
            }
            do {
                letter.answer.resume(returning: try judge(lane, arrival))
            } catch {
                failure = error
                letter.answer.resume(returning: .stopping)
            }
        }
        if admitted != before { idle.admit(at: instant) }
        if let failure { throw failure }
        try sendCountersWhenDue()
        return letters.count == lanes.count
    }

    private func judge(_ lane: MessageLane, _ arrival: EventTime) throws -> SubmitOutcome {
        let received = engine.admission.received
        let refused = engine.admission.quarantined
        let unfinished = engine.admission.counts[Int(Outcome.unfinished.rawValue)]
        let events = engine.step(&lane.decoding.batch, arrival: arrival) { meter.end($0) }
        meter.noteArrival(of: lane.decoding.batch, at: arrival)
        lane.decoding.batch.releaseExcess()
        // Answered after the events are on their way, so that an answer never overtakes an alert.
        try publish(events)
        meter.end(.publish)
        if let flaw = lane.flaw { return flaw == .payloadTooLarge ? .tooLarge : .malformed(reason: flaw.explanation) }
        let reasons = QuarantineReason.allCases.filter { engine.admission.quarantined[Int($0.rawValue)] != refused[Int($0.rawValue)] }
        let rejected = zip(engine.admission.quarantined, refused).reduce(UInt64(0)) { $0 &+ ($1.0 &- $1.1) }
        var words = reasons.map(\.explanation)
        // No fault of the request, which is admitted whole: a warning (OTLP specification, partial success).
        let ignored = engine.admission.counts[Int(Outcome.unfinished.rawValue)] &- unfinished
        if ignored > 0 { words.append("\(ignored) unfinished span\(ignored == 1 ? "" : "s") ignored") }
        return .admitted(
            records: engine.admission.received &- received, rejected: rejected,
            reason: words.isEmpty ? nil : words.joined(separator: "; "))
    }

    private func publish(_ events: [Event]) throws {
        for event in events { try sink.send(event) }
    }

    private func noteGaps(_ lane: MessageLane, _ time: EventTime) throws {
        for (topic, sequence) in lane.sequences {
            let missing = gaps.note(topic: topic.withUnsafeBufferPointer { StableHash.hash($0) }, sequence: sequence)
            guard missing > 0 else { continue }
            if let last = lastGapNotice, clock.now - last < Self.gapNoticesEvery { continue }
            lastGapNotice = clock.now
            let name = String(decoding: topic, as: UTF8.self)
            try publish([
                .notice(
                    Notice(
                        kind: .inputGap, time: time,
                        summary: "\(missing) messages of topic \(name) are missing before sequence \(sequence).",
                        facts: [
                            Evidence("topic", .string(name)), Evidence("missing", .integer(Int64(clamping: missing))),
                            Evidence("missing_in_all", .integer(Int64(clamping: gaps.missing))),
                        ]))
            ])
        }
    }

    /// After half a minute without input, time passes by ticks, never by the wall clock.
    private func letTimePass(until instant: EventTime) throws {
        for tick in idle.due(at: instant) { try publish(engine.tick(tick)) }
    }

    /// Time on this thread's clock since it began.
    private var instant: EventTime {
        let (seconds, attoseconds) = (clock.now - started).components
        return EventTime(nanoseconds: UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000))
    }

    private func sendCountersWhenDue() throws {
        guard clock.now - lastCounters >= Self.countersEvery else { return }
        lastCounters = clock.now
        try sink.send(counters: Statistics(engine).facts)
    }
}

/// A stretch of messages that one worker decodes.
final class MessageLane: @unchecked Sendable { // Guard: the receiver's thread outside a round of the crew, one worker within it.
    let decoding: DecodeLane
    private var messages: [ReceivedMessage] = (0..<16).map { _ in ReceivedMessage() }
    private(set) var count = 0
    /// Topic and number of every message that carried one.
    private(set) var sequences: [(topic: [UInt8], sequence: UInt64)] = []

    init(rules: IntakeRules) { decoding = DecodeLane(rules: rules) }

    /// Bytes after which a lane takes no further message: one burst stays in the caches, and in memory.
    private static let bytesMax = 1 << 20
    private(set) var bytes = 0
    private var holdsCompressed = false

    /// A compressed message is the last of its lane, because it may be a hundred times what it seems.
    var hasRoom: Bool { count < messages.count && bytes < Self.bytesMax && !holdsCompressed }
    var isEmpty: Bool { count == 0 }

    /// The buffer that the next message goes into.
    var next: MessageBuffer {
        _read { yield messages[count].buffer }
        _modify { yield &messages[count].buffer }
    }

    func take() {
        let buffer = messages[count]
        bytes += buffer.buffer.bytesReceived
        if buffer.buffer.count > 0, Compression(magic: buffer.buffer.frame(buffer.buffer.count - 1)) != nil { holdsCompressed = true }
        count += 1
    }

    func clear() {
        count = 0
        bytes = 0
        holdsCompressed = false
        sequences.removeAll(keepingCapacity: true)
    }

    /// Why the last submitted request failed as a whole.
    private(set) var flaw: QuarantineReason?

    func decode(_ request: SubmittedRequest) { flaw = decoding.decode(request) }

    func decode() {
        decoding.batch.removeAll()
        for message in messages[..<count] {
            if let flaw = message.buffer.flaw {
                decoding.batch.quarantine(flaw == .tooManyBytes ? .payloadTooLarge : .malformedFrames)
                continue
            }
            let frames = (0..<message.buffer.count).map { message.buffer.frame($0).assumingMemoryBound(to: UInt8.self) }
            guard let envelope = decoding.decode(frames: frames), let sequence = envelope.sequence else { continue }
            sequences.append((Array(message.buffer.frame(0).prefix(Limits.nameBytesMax)), sequence))
        }
    }
}

/// One message with its own memory, kept from burst to burst.
final class ReceivedMessage {
    var buffer = MessageBuffer(framesMax: 8, bytesMax: Limits.messageBytesMax + 4_096)
}
