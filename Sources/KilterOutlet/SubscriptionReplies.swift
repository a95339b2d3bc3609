import KilterWire

/// What a subscription does with messages, and what it asks for.
extension Subscription {
    /// Messages taken from each socket before their items are delivered.
    private static let messagesPerTurn = 256
    /// Pause before a request that brought nothing is made again.
    private static let askAgainPause: Duration = .milliseconds(250)

    /// Takes what has arrived. False when nothing had.
    mutating func receive() throws(WireError) -> Bool {
        var received = false
        var count = 0
        while count < Self.messagesPerTurn, try live.receive(into: &buffer) {
            received = true
            count += 1
            takeLive()
        }
        count = 0
        while count < Self.messagesPerTurn, try receiveReply() {
            received = true
            count += 1
            takeReply()
        }
        return received
    }

    private mutating func receiveReply() throws(WireError) -> Bool {
        guard let waiting = try desk?.receive(into: &buffer) else { return false }
        return waiting
    }

    // MARK: Live messages

    private mutating func takeLive() {
        guard buffer.flaw == nil, buffer.count == 3, let header = EventHeader(bytes: buffer.frame(1)) else { return }
        hear(header)
        if buffer.frame(0).elementsEqual(Topic.heartbeat.utf8) {
            if let report = HeartbeatReport(body: buffer.bytes(2)), report.logID == header.logID { learn(report) }
        } else if let stream = EventStream(topic: buffer.frame(0)) {
            let body = buffer.bytes(2)
            guard header.sequence > 0 else { return items.append(.provisional(body: body)) }
            take(stream, .init(sequence: header.sequence, epoch: header.epoch, body: body))
        }
    }

    /// Any message shows that the engine lives, and which log it writes.
    private mutating func hear(_ header: EventHeader) {
        lastHeard = .now
        let same = log.map { $0.logID == header.logID && $0.epoch == header.epoch } ?? false
        if same && !isSilent { return }
        isSilent = false
        items.append(.connected(logID: header.logID, epoch: header.epoch))
        guard !same else { return }
        let before = log
        log = (header.logID, header.epoch)
        // A restarted engine knows nothing of the request, and its breakers may have changed meanwhile.
        if before != nil { asked?.answeredLast = .now - options.patience }
        needsState = options.withState && catchUpEndpoint != nil
        if before?.logID != header.logID { startOver(isFirst: before == nil, header.logID) }
    }

    private mutating func startOver(isFirst: Bool, _ logID: LogID) {
        for index in cursors.indices {
            let stream = cursors[index].stream
            cursors[index] = StreamCursor(stream: stream)
            if !isFirst {
                // All of a new log is news.
                _ = cursors[index].begin(at: 1)
            } else if case .after(let sequences, let known) = options.start {
                _ = cursors[index].begin(at: known == logID ? (sequences[stream] ?? 0) &+ 1 : 1)
            }
        }
    }

    private mutating func learn(_ report: HeartbeatReport) {
        heartbeat = report
        for index in cursors.indices {
            guard let head = report.heads[cursors[index].stream] else { continue }
            cursors[index].learn(head: head)
            if cursors[index].next == nil && !(needsState && cursors[index].stream == .breaker) {
                let oldest = report.oldest[cursors[index].stream] ?? head &+ 1
                if case .oldest = options.start {
                    deliver(cursors[index].stream, cursors[index].begin(at: oldest))
                } else {
                    deliver(cursors[index].stream, cursors[index].begin(at: head &+ 1))
                }
            }
            if catchUpEndpoint == nil, let range = cursors[index].missing { giveUp(index, to: range.upperBound &+ 1) }
        }
    }

    private mutating func take(_ stream: EventStream, _ event: StreamCursor.Delivery) {
        guard let index = cursors.firstIndex(where: { $0.stream == stream }) else { return }
        if cursors[index].next == nil, case .newest = options.start, !(needsState && stream == .breaker) {
            _ = cursors[index].begin(at: event.sequence)
        }
        deliver(stream, cursors[index].take(event))
        if catchUpEndpoint == nil, cursors[index].missing != nil { giveUp(index, to: event.sequence) }
    }

