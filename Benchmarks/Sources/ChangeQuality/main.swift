import Foundation
import KilterMath

// Measures the change statistics against the goals of their design:
//
//     ChangeQuality [--seed N] [--reduced] [--only TEXT]
//
// Ends with 1 when a gate is missed. Every delay is compared with that of a CUSUM that is told both laws.

var seed: UInt64 = 20_261_121
var isReduced = false
var only = ""
var arguments = CommandLine.arguments.dropFirst()
while let word = arguments.popFirst() {
    switch word {
    case "--reduced": isReduced = true
    case "--only": only = arguments.popFirst() ?? ""
    case "--seed":
        if let value = arguments.popFirst().flatMap({ UInt64($0) }) { seed = value }
    default:
        print("ChangeQuality [--seed N] [--reduced] [--only TEXT]")
        exit(2)
    }
}

var report = Report()

@MainActor func measureDelays() {
    report.headline("Delay in observations; efficiency: that of the oracle CUSUM divided by ours")
    report.row(["", "mean +- se", "p95", "missed", "gate", "goal", "oracle", "efficiency", "onset off"])
    let replicates = isReduced ? 400 : 4000
    for (index, cell) in Cells.delays.enumerated() where only.isEmpty || cell.name.contains(only) {
        let seed = seed
        let runs = spread(replicates) { replicate -> (delay: Int, onset: Int)? in
            var chance = Chance(seed: seed, stream: replicate, cell: index)
            let observe = cell.start()
            for time in 0..<cell.change where observe(time, &chance) != nil { return nil }
            for count in 1...cell.horizon {
                guard let since = observe(cell.change + count - 1, &chance) else { continue }
                return (count, abs(Int(since) - count))
            }
            return (cell.horizon, cell.horizon)
        }.compactMap { $0 }
        let delays = runs.map(\.delay).sorted(), onset = runs.map(\.onset).sorted()[runs.count / 2]
        let count = Double(delays.count), mean = Double(delays.reduce(0, +)) / count
        let variance = delays.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / (count - 1)
        let missed = Double(delays.count { $0 >= cell.horizon }) / count
        var oracle: Double?
        if let law = cell.oracle {
            let threshold = law.threshold(target: cell.target, seed: seed)
            oracle = law.delay(threshold: threshold, replicates: isReduced ? 500 : 2000, seed: seed)
        }
        report.row(
            [
                cell.name, "\(short(mean, mean < 100 ? 1 : 0)) +- \(short((variance / count).squareRoot(), 1))",
                "\(delays[min(delays.count - 1, delays.count * 95 / 100)])", "\(short(missed * 100, 1))%",
                cell.gate.map { short($0) } ?? "-",
                cell.goal.map { short($0) } ?? "-", oracle.map { short($0, 1) } ?? "-", oracle.map { short($0 / mean, 2) } ?? "-",
                "\(onset)",
            ], isMissed: cell.gate.map { mean - (isReduced ? 2 * (variance / count).squareRoot() : 0) > $0 } ?? false)
    }
}

@MainActor func measureNulls() {
    report.headline("Observations to a false alarm, divided by the design's target (1 is exact, more is quieter)")
    report.row(["", "ratio", "lower", "upper", "gate", "goal", "alarms"])
    for (index, cell) in (Cells.nulls + Cells.beginnings).enumerated() where only.isEmpty || cell.name.contains(only) {
        let seed = seed
        let results = spread(isReduced ? cell.streams / 18 : cell.streams) { stream in
            var chance = Chance(seed: seed, stream: stream, cell: 100 + index)
            return cell.run(&chance, cell.length)
        }
        let alarms = Double(results.reduce(0) { $0 + $1.alarms }), allowed = results.reduce(0.0) { $0 + $1.allowed }
        // Two standard errors of a Poisson count.
        let low = allowed / (alarms + 2 + 2 * (alarms + 1).squareRoot()),
            high = allowed / max(alarms + 2 - 2 * (alarms + 1).squareRoot(), 0.5)
        let ratio = allowed / max(alarms, 0.5)
        report.row(
            [cell.name, short(ratio, 2), short(low, 2), short(high, 2), short(cell.gate, 1), short(cell.goal, 1), short(alarms)],
            isMissed: isReduced ? high < cell.gate : ratio < cell.gate)
    }
}

@MainActor func measureKnob() {
    guard only.isEmpty || "knob".contains(only) else { return }
    report.headline("The knob: 1 false alarm for each agent in 90 days, ten streams of 9,000 observations, a tenth of the budget each")
    let seed = seed
    let results = spread(isReduced ? 150 : 2_000) { agent in
        var chance = Chance(seed: seed, stream: agent, cell: 500)
        return Cells.knob(&chance)
    }
    let alarms = results.reduce(0) { $0 + $1.alarms }, realised = Double(alarms) / Double(results.count)
    report.row(["", "realised / set", "gate", "goal", "agents", "alarms"])
    report.row(["alarms", short(realised, 2), "1.0", "0.5-1", "\(results.count)", "\(alarms)"], isMissed: realised > 1)
}

@MainActor func measureCost() {
    guard only.isEmpty || "cost".contains(only) else { return }
    report.headline("Cost of an update in the cache, and state")
    report.row(["", "ns", "bytes", "gate", "goal"])
    let costs = Cost.all(seed: seed)
    for (name, bytes, nanoseconds) in costs { report.row([name, short(nanoseconds, 1), "\(bytes)"]) }
    // The design's agent: four rates, five values of which two have hygiene, one mix.
    let shares: [(String, Double)] = [("rate", 4), ("rank", 3), ("rank with hygiene", 2), ("mix of 12", 1)]
    let parts = shares.compactMap { share in costs.first { $0.name == share.0 }.map { (share.1, $0) } }
    let nanoseconds = parts.reduce(0) { $0 + $1.0 * $1.1.nanoseconds } / 10
    let bytes = parts.reduce(0) { $0 + $1.0 * Double($1.1.bytes) }
    report.row(
        ["feature of an agent with ten, mean", short(nanoseconds, 1), "\(short(bytes)) in all", "100", "30"], isMissed: nanoseconds > 100)
    report.row(["bytes of such an agent", "", short(bytes), "8192", "4096"], isMissed: bytes > 8192)
}

measureDelays()
measureNulls()
measureKnob()
measureCost()
exit(report.isMissed ? 1 : 0)
