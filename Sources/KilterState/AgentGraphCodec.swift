import KilterMath
import KilterVocabulary

// Snapshot form of who messaged whom.

extension AgentGraph: Slot {
    func write(to writer: inout ByteWriter) {
        for word in [clock, agents] { writer.write(word) }
        writer.write(childrenFirst)
        writer.write(worked)
        for place in 0..<Self.placesMax {
            writer.write(names[place])
            received[place].write(to: &writer)
            for byte in [bringers[place], depths[place], heights[place]] { writer.write(byte) }
        }
        for index in 0..<32 { writer.write(others[index]) }
        for index in 0..<Self.generationsKept { generations[index].write(to: &writer) }
        for index in 0..<8 {
            for word in [recent[index].pair, recent[index].digest, recent[index].span, recent[index].parent] { writer.write(word) }
            recent[index].origin.write(to: &writer)
        }
        for index in 0..<4 { circles[index].write(to: &writer) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        clock = try reader.read()
        agents = try reader.read()
        childrenFirst = try reader.readBool()
        worked = try reader.read()
        for place in 0..<Self.placesMax {
            names[place] = try reader.read()
            received[place] = try Origin(from: &reader)
            bringers[place] = try reader.readPlace()
            depths[place] = try reader.read()
            heights[place] = try reader.read()
        }
        for index in 0..<32 { others[index] = try reader.read() }
        for index in 0..<Self.generationsKept { generations[index] = try Generation(from: &reader) }
        for index in 0..<8 {
            recent[index].pair = try reader.read()
            recent[index].digest = try reader.read()
            recent[index].span = try reader.read()
            recent[index].parent = try reader.read()
            recent[index].origin = try Origin(from: &reader)
        }
        for index in 0..<4 { circles[index] = try MessageCircle(from: &reader) }
    }
}

extension AgentGraph.Generation {
    func write(to writer: inout ByteWriter) {
        for word in [number, first] { writer.write(word) }
        for count in [messages, bringing, passing] { writer.write(count) }
        for word in [firstSpan, startedAt, bringers] { writer.write(word) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        number = try reader.read()
        first = try reader.read()
        messages = try reader.read()
        bringing = try reader.read()
        passing = try reader.read()
        firstSpan = try reader.read()
        startedAt = try reader.read()
        bringers = try reader.read()
    }
}

extension AgentGraph.Origin {
    func write(to writer: inout ByteWriter) {
        writer.write(generation)
        for byte in [sender, passes] { writer.write(byte) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        generation = try reader.read()
        sender = try reader.readPlace()
        passes = try reader.read()
    }
}

extension MessageCircle {
    func write(to writer: inout ByteWriter) {
        for word in [digest, firstSpan, lastSpan, previousSpan, startedAt] { writer.write(word) }
        writer.write(spend)
        for word in [generation, first, last, messages] { writer.write(word) }
        writer.write(sent)
        for lane in 0..<16 {
            writer.write(members[lane])
            writer.write(sources[lane])
            writer.write(returns[lane])
        }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        digest = try reader.read()
        firstSpan = try reader.read()
        lastSpan = try reader.read()
        previousSpan = try reader.read()
        startedAt = try reader.read()
        spend = try reader.readSpend()
        generation = try reader.read()
        first = try reader.read()
        last = try reader.read()
        messages = try reader.read()
        sent = try reader.read()
        for lane in 0..<16 {
            members[lane] = try reader.readPlace()
            sources[lane] = try reader.readPlace()
            returns[lane] = try reader.read()
        }
    }
}

extension ByteReader {
    /// A place + 1, or zero.
    fileprivate mutating func readPlace() throws(ByteReader.Short) -> UInt8 {
        let place = try read(UInt8.self)
        guard place <= UInt8(AgentGraph.placesMax) else { throw Short() }
        return place
    }
}
