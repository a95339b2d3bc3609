import KilterIntake
import KilterState
import KilterVocabulary

/// Who sends what: per agent what its records show, and how old they are when they arrive. Beside the walk: no event
/// depends on it.
///
/// Bounded: `agentsMax` agents, first come; further ones are counted as one. Cost: one dictionary look-up for each
/// stretch of rows of one agent.
struct Census {
    struct Agent {
        var tenant: String
        var environment: String
        var service: String
        var agent: String
        var seen = Visibility()
        var lag = LagHistogram()
        var lastTime = EventTime.zero
    }

    private(set) var agents: [Agent] = []
    /// Agents beyond the bound, as one.
    private(set) var others = Visibility()
    private(set) var lag = LagHistogram()
    /// Spans that end more than a second after they arrive.
    private(set) var ahead: UInt64 = 0
    /// Tokens by model that has no price, and those of further models.
    private(set) var unpriced: [String: UInt64] = [:]
    private(set) var unpricedOthers: UInt64 = 0
    private var places: [UInt64: Int] = [:]

    static let agentsMax = 4_096
    private static let modelsMax = 256

    /// Takes admitted rows of `batch`.
    mutating func take(_ batch: SpanBatch, _ rows: Range<Int>, arrival: EventTime?, _ namesOf: (NameHash) -> NameTable) {
        batch.rows.withUnsafeBufferPointer { all in
            // Guard: `rows` is within the batch; a row is only read, and only here.
            guard let base = all.baseAddress else { return }
            var key: UInt64 = 0
            var at: Int?
            for number in rows {
                let row = base + number
                guard row.pointee.place.outcome == .processed || row.pointee.place.outcome == .late else { continue }
                if row.pointee.place.agentKey != key || number == rows.lowerBound {
                    key = row.pointee.place.agentKey
                    at = places[key] ?? settle(row.pointee, batch, namesOf)
                }
                note(row, batch, at, arrival)
            }
        }
    }

    // Guard: the pointer is only used here.
    private mutating func note(_ row: UnsafePointer<SpanRecord>, _ batch: SpanBatch, _ at: Int?, _ arrival: EventTime?) {
        let end = EventTime(nanoseconds: row.pointee.endNanoseconds)
        let said = row.pointee.assessmentCount == 0 ? [] : batch.assessments(of: row.pointee)
        if let at { agents[at].seen.observe(row, said) } else { others.observe(row, said) }
        if let arrival, !row.pointee.flags.contains(.logRecord) {
            let age = arrival.since(end)
            lag.add(age)
            if end > arrival + .seconds(1) { ahead &+= 1 }
            if let at { agents[at].lag.add(age) }
        }
        if let at { agents[at].lastTime = max(agents[at].lastTime, end) }
        if row.pointee.flags.contains(.unpriced) { noteUnpriced(row.pointee, batch) }
    }

    private mutating func noteUnpriced(_ row: SpanRecord, _ batch: SpanBatch) {
        let name = batch.strings.string(row.responseModel != 0 ? row.responseModel : row.model)
        let tokens = UInt64(row.inputTokens) + UInt64(row.outputTokens)
        if unpriced[name] != nil || unpriced.count < Self.modelsMax {
            unpriced[name, default: 0] &+= tokens
        } else {
            unpricedOthers &+= tokens
        }
    }

    private mutating func settle(_ row: SpanRecord, _ batch: SpanBatch, _ namesOf: (NameHash) -> NameTable) -> Int? {
        guard agents.count < Self.agentsMax else { return nil }
        let names = namesOf(row.place.tenantName)
        places[row.place.agentKey] = agents.count
        agents.append(
            Agent(
                tenant: names.text(row.place.tenantName), environment: batch.strings.string(row.environment),
                service: batch.strings.string(row.service), agent: names.text(row.place.agentName)))
        return agents.count - 1
    }
}

/// Ages in powers of two of a millisecond: 1 ms to twelve days in 31 buckets, quantiles to within a factor of two.
struct LagHistogram: Sendable {
    private var buckets = [UInt64](repeating: 0, count: 31)
    private(set) var count: UInt64 = 0
    private(set) var longest = Nanoseconds(0)

    mutating func add(_ age: Nanoseconds) {
        let milliseconds = age.count / 1_000_000
        let bucket = min(64 - milliseconds.leadingZeroBitCount, buckets.count - 1)
        buckets[bucket] &+= 1
        count &+= 1
        longest = max(longest, age)
    }

    /// Upper bound in milliseconds of the age that `percent` of a hundred stay below; nil when nothing was measured.
    func milliseconds(percent: UInt64) -> UInt64? {
        guard count > 0 else { return nil }
        let wanted = (count * percent + 99) / 100
        var seen: UInt64 = 0
        for (bucket, number) in buckets.enumerated() {
            seen += number
            if seen >= wanted, bucket + 1 < buckets.count { return min(1 << UInt64(bucket), longest.count / 1_000_000 + 1) }
        }
        return longest.count / 1_000_000 + 1
    }
}
