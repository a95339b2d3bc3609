import KilterMath
import KilterVocabulary

// Snapshot forms of the slots behind baselines, field by field.

extension ByteWriter {
    mutating func write(_ value: Float) { write(value.bitPattern) }
}

extension ByteReader {
    /// Refuses what is no number.
    mutating func readFinite() throws(Short) -> Float {
        let value = Float(bitPattern: try read(UInt32.self))
        guard value.isFinite else { throw Short() }
        return value
    }
}

extension RunTally: Slot {
    func write(to writer: inout ByteWriter) {
        for word in [
            agentKey, taskKey, tenant, environment, service, agent, version, trace.high, trace.low, lastSpan, lastSeen.nanoseconds,
            start, end, picodollars, outcome, requestModel, responseModel, finishReason, sampledTool, sampledTransition, transitionFrom,
            transitionTo, lastTool, lastToolName, request, firstTools,
        ] { writer.write(word) }
        for word in [fleet, spans, failures, work, toolCalls, transitions, firstOutput] { writer.write(word) }
        writer.write(thresholdSet)
        for flag in [isPriced, isRooted, isClosed, isIdle, isFlat, isMessage] { writer.write(flag) }
        writer.write(inferences)
        writer.write(stepCount)
        for index in 0..<Int(stepCount) {
            writer.write(steps[index].kind.rawValue)
            writer.write(steps[index].name)
            writer.write(steps[index].hasFailed)
            for place in 0..<8 {
                writer.write(steps[index].counts[place])
                writer.write(steps[index].sums[place])
            }
        }
        writeEmbedding(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        for path in [\RunTally.agentKey, \.taskKey, \.tenant, \.environment, \.service, \.agent, \.version] {
            self[keyPath: path] = try reader.read()
        }
        trace = TraceID(high: try reader.read(), low: try reader.read())
        lastSpan = try reader.read()
        lastSeen = EventTime(nanoseconds: try reader.read())
        for path in [
            \RunTally.start, \.end, \.picodollars, \.outcome, \.requestModel, \.responseModel, \.finishReason, \.sampledTool,
            \.sampledTransition,
            \.transitionFrom, \.transitionTo, \.lastTool, \.lastToolName, \.request, \.firstTools,
        ] { self[keyPath: path] = try reader.read() }
        for path in [\RunTally.fleet, \.spans, \.failures, \.work, \.toolCalls, \.transitions, \.firstOutput] {
            self[keyPath: path] = try reader.read()
        }
        thresholdSet = try reader.read()
        for path in [\RunTally.isPriced, \.isRooted, \.isClosed, \.isIdle, \.isFlat, \.isMessage] {
            self[keyPath: path] = try reader.readBool()
        }
        inferences = try reader.read()
        stepCount = try reader.read()
        guard Int(stepCount) <= Self.stepKindsMax else { throw ByteReader.Short() }
        for index in 0..<Int(stepCount) {
            guard let kind = StepKind(rawValue: try reader.read()) else { throw ByteReader.Short() }
            steps[index] = Step(kind: kind, name: try reader.read())
            steps[index].hasFailed = try reader.readBool()
            for place in 0..<8 {
                steps[index].counts[place] = try reader.read()
                steps[index].sums[place] = try reader.readFinite()
            }
        }
        try readEmbedding(from: &reader)
    }
}

extension AgentBaseline: Slot {
    func write(to writer: inout ByteWriter) {
        for word in [environment, service, agent] { writer.write(word) }
        for index in 0..<32 { writer.write(streams[index]) }
        writer.write(repeatSum)
        writer.write(repeatParts)
        writer.write(failedAt.nanoseconds)
        writer.write(members.low)
        writer.write(members.high)
        writer.write(isFlat)
        writer.write(isPinned)
        pool.write(to: &writer)
        writer.write(tails)
        for place in 0..<6 {
            writer.write(versions[place])
            writer.write(versionEpochs[place])
        }
        for word in [versionCount, latestEpoch, comparedEpoch] { writer.write(word) }
        declared.write(to: &writer)
        for index in 0..<8 { writer.write(open[index]) }
        writer.write(nextOpen)
        for word in [epoch, runs, sharesPresent, modelRuns] { writer.write(word) }
        for word in [
            version, versionBefore, comparesUntil.nanoseconds, model, modelBefore, modelChangedAt.nanoseconds, usualOutcome,
        ] { writer.write(word) }
        writer.write(outcomeCount)
        for index in 0..<Int(outcomeCount) {
            writer.write(outcomes[index])
            writer.write(outcomeCounts[index])
        }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        environment = try reader.read()
        service = try reader.read()
        agent = try reader.read()
        for index in 0..<32 { streams[index] = try reader.read() }
        repeatSum = try reader.readFinite()
        repeatParts = try reader.readFinite()
        guard repeatParts >= 0 else { throw ByteReader.Short() }
        failedAt = EventTime(nanoseconds: try reader.read())
        members.low = try reader.read()
        members.high = try reader.read()
        isFlat = try reader.readBool()
        isPinned = try reader.readBool()
        pool = try EvidencePool(from: &reader)
        tails = try reader.read()
        for place in 0..<6 {
            versions[place] = try reader.read()
            versionEpochs[place] = try reader.read()
        }
        versionCount = try reader.read()
        latestEpoch = try reader.read()
        comparedEpoch = try reader.read()
        declared = try DeclaredEpochs(from: &reader)
        for index in 0..<8 { open[index] = try reader.read() }
        nextOpen = try reader.read()
        guard nextOpen < 8 else { throw ByteReader.Short() }
        for path in [\AgentBaseline.epoch, \.runs, \.sharesPresent, \.modelRuns] {
            self[keyPath: path] = try reader.read()
        }
        version = try reader.read()
        versionBefore = try reader.read()
        comparesUntil = EventTime(nanoseconds: try reader.read())
        model = try reader.read()
        modelBefore = try reader.read()
        modelChangedAt = EventTime(nanoseconds: try reader.read())
        usualOutcome = try reader.read()
        outcomeCount = try reader.read()
        guard Int(outcomeCount) <= Self.outcomesMax else { throw ByteReader.Short() }
        for index in 0..<Int(outcomeCount) {
            outcomes[index] = try reader.read()
            outcomeCounts[index] = try reader.read()
        }
    }
}

extension StreamWatch {
    func write(to writer: inout ByteWriter) {
        writer.write(identity.agentKey)
        writer.write(identity.name)
        writer.write(identity.epoch)
        writer.write(identity.signal.rawValue)
        writer.write(identity.step.rawValue)
        writer.write(firstSeen.nanoseconds)
        writer.write(lastSeen.nanoseconds)
        for word in [lastRun, quiet, calm] { writer.write(word) }
        writer.write(said.rawValue)
        writer.write(hasVaried)
        writer.write(isBurst)
        writer.write(isPinned)
        writer.write(anchor)
        writer.write(heldFor)
        writer.write(leftLevel.bitPattern)
        writer.write(leftCount)
        for lane in 0..<16 { writer.write(onsets[lane]) }
        writer.write(changedAt.nanoseconds)
        writer.write(lastChange.nanoseconds)
        writer.write(before.bitPattern)
        writer.write(countBefore)
        writer.write(pooled)
        writer.write(round)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        identity.agentKey = try reader.read()
        identity.name = try reader.read()
        identity.epoch = try reader.read()
        guard let signal = Signal(rawValue: try reader.read()), let step = SignalChange.Step(rawValue: try reader.read()) else {
            throw ByteReader.Short()
        }
        (identity.signal, identity.step) = (signal, step)
        firstSeen = EventTime(nanoseconds: try reader.read())
        lastSeen = EventTime(nanoseconds: try reader.read())
        lastRun = try reader.read()
        quiet = try reader.read()
        calm = try reader.read()
        guard let word = Said(rawValue: try reader.read()) else { throw ByteReader.Short() }
        said = word
        hasVaried = try reader.readBool()
        isBurst = try reader.readBool()
        isPinned = try reader.readBool()
        anchor = try reader.read()
        heldFor = try reader.read()
        leftLevel = Double(bitPattern: try reader.read())
        leftCount = try reader.read()
        for lane in 0..<16 { onsets[lane] = try reader.read() }
        changedAt = EventTime(nanoseconds: try reader.read())
        lastChange = EventTime(nanoseconds: try reader.read())
        before = Double(bitPattern: try reader.read())
        countBefore = try reader.read()
        pooled = try reader.readFinite()
        round = try reader.read()
        guard before.isFinite, leftLevel.isFinite, pooled >= 0, pooled < 1 else { throw ByteReader.Short() }
    }
}

extension WatchedStream: Slot {
    func write(to writer: inout ByteWriter) {
        baseline.write(to: &writer)
        watch.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        baseline = try Baseline(from: &reader)
        watch = try StreamWatch(from: &reader)
    }
}

extension MixStream: Slot {
    func write(to writer: inout ByteWriter) {
        baseline.write(to: &writer)
        watch.write(to: &writer)
        writer.write(known)
        for index in 0..<Int(known) {
            for word in [categories[index], origins[index], targets[index]] { writer.write(word) }
        }
        writer.write(choices)
        for index in 0..<64 { writer.write(recent[index]) }
        for index in 0..<16 { writer.write(counts[index]) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init(try MixBaseline(from: &reader))
        watch = try StreamWatch(from: &reader)
        known = try reader.read()
        guard Int(known) <= Self.categoriesMax else { throw ByteReader.Short() }
        for index in 0..<Int(known) {
            categories[index] = try reader.read()
            origins[index] = try reader.read()
            targets[index] = try reader.read()
        }
        choices = try reader.read()
        for index in 0..<64 {
            recent[index] = try reader.read()
            guard recent[index] < 16 else { throw ByteReader.Short() }
        }
        for index in 0..<16 {
            counts[index] = try reader.read()
            guard counts[index] < 1 << 24 else { throw ByteReader.Short() }
        }
    }
}
