import KilterMath
import KilterState
import Seeded
import Testing

/// Streams of one agent whose evidence is added up, as detectors do it.
private struct Streams {
    var streams: [RateStream]
    var pool = EvidencePool()

    init(_ count: Int) { streams = Array(repeating: RateStream(RateBaseline()), count: count) }

    /// One observation of each; returns how many alarms were raised, alone or with the help of others.
    mutating func observe(_ rates: [Double], allowance: Float, _ random: inout Seeded) -> (alone: Int, pooled: Int) {
        var alarms = (alone: 0, pooled: 0)
        for index in streams.indices {
            let before = pool.part(of: streams[index].watch), share = pool.share(of: streams[index].watch)
            streams[index].join(share.round)
            let own = streams[index].baseline.observe(Double.random(in: 0..<1, using: &random) < rates[index], allowance: allowance)
            let isAlarm = share.total(with: own) >= 1, isPooled = isAlarm && own < 1
            alarms.alone += isAlarm && !isPooled ? 1 : 0
            alarms.pooled += isPooled ? 1 : 0
            let lane = streams[index].baseline.evidence.leading(streams[index].baseline.weights)
            streams[index].watch.pooled = isAlarm ? 0 : share.part(of: own, product: streams[index].baseline.evidence.products[lane])
            if isAlarm { streams[index].baseline.restart() }
            pool.settle(before, streams[index].watch.pooled, isPooled: isPooled)
        }
        return alarms
    }
}

@Suite("Evidence of several streams")
struct EvidencePoolTests {
    @Test("Where nothing changes the sum raises no more alarms than the streams are allowed together")
    func budget() {
        var alarms = 0, random = Seeded(41)
        let agents = 60, observations = 2_000, allowance: Float = 1e-4
        for _ in 0..<agents {
            var streams = Streams(8)
            for _ in 0..<observations {
                let raised = streams.observe([0.02, 0.1, 0.3, 0.5, 0.5, 0.7, 0.85, 0.95], allowance: allowance, &random)
                alarms += raised.alone + raised.pooled
            }
        }
        // 96 are allowed; 120 and more have a chance of one in a hundred.
        #expect(alarms <= 120 && alarms >= 19, "\(alarms)")
    }

    @Test("What shows in several signals is told sooner than what shows in one")
    func sooner() {
        func delay(changing: Int, seed: UInt64) -> Int {
            var streams = Streams(6), random = Seeded(seed)
            let usual = [Double](repeating: 0.3, count: 6)
            for _ in 0..<1_500 { _ = streams.observe(usual, allowance: 1e-7, &random) }
            let changed = usual.indices.map { $0 < changing ? 0.45 : 0.3 }
            for count in 1...2_000 {
                let raised = streams.observe(changed, allowance: 1e-5, &random)
                if raised.alone + raised.pooled > 0 { return count }
            }
            return 2_000
        }
        let one = (0..<12).reduce(0) { $0 + delay(changing: 1, seed: 100 + UInt64($1)) }
        let four = (0..<12).reduce(0) { $0 + delay(changing: 4, seed: 200 + UInt64($1)) }
        #expect(Double(four) < 0.75 * Double(one), "\(four) \(one)")
    }

    @Test("A pooled alarm takes the evidence of every stream, an alarm of one stream only its own")
    func giveUp() {
        var pool = EvidencePool(), one = StreamWatch(), other = StreamWatch()
        one.pooled = 0.5
        pool.settle(0, one.pooled, isPooled: false)
        other.pooled = 0.4
        pool.settle(0, other.pooled, isPooled: false)
        #expect(pool.share(of: one).others == 0.4 && pool.share(of: other).others == 0.5)
        #expect(pool.share(of: StreamWatch()).total(with: 0.5) == 1.4)
        #expect(pool.share(of: StreamWatch()).total(with: 0.1) == 0.1, "too little of its own to be told")
        var told = one
        told.pooled = 0
        pool.settle(0.5, told.pooled, isPooled: false)
        #expect(pool.share(of: told).others == 0.4)
        pool.settle(0, told.pooled, isPooled: true)
        #expect(pool.sum == 0 && pool.share(of: other).others == 0 && pool.part(of: other) == 0)
    }
}
