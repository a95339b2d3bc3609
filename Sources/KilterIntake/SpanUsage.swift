import KilterVocabulary

/// Counts that come as members of one object, as Langfuse and LangSmith write them.
private struct UsageDetails {
    var input: UInt64?
    var output: UInt64?
    var cacheRead: UInt64?
    var cacheWrite: UInt64?
    var reasoning: UInt64?
}

extension SpanResolver {
    /// Token counts. A cache count above the input means that the producer's input excludes what came from the cache
    /// (the raw figures of some providers do, and Claude Code's always): then both are added.
    func resolveTokens(_ row: inout SpanRecord) throws(Refusal) {
        let details = try hasDetails ? usageDetails() : UsageDetails()
        if candidates.has(.costDetails) { try takeCostDetails() }
        let excludesCache = candidates.ranks(.inputTokens) == 1 << UInt16(Rank.bare)
        let read = number(.cacheReadTokens, &row.flags) ?? details.cacheRead ?? 0
        let written = number(.cacheWriteTokens, &row.flags) ?? details.cacheWrite ?? 0
        if var input = number(.inputTokens, &row.flags) ?? details.input {
            if excludesCache || read + written > input { input += read + written }
            row.inputTokens = UInt32(clamping: input)
        }
        row.cacheReadTokens = UInt32(clamping: read)
        row.cacheWriteTokens = UInt32(clamping: written)
        row.outputTokens = UInt32(clamping: number(.outputTokens, &row.flags) ?? details.output ?? 0)
        row.reasoningTokens = UInt32(clamping: number(.reasoningTokens, &row.flags) ?? details.reasoning ?? 0)
    }

    @inline(__always) private var hasDetails: Bool {
        candidates.ranks(.usageDetails) | candidates.ranks(.inputDetails) | candidates.ranks(.outputDetails) != 0
    }

    private func usageDetails() throws(Refusal) -> UsageDetails {
        var found = UsageDetails()
        if let usage = try canonicalTree(candidates.first(.usageDetails)) {
            found.input = count(Self.inputNames, of: usage)
            found.output = count(Self.outputNames, of: usage)
            found.cacheRead = count(Self.cacheReadNames, of: usage)
            found.cacheWrite = count(Self.cacheWriteNames, of: usage)
            found.reasoning = count(Self.reasoningNames, of: usage)
        }
        if let input = try canonicalTree(candidates.first(.inputDetails)) {
            found.cacheRead = count(Self.cacheReadNames, of: input) ?? found.cacheRead
            found.cacheWrite = count(Self.cacheWriteNames, of: input) ?? found.cacheWrite
        }
        if let output = try canonicalTree(candidates.first(.outputDetails)) {
            found.reasoning = count(Self.reasoningNames, of: output) ?? found.reasoning
        }
        return found
    }

    /// Lets the members of a cost object stand as if they were attributes of their own.
    private func takeCostDetails() throws(Refusal) {
        guard let costs = try canonicalTree(candidates.first(.costDetails)) else { return }
        let sources: [(StaticString, Slot)] = [
            ("\"total\":", Slot(.cost, Rank.vendor + 2)), ("\"input\":", Slot(.costParts, Rank.vendor)),
            ("\"output\":", Slot(.costParts, Rank.vendor + 1)),
        ]
        for (name, slot) in sources {
            guard let digits = memberNumber(name, of: costs), let kept = space.pointee.arena.copy(digits) else { continue }
            _ = candidates.set(slot, .text(kept))
        }
    }

    private static let inputNames: [StaticString] = ["\"input\":", "\"input_tokens\":", "\"prompt_tokens\":"]
    private static let outputNames: [StaticString] = ["\"output\":", "\"output_tokens\":", "\"completion_tokens\":"]
    private static let cacheReadNames: [StaticString] = [
        "\"cache_read\":", "\"cache_read_input_tokens\":", "\"input_cache_read\":", "\"input_cached_tokens\":",
    ]
    private static let cacheWriteNames: [StaticString] = [
        "\"cache_creation\":", "\"cache_creation_input_tokens\":", "\"input_cache_creation\":",
    ]
    private static let reasoningNames: [StaticString] = [
        "\"reasoning\":", "\"output_reasoning_tokens\":", "\"reasoning_tokens\":", "\"output_reasoning\":",
    ]

    private func count(_ names: [StaticString], of object: Text) -> UInt64? {
        for name in names {
            if let digits = memberNumber(name, of: object), let count = count(text: digits) { return count }
        }
        return nil
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
        guard var start = member(key, of: object) else { return nil }
        if start < object.count && object[start] == Byte.quote { start += 1 }
        var end = start
        while end < object.count, isNumeric(object[end]) { end += 1 }
        return end > start ? object.dropFirst(start).prefix(end - start) : nil
    }

    private func isNumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): true
        default: false
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
