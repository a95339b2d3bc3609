import KilterVocabulary

/// Reads an ExportLogsServiceRequest (or LogsData) written as OTLP/JSON.
struct JSONLogs: JSONRequest {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    static let lists = JSONLists(
        resources: ("resourceLogs", "resource_logs"), scopes: ("scopeLogs", "scope_logs"), records: ("logRecords", "log_records"))

    func readRecord(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.beginSpan()
        space.pointee.facts.lacksTrace = false
        var body: JSONReader?
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("body") {
                body = reader
                try reader.skipValue()
            } else {
                try readMember(&reader, key)
            }
        }
        if var body { try readBody(&body) }
        LogResolver(space: space).finish(into: &batch)
    }

    private func readMember(_ reader: inout JSONReader, _ key: Text) throws(Refusal) {
        switch key.count {
        case 7 where key.equals("traceId"), 8 where key.equals("trace_id"): try readTraceID(&reader)
        case 6 where key.equals("spanId"), 7 where key.equals("span_id"): try readSpanID(&reader)
        case 9 where key.equals("eventName"), 10 where key.equals("event_name"):
            let value = try reader.plainValue()
            space.pointee.facts.name = value.shape == .text ? value.text : .none
        case 10 where key.equals("attributes"): try readLogAttributes(&reader)
        case 12 where key.equals("timeUnixNano"), 14 where key.equals("time_unix_nano"):
            space.pointee.facts.start = try reader.time()
        case 20 where key.equals("observedTimeUnixNano"), 23 where key.equals("observed_time_unix_nano"):
            space.pointee.facts.end = try reader.time()
        case 22 where key.equals("droppedAttributesCount"), 24 where key.equals("dropped_attributes_count"):
            space.pointee.facts.attributesDropped = try reader.whole()?.magnitude ?? 0 != 0
        default: try reader.skipValue()
        }
    }

    private func readTraceID(_ reader: inout JSONReader) throws(Refusal) {
        if let trace = try reader.traceID() {
            space.pointee.facts.trace = trace
        } else {
            space.pointee.facts.refuse(.invalidTraceID)
        }
    }

    private func readSpanID(_ reader: inout JSONReader) throws(Refusal) {
        if let span = try reader.spanID() {
            space.pointee.facts.parent = span
        } else {
            space.pointee.facts.refuse(.invalidSpanID)
        }
    }

    /// Every attribute goes into the record's digest, whether it is looked at or not. What a body says stands behind
    /// the record's own attributes.
    private func readLogAttributes(_ reader: inout JSONReader, areOfBody: Bool = false) throws(Refusal) {
        try readEachAttribute(&reader) { (reader, key) throws(Refusal) in
            space.pointee.facts.attributes &+= 1
            if space.pointee.facts.attributes > Limits.attributesMax {
                space.pointee.facts.refuse(.tooManyAttributes)
                return false
            }
            let start = reader.p
            let value = try reader.anyValue()
            let slot = space.pointee.keys.slot(of: key)
            if areOfBody {
                space.pointee.offer(value, to: slot)
            } else {
                takeIntoDigest(key, value, Text(start, reader.p - start))
                space.pointee.keep(value, in: slot)
            }
            return true
        }
    }

    /// An object that is no AnyValue, from hand-rolled exporters, counts as its text.
    private func takeIntoDigest(_ key: Text, _ value: AttributeValue, _ written: Text) {
        let digest = LogDigest(space: space)
        if value.shape == .absent && written.hasPrefix("{") {
            digest.take(key, plain: written)
        } else {
            digest.take(key, value)
        }
    }

    /// Older SDKs put the fields of an event into a map in its body.
    private func readBody(_ reader: inout JSONReader) throws(Refusal) {
        var members = reader
        let start = reader.p
        let body = try reader.anyValue()
        takeIntoDigest(.none, body, Text(start, reader.p - start))
        if body.shape == .absent && start.pointee == Byte.openBrace { try readLogAttributes(&members, areOfBody: true) }
        guard body.shape == .jsonTree, body.bits != 0 else { return }
        var list = JSONReader(body.text.base, space)
        if list.p.pointee == Byte.openBracket { return try readLogAttributes(&list, areOfBody: true) }
        guard list.p.pointee == Byte.openBrace else { return }
        try readObject(&list) { (reader, key) throws(Refusal) in
            if key.equals("values") && reader.p.pointee == Byte.openBracket {
                try readLogAttributes(&reader, areOfBody: true)
            } else {
                try reader.skipValue()
            }
        }
    }
}
