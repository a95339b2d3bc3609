import KilterMath
import KilterVocabulary

/// What a turn showed of a result: that calls with different arguments gave it.
public struct AcknowledgementVote: BitwiseCopyable, Sendable {
    /// Position of the record in the engine's step.
    public var record: UInt32
    public var tenant: NameHash
    public var result: UInt64
    public var run: UInt64

    public init(record: UInt32, tenant: NameHash, result: UInt64, run: UInt64) {
        self.record = record
        self.tenant = tenant
        self.result = result
        self.run = run
    }
}

/// Runs in which different arguments gave one result; six are enough to know five others than any.
public struct AcknowledgingRuns: BitwiseCopyable, Sendable {
    var runs = SIMD8<UInt64>(repeating: 0)
    var count: UInt32 = 0

    /// Other runs after which a result is a mere acknowledgement (peers' thresholds: it removed every false alarm of
    /// `stagnation` on 371 solved coding runs).
    static let needed: UInt32 = 5

    /// True when `run` was not among them and one more was of use.
    mutating func add(_ run: UInt64) -> Bool {
        guard count <= Self.needed, !any(runs .== SIMD8(repeating: run)) else { return false }
        runs[Int(count)] = run
        count &+= 1
        return true
    }

    func suffices(besides run: UInt64) -> Bool {
        count &- (any(runs .== SIMD8(repeating: run)) ? 1 : 0) >= Self.needed
    }
}

/// Results that say no more than "done", as known at one instant: an immutable table for every worker.
public struct AcknowledgedResults: Sendable {
    private var runs: [UInt64: AcknowledgingRuns] = [:]

    public init() {}

    /// Whether `result` of a tenant is a mere acknowledgement, as five runs other than `run` show.
    public func contains(_ result: UInt64, tenant: NameHash, besides run: UInt64) -> Bool {
        guard !runs.isEmpty, let known = runs[StableHash.combine(tenant, result)] else { return false }
        return known.suffices(besides: run)
    }

    mutating func publish(_ result: UInt64, tenant: NameHash, _ known: AcknowledgingRuns) {
        runs[StableHash.combine(tenant, result)] = known
    }
}

/// Learns which results are mere acknowledgements. What was learned takes effect after every
/// `Limits.learningPeriod`th admitted record of a tenant, so that it is the same at every record for every batching and
/// every number of workers. At most `Limits.acknowledgementsMax` results a tenant, the oldest forgotten first;
/// what has taken effect stays.
public final class Acknowledgements {
    private var tenants: [Lesson] = []
    private var latest = 0
    public private(set) var results = AcknowledgedResults()

    public init() {}

    /// One tenant's part.
    final class Lesson {
        let tenant: NameHash
        var admitted: UInt64 = 0
        var runs = KeyedSlab<AcknowledgingRuns>(capacityMax: Limits.acknowledgementsMax)
        /// Learned since the last publication.
        var fresh: [UInt64] = []
        /// In effect.
        var published: [UInt64: AcknowledgingRuns] = [:]

        init(tenant: NameHash) { self.tenant = tenant }
    }

    /// Counts the admitted rows of `rows` up to and with the first that ends a tenant's period; returns where to go on.
    public func advance(_ batch: SpanBatch, _ rows: Range<Int>) -> Int {
        for number in rows {
            let outcome = batch.rows[number].place.outcome
            guard outcome == .processed || outcome == .late else { continue }
            let lesson = lesson(of: batch.rows[number].place.tenantName)
            lesson.admitted &+= 1
            if lesson.admitted % Limits.learningPeriod == 0 { return number + 1 }
        }
        return rows.upperBound
    }

    /// Takes the votes of one step, in the order of their records.
    public func take(_ votes: [AcknowledgementVote]) {
        for vote in votes {
            let lesson = lesson(of: vote.tenant)
            let entry = lesson.runs.findOrInsert(vote.result, owner: vote.tenant, initial: AcknowledgingRuns())
            // Guard: the pointer is used before the slab is changed again.
            if entry.slot.pointee.add(vote.run), entry.slot.pointee.count >= AcknowledgingRuns.needed { lesson.fresh.append(vote.result) }
        }
    }

    /// Puts into effect what was learned, for every tenant whose period has just ended.
    public func publish() {
        for lesson in tenants where lesson.admitted % Limits.learningPeriod == 0 && !lesson.fresh.isEmpty {
            for result in lesson.fresh {
                guard let kept = lesson.runs.peek(result) else { continue }
                guard lesson.published.count < Limits.acknowledgementsMax || lesson.published[result] != nil else { break }
                lesson.published[result] = kept.slot
                results.publish(result, tenant: lesson.tenant, kept.slot)
            }
            lesson.fresh.removeAll(keepingCapacity: true)
        }
    }

    private func lesson(of tenant: NameHash) -> Lesson {
        if latest < tenants.count, tenants[latest].tenant == tenant { return tenants[latest] }
        if let known = tenants.firstIndex(where: { $0.tenant == tenant }) {
            latest = known
        } else {
            tenants.append(Lesson(tenant: tenant))
            latest = tenants.count - 1
        }
        return tenants[latest]
    }
}

extension Acknowledgements {
    /// What was learned of each tenant as bytes, tenants ascending.
    public func snapshot() -> [(tenant: NameHash, payload: [UInt8])] {
        tenants.sorted { $0.tenant < $1.tenant }.map { lesson in
            var writer = ByteWriter()
            writer.write(lesson.admitted)
            let keys = lesson.runs.sortedKeys()
            writer.write(UInt32(keys.count))
            for key in keys {
                guard let kept = lesson.runs.peek(key) else { continue }
                writer.write(key)
                writer.write(kept.order)
                writer.write(kept.touched)
                kept.slot.write(to: &writer)
            }
            writer.write(UInt32(lesson.fresh.count))
            for result in lesson.fresh { writer.write(result) }
            writer.write(UInt32(lesson.published.count))
            for result in lesson.published.keys.sorted() {
                writer.write(result)
                lesson.published[result]?.write(to: &writer)
            }
            return (lesson.tenant, writer.bytes)
        }
    }

    public func restore(tenant: NameHash, from reader: inout ByteReader) throws(ByteReader.Short) {
        let lesson = lesson(of: tenant)
        lesson.admitted = try reader.read()
        var kept: [(UInt64, KeyedSlab<AcknowledgingRuns>.Kept)] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let key = try reader.read(UInt64.self)
            guard key != 0 else { throw ByteReader.Short() }
            let order = try reader.read(UInt64.self)
            let touched = try reader.readBool()
            kept.append((key, .init(slot: try AcknowledgingRuns(from: &reader), owner: tenant, order: order, touched: touched)))
        }
        guard kept.count <= Limits.acknowledgementsMax else { throw ByteReader.Short() }
        for (key, entry) in kept.sorted(by: { $0.1.order < $1.1.order }) { lesson.runs.restore(key, entry) }
        for _ in 0..<(try reader.read(UInt32.self)) { lesson.fresh.append(try reader.read()) }
        for _ in 0..<(try reader.read(UInt32.self)) {
            let result = try reader.read(UInt64.self)
            let runs = try AcknowledgingRuns(from: &reader)
            lesson.published[result] = runs
            results.publish(result, tenant: tenant, runs)
        }
    }
}

extension AcknowledgingRuns {
    func write(to writer: inout ByteWriter) {
        writer.write(count)
        for lane in 0..<8 { writer.write(runs[lane]) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        count = try reader.read()
        guard count <= Self.needed + 1 else { throw ByteReader.Short() }
        for lane in 0..<8 { runs[lane] = try reader.read() }
    }
}