    private mutating func giveUp(_ index: Int, to sequence: UInt64) {
        let stream = cursors[index].stream
        let (lost, released) = cursors[index].skip(to: sequence)
        if let lost { items.append(.gone(stream: stream, first: lost.lowerBound, last: lost.upperBound)) }
        deliver(stream, released)
    }

    private mutating func deliver(_ stream: EventStream, _ events: [StreamCursor.Delivery]) {
        for event in events {
            items.append(.event(stream: stream, sequence: event.sequence, epoch: event.epoch, body: event.body))
        }
    }

    // MARK: Requests

    /// Whether something is to be asked once the pause is over.
    var wantsAnswer: Bool {
        guard log != nil, catchUpEndpoint != nil else { return false }
        return needsState || cursors.contains { $0.missing != nil }
    }

    /// Makes the next request, one at a time: answers do not name their stream.
    mutating func ask(_ now: ContinuousClock.Instant) throws(WireError) {
        if let pending = asked {
            guard now - pending.answeredLast >= options.patience else { return }
            asked = nil
            try reopenDesk()
        }
        guard now >= askAgain, wantsAnswer, let logID = log?.logID else { return }
        if needsState {
            if try send([Array("state".utf8)]) { asked = Request(range: nil) }
        } else if let cursor = cursors.first(where: { $0.missing != nil }), let range = cursor.missing {
            let frames = [
                Array("replay".utf8), Array(cursor.stream.rawValue.utf8), BigEndian.bytes(range.lowerBound),
                BigEndian.bytes(range.upperBound), logID.bytes,
            ]
            if try send(frames) { asked = Request(range: (cursor.stream, range)) }
        }
        if asked == nil { askAgain = now + Self.askAgainPause }
    }

    private func send(_ frames: [[UInt8]]) throws(WireError) -> Bool {
        let outcome = try desk?.send(frames, wait: false)
        return outcome == .sent
    }

    // MARK: Replies

    private mutating func takeReply() {
        guard let request = asked, buffer.flaw == nil, buffer.count > 0 else { return }
        asked?.answeredLast = .now
        switch (String(decoding: buffer.frame(0).prefix(16), as: UTF8.self), buffer.count) {
        case ("event", 3):
            guard let header = EventHeader(bytes: buffer.frame(1)), header.logID == log?.logID else { return }
            let body = buffer.bytes(2)
            if let range = request.range {
                take(range.stream, .init(sequence: header.sequence, epoch: header.epoch, body: body))
            } else {
                items.append(.breaker(sequence: header.sequence, body: body))
            }
        case ("end", 3):
            if request.range == nil, let head = BigEndian.read(buffer.frame(2), at: 0) { finishState(head: head) }
            finish(request)
        case ("gone", 2):
            if let range = request.range, let oldest = BigEndian.read(buffer.frame(1), at: 0),
                let index = cursors.firstIndex(where: { $0.stream == range.stream })
            {
                giveUp(index, to: oldest)
            }
            finish(request)
        case ("error", 2):
            items.append(.refused(reason: String(decoding: buffer.frame(1).prefix(256), as: UTF8.self)))
            finish(request)
        default:
            // Another log, or an answer that this version does not know: the next heartbeat tells where to go on.
            finish(request)
        }
    }

    private mutating func finishState(head: UInt64) {
        needsState = false
        items.append(.stateComplete(head: head))
        guard let index = cursors.firstIndex(where: { $0.stream == .breaker }) else { return }
        if cursors[index].next == nil, case .newest = options.start {
            deliver(.breaker, cursors[index].begin(at: head &+ 1))
        }
    }

    /// Ends a request. One that changed nothing is not repeated at once, or two faulty sides would keep each other busy.
    private mutating func finish(_ request: Request) {
        asked = nil
        let progressed =
            if let range = request.range {
                cursors.first { $0.stream == range.stream }?.next != range.sequences.lowerBound
            } else {
                !needsState
            }
        askAgain = progressed ? .now : .now + Self.askAgainPause
    }
}
