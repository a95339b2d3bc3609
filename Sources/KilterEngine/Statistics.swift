import KilterIntake
import KilterVocabulary

/// What the engine has counted, as one ordered object. Every record received is in exactly one outcome:
/// received = processed + duplicate + unfinished + late + quarantined + shed + denied.
public struct Statistics: Sendable {
    public var facts: [Evidence]

    public init(_ engine: Engine) {
        let counts = engine.admission.counts
        func count(_ outcome: Outcome) -> Int64 { Int64(clamping: counts[Int(outcome.rawValue)]) }
        facts = [
            Evidence("received", .integer(Int64(clamping: engine.admission.received))),
            Evidence("processed", .integer(count(.processed))), Evidence("duplicate", .integer(count(.duplicate))),
            Evidence("unfinished", .integer(count(.unfinished))), Evidence("late", .integer(count(.late))),
            Evidence("quarantined", .integer(count(.quarantined))),
            Evidence("shed", .integer(count(.shed))), Evidence("denied", .integer(count(.denied))),
            Evidence("quarantined_by_reason", .facts(Self.reasons(engine))),
            Evidence("notes", .facts(Self.notes(engine))),
            Evidence("events", .facts(Self.events(engine.eventCounts))),
            Evidence("state", .facts(Self.state(engine))),
        ]
    }

    private static func reasons(_ engine: Engine) -> [Evidence] {
        QuarantineReason.allCases.compactMap { reason in
            let count = engine.admission.quarantined[Int(reason.rawValue)]
            return count == 0 ? nil : Evidence(reason.name, .integer(Int64(clamping: count)))
        }
    }

    private static func notes(_ engine: Engine) -> [Evidence] {
        Note.allCases.compactMap { note in
            let count = engine.admission.notes[Int(note.rawValue)]
            return count == 0 ? nil : Evidence(note.name, .integer(Int64(clamping: count)))
        }
    }

    private static func events(_ counts: EventCounts) -> [Evidence] {
        func ordered(_ table: [String: UInt64]) -> [Evidence] {
            table.sorted { $0.key < $1.key }.map { Evidence($0.key, .integer(Int64(clamping: $0.value))) }
        }
        return [
            Evidence("alerts", .facts(ordered(counts.alerts))), Evidence("breakers", .facts(ordered(counts.breakers))),
            Evidence("notices", .facts(ordered(counts.notices))),
        ]
    }

    private static func state(_ engine: Engine) -> [Evidence] {
        var turns = 0
        var runs = 0
        var evicted: UInt64 = 0
        for room in engine.shards {
            turns += room.shard.turns.count
            runs += room.shard.runs.count
            evicted += room.shard.turns.evictions + room.shard.runs.evictions
        }
        return [
            Evidence("tenants", .integer(Int64(engine.admission.tenantCount))), Evidence("turns", .integer(Int64(turns))),
            Evidence("runs", .integer(Int64(runs))), Evidence("evicted", .integer(Int64(clamping: evicted))),
            Evidence("episodes_open", .integer(Int64(engine.desk.episodes.openCount))),
            Evidence("trips_refused", .integer(Int64(clamping: engine.desk.breakers.refusedTrips))),
        ]
    }
}

extension Engine {
    public var receivedRecords: UInt64 { admission.received }

    /// Refusals that have happened, by reason.
    public var quarantinedByReason: [(reason: QuarantineReason, count: UInt64)] {
        QuarantineReason.allCases.compactMap { reason in
            let count = admission.quarantined[Int(reason.rawValue)]
            return count == 0 ? nil : (reason, count)
        }
    }
}
