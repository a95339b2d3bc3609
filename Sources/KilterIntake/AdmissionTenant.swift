import KilterMath
import KilterVocabulary

/// What admission remembers of one open trace.
struct TraceMemory: BitwiseCopyable {
    /// Greatest end seen: lateness is measured against it.
    var greatestEnd: UInt64 = 0
    var lastAgent: NameHash = 0
    var conversation: NameHash = 0
    /// Identity of the turn that the trace's calls belong to.
    var turn: UInt64 = 0
    /// Digest of the last message a person sent: the same message again does not begin a turn.
    var personDigest: UInt64 = 0
    var spans: UInt32 = 0
}

/// What admission remembers of one conversation.
struct ConversationMemory: BitwiseCopyable {
    var trace: UInt64 = 0
    var turn: UInt64 = 0
    var personDigest: UInt64 = 0
}

/// Intake state of one tenant. What another tenant sends changes nothing in here.
final class Tenant {
    let name: NameHash
    var engineTime = EventTime.zero
    var recent = RecentSpans(horizon: Limits.recentSpansMax)
    var traces = KeyedSlab<TraceMemory>(capacityMax: Limits.tracesMax)
    var conversations = KeyedSlab<ConversationMemory>(capacityMax: Limits.tracesMax)

    /// Ancestors that are looked through for an agent: deeper call trees were not seen.
    private static let ancestorsMax = 16

    init(name: NameHash) { self.name = name }

    @inline(__always) func prefetch(_ trace: TraceID, _ span: UInt64, ahead: Int) {
        recent.prefetch(RecentSpans.key(trace, span), ahead: ahead)
        traces.prefetch(StableHash.combine(trace.high ^ name, trace.low))
    }

    func admit(_ row: inout SpanRecord, _ strings: StringTable) -> Outcome {
        let key = RecentSpans.key(row.trace, row.span)
        guard recent.find(key) == nil else { return .duplicate }
        let parentKey = row.parent == 0 ? 0 : RecentSpans.key(row.trace, row.parent)
        let parent = parentKey == 0 ? nil : recent.find(parentKey)
        let ownAgent = strings.hash(row.agent)
        let namedAgent = ownAgent != 0 ? ownAgent : ancestorAgent(parent)
        recent.add(.init(key: key, parent: parentKey, agent: namedAgent, kind: row.kind))

        let traceKey = StableHash.combine(row.trace.high ^ name, row.trace.low)
        let trace = traces.findOrInsert(traceKey, owner: 0, initial: TraceMemory(turn: traceKey)).slot
        row.place.parentIsInference = parent?.kind.isInference ?? false
        row.place.agentName = namedAgent != 0 ? namedAgent : trace.pointee.lastAgent != 0 ? trace.pointee.lastAgent
            : strings.hash(row.service)
        if namedAgent != 0 { trace.pointee.lastAgent = namedAgent }
        trace.pointee.spans &+= 1

        joinConversation(row, strings.hash(row.conversation), traceKey, trace)
        startTurnOnMessage(row, trace)
        fillKeys(&row, strings, traceKey, trace.pointee)

        engineTime = max(engineTime, EventTime(nanoseconds: row.endNanoseconds))
        row.place.engineTime = engineTime
        let late = row.endNanoseconds &+ Admission.lateness.count < trace.pointee.greatestEnd
        trace.pointee.greatestEnd = max(trace.pointee.greatestEnd, row.endNanoseconds)
        return late ? .late : .processed
    }

    private func ancestorAgent(_ parent: RecentSpans.Entry?) -> NameHash {
        var at = parent
        for _ in 0..<Self.ancestorsMax {
            guard let entry = at else { return 0 }
            if entry.agent != 0 { return entry.agent }
            at = entry.parent == 0 ? nil : recent.find(entry.parent)
        }
        return 0
    }

    /// From the record that first shows a conversation, its trace belongs to it. A trace after one of a single
    /// span continues that one's turn; after one of several spans it begins its own (contract, section 4.5).
    // Guard: the pointer is into `traces`, which nothing below inserts into.
    private func joinConversation(
        _ row: SpanRecord, _ conversation: NameHash, _ traceKey: UInt64, _ trace: UnsafeMutablePointer<TraceMemory>
    ) {
        guard conversation != 0, trace.pointee.conversation != conversation else { return }
        let key = StableHash.combine(name, conversation)
        let (memory, isNew) = conversations.findOrInsert(key, owner: 0, initial: ConversationMemory())
        // The trace that was current may itself have been forgotten; then it was long, or long ago.
        let spansBefore = isNew ? 2 : (traces.find(memory.pointee.trace)?.pointee.spans ?? 2)
        if trace.pointee.spans == 1, spansBefore == 1 {
            trace.pointee.turn = memory.pointee.turn
            trace.pointee.personDigest = memory.pointee.personDigest
        }
        trace.pointee.conversation = conversation
        memory.pointee.trace = traceKey
        memory.pointee.turn = trace.pointee.turn
    }

    /// A person's new message begins a turn; the same message inserted again does not, nor does one that began
    /// before what the trace has shown already: it is the envelope of the turn that it ends.
    // Guard: as above.
    private func startTurnOnMessage(_ row: SpanRecord, _ trace: UnsafeMutablePointer<TraceMemory>) {
        guard row.flags.contains(.fromPerson), row.messageDigest != 0 else { return }
        guard trace.pointee.personDigest != row.messageDigest else { return }
        trace.pointee.personDigest = row.messageDigest
        // The message that opens the trace finds the turn fresh already.
        if trace.pointee.spans > 1, row.startNanoseconds >= trace.pointee.greatestEnd {
            trace.pointee.turn = StableHash.combine(trace.pointee.turn, row.messageDigest ^ row.span)
        }
        guard trace.pointee.conversation != 0,
            let memory = conversations.find(StableHash.combine(name, trace.pointee.conversation))
        else { return }
        memory.pointee.turn = trace.pointee.turn
        memory.pointee.personDigest = row.messageDigest
    }

    private func fillKeys(_ row: inout SpanRecord, _ strings: StringTable, _ traceKey: UInt64, _ trace: TraceMemory) {
        let home = StableHash.combine(name ^ strings.hash(row.environment), strings.hash(row.service))
        row.place.agentKey = StableHash.combine(home, row.place.agentName)
        row.place.turnKey = StableHash.combine(row.place.agentKey, trace.turn)
        row.place.conversationName = trace.conversation
        row.place.runKey = trace.conversation == 0 ? traceKey : StableHash.combine(name, trace.conversation)
        row.place.traceKey = traceKey
    }
}
