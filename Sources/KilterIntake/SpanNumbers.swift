import KilterVocabulary

extension SpanResolver {
    /// The largest count a producer may claim: beyond, doubles no longer hold every integer.
    static let countMax: UInt64 = 1 << 53

    /// The first usable count of a field. A value that is no count in range is noted and treated as absent; so is,
    /// though kept, one that another source contradicts by more than a hundredth.
    @inline(__always) func number(_ field: Field, _ flags: inout SpanFlags) -> UInt64? {
        let ranks = candidates.ranks(field)
        if ranks == 0 { return nil }
        let value = candidates.value(field, lowestOf: ranks)
        if value.shape == .integer && value.bits <= Self.countMax && ranks & (ranks &- 1) == 0 { return value.bits }
        return looseNumber(field, ranks, &flags)
    }

    @inline(never) private func looseNumber(_ field: Field, _ among: Ranks, _ flags: inout SpanFlags) -> UInt64? {
        var ranks = among
        while ranks != 0 {
            let value = candidates.value(field, lowestOf: ranks)
            ranks &= ranks &- 1
            if value.shape == .absent || (value.shape == .text && value.text.isEmpty) { continue }
            if let count = count(value) {
                if ranks != 0 && isContradicted(count, field, ranks) { space.pointee.note(.sourcesDisagree) }
                return count
            }
            flags.insert(.badNumber)
            space.pointee.note(.badNumber)
        }
        return nil
    }

    private func isContradicted(_ count: UInt64, _ field: Field, _ among: Ranks) -> Bool {
        var ranks = among
        while ranks != 0 {
            if let other = self.count(candidates.value(field, lowestOf: ranks)) {
                let difference = max(count, other) - min(count, other)
                if difference * 100 > max(count, other) { return true }
            }
            ranks &= ranks &- 1
        }
        return false
    }

    private func count(_ value: AttributeValue) -> UInt64? {
        switch value.shape {
        case .integer: return value.bits <= Self.countMax ? value.bits : nil
        case .double: return Self.count(Double(bitPattern: value.bits))
        case .text: return value.text.hasPrefix("{") ? count(wrapped: value) : count(text: value.text)
        case .jsonTree, .plainTree, .protobufTree: return count(wrapped: value)
        default: return nil
        }
    }

    /// A fraction of a token is dropped.
    private static func count(_ value: Double) -> UInt64? {
        guard value >= 0, value <= Double(countMax) else { return nil }
        return UInt64(exactly: value.rounded(.down))
    }

    /// A number inside an object: an AnyValue that became text, or a JavaScript long as `{low, high, unsigned}`.
    private func count(wrapped value: AttributeValue) -> UInt64? {
        guard let object = try? canonicalTree(value) else { return nil }
        if let inner = memberNumber("\"intValue\":", of: object) ?? memberNumber("\"doubleValue\":", of: object) {
            return count(text: inner)
        }
        guard let low = memberNumber("\"low\":", of: object).flatMap({ JSONReader.whole($0)?.signed }),
            let high = memberNumber("\"high\":", of: object).flatMap({ JSONReader.whole($0)?.signed }), high >= 0
        else { return nil }
        let bits = UInt64(truncatingIfNeeded: high) << 32 | UInt64(UInt32(truncatingIfNeeded: low))
        return bits <= Self.countMax ? bits : nil
    }

    func count(text: Text) -> UInt64? {
        if let whole = JSONReader.whole(text) {
            return whole.unsigned.flatMap { $0 <= Self.countMax ? $0 : nil }
        }
        guard text.count <= 32, let text = space.pointee.arena.copy(text), isNumber(text) else { return nil }
        return parseDouble(text).flatMap { Self.count($0) }
    }
}
