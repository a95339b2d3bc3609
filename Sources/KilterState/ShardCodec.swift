import KilterMath
import KilterVocabulary

// Snapshot form of a shard: one blob per live key of each slab.

extension NoveltyWindow: Slot {
    func write(to writer: inout ByteWriter) {
        for word in [newPairs, scarcePairs, rarePairs, newCalls, lastNewSpan, lastNewAt] { writer.write(word) }
        for word in [calls, lastNewCall] { writer.write(word) }
        writer.write(lastNewSpend)
        for index in 0..<32 { for lane in 0..<8 { writer.write(seen[index][lane]) } }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        newPairs = try reader.read()
        scarcePairs = try reader.read()
        rarePairs = try reader.read()
        newCalls = try reader.read()
        lastNewSpan = try reader.read()
        lastNewAt = try reader.read()
        calls = try reader.read()
        lastNewCall = try reader.read()
        lastNewSpend = try reader.readSpend()
        for index in 0..<32 { for lane in 0..<8 { seen[index][lane] = try reader.read() } }
    }
}

extension EffectMemory: Slot {
    func write(to writer: inout ByteWriter) {
        writer.write(count)
        for word in [firstSpan, previousSpan, startedAt, span, parent, responseID, callID, start, end] { writer.write(word) }
        writer.write(spend)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        count = try reader.read()
        firstSpan = try reader.read()
        previousSpan = try reader.read()
        startedAt = try reader.read()
        span = try reader.read()
        parent = try reader.read()
        responseID = try reader.read()
        callID = try reader.read()
        start = try reader.read()
        end = try reader.read()
        spend = try reader.readSpend()
    }
}

extension AnswerMemory: Slot {
    func write(to writer: inout ByteWriter) {
        for word in [digest, prompt, message, firstSpan, previousSpan, startedAt, span, responseID, start, end] {
            writer.write(word)
        }
        for word in [count, calls] { writer.write(word) }
        writer.write(spend)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        digest = try reader.read()
        prompt = try reader.read()
        message = try reader.read()
        firstSpan = try reader.read()
        previousSpan = try reader.read()
        startedAt = try reader.read()
        span = try reader.read()
        responseID = try reader.read()
        start = try reader.read()
        end = try reader.read()
        count = try reader.read()
        calls = try reader.read()
        spend = try reader.readSpend()
    }
}

extension Shard {
    /// One blob per live key, in ascending order of (kind, key).
    public func blobs(shard: UInt8) -> [StateBlob] {
        Self.blobs(of: turns, .turn, shard) + Self.blobs(of: runs, .run, shard) + Self.blobs(of: longTurns, .longTurn, shard)
            + Self.blobs(of: effects, .effect, shard) + Self.blobs(of: graphs, .graph, shard)
            + Self.blobs(of: repertoires, .agent, shard) + Self.blobs(of: dialogues, .pair, shard)
            + Self.blobs(of: answers, .answer, shard) + Self.blobs(of: tallies, .tally, shard)
            + Self.blobs(of: agents, .baseline, shard) + Self.blobs(of: rates, .rate, shard)
            + Self.blobs(of: values, .value, shard) + Self.blobs(of: mixes, .mix, shard)
            + Self.blobs(of: groups, .group, shard) + Self.blobs(of: scores, .score, shard)
            + Self.blobs(of: groupBaselines, .groupBaseline, shard) + Self.blobs(of: tails, .tail, shard)
            + Self.blobs(of: vectors, .vector, shard) + Self.blobs(of: repeats, .repeats, shard)
            + Self.blobs(of: changes, .changes, shard) + Self.blobs(of: paces, .pace, shard)
    }

    private static func blobs<S: Slot>(of slab: borrowing KeyedSlab<S>, _ kind: StateBlob.Kind, _ shard: UInt8) -> [StateBlob] {
        var blobs: [StateBlob] = []
        for key in slab.sortedKeys() {
            guard let kept = slab.peek(key) else { continue }
            var writer = ByteWriter()
            writer.write(kept.owner)
            writer.write(kept.order)
            writer.write(kept.touched)
            kept.slot.write(to: &writer)
            blobs.append(StateBlob(kind: kind, shard: shard, key: key, payload: writer.bytes))
        }
        return blobs
    }

    /// Puts blobs of this shard back, in any order.
    public mutating func restore(_ blobs: [StateBlob]) throws(ByteReader.Short) {
        try Self.restore(blobs, .turn, into: &turns)
        try Self.restore(blobs, .run, into: &runs)
        try Self.restore(blobs, .longTurn, into: &longTurns)
        try Self.restore(blobs, .effect, into: &effects)
        try Self.restore(blobs, .graph, into: &graphs)
        try Self.restore(blobs, .agent, into: &repertoires)
        try Self.restore(blobs, .pair, into: &dialogues)
        try Self.restore(blobs, .answer, into: &answers)
        try Self.restore(blobs, .tally, into: &tallies)
        try Self.restore(blobs, .baseline, into: &agents)
        try Self.restore(blobs, .rate, into: &rates)
        try Self.restore(blobs, .value, into: &values)
        try Self.restore(blobs, .mix, into: &mixes)
        try Self.restore(blobs, .group, into: &groups)
        try Self.restore(blobs, .score, into: &scores)
        try Self.restore(blobs, .groupBaseline, into: &groupBaselines)
        try Self.restore(blobs, .tail, into: &tails)
        try Self.restore(blobs, .vector, into: &vectors)
        try Self.restore(blobs, .repeats, into: &repeats)
        try Self.restore(blobs, .changes, into: &changes)
        try Self.restore(blobs, .pace, into: &paces)
        for key in paces.sortedKeys() {
            guard let kept = paces.peek(key), kept.slot.armed != .never else { continue }
            paceDeadlines.arm(key, of: kept.slot.tenant, at: kept.slot.armed)
        }
        for key in tallies.sortedKeys() {
            guard let tally = tallies.peek(key)?.slot, !tally.isIdle else { continue }
            idleRuns.arm(key, of: tally.tenant, lastSeen: tally.lastSeen)
            if tally.isRooted, !tally.isClosed { idleRuns.arm(key, of: tally.tenant, lastSeen: tally.lastSeen, isRooted: true) }
        }
    }

    private static func restore<S: Slot>(
        _ blobs: [StateBlob], _ kind: StateBlob.Kind, into slab: inout KeyedSlab<S>
    ) throws(ByteReader.Short) {
        var slots: [(UInt64, KeyedSlab<S>.Kept)] = []
        for blob in blobs where blob.kind == kind {
            var reader = ByteReader(blob.payload)
            let owner = try reader.read(UInt64.self)
            let order = try reader.read(UInt64.self)
            let touched = try reader.readBool()
            guard blob.key != 0 else { throw ByteReader.Short() }
            slots.append((blob.key, .init(slot: try S(from: &reader), owner: owner, order: order, touched: touched)))
        }
        for (key, kept) in slots.sorted(by: { $0.1.order < $1.1.order }) { slab.restore(key, kept) }
    }
}
