import KilterVocabulary

/// The time that passes without input (contract, section 4.3): after every 30 s without an admitted record it goes on
/// by 30 s. A function of instants alone, so that the live receiver, which asks its clock, and replay, which asks the
/// arrival times of a recording, let the same time pass between the same messages.
///
/// Instants are nanoseconds since any one point; one that lies before an earlier one lets no time pass.
struct IdleTicks {
    static let period = Nanoseconds.seconds(30)
    /// Ticks that are told one by one; a longer silence, or an absurd instant, adds its rest at once.
    private static let singleMax: UInt64 = 2_880
    /// The last admitted input, or the last tick since then.
    private var last: EventTime?

    /// The ticks that are due at `instant`, in order. The first call begins the silence.
    mutating func due(at instant: EventTime) -> [Nanoseconds] {
        guard let before = last else {
            last = instant
            return []
        }
        let periods = instant.since(before).count / Self.period.count
        guard periods > 0 else { return [] }
        last = before + Nanoseconds(periods * Self.period.count)
        let single = min(periods, Self.singleMax)
        let ticks = [Nanoseconds](repeating: Self.period, count: Int(single))
        return periods == single ? ticks : ticks + [Nanoseconds((periods - single) * Self.period.count)]
    }

    /// Notes that a record was admitted that came at `instant`.
    mutating func admit(at instant: EventTime) { last = max(last ?? instant, instant) }

    /// Whether no tick comes before what arrives at `instant`, whatever is admitted until then.
    func isSilent(until instant: EventTime) -> Bool {
        last.map { instant.since($0) < Self.period } ?? false
    }
}
