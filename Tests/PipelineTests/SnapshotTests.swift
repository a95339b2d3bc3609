import KilterEngine
import KilterVocabulary
import Testing

@Suite("Snapshots of the engine")
struct SnapshotTests {
    private func engineAfterDemo(_ settings: Settings = Run.settings, workers: Int = 1) throws -> Engine {
        let engine = Engine(settings: settings, workers: workers)
        _ = try Run.replay(#require(Fixture.named("demo")).stream, engine, drain: false)
        return engine
    }

    @Test("The same state has the same bytes and hash, whoever restored it and however many workers it has")
    func canonical() throws {
        let original = try engineAfterDemo()
        let bytes = original.snapshot()
        #expect(try engineAfterDemo(workers: 3).snapshot() == bytes)
        let copy = Engine(settings: Run.settings, workers: 2)
        try copy.restore(bytes)
        #expect(copy.snapshot() == bytes && copy.stateHash == original.stateHash)
    }

    @Test("A snapshot that is cut, damaged, of another configuration or of a newer format is refused")
    func refused() throws {
        let bytes = try engineAfterDemo().snapshot()
        for cut in stride(from: 0, to: bytes.count, by: 997) {
            #expect(throws: Snapshot.Failure.self) { try Engine(settings: Run.settings).restore(Array(bytes[..<cut])) }
        }
        for position in stride(from: 0, to: bytes.count, by: 1_009) {
            var damaged = bytes
            damaged[position] ^= 0x20
            #expect(throws: Snapshot.Failure.self) { try Engine(settings: Run.settings).restore(damaged) }
        }
        var other = Settings()
        other.fingerprint = 99
        #expect(throws: Snapshot.Failure.otherSettings) { try Engine(settings: other).restore(bytes) }
        var newer = bytes
        newer[4] = 200
        #expect(throws: Snapshot.Failure.newerFormat(200)) { try Engine(settings: Run.settings).restore(newer) }
        newer[4] = 1
        #expect(throws: Snapshot.Failure.olderFormat(1)) { try Engine(settings: Run.settings).restore(newer) }
    }

    @Test("Time that passes by ticks resolves what is quiet; time that does not pass resolves nothing")
    func ticks() throws {
        let engine = try engineAfterDemo()
        let open = Run.encode(engine.tick(.seconds(1)))
        #expect(open.isEmpty)
        let later = Run.encode(engine.tick(.minutes(60)))
        #expect(later.contains { $0.contains("\"state\":\"resolved\"") })
        #expect(engine.drain().isEmpty, "nothing is left to happen")
        #expect(Run.encode(engine.tick(.minutes(60))).isEmpty)
    }
}
