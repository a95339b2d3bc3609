import KilterVocabulary

/// Runs that go on, by when they will have been quiet for long enough to be over. Per tenant, in engine time.
///
/// Everything in here follows from the runs themselves, so a snapshot needs none of it: each run's deadline is its last
/// record's engine time and `idle`, and a queue that knows an earlier one asks again.
public struct IdleRuns: Sendable {
    /// How long without a record a run is over.
    public static let idle = Nanoseconds.minutes(5)

    private var tenants: [(name: NameHash, queue: Deadlines<UInt64>)] = []

    public init() {}

    /// Arms the deadline of a run that has just begun, or that has been heard of again when its deadline came.
    public mutating func arm(_ turnKey: UInt64, of tenant: NameHash, lastSeen: EventTime) {
        let at = index(of: tenant)
        tenants[at].queue.push(turnKey, at: lastSeen + Self.idle, serial: turnKey)
    }

    /// The next run of `tenant` that may be over at `time`, and since when.
    public mutating func next(of tenant: NameHash, at time: EventTime) -> (key: UInt64, time: EventTime)? {
        guard let at = tenants.firstIndex(where: { $0.name == tenant }), tenants[at].queue.next <= time else { return nil }
        return tenants[at].queue.pop(dueAt: time).map { ($0.key, $0.time) }
    }

    private mutating func index(of tenant: NameHash) -> Int {
        if let known = tenants.firstIndex(where: { $0.name == tenant }) { return known }
        tenants.append((tenant, Deadlines()))
        return tenants.count - 1
    }
}
