/// The law by which an agent's traces are drawn at one instant.
struct Behaviour: Sendable {
    /// Share of runs approved, the others being escalated; nil where no outcome is told.
    var approvedShare: Double?
    /// Share of model calls that fail.
    var failureShare = 0.02
    /// Median of the time a model call takes, and the standard deviation of its logarithm.
    var latencyMilliseconds = 1_200.0
    var latencySpread = 0.5
    /// Medians; the standard deviation of their logarithms is `tokenSpread`.
    var inputTokens = 1_800.0
    var outputTokens = 260.0
    var tokenSpread = 0.5
    /// Weights of the tools by their index in `toolNames`.
    var toolShares: [Double] = Behaviour.toolShares
    /// The model that answers, whatever was asked for.
    var responseModel: String?
    /// What the producer says the version of prompt, model and tools is; nil where it says nothing.
    var version: String?
    /// What the producer says a call cost; nil leaves it to the price list.
    var microdollars: Int?
    /// Share of failed model calls that are tried again, each up to `triesMax` times in all.
    var retriedShare = 0.0
    var triesMax = 1

    static let toolNames = [
        "search_cases", "fetch_policy", "lookup_customer", "read_document", "check_coverage", "estimate_payout", "list_orders",
        "convert_currency", "verify_address", "schedule_call", "draft_letter", "archive_case", "translate_text",
    ]
    /// Twelve tools, from three in ten calls to one in a hundred.
    static let toolShares = [0.30, 0.18, 0.12, 0.10, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.02, 0.01]

    /// Moves a share of all calls from the first tool to the fifth.
    mutating func moveToolCalls(_ share: Double) {
        toolShares[0] -= share
        toolShares[4] += share
    }

    /// What stands in a label for a signal; nil where a number does not say it.
    func figure(_ signal: String) -> String? {
        switch signal {
        case "outcome:approved": approvedShare.map(Self.short)
        case "outcome:escalated": approvedShare.map { Self.short(1 - $0) }
        case "error_rate": Self.short(failureShare)
        case "latency": Self.short(latencyMilliseconds) + " ms"
        case "input_tokens": Self.short(inputTokens)
        case "output_tokens": Self.short(outputTokens)
        case "model": responseModel
        default: nil
        }
    }

    /// Three decimals at most.
    private static func short(_ number: Double) -> String {
        let rounded = (number * 1_000).rounded() / 1_000
        return Int(exactly: rounded).map { "\($0)" } ?? rounded.description
    }
}

/// What else than its law makes an agent's traces differ: when they come, and how their values scatter and hang together.
struct Conditions: Sendable {
    /// How values stand above and below their median.
    enum Tail: Sendable, CaseIterable {
        /// Lognormal.
        case normal
        /// The logarithm has Student's law of two degrees of freedom, with the quartiles of the lognormal.
        case student
        /// Pareto's law of index 1.2.
        case pareto
    }

    /// Mean time between the traces of one agent, in seconds.
    var gapSeconds = 60.0
    /// Correlation of one value with the next of the same agent, of the normal numbers behind them.
    var autocorrelation = 0.0
    /// By how much latency, and how often traces come, swing over the day, as shares of their mean.
    var dailyLatency = 0.0
    var dailyArrivals = 0.0
    /// What of the arrivals is left on Saturdays and Sundays.
    var weekendArrivals = 1.0
    /// Nine gaps of ten are a third of the mean, and the tenth is seven times it.
    var isBursty = false
    var tails: [Tail] = [.normal]
    /// Every so many agents one declares a new version in the middle, behind which nothing changes; 0 for none.
    var harmlessDeployEvery = 0
    /// Seconds after the common start of streams.
    var startSeconds = 0.0
    /// Agents that differ in failures, outcomes and number of tools, and not only in times and tokens.
    var isMixed = false

    static let nasty: Conditions = {
        var conditions = Conditions()
        // Long enough for days and weekends to become known.
        conditions.gapSeconds = 300
        conditions.autocorrelation = 0.3
        conditions.dailyLatency = 0.2
        conditions.dailyArrivals = 0.5
        conditions.weekendArrivals = 0.4
        conditions.isBursty = true
        conditions.tails = Tail.allCases
        conditions.harmlessDeployEvery = 10
        // From a Thursday on, so that a weekend falls into short streams too.
        conditions.startSeconds = 3 * 86_400
        conditions.isMixed = true
        return conditions
    }()

    /// Agents that act every half hour, so that a few hundred observations cover more than a week.
    static let rare: Conditions = {
        var conditions = Conditions()
        conditions.gapSeconds = 1_800
        return conditions
    }()

    static let mixed: Conditions = {
        var conditions = Conditions()
        conditions.isMixed = true
        return conditions
    }()

    /// From -1 in the middle of the night to 1 in the middle of the day: two parabolas that follow a sine within 0.06.
    static func tide(_ nanoseconds: UInt64) -> Double {
        let day = Double(nanoseconds % 86_400_000_000_000) / 86_400e9
        // The tide turns at 8 and 20 o'clock.
        let phase = day + 16.0 / 24
        let half = (phase - phase.rounded(.down)) * 2
        return half < 1 ? 4 * half * (1 - half) : -4 * (half - 1) * (2 - half)
    }

    /// Share of the usual arrivals at an instant.
    func arrivals(at nanoseconds: UInt64) -> Double {
        // 1970-01-01 was a Thursday.
        let weekday = (nanoseconds / 86_400_000_000_000 + 3) % 7
        return (1 + dailyArrivals * Self.tide(nanoseconds)) * (weekday >= 5 ? weekendArrivals : 1)
    }
}

/// The normal numbers behind successive values of one signal of one agent.
struct Scatter: Sendable {
    private var last: Double?

    /// The logarithm of the next value over its median.
    mutating func next(_ random: inout SplitMix64, spread: Double, tail: Conditions.Tail, autocorrelation: Double) -> Double {
        let fresh = random.normal()
        let z = last.map { autocorrelation * $0 + (1 - autocorrelation * autocorrelation).squareRoot() * fresh } ?? fresh
        last = z
        switch tail {
        case .normal: return spread * z
        case .student: return bounded(spread * Self.student(z))
        case .pareto: return bounded((-Chance.log(Chance.normalShare(below: -z)) - Self.ln2) / 1.2)
        }
    }

    private static let ln2 = 0.6931471805599453

    /// Student's number of two degrees of freedom where the normal one is `z`, with the normal law's quartiles.
    private static func student(_ z: Double) -> Double {
        let tail = Chance.normalShare(below: -abs(z))
        let t = (1 - 2 * tail) / (2 * tail * (1 - tail)).squareRoot()
        return (z < 0 ? -t : t) * 0.8260
    }

    /// Clients give up after some minutes, and no call takes less than no time.
    private func bounded(_ logarithm: Double) -> Double { min(max(logarithm, -6), 6) }
}
