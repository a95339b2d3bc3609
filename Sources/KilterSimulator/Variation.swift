import KilterVocabulary

/// How one telling of a scenario differs from the scenario: names of its own, a place in time, a pace.
struct Variation: Sendable {
    /// Appended to the names of services, agents and conversations.
    var suffix: String
    /// Where it begins.
    var start = ScenarioBuilder.start
    /// Hundredths of the scenario's own durations.
    var pacePercent: UInt64 = 100

    private static let words = [
        "alder", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "ivory", "jade", "kite", "larch", "maple",
        "north", "olive", "pearl", "quartz", "river", "slate", "tidal", "umber", "vale", "willow", "zinc",
    ]

    /// Suffixes that no two of `count` tellings share, in an order that the seed draws.
    static func suffixes(_ count: Int, seed: UInt64) -> [String] {
        var random = SplitMix64(seed: seed)
        let words = random.shuffled(Self.words)
        return (0..<count).map { number in
            let round = number / words.count
            return "-" + words[number % words.count] + (round == 0 ? "" : "-\(round + 1)")
        }
    }

    func named(_ service: SimulatedService) -> SimulatedService {
        var service = service
        service.name += suffix
        return service
    }

    func named(_ agent: SimulatedAgent) -> SimulatedAgent {
        var agent = agent
        agent.name += suffix
        agent.service = named(agent.service)
        return agent
    }

    /// Moves and stretches a time of the scenario; the order of times stays what it is.
    func placed(_ nanoseconds: UInt64) -> UInt64 {
        let since = nanoseconds - min(nanoseconds, ScenarioBuilder.start.nanoseconds)
        return start.nanoseconds + since / 100 * pacePercent + since % 100 * pacePercent / 100
    }

    func placed(_ time: EventTime) -> EventTime { EventTime(nanoseconds: placed(time.nanoseconds)) }

    func placed(_ span: SimulatedSpan) -> SimulatedSpan {
        var span = span
        span.start = placed(span.start)
        span.end = placed(span.end)
        return span
    }
}
