import KilterVocabulary

/// One event in the form in which it leaves: its stream, topic and body, and what the log must know about it.
public struct EncodedEvent: Sendable, Equatable {
    public var stream: EventStream
    public var topic: [UInt8]
    /// One JSON object without a line feed. A notice has an empty `id`, which the log fills in with its sequence.
    public var body: [UInt8]
    /// Of breaker events only.
    public var breaker: Breaker?

    public struct Breaker: Sendable, Equatable {
        public var id: String
        /// Whether the breaker is in a state other than closed after this event.
        public var isActive: Bool
        /// Published ahead of the record that caused it: sequence 0, not logged.
        public var isProvisional: Bool

        public init(id: String, isActive: Bool, isProvisional: Bool) {
            self.id = id
            self.isActive = isActive
            self.isProvisional = isProvisional
        }
    }

    public init(stream: EventStream, topic: [UInt8], body: [UInt8], breaker: Breaker?) {
        self.stream = stream
        self.topic = topic
        self.body = body
        self.breaker = breaker
    }
}

/// The one place where events become bytes: CloudEvents 1.0 in structured JSON mode, keys in a fixed order, no spaces.
/// A pure function of the event and the instance's name: the same bytes go to subscribers, alert log and replay.
public struct EventEncoder: Sendable {
    private let source: String

    /// `instance` is the configured name of the engine; `source` becomes `/kilter/<instance>`, percent-encoded.
    public init(instance: String) {
        source = "/kilter/" + PercentEncoding.uriPart(instance)
    }

    /// Topic and body of an event. `provisional` concerns breakers only.
    public func encode(_ event: Event, provisional: Bool = false) -> EncodedEvent {
        var encoded = EncodedEvent(
            stream: .alert, topic: Topic.bytes(of: event), body: body(of: event, provisional: provisional), breaker: nil)
        switch event {
        case .alert: break
        case .notice: encoded.stream = .notice
        case .breaker(let breaker):
            encoded.stream = .breaker
            encoded.breaker = .init(id: breaker.id, isActive: breaker.state != .closed, isProvisional: provisional)
        }
        return encoded
    }

    /// One JSON object, without a line feed. `noticeID` becomes the `id` of a notice, which has none of its own.
    public func body(of event: Event, noticeID: String = "", provisional: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(1_024)
        append(event, noticeID: noticeID, provisional: provisional, to: &bytes)
        return bytes
    }

    /// Appends what `body(of:)` returns.
    public func append(_ event: Event, noticeID: String = "", provisional: Bool = false, to bytes: inout [UInt8]) {
        var json = JSONWriter(appendingTo: bytes)
        bytes = []
        json.openRoot()
        switch event {
        case .alert(let alert): append(alert, to: &json)
        case .breaker(let breaker): append(breaker, provisional: provisional, to: &json)
        case .notice(let notice): append(notice, id: noticeID, to: &json)
        }
        json.close()
        json.close()
        bytes = json.bytes
    }

    // MARK: Envelope

    /// The bytes before the value of `id`, the same in every event; a notice's id is inserted behind them.
    static let idOffset = #"{"specversion":"1.0","id":""#.utf8.count

    private func open(
        _ json: inout JSONWriter, id: String, type: String, subject: [String], time: EventTime, schema: String
    ) {
        json.member("specversion", "1.0")
        json.member("id", id)
        json.member("source", source)
        json.member("type", type)
        if !subject.isEmpty { json.member("subject", ascii: { append(subject, to: &$0) }) }
        json.member("time", ascii: { Timestamp.append(time, to: &$0) })
        json.member("datacontenttype", "application/json")
        json.member("dataschema", schema)
    }

