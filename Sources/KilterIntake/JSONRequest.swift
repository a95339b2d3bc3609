import KilterVocabulary

/// What requests for traces and for log records have in common as OTLP/JSON: resources, scopes and attribute lists.
/// Only the records themselves differ, and the names of the lists that hold them.
protocol JSONRequest {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    var space: UnsafeMutablePointer<Workspace> { get }
    static var lists: JSONLists { get }
    /// Reads one record and appends its row to `batch`.
    func readRecord(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal)
}

/// Names of the nested lists of a request, each in its regular spelling and in that of the protobuf definition.
struct JSONLists {
    let resources: (StaticString, StaticString)
    let scopes: (StaticString, StaticString)
    let records: (StaticString, StaticString)
}

extension JSONRequest {
    /// A zero byte stands behind `payload`.
    func read(_ payload: Text, into batch: inout SpanBatch) throws(Refusal) {
        var reader = JSONReader(payload.base, space)
        if payload.count >= 3 && reader.p[0] == 0xef && reader.p[1] == 0xbb && reader.p[2] == 0xbf { reader.p += 3 }
        reader.skipSpace()
        let isObject = reader.p.pointee == Byte.openBrace
        let isOfSignal = isObject ? try readRequest(&reader, into: &batch) : try readOther(&reader)
        reader.skipSpace()
        guard reader.p == payload.end else { throw JSONReader.malformed }
        if !isOfSignal { throw Refusal(.notOTLP) }
    }

    private func readOther(_ reader: inout JSONReader) throws(Refusal) -> Bool {
        try reader.skipValue()
        return false
    }

    /// True when the object is a request for this signal: it has the signal's resources, or nothing at all.
    private func readRequest(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) -> Bool {
        guard try reader.enter(Byte.openBrace, Byte.closeBrace) else { return true }
        var isOfSignal = false
        repeat {
            let key = try reader.key()
            if key.equals(Self.lists.resources.0) || key.equals(Self.lists.resources.1) {
                isOfSignal = true
                try readList(&reader) { (reader) throws(Refusal) in try readResourceRecords(&reader, into: &batch) }
            } else {
                try reader.skipValue()
            }
        } while try reader.next(Byte.closeBrace)
        return isOfSignal
    }

    // MARK: Resource and scope

    /// Lists of one resource, or one scope, that may stand before it: an object has each member once.
    private static var postponedMax: Int { 64 }

    /// When records come before their resource, they are passed over and read afterwards.
    private func readResourceRecords(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) {
        space.pointee.beginResource()
        var hasResource = false
        var postponed: [JSONReader] = []
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("resource") {
                try readResource(&reader)
                space.pointee.resolveResource(into: &batch)
                hasResource = true
            } else if key.equals(Self.lists.scopes.0) || key.equals(Self.lists.scopes.1) {
                if hasResource {
                    try readScopes(&reader, into: &batch)
                } else {
                    if postponed.count == Self.postponedMax { throw Refusal(.notOTLP) }
                    postponed.append(reader)
                    try reader.skipValue()
                }
            } else {
                try reader.skipValue()
            }
        }
        if postponed.isEmpty { return }
        if !hasResource { space.pointee.resolveResource(into: &batch) }
        for var scopes in postponed { try readScopes(&scopes, into: &batch) }
    }

    /// Records that come before their scope are passed over and read afterwards, too.
    private func readScopes(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) {
        try readList(&reader) { (reader) throws(Refusal) in
            space.pointee.scope = .unknown
            var hasScope = false
            var postponed: [JSONReader] = []
            try readObject(&reader) { (reader, key) throws(Refusal) in
                if key.equals("scope") {
                    try readScope(&reader)
                    hasScope = true
                } else if key.equals(Self.lists.records.0) || key.equals(Self.lists.records.1) {
                    if hasScope {
                        try readRecords(&reader, into: &batch)
                    } else {
                        if postponed.count == Self.postponedMax { throw Refusal(.notOTLP) }
                        postponed.append(reader)
                        try reader.skipValue()
                    }
                } else {
                    try reader.skipValue()
                }
            }
            for var records in postponed { try readRecords(&records, into: &batch) }
        }
    }

    private func readScope(_ reader: inout JSONReader) throws(Refusal) {
        try readObject(&reader) { (reader, key) throws(Refusal) in
            if key.equals("name") && reader.p.pointee == Byte.quote {
                space.pointee.scope = Producer.of(scope: try reader.text())
            } else {
                try reader.skipValue()
            }
        }
    }

    private func readRecords(_ reader: inout JSONReader, into batch: inout SpanBatch) throws(Refusal) {
        try readList(&reader) { (reader) throws(Refusal) in
            let start = reader
            do throws(Refusal) {
                try readRecord(&reader, into: &batch)
            } catch {
                // The record alone is refused, if what follows it can be found.
                reader = start
                try reader.passLoosely(or: error)
                space.pointee.records &+= 1
                let reason = error.reason == .malformedJSON || error.reason == .notOTLP ? QuarantineReason.badField : error.reason
                space.pointee.refused[Int(reason.rawValue)] &+= 1
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

    // MARK: Shapes

    /// The elements of an array; null is an empty one; anything else is not OTLP.
    @inline(__always) func readList(
        _ reader: inout JSONReader, _ element: (inout JSONReader) throws(Refusal) -> Void
    ) throws(Refusal) {
        if reader.p.pointee != Byte.openBracket {
            if try reader.takeNull() { return }
            throw try notOTLP(&reader)
        }
        guard try reader.enter(Byte.openBracket, Byte.closeBracket) else { return }
        repeat { try element(&reader) } while try reader.next(Byte.closeBracket)
    }

    /// The members of an object; null is an empty one; anything else is not OTLP.
    @inline(__always) func readObject(
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

    /// The reason for a value of the wrong shape: not OTLP when it is at least JSON.
    private func notOTLP(_ reader: inout JSONReader) throws(Refusal) -> Refusal {
        try reader.skipValue()
        return Refusal(.notOTLP)
    }

    // MARK: Attributes

    /// A model's input is long, and only its end is looked at: it is not rewritten.
    private static var inputField: Int { Int(Field.input.rawValue) }

    func readAttributes(
        _ reader: inout JSONReader, into candidates: Candidates, limit: Int
    ) throws(Refusal) {
        try readEachAttribute(&reader) { (reader, key) throws(Refusal) in
            space.pointee.facts.attributes &+= 1
            if space.pointee.facts.attributes > limit {
                space.pointee.facts.refuse(.tooManyAttributes)
                return false
            }
            let slot = space.pointee.keys.slot(of: key)
            if slot == .ignored {
                guard let indexed = IndexedKey(key), limit != .max else { return false }
                space.pointee.keep(indexed, try reader.anyValue())
                return true
            }
            let value = slot.field == Self.inputField ? try reader.unreadText() : try reader.anyValue()
            if !candidates.set(slot, value) { space.pointee.facts.duplicateKeys &+= 1 }
            return true
        }
    }

    /// Calls `visit` with the cursor on each attribute's value; it returns false to leave the value to be passed over.
    /// The list may be an object, as hand-rolled exporters write it.
    @inline(__always) func readEachAttribute(
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
                    let said = space.pointee.facts.said
                    if try !visit(&reader, key) { try reader.skipValue() }
                    reader.skipSpace()
                    if reader.take(Byte.closeBrace) { return }
                    // More members: the last key and value count, so the object is read again as a whole.
                    space.pointee.facts.attributes = seen
                    space.pointee.facts.said = said
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
