import KilterMath
import KilterVocabulary

extension Configuration {
    /// Hash of every value, the same in every process and build that knows the same keys. Comments, order of keys
    /// and the way a value is written (`1m`, `60s`) do not matter.
    public var fingerprint: UInt64 { StableHash.hash(canonical) }

    /// Every value on a line of its own, in a fixed order and in base units.
    var canonical: String {
        var lines = [
            "instance \(quoted(instance))", "profile \(quoted(profile))", "quiet \(quiet.count)",
            "content \(content.rawValue)", "alarms \(text(falseAlarms.warning)) \(falseAlarms.critical.map(text) ?? "-")",
            text(identity.base),
        ]
        lines += identity.rules.map(text)
        lines += DetectorID.allCases.filter { thresholds.silenced.contains(DetectorSet($0)) }.map { "silent \($0.name)" }
        lines += LadderName.allCases.map { "ladder \($0.rawValue) \(text($0[thresholds]))" }
        lines += detectors.map(text)
        lines += breakers.map(text)
        lines += tools.map { "tool \(text($0.selector)) \($0.toolClass?.rawValue ?? "-") \(quoted($0.volatile))" }
        lines += budgets.map { "budget \(text($0.selector)) \($0.scope.rawValue) \(text($0.per?.count)) \(text($0.limit))" }
        lines += policy.map { "policy \(text($0.selector)) \($0.allowTools.map(quoted) ?? "-") \(quoted($0.denyTools))" }
        lines += kpis.map {
            "kpi \(text($0.selector)) \(quoted($0.signal)) \(text($0.atLeast)) \(text($0.atMost)) \($0.window)"
        }
        lines += maintenance.map { "maintenance \(text($0.selector)) \($0.from.nanoseconds) \($0.to.nanoseconds)" }
        lines += prices.map(text)
        return lines.joined(separator: "\n")
    }

    private func text(_ rule: Identity.Rule) -> String {
        // A part at its default is not written, except those that files of every build know.
        let always: [Identity.Part] = [.agent, .tenant, .version]
        var words = ["identity"] + always.map { rule.attributes[$0].map(quoted) ?? "-" }
        if !rule.selector.isEmpty { words.append(text(rule.selector)) }
        for part in Identity.Part.allCases {
            if let names = rule.attributes[part], !always.contains(part), !rule.selector.isEmpty || names != Identity.published[part] {
                words.append("\(part.rawValue) \(quoted(names))")
            }
            let aliases = rule.aliases[part] ?? []
            if !aliases.isEmpty { words.append("\(part.rawValue)= \(quoted(aliases.flatMap { [$0.spelling, $0.name] }))") }
        }
        return words.joined(separator: " ")
    }

    private func text(_ rule: DetectorRule) -> String {
        var words = ["detector", text(rule.selector), text(rule.quiet?.count), rule.patch.windowFollowsRow ? "follow" : "-"]
        words += LadderName.allCases.map { text(rule.patch[$0]) }
        words += rule.later.map { "\(quoted($0.name)) \(text($0.patch))" }
        return words.joined(separator: " ")
    }

    private func text(_ breaker: Breaker) -> String {
        let words = [
            "breaker", text(breaker.selector), breaker.scope.rawValue, quoted(breaker.on), breaker.mode.rawValue,
            "\(breaker.coolDown.count)", "\(breaker.probePermits)", breaker.onSilence.rawValue,
            text(breaker.maxTripped.map(UInt64.init)), text(breaker.enforce.map(UInt64.init)),
        ]
        return words.joined(separator: " ")
    }

    private func text(_ price: Price) -> String {
        let rate = price.rate
        let amounts = [rate.input, rate.output, rate.cacheRead, rate.cacheWrite, rate.reasoning]
        let words = ["price", quoted(price.model), quoted(price.provider ?? ""), "\(price.from.nanoseconds)", "\(price.aboveTokens)"]
        return (words + amounts.map(text)).joined(separator: " ")
    }

    private func text(_ rate: FalseAlarms.Rate) -> String {
        switch rate.period {
        case .time(let span): "\(rate.millionths)/\(rate.group.rawValue)/\(span.count)ns"
        case .runs(let runs): "\(rate.millionths)/\(rate.group.rawValue)/\(runs)runs"
        }
    }

    private func text(_ limit: Limit) -> String {
        switch limit {
        case .microdollars(let amount): "$\(amount)"
        case .tokens(let amount): "\(amount)tokens"
        }
    }

    private func text(_ value: SignalValue?) -> String {
        switch value {
        case nil: "-"
        case .percentage(let value): "\(value)%"
        case .duration(let value): "\(value.count)ns"
        case .microdollars(let value): "$\(value)"
        case .tokens(let value): "\(value)tokens"
        case .number(let value): "\(value)"
        }
    }

    private func text(_ ladder: Ladder) -> String { "\(ladder.info),\(ladder.warning),\(ladder.critical)" }

    private func text(_ patch: LadderPatch) -> String {
        [patch.info, patch.warning, patch.critical].map { $0.map(String.init) ?? "-" }.joined(separator: ",")
    }

    private func text(_ number: UInt64?) -> String { number.map(String.init) ?? "-" }

    private func text(_ selector: Selector) -> String {
        "{" + selector.patterns.map { "\($0.key.rawValue):\(quoted($0.glob))" }.joined(separator: ",") + "}"
    }

    private func quoted(_ names: [String]) -> String { "[" + names.map(quoted).joined(separator: ",") + "]" }

    /// No two texts look alike: quotes, backslashes and line ends are escaped.
    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
