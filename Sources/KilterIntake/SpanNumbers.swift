import KilterVocabulary

extension SpanResolver {
    /// The largest count a producer may claim: beyond, doubles no longer hold every integer.
    private static let countMax: UInt64 = 1 << 53

    /// Token counts. A cache count above the input means that the producer's input excludes what came from the cache
    /// (the raw figures of some providers do): then both are added.
    func resolveTokens(_ row: inout SpanRecord) {
        let input = number(.inputTokens, &row.flags)
        let read = number(.cacheReadTokens, &row.flags) ?? 0
        let written = number(.cacheWriteTokens, &row.flags) ?? 0
        if var input {
            if read + written > input { input += read + written }
            row.inputTokens = UInt32(clamping: input)
        }
        row.cacheReadTokens = UInt32(clamping: read)
        row.cacheWriteTokens = UInt32(clamping: written)
        if let output = number(.outputTokens, &row.flags) { row.outputTokens = UInt32(clamping: output) }
        if let reasoning = number(.reasoningTokens, &row.flags) { row.reasoningTokens = UInt32(clamping: reasoning) }
    }

    /// The first usable count of a field. A value that is no count in range is noted and treated as absent.
    @inline(__always) func number(_ field: Field, _ flags: inout SpanFlags) -> UInt64? {
        let ranks = candidates.ranks(field)
        if ranks == 0 { return nil }
        let value = candidates.value(field, lowestOf: ranks)
        if value.shape == .integer && value.bits <= Self.countMax { return value.bits }
        return looseNumber(field, ranks, &flags)
    }

    @inline(never) private func looseNumber(_ field: Field, _ among: UInt16, _ flags: inout SpanFlags) -> UInt64? {
        var ranks = among
        while ranks != 0 {
            let value = candidates.value(field, lowestOf: ranks)
            ranks &= ranks &- 1
            if value.shape == .absent || (value.shape == .text && value.text.isEmpty) { continue }
            if let count = count(value) { return count }
            flags.insert(.badNumber)
            space.pointee.note(.badNumber)
        }
        return nil
    }

    private func count(_ value: AttributeValue) -> UInt64? {
        switch value.shape {
        case .integer: return value.bits <= Self.countMax ? value.bits : nil
        case .double: return Self.count(Double(bitPattern: value.bits))
        case .text: return count(text: value.text)
        default: return nil
        }
    }

    /// A fraction of a token is dropped.
    private static func count(_ value: Double) -> UInt64? {
        guard value >= 0, value <= Double(countMax) else { return nil }
        return UInt64(exactly: value.rounded(.down))
    }

    private func count(text: Text) -> UInt64? {
        if let whole = JSONReader.whole(text) {
            return whole.unsigned.flatMap { $0 <= Self.countMax ? $0 : nil }
        }
        guard text.count <= 32, let text = space.pointee.arena.copy(text), isNumber(text) else { return nil }
        return parseDouble(text).flatMap { Self.count($0) }
    }
}
