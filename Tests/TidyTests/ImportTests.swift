import Testing

@Suite("Who may know whom")
struct ImportTests {
    static let manifest = PackageManifest(SourceTree.text(of: "Package.swift") ?? "")

    @Test("Every import lies within the table", arguments: House.rooms.map(\.name))
    func importsWithinTheTable(name: String) throws {
        let room = try #require(House.rooms.first { $0.name == name })
        let files = SourceTree.swift(below: room.folder)
        #expect(!files.isEmpty, "\(room.folder) holds no Swift file – remove the room from the table, or write it")
        expectNone(Self.strangers(in: files, of: room))
    }

    @Test("The table is what Package.swift declares")
    func tableEqualsManifest() {
        var offences: [Offence] = []
        for room in House.rooms {
            guard let declared = Self.manifest.targets[room.name] else {
                offences.append(Offence("Package.swift", 0, "declares no target \(room.name)", "declare it, or drop it from the table"))
                continue
            }
            offences += Self.differences(of: room, from: declared)
        }
        expectNone(offences)
    }

    @Test("Every room of Package.swift is in the table, and every folder of Sources is a target")
    func nothingBesideTheTable() {
        let rooms = Set(House.rooms.map(\.name))
        let folders = SourceTree.folders(below: "Sources").filter { !SourceTree.isPython("Sources/\($0)") }
        let clang = Set(folders.filter { SourceTree.swift(below: "Sources/\($0)").isEmpty })
        // The one target of the tests' own.
        let declared = Set(Self.manifest.targets.keys).subtracting(["Seeded"])
        #expect(declared == rooms.union(clang), "add the target to House.rooms and to its place in Sources")
    }

    @Test("What a room declares inside the package it also imports")
    func nothingDeclaredInVain() {
        for room in House.rooms where !House.mayDeclareAhead.contains(room.name) {
            let imported = Set(SourceTree.swift(below: room.folder).flatMap { $0.imports.map(\.module) })
            guard let declared = Self.manifest.targets[room.name] else { continue }
            let idle = declared.inside.subtracting(imported).sorted().map {
                Offence(
                    "Package.swift", declared.line, "\(room.name) declares \($0) and no file of it imports it",
                    "drop it there and in House.rooms")
            }
            expectNone(idle)
        }
    }

    @Test("A room knows only rooms above it")
    func theWalkGoesForward() {
        var above: Set<String> = Set(House.rooms.flatMap(\.inside)).subtracting(House.rooms.map(\.name))
        for room in House.rooms {
            let below = room.inside.subtracting(above).sorted()
            #expect(below.isEmpty, "\(room.name) may not know \(below): move what both need up the walk")
            above.insert(room.name)
        }
    }

    @Test("A C library has one door")
    func fencedLibraries() {
        expectNone(SourceTree.swift.flatMap(Self.trespasses))
    }

    static func strangers(in files: [SwiftText], of room: House.Room) -> [Offence] {
        let allowed = room.inside.union(room.products).union(room.system)
        return files.flatMap { file in
            file.imports.filter { !allowed.contains($0.module) }.map {
                Offence(
                    file.path, $0.line, "\(room.name) may not import \($0.module)",
                    "it may import \(allowed.sorted().joined(separator: ", ")); hand in what is needed as a value instead")
            }
        }
    }

    static func differences(of room: House.Room, from declared: PackageManifest.Declared) -> [Offence] {
        let pairs = [(room.inside, declared.inside), (room.products, declared.products)]
        return pairs.flatMap { table, manifest in
            table.subtracting(manifest).sorted().map {
                Offence("Package.swift", declared.line, "\(room.name) does not declare \($0)", "declare it, or drop it from House.rooms")
            }
                + manifest.subtracting(table).sorted().map {
                    Offence("Package.swift", declared.line, "\(room.name) declares \($0)", "drop it, or decide for it in House.rooms")
                }
        }
    }

    static func trespasses(in file: SwiftText) -> [Offence] {
        file.imports.flatMap { found in
            House.fenced.filter { $0.library == found.module && !file.path.hasPrefix("Sources/\($0.room)/") }.map {
                Offence(file.path, found.line, "imports \($0.library)", "only \($0.room) may; use what \($0.room) offers")
            }
        }
    }

    @Test("The checks themselves find what they are for")
    func checksFind() {
        let file = SwiftText(
            path: "Sources/KilterState/A.swift",
            text: "import KilterMath\n// import Foundation\n@preconcurrency public import struct CZeroMQ.Thing\nlet a = \"import Yams\"\n")
        #expect(file.imports.map(\.module) == ["KilterMath", "CZeroMQ"])
        #expect(Self.trespasses(in: file).map(\.line) == [3])
        #expect(Self.strangers(in: [file], of: House.Room("KilterState", ["KilterMath"])).map(\.line) == [3])

        let manifest = PackageManifest(
            """
            func room(_ name: String) -> Target { .target(name: name, dependencies: dependencies) }
            room("A"), // room("Z")
            room("B", [
                "A", .product(name: "P", package: "q"),
            ]),
            .target(name: "C", path: "C", resources: [.copy("A")]),
            .executableTarget(name: "D", dependencies: ["A", "B"], swiftSettings: ["x"]),
            """)
        #expect(manifest.targets.keys.sorted() == ["A", "B", "C", "D"])
        #expect(manifest.targets["B"]?.inside == ["A"] && manifest.targets["B"]?.products == ["P"])
        #expect(manifest.targets["C"]?.inside == [] && manifest.targets["D"]?.inside == ["A", "B"])
        #expect(Self.differences(of: House.Room("B", ["C"]), from: manifest.targets["B"] ?? .init(line: 0)).count == 3)
    }
}
