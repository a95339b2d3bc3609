import KilterVocabulary

extension SpanResolver {
    /// Token counts: input with what came from the cache and went into it, output with what was thought.
    func resolveTokens(_ row: inout SpanRecord) throws(Refusal) {
        if candidates.has(.costDetails) { try takeCostDetails() }
        let details = try hasDetails ? usageDetails() : UsageDetails()
        let read = number(.cacheReadTokens, &row.flags) ?? details.cacheRead
        let written = number(.cacheWriteTokens, &row.flags) ?? details.cacheWrite
        let reasoning = number(.reasoningTokens, &row.flags) ?? details.reasoning
        var input = number(.inputTokens, &row.flags)
        var output = number(.outputTokens, &row.flags)
        if read + written + reasoning > 0 { include(&input, read + written, &output, reasoning, details, &row.flags) }
        if row.kind == .embeddings && input == nil && candidates.has(.totalTokens) { input = number(.totalTokens, &row.flags) }
        row.inputTokens = UInt32(clamping: input ?? details.allInput ?? 0)
        row.outputTokens = UInt32(clamping: output ?? details.allOutput ?? 0)
        row.cacheReadTokens = UInt32(clamping: read)
        row.cacheWriteTokens = UInt32(clamping: written)
        row.reasoningTokens = UInt32(clamping: reasoning)
    }

    /// Adds the parts to counts that leave them out: those that repeat the figure of an object which leaves them out,
    /// those whose stated total is reached with the parts only, and those of producers known for it.
    @inline(never) private func include(
        _ input: inout UInt64?, _ cached: UInt64, _ output: inout UInt64?, _ reasoning: UInt64, _ details: UsageDetails,
        _ flags: inout SpanFlags
    ) {
        let beyond = candidates.has(.totalTokens) ? beyond(input, output, &flags) : 0
        if let own = output {
            let isThoughtBeyond = beyond > 0 && (beyond == reasoning || beyond == cached + reasoning)
            if own == details.output { output = details.allOutput } else if isThoughtBeyond { output = own + reasoning }
        }
        if let own = input {
            let isCachedBeyond = beyond > reasoning && (beyond == cached || beyond == cached + reasoning)
            if own == details.input {
                input = details.allInput
            } else if cached > own || leavesOutCache || isCachedBeyond {
                // More from the cache than was sent at all is the sign of a provider's raw figures.
                input = own + cached
            }
        }
    }

    /// By how much the stated total exceeds input and output.
    private func beyond(_ input: UInt64?, _ output: UInt64?, _ flags: inout SpanFlags) -> UInt64 {
        let sum = (input ?? 0) + (output ?? 0)
        guard let total = number(.totalTokens, &flags), total > sum else { return 0 }
        return total - sum
    }

    private var leavesOutCache: Bool {
        switch space.pointee.facts.producer {
        case .vercel: VercelDialect.inputExcludesCache(candidates)
        // The raw figures of the Converse and Invoke interfaces.
        case .openLLMetryBedrock: true
        case .claudeCode: candidates.ranks(.inputTokens) == 1 << Ranks(Rank.bare)
        case .unknown, .langfuse, .googleADK, .a2aSDK: false
        }
    }

    // MARK: Objects as attributes

    /// The canonical text of an object, be it JSON text or a tree of attributes; nil for anything else. Valid until the
    /// next value is made canonical.
    func canonicalTree(_ value: AttributeValue) throws(Refusal) -> Text? {
        switch value.shape {
        case .text, .plainTree:
            guard let text = space.pointee.terminated(value.text), space.pointee.canonicalize(text) else { return nil }
        case .protobufTree: try TreeWriter(space: space).write(protobuf: value.text)
        case .jsonTree: try TreeWriter(space: space).write(json: value)
        default: return nil
        }
        return space.pointee.canonical.text
    }

    /// The digits of a member that is a number, bare or in quotes.
    func memberNumber(_ key: StaticString, of object: Text) -> Text? {
        member(key, of: object).flatMap { digits(of: object, at: $0) }
    }

    private func digits(of object: Text, at place: Int) -> Text? {
        var start = place
        if start < object.count && object[start] == Byte.quote { start += 1 }
        var end = start
        while end < object.count, isNumeric(object[end]) { end += 1 }
        return end > start ? object.dropFirst(start).prefix(end - start) : nil
    }

    /// Every number in the canonical text of an object, with the name that it goes by and how deep it stands (1 is the
    /// object itself).
    func forEachNumber(of object: Text, _ body: (_ name: Text, _ digits: Text, _ depth: Int) -> Void) {
        var depth = 0
        var index = 0
        while index < object.count {
            switch object[index] {
            case Byte.openBrace, Byte.openBracket: depth += 1
            case Byte.closeBrace, Byte.closeBracket: depth -= 1
            case Byte.quote:
                let start = index + 1
                index = start
                while index < object.count && object[index] != Byte.quote { index += object[index] == Byte.backslash ? 2 : 1 }
                guard index + 1 < object.count, object[index + 1] == UInt8(ascii: ":") else { break }
                let name = object.dropFirst(start).prefix(index - start)
                if let digits = digits(of: object, at: index + 2) { body(name, digits, depth) }
            default: break
            }
            index += 1
        }
    }

    private func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
        }
    }

    /// Why a model stopped, and how long it took to begin.
    @inline(__always) func resolveEnding(_ row: inout SpanRecord, into batch: inout SpanBatch) {
        if candidates.has(.finishReason) { row.finishReason = space.pointee.name(listText(.finishReason), into: &batch) }
        for (field, unit) in [(Field.secondsToFirstToken, 1e6), (.millisecondsToFirstToken, 1e3)] where candidates.has(field) {
            // A day and more to the first word is no figure, but a clock's time.
            guard let time = score(candidates.first(field)), time > 0, time * unit < 86_400e6 else { continue }
            row.firstTokenMicroseconds = UInt32(exactly: (time * unit).rounded(.down)) ?? .max
        }
    }

    /// The text of a field, or the first text of a list.
    func listText(_ field: Field) -> Text {
        let own = space.pointee.nameText(field)
        if !own.isEmpty && !own.hasPrefix("[") { return own }
        let value = own.isEmpty ? candidates.first(field) : .text(own)
        guard let list = try? canonicalTree(value), list.hasPrefix("[\"") else { return own }
        var end = 2
        while end < list.count && list[end] != Byte.quote && list[end] != Byte.backslash { end += 1 }
        guard end < list.count, list[end] == Byte.quote else { return own }
        return space.pointee.arena.copy(list.dropFirst(2).prefix(end - 2)) ?? own
    }
}
