import KilterMath
import KilterState
import KilterVocabulary

/// State plus batch become findings: the detectors, run under the keyings they belong to.
public enum Detection {
    /// Whether `row` takes part in sequences of calls. Refused calls are neither repeat nor progress, a server's own
    /// span is the other end of a call, a late one is out of sequence.
    public static func isCall(_ row: SpanRecord) -> Bool { withUnsafePointer(to: row) { isCall($0) } }

    // Guard: the pointer is only used here.
    @inline(__always) static func isCall(_ row: UnsafePointer<SpanRecord>) -> Bool {
        row.pointee.kind == .executeTool && row.pointee.place.outcome == .processed
            && row.pointee.flags.isDisjoint(with: [.rateLimited, .blocked, .serverSide])
    }

    /// Whether `row` is a message between agents whose text can be compared.
    // Guard: the pointer is only used here.
    @inline(__always) static func isMessage(_ row: UnsafePointer<SpanRecord>) -> Bool {
        row.pointee.sender != 0 && row.pointee.messageDigest != 0 && row.pointee.place.outcome == .processed
            && row.pointee.kind != .executeTool && row.pointee.flags.isDisjoint(with: [.fromPerson, .blocked, .rateLimited, .logRecord])
    }

    /// Brings the indices of `number`, a shard whose turn is some way off, towards the processor. Changes nothing.
    public static func announce(_ work: ShardWork, _ number: Int, _ shard: borrowing Shard) {
        for position in work.calls.range(number).prefix(announcedMax) { shard.turns.prefetch(work.calls.entries[position].key) }
        for position in work.runRows.range(number).prefix(announcedMax) { shard.runs.prefetch(work.runRows.entries[position].key) }
    }

    /// The same for the slots, once the indices are there.
    public static func summon(_ work: ShardWork, _ number: Int, _ shard: borrowing Shard) {
        for position in work.calls.range(number).prefix(announcedMax) {
            shard.turns.prefetchSlot(work.calls.entries[position].key, lines: CallWindow.hotLines)
        }
        for position in work.runRows.range(number).prefix(announcedMax) {
            shard.runs.prefetchSlot(work.runRows.entries[position].key, lines: MessageBoard.hotLines)
        }
    }

    /// Entries of a shard that are asked for before it is begun; the others follow while it is worked on.
    private static let announcedMax = 16

    /// Agent keying: the calls of each agent's turn, of one shard.
    public static func stepAgents(
        _ work: ShardWork, _ number: Int, _ batch: SpanBatch, _ thresholds: [Thresholds], _ shard: inout Shard,
        into findings: inout [Finding]
    ) {
        let range = work.calls.range(number)
        for position in range {
            let far = position + announcedMax
            if far < range.upperBound { shard.turns.prefetch(work.calls.entries[far].key) }
            let near = position + announcedMax / 2
            if near < range.upperBound, near - range.lowerBound >= announcedMax {
                shard.turns.prefetchSlot(work.calls.entries[near].key, lines: CallWindow.hotLines)
            }
            stepCall(work.calls.entries[position], batch, thresholds, &shard, into: &findings)
        }
    }

    @inline(__always) private static func stepCall(
        _ entry: ShardWork.Entry, _ batch: SpanBatch, _ thresholds: [Thresholds], _ shard: inout Shard,
        into findings: inout [Finding]
    ) {
        batch.rows.withUnsafeBufferPointer { rows in
            // Guard: the entry was made of this batch; the row is only read, and only here.
            guard let row = rows.baseAddress.map({ $0 + Int(entry.row) }) else { return }
            let call = Call(row, tool: batch.strings.hash(row.pointee.tool))
            // Guard: the pointer is used before the slab is changed again.
            let window = shard.turns.findOrInsert(entry.key, owner: row.pointee.place.tenantName, initial: CallWindow()).slot
            guard let sight = window.pointee.observe(call) else { return }
            guard worthJudging(window, sight) else { return }
            let subject = Subject(
                row: row.pointee, strings: batch.strings, record: entry.row,
                thresholds: thresholds[Int(row.pointee.place.thresholdSet)])
            judge(window.pointee, sight, subject, into: &findings)
        }
    }

    /// Most calls repeat nothing and fail nothing; they are done here.
    // Guard: as in `stepAgents`.
    @inline(__always) private static func worthJudging(
        _ window: UnsafeMutablePointer<CallWindow>, _ sight: CallWindow.Sight
    ) -> Bool {
        sight.inWindow > 1 || sight.sameArguments > 1 || window.pointee.errorCount > 1
    }

    private static func judge(
        _ window: CallWindow, _ sight: CallWindow.Sight, _ subject: Subject, into findings: inout [Finding]
    ) {
        let cycle = CallCycle.judge(window, subject)
        let inCycle = (cycle?.severity ?? .info) >= .warning
        if let finding = RepeatedCall.judge(window, sight, inCycle: inCycle, subject) { findings.append(finding) }
        if let cycle { findings.append(cycle) }
        if let finding = ErrorStreak.judge(window, subject) { findings.append(finding) }
    }

    /// Run keying: the messages between the agents of each run, of one shard.
    public static func stepRuns(
        _ work: ShardWork, _ number: Int, _ batch: SpanBatch, _ thresholds: [Thresholds], _ shard: inout Shard,
        into findings: inout [Finding]
    ) {
        let range = work.runRows.range(number)
        for position in range {
            let far = position + announcedMax
            if far < range.upperBound { shard.runs.prefetch(work.runRows.entries[far].key) }
            stepRun(work.runRows.entries[position], batch, thresholds, &shard, into: &findings)
        }
    }

    @inline(__always) private static func stepRun(
        _ entry: ShardWork.Entry, _ batch: SpanBatch, _ thresholds: [Thresholds], _ shard: inout Shard,
        into findings: inout [Finding]
    ) {
        batch.rows.withUnsafeBufferPointer { rows in
            // Guard: as in `stepCall`.
            guard let row = rows.baseAddress.map({ $0 + Int(entry.row) }) else { return }
            if row.pointee.kind == .executeTool {
                // Work only matters where there were messages before it.
                shard.runs.find(entry.key)?.pointee.observeCall(agent: row.pointee.place.agentName)
                return
            }
            // Guard: the pointer is used before the slab is changed again.
            let board = shard.runs.findOrInsert(entry.key, owner: row.pointee.place.tenantName, initial: MessageBoard()).slot
            let counts = thresholds[Int(row.pointee.place.thresholdSet)]
            let finding = MessageStorm.judge(&board.pointee, row, sender: batch.strings.hash(row.pointee.sender), counts) {
                Subject(row: row.pointee, strings: batch.strings, record: entry.row, thresholds: counts)
            }
            if let finding { findings.append(finding) }
        }
    }

    /// A finding in words.
    public static func explain(_ finding: Finding, name: NameLookup) -> Explanation {
        switch finding.detector {
        case .repeatedCall: RepeatedCall.explain(finding, name)
        case .callCycle: CallCycle.explain(finding, name)
        case .errorStreak: ErrorStreak.explain(finding, name)
        case .messageStorm: MessageStorm.explain(finding, name)
        }
    }
}
