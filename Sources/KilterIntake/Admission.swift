import KilterMath
import KilterVocabulary

/// The order of arrival: duplicates, unfinished and late spans, runs and turns, agents, engine time.
///
/// The only sequential part of intake: it sees the rows of each batch in admission order and fills their `place`.
/// Everything it does is a function of the records so far, never of how they were batched (contract, section 4).
public struct Admission: ~Copyable {
    public private(set) var counts = [UInt64](repeating: 0, count: Outcome.allCases.count)
    public private(set) var notes = [UInt64](repeating: 0, count: Note.allCases.count)
    public private(set) var quarantined = [UInt64](repeating: 0, count: QuarantineReason.allCases.count)
    public var names = NameTable()
    var tenants: [Tenant] = []
    private var tenantOfLastRow = 0

    public init() {}

    /// Allowed lateness of a span behind its own trace (contract, section 4.2).
    static let lateness = Nanoseconds.seconds(10)
    /// How far ahead of its arrival a live event time may be before it is clamped (contract, section 4.2).
    static let aheadMax = Nanoseconds.minutes(10)

    /// Takes the refusals and notes of a batch into account; once per batch, before its rows.
    public mutating func admitRefusals(of batch: SpanBatch) {
        for index in batch.quarantined.indices {
            quarantined[index] &+= batch.quarantined[index]
            counts[Int(Outcome.quarantined.rawValue)] &+= batch.quarantined[index]
        }
        for index in batch.notes.indices { notes[index] &+= batch.notes[index] }
    }

    /// Judges rows of `batch` in order and fills their places.
    /// - Parameter arrival: wall-clock time of arrival for live input, which clamps event times; nil for a file.
    public mutating func admit(_ batch: inout SpanBatch, rows: Range<Int>, arrival: EventTime?) {
        for index in rows {
            prefetch(batch, index &+ Self.prefetchAhead, rows.upperBound)
            let outcome = admit(&batch.rows[index], &batch.strings, arrival)
            batch.rows[index].place.outcome = outcome
            counts[Int(outcome.rawValue)] &+= 1
        }
    }

    /// Counts refusals that never became a batch: malformed frames, undecodable compression.
    public mutating func quarantine(_ reason: QuarantineReason, count: UInt64 = 1) {
        quarantined[Int(reason.rawValue)] &+= count
        counts[Int(Outcome.quarantined.rawValue)] &+= count
    }

    public var tenantCount: Int { tenants.count }

    /// Records received so far: the sum of all outcomes.
    public var received: UInt64 { counts.reduce(0, &+) }

    /// Rows whose memory is asked for ahead of their turn.
    private static let prefetchAhead = 8

    @inline(__always) private func prefetch(_ batch: SpanBatch, _ index: Int, _ end: Int) {
        guard index < end, tenantOfLastRow < tenants.count else { return }
        // Most rows of a stretch are of one tenant; a wrong guess costs nothing but the guess.
        tenants[tenantOfLastRow].prefetch(batch.rows[index].trace, batch.rows[index].span, ahead: Self.prefetchAhead)
    }

    private mutating func admit(_ row: inout SpanRecord, _ strings: inout StringTable, _ arrival: EventTime?) -> Outcome {
        if row.endNanoseconds == 0 || row.endNanoseconds < row.startNanoseconds { return .unfinished }
        if let arrival { clamp(&row, arrival) }
        guard row.endNanoseconds <= UInt64(Int64.max) else { return refuse(.unsupportedTime) }
        guard let tenant = tenantIndex(strings.hash(row.tenant)) else { return refuse(.tenantLimit) }
        row.place = Place()
        row.place.tenantName = tenants[tenant].name
        keepNames(of: row, &strings)
        let outcome = tenants[tenant].admit(&row, strings)
        if row.agent == 0 { names.touch(row.place.agentName) }
        if row.conversation == 0 { names.touch(row.place.conversationName) }
        return outcome
    }

    private mutating func refuse(_ reason: QuarantineReason) -> Outcome {
        quarantined[Int(reason.rawValue)] &+= 1
        return .quarantined
    }

    private mutating func clamp(_ row: inout SpanRecord, _ arrival: EventTime) {
        let latest = (arrival + Self.aheadMax).nanoseconds
        guard row.endNanoseconds > latest else { return }
        row.endNanoseconds = latest
        row.startNanoseconds = min(row.startNanoseconds, latest)
        notes[Int(Note.timeClamped.rawValue)] &+= 1
    }

    private mutating func tenantIndex(_ name: NameHash) -> Int? {
        if tenantOfLastRow < tenants.count, tenants[tenantOfLastRow].name == name { return tenantOfLastRow }
        if let known = tenants.firstIndex(where: { $0.name == name }) {
            tenantOfLastRow = known
            return known
        }
        guard tenants.count < Limits.tenantsMax else { return nil }
        tenants.append(Tenant(name: name))
        tenantOfLastRow = tenants.count - 1
        return tenantOfLastRow
    }

    private mutating func keepNames(of row: SpanRecord, _ strings: inout StringTable) {
        names.keep(row.tenant, in: &strings)
        names.keep(row.environment, in: &strings)
        names.keep(row.service, in: &strings)
        names.keep(row.agent, in: &strings)
        names.keep(row.agentVersion, in: &strings)
        names.keep(row.conversation, in: &strings)
        names.keepTool(row.tool, in: &strings)
        names.keep(row.model, in: &strings)
        names.keep(row.provider, in: &strings)
        names.keep(row.errorType, in: &strings)
        names.keep(row.sender, in: &strings)
    }
}

// Time without records.
extension Admission {
    /// Lets `time` pass for every tenant: the effect of a journalled tick. Returns the tenants and their new time,
    /// in the order of their first records.
    public mutating func tick(_ time: Nanoseconds) -> [(tenant: NameHash, engineTime: EventTime)] {
        tenants.indices.map { index in
            tenants[index].engineTime = tenants[index].engineTime + time
            return (tenants[index].name, tenants[index].engineTime)
        }
    }

    /// Engine time of each tenant, in the order of their first records.
    public var engineTimes: [(tenant: NameHash, engineTime: EventTime)] {
        tenants.map { ($0.name, $0.engineTime) }
    }
}

extension Admission {
    mutating func restoreCounters(from reader: inout ByteReader) throws(ByteReader.Short) {
        counts = try Self.readCounters(&reader, counts.count)
        notes = try Self.readCounters(&reader, notes.count)
        quarantined = try Self.readCounters(&reader, quarantined.count)
    }

    /// Counters of an older build may be fewer; the new ones start at zero.
    private static func readCounters(_ reader: inout ByteReader, _ expected: Int) throws(ByteReader.Short) -> [UInt64] {
        let written = Int(try reader.read(UInt32.self))
        guard written <= expected else { throw ByteReader.Short() }
        var values = [UInt64](repeating: 0, count: expected)
        for index in 0..<written { values[index] = try reader.read() }
        return values
    }
}
