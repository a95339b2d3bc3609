import KilterVocabulary

extension SpanResolver {
    /// Whether the span failed, as what, and the digest that tells one failure from another.
    func resolveFailure(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        let type = candidates.has(.errorType) ? space.pointee.nameText(.errorType) : .none
        let code = candidates.has(.statusCode) ? space.pointee.nameText(.statusCode, candidates.ranks(.statusCode)) : .none
        if candidates.has(.blockedBy) && candidates.first(.blockedBy).shape != .absent { row.flags.insert(.blocked) }
        if isRateLimit(type) || isRateLimit(code) || isRateLimit(space.pointee.facts.exceptionType) {
            row.flags.insert(.rateLimited)
        }
        guard row.flags.contains(.failed) || hasFailed(type) else { return }
        row.flags.insert(.failed)
        let shown = errorType(type, code)
        row.errorType = space.pointee.name(shown, into: &batch)
        let message = errorMessage()
        // Some say it in words alone.
        if saysRateLimit(message) { row.flags.insert(.rateLimited) }
        if row.kind == .executeTool {
            // Many frameworks say it in the result that goes back to the model.
            let said = message.isEmpty ? candidates.text(.result) : message
            if UnknownTools.isNamed(by: shown, said, tool: toolName(.executeTool), space) { row.flags.insert(.unknownTool) }
        }
        if !message.isEmpty || row.result.isKnown { row.flags.insert(.errorText) }
        row.errorDigest = digest(shown, message, row.result)
    }

    private func hasFailed(_ type: Text) -> Bool {
        if space.pointee.facts.statusCode == 2 || !type.isEmpty { return true }
        if candidates.has(.guardrailError) && !candidates.text(.guardrailError).isEmpty { return true }
        if candidates.has(.success) {
            let success = candidates.first(.success)
            if success.shape == .boolean && success.bits == 0 { return true }
            if success.shape == .text && success.text.equalsFolded("false") { return true }
        }
        if candidates.has(.level) && candidates.text(.level).equalsFolded("error") { return true }
        guard candidates.has(.toolStatus) else { return false }
        let status = candidates.text(.toolStatus)
        return status.equalsFolded("error") || status.equalsFolded("failed") || status.equalsFolded("timeout")
    }

    private func errorType(_ own: Text, _ code: Text) -> Text {
        if !own.isEmpty { return own }
        let exception = exceptionType()
        if !exception.isEmpty { return exception }
        if !code.isEmpty { return code }
        let guardrail = candidates.text(.guardrailError)
        return guardrail.isEmpty ? Text("_OTHER") : guardrail
    }

    private func exceptionType() -> Text {
        let event = space.pointee.facts.exceptionType
        return event.isEmpty ? candidates.text(.exceptionType) : event
    }

    private func errorMessage() -> Text {
        var message = space.pointee.facts.statusMessage
        if message.isEmpty { message = space.pointee.facts.exceptionMessage }
        if message.isEmpty { message = candidates.text(.exceptionMessage) }
        return message.isEmpty ? candidates.text(.errorMessage) : message
    }

    /// Hash of type and text. A failed call without any message has its result as its text.
    private func digest(_ type: Text, _ message: Text, _ result: Fingerprint) -> UInt64 {
        if message.isEmpty && result.isKnown {
            return space.pointee.fingerprints.digest(.error, type, result)
        }
        return space.pointee.fingerprints.digest(.error, type, message)
    }

    /// The beginning of an error's text names a rate limit.
    private func saysRateLimit(_ message: Text) -> Bool {
        let beginning = message.prefix(min(message.count, 160))
        if isRateLimit(beginning) { return true }
        return beginning.hasPrefix("429") || beginning.find(" 429") != nil
    }

    /// Looks for the spellings of a rate limit in a class or code, whatever its case and punctuation.
    private func isRateLimit(_ text: Text) -> Bool {
        if text.isEmpty { return false }
        if text.equals("429") { return true }
        guard text.count >= 8, let out = space.pointee.arena.room(text.count) else { return false }
        var count = 0
        for index in 0..<text.count {
            let byte = lowered(text[index])
            if (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) {
                out[count] = byte
                count += 1
            }
        }
        let letters = Text(out, count)
        for word in Self.rateLimitWords where letters.find(word) != nil { return true }
        return false
    }

    private static let rateLimitWords: [StaticString] = [
        "ratelimit", "toomanyrequests", "resourceexhausted", "throttl",
    ]
}
