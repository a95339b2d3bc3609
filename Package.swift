// swift-tools-version: 6.2
import PackageDescription

// The rooms and who may know whom. `TidyTests` holds this table against the imports.
let strict: [SwiftSetting] = [
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
]

func room(_ name: String, _ dependencies: [Target.Dependency] = [], path: String? = nil) -> Target {
    .target(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "kilter",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "kilter", targets: ["kilter"]),
        .library(name: "KilterEngine", targets: ["KilterEngine"]),
        // For `Benchmarks/`, which measures the rooms one by one.
        .library(name: "KilterIntake", targets: ["KilterIntake"]),
        .library(name: "KilterState", targets: ["KilterState"]),
        .library(name: "KilterDetection", targets: ["KilterDetection"]),
        .library(name: "KilterVocabulary", targets: ["KilterVocabulary"]),
        .library(name: "KilterMath", targets: ["KilterMath"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: [
        // C libraries, each importable by one room only.
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev"])]),
        // OpenBLAS (Debian's libopenblas-dev), which is loaded when the first embedding comes.
        .target(name: "CBLAS", linkerSettings: [.linkedLibrary("dl", .when(platforms: [.linux]))]),
        .target(name: "CLanes"),

        // Foundations
        room("KilterVocabulary"),
        room("KilterMath", ["CBLAS", "CLanes"]),
        room("KilterWire", ["CZeroMQ"]),
        .target(
            name: "KilterModels", path: "Models", resources: [.copy("Profiles"), .copy("Prices"), .copy("Glue")],
            swiftSettings: strict),

        // The walk
        room("KilterIntake", ["KilterVocabulary", "KilterMath", "CCompression", "CLanes"]),
        room("KilterState", ["KilterVocabulary", "KilterMath"]),
        room("KilterDetection", ["KilterVocabulary", "KilterMath", "KilterState"]),
        room("KilterIncidents", ["KilterVocabulary", "KilterMath"]),
        room("KilterBreakers", ["KilterVocabulary", "KilterMath"]),
        room("KilterOutlet", ["KilterVocabulary", "KilterWire"]),

        // The join and the doors
        room(
            "KilterEngine",
            [
                "KilterVocabulary", "KilterMath", "KilterWire", "KilterModels", "KilterIntake", "KilterState",
                "KilterDetection", "KilterIncidents", "KilterBreakers", "KilterOutlet",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Yams", package: "Yams"),
            ]),
        room(
            "KilterConsole",
            [
                "KilterEngine", "KilterIntake", "KilterVocabulary",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        room("KilterSimulator", ["KilterVocabulary", "KilterMath"]),
        .executableTarget(
            name: "kilter",
            dependencies: [
                "KilterEngine", "KilterConsole", "KilterVocabulary", "KilterModels", "KilterIntake", "KilterOutlet", "KilterSimulator",
                "KilterWire",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // Tests mirror the rooms; `Seeded` is their randomness.
        .target(name: "Seeded", path: "Tests/Seeded", swiftSettings: strict),
        tests("KilterVocabularyTests", ["KilterVocabulary"]),
        tests("KilterMathTests", ["KilterMath", "Seeded"]),
        tests("KilterStateTests", ["KilterState", "KilterMath", "KilterVocabulary", "Seeded"]),
        tests("KilterDetectionTests", ["KilterDetection", "KilterState", "KilterMath", "KilterVocabulary", "Seeded"]),
        tests("KilterIncidentsTests", ["KilterIncidents", "KilterMath", "KilterVocabulary"]),
        tests("KilterBreakersTests", ["KilterBreakers", "KilterMath", "KilterVocabulary"]),
        tests("KilterWireTests", ["KilterWire", "Seeded"]),
        tests("KilterOutletTests", ["KilterOutlet", "KilterWire", "KilterVocabulary", "Seeded"]),
        tests("KilterIntakeTests", ["KilterIntake", "KilterMath", "KilterVocabulary", "Seeded"]),
        tests(
            "KilterEngineTests",
            [
                "KilterEngine", "KilterIntake", "KilterVocabulary", "KilterModels", "KilterBreakers",
                .product(name: "Yams", package: "Yams"),
            ]),
        tests(
            "KilterConsoleTests",
            [
                "KilterConsole", "KilterEngine", "KilterIntake",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),
        tests("KilterSimulatorTests", ["KilterSimulator", "KilterVocabulary"]),
        tests(
            "PipelineTests",
            [
                "KilterEngine", "KilterIntake", "KilterMath", "KilterOutlet", "KilterSimulator", "KilterVocabulary", "KilterWire", "Seeded",
            ]),
        tests("TidyTests", []),
    ]
)
