// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

func benchmark(_ name: String) -> Target {
    .executableTarget(
        name: name,
        dependencies: [
            "HotPath", "Measured", "SpanStreams",
            .product(name: "Benchmark", package: "benchmark"),
            .product(name: "KilterEngine", package: "kilter"),
            .product(name: "KilterVocabulary", package: "kilter"),
        ],
        path: "Benchmarks/\(name)",
        swiftSettings: strict,
        plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")])
}

/// Benchmarks of the hot path; a package of its own, so that nobody who builds Kilter waits for it.
let package = Package(
    name: "kilter-benchmarks",
    platforms: [.macOS(.v15)],
    dependencies: [
        .package(name: "kilter", path: ".."),
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.1", traits: []),
    ],
    targets: [
        // Counts allocations of the process it is linked into; with glibc only.
        .target(name: "CAllocationCount"),
        // The generated stream of spans, and files of it.
        .target(name: "SpanStreams", swiftSettings: strict),
        .executableTarget(
            name: "write-stream", dependencies: ["SpanStreams"], path: "Sources/WriteStream", swiftSettings: strict),
        // What is measured: decoding, admission, the whole step.
        .target(
            name: "HotPath",
            dependencies: [
                "CAllocationCount", "SpanStreams",
                .product(name: "KilterDetection", package: "kilter"),
                .product(name: "KilterEngine", package: "kilter"),
                .product(name: "KilterIntake", package: "kilter"),
                .product(name: "KilterState", package: "kilter"),
                .product(name: "KilterVocabulary", package: "kilter"),
            ],
            swiftSettings: strict),
        // The change statistics against the goals of their design.
        .executableTarget(
            name: "ChangeQuality", dependencies: [.product(name: "KilterMath", package: "kilter")], swiftSettings: strict),
        // Embeddings onto fixed directions: where OpenBLAS pays and where lanes do.
        .executableTarget(
            name: "projection-cost", dependencies: [.product(name: "KilterMath", package: "kilter")], path: "Sources/ProjectionCost",
            swiftSettings: strict),
        // Scores of single points for the Numenta Anomaly Benchmark.
        .executableTarget(
            name: "point-scores", dependencies: [.product(name: "KilterMath", package: "kilter")], path: "Sources/PointScores",
            swiftSettings: strict),
        .executableTarget(
            name: "instruction-probe", dependencies: ["HotPath", "SpanStreams"], path: "Sources/InstructionProbe",
            swiftSettings: strict),
        .target(
            name: "Measured", dependencies: ["HotPath", .product(name: "Benchmark", package: "benchmark")],
            swiftSettings: strict),
        benchmark("Intake"),
        benchmark("Pipeline"),
    ]
)
