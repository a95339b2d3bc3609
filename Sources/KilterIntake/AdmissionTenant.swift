import KilterMath
import KilterVocabulary

/// What admission remembers of one open trace.
struct TraceMemory: BitwiseCopyable {
    /// Greatest end seen: lateness is measured against it.
    var greatestEnd: UInt64 = 0
    var lastAgent: NameHash = 0
    /// End of the invocation that told the last agent; zero when another span did.
    var lastAgentEnd: UInt64 = 0
    var conversation: NameHash = 0
    /// Identity of the turn that the trace's calls belong to.
    var turn: UInt64 = 0
    /// The turn in which the trace began: baselines take all that follows in it for one run, whatever a person says in between.
    var task: UInt64 = 0
    /// Digest of the last message a person sent: the same message again does not begin a turn.
    var personDigest: UInt64 = 0
    /// The agent that was last counted among the living.
    var countedAgent: UInt64 = 0
    var spans: UInt32 = 0
    /// A model was asked in this trace, so totals of agents and workflows repeat what is counted already.
    var hasInference = false
    /// A model's answer was shown in this trace, so what agents answer as a whole repeats it.
    var hasAnswers = false
    /// Spent in this trace: tokens of inference and their cost.
    var tokens: UInt64 = 0
    var picodollars: UInt64 = 0
    /// Tokens that only a total has told so far; the calls it sums up may still come.
    var tokensOfTotals: UInt64 = 0
    /// What the conversation had spent beyond what the marks of this trace count (modulo 2^64).
    var tokensUnmarked: UInt64 = 0
    var picodollarsUnmarked: UInt64 = 0
    /// The last model call that was counted, and what it spent.
    var counted = CountedCall()
    /// What the last model calls below one span spent together, under the key of that span.
    var below = CountedCall()
}

extension TraceMemory {
    /// The last agent of the trace, for a row without one of its own. Not for a row inside a span that is still open, when the
    /// last agent's invocation was over before the row began: then that span will name another agent.
    // Guard: the pointer is only used here.
    @inline(__always) func agent(of row: UnsafePointer<SpanRecord>, _ isInOpenSpan: Bool) -> NameHash? {
        if isInOpenSpan, lastAgentEnd != 0, row.pointee.startNanoseconds >= lastAgentEnd { return nil }
        return lastAgent == 0 ? nil : lastAgent
    }

    // Guard: as above.
    @inline(__always) mutating func noteAgent(_ agent: NameHash, _ row: UnsafePointer<SpanRecord>, isOwn: Bool) {
        lastAgent = agent
        let isInvocation = isOwn && row.pointee.kind == .invokeAgent && row.pointee.endNanoseconds > row.pointee.startNanoseconds
        lastAgentEnd = isInvocation ? row.pointee.endNanoseconds : 0
    }
}

/// What a model call spent, under the key of a span: zero is none.
struct CountedCall: BitwiseCopyable {
    var span: UInt64 = 0
    var tokens: UInt64 = 0
    var picodollars: UInt64 = 0
}

/// What admission remembers of one conversation.
struct ConversationMemory: BitwiseCopyable {
    var trace: UInt64 = 0
    var turn: UInt64 = 0
    var personDigest: UInt64 = 0
    /// Spent in all traces of the conversation.
    var tokens: UInt64 = 0
    var picodollars: UInt64 = 0
}

/// The exception of a span, told by a log record before the span itself came.
struct ExceptionMemory: BitwiseCopyable {
    var type: NameHash = 0
    var digest: UInt64 = 0
    var flags: SpanFlags = []
}

/// The names that admission asks a row for, as hashes.
struct RowNames: BitwiseCopyable {
    var environment: NameHash
    var service: NameHash
    var agent: NameHash
    var conversation: NameHash

    // Guard: the pointer is only used here.
    @inline(__always) init(_ row: UnsafePointer<SpanRecord>, _ strings: borrowing StringTable) {
        environment = strings.hash(row.pointee.environment)
        service = strings.hash(row.pointee.service)
        agent = strings.hash(row.pointee.agent)
        conversation = strings.hash(row.pointee.conversation)
    }
}

/// One tenant and the memory it owns.
final class Tenant {
    let name: NameHash
    // Guard: allocated in init, freed in deinit; `Admission` alone uses it, one thread at a time.
    let memory: UnsafeMutablePointer<TenantMemory>

