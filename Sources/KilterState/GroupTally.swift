import KilterMath
import KilterVocabulary

/// Runs of one group that other agents may still add to, because they work on the same trace. Fixed size.
public struct GroupTally: BitwiseCopyable, Sendable {
    static let waitingMax = 4

    var waiting = InlineArray<4, GroupRun>(repeating: GroupRun())
    var count: UInt8 = 0

    public init() {}

    /// Takes one agent's run, after the traces that are over with it: those that ended before it began, and the oldest one
    /// where too many overlap.
    public mutating func take(_ run: GroupRun, over observe: (borrowing GroupRun) -> Void) {
        for index in 0..<Int(count) where waiting[index].trace == run.trace {
            waiting[index].add(run)
            return
        }
        var kept = 0
        for index in 0..<Int(count) {
            if waiting[index].observedAt <= run.startedAt {
                observe(waiting[index])
            } else {
                if kept != index { waiting[kept] = waiting[index] }
                kept += 1
            }
        }
        if kept == Self.waitingMax {
            observe(waiting[0])
            for index in 1..<kept { waiting[index - 1] = waiting[index] }
            kept -= 1
        }
        waiting[kept] = run
        count = UInt8(kept + 1)
    }
}

extension GroupRun {
    /// Another agent's part of the same trace.
    mutating func add(_ other: GroupRun) {
        facets |= other.facets
        for index in 0..<Facet.count where other.counts[index] > 0 {
            scores[index] += other.scores[index]
            counts[index] = counts[index] == .max ? .max : counts[index] + other.counts[index]
        }
        unspent = max(unspent, other.unspent)
        unexpected += other.unexpected
        hasFailed = hasFailed || other.hasFailed
        startedAt = min(startedAt, other.startedAt)
        if other.observedAt >= observedAt {
            observedAt = other.observedAt
            span = other.span
        }
    }
}

extension GroupTally: Slot {
    func write(to writer: inout ByteWriter) {
        writer.write(count)
        for index in 0..<Int(count) {
            let run = waiting[index]
            writer.write(run.kind.rawValue)
            for word in [
                run.groupKey, run.member, run.tenant, run.environment, run.service, run.model, run.trace.high, run.trace.low,
                run.span, run.startedAt.nanoseconds, run.observedAt.nanoseconds,
            ] { writer.write(word) }
            writer.write(run.thresholdSet)
            writer.write(run.unspent)
            writer.write(run.unexpected)
            writer.write(run.hasFailed)
            writer.write(run.facets)
            for facet in 0..<GroupRun.Facet.count where run.facets >> UInt64(facet) & 1 == 1 {
                writer.write(run.scores[facet])
                writer.write(run.counts[facet])
            }
        }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        count = try reader.read()
        guard Int(count) <= Self.waitingMax else { throw ByteReader.Short() }
        for index in 0..<Int(count) {
            var run = GroupRun()
            guard let kind = GroupRun.Kind(rawValue: try reader.read()) else { throw ByteReader.Short() }
            run.kind = kind
            for path in [\GroupRun.groupKey, \.member, \.tenant, \.environment, \.service, \.model] {
                run[keyPath: path] = try reader.read()
            }
            run.trace = TraceID(high: try reader.read(), low: try reader.read())
            run.span = try reader.read()
            run.startedAt = EventTime(nanoseconds: try reader.read())
            run.observedAt = EventTime(nanoseconds: try reader.read())
            run.thresholdSet = try reader.read()
            run.unspent = try reader.read()
            run.unexpected = try reader.readFinite()
            let failed = try reader.read(UInt8.self)
            guard failed < 2 else { throw ByteReader.Short() }
            run.hasFailed = failed == 1
            run.facets = try reader.read()
            guard run.facets < 1 << 40 else { throw ByteReader.Short() }
            for facet in 0..<GroupRun.Facet.count where run.facets >> UInt64(facet) & 1 == 1 {
                run.scores[facet] = try reader.readFinite()
                run.counts[facet] = try reader.read()
            }
            waiting[index] = run
        }
    }
}
