import Benchmark
import HotPath

/// What every benchmark of the hot path reports, per span.
public enum Measured {
    /// Rounds of one benchmark at most; what is measured never sees a span twice.
    public static let rounds = 60

    public static var configuration: Benchmark.Configuration {
        .init(
            metrics: [
                .wallClock, .throughput, nanosecondsPerSpan, spansPerSecond, megabytesPerSecond, allocationsPerMillion,
            ],
            warmupIterations: 3, maxDuration: .seconds(8), maxIterations: rounds - 3)
    }

    public static var plain: Benchmark.Configuration {
        .init(metrics: [.wallClock, .throughput], warmupIterations: 2, maxDuration: .seconds(5), maxIterations: 30)
    }

    private static let nanosecondsPerSpan = BenchmarkMetric.custom("ns per span", useScalingFactor: false)
    private static let spansPerSecond = BenchmarkMetric.custom(
        "spans per second", polarity: .prefersLarger, useScalingFactor: false)
    private static let megabytesPerSecond = BenchmarkMetric.custom(
        "MB per second", polarity: .prefersLarger, useScalingFactor: false)
    private static let allocationsPerMillion = BenchmarkMetric.custom(
        "allocations per million spans", useScalingFactor: false)

    /// Runs `body`, which returns the spans it took, and reports.
    /// - Parameter bytes: what was read; nil where nothing is.
    public static func run(_ benchmark: Benchmark, bytes: Int?, _ body: () -> Int) {
        let allocations = allocationsSoFar()
        let started = ContinuousClock.now
        benchmark.startMeasurement()
        let spans = body()
        benchmark.stopMeasurement()
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        guard spans > 0, seconds > 0 else { return }
        benchmark.measurement(nanosecondsPerSpan, rounded(seconds * 1e9 / Double(spans)))
        benchmark.measurement(spansPerSecond, rounded(Double(spans) / seconds))
        if let bytes { benchmark.measurement(megabytesPerSecond, rounded(Double(bytes) / seconds / 1e6)) }
        if let allocations, let after = allocationsSoFar() {
            benchmark.measurement(allocationsPerMillion, rounded(Double(after - allocations) * 1e6 / Double(spans)))
        }
    }

    private static func rounded(_ value: Double) -> Int { Int(exactly: value.rounded()) ?? .max }
}
