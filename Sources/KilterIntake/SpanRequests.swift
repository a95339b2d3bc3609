import CLanes
import KilterMath
import KilterVocabulary

// The tool calls that a model asked for, out of its answer. All forms of the reference, section 1.5.
extension SpanResolver {
    @inline(__always) func resolveRequests(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        if !row.kind.isInference || (!candidates.has(.outputMessages) && space.pointee.requests.isEmpty) { return }
        keepRequests(&row, into: &batch)
    }

    @inline(never) private func keepRequests(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        let first = batch.requestedCalls.count
        readAnswer(candidates.first(.outputMessages), into: &batch, limit: first + Limits.requestsOfSpanMax)
        for draft in space.pointee.requests where batch.requestedCalls.count < first + Limits.requestsOfSpanMax {
            guard draft.id.shape == .text, draft.arguments.shape == .text, !draft.id.text.isEmpty else { continue }
            keep(StableHash.hash(draft.id.text.buffer), text: draft.arguments.text, into: &batch)
        }
        row.firstRequestedCall = UInt32(clamping: first)
        row.requestedCallCount = UInt16(clamping: batch.requestedCalls.count - first)
    }

    /// Walks messages given as JSON text or as a tree. What is no JSON, or cut off, gives the calls up to there.
    private func readAnswer(_ value: AttributeValue, into batch: inout SpanBatch, limit: Int) {
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        var text = Text.none
        switch value.shape {
        case .text:
            guard let whole = space.pointee.arena.isZeroBehind(value.text) ? value.text : space.pointee.arena.copy(value.text)
            else { return }
            text = whole
        case .protobufTree, .jsonTree, .plainTree:
            guard let tree = try? canonicalTree(value), let copy = space.pointee.arena.copy(tree) else { return }
            text = copy
        default: return
        }
        var reader = JSONReader(text.base, space)
        reader.skipSpace()
        var walk = AnswerWalk(space: space, limit: limit)
        try? walk.value(&reader, depth: 0) { keep($0, $1, into: &batch) }
    }

    /// Arguments as JSON: an object, or text that stands for one.
    private func keep(_ callID: UInt64, _ arguments: JSONReader, into batch: inout SpanBatch) -> Int {
        var reader = arguments
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        if reader.p.pointee == Byte.quote {
            guard let text = try? reader.text() else { return batch.requestedCalls.count }
            keep(callID, text: text, into: &batch)
        } else {
            let start = reader.p
            guard (try? reader.skipValue()) != nil, let copy = space.pointee.arena.copy(Text(start, reader.p - start)) else {
                return batch.requestedCalls.count
            }
            keep(callID, text: copy, into: &batch)
        }
        return batch.requestedCalls.count
    }

    /// The fingerprint is that of the same arguments on a tool's span. Hidden ones are unknown there and here.
    private func keep(_ callID: UInt64, text: Text, into batch: inout SpanBatch) {
        if text.equals("__REDACTED__") { return }
        let mark = space.pointee.arena.used
        let (fingerprint, isEmpty) = space.pointee.fingerprint(text)
        space.pointee.arena.rewind(to: mark)
        let characters = isEmpty ? 0 : UInt32(clamping: kilter_scalars(text.base, text.count))
        batch.requestedCalls.append(
            RequestedCall(callID: callID, arguments: fingerprint, argumentsCharacters: characters))
    }
}

/// Looks for calls in a model's answer: objects with an id and arguments, whatever stands around them. Calls that the
/// provider carries out itself are left out, because no tool span follows.
private struct AnswerWalk {
    // Guard: the workspace belongs to the decoder that reads this span.
    let space: UnsafeMutablePointer<Workspace>
    let limit: Int
    private var count = 0

    private static let depthMax = 12

    // Guard: as above.
    init(space: UnsafeMutablePointer<Workspace>, limit: Int) {
        self.space = space
        self.limit = limit
    }

    typealias Found = (UInt64, JSONReader) -> Int

    mutating func value(_ reader: inout JSONReader, depth: Int, _ found: Found) throws(Refusal) {
        if depth < Self.depthMax && count < limit {
            if reader.p.pointee == Byte.openBracket { return try list(&reader, depth: depth, found) }
            if reader.p.pointee == Byte.openBrace { return try object(&reader, depth: depth, found) }
        }
        try reader.skipValue()
    }

    private mutating func list(_ reader: inout JSONReader, depth: Int, _ found: Found) throws(Refusal) {
        guard try reader.enter(Byte.openBracket, Byte.closeBracket) else { return }
        repeat { try value(&reader, depth: depth + 1, found) } while try reader.next(Byte.closeBracket)
    }

    private mutating func object(_ reader: inout JSONReader, depth: Int, _ found: Found) throws(Refusal) {
        var callID: UInt64 = 0
        var arguments: JSONReader?
        var isElsewhere = false
        guard try reader.enter(Byte.openBrace, Byte.closeBrace) else { return }
        repeat {
            let mark = space.pointee.arena.used
            let key = try reader.key()
            if reader.p.pointee == Byte.quote && (key.equals("id") || key.equals("toolCallId")) {
                let id = try reader.text()
                callID = id.isEmpty ? 0 : StableHash.hash(id.buffer)
            } else if key.equals("type") && reader.p.pointee == Byte.quote {
                let type = try reader.text()
                isElsewhere = type.hasPrefix("server_tool") || type.hasSuffix("_response") || type.hasSuffix("_result")
            } else if key.equals("arguments") || key.equals("args") || key.equals("input") {
                arguments = reader
                try reader.skipValue()
            } else if key.equals("function") && reader.p.pointee == Byte.openBrace {
                if let inner = try functionArguments(&reader) { arguments = inner }
            } else if key.equals("parts") || key.equals("tool_calls") || key.equals("message") || key.equals("content") {
                try value(&reader, depth: depth + 1, found)
            } else {
                try reader.skipValue()
            }
            space.pointee.arena.rewind(to: mark)
        } while try reader.next(Byte.closeBrace)
        if callID != 0, !isElsewhere, let arguments { count = found(callID, arguments) }
    }

    private func functionArguments(_ reader: inout JSONReader) throws(Refusal) -> JSONReader? {
        var arguments: JSONReader?
        guard try reader.enter(Byte.openBrace, Byte.closeBrace) else { return nil }
        repeat {
            if try reader.key().equals("arguments") { arguments = reader }
            try reader.skipValue()
        } while try reader.next(Byte.closeBrace)
        return arguments
    }
}
