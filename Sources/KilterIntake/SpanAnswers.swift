import CLanes
import KilterMath
import KilterVocabulary

// What a model, or an agent as a whole, answered, and the message that it answered, as digests. All forms of the reference,
// sections 1.5 and 1.8.
extension SpanResolver {
    @inline(__always) func resolveAnswer(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        guard row.kind.isInference || row.kind == .invokeAgent else { return }
        let isShown =
            candidates.has(.outputMessages) || candidates.has(.answerText) || candidates.has(.genericOutput)
            || row.messageDigest != 0 || !space.pointee.requests.isEmpty || !space.pointee.outputs.isEmpty
        if isShown { keepAnswer(&row, into: &batch) }
        // What was asked is there without what was answered.
        if row.answer.kind == .absent, row.kind.isInference { row.answer.prompt = promptDigest(ofTools: false) }
    }

    @inline(never) private func keepAnswer(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        var draft = AnswerDraft()
        let asked = row.kind.isInference ? keepRequests(&row, &draft, into: &batch) : readMessages(&draft)
        guard row.kind.answers || row.kind == .invokeAgent else { return }
        if draft.isEmpty { readTexts(&draft) }
        let isMessage = row.sender != 0
        if draft.isEmpty, !isMessage, candidates.has(.messageText) { draft.take(candidates.text(.messageText), space) }
        if asked { draft.asks = true }
        if draft.isEmpty, !isMessage, row.messageDigest != 0 {
            draft.take(digest: row.messageDigest, characters: row.messageCharacters)
        }
        row.answer = answer(draft)
    }

    private func answer(_ draft: AnswerDraft) -> Answer {
        var answer = Answer()
        answer.kind = draft.asks ? .request : draft.kind
        answer.digest = draft.digest
        answer.tailBytes = draft.tail.bytes
        answer.tailRepeats = draft.tail.repeats
        // Of a call that asks for tools only what was asked of the agent matters, not what another tool said.
        if answer.kind != .absent { answer.prompt = promptDigest(ofTools: answer.kind != .request) }
        return answer
    }

    /// The answer that a log record tells of the span that it names: conventions of today and of before version 1.37.
    func resolveAnswer(event: Text, _ row: inout SpanRecord) {
        guard row.parent != 0, candidates.has(.outputMessages), EventDialect.tellsAnswers(event) else { return }
        row.answer = answer(read(candidates.first(.outputMessages), limit: Limits.requestsOfSpanMax) { _, _ in 0 })
    }

    /// The messages of an agent, whose calls are its models' to tell; never true.
    private func readMessages(_ draft: inout AnswerDraft) -> Bool {
        draft = read(candidates.first(.outputMessages), limit: Limits.requestsOfSpanMax) { _, _ in 0 }
        return false
    }

    /// Walks messages given as JSON text or as a tree. What is no JSON, or cut off, gives what stands before.
    func read(_ value: AttributeValue, limit: Int, _ found: AnswerWalk.Found) -> AnswerDraft {
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        var text = Text.none
        switch value.shape {
        case .text:
            guard let whole = space.pointee.arena.isZeroBehind(value.text) ? value.text : space.pointee.arena.copy(value.text)
            else { return AnswerDraft() }
            text = whole
        case .protobufTree, .jsonTree, .plainTree:
            guard let tree = try? canonicalTree(value), let copy = space.pointee.arena.copy(tree) else { return AnswerDraft() }
            text = copy
        default: return AnswerDraft()
        }
        var reader = JSONReader(text.base, space)
        reader.skipSpace()
        var walk = AnswerWalk(space: space, limit: limit)
        try? walk.value(&reader, depth: 0, found)
        return walk.answer
    }

    /// The answer where it stands under keys of its own: the last message, the dialects' texts, any output that is text.
    private func readTexts(_ draft: inout AnswerDraft) {
        if let last = space.pointee.outputs.latest() { return draft.take(last.content.text, space) }
        for field in [Field.answerText, .genericOutput] where draft.isEmpty {
            let value = candidates.first(field)
            let isText = value.shape == .text && !isStructured(value.text)
            if !isText { draft = read(value, limit: Limits.requestsOfSpanMax) { _, _ in 0 } }
            // An object that holds no message is itself the answer, if the dialect says so; others hold ids that never repeat.
            if draft.isEmpty, value.shape == .text, isText || field == .answerText { draft.take(value.text, space) }
        }
    }

    /// An object or a list.
    private func isStructured(_ text: Text) -> Bool {
        let text = text.trimmed
        return text.hasPrefix("{") || text.hasPrefix("[")
    }

    // MARK: What was asked

