import KilterMath
import KilterVocabulary

/// One notice per tenant and model that tokens of have no price, and one per tenant and service whose own costs are
/// absurd: neither is an alert, but budgets count too little until somebody looks.
///
/// Each tenant is told of so many at most; the notes of the statistics count on.
struct PriceNotices {
    private var told: [NameHash: Set<UInt64>] = [:]
    private static let toldMax = 256
    /// What was asked for last and is no news: spans of one model follow each other.
    private var latest: (tenant: NameHash, key: UInt64)?
    static let troubles: SpanFlags = [.unpriced, .absurdCost]

    /// Takes a row with one of `troubles`.
    mutating func take(_ row: SpanRecord, _ strings: StringTable, into events: inout [Event]) {
        if row.flags.contains(.unpriced) {
            let model = row.responseModel == 0 ? row.model : row.responseModel
            if isNews(row, strings.hash(model)) { events.append(.notice(unpriced(row, strings.string(model), strings))) }
        }
        if row.flags.contains(.absurdCost), isNews(row, StableHash.combine(strings.hash(row.service), 1)) {
            events.append(.notice(absurd(row, strings)))
        }
    }

    private mutating func isNews(_ row: SpanRecord, _ key: UInt64) -> Bool {
        let tenant = row.place.tenantName
        if let latest, latest == (tenant, key) { return false }
        latest = (tenant, key)
        guard told[tenant, default: []].count < Self.toldMax else { return false }
        return told[tenant, default: []].insert(key).inserted
    }

    private func unpriced(_ row: SpanRecord, _ model: String, _ strings: StringTable) -> Notice {
        let what = model.isEmpty ? "a model without a name" : "model \(model)"
        return Notice(
            kind: .price, time: EventTime(nanoseconds: row.endNanoseconds),
            summary: "Tokens of \(what) have no price: its calls count as tokens, not as money. Give it one under `prices`.",
            facts: [
                Evidence("reason", .string("unpriced_tokens")), Evidence("tenant", .string(strings.string(row.tenant))),
                Evidence("model", .string(model)), Evidence("requested_model", .string(strings.string(row.model))),
                Evidence("provider", .string(strings.string(row.provider))),
                Evidence("service", .string(strings.string(row.service))),
            ])
    }

    private func absurd(_ row: SpanRecord, _ strings: StringTable) -> Notice {
        let service = strings.string(row.service)
        let instead = row.flags.contains(.priced) ? "; the price list is used instead" : ""
        return Notice(
            kind: .price, time: EventTime(nanoseconds: row.endNanoseconds),
            summary: "\(service) states a cost that its tokens cannot have had\(instead).",
            facts: [
                Evidence("reason", .string("absurd_cost")), Evidence("tenant", .string(strings.string(row.tenant))),
                Evidence("service", .string(service)), Evidence("model", .string(strings.string(row.model))),
            ])
    }
}
