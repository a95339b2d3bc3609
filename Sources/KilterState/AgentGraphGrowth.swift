import KilterMath
import KilterVocabulary

// Agents of a run: who brought whom, and whether that grows. What changes nothing is mutating because the arrays would be
// copied for a reader.
extension AgentGraph {
    /// An agent of the run: its place, unless all were taken, and whether the run sees it for the first time.
    struct Seat {
        var place: Int?
        var isNew: Bool
    }

    mutating func find(_ agent: NameHash) -> Int? {
        for place in 0..<min(Int(agents), Self.placesMax) where names[place] == agent { return place }
        return nil
    }

    mutating func seat(_ agent: NameHash) -> Seat {
        if let place = find(agent) { return Seat(place: place, isNew: false) }
        if agents < UInt32(Self.placesMax) {
            let place = Int(agents)
            names[place] = agent
            agents &+= 1
            return Seat(place: place, isNew: true)
        }
        var isNew = false
        let mixed = StableHash.combine(agent, 0x6167_656e)
        for part in 0..<3 {
            let bit = mixed >> UInt64(part * 11) & 2_047
            if others[Int(bit / 64)] >> (bit % 64) & 1 == 0 { isNew = true }
            others[Int(bit / 64)] |= 1 << (bit % 64)
        }
        if isNew { agents &+= 1 }
        return Seat(place: nil, isNew: isNew)
    }

    /// Notes who brought whom in: a sender its new receiver or, where spans come as they end, a new sender a receiver that
    /// nobody had brought in yet. An answer brings nobody in.
    mutating func link(_ sender: Seat, _ receiver: Seat, into sight: inout Sight) {
        guard let above = sender.place, let below = receiver.place else { return }
        if !receiver.isNew {
            guard bringers[below] == 0, sender.isNew || (childrenFirst && !isAbove(below, above)) else { return }
            childrenFirst = true
        }
        bringers[below] = UInt8(above + 1)
        depths[below] = depths[above] < .max ? depths[above] + 1 : .max
        sight.depth = UInt32(depths[above]) + 1 + UInt32(heights[below])
        raise(above, over: heights[below])
    }

    /// Heights follow upwards, as far as they change.
    private mutating func raise(_ place: Int, over height: UInt8) {
        var at = place
        var height = height
        for _ in 0..<Self.placesMax {
            guard height < .max, heights[at] <= height else { return }
            height += 1
            heights[at] = height
            guard bringers[at] != 0 else { return }
            at = Int(bringers[at]) - 1
        }
    }

    private mutating func isAbove(_ upper: Int, _ lower: Int) -> Bool {
        var at = lower
        for _ in 0...Self.placesMax {
            if at == upper { return true }
            guard bringers[at] != 0 else { return false }
            at = Int(bringers[at]) - 1
        }
        return true
    }

    /// The agents from the first that is known to `agent`, each brought in by the one before; the last sixteen of them.
    public mutating func path(to agent: NameHash) -> (names: InlineNames, count: Int) {
        guard let place = find(agent) else { return (InlineNames(), 0) }
        var above = InlineArray<16, UInt8>(repeating: 0)
        var count = 0
        var at = place
        while count < 16 {
            above[count] = UInt8(at)
            count += 1
            guard bringers[at] != 0 else { break }
            at = Int(bringers[at]) - 1
        }
        var path = InlineNames()
        for index in 0..<count { path[index] = names[Int(above[count - 1 - index])] }
        return (path, count)
    }

    /// After a message that brought in an agent.
    mutating func judgeGrowth(_ sight: inout Sight) {
        sight.growing = growingGenerations(upTo: sight.generation)
        if childrenFirst { sight.growing = max(sight.growing, growingLevels()) }
        if max(sight.growing, spreadingGenerations(upTo: sight.generation)) >= 3 { sight.spread = agents }
    }

    /// After a message whose sender is the new one.
    mutating func judgeLevels(_ sight: inout Sight) {
        sight.growing = growingLevels()
        if sight.growing >= 3 { sight.spread = agents }
    }

    /// The first generation is caused by the task itself, which counts as one agent; so three need nine agents at least.
    private mutating func growingGenerations(upTo number: UInt32) -> UInt32 {
        var count: UInt32 = 0
        while count < number, let kept = generation(number &- count), kept.bringing > 0 {
            let before = number &- count == 1 ? 1 : generation(number &- count &- 1)?.bringing ?? 0
            guard before > 0, kept.bringing > before else { break }
            count &+= 1
        }
        return count
    }

    /// The same by who brings in whom: it shows before a generation has outgrown all of the one before.
    private mutating func spreadingGenerations(upTo number: UInt32) -> UInt32 {
        var count: UInt32 = 0
        while count < number, let kept = generation(number &- count), Int(kept.bringing) > kept.bringers.nonzeroBitCount,
            kept.bringers != 0
        {
            count &+= 1
        }
        return count
    }

    /// Generations that hardly shrink; answers do not count, so that to and fro between two is none.
    mutating func passingGenerations(upTo number: UInt32) -> UInt32 {
        var count: UInt32 = 0
        while count &+ 1 < number, let kept = generation(number &- count), let before = generation(number &- count &- 1),
            UInt32(kept.passing) * 10 >= UInt32(before.messages) * 9
        {
            count &+= 1
        }
        return count
    }

    /// Where agents speak before those who brought them in, generations are not known, but heights are: how many levels of
    /// the tree, from its leaves up, have fewer agents than the one below.
    private mutating func growingLevels() -> UInt32 {
        var levels = InlineArray<16, UInt32>(repeating: 0)
        for place in 0..<min(Int(agents), Self.placesMax) where bringers[place] != 0 || heights[place] != 0 {
            levels[Int(min(heights[place], 15))] &+= 1
        }
        var count: UInt32 = 0
        while count < 15, levels[Int(count) + 1] > 0, levels[Int(count)] > levels[Int(count) + 1] { count &+= 1 }
        return count
    }
}