    private func append(_ subject: [String], to bytes: inout [UInt8]) {
        for (index, part) in subject.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: "/")) }
            PercentEncoding.append(part, keepingDot: true, to: &bytes)
        }
    }

    // MARK: Alerts

    private func append(_ alert: Alert, to json: inout JSONWriter) {
        open(
            &json, id: "\(alert.id)/\(alert.revision)", type: "kilter.alert",
            subject: [alert.tenant, alert.environment, alert.service, alert.agent], time: alert.time,
            schema: "urn:kilter:schema:alert:1")
        json.member("severity", alert.severity.name)
        json.member("detector", alert.detector.name)
        json.open("data")
        json.member("alert_id", alert.id)
        json.member("revision", UInt64(alert.revision))
        json.member("state", alert.state.rawValue)
        json.member("severity", alert.severity.name)
        json.member("detector", alert.detector.name)
        json.member("tier", alert.tier.name)
        appendSubject(of: alert, to: &json)
        appendNumbers(of: alert, to: &json)
        if !alert.evidence.isEmpty { json.member("evidence", facts: alert.evidence) }
        if let cost = alert.cost {
            json.open("cost")
            json.member("tokens", cost.tokens)
            if let spent = cost.microdollars { json.member("microdollars", spent) }
            if let atRisk = cost.atRiskMicrodollars { json.member("at_risk_microdollars", atRisk) }
            json.close()
        }
        json.open("delay")
        json.member("spans", UInt64(alert.delaySpans))
        json.member("nanoseconds", alert.delay.count)
        json.close()
        json.member("advice", known: alert.advice)
        json.member("summary", known: alert.summary)
    }

    private func appendSubject(of alert: Alert, to json: inout JSONWriter) {
        json.member("tenant", known: alert.tenant)
        json.member("environment", known: alert.environment)
        json.member("service", known: alert.service)
        json.member("agent", known: alert.agent)
        json.member("agent_version", known: alert.agentVersion)
        json.member("run", known: alert.run)
        if alert.traceID.isValid {
            json.member(
                "trace_id",
                ascii: {
                    Digits.appendHex(alert.traceID.high, to: &$0)
                    Digits.appendHex(alert.traceID.low, to: &$0)
                })
        }
        if alert.spanID != 0 { json.member("span_id", ascii: { Digits.appendHex(alert.spanID, to: &$0) }) }
        json.member("tool", known: alert.tool)
        json.member("model", known: alert.model)
        json.member("signal", known: alert.signal)
        json.member("peer", known: alert.peer)
    }

    private func appendNumbers(of alert: Alert, to json: inout JSONWriter) {
        json.member("started_at", alert.startedAt)
        json.member("observed_at", alert.observedAt)
        json.member("observed", known: alert.observed)
        json.member("expected", known: alert.expected)
        json.member("threshold", known: alert.threshold)
        json.member("unit", known: alert.unit)
        json.member("direction", known: alert.direction)
        json.member("budget", known: alert.budget)
        json.member("count", known: alert.count)
        json.member("window", known: alert.window)
    }

    // MARK: Breakers

    private func append(_ event: BreakerEvent, provisional: Bool, to json: inout JSONWriter) {
        open(
            &json, id: "\(event.id)/\(event.generation)", type: "kilter.breaker",
            subject: [event.tenant, event.environment, event.service, event.agent], time: event.time,
            schema: "urn:kilter:schema:breaker:1")
        json.open("data")
        json.member("breaker_id", event.id)
        json.member("generation", event.generation)
        json.member("scope", event.scope.rawValue)
        json.member("keys", facts: event.keys)
        json.member("state", event.state.rawValue)
        json.member("mode", event.mode.rawValue)
        json.member("decision", event.decision.rawValue)
        json.member("cause", known: event.cause)
        json.member("reason", known: event.reason)
        json.member("advice", known: event.advice)
        if let retryAt = event.retryAt { json.member("retry_at", retryAt) }
        if event.probePermits != nil || event.probeLeaseUntil != nil {
            json.open("probe")
            json.member("permits", known: event.probePermits)
            if let lease = event.probeLeaseUntil { json.member("lease_until", lease) }
            json.close()
        }
        json.member("on_silence", event.onSilence.rawValue)
        if provisional { json.memberTrue("provisional") }
    }

    // MARK: Notices

    private func append(_ notice: Notice, id: String, to json: inout JSONWriter) {
        open(
            &json, id: id, type: "kilter.notice", subject: [], time: notice.time, schema: "urn:kilter:schema:notice:1")
        json.open("data")
        json.member("kind", notice.kind.rawValue)
        json.member("summary", notice.summary)
        json.members(notice.facts)
    }
}
