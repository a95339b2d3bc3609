import KilterVocabulary

/// Runs that go on, by when they will have been quiet for long enough to be over. Per tenant, in engine time.
///
/// Everything in here follows from the runs themselves, so a snapshot needs none of it: each run's deadline is its last
/// record's engine time and `idle`, or `grace` once its root has ended, up to the next whole second, and a queue that knows an
/// earlier one asks again.
public struct IdleRuns: Sendable {
    /// How long without a record a run is over.
    public static let idle = Nanoseconds.minutes(5)
    /// The same once its root has ended: what ended with the root may come behind it (lateness, contract section 4.2).
    public static let grace = Nanoseconds.seconds(10)

    private struct Tenant {
        let name: NameHash
        var idle = Deadlines<UInt64>()
        var rooted = Deadlines<UInt64>()
    }

    private var tenants: [Tenant] = []
    /// No deadline is before it; it is asked at every record.
    private var earliest = EventTime.never

    public init() {}

    /// When a run is over that is not heard of again: a whole second, because of those it is known at which record they began.
    public static func deadline(_ lastSeen: EventTime, isRooted: Bool) -> EventTime {
        let time = (lastSeen + (isRooted ? grace : idle)).nanoseconds, second: UInt64 = 1_000_000_000
        let (next, isOver) = (time / second + (time % second == 0 ? 0 : 1)).multipliedReportingOverflow(by: second)
        return isOver ? .never : EventTime(nanoseconds: next)
    }

    /// Arms the deadline of a run that has just begun, whose root has ended, or that has been heard of again when it came.
    public mutating func arm(_ taskKey: UInt64, of tenant: NameHash, lastSeen: EventTime, isRooted: Bool = false) {
        let at = index(of: tenant), time = Self.deadline(lastSeen, isRooted: isRooted)
        if isRooted {
            tenants[at].rooted.push(taskKey, at: time, serial: taskKey)
        } else {
            tenants[at].idle.push(taskKey, at: time, serial: taskKey)
        }
        earliest = min(earliest, time)
    }

    /// The next run of `tenant` that may be over at `time`, since when, and whether its root has ended.
    public mutating func next(of tenant: NameHash, at time: EventTime) -> (key: UInt64, time: EventTime, isRooted: Bool)? {
        guard earliest <= time, let at = tenants.firstIndex(where: { $0.name == tenant }) else { return nil }
        let isRooted = tenants[at].rooted.next <= tenants[at].idle.next
        guard min(tenants[at].rooted.next, tenants[at].idle.next) <= time else { return nil }
        let due = isRooted ? tenants[at].rooted.pop(dueAt: time) : tenants[at].idle.pop(dueAt: time)
        earliest = tenants.reduce(.never) { min($0, $1.idle.next, $1.rooted.next) }
        return due.map { ($0.key, $0.time, isRooted) }
    }

    /// Whether `tenant` has a deadline at `time` or before.
    public func isDue(_ tenant: NameHash, at time: EventTime) -> Bool {
        earliest <= time && tenants.contains { $0.name == tenant && min($0.idle.next, $0.rooted.next) <= time }
    }

    private mutating func index(of tenant: NameHash) -> Int {
        if let known = tenants.firstIndex(where: { $0.name == tenant }) { return known }
        tenants.append(Tenant(name: tenant))
        return tenants.count - 1
    }
}
