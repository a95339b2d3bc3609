import Foundation
import KilterMath

/// Nanoseconds for an update of one stream that is in the cache, best of forty.
enum Cost {
    static let updates = 50_000

    static func nanoseconds(_ body: (_ updates: Int) -> Float) -> Double {
        var best = Double.infinity, kept: Float = 0
        for _ in 0..<40 {
            let start = DispatchTime.now().uptimeNanoseconds
            kept += body(updates)
            best = min(best, Double(DispatchTime.now().uptimeNanoseconds - start) / Double(updates))
        }
        // Uses the result, so that nothing is left out.
        return kept.isNaN ? 0 : best
    }

    static func all(seed: UInt64) -> [(name: String, bytes: Int, nanoseconds: Double)] {
        var chance = Chance(seed: seed, stream: 0, cell: 700)
        let hits = (0..<4096).map { _ in chance.uniform() < 0.1 }, values = (0..<4096).map { _ in exp(0.6 * chance.normal()) }
        let indices = (0..<4096).map { _ in chance.index(Cells.tools) }
        let vectors = (0..<4096).map { _ in
            var scores = SIMD16<Float>(repeating: 0)
            for lane in 0..<16 { scores[lane] = Float(chance.normal()) }
            return scores
        }
        var rate = RateBaseline(), plain = RankBaseline(), clean = RankBaseline(hygiene: [.autocorrelation, .season])
        var mix = MixBaseline(categories: 12), vector = VectorBaseline(dimensions: 16)
        var tail = TailBaseline(), ranks = CoordinateRanks()
        func timed(_ name: String, _ bytes: Int, _ observe: (Int) -> Float) -> (name: String, bytes: Int, nanoseconds: Double) {
            let cost = nanoseconds { updates in
                var sum: Float = 0
                for index in 0..<updates { sum += observe(index & 4095) }
                return sum
            }
            return (name, bytes, cost)
        }
        return [
            timed("rate", MemoryLayout<RateBaseline>.stride) { rate.observe(hits[$0], allowance: 1e-9) },
            timed("rank", MemoryLayout<RankBaseline>.stride) { plain.observe(values[$0], allowance: 1e-9) },
            timed("rank with hygiene", MemoryLayout<RankBaseline>.stride) {
                clean.observe(values[$0], allowance: 1e-9, hour: $0 >> 8, day: 9)
            },
            timed("mix of 12", MemoryLayout<MixBaseline>.stride) { mix.observe(indices[$0], allowance: 1e-9) },
            timed("vector of 16", MemoryLayout<VectorBaseline>.stride) { vector.observe(vectors[$0], allowance: 1e-9) },
            timed("tail", MemoryLayout<TailBaseline>.stride) { tail.observe(values[$0], allowance: 1e-9) == nil ? 0 : 1 },
            timed("ranks of 16", MemoryLayout<CoordinateRanks>.stride) { ranks.observe(vectors[$0])?[0] ?? 0 },
        ]
    }
}
