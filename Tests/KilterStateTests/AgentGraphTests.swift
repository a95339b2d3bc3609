import KilterMath
import KilterState
import KilterVocabulary
import Seeded
import Testing

/// A run of messages in few words.
private struct Talk {
    var graph = AgentGraph()
    private var span: UInt64 = 0

    init() {}

    mutating func say(_ sender: UInt64, _ receiver: UInt64, _ digest: UInt64 = 0, parent: UInt64 = 0) -> AgentGraph.Sight? {
        span += 1
        return graph.observe(
            AgentGraph.Message(from: sender, to: receiver, digest: digest, span: span, parent: parent, start: span * 1_000))
    }
}

@Suite("Who messaged whom")
struct AgentGraphTests {
    @Test("A text that goes round a circle comes back once a turn; a circle of two is none", arguments: 2...16)
    func turns(members: Int) {
        var talk = Talk()
        for message in 0..<(members * 4) {
            let sight = talk.say(UInt64(message % members + 1), UInt64((message + 1) % members + 1), 7)
            let expected = members == 2 ? 0 : (message + 1) / members
            #expect(sight?.turns == UInt32(expected), "message \(message + 1) of a circle of \(members)")
        }
        let circle = talk.graph.circle(of: 7, through: 1)
        #expect(circle?.count == (members == 2 ? nil : members))
        guard let circle else { return }
        #expect((0..<members).map { circle.names[$0] } == (1...UInt64(members)).map { $0 }, "in the order of the messages")
        #expect(circle.messages == UInt32(members * 4) && circle.firstSpan == 1)
        #expect(circle.mark == talk.graph.circle(of: 7, through: 2)?.mark, "the same from wherever it is told")
    }

    @Test("An agent that works between two turns has not merely passed the text on")
    func work() {
        var talk = Talk()
        for message in 0..<30 {
            talk.graph.observeCall(agent: UInt64((message % 3) + 1))
            #expect(talk.say(UInt64(message % 3 + 1), UInt64((message + 1) % 3 + 1), 7)?.turns ?? 0 <= 1)
        }
    }

    @Test("Client and server of one message are one")
    func bothSides() {
        var talk = Talk()
        #expect(talk.say(1, 2, 7) != nil)
        #expect(talk.say(1, 2, 7, parent: 1) == nil, "the server's span")
        #expect(talk.say(1, 2, 7, parent: 99) != nil, "another message with the same text")
        // The inner one ends first.
        #expect(talk.say(2, 3, 8, parent: 5) != nil)
        #expect(talk.say(2, 3, 8) == nil)
    }

    @Test("A chain is as deep told from its end as from its beginning, and answers do not make it deeper")
    func depth() {
        var down = Talk()
        var up = Talk()
        for step in UInt64(1)...50 {
            #expect(down.say(step, step + 1)?.depth == UInt32(step))
            #expect(down.say(step + 1, step)?.depth == 0)
            #expect(up.say(101 - step, 102 - step)?.depth == UInt32(step))
        }
        let path = down.graph.path(to: 51)
        #expect(path.count == 16 && path.names[15] == 51 && path.names[0] == 36)
    }

