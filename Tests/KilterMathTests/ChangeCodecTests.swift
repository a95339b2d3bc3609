import KilterMath
import Seeded
import Testing

/// A baseline as the laws see it: fed from a seed, written and read.
protocol Watched: Sendable {
    static var byteCount: Int { get }
    init(from reader: inout ByteReader) throws(ByteReader.Short)
    func write(to writer: inout ByteWriter)
    mutating func observe(_ random: inout Seeded) -> Float
    /// Reads everything that an alarm would say.
    func readOut()
}

extension RateBaseline: Watched {
    mutating func observe(_ random: inout Seeded) -> Float { observe(random.next() % 7 == 0, allowance: 1e-3) }
    func readOut() { _ = change }
}
extension RankBaseline: Watched {
    mutating func observe(_ random: inout Seeded) -> Float {
        let bits = random.next()
        let value = bits % 11 == 0 ? 0 : Double(bits >> 40 + 1) * Double.random(in: 0.1...3, using: &random)
        return observe(value, allowance: 1e-3, hour: Int(count / 40 % 24), day: Int32(count / 960))
    }
    func readOut() { _ = change }
}
extension MixBaseline: Watched {
    mutating func observe(_ random: inout Seeded) -> Float {
        observe(min(Int.random(in: 0..<12, using: &random), Int.random(in: 0..<12, using: &random)), allowance: 1e-3)
    }
    func readOut() { _ = change }
}
extension VectorBaseline: Watched {
    mutating func observe(_ random: inout Seeded) -> Float {
        var scores = SIMD16<Float>(repeating: 0)
        for lane in 0..<16 { scores[lane] = Float(Elementary.normalQuantile(Double.random(in: 1e-6..<1, using: &random))) }
        return observe(scores, allowance: 1e-3)
    }
    func readOut() { _ = change }
}
extension TailBaseline: Watched {
    mutating func observe(_ random: inout Seeded) -> Float {
        let bits = random.next()
        // One in some hundred is far off.
        let value = Double(bits >> 40 + 1) * (bits % 257 == 0 ? 1e12 : 1)
        return observe(value, allowance: 1e-3).map { Float($0.probability) } ?? 0
    }
    func readOut() {}
}

extension PaceBaseline: Watched {
    mutating func observe(_ random: inout Seeded) -> Float {
        observe(events: UInt32(random.next() % 12), seconds: 1_772_409_600 + UInt64(count) * 900, allowance: 1e-3)
    }
    func readOut() { _ = change }
}

@Suite("Change statistics as bytes")
struct ChangeCodecTests {
    static let all: [any Watched] = [
        RateBaseline(direction: .up), RateBaseline(direction: .down, priorHits: 10, priorMisses: 90), RankBaseline(direction: .down),
        RankBaseline(hygiene: [.autocorrelation, .season]), MixBaseline(categories: 12),
        VectorBaseline(dimensions: 5), TailBaseline(), CoordinateRanks(),
        PaceBaseline(),
    ]

    static func bytes(_ baseline: some Watched) -> [UInt8] {
        var writer = ByteWriter()
        baseline.write(to: &writer)
        return writer.bytes
    }

    @Test("Written and read in the middle of a stream it goes on with the same bits", arguments: all.indices)
    func goesOn(index: Int) throws { try Self.checkGoesOn(Self.all[index]) }

    static func checkGoesOn<Baseline: Watched>(_ start: Baseline) throws {
        var baseline = start, random = Seeded(3)
        for length in [0, 1, 31, 32, 49, 50, 199, 300, 1023, 1024, 2100] {
            for _ in 0..<length { _ = baseline.observe(&random) }
            let written = bytes(baseline)
            #expect(written.count == Baseline.byteCount)
            var reader = ByteReader(written), other = random
            var copy = try Baseline(from: &reader)
            #expect(reader.remaining == 0 && bytes(copy) == written)
            for _ in 0..<200 { #expect(copy.observe(&other).bitPattern == baseline.observe(&random).bitPattern) }
            #expect(bytes(copy) == bytes(baseline))
        }
    }

    @Test("Cut, altered and random bytes are refused or lead to a baseline that works", arguments: all.indices)
    func hostile(index: Int) { Self.checkHostile(Self.all[index]) }

    static func checkHostile<Baseline: Watched>(_ start: Baseline) {
        var baseline = start, random = Seeded(4)
        for _ in 0..<700 { _ = baseline.observe(&random) }
        let written = bytes(baseline)
        for cut in [0, 1, written.count / 2, written.count - 1] {
            var reader = ByteReader(Array(written[..<cut]))
            #expect(throws: ByteReader.Short.self) { try Baseline(from: &reader) }
        }
        for round in 0..<1_500 {
            var altered = round % 5 == 0 ? random.bytes(written.count) : written
            for _ in 0...Int(random.next() % 3) {
                altered[Int(random.next() % UInt64(altered.count))] = UInt8(truncatingIfNeeded: random.next())
            }
            var reader = ByteReader(altered)
            guard var read = try? Baseline(from: &reader) else { continue }
            #expect(bytes(read) == altered)
            for _ in 0..<70 { #expect(read.observe(&random) >= 0) }
        }
    }

    @Test("Extreme numbers in any place are refused or lead to a baseline that works", arguments: all.indices)
    func extreme(index: Int) { Self.checkExtreme(Self.all[index]) }

    static func checkExtreme<Baseline: Watched>(_ start: Baseline) {
        let floats: [Float] = [.greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude, 1e30, 1, -1, 0, 0x1p24]
        let doubles: [Double] = [.greatestFiniteMagnitude, .leastNonzeroMagnitude, -1, 1e19]
        var baseline = start, random = Seeded(5)
        for _ in 0..<1_100 { _ = baseline.observe(&random) }
        let written = bytes(baseline)
        for offset in written.indices.dropLast(8) where written.count < 700 || offset % 3 == 0 || offset < 80 {
            let patterns = floats.map { (UInt64($0.bitPattern), 4) } + doubles.map { ($0.bitPattern, 8) } + [(.max, 4), (0x7fff_ffff, 4)]
            let (pattern, width) = patterns[Int(random.next() % UInt64(patterns.count))]
            var altered = written
            for byte in 0..<width { altered[offset + byte] = UInt8(truncatingIfNeeded: pattern >> UInt64(8 * byte)) }
            var reader = ByteReader(altered)
            guard var read = try? Baseline(from: &reader) else { continue }
            for _ in 0..<40 { #expect(read.observe(&random) >= 0) }
            read.readOut()
        }
    }

    @Test("Undefined numbers are refused wherever they stand")
    func undefined() {
        var evidence = ChangeEvidence(), writer = ByteWriter()
        evidence.update(SIMD16(repeating: 1.5), allowance: 0.1, score: 1)
        evidence.write(to: &writer)
        #expect(writer.bytes.count == ChangeEvidence.byteCount)
        for lane in 0..<64 {
            for bad: Float in [.nan, .infinity, -.infinity] {
                var altered = writer.bytes
                for byte in 0..<4 { altered[4 * lane + byte] = UInt8(truncatingIfNeeded: bad.bitPattern >> UInt32(8 * byte)) }
                var reader = ByteReader(altered)
                #expect(throws: ByteReader.Short.self) { try ChangeEvidence(from: &reader) }
            }
        }
    }
}
