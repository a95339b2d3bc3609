import KilterMath
import Seeded
import Testing

@Suite("Embeddings: projections, ranks, and where they lie")
struct EmbeddingTests {
    static func vectors(_ count: Int, _ dimensions: Int, seed: UInt64) -> [Float] {
        var random = Seeded(seed)
        return (0..<count * dimensions).map { _ in Float(random.uniform() - 0.5) }
    }

    @Test("A row's projection depends on no other row, and on no number of rows", arguments: [1, 3, 24, 384, 1_536, 4_096])
    func alone(dimensions: Int) {
        let count = 19, vectors = Self.vectors(count, dimensions, seed: 1)
        let together = SignProjection.project(vectors, dimensions: dimensions)
        #expect(together.count == count)
        for row in 0..<count {
            let one = Array(vectors[row * dimensions..<(row + 1) * dimensions])
            #expect(SignProjection.project(one, dimensions: dimensions) == [together[row]])
        }
        for start in [1, 5, 11] {
            let part = SignProjection.project(Array(vectors[(start * dimensions)...]), dimensions: dimensions)
            #expect(part == Array(together[start...]))
        }
        let reversed = (0..<count).reversed().flatMap { Array(vectors[$0 * dimensions..<($0 + 1) * dimensions]) }
        #expect(SignProjection.project(reversed, dimensions: dimensions) == together.reversed())
    }

    @Test("OpenBLAS and our own lanes agree to within one step of the rounding", arguments: [5, 384, 1_536])
    func agree(dimensions: Int) {
        let vectors = Self.vectors(40, dimensions, seed: 2).map { $0 / Float(dimensions).squareRoot() }
        let ours = SignProjection.byLanes(vectors, dimensions), theirs = SignProjection.byBLAS(vectors, dimensions)
        var same = 0
        for (one, other) in zip(ours, theirs) {
            for lane in 0..<16 {
                #expect(Swift.abs(one[lane] - other[lane]) <= 1.0 / 1_024)
                if one[lane] == other[lane] { same += 1 }
            }
        }
        #expect(same >= 630, "\(same) of 640")
        #expect(["openblas", "lanes"].contains(SignProjection.numericClass))
    }

    @Test("Distances are kept in expectation, and what has no whole vector is passed over")
    func distances() {
        let dimensions = 768, vectors = Self.vectors(60, dimensions, seed: 3)
        let projected = SignProjection.project(vectors, dimensions: dimensions)
        var ratio = 0.0
        for row in 1..<60 {
            var before = 0.0, after = 0.0
            for index in 0..<dimensions {
                let gap = Double(vectors[row * dimensions + index] - vectors[index])
                before += gap * gap
            }
            for lane in 0..<16 {
                let gap = Double(projected[row][lane] - projected[0][lane])
                after += gap * gap / 16
            }
            ratio += after / before / 59
        }
        #expect(ratio > 0.7 && ratio < 1.4, "\(ratio)")
        #expect(SignProjection.project(Array(vectors.prefix(10)), dimensions: 11).isEmpty)
        #expect(SignProjection.project(vectors, dimensions: 0).isEmpty && SignProjection.project(vectors, dimensions: 4_097).isEmpty)
    }

    /// Embeddings of one agent: normal, heavy-tailed, of two topics, or of four dimensions alone; with coordinates that hang together.
    static func draw(_ law: Int, _ random: inout Seeded, shift: Float = 0) -> SIMD16<Float> {
        var drawn = SIMD16<Float>(repeating: 0), common = Float(random.normal())
        let topic: Float = random.uniform() < 0.3 ? 1 : -0.5
        for lane in 0..<16 {
            let own = Float(random.normal())
            common = 0.5 * common + 0.87 * own
            switch law {
            case 0: drawn[lane] = 0.3 + 0.1 * own
            case 1: drawn[lane] = 0.1 * common / Float(max(random.uniform(), 0.01))
            default: drawn[lane] = 0.1 * common + (lane < 8 ? topic : 0)
            }
            if lane % 3 == 0 { drawn[lane] += shift }
        }
        guard law == 3 else { return drawn }
        let few = (0..<4).map { _ in Float(random.normal()) + shift * 5 }
        for lane in 0..<16 { drawn[lane] = (0..<4).reduce(0) { $0 + few[$1] * ((lane * 7 + $1 * 5) % 3 == 0 ? -0.1 : 0.1) } }
        return drawn
    }

    @Test("Where nothing changes the place alarms no more often than allowed", arguments: 0..<4)
    func falseAlarms(law: Int) {
        // Many streams, because what their anchors happened to be stays with them.
        var random = Seeded(60 + UInt64(law)), alarms = 0
        let streams = 20, length = 2_000
        for _ in 0..<streams {
            var ranks = CoordinateRanks(), baseline = VectorBaseline(dimensions: 16)
            for _ in 0..<length {
                guard let scores = ranks.observe(Self.draw(law, &random)) else { continue }
                guard baseline.observe(scores, allowance: 40 / Float(streams * length)) >= 1 else { continue }
                alarms += 1
                baseline.restart()
            }
        }
        // With mean 40, 56 and more come once in a hundred.
        #expect(alarms < 56, "\(alarms)")
    }

    @Test("A centroid that moves by a standard deviation in six of sixteen directions is told within a hundred runs", arguments: 0..<4)
    func told(law: Int) {
        var random = Seeded(70 + UInt64(law)), delays = 0
        for _ in 0..<10 {
            var ranks = CoordinateRanks(), baseline = VectorBaseline(dimensions: 16), delay = 0
            for _ in 0..<800 { _ = ranks.observe(Self.draw(law, &random)).map { baseline.observe($0, allowance: 1e-5) } }
            while delay < 300 {
                delay += 1
                guard let scores = ranks.observe(Self.draw(law, &random, shift: law == 1 ? 0.3 : 0.12)) else { break }
                if baseline.observe(scores, allowance: 1e-5) >= 1 { break }
            }
            delays += delay
            #expect(baseline.change.distance > 0.3)
        }
        #expect(delays < 1_000, "\(delays)")
    }
}

extension CoordinateRanks: Watched {
    mutating func observe(_ random: inout Seeded) -> Float {
        var vector = SIMD16<Float>(repeating: 0)
        for lane in 0..<16 { vector[lane] = Float(lane) + Float(random.next() >> 40) / 4_194_304 }
        return observe(vector).map { Swift.abs($0.max()) } ?? 0
    }
    func readOut() {}
}
