import KilterVocabulary

/// A suite as OTLP/JSON lines, written as it is made: agents interleave by event time, and only what overlaps in time is held.
///
/// The same arguments give the same bytes. Cost: about 10 µs a span.
public struct DriftStream {
    private var agents: [DriftAgent]
    private var requests = RequestStream(Batching(spansMax: 8, delayMax: .seconds(5)))

    private static let observationsMax = 1_000_000_000

    private enum Record {
        case span(SimulatedSpan)
        case mark(DeclaredChange)
    }

    /// - Parameters:
    ///   - agents: at least one; the suite's own number where none is given.
    ///   - observations: traces of each agent, at least one. The change and its ramp come at the same part of the stream, except where
    ///     the suite is about a number of observations.
    ///   - gap: mean time between traces of one agent; the suite's own where none is given.
    public init(_ suite: DriftSuite, seed: UInt64? = nil, agents: Int? = nil, observations: Int? = nil, gap: Nanoseconds? = nil) {
        var suite = suite
        if let gap { suite.conditions.gapSeconds = Double(gap.count) / 1e9 }
        var random = SplitMix64(seed: seed ?? suite.seed)
        let names = Variation.suffixes(max(agents ?? suite.agents, 1), seed: random.next())
        self.agents = names.enumerated().map { number, name in
            DriftAgent(
                suite, number: number, name: name, seed: random.next(),
                observations: min(max(observations ?? suite.observations, 1), Self.observationsMax))
        }
    }

    /// Writes the stream, in the order in which requests leave, each line ended by a line feed; returns what is true of each agent.
    public mutating func write(_ line: (String) throws -> Void) throws -> [TruthLabel] {
        var turns = EarliestFirst<Int>()
        for place in agents.indices { turns.insert(place, at: agents[place].next) }
        var waiting = EarliestFirst<Record>()
        while let begins = turns.earliest, let place = turns.next() {
            // Whatever begins later ends later.
            try hand(on: &waiting, until: begins, line)
            let (trace, mark) = agents[place].observe()
            if let mark { waiting.insert(.mark(mark), at: mark.time) }
            for span in trace.spans { waiting.insert(.span(span), at: span.end) }
            if !agents[place].isDone { turns.insert(place, at: agents[place].next) }
        }
        try hand(on: &waiting, until: .max, line)
        for request in requests.close() { try line(RequestWriter.lines([request])) }
        return agents.flatMap(\.truth)
    }

    private mutating func hand(on waiting: inout EarliestFirst<Record>, until time: UInt64, _ line: (String) throws -> Void) throws {
        while let earliest = waiting.earliest, earliest < time, let record = waiting.next() {
            switch record {
            case .span(let span):
                for request in requests.take(span) { try line(RequestWriter.lines([request])) }
            case .mark(let mark):
                // What ended before the change was declared stands before it.
                if let request = requests.leave(mark.agent.service.name) { try line(RequestWriter.lines([request])) }
                try line(RequestWriter.line(mark))
            }
        }
    }
}
