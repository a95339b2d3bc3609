import Foundation
import KilterMath

/// Streams in which nothing changes: how many alarms there are against how many were allowed.
struct NullCell: Sendable {
    let name: String
    let gate: Double, goal: Double
    /// Streams and observations of each in the full run.
    let streams: Int, length: Int
    /// Alarms and allowance of one stream of `length` observations.
    let run: @Sendable (_ chance: inout Chance, _ length: Int) -> (alarms: Int, allowed: Double)
}

extension Cells {
    /// Not counted, as in the design's own measurements: nobody bets there, or hardly.
    static let silent = 200

    private static func null(
        _ name: String, target: Double, length: Int = 20_000, streams: Int = 1_500, _ start: @escaping @Sendable () -> Baseline
    )
        -> NullCell
    {
        NullCell(name: "\(name) at \(target == 1e4 ? "1e4" : "1e5")", gate: 0.7, goal: 0.9, streams: streams, length: length) {
            chance, length in
            var baseline = start(), alarms = 0
            for time in 0..<length {
                guard baseline.observe(&chance, Float(1 / target)) >= 1 else { continue }
                baseline.restart()
                if time >= silent { alarms += 1 }
            }
            return (alarms, Double(length - silent) / target)
        }
    }

    /// Whatever is fed by one draw.
    struct Baseline {
        let observe: (inout Chance, Float) -> Float
        let restart: () -> Void
    }

    private static func rate(_ p: Double) -> Baseline {
        var baseline = RateBaseline(direction: .either)
        return Baseline(observe: { baseline.observe($0.uniform() < p, allowance: $1) }, restart: { baseline.restart() })
    }

    private static func value(_ draw: @escaping (inout Chance) -> Double) -> Baseline {
        var baseline = RankBaseline(direction: .up)
        return Baseline(
            observe: { chance, allowance in
                let value = draw(&chance)
                return baseline.observe(value, allowance: allowance)
            }, restart: { baseline.restart() })
    }

    static let nulls: [NullCell] =
        [0.003, 0.02, 0.06, 0.5, 0.85, 0.98].map { p in null("rate \(p)", target: 1e4, streams: 750) { rate(p) } } + [
            null("rate 0.02", target: 1e5) { rate(0.02) },
            null("rate 0.85", target: 1e5) { rate(0.85) },
            null("lognormal", target: 1e4, streams: 750) { value { exp(sigma * $0.normal()) } },
            null("Student t2", target: 1e4, streams: 750) { value { exp(0.4 * $0.studentTwo()) } },
            null("Pareto 1.2", target: 1e4, streams: 750) { value { exp($0.exponential() / 1.2) } },
            null("Poisson 4", target: 1e4, streams: 750) { value { Double($0.poisson(4)) } },
            null("lognormal", target: 1e5) { value { exp(sigma * $0.normal()) } },
            null("tool mix of 12", target: 1e4, streams: 750) {
                var baseline = MixBaseline(categories: 12)
                return Baseline(observe: { baseline.observe($0.index(tools), allowance: $1) }, restart: { baseline.restart() })
            },
            null("tool mix of 12", target: 1e5) {
                var baseline = MixBaseline(categories: 12)
                return Baseline(observe: { baseline.observe($0.index(tools), allowance: $1) }, restart: { baseline.restart() })
            },
            null("vector of 16, correlated", target: 1e4, streams: 750) {
                var baseline = VectorBaseline(dimensions: 16)
                return Baseline(
                    observe: { chance, allowance in
                        var scores = SIMD16<Float>(repeating: 0)
                        let common = chance.normal()
                        for lane in 0..<16 { scores[lane] = Float(0.5.squareRoot() * (common + chance.normal())) }
                        return baseline.observe(scores, allowance: allowance)
                    }, restart: { baseline.restart() })
            },
            nasty("nasty: AR .3, day 20 %, t2, bursts", phi: 0.3, swing: 0.2, isHeavy: true, hygiene: [.autocorrelation, .season]),
            nasty("nasty without t2", phi: 0.3, swing: 0.2, isHeavy: false, hygiene: [.autocorrelation, .season]),
            nasty("AR .6 alone", phi: 0.6, swing: 0, isHeavy: false, hygiene: [.autocorrelation]),
            nasty("day 20 % alone", phi: 0, swing: 0.2, isHeavy: false, hygiene: [.season]),
            nasty("nothing, hygiene on", phi: 0, swing: 0, isHeavy: false, hygiene: [.autocorrelation, .season]),
        ]

