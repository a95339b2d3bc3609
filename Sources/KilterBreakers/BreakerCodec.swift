import KilterMath
import KilterVocabulary

// Snapshot form of the breakers: tenants and keys in ascending order. The rule of a breaker is written out, so that
// a breaker outlives a change of the configuration.

extension Breakers {
    /// The breakers of each tenant as bytes, tenants ascending.
    public func snapshot() -> [(tenant: NameHash, payload: [UInt8])] {
        tenants.sorted { $0.tenant < $1.tenant }.map { board in
            var writer = ByteWriter()
            writer.write(board.nextSerial)
            writer.write(board.forgottenGeneration)
            writer.write(UInt32(board.breakers.count))
            for key in board.breakers.keys.sorted() {
                if let breaker = board.breakers[key] { breaker.write(to: &writer) }
            }
            let closed = board.closed.filter { board.breakers[$0.key]?.generation == $0.generation }
            writer.write(UInt32(closed.count))
            for entry in closed {
                writer.write(entry.key)
                writer.write(entry.generation)
            }
            return (board.tenant, writer.bytes)
        }
    }

    /// Replaces the breakers of `tenant` by those of a snapshot.
    public mutating func restore(tenant: NameHash, from reader: inout ByteReader) throws(ByteReader.Short) {
        var board = Board(tenant: tenant)
        board.nextSerial = try reader.read()
        board.forgottenGeneration = try reader.read()
        for _ in 0..<(try reader.read(UInt32.self)) {
            let breaker = try Breaker(from: &reader)
            if breaker.state != .closed {
                board.away += 1
                board.halfOpen += breaker.state == .halfOpen ? 1 : 0
                board.deadlines.push(breaker.scopeKey, at: breaker.deadline, serial: breaker.serial)
            }
            for other in breaker.otherKeys { board.aliases[other] = breaker.scopeKey }
            board.breakers[breaker.scopeKey] = breaker
        }
        for _ in 0..<(try reader.read(UInt32.self)) {
            board.closed.append((try reader.read(), try reader.read()))
        }
        if let known = tenants.firstIndex(where: { $0.tenant == tenant }) { tenants[known] = board } else { tenants.append(board) }
    }
}

extension Breaker {
    func write(to writer: inout ByteWriter) {
        writer.write(rule.scope.rawValue)
        writer.write(UInt8(rule.on.count))
        for detector in rule.on { writer.write(detector.rawValue) }
        writer.write(rule.mode.rawValue)
        writer.write(rule.coolDown.count)
        writer.write(rule.probePermits)
        writer.write(rule.onSilence.rawValue)
        writer.write(id)
        for word in [scopeKey, serial, generation, deadline.nanoseconds, backOff] { writer.write(word) }
        writer.write(passed)
        for text in [state.rawValue, cause, reason, advice] { writer.write(text) }
        for text in [aliases.tenant, aliases.environment, aliases.service, aliases.agent, aliases.run] { writer.write(text) }
        writer.write(optional: aliases.conversation)
        writer.write(UInt32(aliases.traces.count))
        for trace in aliases.traces { writer.write(trace) }
        writer.write(UInt32(otherKeys.count))
        for key in otherKeys { writer.write(key) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        let rule = try Self.readRule(&reader)
        let id = try reader.readString()
        let scopeKey = try reader.read(UInt64.self)
        let serial = try reader.read(UInt64.self)
        self.init(rule: rule, id: id, scopeKey: scopeKey, serial: serial, aliases: ScopeAliases())
        generation = try reader.read()
        deadline = EventTime(nanoseconds: try reader.read())
        backOff = min(try reader.read(), Self.backOffMax)
        passed = try reader.read()
        guard let state = BreakerState(rawValue: try reader.readString()) else { throw ByteReader.Short() }
        self.state = state
        cause = try reader.readString()
        reason = try reader.readString()
        advice = try reader.readString()
        aliases.tenant = try reader.readString()
        aliases.environment = try reader.readString()
        aliases.service = try reader.readString()
        aliases.agent = try reader.readString()
        aliases.run = try reader.readString()
        aliases.conversation = try reader.readOptionalString()
        for _ in 0..<(try reader.read(UInt32.self)) { aliases.traces.append(try reader.readString()) }
        for _ in 0..<(try reader.read(UInt32.self)) { otherKeys.append(try reader.read()) }
    }

    private static func readRule(_ reader: inout ByteReader) throws(ByteReader.Short) -> BreakerRule {
        guard let scope = BreakerScope(rawValue: try reader.readString()) else { throw ByteReader.Short() }
        var on: [DetectorID] = []
        for _ in 0..<(try reader.read(UInt8.self)) {
            guard let detector = DetectorID(rawValue: try reader.read()) else { throw ByteReader.Short() }
            on.append(detector)
        }
        guard let mode = BreakerMode(rawValue: try reader.readString()) else { throw ByteReader.Short() }
        let coolDown = Nanoseconds(try reader.read())
        let permits = try reader.read(UInt32.self)
        guard let silence = BreakerEvent.OnSilence(rawValue: try reader.readString()) else { throw ByteReader.Short() }
        return BreakerRule(
            scope: scope, on: on, mode: mode, coolDown: coolDown, probePermits: permits, onSilence: silence)
    }
}
