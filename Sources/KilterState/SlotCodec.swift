import KilterMath
import KilterVocabulary

// Snapshot forms of the slots: field by field, so that the layout in memory may change without changing the format.

/// What a slab holds, as bytes.
protocol Slot: BitwiseCopyable {
    func write(to writer: inout ByteWriter)
    init(from reader: inout ByteReader) throws(ByteReader.Short)
}

extension CallWindow: Slot {
    public func write(to writer: inout ByteWriter) {
        for lane in 0..<8 {
            writer.write(symbols[lane])
            writer.write(tools[lane])
            writer.write(repeats[lane])
            writer.write(batchCalls[lane])
            writer.write(parents[lane])
            writer.write(parentTools[lane])
            writer.write(parentArguments[lane])
            writer.write(repeatsBefore[lane])
        }
        for index in 0..<20 {
            writer.write(ringSymbols[index])
            writer.write(ringSpans[index])
            writer.write(ringStarts[index])
            writer.write(ringSpends[index])
        }
        writer.write(calls)
        for index in 0..<12 {
            let entry = known[index]
            for word in [knownCalls[index], entry.firstSpan, entry.lastSpan, entry.startedAt, entry.outcome] { writer.write(word) }
            for word in [entry.count, entry.firstCall, knownLastCalls[index], entry.changes, entry.unknown] { writer.write(word) }
            writer.write(entry.spend)
            writer.write(knownResults[index])
        }
        growth.write(to: &writer)
        near.write(to: &writer)
        unknownTools.write(to: &writer)
        for word in [errorDigest, errorCall, errorFirstSpan, errorStartedAt] { writer.write(word) }
        writer.write(errorSpend)
        writer.write(errorCount)
        writer.write(errorVaries)
        for word in [batchParent, batchResponse, batchStart, batchEnd, batchError, symbolEighth, toolEighth] { writer.write(word) }
        writer.write(batchCount)
        writer.write(spansSeen)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        for lane in 0..<8 {
            symbols[lane] = try reader.read()
            tools[lane] = try reader.read()
            repeats[lane] = try reader.read()
            batchCalls[lane] = try reader.read()
            parents[lane] = try reader.read()
            parentTools[lane] = try reader.read()
            parentArguments[lane] = try reader.read()
            repeatsBefore[lane] = try reader.read()
        }
        for index in 0..<20 {
            ringSymbols[index] = try reader.read()
            ringSpans[index] = try reader.read()
            ringStarts[index] = try reader.read()
            ringSpends[index] = try reader.readSpend()
        }
        calls = try reader.read()
        for index in 0..<12 {
            knownCalls[index] = try reader.read()
            known[index].firstSpan = try reader.read()
            known[index].lastSpan = try reader.read()
            known[index].startedAt = try reader.read()
            known[index].outcome = try reader.read()
            known[index].count = try reader.read()
            known[index].firstCall = try reader.read()
            knownLastCalls[index] = try reader.read()
            known[index].changes = try reader.read()
            known[index].unknown = try reader.read()
            known[index].spend = try reader.readSpend()
            knownResults[index] = try reader.read()
        }
        growth = try Growth(from: &reader)
        near = try NearRow(from: &reader)
        unknownTools = try Tally(from: &reader)
        errorDigest = try reader.read()
        errorCall = try reader.read()
        errorFirstSpan = try reader.read()
        errorStartedAt = try reader.read()
        errorSpend = try reader.readSpend()
        errorCount = try reader.read()
        errorVaries = try reader.readBool()
        batchParent = try reader.read()
        batchResponse = try reader.read()
        batchStart = try reader.read()
        batchEnd = try reader.read()
        batchError = try reader.read()
        symbolEighth = try reader.read()
        toolEighth = try reader.read()
        batchCount = try reader.read()
        spansSeen = try reader.read()
    }
}

extension Tally {
    func write(to writer: inout ByteWriter) {
        for word in [count, firstCall] { writer.write(word) }
        for word in [firstSpan, startedAt] { writer.write(word) }
        writer.write(spend)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        count = try reader.read()
        firstCall = try reader.read()
        firstSpan = try reader.read()
        startedAt = try reader.read()
        spend = try reader.readSpend()
    }
}

extension Growth {
    func write(to writer: inout ByteWriter) {
        steps.write(to: &writer)
        writer.write(tool)
        writer.write(length)
        writer.write(words.bins)
        writer.write(step)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        steps = try Tally(from: &reader)
        tool = try reader.read()
        length = try reader.read()
        words = WordSketch(bins: try reader.read())
        step = try reader.read()
    }
}

extension NearRow {
    func write(to writer: inout ByteWriter) {
        row.write(to: &writer)
        for word in [tool, symbol, call, arguments.bins, result.bins] { writer.write(word) }
        for word in [variations, differing] { writer.write(word) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        row = try Tally(from: &reader)
        tool = try reader.read()
        symbol = try reader.read()
        call = try reader.read()
        arguments = WordSketch(bins: try reader.read())
        result = WordSketch(bins: try reader.read())
        variations = try reader.read()
        differing = try reader.read()
    }
}

extension ByteWriter {
    mutating func write(_ spend: SpendMark) {
        write(spend.tokens)
        write(spend.microdollars)
    }
}

extension ByteReader {
    mutating func readSpend() throws(ByteReader.Short) -> SpendMark {
        var spend = SpendMark()
        spend.tokens = try read()
        spend.microdollars = try read()
        return spend
    }
}

extension MessageBoard: Slot {
    public func write(to writer: inout ByteWriter) {
        for index in 0..<16 {
            let pair = pairs[index]
            for word in [pairKeys[index], pair.digest, pair.firstSpan, pair.lastSpan, pair.lastParent, pair.startedAt] {
                writer.write(word)
            }
            for word in [pair.count, pairLasts[index], pair.first] { writer.write(word) }
            writer.write(pair.spend)
            writer.write(workers[index])
            writer.write(workerCalls[index])
        }
        for index in 0..<12 {
            writer.write(selfTimes[index])
            writer.write(selfSpans[index])
            writer.write(selfSpends[index])
        }
        for word in [selfAgent, selfDigest] { writer.write(word) }
        for word in [forgottenCall, clock, selfCount] { writer.write(word) }
        dialogue.write(to: &writer)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        for index in 0..<16 {
            pairKeys[index] = try reader.read()
            pairs[index].digest = try reader.read()
            pairs[index].firstSpan = try reader.read()
            pairs[index].lastSpan = try reader.read()
            pairs[index].lastParent = try reader.read()
            pairs[index].startedAt = try reader.read()
            pairs[index].count = try reader.read()
            pairLasts[index] = try reader.read()
            pairs[index].first = try reader.read()
            pairs[index].spend = try reader.readSpend()
            workers[index] = try reader.read()
            workerCalls[index] = try reader.read()
        }
        for index in 0..<12 {
            selfTimes[index] = try reader.read()
            selfSpans[index] = try reader.read()
            selfSpends[index] = try reader.readSpend()
        }
        selfAgent = try reader.read()
        selfDigest = try reader.read()
        forgottenCall = try reader.read()
        clock = try reader.read()
        selfCount = try reader.read()
        dialogue = try Dialogue(from: &reader)
    }
}