    /// Digest of the last message to the model that is neither its own nor an instruction; zero when there is none to see.
    private func promptDigest(ofTools: Bool) -> UInt64 {
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        if candidates.has(.input), let message = lastMessage(candidates.first(.input), ofTools) { return digest(message) }
        let last = space.pointee.inputs.latest { !($0.role.shape == .text && PromptScan.isOwn($0.role.text)) }
        if let last {
            let isTool = last.role.shape == .text && PromptScan.isTool(last.role.text)
            return isTool && !ofTools ? 0 : digest(last.content.text)
        }
        if candidates.has(.genericInput), let message = lastMessage(candidates.first(.genericInput), ofTools) { return digest(message) }
        return 0
    }

    private func lastMessage(_ value: AttributeValue, _ ofTools: Bool) -> Text? {
        switch value.shape {
        case .text:
            if value.bits == 0 { return lastMessage(in: value.text, ofTools) }
            // Most often the end will do.
            if value.text.count > Limits.promptBytesMax, isStructured(value.text), let end = unescaped(endOf(value.text)),
                isClosed(end), let message = PromptScan(end, isWhole: false).lastMessage(ofTools: ofTools)
            {
                return message
            }
            return unescaped(value.text).flatMap { lastMessage(in: $0, ofTools) }
        case .protobufTree, .jsonTree, .plainTree:
            return (try? canonicalTree(value)).flatMap { $0 }.flatMap { PromptScan($0, isWhole: true).lastMessage(ofTools: ofTools) }
        default: return nil
        }
    }

    private func lastMessage(in text: Text, _ ofTools: Bool) -> Text? {
        guard isStructured(text) else { return text }
        return isClosed(text) ? PromptScan(text, isWhole: true).lastMessage(ofTools: ofTools) : nil
    }

    /// Of an input that was cut off nobody knows the end.
    private func isClosed(_ text: Text) -> Bool {
        let text = text.trimmed
        return !text.isEmpty && (text[text.count - 1] == Byte.closeBracket || text[text.count - 1] == Byte.closeBrace)
    }

    /// The last `Limits.promptBytesMax` of a text that still has its escapes, from behind a blank on, which no escape holds.
    private func endOf(_ raw: Text) -> Text {
        var start = max(raw.count - Limits.promptBytesMax, 1)
        while start < raw.count, raw[start - 1] != 0x20 { start += 1 }
        return raw.dropFirst(start)
    }

    private func unescaped(_ raw: Text) -> Text? {
        space.pointee.arena.room(raw.count).map { space.pointee.arena.keep(unescape(raw, to: $0)) }
    }

    /// Of a long message its beginning, its end, its length, and thirty-two pieces in between: a document stands in the middle.
    private func digest(_ message: Text) -> UInt64 {
        let part = 1_024
        guard message.count > 4 * part else { return space.pointee.fingerprints.digest(.prompt, message, .none) }
        var digest = space.pointee.fingerprints.digest(.prompt, message.prefix(part), message.dropFirst(message.count - part))
        digest = StableHash.combine(digest, UInt64(clamping: message.count))
        let step = (message.count - 2 * part) / 32
        for number in 0..<32 {
            digest = StableHash.combine(digest, StableHash.hash(message.dropFirst(part + step * number).prefix(min(step, 64)).buffer))
        }
        return digest
    }
}

/// An answer, as far as it was read: texts are taken one by one.
struct AnswerDraft: BitwiseCopyable {
    private(set) var digest: UInt64 = 0
    private(set) var tail = AnswerTail()
    private(set) var kind = Answer.Kind.absent
    /// The model asks for a call of a tool.
    var asks = false

    var isEmpty: Bool { kind == .absent && !asks }

    /// Takes a text of the answer, as its reader sees it, without the blanks around it.
    // Guard: the workspace belongs to the decoder that reads this span.
    mutating func take(_ whole: Text, _ space: UnsafeMutablePointer<Workspace>) {
        let text = whole.trimmed
        if text.isEmpty || text.equals("__REDACTED__") { return }
        let one = space.pointee.fingerprints.fingerprint(text, .answer).low
        digest = digest == 0 ? one : StableHash.combine(digest, one)
        kind = kind == .text || !isBrief(text) ? .text : .brief
        takeTail(text)
    }

    /// Takes what the producer sent in place of a text. Fewer characters than letters are asked for are brief.
    mutating func take(digest: UInt64, characters: UInt32) {
        self.digest = digest
        kind = characters > 0 && characters < 16 ? .brief : .text
    }

    /// Takes a text that is not for the reader: what the model thought. It is an answer, but equal to nothing.
    mutating func takeThought(_ text: Text) {
        if kind == .absent, !text.isEmpty { kind = .text }
        takeTail(text)
    }

    private mutating func takeTail(_ text: Text) {
        let tail = AnswerTail(text)
        if tail.repeats > self.tail.repeats { self.tail = tail }
    }
}
