import KilterMath
import KilterState
import KilterVocabulary

/// What verdicts are measured by during one step: the counts in effect, and what was learned across runs.
public struct Standards: Sendable {
    public var thresholds: [Thresholds]
    public var acknowledged: AcknowledgedResults
    public var budget: FalseAlarmBudget
    /// Agents have some of them by the bits of their `Thresholds.windows`.
    public var windows: [MaintenanceWindow]

    public init(
        thresholds: [Thresholds] = [.published], acknowledged: AcknowledgedResults = AcknowledgedResults(),
        budget: FalseAlarmBudget = FalseAlarmBudget(), windows: [MaintenanceWindow] = []
    ) {
        self.windows = windows
        self.thresholds = thresholds
        self.acknowledged = acknowledged
        self.budget = budget
    }
}

extension Standards {
    /// The set of thresholds that state refers to; where bytes from outside refer to none, the one that all have.
    @inline(__always) func of(_ thresholdSet: UInt16) -> Thresholds {
        thresholds.indices.contains(Int(thresholdSet)) ? thresholds[Int(thresholdSet)] : thresholds[0]
    }

    /// Whether nothing is to be said of an agent with a set of thresholds by a detector. What it would say is known all the same.
    @inline(__always) func isSilenced(_ detector: DetectorID, _ thresholdSet: UInt16) -> Bool {
        of(thresholdSet).silenced.contains(DetectorSet(detector))
    }

    /// Whether an agent with a set of thresholds is under maintenance at an instant of event time.
    @inline(__always) func isMaintained(_ thresholdSet: UInt16, at nanoseconds: UInt64) -> Bool {
        windows.isEmpty ? false : window(thresholdSet, EventTime(nanoseconds: nanoseconds)) != nil
    }

    /// The window of the agent that an instant falls into; of several the one that lasts longest.
    func window(_ thresholdSet: UInt16, _ time: EventTime) -> MaintenanceWindow? {
        let mask = of(thresholdSet).windows
        var found: MaintenanceWindow?
        for (index, window) in windows.enumerated() where index < 64 && mask & 1 << UInt64(index) != 0 && window.contains(time) {
            if found.map({ $0.to < window.to }) ?? true { found = window }
        }
        return found
    }
}

extension Standards {
    /// Whether a window of the agent overlaps a stretch of event time.
    func isMaintained(_ thresholdSet: UInt16, from: EventTime, to: EventTime) -> Bool {
        guard !windows.isEmpty else { return false }
        let mask = of(thresholdSet).windows
        return windows.indices.contains { $0 < 64 && mask & 1 << UInt64($0) != 0 && windows[$0].from < to && from < windows[$0].to }
    }
}

/// What a step brought to light: claims, and what is to be learned from it.
public struct Found: Sendable {
    public var findings: [Finding] = []
    public var votes: [AcknowledgementVote] = []
    public var dialogues: [DialogueMark] = []
    /// Runs that ended, each for the service of its agent.
    public var groupRuns: [GroupRun] = []

    public init() {}

    public var isEmpty: Bool { findings.isEmpty && votes.isEmpty && dialogues.isEmpty && groupRuns.isEmpty }
}

/// State plus batch become findings: the detectors, run under the keyings they belong to.
public enum Detection {
    /// Whether `row` takes part in sequences of calls. Refused calls are neither repeat nor progress, a server's own
    /// span is the other end of a call, a late one is out of sequence.
    public static func isCall(_ row: SpanRecord) -> Bool { withUnsafePointer(to: row) { isCall($0) } }

    // Guard: the pointer is only used here.
    @inline(__always) static func isCall(_ row: UnsafePointer<SpanRecord>) -> Bool {
        row.pointee.kind == .executeTool && row.pointee.place.outcome == .processed && row.pointee.place.toolClass != .ignore
            && row.pointee.flags.isDisjoint(with: [.rateLimited, .blocked, .serverSide])
    }

