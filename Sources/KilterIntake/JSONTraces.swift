import KilterVocabulary

/// Reads an ExportTraceServiceRequest (or TracesData) written as OTLP/JSON.
struct JSONTraces: JSONRequest {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    static let lists = JSONLists(
        resources: ("resourceSpans", "resource_spans"), scopes: ("scopeSpans", "scope_spans"), records: ("spans", "spans"))

    // MARK: Spans

    @inline(__always) func readRecord(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.beginSpan()
        space.pointee.facts.lacksTrace = false
        try readSpan(&reader)
        SpanResolver(space: space).finish(into: &batch)
    }

    private func readSpan(_ reader: inout JSONReader) throws(Refusal) {
        try readObject(&reader) { (reader, key) throws(Refusal) in
            switch key.count {
            case 4: try readName(&reader, key)
            case 5 where key.equals("links"):
                try readList(&reader) { (reader) throws(Refusal) in try readLink(&reader) }
            case 6: try readShortMember(&reader, key)
            case 7, 8: try readTraceID(&reader, key)
            case 10 where key.equals("attributes"):
                try readAttributes(&reader, into: space.pointee.candidates, limit: Limits.attributesMax)
            case 12 where key.equals("parentSpanId"), 14 where key.equals("parent_span_id"):
                try readParentID(&reader)
            case 15 where key.equals("endTimeUnixNano"), 18 where key.equals("end_time_unix_nano"):
                space.pointee.facts.end = try reader.time()
            case 17 where key.equals("startTimeUnixNano"), 20 where key.equals("start_time_unix_nano"):
                space.pointee.facts.start = try reader.time()
            case 22 where key.equals("droppedAttributesCount"), 24 where key.equals("dropped_attributes_count"):
                space.pointee.facts.attributesDropped = try reader.whole()?.magnitude ?? 0 != 0
            default: try reader.skipValue()
            }
        }
    }

    @inline(__always) private func readName(_ reader: inout JSONReader, _ key: Text) throws(Refusal) {
        if key.equals("name") {
            let value = try reader.plainValue()
            space.pointee.facts.name = value.shape == .text ? value.text : .none
        } else if key.equals("kind") {
            space.pointee.facts.kind = try reader.enumeration(Self.spanKinds)
        } else {
            try reader.skipValue()
        }
    }

    @inline(__always) private func readShortMember(_ reader: inout JSONReader, _ key: Text) throws(Refusal) {
        if key.equals("spanId") {
            try readSpanID(&reader)
        } else if key.equals("status") {
            try readStatus(&reader)
        } else if key.equals("events") {
            try readList(&reader) { (reader) throws(Refusal) in try readEvent(&reader) }
        } else {
            try reader.skipValue()
        }
    }

    @inline(__always) private func readTraceID(_ reader: inout JSONReader, _ key: Text) throws(Refusal) {
        if key.equals("traceId") || key.equals("trace_id") {
            space.pointee.facts.trace = try reader.traceID() ?? TraceID()
        } else if key.equals("span_id") {
            try readSpanID(&reader)
        } else {
            try reader.skipValue()
        }
    }

    private func readSpanID(_ reader: inout JSONReader) throws(Refusal) {
        space.pointee.facts.span = try reader.spanID() ?? 0
    }

    private func readParentID(_ reader: inout JSONReader) throws(Refusal) {
        if let parent = try reader.spanID() {
            space.pointee.facts.parent = parent
        } else {
            space.pointee.facts.refuse(.invalidSpanID)
        }
    }

    private func readStatus(_ reader: inout JSONReader) throws(Refusal) {
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("code") {
                space.pointee.facts.statusCode = try reader.enumeration(Self.statusCodes)
            } else if key.equals("message") {
                let value = try reader.plainValue()
                space.pointee.facts.statusMessage = value.shape == .text ? value.text : .none
            } else {
                try reader.skipValue()
            }
        }
    }

    private static let spanKinds: [(StaticString, Int32)] = [
        ("SPAN_KIND_UNSPECIFIED", 0), ("SPAN_KIND_INTERNAL", 1), ("SPAN_KIND_SERVER", 2), ("SPAN_KIND_CLIENT", 3),
        ("SPAN_KIND_PRODUCER", 4), ("SPAN_KIND_CONSUMER", 5),
    ]

    private static let statusCodes: [(StaticString, Int32)] = [
        ("STATUS_CODE_UNSET", 0), ("STATUS_CODE_OK", 1), ("STATUS_CODE_ERROR", 2),
    ]

    /// Where the span points to; a target without both ids is none.
    private func readLink(_ reader: inout JSONReader) throws(Refusal) {
        space.pointee.facts.links &+= 1
        space.pointee.facts.linkedTrace = TraceID()
        space.pointee.facts.linkedSpan = 0
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("traceId") || key.equals("trace_id") {
                space.pointee.facts.linkedTrace = try reader.traceID() ?? TraceID()
            } else if key.equals("spanId") || key.equals("span_id") {
                space.pointee.facts.linkedSpan = try reader.spanID() ?? 0
            } else {
                try reader.skipValue()
            }
        }
    }

    // MARK: Events

    /// Only exceptions are looked at. The name may follow the attributes, which are then read afterwards.
    private func readEvent(_ reader: inout JSONReader) throws(Refusal) {
        var name = Text.none
        var attributes: JSONReader?
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("name") && reader.p.pointee == Byte.quote {
                name = try reader.text()
            } else {
                if key.equals("attributes") { attributes = reader }
                try reader.skipValue()
            }
        }
        guard name.equals("exception"), var attributes else { return }
        try readEachAttribute(&attributes) { (reader, key) throws(Refusal) in
            let isType = key.equals("exception.type")
            guard isType || key.equals("exception.message") else { return false }
            let value = try reader.anyValue()
            guard value.shape == .text else { return true }
            if isType {
                space.pointee.facts.exceptionType = value.text
            } else {
                space.pointee.facts.exceptionMessage = value.text
            }
            return true
        }
    }
}
