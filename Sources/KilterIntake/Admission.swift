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
    /// Grows at most; `restore` puts new ones in its place and forgets `lastTenant`.
    var tenants: [Tenant] = []
    // Guard: the memory of one of `tenants`.
    var lastTenant: UnsafeMutablePointer<TenantMemory>?

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
        precondition(rows.lowerBound >= 0 && rows.upperBound <= batch.rows.count, "BUG: rows outside the batch")
        // Rows and strings are changed side by side, so the rows step out of the batch meanwhile.
        var all = ContiguousArray<SpanRecord>()
        swap(&all, &batch.rows)
        var tally = InlineArray<8, UInt64>(repeating: 0)
        all.withUnsafeMutableBufferPointer { buffer in
            // Guard: `rows` is inside the buffer, and a row is only used for the length of its turn.
            guard let base = buffer.baseAddress else { return }
            for index in rows {
                let ahead = index &+ Self.prefetchAhead
                if ahead < rows.upperBound { prefetch(base + ahead, &batch.strings) }
                let near = index &+ Self.prefetchNear
                if near < rows.upperBound { lastTenant?.pointee.prefetchSlots(base[near].trace) }
                let outcome = admit(base + index, &batch.strings, arrival)
                if base[index].requestedCallCount != 0 && (outcome == .processed || outcome == .late) {
                    lastTenant?.pointee.remember(batch.requestedCalls(of: base[index]), of: base + index)
                }
                if base[index].assessmentCount != 0 && (outcome == .processed || outcome == .late) {
                    for said in batch.assessments(of: base[index]) {
                        lastTenant?.pointee.names.keep(said.name, in: &batch.strings)
                        lastTenant?.pointee.names.keep(said.label, in: &batch.strings)
                    }
                }
                base[index].place.outcome = outcome
                tally[Int(outcome.rawValue)] &+= 1
            }
        }
        for index in counts.indices { counts[index] &+= tally[index] }
        swap(&all, &batch.rows)
    }

    /// Counts refusals that never became a batch: malformed frames, undecodable compression.
    public mutating func quarantine(_ reason: QuarantineReason, count: UInt64 = 1) {
        quarantined[Int(reason.rawValue)] &+= count
        counts[Int(Outcome.quarantined.rawValue)] &+= count
    }

    public var tenantCount: Int { tenants.count }

    /// The names of `tenant`, as of the last record admitted.
    public func names(of tenant: NameHash) -> NameTable {
        tenants.first { $0.name == tenant }?.memory.pointee.names ?? NameTable()
    }

    /// Agents of `tenant` that are alive, at least one.
    public func fleetSize(of tenant: NameHash) -> UInt32 {
        tenants.first { $0.name == tenant }?.memory.pointee.fleet.size ?? 1
    }

    /// Records received so far: the sum of all outcomes.
    public var received: UInt64 { counts.reduce(0, &+) }

    /// Rows whose indices are asked for ahead of their turn, and, later, what these point to.
    private static let prefetchAhead = 16
    private static let prefetchNear = 8

    // Guard: the row is of the batch that is being admitted.
    @inline(__always) private func prefetch(_ row: UnsafePointer<SpanRecord>, _ strings: inout StringTable) {
        let conversation = strings.entries[Int(row.pointee.conversation)]
        lastTenant?.pointee.names.prefetch(strings.entries[Int(row.pointee.agent)])
        lastTenant?.pointee.names.prefetch(conversation)
        // Most rows of a stretch are of one tenant; a wrong guess costs nothing but the guess.
        lastTenant?.pointee.prefetch(
            row.pointee.trace, row.pointee.span, row.pointee.parent, conversation.hash, ahead: Self.prefetchAhead)
    }

    // Guard: the row is of the batch that is being admitted, and nobody else holds it meanwhile.
    private mutating func admit(
        _ row: UnsafeMutablePointer<SpanRecord>, _ strings: inout StringTable, _ arrival: EventTime?
    ) -> Outcome {
        let end = row.pointee.endNanoseconds
        if end == 0 || end < row.pointee.startNanoseconds { return .unfinished }
        if let arrival, row.pointee.clampTime(arrival: arrival) { notes[Int(Note.timeClamped.rawValue)] &+= 1 }
        guard row.pointee.endNanoseconds <= UInt64(Int64.max) else { return refuse(.unsupportedTime) }
        guard let tenant = tenant(strings.hash(row.pointee.tenant)) else { return refuse(.tenantLimit) }
        row.pointee.place = Place()
        row.pointee.place.tenantName = tenant.pointee.name
        Self.keepNames(of: row, &strings, in: &tenant.pointee.names)
        row.pointee.place.errorName = strings.hash(row.pointee.errorType)
        let names = RowNames(row, strings)
        if row.pointee.flags.contains(.logRecord) { return tenant.pointee.admitLog(row, names) }
        let outcome = tenant.pointee.admit(row, names)
        let told = tenant.pointee.takeException(of: row)
        if told != 0 {
            row.pointee.place.errorName = told
            tenant.pointee.names.touch(told)
        }
        if tenant.pointee.takeArguments(of: row) { observeArguments() }
        if row.pointee.agent == 0 { tenant.pointee.names.touch(row.pointee.place.agentName) }
        if row.pointee.conversation == 0 { tenant.pointee.names.touch(row.pointee.place.conversationName) }
        return outcome
    }

    /// The reader noted that this call shows no arguments; now they are known after all.
    private mutating func observeArguments() {
        let index = Int(Note.argumentsUnobservable.rawValue)
        if notes[index] > 0 { notes[index] -= 1 }
    }

    private mutating func refuse(_ reason: QuarantineReason) -> Outcome {
        quarantined[Int(reason.rawValue)] &+= 1
        return .quarantined
    }

    // Guard: the memory belongs to one of `tenants`, none of which is let go while rows are admitted.
    @inline(__always) private mutating func tenant(_ name: NameHash) -> UnsafeMutablePointer<TenantMemory>? {
        if let lastTenant, lastTenant.pointee.name == name { return lastTenant }
        return otherTenant(name)
    }

    // Guard: as above.
    @inline(never) private mutating func otherTenant(_ name: NameHash) -> UnsafeMutablePointer<TenantMemory>? {
        if let known = tenants.first(where: { $0.name == name }) {
            lastTenant = known.memory
            return lastTenant
        }
        guard tenants.count < Limits.tenantsMax else { return nil }
        let tenant = Tenant(name: name, number: tenants.count)
        tenants.append(tenant)
        lastTenant = tenant.memory
        return lastTenant
    }

    // Guard: as for `admit`.
    private static func keepNames(
        of row: UnsafePointer<SpanRecord>, _ strings: inout StringTable, in names: inout NameTable
    ) {
        names.keep(row.pointee.tenant, in: &strings)
        names.keep(row.pointee.environment, in: &strings)
        names.keep(row.pointee.service, in: &strings)
        names.keep(row.pointee.agent, in: &strings)
        names.keep(row.pointee.agentVersion, in: &strings)
        names.keep(row.pointee.conversation, in: &strings)
        names.keepTool(row.pointee.tool, in: &strings)
        names.keep(row.pointee.model, in: &strings)
        names.keep(row.pointee.responseModel, in: &strings)
        names.keep(row.pointee.finishReason, in: &strings)
        names.keep(row.pointee.provider, in: &strings)
        names.keep(row.pointee.errorType, in: &strings)
        names.keep(row.pointee.sender, in: &strings)
    }
}