    /// Whether `row` is a message from an agent; its text may be unknown.
    // Guard: the pointer is only used here.
    @inline(__always) static func isMessage(_ row: UnsafePointer<SpanRecord>) -> Bool {
        row.pointee.sender != 0 && row.pointee.place.outcome == .processed
            && row.pointee.kind != .executeTool && row.pointee.flags.isDisjoint(with: [.fromPerson, .blocked, .rateLimited, .logRecord])
    }

    /// Brings the indices of `number`, a shard whose turn is some way off, towards the processor. Changes nothing; a shard
    /// that is only read would be copied.
    public static func announce(_ work: ShardWork, _ number: Int, _ shard: inout Shard) {
        for position in work.calls.range(number).prefix(announcedMax) { shard.turns.prefetch(work.calls.entries[position].key) }
        for position in work.runRows.range(number).prefix(announcedMax) { shard.runs.prefetch(work.runRows.entries[position].key) }
    }

    /// The same for the slots, once the indices are there.
    public static func summon(_ work: ShardWork, _ number: Int, _ shard: inout Shard) {
        for position in work.calls.range(number).prefix(announcedMax) {
            shard.turns.prefetchSlot(work.calls.entries[position].key, lines: CallWindow.hotLines)
        }
        for position in work.runRows.range(number).prefix(announcedMax) {
            shard.runs.prefetchSlot(work.runRows.entries[position].key, lines: MessageBoard.hotLines)
        }
    }

    /// Entries of a shard that are asked for before it is begun; the others follow while it is worked on.
    private static let announcedMax = 16

    /// Agent keying: the calls and answers of each agent's turn, of one shard.
    public static func stepAgents(
        _ work: ShardWork, _ number: Int, _ batch: SpanBatch, _ standards: Standards, _ shard: inout Shard,
        into found: inout Found
    ) {
        let range = work.calls.range(number)
        for position in range {
            let far = position + announcedMax
            if far < range.upperBound { shard.turns.prefetch(work.calls.entries[far].key) }
            let near = position + announcedMax / 2
            if near < range.upperBound, near - range.lowerBound >= announcedMax {
                shard.turns.prefetchSlot(work.calls.entries[near].key, lines: CallWindow.hotLines)
            }
            stepCall(work.calls.entries[position], batch, standards, &shard, into: &found)
        }
    }

    @inline(__always) private static func stepCall(
        _ entry: ShardWork.Entry, _ batch: SpanBatch, _ standards: Standards, _ shard: inout Shard, into found: inout Found
    ) {
        batch.rows.withUnsafeBufferPointer { rows in
            // Guard: the entry was made of this batch; the row is only read, and only here.
            guard let row = rows.baseAddress.map({ $0 + Int(entry.row) }) else { return }
            guard row.pointee.kind == .executeTool else {
                return stepAnswer(entry, row, batch.strings, standards, &shard, into: &found.findings)
            }
            let call = Call(row, tool: batch.strings.hash(row.pointee.tool))
            // Guard: the pointer is used before the slab is changed again.
            let window = shard.turns.findOrInsert(entry.key, owner: row.pointee.place.tenantName, initial: CallWindow()).slot
            guard let sight = window.pointee.observe(call) else { return }
            let novelty = noteNovelty(window, call, row, entry.key, standards.acknowledged, &shard)
            guard worthJudging(window, sight, novelty) else { return }
            var subject = Subject(
                row: row.pointee, strings: batch.strings, record: entry.row,
                thresholds: standards.thresholds[Int(row.pointee.place.thresholdSet)])
            if row.pointee.place.toolClass == .poll { subject.thresholds = subject.thresholds.forPolling }
            if sight.sameResult.count > 1 {
                found.votes.append(
                    AcknowledgementVote(
                        record: entry.row, tenant: row.pointee.place.tenantName, result: call.told, run: row.pointee.place.runKey))
            }
            judge(window.pointee, sight, call, novelty?.pointee, subject, standards.acknowledged, into: &found.findings)
        }
    }

