import KilterMath
import KilterVocabulary

// Snapshot form of admission: counters, and one piece per tenant.

extension Admission {
    /// Counters and the tenants.
    public func write(to writer: inout ByteWriter) {
        for list in [counts, notes, quarantined] {
            writer.write(UInt32(list.count))
            for value in list { writer.write(value) }
        }
        writer.write(UInt32(tenants.count))
        for tenant in tenants { writer.write(tenant.name) }
    }

    /// Puts counters back and makes room for the tenants, whose pieces follow through `restoreTenant`.
    public mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        try restoreCounters(from: &reader)
        lastTenant = nil
        tenants = []
        let count = Int(try reader.read(UInt32.self))
        guard count <= Limits.tenantsMax else { throw ByteReader.Short() }
        for number in 0..<count { tenants.append(Tenant(name: try reader.read(), number: number)) }
    }

    /// One piece per tenant, in ascending order of name.
    public func tenantPieces() -> [(tenant: NameHash, payload: [UInt8])] {
        tenants.sorted { $0.name < $1.name }.map { tenant in
            var writer = ByteWriter()
            tenant.memory.pointee.write(to: &writer)
            return (tenant.name, writer.bytes)
        }
    }

    public mutating func restoreTenant(_ name: NameHash, from reader: inout ByteReader) throws(ByteReader.Short) {
        guard let tenant = tenants.first(where: { $0.name == name }) else { throw ByteReader.Short() }
        try tenant.memory.pointee.restore(from: &reader)
    }
}

extension TenantMemory {
    func write(to writer: inout ByteWriter) {
        writer.write(engineTime.nanoseconds)
        names.write(to: &writer)
        recent.write(to: &writer)
        let traceKeys = traces.sortedKeys()
        writer.write(UInt32(traceKeys.count))
        for key in traceKeys {
            guard let kept = traces.peek(key) else { continue }
            writer.write(key)
            writer.write(kept.order)
            writer.write(kept.touched)
            let slot = kept.slot
            for word in [
                slot.greatestEnd, slot.lastAgent, slot.lastAgentEnd, slot.conversation, slot.turn, slot.task, slot.personDigest,
                slot.countedAgent,
            ] {
                writer.write(word)
            }
            writer.write(slot.spans)
            writer.write(slot.hasInference)
            writer.write(slot.hasAnswers)
            for word in [slot.tokens, slot.picodollars, slot.tokensOfTotals, slot.tokensUnmarked, slot.picodollarsUnmarked] {
                writer.write(word)
            }
            for call in [slot.counted, slot.below] {
                for word in [call.span, call.tokens, call.picodollars] { writer.write(word) }
            }
        }
        let conversationKeys = conversations.sortedKeys()
        writer.write(UInt32(conversationKeys.count))
        for key in conversationKeys {
            guard let kept = conversations.peek(key) else { continue }
            writer.write(key)
            writer.write(kept.order)
            writer.write(kept.touched)
            let slot = kept.slot
            for word in [slot.trace, slot.turn, slot.personDigest, slot.tokens, slot.picodollars] { writer.write(word) }
        }
        recentLogs.write(to: &writer)
        writeExceptions(to: &writer)
        writeRequests(to: &writer)
        writeAnswers(to: &writer)
        fleet.write(to: &writer)
    }