// Time without records.
extension Admission {
    /// Lets `time` pass for every tenant: the effect of a journalled tick. Returns the tenants and their new time,
    /// in the order of their first records.
    public mutating func tick(_ time: Nanoseconds) -> [(tenant: NameHash, engineTime: EventTime)] {
        tenants.indices.map { index in
            let memory = tenants[index].memory
            memory.pointee.engineTime = memory.pointee.engineTime + time
            return (tenants[index].name, memory.pointee.engineTime)
        }
    }

    /// Engine time of each tenant, in the order of their first records.
    public var engineTimes: [(tenant: NameHash, engineTime: EventTime)] {
        tenants.map { ($0.name, $0.memory.pointee.engineTime) }
    }
}

extension Admission {
    mutating func restoreCounters(from reader: inout ByteReader) throws(ByteReader.Short) {
        counts = try Self.readCounters(&reader, counts.count)
        notes = try Self.readCounters(&reader, notes.count)
        quarantined = try Self.readCounters(&reader, quarantined.count)
    }

    private static func readCounters(_ reader: inout ByteReader, _ expected: Int) throws(ByteReader.Short) -> [UInt64] {
        let written = Int(try reader.read(UInt32.self))
        guard written == expected else { throw ByteReader.Short() }
        var values = [UInt64](repeating: 0, count: expected)
        for index in 0..<written { values[index] = try reader.read() }
        return values
    }
}