    // Guard: as in `stepCall`.
    private static func stepAnswer(
        _ entry: ShardWork.Entry, _ row: UnsafePointer<SpanRecord>, _ strings: StringTable, _ standards: Standards,
        _ shard: inout Shard, into findings: inout [Finding]
    ) {
        let calls = shard.turns.find(entry.key)?.pointee.spansSeen ?? 0
        // Guard: the pointer is used before the slab is changed again.
        let memory = shard.answers.findOrInsert(entry.key, owner: row.pointee.place.tenantName, initial: AnswerMemory()).slot
        if row.pointee.messageDigest != 0, isMessage(row) { memory.pointee.observeMessage(row) }
        guard ReasoningLoop.concerns(row), memory.pointee.observe(row, calls: calls) else { return }
        let counts = standards.thresholds[Int(row.pointee.place.thresholdSet)]
        ReasoningLoop.judge(
            memory.pointee, row.pointee.answer, counts,
            subject: { Subject(row: row.pointee, strings: strings, record: entry.row, thresholds: counts) }, into: &findings)
    }

    /// Counts the call into the novelty of its turn, once that is long enough to have one.
    // Guard: as in `stepAgents`; the pointer that comes back is used before the slab is changed again.
    @inline(__always) private static func noteNovelty(
        _ window: UnsafeMutablePointer<CallWindow>, _ call: Call, _ row: UnsafePointer<SpanRecord>, _ key: UInt64,
        _ acknowledged: AcknowledgedResults, _ shard: inout Shard
    ) -> UnsafeMutablePointer<NoveltyWindow>? {
        guard window.pointee.calls >= Limits.noveltyFrom else { return nil }
        let tenant = row.pointee.place.tenantName
        // Guard: as above.
        let novelty: UnsafeMutablePointer<NoveltyWindow>
        if let known = shard.longTurns.find(key) {
            novelty = known
        } else {
            novelty = shard.longTurns.findOrInsert(key, owner: tenant, initial: window.pointee.noveltyBefore()).slot
        }
        novelty.pointee.observe(call) {
            if row.pointee.place.toolClass == .poll || row.pointee.flags.contains(.briefResult) { return true }
            return acknowledged.contains(call.told, tenant: tenant, besides: row.pointee.place.runKey)
        }
        return novelty
    }

    /// Most calls repeat nothing and fail nothing; they are done here.
    // Guard: as in `stepAgents`.
    @inline(__always) private static func worthJudging(
        _ window: UnsafeMutablePointer<CallWindow>, _ sight: CallWindow.Sight, _ novelty: UnsafeMutablePointer<NoveltyWindow>?
    ) -> Bool {
        if sight.inWindow > 1 || sight.sameArguments > 1 || sight.sameResult.count > 1 || window.pointee.errorCount > 1 { return true }
        if sight.grew || sight.wasUnknownTool || sight.wasNear { return true }
        guard let novelty else { return false }
        // A call that repeats one from long ago is in no window, only here.
        return novelty.pointee.newPairs & 1 == 0 || novelty.pointee.newCalls & 1 == 0
    }

    private static func judge(
        _ window: CallWindow, _ sight: CallWindow.Sight, _ call: Call, _ novelty: NoveltyWindow?, _ subject: Subject,
        _ acknowledged: AcknowledgedResults, into findings: inout [Finding]
    ) {
        let cycle = CallCycle.judge(window, subject)
        let inCycle = (cycle?.severity ?? .info) >= .warning
        let place = subject.row.place
        let repeated = RepeatedCall.judge(
            window, sight, inCycle: inCycle,
            isAcknowledgement: acknowledged.contains(call.told, tenant: place.tenantName, besides: place.runKey), subject)
        if let repeated { findings.append(repeated) }
        if let cycle { findings.append(cycle) }
        if let finding = Stagnation.judge(sight, call, subject, acknowledged) { findings.append(finding) }
        if let novelty {
            let said = [repeated?.severity, cycle?.severity].compactMap { $0 }.max()
            let finding = NoveltyCollapse.judge(novelty, resultKnown: call.outcome != 0, louderThan: said, subject)
            if let finding { findings.append(finding) }
        }
        if let finding = ErrorStreak.judge(window, subject) { findings.append(finding) }
        if let finding = UnknownTool.judge(window, sight, subject) { findings.append(finding) }
        if let finding = GrowingCall.judge(window, sight, subject) { findings.append(finding) }
    }