    mutating func restore(from reader: inout ByteReader) throws(ByteReader.Short) {
        engineTime = EventTime(nanoseconds: try reader.read())
        try names.restore(from: &reader)
        try recent.restore(from: &reader)
        traces = KeyedSlab(capacityMax: Limits.tracesMax, secret: Self.secret)
        var traceSlots: [(UInt64, KeyedSlab<TraceMemory>.Kept)] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let key = try reader.read(UInt64.self)
            let order = try reader.read(UInt64.self)
            let touched = try reader.readBool()
            let slot = TraceMemory(
                greatestEnd: try reader.read(), lastAgent: try reader.read(), lastAgentEnd: try reader.read(),
                conversation: try reader.read(),
                turn: try reader.read(), task: try reader.read(), personDigest: try reader.read(), countedAgent: try reader.read(),
                spans: try reader.read(), hasInference: try reader.readBool(), hasAnswers: try reader.readBool(), tokens: try reader.read(),
                picodollars: try reader.read(),
                tokensOfTotals: try reader.read(), tokensUnmarked: try reader.read(), picodollarsUnmarked: try reader.read(),
                counted: CountedCall(span: try reader.read(), tokens: try reader.read(), picodollars: try reader.read()),
                below: CountedCall(span: try reader.read(), tokens: try reader.read(), picodollars: try reader.read()))
            guard key != 0 else { throw ByteReader.Short() }
            traceSlots.append((key, .init(slot: slot, owner: 0, order: order, touched: touched)))
        }
        for (key, kept) in traceSlots.sorted(by: { $0.1.order < $1.1.order }) { traces.restore(key, kept) }
        conversations = KeyedSlab(capacityMax: Limits.tracesMax, secret: Self.secret)
        var conversationSlots: [(UInt64, KeyedSlab<ConversationMemory>.Kept)] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let key = try reader.read(UInt64.self)
            let order = try reader.read(UInt64.self)
            let touched = try reader.readBool()
            let slot = ConversationMemory(
                trace: try reader.read(), turn: try reader.read(), personDigest: try reader.read(),
                tokens: try reader.read(), picodollars: try reader.read())
            guard key != 0, slot.trace != 0 else { throw ByteReader.Short() }
            conversationSlots.append((key, .init(slot: slot, owner: 0, order: order, touched: touched)))
        }
        for (key, kept) in conversationSlots.sorted(by: { $0.1.order < $1.1.order }) { conversations.restore(key, kept) }
        try recentLogs.restore(from: &reader)
        try restoreExceptions(from: &reader)
        try restoreRequests(from: &reader)
        try restoreAnswers(from: &reader)
        fleet = try FleetRoll(from: &reader, secret: Self.secret)
    }

    private func writeExceptions(to writer: inout ByteWriter) {
        let keys = exceptions.sortedKeys()
        writer.write(UInt32(keys.count))
        for key in keys {
            guard let kept = exceptions.peek(key) else { continue }
            for word in [key, kept.order, kept.slot.type, kept.slot.digest] { writer.write(word) }
            writer.write(kept.touched)
            writer.write(kept.slot.flags.rawValue)
        }
    }

    private mutating func restoreExceptions(from reader: inout ByteReader) throws(ByteReader.Short) {
        exceptions = KeyedSlab(capacityMax: Limits.exceptionsMax, secret: Self.secret)
        var slots: [(UInt64, KeyedSlab<ExceptionMemory>.Kept)] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let key = try reader.read(UInt64.self)
            let order = try reader.read(UInt64.self)
            let type = try reader.read(NameHash.self)
            let digest = try reader.read(UInt64.self)
            let touched = try reader.readBool()
            let slot = ExceptionMemory(type: type, digest: digest, flags: SpanFlags(rawValue: try reader.read()))
            guard key != 0 else { throw ByteReader.Short() }
            slots.append((key, .init(slot: slot, owner: 0, order: order, touched: touched)))
        }
        for (key, kept) in slots.sorted(by: { $0.1.order < $1.1.order }) { exceptions.restore(key, kept) }
    }

    private func writeAnswers(to writer: inout ByteWriter) {
        let keys = answers.sortedKeys()
        writer.write(UInt32(keys.count))
        for key in keys {
            guard let kept = answers.peek(key) else { continue }
            for word in [key, kept.order, kept.slot.digest, kept.slot.prompt] { writer.write(word) }
            writer.write(kept.touched)
            for word in [kept.slot.tailBytes, kept.slot.tailRepeats] { writer.write(word) }
            writer.write(kept.slot.kind.rawValue)
        }
    }

    private mutating func restoreAnswers(from reader: inout ByteReader) throws(ByteReader.Short) {
        answers = KeyedSlab(capacityMax: Limits.awaitedAnswersMax, secret: Self.secret)
        var slots: [(UInt64, KeyedSlab<Answer>.Kept)] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let key = try reader.read(UInt64.self)
            let order = try reader.read(UInt64.self)
            var slot = Answer()
            slot.digest = try reader.read()
            slot.prompt = try reader.read()
            let touched = try reader.readBool()
            slot.tailBytes = try reader.read()
            slot.tailRepeats = try reader.read()
            guard key != 0, let kind = Answer.Kind(rawValue: try reader.read()) else { throw ByteReader.Short() }
            slot.kind = kind
            slots.append((key, .init(slot: slot, owner: 0, order: order, touched: touched)))
        }
        for (key, kept) in slots.sorted(by: { $0.1.order < $1.1.order }) { answers.restore(key, kept) }
    }
}
