import KilterMath
import KilterVocabulary

/// A change that somebody declared: a deploy, another prompt, model, knowledge base or tool.
public struct DeclaredChange: BitwiseCopyable, Sendable, Equatable {
    /// Event time of the declaration, in Unix nanoseconds; zero is none.
    public var time: UInt64 = 0
    /// What kind of change it is, in the words of whoever declared it.
    public var kind: NameHash = 0
    /// Agent, service, model or tool that changed; zero is the service, or the agent, that the record came from.
    public var target: NameHash = 0
    public var environment: NameHash = 0
    public var service: NameHash = 0
    /// The agent that the record names; zero where it names none.
    public var agent: NameHash = 0

    public init() {}

    // Guard: the pointer is only used here.
    public init(_ said: Assessment, of row: UnsafePointer<SpanRecord>, _ strings: borrowing StringTable) {
        time = row.pointee.endNanoseconds
        kind = strings.hash(said.name)
        target = strings.hash(said.label)
        environment = strings.hash(row.pointee.environment)
        service = strings.hash(row.pointee.service)
        agent = strings.hash(row.pointee.agent)
    }

    /// Tells it from every other one; zero for none.
    public var identity: UInt64 {
        guard time != 0 else { return 0 }
        let what = StableHash.combine(StableHash.combine(kind, target), StableHash.combine(environment ^ agent, service))
        return StableHash.combine(what, time)
    }

    /// Whether a run is of something that changed: of its agent, service, model or one of its tools.
    public func concerns(_ run: RunTally) -> Bool {
        guard environment == 0 || environment == run.environment else { return false }
        if target == 0 { return service == run.service && (agent == 0 || agent == run.agent) }
        if target == run.agent || target == run.service || target == run.requestModel || target == run.responseModel { return true }
        return (0..<Int(run.stepCount)).contains { run.steps[$0].kind == .tool && run.steps[$0].name == target }
    }

    func write(to writer: inout ByteWriter) {
        for word in [time, kind, target, environment, service, agent] { writer.write(word) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        for path in [\DeclaredChange.time, \.kind, \.target, \.environment, \.service, \.agent] {
            self[keyPath: path] = try reader.read()
        }
    }
}

/// The changes that were declared last in one tenant, in the order of their records. Every shard has its own copy, because
/// agents of all shards may be concerned: each looks for itself when it has done a run. Fixed size.
public struct ChangeBoard: BitwiseCopyable, Sendable {
    static let changesMax = 16

    var changes = InlineArray<16, DeclaredChange>(repeating: DeclaredChange())
    var count: UInt8 = 0

    public init() {}

    /// Where the board of a tenant is kept.
    public static func key(of tenant: NameHash) -> UInt64 { StableHash.combine(tenant, 0xdec1) | 1 }

    /// Adds a change; the oldest gives way to it where there is no room.
    public mutating func note(_ change: DeclaredChange) {
        guard change.time != 0 else { return }
        if Int(count) == Self.changesMax {
            for index in 1..<Self.changesMax { changes[index - 1] = changes[index] }
            count -= 1
        }
        changes[Int(count)] = change
        count += 1
    }

    /// The latest change before a run began that concerns it.
    public func latest(for run: RunTally) -> DeclaredChange? {
        var found: DeclaredChange?
        for index in 0..<Int(count) where changes[index].time <= run.start && changes[index].time >= found?.time ?? 0 {
            if changes[index].concerns(run) { found = changes[index] }
        }
        return found
    }
}

extension ChangeBoard: Slot {
    func write(to writer: inout ByteWriter) {
        writer.write(count)
        for index in 0..<Int(count) { changes[index].write(to: &writer) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        count = try reader.read()
        guard Int(count) <= Self.changesMax else { throw ByteReader.Short() }
        for index in 0..<Int(count) {
            changes[index] = try DeclaredChange(from: &reader)
            guard changes[index].time != 0 else { throw ByteReader.Short() }
        }
    }
}

/// What an agent's epochs owe to declared changes.
public struct DeclaredEpochs: BitwiseCopyable, Sendable {
    /// The change in effect and the one before it.
    public internal(set) var change = DeclaredChange()
    var changeBefore = DeclaredChange()
    /// The last change that began an epoch, and that epoch.
    var told: UInt64 = 0
    var epoch: UInt32 = 0
    /// Version and change of the run at hand, as one.
    var identity: UInt64 = 0
    /// Runs of the epoch that began last.
    var runs: UInt32 = 0

