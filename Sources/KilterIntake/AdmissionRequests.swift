import KilterMath
import KilterVocabulary

/// The arguments of a call that a model asked for, until the tool's own span comes.
struct RequestMemory: BitwiseCopyable {
    var arguments = Fingerprint.unknown
    var characters: UInt32 = 0
}

// Calls that models asked for, and the tool spans that show nothing but the call's id.
extension TenantMemory {
    /// Call ids are unique to a provider at best; within a trace they are in any case.
    @inline(__always) private func requestKey(_ traceKey: UInt64, _ callID: UInt64) -> UInt64 {
        StableHash.combine(traceKey, callID)
    }

    // Guard: the row is nobody else's while it is admitted.
    @inline(never) mutating func remember(_ calls: ArraySlice<RequestedCall>, of row: UnsafePointer<SpanRecord>) {
        for call in calls {
            let key = requestKey(row.pointee.place.traceKey, call.callID)
            let slot = requests.findOrInsert(key, owner: 0, initial: RequestMemory()).slot
            slot.pointee = RequestMemory(arguments: call.arguments, characters: call.argumentsCharacters)
        }
    }

    /// Gives a bare tool span the arguments that its call was asked for with; false when there is nothing to give.
    // Guard: as above.
    @inline(__always) mutating func takeArguments(of row: UnsafeMutablePointer<SpanRecord>) -> Bool {
        guard requests.count > 0, row.pointee.kind == .executeTool, !row.pointee.arguments.isKnown, row.pointee.callID != 0
        else { return false }
        return requestedArguments(row)
    }

    // Guard: as above.
    @inline(never) private mutating func requestedArguments(_ row: UnsafeMutablePointer<SpanRecord>) -> Bool {
        let key = requestKey(row.pointee.place.traceKey, row.pointee.callID)
        guard let known = requests.find(key)?.pointee else { return false }
        row.pointee.arguments = known.arguments
        if row.pointee.argumentsCharacters == 0 { row.pointee.argumentsCharacters = known.characters }
        return true
    }

    // MARK: Snapshot

    func writeRequests(to writer: inout ByteWriter) {
        let keys = requests.sortedKeys()
        writer.write(UInt32(keys.count))
        for key in keys {
            guard let kept = requests.peek(key) else { continue }
            for word in [key, kept.order, kept.slot.arguments.high, kept.slot.arguments.low] { writer.write(word) }
            writer.write(kept.slot.characters)
            writer.write(kept.touched)
        }
    }

    mutating func restoreRequests(from reader: inout ByteReader) throws(ByteReader.Short) {
        requests = KeyedSlab(capacityMax: Limits.requestsMax, secret: Self.secret)
        var slots: [(UInt64, KeyedSlab<RequestMemory>.Kept)] = []
        for _ in 0..<(try reader.read(UInt32.self)) {
            let key = try reader.read(UInt64.self)
            let order = try reader.read(UInt64.self)
            let arguments = Fingerprint(high: try reader.read(), low: try reader.read())
            let slot = RequestMemory(arguments: arguments, characters: try reader.read())
            guard key != 0 else { throw ByteReader.Short() }
            slots.append((key, .init(slot: slot, owner: 0, order: order, touched: try reader.readBool())))
        }
        for (key, kept) in slots.sorted(by: { $0.1.order < $1.1.order }) { requests.restore(key, kept) }
    }
}
