import CLanes
import KilterVocabulary

extension SpanResolver {
    /// Beyond, no single call can have cost: ten thousand dollars, in picodollars.
    private static let costMax: UInt64 = 10_000_000_000_000_000
    /// A producer's figure that is so many times more, or less, than its tokens cost is a mistake of unit or of model.
    private static let absurdFactor: UInt64 = 1_000

    /// Output means everything that was generated. More thought than put out means that the producer's output excludes
    /// what was thought: then it is added.
    func includeReasoning(_ row: inout SpanRecord) {
        guard row.reasoningTokens > row.outputTokens else { return }
        row.outputTokens = UInt32(clamping: UInt64(row.outputTokens) + UInt64(row.reasoningTokens))
    }

    /// What a call of a model cost: what its producer says, else what the price list makes of its tokens. Spans of
    /// agents and workflows repeat the sum of their calls and are left without.
    func resolveCost(_ row: inout SpanRecord, in strings: StringTable) {
        guard row.kind.isInference else { return }
        let listed = space.pointee.rules.prices.isEmpty ? nil : listedCost(row, strings)
        let hasTokens = row.inputTokens > 0 || row.outputTokens > 0
        if candidates.has(.cost) || candidates.has(.costParts), let stated = statedCost(&row) {
            // Nought by Kilter's own attribute is meant: a gateway's cached call is free.
            let isMeant = candidates.ranks(.cost) & 1 != 0
            if case .picodollars(let cost) = stated, cost == 0 && isMeant || !isAbsurd(cost, besides: hasTokens ? listed : nil) {
                row.costPicodollars = cost
                row.flags.insert(.priced)
                return
            }
            row.flags.insert(.absurdCost)
            space.pointee.note(.absurdCost)
        }
        if !hasTokens || space.pointee.rules.prices.isEmpty { return }
        if let listed {
            row.costPicodollars = listed
            row.flags.insert(.priced)
        } else {
            row.flags.insert(.unpriced)
            space.pointee.note(.unpricedTokens)
        }
    }

    // MARK: By the list

    /// By the model that answered; by the one that was asked where that has no price.
    private func listedCost(_ row: SpanRecord, _ strings: StringTable) -> UInt64? {
        if let cost = listedCost(of: row.responseModel, row, strings) { return cost }
        return row.responseModel == row.model ? nil : listedCost(of: row.model, row, strings)
    }

    private func listedCost(of model: StringRef, _ row: SpanRecord, _ strings: StringTable) -> UInt64? {
        if model == 0 { return nil }
        let list = space.pointee.rules.prices
        let quote = space.pointee.prices.quote(model, row.provider, strings, list)
        if quote.isEmpty { return nil }
        let time = EventTime(nanoseconds: row.endNanoseconds)
        let rate = list.rate(quote, at: time, inputTokens: UInt64(row.inputTokens))
        return rate?.cost(
            inputTokens: UInt64(row.inputTokens), cacheReadTokens: UInt64(row.cacheReadTokens),
            cacheWriteTokens: UInt64(row.cacheWriteTokens), outputTokens: UInt64(row.outputTokens),
            reasoningTokens: UInt64(row.reasoningTokens))
    }

    // MARK: By the producer

    private enum Stated {
        case picodollars(UInt64)
        /// Negative, not a number, or more than any call can cost.
        case absurd
    }

    private func isAbsurd(_ cost: UInt64, besides listed: UInt64?) -> Bool {
        guard let listed, listed > 0 else { return false }
        return cost / Self.absurdFactor > listed || cost < listed / Self.absurdFactor
    }

    /// The first source that is a number at all, else the sum of its parts.
    private func statedCost(_ row: inout SpanRecord) -> Stated? {
        var ranks = candidates.ranks(.cost)
        while ranks != 0 {
            let isOwn = ranks & 1 != 0
            let value = candidates.value(.cost, lowestOf: ranks)
            ranks &= ranks &- 1
            // Kilter's own attribute is in microdollars, all others are in dollars.
            if let stated = stated(value, picodollars: isOwn ? 1_000_000 : 1_000_000_000_000, &row.flags) { return stated }
        }
        return statedParts(&row)
    }

    /// What was sent and what came back, each with its cost, in the order of the dialects that say it so; one of them
    /// alone is the whole where nothing came back.
    private func statedParts(_ row: inout SpanRecord) -> Stated? {
        for first in [Rank.openInference, Rank.vendor] {
            let wholes: Ranks = 3 << Ranks(first)
            var ranks = candidates.ranks(.costParts) & (first == Rank.vendor ? ~0 << Ranks(first) : wholes)
            guard ranks & wholes == wholes || (ranks != 0 && row.outputTokens == 0) else { continue }
            var total: UInt64? = 0
            while ranks != 0, let before = total {
                let value = candidates.value(.costParts, lowestOf: ranks)
                ranks &= ranks &- 1
                switch stated(value, picodollars: 1_000_000_000_000, &row.flags) {
                case nil: total = nil
                case .absurd: return .absurd
                case .picodollars(let cost): total = before + cost
                }
            }
            if let total { return total > Self.costMax ? .absurd : .picodollars(total) }
        }
        return nil
    }

    /// One figure; nil when it is none.
    private func stated(_ value: AttributeValue, picodollars unit: UInt64, _ flags: inout SpanFlags) -> Stated? {
        switch value.shape {
        case .absent: return nil
        case .integer:
            guard let whole = UInt64(exactly: Int64(bitPattern: value.bits)) else { return .absurd }
            let (cost, isTooLarge) = whole.multipliedReportingOverflow(by: unit)
            return isTooLarge || cost > Self.costMax ? .absurd : .picodollars(cost)
        case .double: return stated(Double(bitPattern: value.bits), unit)
        case .text where value.text.isEmpty: return nil
        case .text:
            guard value.text.count <= 32, let text = space.pointee.arena.copy(value.text), isNumber(text),
                let amount = parseDouble(text)
            else { break }
            return stated(amount, unit)
        default: break
        }
        flags.insert(.badNumber)
        space.pointee.note(.badNumber)
        return nil
    }

    /// To the nearest picodollar.
    private func stated(_ amount: Double, _ unit: UInt64) -> Stated {
        let cost = (amount * Double(unit)).rounded()
        guard cost >= 0, cost <= Double(Self.costMax), let exact = UInt64(exactly: cost) else { return .absurd }
        return .picodollars(exact)
    }
}