    func write(to writer: inout ByteWriter) {
        change.write(to: &writer)
        changeBefore.write(to: &writer)
        writer.write(told)
        writer.write(epoch)
        writer.write(identity)
        writer.write(runs)
    }

    init() {}

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        change = try DeclaredChange(from: &reader)
        changeBefore = try DeclaredChange(from: &reader)
        told = try reader.read()
        epoch = try reader.read()
        identity = try reader.read()
        runs = try reader.read()
    }
}

extension AgentBaseline {
    /// Runs of an epoch from which on the next one is compared with it, and not with the one before it: a version that
    /// follows its announcement at once is one change.
    static let comparable: UInt32 = 20

    /// Notes the declared version that a run was of, and the latest declared change before it began. A version seen before
    /// goes on where it was; one never seen begins an epoch, which is compared with the one before, and so does a change.
    /// - Returns: whether a declared change began an epoch.
    public mutating func note(version next: NameHash, after change: DeclaredChange?, startedAt: UInt64, at time: EventTime) -> Bool {
        if let change, change.time > declared.change.time, change.identity != declared.change.identity {
            (declared.changeBefore, declared.change) = (declared.change, change)
        }
        // What began before the latest change and ends after it is of what was before.
        let isOfBefore = startedAt < declared.change.time
        let mark = (isOfBefore ? declared.changeBefore : declared.change).identity
        let version = next != 0 ? next : version
        if isPinned {
            self.version = version
            return false
        }
        let identity = mark == 0 ? version : StableHash.combine(version, mark)
        if epoch == latestEpoch { declared.runs &+= 1 }
        guard identity != declared.identity else { return false }
        declared.identity = identity
        for place in 0..<Int(min(versionCount, 6)) where versions[place] == identity {
            (self.version, epoch) = (version, versionEpochs[place])
            return false
        }
        // Runs before the first version are of it too; those before the first change are of what was before that.
        if versionCount == 0, mark != 0, runs > 1 { keep(identity: self.version) }
        if versionCount > 0 { beginEpoch(at: time) }
        (self.version, epoch) = (version, latestEpoch)
        keep(identity: identity)
        guard mark != 0, !isOfBefore, latestEpoch > 0, declared.told != mark else { return false }
        (declared.epoch, declared.told) = (latestEpoch, mark)
        return true
    }

    private mutating func beginEpoch(at time: EventTime) {
        if declared.runs > Self.comparable || latestEpoch == 0 || time >= comparesUntil {
            (versionBefore, comparedEpoch) = (version, epoch)
        }
        latestEpoch &+= 1
        declared.runs = 1
        comparesUntil = time + Self.comparison
    }

    private mutating func keep(identity: UInt64) {
        versions[Int(versionCount % 6)] = identity
        versionEpochs[Int(versionCount % 6)] = epoch
        versionCount &+= 1
    }

    /// The declared change that the latest epoch began with, where it is that which is compared with the one before.
    public var comparedChange: DeclaredChange? { declared.epoch > comparedEpoch && declared.epoch != 0 ? declared.change : nil }

    /// Whether a change was declared not long before an instant.
    public func isDeclared(before time: UInt64) -> Bool {
        declared.change.time != 0 && time >= declared.change.time && time - declared.change.time < 86_400_000_000_000
    }
}
