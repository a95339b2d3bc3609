import Benchmark
import HotPath
import KilterEngine
import KilterVocabulary
import Measured
import SpanStreams

/// The whole step, from the bytes of a payload to events, for few agents and for many; its second half alone; and
/// snapshots.
let benchmarks: @Sendable () -> Void = {
    for agents in [1_000, 200_000] {
        for law in SpanStream.Law.allCases {
            let shape = SpanStream.Shape(agents: agents, law: law)
            for encoding in SpanStream.Encoding.allCases {
                let whole = WholeStep(shape, encoding)
                let name = "step \(encoding.rawValue), \(agents) agents \(law.rawValue)"
                Benchmark(name, configuration: Measured.configuration) { benchmark in
                    for _ in benchmark.scaledIterations { whole.run(benchmark) }
                } setup: {
                    whole.prepare()
                } teardown: {
                    whole.release()
                }
            }
            let engine = EngineAlone(shape)
            Benchmark("engine alone, \(agents) agents \(law.rawValue)", configuration: Measured.configuration) { benchmark in
                for _ in benchmark.scaledIterations { engine.run(benchmark) }
            } setup: {
                engine.prepare()
            } teardown: {
                engine.release()
            }
        }
    }
    snapshots()
}

/// Spans that an engine has judged before it is measured: three for each agent, and enough to have forgotten some.
private func warmPayloads(_ shape: SpanStream.Shape) -> Int { max(shape.agents * 3, 80_000) / shape.spansPerPayload }

private func warmEngine(_ stream: inout SpanStream) -> Engine {
    let engine = Engine(settings: Settings())
    var left = warmPayloads(stream.shape)
    while left > 0 {
        var batch = SpanBatch(&stream, payloads: min(left, HotPath.payloadsPerBatch))
        _ = engine.step(&batch)
        left -= HotPath.payloadsPerBatch
    }
    return engine
}

/// Decoding, admission, detection and desk.
// Guard: the harness runs one benchmark after the other, on one thread.
private final class WholeStep: @unchecked Sendable {
    private let shape: SpanStream.Shape
    private let encoding: SpanStream.Encoding
    private var path: HotPath?
    private var payloads: PayloadSet?
    private var next = 0
    private static let payloadsPerRound = 64

    init(_ shape: SpanStream.Shape, _ encoding: SpanStream.Encoding) {
        self.shape = shape
        self.encoding = encoding
    }

    func prepare() {
        var stream = SpanStream(shape)
        path = HotPath(encoding, to: .pipeline, engine: warmEngine(&stream))
        payloads = PayloadSet(&stream, encoding, count: Self.payloadsPerRound * Measured.rounds)
        next = 0
    }

    func run(_ benchmark: Benchmark) {
        guard let path, let payloads, next + Self.payloadsPerRound <= payloads.count else { return }
        let range = next..<next + Self.payloadsPerRound
        let bytes = range.reduce(0) { $0 + payloads.size($1) }
        Measured.run(benchmark, bytes: bytes) { path.run(payloads, range) }
        next = range.upperBound
    }

    func release() {
        path = nil
        payloads = nil
    }
}

/// Admission, detection and desk over batches that are decoded already.
// Guard: as above.
private final class EngineAlone: @unchecked Sendable {
    private let shape: SpanStream.Shape
    private var engine: Engine?
    private var batches: [SpanBatch] = []
    private var next = 0
    private static let batchesPerRound = 4

    init(_ shape: SpanStream.Shape) { self.shape = shape }

    func prepare() {
        var stream = SpanStream(shape)
        engine = warmEngine(&stream)
        batches = (0..<Self.batchesPerRound * Measured.rounds).map { _ in
            SpanBatch(&stream, payloads: HotPath.payloadsPerBatch)
        }
        next = 0
    }

    func run(_ benchmark: Benchmark) {
        guard let engine, next + Self.batchesPerRound <= batches.count else { return }
        let range = next..<next + Self.batchesPerRound
        Measured.run(benchmark, bytes: nil) {
            var spans = 0
            for number in range {
                _ = engine.step(&batches[number])
                spans += batches[number].rows.count
            }
            return spans
        }
        next = range.upperBound
    }

    func release() {
        engine = nil
        batches = []
    }
}

/// Writing and reading the state that 1,000 agents leave behind.
private func snapshots() {
    let state = DemoState()
    Benchmark("snapshot, 1000 agents", configuration: Measured.plain) { benchmark in
        for _ in benchmark.scaledIterations { blackHole(state.engine?.snapshot()) }
    } setup: {
        state.prepare()
    }
    Benchmark("restore, 1000 agents", configuration: Measured.plain) { benchmark in
        for _ in benchmark.scaledIterations {
            let engine = Engine(settings: Settings())
            try engine.restore(state.bytes)
            blackHole(engine)
        }
    } setup: {
        state.prepare()
    }
}

// Guard: as above.
private final class DemoState: @unchecked Sendable {
    private(set) var engine: Engine?
    private(set) var bytes: [UInt8] = []

    func prepare() {
        guard engine == nil else { return }
        var stream = SpanStream(.init(agents: 1_000, law: .zipf))
        let warm = warmEngine(&stream)
        bytes = warm.snapshot()
        engine = warm
    }
}