    init(name: NameHash, number: Int) {
        self.name = name
        memory = .allocate(capacity: 1)
        memory.initialize(to: TenantMemory(name: name, number: number))
    }

    deinit {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }
}

/// Intake state of one tenant. What another tenant sends changes nothing in here.
struct TenantMemory: ~Copyable {
    let name: NameHash
    var engineTime = EventTime.zero
    var names: NameTable
    var recent = RecentSpans(horizon: Limits.recentSpansMax, secret: Self.secret)
    var traces = KeyedSlab<TraceMemory>(capacityMax: Limits.tracesMax, secret: Self.secret)
    var conversations = KeyedSlab<ConversationMemory>(capacityMax: Limits.tracesMax, secret: Self.secret)
    var recentLogs = RecentSpans(horizon: Limits.recentLogsMax, secret: Self.secret)
    var requests = KeyedSlab<RequestMemory>(capacityMax: Limits.requestsMax, secret: Self.secret)
    var exceptions = KeyedSlab<ExceptionMemory>(capacityMax: Limits.exceptionsMax, secret: Self.secret)
    /// Answers that log records told before their spans came.
    var answers = KeyedSlab<Answer>(capacityMax: Limits.awaitedAnswersMax, secret: Self.secret)
    var fleet = FleetRoll(secret: Self.secret)

    /// Where keys lie in the indices of this process; no output depends on it.
    static let secret = UInt64.random(in: .min ... .max)

    /// Ancestors that are looked through for an agent: deeper call trees were not seen.
    private static let ancestorsMax = 16

    init(name: NameHash, number: Int) {
        self.name = name
        names = NameTable(tenant: number)
    }

    @inline(__always) func traceKey(_ trace: TraceID) -> UInt64 { StableHash.combine(trace.high ^ name, trace.low) }

    @inline(__always) func prefetch(
        _ trace: TraceID, _ span: UInt64, _ parent: UInt64, _ conversation: NameHash, ahead: Int
    ) {
        recent.prefetch(RecentSpans.key(trace, span))
        if parent != 0 { recent.prefetch(RecentSpans.key(trace, parent)) }
        recent.prefetchLeaving(ahead: ahead)
        traces.prefetch(traceKey(trace))
        if conversation != 0 { conversations.prefetch(StableHash.combine(name, conversation)) }
    }

    @inline(__always) func prefetchSlots(_ trace: TraceID) { traces.prefetchSlot(traceKey(trace), lines: 1) }

    // Guard: the row is nobody else's while it is admitted.
    mutating func admit(_ row: UnsafeMutablePointer<SpanRecord>, _ names: RowNames) -> Outcome {
        let key = RecentSpans.key(row.pointee.trace, row.pointee.span)
        guard recent.find(key) == nil else { return .duplicate }
        let parentKey = row.pointee.parent == 0 ? 0 : RecentSpans.key(row.pointee.trace, row.pointee.parent)
        let parent = parentKey == 0 ? nil : recent.find(parentKey)
        let namedAgent = names.agent != 0 ? names.agent : ancestorAgent(parent)
        recent.add(.init(key: key, parent: parentKey, agent: namedAgent, kind: row.pointee.kind))

        let traceKey = self.traceKey(row.pointee.trace)
        let trace = traces.findOrInsert(traceKey, owner: 0, initial: TraceMemory(turn: traceKey, task: traceKey)).slot
        row.pointee.place.parentIsInference = parent?.kind.isInference ?? false
        let isInOpenSpan = parentKey != 0 && parent == nil
        row.pointee.place.agentName = namedAgent != 0 ? namedAgent : trace.pointee.agent(of: row, isInOpenSpan) ?? names.service
        if namedAgent != 0 { trace.pointee.noteAgent(namedAgent, row, isOwn: names.agent != 0) }
        trace.pointee.spans &+= 1

        joinConversation(names.conversation, traceKey, trace)
        startTurnOnMessage(row, trace)
        fillKeys(row, names, traceKey, trace)
        spend(row, trace)
        if answers.count > 0, row.pointee.answer.kind == .absent { takeAnswer(of: row) }
        if row.pointee.answer.kind != .absent { settleAnswer(row, trace) }

        let end = row.pointee.endNanoseconds
        engineTime = max(engineTime, EventTime(nanoseconds: end))
        row.pointee.place.engineTime = engineTime
        if trace.pointee.countedAgent != row.pointee.place.agentKey {
            trace.pointee.countedAgent = row.pointee.place.agentKey
            fleet.note(row.pointee.place.agentKey, at: engineTime)
        }
        row.pointee.place.fleet = fleet.size
        let late = end &+ Admission.lateness.count < trace.pointee.greatestEnd
        trace.pointee.greatestEnd = max(trace.pointee.greatestEnd, end)
        return late ? .late : .processed
    }

