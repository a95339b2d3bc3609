import Foundation
import KilterEngine
import Testing

/// Real traces, where a folder of them lies beside the project; skipped where not.
@Suite("Real traces")
struct RealTraceTests {
    static let folder = Fixture.folder.deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("shared/data")

    static let files: [URL] = {
        let sets = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return sets.sorted { $0.path < $1.path }.compactMap { set in
            let files = (try? FileManager.default.contentsOfDirectory(at: set, includingPropertiesForKeys: nil)) ?? []
            return files.filter { $0.lastPathComponent.hasPrefix("spans-000") }.first
        }
    }()

    @Test("No span of any set is quarantined, and workers, blocks and cuts change no byte", arguments: files)
    func everySet(file: URL) throws {
        let packed = Array(try Data(contentsOf: file))
        let whole = try Run.replay(packed)
        expectAccounted(whole.statistics)
        #expect(Run.fact("quarantined", whole.statistics) == 0)
        #expect(Run.fact("received", whole.statistics) > 100)
        for (workers, chunkBytes) in [(4, 1 << 20), (2, 50_000)] {
            #expect(try Run.replay(packed, workers: workers, chunkBytes: chunkBytes) == whole)
        }
    }
}