    /// Agent keying: the tools of each agent, of one shard.
    public static func stepHabits(
        _ work: ShardWork, _ number: Int, _ batch: SpanBatch, _ standards: Standards, _ shard: inout Shard,
        into found: inout Found
    ) {
        let range = work.agentCalls.range(number)
        for position in range {
            let far = position + announcedMax
            if far < range.upperBound { shard.repertoires.prefetch(work.agentCalls.entries[far].key) }
            stepHabit(work.agentCalls.entries[position], batch, standards, &shard, into: &found.findings)
        }
    }

    @inline(__always) private static func stepHabit(
        _ entry: ShardWork.Entry, _ batch: SpanBatch, _ standards: Standards, _ shard: inout Shard,
        into findings: inout [Finding]
    ) {
        batch.rows.withUnsafeBufferPointer { rows in
            // Guard: as in `stepCall`.
            guard let row = rows.baseAddress.map({ $0 + Int(entry.row) }) else { return }
            let tool = batch.strings.hash(row.pointee.tool)
            // A tool that is not there is not used.
            guard tool != 0, !row.pointee.flags.contains(.unknownTool) else { return }
            guard !standards.isMaintained(row.pointee.place.thresholdSet, at: row.pointee.endNanoseconds) else { return }
            // Guard: the pointer is used before the slab is changed again.
            let repertoire = shard.repertoires.findOrInsert(entry.key, owner: row.pointee.place.tenantName, initial: Repertoire()).slot
            let sight = repertoire.pointee.observe(Repertoire.Use(row, tool: tool))
            guard sight.isNew else { return }
            let counts = standards.thresholds[Int(row.pointee.place.thresholdSet)]
            let subject = { Subject(row: row.pointee, strings: batch.strings, record: entry.row, thresholds: counts) }
            if let finding = NewTool.judge(sight, row, counts, subject: subject) { findings.append(finding) }
            if let finding = NewTransition.judge(sight, counts, subject: subject) { findings.append(finding) }
        }
    }

    /// Run keying: the messages between the agents of each run, of one shard.
    public static func stepRuns(
        _ work: ShardWork, _ number: Int, _ batch: SpanBatch, _ standards: Standards, _ shard: inout Shard,
        into found: inout Found
    ) {
        let range = work.runRows.range(number)
        // Subjects are made of the batch, by closures: with a pointer they are made without counting references.
        withUnsafePointer(to: batch) { batch in
            for position in range {
                let far = position + announcedMax
                if far < range.upperBound { shard.runs.prefetch(work.runRows.entries[far].key) }
                stepRun(work.runRows.entries[position], batch, standards, &shard, into: &found)
            }
        }
    }

    // Guard: the batch is only read, and only here.
    @inline(__always) private static func stepRun(
        _ entry: ShardWork.Entry, _ batch: UnsafePointer<SpanBatch>, _ standards: Standards, _ shard: inout Shard,
        into found: inout Found
    ) {
        batch.pointee.rows.withUnsafeBufferPointer { rows in
            // Guard: as in `stepCall`.
            guard let row = rows.baseAddress.map({ $0 + Int(entry.row) }) else { return }
            if row.pointee.kind == .executeTool {
                if DuplicateSideEffect.concerns(row) {
                    let counts = standards.thresholds[Int(row.pointee.place.thresholdSet)]
                    let key = DuplicateSideEffect.key(row, tool: batch.pointee.strings.hash(row.pointee.tool))
                    // Guard: the pointer is used before the slab is changed again.
                    let memory = shard.effects.findOrInsert(key, owner: row.pointee.place.tenantName, initial: EffectMemory()).slot
                    let finding = DuplicateSideEffect.judge(&memory.pointee, row, counts) {
                        Subject(row: row.pointee, strings: batch.pointee.strings, record: entry.row, thresholds: counts)
                    }
                    if let finding { found.findings.append(finding) }
                }
                // Work only matters where there were messages before it.
                guard let board = shard.runs.find(entry.key) else { return }
                board.pointee.observeCall(agent: row.pointee.place.agentName)
                shard.graphs.find(entry.key)?.pointee.observeCall(agent: row.pointee.place.agentName)
                return
            }
            judgeMessage(entry, row, batch, standards.thresholds[Int(row.pointee.place.thresholdSet)], &shard, into: &found)
        }
    }