    /// The first 200 observations of many streams, where hardly anything is known yet.
    private static func early(_ name: String, gate: Double = 0.7, _ start: @escaping @Sendable () -> Baseline) -> NullCell {
        NullCell(name: "first 200, \(name), at 1e3", gate: gate, goal: 0.9, streams: 18_000, length: silent) { chance, length in
            var baseline = start(), alarms = 0
            for _ in 0..<length where baseline.observe(&chance, 1e-3) >= 1 {
                baseline.restart()
                alarms += 1
            }
            // What is allowed from where the first alternatives bet.
            return (alarms, Double(length - 50) / 1e3)
        }
    }

    private static func remembering(_ phi: Double, _ hygiene: ValueHygiene.Options) -> Baseline {
        var baseline = RankBaseline(direction: .up, hygiene: hygiene), noise = 0.0
        return Baseline(
            observe: { chance, allowance in
                noise = phi * noise + (1 - phi * phi).squareRoot() * chance.normal()
                return baseline.observe(exp(sigma * noise), allowance: allowance)
            }, restart: { baseline.restart() })
    }

    static let beginnings: [NullCell] = [
        early("rate 0.1") { rate(0.1) },
        early("lognormal") { remembering(0, []) },
        early("lognormal, hygiene on") { remembering(0, [.autocorrelation]) },
        early("AR .3, hygiene on", gate: 0.5) { remembering(0.3, [.autocorrelation]) },
        early("tool mix of 12") {
            var baseline = MixBaseline(categories: 12)
            return Baseline(observe: { baseline.observe($0.index(tools), allowance: $1) }, restart: { baseline.restart() })
        },
    ]

    /// Some 1,440 observations a day for twenty days in bursts of ten on average, a daily swing, noise that remembers.
    /// Allowances follow the time that passed, at most a thirtieth of a month. Counted from the third day on.
    private static func nasty(_ name: String, phi: Double, swing: Double, isHeavy: Bool, hygiene: ValueHygiene.Options) -> NullCell {
        NullCell(name: name, gate: 0.5, goal: 0.8, streams: 700, length: 28_800) { chance, length in
            var baseline = RankBaseline(direction: .up, hygiene: hygiene)
            var alarms = 0, allowed = 0.0, noise = 0.0, days = 0.0, left = 0
            for _ in 0..<length {
                // A burst's observations are a second apart, bursts 600 s on average.
                left = left > 0 ? left - 1 : Int(chance.exponential() * 10)
                let gap = (left > 0 ? 1 : 600 * chance.exponential()) / 86_400
                days += gap
                noise = phi * noise + (1 - phi * phi).squareRoot() * (isHeavy ? 0.4 * chance.studentTwo() : sigma * chance.normal())
                let hour = days.truncatingRemainder(dividingBy: 1) * 24
                let level = log(1 + swing * sin(hour / 24 * 2 * Double.pi))
                let allowance = min(gap, 1) * 1440 / 1e4
                let evidence = baseline.observe(
                    exp(level + noise), allowance: Float(allowance), hour: Int(hour), day: Int32(days))
                if days > 2 { allowed += allowance }
                guard evidence >= 1 else { continue }
                baseline.restart()
                if days > 2 { alarms += 1 }
            }
            return (alarms, allowed)
        }
    }

    /// Alarms of one agent in 90 days at a budget of one: ten streams of 3,000 observations a month, a tenth of the budget each.
    static func knob(_ chance: inout Chance) -> (alarms: Int, allowed: Double) {
        let length = 9_000, allowance = Float(0.1 / Double(length))
        var alarms = 0
        var rates = [0.85, 0.02, 0.06, 0.5].map { (RateBaseline(direction: .up), $0) }
        var values = (0..<4).map { _ in RankBaseline(direction: .up) }
        var mix = MixBaseline(categories: 12)
        for _ in 0..<length {
            for index in rates.indices where rates[index].0.observe(chance.uniform() < rates[index].1, allowance: allowance) >= 1 {
                alarms += 1
                rates[index].0.restart()
            }
            for index in values.indices {
                let value = index < 2 ? exp(sigma * chance.normal()) : index == 2 ? exp(chance.exponential()) : Double(chance.poisson(6))
                guard values[index].observe(value, allowance: allowance) >= 1 else { continue }
                alarms += 1
                values[index].restart()
            }
            if mix.observe(chance.index(tools), allowance: allowance) >= 1 {
                alarms += 1
                mix.restart()
            }
        }
        return (alarms, 1)
    }
}