    @Test("A tree grows generation by generation; a team that answers upwards stops")
    func tree() {
        var tree = Talk()
        var growing: [UInt32] = []
        var spread: UInt32 = 0
        for number in UInt64(1)...60 {
            let sight = tree.say(number <= 5 ? 1_000 : (number - 6) / 3 + 1, number)
            growing.append(sight?.growing ?? 99)
            if spread == 0 { spread = sight?.spread ?? 0 }
        }
        #expect(growing[4] == 1 && growing[19] == 2, "generations of 5 and 15")
        #expect(growing.firstIndex(of: 3) == 35, "the third with its sixteenth")
        #expect(spread > 20 && spread < 48, "three generations bring in more than they have before the third outgrows the second")
        var team = Talk()
        for number in UInt64(1)...12 { #expect(team.say(number <= 3 ? 1_000 : (number - 1) / 3, number)?.growing ?? 9 <= 2) }
        for number in (UInt64(1)...12).reversed() {
            let sight = team.say(number, number <= 3 ? 1_000 : (number - 1) / 3)
            #expect(sight?.growing == 0 && sight?.depth == 0 && sight?.spread == 0)
        }
    }

    @Test("What many pass on does not die out; what two tell each other, what is new, and what comes after work does")
    func relays() {
        // Seventeen are too many for a circle.
        var relay = Talk()
        var working = Talk()
        var pair = Talk()
        var dialogue = Talk()
        for message in UInt64(0)..<68 {
            let sight = relay.say(message % 17 + 1, (message + 1) % 17 + 1, 7)
            #expect(sight?.turns == 0)
            #expect(sight?.passing == (message < 16 ? 0 : UInt32(min(message - 15, 15))), "message \(message + 1)")
            if message > 0 { working.graph.observeCall(agent: message % 17 + 1) }
            #expect(working.say(message % 17 + 1, (message + 1) % 17 + 1, 7)?.passing ?? 9 == 0)
            // Now and then one of the two tells a third.
            let third: UInt64 = message % 8 == 7 ? 3 : (message + 1) % 2 + 1
            #expect(pair.say(message % 2 + 1, third, 7)?.passing ?? 9 < 5)
            #expect(dialogue.say(message % 3 + 1, (message + 1) % 3 + 1, 100 + message)?.passing == 0)
        }
        // Two pairs that share an agent, their generations beside one another.
        var pairs = Talk()
        for message in UInt64(0)..<60 {
            let other: UInt64 = message < 30 ? 2 : 4
            if message == 30 { _ = pairs.say(3, 1, 99) }
            #expect(pairs.say(message % 2 == 0 ? 1 : other, message % 2 == 0 ? other : 1, 7)?.passing == 0)
        }
    }

    @Test(
        "Any stream, whatever the names: nothing traps, and renaming the agents changes nothing that is counted",
        arguments: [1 as UInt64, 2, 3])
    func renamed(seed: UInt64) {
        var random = Seeded(state: seed)
        var one = Talk()
        var other = Talk()
        let agents = UInt64.random(in: 3...60, using: &random)
        for message in 0..<4_000 {
            if message % 7 == 0 {
                let worker = UInt64.random(in: 1...agents, using: &random)
                one.graph.observeCall(agent: worker)
                other.graph.observeCall(agent: worker &* 0x9e37_79b9_7f4a_7c15)
            }
            let sender = UInt64.random(in: 1...agents, using: &random)
            let receiver = sender % agents + 1
            let digest = UInt64.random(in: 0...6, using: &random)
            let parent = UInt64.random(in: 0...3, using: &random) == 0 ? UInt64(message) : 0
            let seen = one.say(sender, receiver, digest, parent: parent)
            let again = other.say(
                sender &* 0x9e37_79b9_7f4a_7c15, receiver &* 0x9e37_79b9_7f4a_7c15, digest, parent: parent)
            #expect(seen?.turns == again?.turns && seen?.growing == again?.growing && seen?.depth == again?.depth)
            #expect(seen?.passing == again?.passing && seen?.spread == again?.spread && seen?.generation == again?.generation)
        }
        #expect(one.graph.agents == other.graph.agents && one.graph.agents <= UInt32(agents))
    }

    @Test("More agents than there are places are counted, as far as a filter can tell, and do not disturb the others")
    func many() {
        var talk = Talk()
        for agent in UInt64(2)...500 { _ = talk.say(1, StableHash.combine(agent, agent)) }
        #expect(talk.graph.agents > 300 && talk.graph.agents <= 500)
        for agent in UInt64(2)...500 { #expect(talk.say(1, StableHash.combine(agent, agent))?.growing == 0) }
    }

    @Test("A graph that was written and read goes on as the one that was not")
    func codec() throws {
        var random = Seeded(state: 9)
        let bounds = Shard.Bounds(
            turnsMax: 1, longTurnsMax: 1, runsMax: 1, graphsMax: 4, effectsMax: 1, agentsMax: 1, pairsMax: 1, answersMax: 1,
            talliesMax: 1, ratesMax: 1, valuesMax: 1, mixesMax: 1, tailsMax: 1, vectorsMax: 1, repeatsMax: 1, groupsMax: 1)
        var shard = Shard(bounds)
        var copy = Shard(bounds)
        for message in UInt64(1)...2_000 {
            let sender = UInt64.random(in: 1...20, using: &random)
            let said = AgentGraph.Message(
                from: sender, to: sender % 20 + 1, digest: .random(in: 1...5, using: &random), span: message, start: message)
            let seen = shard.graphs.findOrInsert(5, owner: 1, initial: AgentGraph()).slot.pointee.observe(said)
            let again = copy.graphs.findOrInsert(5, owner: 1, initial: AgentGraph()).slot.pointee.observe(said)
            #expect(seen?.turns == again?.turns && seen?.passing == again?.passing && seen?.depth == again?.depth)
            guard message % 100 == 0 else { continue }
            let blobs = shard.blobs(shard: 0)
            try copy.restore(blobs)
            #expect(copy.blobs(shard: 0) == blobs)
            for blob in blobs {
                var damaged = blob
                damaged.payload.removeLast()
                #expect(throws: ByteReader.Short.self) { try copy.restore([damaged]) }
            }
        }
    }
}