    // Guard: as in `stepCall`.
    private static func judgeMessage(
        _ entry: ShardWork.Entry, _ row: UnsafePointer<SpanRecord>, _ batch: UnsafePointer<SpanBatch>, _ counts: Thresholds,
        _ shard: inout Shard, into found: inout Found
    ) {
        let sender = batch.pointee.strings.hash(row.pointee.sender), record = entry.row
        func subject() -> Subject { Subject(row: row.pointee, strings: batch.pointee.strings, record: record, thresholds: counts) }
        let isToOther = sender != row.pointee.place.agentName && row.pointee.place.agentName != 0
        if row.pointee.messageDigest != 0 || isToOther {
            // Guard: the pointer is used before the slab is changed again.
            let board = shard.runs.findOrInsert(entry.key, owner: row.pointee.place.tenantName, initial: MessageBoard()).slot
            if row.pointee.messageDigest != 0 {
                let storm = MessageStorm.judge(&board.pointee, row, sender: sender, counts, subject: subject)
                if let storm { found.findings.append(storm) }
            }
            if isToOther, let dialogue = board.pointee.observeDialogue(row, sender: sender) {
                found.dialogues.append(DialogueMark(record: entry.row, tenant: row.pointee.place.tenantName, dialogue: dialogue))
            }
        }
        guard isToOther else { return }
        // Guard: as above.
        let graph = shard.graphs.findOrInsert(entry.key, owner: row.pointee.place.tenantName, initial: AgentGraph()).slot
        guard let sight = graph.pointee.observe(AgentGraph.Message(row, sender: sender)) else { return }
        // What goes round in a circle is the circle's to tell.
        if let cycle = MessageCycle.judge(&graph.pointee, sight, counts, sender: sender, subject: subject) {
            found.findings.append(cycle)
        } else if let growth = MessageGrowth.judge(&graph.pointee, sight, counts, sender: sender, subject: subject) {
            found.findings.append(growth)
        }
    }

    /// A finding in words.
    /// - Parameter budget: the false alarms that may be seen, as the configuration says it.
    public static func explain(_ finding: Finding, budget: String = "", name: NameLookup) -> Explanation {
        switch finding.detector {
        case .repeatedCall: RepeatedCall.explain(finding, name)
        case .callCycle: CallCycle.explain(finding, name)
        case .stagnation: Stagnation.explain(finding, name)
        case .noveltyCollapse: NoveltyCollapse.explain(finding, name)
        case .duplicateSideEffect: DuplicateSideEffect.explain(finding, name)
        case .reasoningLoop: ReasoningLoop.explain(finding, name)
        case .errorStreak: ErrorStreak.explain(finding, name)
        case .unknownTool: UnknownTool.explain(finding, name)
        case .growingCall: GrowingCall.explain(finding, name)
        case .messageStorm: MessageStorm.explain(finding, name)
        case .messageCycle: MessageCycle.explain(finding, name)
        case .messageGrowth: MessageGrowth.explain(finding, name)
        case .newTool: NewTool.explain(finding, name)
        case .newTransition: NewTransition.explain(finding, name)
        case .drift, .burst, .mixDrift: SignalWords.explain(finding, name, budget: budget)
        case .versionChange: VersionChange.explain(finding, name)
        case .vectorDrift: VectorDrift.explain(finding, name, budget: budget)
        case .outlier: Outlier.explain(finding, name, budget: budget)
        case .silence: Silence.explain(finding, name, budget: budget)
        case .poisoning: Poisoning.explain(finding, name, budget: budget)
        }
    }
}