    /// The answer of an agent as a whole counts only where its model's are not shown: one text, one answer.
    // Guard: as above.
    private func settleAnswer(_ row: UnsafeMutablePointer<SpanRecord>, _ trace: UnsafeMutablePointer<TraceMemory>) {
        if row.pointee.kind.answers {
            trace.pointee.hasAnswers = true
        } else if trace.pointee.hasAnswers {
            row.pointee.answer.kind = .absent
        }
    }

    func ancestorAgent(_ parent: RecentSpans.Entry?) -> NameHash {
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
    @inline(__always) private mutating func joinConversation(
        _ conversation: NameHash, _ traceKey: UInt64, _ trace: UnsafeMutablePointer<TraceMemory>
    ) {
        guard conversation != 0, trace.pointee.conversation != conversation else { return }
        let key = StableHash.combine(name, conversation)
        let (memory, isNew) = conversations.findOrInsert(key, owner: 0, initial: ConversationMemory())
        // The trace that was current may itself have been forgotten; then it was long, or long ago.
        let spansBefore = isNew ? 2 : (traces.find(memory.pointee.trace)?.pointee.spans ?? 2)
        if trace.pointee.spans == 1, spansBefore == 1 {
            trace.pointee.turn = memory.pointee.turn
            trace.pointee.task = memory.pointee.turn
            trace.pointee.personDigest = memory.pointee.personDigest
        }
        carrySpending(of: trace, to: memory)
        trace.pointee.conversation = conversation
        memory.pointee.trace = traceKey
        memory.pointee.turn = trace.pointee.turn
    }

    /// A person's new message begins a turn; the same message inserted again does not, nor does one that began
    /// before what the trace has shown already: it is the envelope of the turn that it ends.
    // Guard: as above.
    private mutating func startTurnOnMessage(_ row: UnsafePointer<SpanRecord>, _ trace: UnsafeMutablePointer<TraceMemory>) {
        let digest = row.pointee.messageDigest
        guard row.pointee.flags.contains(.fromPerson), digest != 0 else { return }
        guard trace.pointee.personDigest != digest else { return }
        trace.pointee.personDigest = digest
        // The message that opens the trace finds the turn fresh already.
        if trace.pointee.spans > 1, row.pointee.startNanoseconds >= trace.pointee.greatestEnd {
            trace.pointee.turn = StableHash.combine(trace.pointee.turn, digest ^ row.pointee.span)
        }
        guard trace.pointee.conversation != 0,
            let memory = conversations.find(StableHash.combine(name, trace.pointee.conversation))
        else { return }
        memory.pointee.turn = trace.pointee.turn
        memory.pointee.personDigest = digest
    }

    // Guard: as above.
    @inline(__always) func fillKeys(
        _ row: UnsafeMutablePointer<SpanRecord>, _ names: RowNames, _ traceKey: UInt64,
        _ trace: UnsafePointer<TraceMemory>
    ) {
        let home = StableHash.combine(name ^ names.environment, names.service)
        let conversation = trace.pointee.conversation
        row.pointee.place.agentKey = StableHash.combine(home, row.pointee.place.agentName)
        row.pointee.place.turnKey = StableHash.combine(row.pointee.place.agentKey, trace.pointee.turn)
        row.pointee.place.taskKey = StableHash.combine(row.pointee.place.agentKey, trace.pointee.task)
        row.pointee.place.turn = trace.pointee.turn
        row.pointee.place.conversationName = conversation
        row.pointee.place.runKey = conversation == 0 ? traceKey : StableHash.combine(name, conversation)
        row.pointee.place.traceKey = traceKey
    }
}
