import CLanes
import KilterMath
import KilterVocabulary

// The tool calls that a model asked for, out of its answer. All forms of the reference, section 1.5.
extension SpanResolver {
    /// Keeps the calls that a model asked for, and what it says in the same messages. True when it asks for any.
    func keepRequests(_ row: inout SpanRecord, _ draft: inout AnswerDraft, into batch: inout SpanBatch) -> Bool {
        let first = batch.requestedCalls.count
        let limit = first + Limits.requestsOfSpanMax
        if candidates.has(.outputMessages) {
            draft = read(candidates.first(.outputMessages), limit: limit) { keep($0, $1, into: &batch) }
        }
        for draft in space.pointee.requests where batch.requestedCalls.count < limit {
            guard draft.id.shape == .text, draft.arguments.shape == .text, !draft.id.text.isEmpty else { continue }
            keep(StableHash.hash(draft.id.text.buffer), text: draft.arguments.text, into: &batch)
        }
        row.firstRequestedCall = UInt32(clamping: first)
        row.requestedCallCount = UInt16(clamping: batch.requestedCalls.count - first)
        return row.requestedCallCount > 0 || !space.pointee.requests.isEmpty
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
