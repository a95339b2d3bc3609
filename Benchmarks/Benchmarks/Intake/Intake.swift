import Benchmark
import HotPath
import Measured
import SpanStreams

/// Decoding alone, on the stream of 1,000 agents: what one thread of intake can take.
let benchmarks: @Sendable () -> Void = {
    for encoding in SpanStream.Encoding.allCases {
        for end in [HotPath.End.decode, .admission] {
            let name = end == .decode ? "decode \(encoding.rawValue)" : "decode and admit \(encoding.rawValue)"
            let round = Round(encoding, end)
            Benchmark(name, configuration: Measured.configuration) { benchmark in
                for _ in benchmark.scaledIterations { round.run(benchmark) }
            } setup: {
                round.prepare()
            }
        }
    }
}

/// One measured round: payloads that the path has not seen, sixteen to a batch.
// Guard: the harness runs one benchmark after the other, on one thread.
private final class Round: @unchecked Sendable {
    private let encoding: SpanStream.Encoding
    private let end: HotPath.End
    private var path: HotPath?
    private var payloads: PayloadSet?
    private var next = 0
    private static let payloadsPerRound = 64

    init(_ encoding: SpanStream.Encoding, _ end: HotPath.End) {
        self.encoding = encoding
        self.end = end
    }

    func prepare() {
        var stream = SpanStream(.init(agents: 1_000, law: .uniform))
        path = HotPath(encoding, to: end)
        // Admission has to forget before it is in its steady state: 65,536 spans.
        let warm = PayloadSet(&stream, encoding, count: 1_100)
        path?.run(warm, 0..<warm.count)
        payloads = PayloadSet(&stream, encoding, count: Self.payloadsPerRound * Measured.rounds)
        next = 0
    }

    func run(_ benchmark: Benchmark) {
        guard let path, let payloads else { return }
        // Decoding has no memory, so payloads may come again; admission sees each once, or never has the time to.
        if next + Self.payloadsPerRound > payloads.count { next = 0 }
        let range = next..<next + Self.payloadsPerRound
        let bytes = range.reduce(0) { $0 + payloads.size($1) }
        Measured.run(benchmark, bytes: bytes) { path.run(payloads, range) }
        next = range.upperBound
    }
}
