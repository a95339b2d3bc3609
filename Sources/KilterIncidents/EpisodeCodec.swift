import KilterMath
import KilterVocabulary

// Snapshot form of the open episodes: tenants and episodes in ascending order, so that the same state gives the
// same bytes.

extension Episodes {
    /// The open episodes of each tenant as bytes, tenants ascending.
    public func snapshot() -> [(tenant: NameHash, payload: [UInt8])] {
        tenants.sorted { $0.tenant < $1.tenant }.map { ledger in
            var writer = ByteWriter()
            writer.write(ledger.nextSerial)
            writer.write(UInt32(ledger.open.count))
            for key in ledger.open.keys.sorted() {
                if let episode = ledger.open[key] { episode.write(to: &writer) }
            }
            return (ledger.tenant, writer.bytes)
        }
    }

    /// Replaces the episodes of `tenant` by those of a snapshot.
    public mutating func restore(tenant: NameHash, from reader: inout ByteReader) throws(ByteReader.Short) {
        var ledger = Ledger(tenant: tenant)
        ledger.nextSerial = try reader.read()
        for _ in 0..<(try reader.read(UInt32.self)) {
            let episode = try Episode(from: &reader)
            ledger.deadlines.push(episode.key, at: episode.deadline, serial: episode.serial)
            ledger.open[episode.key] = episode
        }
        install(ledger)
    }
}

extension Episode {
    func write(to writer: inout ByteWriter) {
        for word in [key, serial, deadline.nanoseconds, quiet.count, lastSpan, lastTrace.high, lastTrace.low] { writer.write(word) }
        writer.write(lastObservedAt.nanoseconds)
        for word in [spendAtOnset.tokens, spendAtOnset.microdollars, spend.tokens, spend.microdollars] { writer.write(word) }
        writer.write(count)
        alert.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        let key = try reader.read(UInt64.self)
        let serial = try reader.read(UInt64.self)
        let deadline = EventTime(nanoseconds: try reader.read())
        let quiet = Nanoseconds(try reader.read())
        let lastSpan = try reader.read(UInt64.self)
        let lastTrace = TraceID(high: try reader.read(), low: try reader.read())
        let lastObservedAt = EventTime(nanoseconds: try reader.read())
        var spends = [SpendMark(), SpendMark()]
        for index in spends.indices {
            spends[index].tokens = try reader.read()
            spends[index].microdollars = try reader.read()
        }
        let count = try reader.read(UInt32.self)
        self.init(
            alert: try Alert(from: &reader), key: key, serial: serial, deadline: deadline, quiet: quiet, count: count,
            lastSpan: lastSpan, lastTrace: lastTrace, lastObservedAt: lastObservedAt,
            spendAtOnset: spends[0], spend: spends[1])
    }
}

extension Alert {
    func write(to writer: inout ByteWriter) {
        writer.write(id)
        writer.write(revision)
        writer.write(state == .resolved)
        for byte in [severity.rawValue, detector.rawValue, tier.rawValue] { writer.write(byte) }
        for text in [tenant, environment, service, agent, run, advice, summary] { writer.write(text) }
        for text in [agentVersion, tool, model, signal, peer, unit, direction, budget] { writer.write(optional: text) }
        for word in [
            traceID.high, traceID.low, spanID, startedAt.nanoseconds, observedAt.nanoseconds, time.nanoseconds, delay.count,
        ] {
            writer.write(word)
        }
        for amount in [observed, expected, threshold] {
            writer.write(amount != nil)
            writer.write(amount ?? Amount(0))
        }
        for number in [count, window] { writer.write(optional: number) }
        writer.write(delaySpans)
        writer.write(cost != nil)
        if let cost {
            writer.write(cost.tokens)
            writer.write(cost.microdollars ?? .max)
            writer.write(cost.atRiskMicrodollars ?? .max)
        }
        writer.write(evidence)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        id = try reader.readString()
        revision = try reader.read()
        state = try reader.readBool() ? .resolved : .firing
        severity = Severity(rawValue: try reader.read()) ?? .info
        detector = DetectorID(rawValue: try reader.read()) ?? .repeatedCall
        tier = Tier(rawValue: try reader.read()) ?? .structural
        tenant = try reader.readString()
        environment = try reader.readString()
        service = try reader.readString()
        agent = try reader.readString()
        run = try reader.readString()
        advice = try reader.readString()
        summary = try reader.readString()
        agentVersion = try reader.readOptionalString()
        tool = try reader.readOptionalString()
        model = try reader.readOptionalString()
        signal = try reader.readOptionalString()
        peer = try reader.readOptionalString()
        unit = try reader.readOptionalString()
        direction = try reader.readOptionalString()
        budget = try reader.readOptionalString()
        traceID = TraceID(high: try reader.read(), low: try reader.read())
        spanID = try reader.read()
        startedAt = EventTime(nanoseconds: try reader.read())
        observedAt = EventTime(nanoseconds: try reader.read())
        time = EventTime(nanoseconds: try reader.read())
        delay = Nanoseconds(try reader.read())
        for path in [\Alert.observed, \.expected, \.threshold] {
            let isKnown = try reader.readBool()
            let amount = try reader.readAmount()
            self[keyPath: path] = isKnown ? amount : nil
        }
        count = try reader.readOptional()
        window = try reader.readOptional()
        delaySpans = try reader.read()
        if try reader.readBool() {
            let tokens = try reader.read(UInt64.self)
            let microdollars = try reader.read(UInt64.self)
            let atRisk = try reader.read(UInt64.self)
            cost = EpisodeCost(
                tokens: tokens, microdollars: microdollars == .max ? nil : microdollars,
                atRiskMicrodollars: atRisk == .max ? nil : atRisk)
        }
        evidence = try reader.readEvidence(depth: 8)
    }
}
