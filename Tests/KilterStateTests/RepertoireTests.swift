import KilterState
import KilterVocabulary
import Seeded
import Testing

@Suite("What an agent has ever used")
struct RepertoireTests {
    private func use(_ run: UInt64, _ tool: UInt64, command: UInt64 = 0, parent: UInt64 = 0, parallel: Bool = false) -> Repertoire.Use {
        Repertoire.Use(run: run, tool: tool, command: command, parent: parent, parentIsInference: parallel, resultCharacters: 10)
    }

    @Test("A tool is new once, a step between two known tools is new once, and rarity counts the runs before this one")
    func firsts() {
        var repertoire = Repertoire()
        for run in 1...50 as ClosedRange<UInt64> {
            let first = repertoire.observe(use(run, 1))
            let second = repertoire.observe(use(run, 2))
            #expect(first.isNewTool == (run == 1) && second.isNewTool == (run == 1))
            #expect(!first.isNewStep && !second.isNewStep)
        }
        let back = repertoire.observe(use(50, 1))
        #expect(back.isNewStep && !back.isNewTool)
        #expect(back.runs == 49 && back.bringing == 0 && back.oneIn == 51 && back.previous == 2)
        let new = repertoire.observe(use(51, 3))
        #expect(new.isNewTool && new.runs == 50 && new.bringing == 0 && new.oneIn == 52 && new.known == 2)
        #expect(!repertoire.observe(use(51, 3)).isNew)
    }

    @Test("A run that brings several new tools counts once, and never against itself")
    func onceARun() {
        var repertoire = Repertoire()
        for run in 1...20 as ClosedRange<UInt64> { _ = repertoire.observe(use(run, 1)) }
        for tool in 2...9 as ClosedRange<UInt64> {
            let sight = repertoire.observe(use(21, tool))
            #expect(sight.isNewTool && sight.runs == 20 && sight.bringing == 0)
        }
        #expect(repertoire.observe(use(22, 30)).bringing == 1)
    }

    @Test("What was new long ago does not hide that nothing has been for 32 runs")
    func settled() {
        var repertoire = Repertoire()
        for run in 1...12 as ClosedRange<UInt64> { _ = repertoire.observe(use(run, run)) }
        #expect(repertoire.observe(use(13, 50)).oneIn == 1)
        for run in 14...30 as ClosedRange<UInt64> { _ = repertoire.observe(use(run, 1)) }
        #expect(repertoire.observe(use(31, 51)).oneIn < 20)
        for run in 32...63 as ClosedRange<UInt64> { _ = repertoire.observe(use(run, 1)) }
        let sight = repertoire.observe(use(64, 52))
        #expect(sight.runs == 32 && sight.bringing == 0 && sight.oneIn == 34)
    }

    @Test("Only the last 128 runs are looked back over")
    func forgets() {
        var repertoire = Repertoire()
        for run in 1...10 as ClosedRange<UInt64> { _ = repertoire.observe(use(run, run)) }
        for run in 11...400 as ClosedRange<UInt64> { _ = repertoire.observe(use(run, 1)) }
        let sight = repertoire.observe(use(401, 99))
        #expect(sight.runs == 127 && sight.bringing == 0)
    }

    @Test("Parallel calls follow what was before all of them, in whichever order they end")
    func parallel() {
        for order in [[2, 3], [3, 2]] as [[UInt64]] {
            var repertoire = Repertoire()
            for run in 1...30 as ClosedRange<UInt64> {
                _ = repertoire.observe(use(run, 1, parent: run, parallel: true))
                for tool in (run % 2 == 0 ? order : order.reversed()) {
                    let sight = repertoire.observe(use(run, tool, parent: 1_000 + run, parallel: true))
                    #expect(!sight.isNewStep && sight.isNewTool == (run == 1))
                }
            }
        }
    }

    @Test("Eight runs at once are told apart")
    func interleaved() {
        var apart = Repertoire()
        var mixed = Repertoire()
        for block in 0..<20 as Range<UInt64> {
            let runs = (1...8).map { block * 8 + $0 }
            for run in runs { for tool in 1...3 as ClosedRange<UInt64> { _ = apart.observe(use(run, tool)) } }
            for tool in 1...3 as ClosedRange<UInt64> { for run in runs { #expect(!mixed.observe(use(run, tool)).isNewStep) } }
        }
        #expect(apart.observe(use(900, 7)).oneIn == mixed.observe(use(900, 7)).oneIn)
    }

    @Test("An agent with more tools or steps than are kept is no longer spoken of, and what was known stays known")
    func full() {
        var repertoire = Repertoire()
        for tool in 1...64 as ClosedRange<UInt64> { #expect(repertoire.observe(use(tool, tool)).isNewTool) }
        for tool in 1...200 as ClosedRange<UInt64> { #expect(!repertoire.observe(use(500 + tool, tool)).isNewTool) }
        var random = Seeded(7)
        var steps = 0
        for _ in 1...20_000 { steps += repertoire.observe(use(900, random.next() % 64 + 1)).isNewStep ? 1 : 0 }
        #expect(steps == 192)
    }

    @Test("The commands of a shell are tools of their own")
    func commands() {
        var repertoire = Repertoire()
        #expect(repertoire.observe(use(1, 5, command: 11)).isNewTool)
        #expect(repertoire.observe(use(1, 5, command: 12)).isNewTool)
        #expect(!repertoire.observe(use(2, 5, command: 11)).isNewTool)
        #expect(repertoire.observe(use(2, 6, command: 11)).isNewTool)
    }
}
