import KilterIntake
import KilterMath
import KilterVocabulary

/// The distinct sets of thresholds in effect, and which one each agent has.
struct ThresholdSets {
    private(set) var sets: [Thresholds]
    /// Of each set but the first, whose it was first: state refers to sets by their numbers, which follow from these again.
    private var firsts: [Subject] = []
    private let settings: Settings
    private var known: [UInt64: UInt16] = [:]
    private static let agentsMax = 65_536

    init(_ settings: Settings) {
        self.settings = settings
        sets = [settings.thresholds]
    }

    /// Notes each row's set. Costs nothing where no overrides exist.
    mutating func place(_ batch: inout SpanBatch, _ rows: Range<Int>, _ namesOf: (NameHash) -> NameTable) {
        guard let overrides = settings.overrides else { return }
        for number in rows {
            let row = batch.rows[number]
            guard row.place.outcome == .processed || row.place.outcome == .late else { continue }
            if let set = known[row.place.agentKey] {
                batch.rows[number].place.thresholdSet = set
                continue
            }
            let names = namesOf(row.place.tenantName)
            let subject = Subject(
                tenant: names.text(row.place.tenantName), environment: batch.strings.string(row.environment),
                service: batch.strings.string(row.service), agent: names.text(row.place.agentName))
            let set = index(of: overrides(subject.tenant, subject.environment, subject.service, subject.agent), subject)
            // The mapping is a function of the names, so forgetting it changes nothing but work.
            if known.count >= Self.agentsMax { known.removeAll() }
            known[row.place.agentKey] = set
            batch.rows[number].place.thresholdSet = set
        }
    }

    private mutating func index(of thresholds: Thresholds, _ subject: Subject) -> UInt16 {
        if let found = sets.firstIndex(of: thresholds) { return UInt16(found) }
        guard sets.count < Int(UInt16.max) else { return 0 }
        sets.append(thresholds)
        firsts.append(subject)
        return UInt16(sets.count - 1)
    }

    private struct Subject {
        var tenant: String
        var environment: String
        var service: String
        var agent: String
    }

    /// Nil where there is but the one that all have.
    var snapshot: [UInt8]? {
        guard !firsts.isEmpty else { return nil }
        var writer = ByteWriter()
        writer.write(UInt32(firsts.count))
        for first in firsts {
            for name in [first.tenant, first.environment, first.service, first.agent] { writer.write(name) }
        }
        return writer.bytes
    }

    /// Numbers the sets as they were, under the same configuration.
    mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        (sets, firsts, known) = ([settings.thresholds], [], [:])
        guard let overrides = settings.overrides else { throw ByteReader.Short() }
        for number in 0..<(try reader.read(UInt32.self)) {
            let subject = Subject(
                tenant: try reader.readString(), environment: try reader.readString(), service: try reader.readString(),
                agent: try reader.readString())
            let set = index(of: overrides(subject.tenant, subject.environment, subject.service, subject.agent), subject)
            guard UInt32(set) == number &+ 1 else { throw ByteReader.Short() }
        }
    }
}

/// What the configuration says each tool is.
struct ToolClasses {
    private let settings: Settings
    private var known: [UInt64: ToolClass] = [:]
    private static let toolsMax = 65_536

    init(_ settings: Settings) { self.settings = settings }

    /// Notes each tool call's class. Costs nothing where no tool has one.
    mutating func place(_ batch: inout SpanBatch, _ rows: Range<Int>, _ namesOf: (NameHash) -> NameTable) {
        guard let classes = settings.toolClasses else { return }
        for number in rows where batch.rows[number].kind == .executeTool {
            let row = batch.rows[number]
            guard row.place.outcome == .processed else { continue }
            let key = StableHash.combine(row.place.agentKey, batch.strings.hash(row.tool))
            if let toolClass = known[key] {
                batch.rows[number].place.toolClass = toolClass
                continue
            }
            let names = namesOf(row.place.tenantName)
            let toolClass = classes(
                ToolSubject(
                    tenant: names.text(row.place.tenantName), environment: batch.strings.string(row.environment),
                    service: batch.strings.string(row.service), agent: names.text(row.place.agentName),
                    tool: batch.strings.string(row.tool)))
            // As above: forgetting changes nothing but work.
            if known.count >= Self.toolsMax { known.removeAll() }
            known[key] = toolClass
            batch.rows[number].place.toolClass = toolClass
        }
    }
}

/// A tool as an agent calls it.
public struct ToolSubject: Sendable {
    public var tenant: String
    public var environment: String
    public var service: String
    public var agent: String
    public var tool: String
}
