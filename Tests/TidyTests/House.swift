/// Who may know whom, in the order of the walk: a room may import only rooms that stand above it.
///
/// A new line here is a decision about the architecture: it needs the same line in `Package.swift`.
enum House {
    struct Room {
        let name: String
        let folder: String
        /// Targets of this package.
        let inside: Set<String>
        /// Products of other packages.
        let products: Set<String>
        /// Modules of the toolchain and the system.
        let system: Set<String>
        /// No clock, task, lock, log, chance, file; see `PurityTests`.
        let isPure: Bool

        init(
            _ name: String, _ inside: Set<String> = [], products: Set<String> = [], system: Set<String> = [],
            folder: String? = nil, isPure: Bool = false
        ) {
            self.name = name
            self.folder = folder ?? "Sources/\(name)"
            self.inside = inside
            self.products = products
            self.system = system
            self.isPure = isPure
        }
    }

    /// Files and descriptors, whatever the platform calls its C library.
    private static let files: Set<String> = ["Glibc", "Musl", "Darwin"]

    static let rooms: [Room] = [
        Room("KilterVocabulary", isPure: true),
        Room("KilterMath", ["CBLAS", "CLanes"], isPure: true),
        Room("KilterWire", ["CZeroMQ"], system: files.union(["Synchronization"])),
        Room("KilterModels", system: ["Foundation"], folder: "Models"),
        Room(
            "KilterIntake", ["KilterVocabulary", "KilterMath", "CCompression", "CLanes"], system: files),
        Room("KilterState", ["KilterVocabulary", "KilterMath"], isPure: true),
        Room("KilterDetection", ["KilterVocabulary", "KilterMath", "KilterState"], isPure: true),
        Room("KilterIncidents", ["KilterVocabulary", "KilterMath"], isPure: true),
        Room("KilterBreakers", ["KilterVocabulary", "KilterMath"], isPure: true),
        Room(
            "KilterOutlet", ["KilterVocabulary", "KilterWire"],
            system: files.union(["Dispatch", "Foundation", "Synchronization"])),
        Room(
            "KilterEngine",
            [
                "KilterVocabulary", "KilterMath", "KilterWire", "KilterModels", "KilterIntake", "KilterState",
                "KilterDetection", "KilterIncidents", "KilterBreakers", "KilterOutlet",
            ],
            products: ["Logging", "ServiceLifecycle", "Yams"], system: ["Foundation", "Synchronization"]),
        Room(
            "KilterConsole", ["KilterEngine", "KilterIntake", "KilterVocabulary"],
            products: [
                "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "NIOHTTP1", "NIOHTTPTypes", "ServiceLifecycle",
            ], system: ["Foundation", "Synchronization"]),
        Room("KilterSimulator", ["KilterVocabulary", "KilterMath"], system: ["Foundation"]),
        Room(
            "kilter",
            [
                "KilterEngine", "KilterConsole", "KilterVocabulary", "KilterModels", "KilterIntake", "KilterOutlet", "KilterSimulator",
                "KilterWire",
            ],
            products: ["ArgumentParser", "Logging", "ServiceLifecycle"], system: ["Foundation", "FoundationNetworking"]),
    ]

    /// C libraries and the one room that may import each.
    static let fenced: [(library: String, room: String)] = [
        ("CZeroMQ", "KilterWire"), ("CCompression", "KilterIntake"), ("CBLAS", "KilterMath"),
    ]

    /// Rooms that may declare a dependency before they import it.
    static let mayDeclareAhead: Set<String> = []
}
