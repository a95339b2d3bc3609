import KilterVocabulary

/// Reads an ExportTraceServiceRequest (or TracesData) written as OTLP/JSON.
struct JSONTraces {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    /// A zero byte stands behind `payload`.
    func read(_ payload: Text, into batch: inout SpanBatch) throws(Refusal) {
        var reader = JSONReader(payload.base, space)
        if payload.count >= 3 && reader.p[0] == 0xef && reader.p[1] == 0xbb && reader.p[2] == 0xbf { reader.p += 3 }
        reader.skipSpace()
        let isObject = reader.p.pointee == Byte.openBrace
        let isTraces = isObject ? try readRequest(&reader, into: &batch) : try readOther(&reader)
        reader.skipSpace()
        guard reader.p == payload.end else { throw JSONReader.malformed }
        if !isTraces { throw Refusal(.notOTLP) }
    }

    private func readOther(_ reader: inout JSONReader) throws(Refusal) -> Bool {
        try reader.skipValue()
        return false
    }

    /// True when the object is a request for traces: it has resource spans, or nothing at all.
    private func readRequest(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) -> Bool {
        guard try reader.enter(Byte.openBrace, Byte.closeBrace) else { return true }
        var isTraces = false
        repeat {
            let key = try reader.key()
            if key.equals("resourceSpans") || key.equals("resource_spans") {
                isTraces = true
                try readList(&reader) { (reader) throws(Refusal) in try readResourceSpans(&reader, into: &batch) }
            } else {
                try reader.skipValue()
            }
        } while try reader.next(Byte.closeBrace)
        return isTraces
    }

    /// The elements of an array; null is an empty one; anything else is not OTLP.
    @inline(__always) private func readList(
        _ reader: inout JSONReader, _ element: (inout JSONReader) throws(Refusal) -> Void
    ) throws(Refusal) {
        if reader.p.pointee != Byte.openBracket {
            if try reader.takeNull() { return }
            throw try notOTLP(&reader)
        }
        guard try reader.enter(Byte.openBracket, Byte.closeBracket) else { return }
        repeat { try element(&reader) } while try reader.next(Byte.closeBracket)
    }

    /// The reason for a value of the wrong shape: not OTLP when it is at least JSON.
    private func notOTLP(_ reader: inout JSONReader) throws(Refusal) -> Refusal {
        try reader.skipValue()
        return Refusal(.notOTLP)
    }

    // MARK: Resource and scope

    /// When spans come before their resource, they are passed over and read afterwards.
    private func readResourceSpans(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.beginResource()
        var hasResource = false
        var postponed: [JSONReader] = []
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("resource") {
                try readResource(&reader)
                space.pointee.resolveResource(into: &batch)
                hasResource = true
            } else if key.equals("scopeSpans") || key.equals("scope_spans") {
                if hasResource {
                    try readScopeSpansList(&reader, into: &batch)
                } else {
                    postponed.append(reader)
                    try reader.skipValue()
                }
            } else {
                try reader.skipValue()
            }
        }
        if postponed.isEmpty { return }
        if !hasResource { space.pointee.resolveResource(into: &batch) }
        for var spans in postponed { try readScopeSpansList(&spans, into: &batch) }
    }

    private func readScopeSpansList(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) {
        try readList(&reader) { (reader) throws(Refusal) in
            try readObject(&reader) { (reader, key) throws(Refusal) in
                if key.equals("spans") {
                    try readList(&reader) { (reader) throws(Refusal) in
                        space.pointee.beginSpan()
                        space.pointee.facts.lacksTrace = false
                        try readSpan(&reader)
                        SpanResolver(space: space).finish(into: &batch)
                    }
                } else {
                    try reader.skipValue()
                }
            }
        }
    }

    private func readResource(_ reader: inout JSONReader) throws(Refusal) {
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("attributes") {
                try readAttributes(&reader, into: space.pointee.resourceCandidates, limit: .max)
            } else {
                try reader.skipValue()
            }
        }
    }

    /// The members of an object; null is an empty one; anything else is not OTLP.
    @inline(__always) private func readObject(
        _ reader: inout JSONReader, _ member: (inout JSONReader, Text) throws(Refusal) -> Void
    ) throws(Refusal) {
        if reader.p.pointee != Byte.openBrace {
            if try reader.takeNull() { return }
            throw try notOTLP(&reader)
        }
        guard try reader.enter(Byte.openBrace, Byte.closeBrace) else { return }
        repeat {
            let key = try reader.key()
            try member(&reader, key)
        } while try reader.next(Byte.closeBrace)
    }

    // MARK: Spans

    private func readSpan(_ reader: inout JSONReader) throws(Refusal) {
        try readObject(&reader) { (reader, key) throws(Refusal) in
            switch key.count {
            case 4: try readName(&reader, key)
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

    // MARK: Attributes

    private func readAttributes(
        _ reader: inout JSONReader, into candidates: Candidates, limit: Int
    ) throws(Refusal) {
        try readEachAttribute(&reader) { (reader, key) throws(Refusal) in
            space.pointee.facts.attributes &+= 1
            if space.pointee.facts.attributes > limit {
                space.pointee.facts.refuse(.tooManyAttributes)
                return false
            }
            let slot = space.pointee.keys.slot(of: key)
            if slot == .ignored { return false }
            if !candidates.set(slot, try reader.anyValue()) { space.pointee.facts.duplicateKeys &+= 1 }
            return true
        }
    }

    /// Calls `visit` with the cursor on each attribute's value; it returns false to leave the value to be passed over.
    /// The list may be an object, as hand-rolled exporters write it.
    @inline(__always) private func readEachAttribute(
        _ reader: inout JSONReader, _ visit: (inout JSONReader, Text) throws(Refusal) -> Bool
    ) throws(Refusal) {
        if reader.p.pointee == Byte.openBrace {
            try readObject(&reader) { (reader, key) throws(Refusal) in
                if try !visit(&reader, key) { try reader.skipValue() }
            }
            return
        }
        try readList(&reader) { (reader) throws(Refusal) in
            let start = reader
            // The two usual spellings, without and with a space behind colons and commas.
            if reader.take("{\"key\":\"") || reader.take("{\"key\": \"") {
                let key = try reader.decoded(reader.rawAfterQuote())
                if reader.take(",\"value\":") || reader.take(", \"value\": ") {
                    let seen = space.pointee.facts.attributes
                    if try !visit(&reader, key) { try reader.skipValue() }
                    reader.skipSpace()
                    if reader.take(Byte.closeBrace) { return }
                    // More members: the last key and value count, so the object is read again as a whole.
                    space.pointee.facts.attributes = seen
                    let duplicates = space.pointee.facts.duplicateKeys
                    reader = start
                    try readLooseAttribute(&reader, visit)
                    space.pointee.facts.duplicateKeys = duplicates
                    return
                }
            }
            reader = start
            try readLooseAttribute(&reader, visit)
        }
    }

    /// An attribute in any order of its members and with any white space.
    @inline(__always) private func readLooseAttribute(
        _ reader: inout JSONReader, _ visit: (inout JSONReader, Text) throws(Refusal) -> Bool
    ) throws(Refusal) {
        var key = Text.none
        var value: JSONReader?
        try readObject(&reader) { (reader, member) throws(Refusal) in
            if member.equals("key") && reader.p.pointee == Byte.quote {
                key = try reader.text()
            } else {
                if member.equals("value") { value = reader }
                try reader.skipValue()
            }
        }
        if var value { _ = try visit(&value, key) }
    }
}
