import KilterVocabulary

/// In what a signal of the contract (section 5) is written.
enum SignalUnit {
    case duration, tokens, money, percentage, number

    private static let units: [(name: String, unit: SignalUnit)] = [
        ("latency", .duration), ("time_to_first_token", .duration), ("tokens_per_second", .number),
        ("input_tokens", .tokens), ("output_tokens", .tokens), ("reasoning_tokens", .tokens),
        ("cache_read_ratio", .percentage), ("cost", .money), ("error_rate", .percentage), ("call_rate", .number),
        ("message_rate", .number), ("run_cost", .money), ("run_steps", .number), ("run_duration", .duration),
        ("retrieval_score", .number), ("retrieval_empty", .percentage), ("feedback", .number),
    ]

    /// Signals whose name goes on after the colon.
    private static let families: [(prefix: String, unit: SignalUnit)] = [
        ("outcome:", .percentage), ("evaluation:", .number), ("guardrail:", .percentage),
    ]

    static var names: [String] { units.map(\.name) + families.map(\.prefix) }

    init?(_ signal: String) {
        if let match = Self.units.first(where: { $0.name == signal }) {
            self = match.unit
        } else if let family = Self.families.first(where: { signal.hasPrefix($0.prefix) && signal != $0.prefix }) {
            self = family.unit
        } else {
            return nil
        }
    }

    var expected: String {
        switch self {
        case .duration: "a duration such as `2s`"
        case .tokens: "tokens such as `2k tokens`"
        case .money: "dollars such as `$0.05`"
        case .percentage: "a percentage such as `95%`"
        case .number: "a plain number such as `0.8`"
        }
    }

    func read(_ text: String) throws(QuantityError) -> Configuration.SignalValue {
        switch self {
        case .duration: .duration(try WrittenQuantity.duration(text))
        case .tokens: .tokens(try WrittenQuantity.tokens(text))
        case .money: .microdollars(try WrittenQuantity.money(text))
        case .percentage: .percentage(try WrittenQuantity.percentage(text))
        case .number: .number(try WrittenQuantity.number(text))
        }
    }
}

extension Configuration.SignalValue {
    /// Comparable among values of one signal.
    var amount: UInt64 {
        switch self {
        case .percentage(let value): UInt64(value)
        case .duration(let value): value.count
        case .microdollars(let value), .tokens(let value), .number(let value): value
        }
    }
}

extension Configuration.FalseAlarms.Rate {
    /// `1 per day per fleet`, `0.3 per agent per 30 days`, `0.1 per agent per 100 runs`; the two parts in any order.
    init(_ text: String) throws(QuantityError) {
        let wrong = QuantityError(
            message: "`\(text)` is no rate of false alarms; expected one such as `1 per day per fleet`, "
                + "`0.3 per agent per 30 days` or `0.1 per agent per 100 runs`")
        let parts = text.split(separator: " ", omittingEmptySubsequences: true).split(separator: "per")
        guard parts.count == 3, parts[0].count == 1,
            let (number, rest) = WrittenNumber.prefix(of: String(parts[0][parts[0].startIndex])), rest.isEmpty,
            let millionths = number.times(1_000_000), millionths > 0
        else { throw wrong }
        let names = parts[1...].map { $0.map(String.init) }
        let groups = names.compactMap { $0.count == 1 ? Configuration.FalseAlarms.Group(rawValue: $0[0]) : nil }
        let periods = names.compactMap(Self.period)
        guard groups.count == 1, periods.count == 1 else { throw wrong }
        if case .runs = periods[0], groups[0] == .fleet {
            throw QuantityError(message: "`\(text)` counts runs of a fleet; runs are counted `per agent`")
        }
        self.init(millionths: millionths, group: groups[0], period: periods[0])
    }

    /// `day`, `30 days`, `100 runs`.
    private static func period(_ words: [String]) -> Configuration.FalseAlarms.Period? {
        let lengths: [String: UInt64] = ["minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800]
        guard let last = words.last, words.count <= 2 else { return nil }
        let count: UInt32
        if words.count == 2 {
            guard let read = try? WrittenQuantity.count(words[0]) else { return nil }
            count = read
        } else {
            count = 1
        }
        let unit = last.hasSuffix("s") && words.count == 2 ? String(last.dropLast()) : last
        if unit == "run" { return .runs(count) }
        return lengths[unit].map { .time(.seconds($0 * UInt64(count))) }
    }

    /// Only rates of one group over one kind of period can be compared; others never are more frequent.
    func isMoreFrequent(than other: Self) -> Bool {
        guard group == other.group else { return false }
        let lengths: (UInt64, UInt64)
        switch (period, other.period) {
        case (.time(let mine), .time(let theirs)): lengths = (mine.count, theirs.count)
        case (.runs(let mine), .runs(let theirs)): lengths = (UInt64(mine), UInt64(theirs))
        default: return false
        }
        let mine = millionths.multipliedFullWidth(by: lengths.1)
        let theirs = other.millionths.multipliedFullWidth(by: lengths.0)
        return (mine.high, mine.low) > (theirs.high, theirs.low)
    }
}

extension Configuration.FalseAlarms {
    /// As detection spends it.
    var budget: FalseAlarmBudget {
        var budget = FalseAlarmBudget()
        let alarms = Double(warning.millionths) / 1e6
        switch warning.period {
        case .time(let period):
            budget.unit = .time(perNanosecond: alarms / Double(max(period.count, 1)), isOfFleet: warning.group == .fleet)
        case .runs(let runs): budget.unit = .runs(perRun: alarms / Double(max(runs, 1)))
        }
        if let critical, let factor = critical.factor(below: warning) { budget.criticalFactor = factor }
        budget.text = warning.text
        return budget
    }
}

extension Configuration.FalseAlarms.Rate {
    /// How many times rarer this rate is; nil where the two count different things.
    func factor(below other: Self) -> Float? {
        guard group == other.group else { return nil }
        let mine: Double, theirs: Double
        switch (period, other.period) {
        case (.time(let a), .time(let b)): (mine, theirs) = (Double(a.count), Double(b.count))
        case (.runs(let a), .runs(let b)): (mine, theirs) = (Double(a), Double(b))
        default: return nil
        }
        let factor = Double(other.millionths) / theirs / (Double(millionths) / mine)
        return factor.isFinite ? Float(max(factor, 1)) : nil
    }

    /// As it would be written.
    var text: String {
        let (whole, rest) = (millionths / 1_000_000, millionths % 1_000_000)
        let number = rest == 0 ? String(whole) : Amount(digits: Int64(clamping: millionths), places: 6).trimmed.text
        switch period {
        case .runs(let runs): return "\(number) per \(group.rawValue) per \(runs) \(runs == 1 ? "run" : "runs")"
        case .time(let length):
            for (name, seconds) in [("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60)] as [(String, UInt64)] {
                let (count, left) = (length.count / 1_000_000_000).quotientAndRemainder(dividingBy: seconds)
                guard left == 0, count > 0, name != "week" || count == 1 else { continue }
                return "\(number) per \(group.rawValue) per " + (count == 1 ? name : "\(count) \(name)s")
            }
            return "\(number) per \(group.rawValue) per \(length.count / 1_000_000_000) s"
        }
    }
}
