/// An instant of event time: nanoseconds since the Unix epoch, as the producer stamped it (clamped at intake).
public struct EventTime: BitwiseCopyable, Hashable, Comparable, Sendable {
    public var nanoseconds: UInt64

    @inlinable public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    public static let zero = EventTime(nanoseconds: 0)
    public static let never = EventTime(nanoseconds: .max)

    @inlinable public static func < (a: EventTime, b: EventTime) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates at the end of time instead of wrapping.
    @inlinable public static func + (time: EventTime, span: Nanoseconds) -> EventTime {
        let (sum, overflow) = time.nanoseconds.addingReportingOverflow(span.count)
        return EventTime(nanoseconds: overflow ? .max : sum)
    }

    /// Zero when `earlier` is in fact later.
    @inlinable public func since(_ earlier: EventTime) -> Nanoseconds {
        Nanoseconds(nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0)
    }
}

/// What a run has spent so far: what was spent between two records is the difference of theirs.
public struct SpendMark: BitwiseCopyable, Sendable, Equatable {
    public var tokens: UInt64 = 0
    public var microdollars: UInt64 = 0

    @inlinable public init() {}

    /// - Parameters:
    ///   - tokens: tokens of inference, counted once.
    ///   - picodollars: millionths of a microdollar; a fraction of a microdollar is not counted yet.
    @inlinable public init(tokens: UInt64, picodollars: UInt64) {
        self.tokens = tokens
        microdollars = picodollars / 1_000_000
    }

    /// The mark at which `spent` had not been spent yet.
    @inlinable public func before(_ spent: SpendMark) -> SpendMark {
        var mark = SpendMark()
        mark.tokens = tokens &- spent.tokens
        mark.microdollars = microdollars &- spent.microdollars
        return mark
    }

    /// What was spent since `earlier`. A counter that was forgotten and began anew runs backwards: then nothing is known.
    @inlinable public func since(_ earlier: SpendMark) -> SpendMark {
        let spent = before(earlier)
        return spent.tokens > UInt64(Int64.max) || spent.microdollars > UInt64(Int64.max) ? SpendMark() : spent
    }
}

/// A length of time in nanoseconds.
public struct Nanoseconds: BitwiseCopyable, Hashable, Comparable, Sendable {
    public var count: UInt64

    @inlinable public init(_ count: UInt64) { self.count = count }

    @inlinable public static func < (a: Nanoseconds, b: Nanoseconds) -> Bool { a.count < b.count }

    public static func milliseconds(_ n: UInt64) -> Nanoseconds { Nanoseconds(n &* 1_000_000) }
    public static func seconds(_ n: UInt64) -> Nanoseconds { Nanoseconds(n &* 1_000_000_000) }
    public static func minutes(_ n: UInt64) -> Nanoseconds { .seconds(n &* 60) }
}
