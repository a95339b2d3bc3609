import KilterMath
import Seeded
import Testing

@Suite("Cells of normal scores")
struct RankTableTests {
    @Test("A score's cell is the one that the distribution function says")
    func cells() {
        func said(_ score: Double) -> Int {
            max(0, min(255, Int(exactly: (Elementary.normalDistribution(score) * 256).rounded(.down)) ?? 0))
        }
        var random = Seeded(11)
        for _ in 0..<20_000 {
            let score = (random.uniform() - 0.5) * 9
            #expect(RankTable.cell(of: score) == said(score), "\(score)")
        }
        // Edges, and next to them.
        for cell in 0...256 {
            let edge = Elementary.normalQuantile(Double(cell) / 256)
            for score in [edge, edge.nextUp, edge.nextDown, edge + 1e-12, edge - 1e-12] {
                #expect(RankTable.cell(of: score) == said(score), "\(score)")
            }
        }
        for score in [-4, 4, 4.0.nextDown, -4.0.nextUp, 0, 38, -38, .infinity, -.infinity, .nan] as [Double] {
            #expect(RankTable.cell(of: score) == said(score), "\(score)")
        }
    }
}
