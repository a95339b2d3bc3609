import KilterMath
import KilterState
import KilterVocabulary

/// The rows of one batch that concern one shard, in admission order.
public struct ShardWork: Sendable {
    /// Row numbers of executed tools whose agent lives in this shard.
    public var calls: [UInt32] = []
    /// Row numbers of messages, and of executed tools in their runs, whose run lives in this shard.
    public var runRows: [UInt32] = []

    public init() {}

    public mutating func removeAll() {
        calls.removeAll(keepingCapacity: true)
        runRows.removeAll(keepingCapacity: true)
    }
}

/// State plus batch become findings: the detectors, run under the keyings they belong to.
public enum Detection {
    /// Whether `row` takes part in sequences of calls. Refused calls are neither repeat nor progress, a server's own
    /// span is the other end of a call, a late one is out of sequence.
    @inline(__always) public static func isCall(_ row: SpanRecord) -> Bool {
        row.kind == .executeTool && row.place.outcome == .processed
            && row.flags.isDisjoint(with: [.rateLimited, .blocked, .serverSide])
    }

    /// Whether `row` is a message between agents whose text can be compared.
    @inline(__always) public static func isMessage(_ row: SpanRecord) -> Bool {
        row.sender != 0 && row.messageDigest != 0 && row.place.outcome == .processed
            && row.flags.isDisjoint(with: [.fromPerson, .blocked])
    }

    /// Agent keying: the calls of each agent's turn.
    public static func stepAgents(
        _ work: ShardWork, _ batch: SpanBatch, _ thresholds: [Thresholds], _ shard: inout Shard,
        into findings: inout [Finding]
    ) {
        let ahead = 8
        for (position, number) in work.calls.enumerated() {
            if position + ahead < work.calls.count {
                shard.turns.prefetch(batch.rows[Int(work.calls[position + ahead])].place.turnKey)
            }
            let row = batch.rows[Int(number)]
            let call = Call(row, tool: batch.strings.hash(row.tool))
            // Guard: the pointer is used before the slab is changed again.
            let window = shard.turns.findOrInsert(row.place.turnKey, owner: row.place.tenantName, initial: CallWindow()).slot
            guard let sight = window.pointee.observe(call) else { continue }
            guard worthJudging(window, sight) else { continue }
            let subject = Subject(
                row: row, strings: batch.strings, record: number, thresholds: thresholds[Int(row.place.thresholdSet)])
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

    /// Run keying: the messages between the agents of each run.
    public static func stepRuns(
        _ work: ShardWork, _ batch: SpanBatch, _ thresholds: [Thresholds], _ shard: inout Shard,
        into findings: inout [Finding]
    ) {
        for number in work.runRows {
            let row = batch.rows[Int(number)]
            if row.kind == .executeTool {
                // Work only matters where there were messages before it.
                shard.runs.find(row.place.runKey)?.pointee.observeCall(agent: row.place.agentName)
                continue
            }
            // Guard: the pointer is used before the slab is changed again.
            let board = shard.runs.findOrInsert(row.place.runKey, owner: row.place.tenantName, initial: MessageBoard()).slot
            let subject = Subject(
                row: row, strings: batch.strings, record: number, thresholds: thresholds[Int(row.place.thresholdSet)])
            if let finding = MessageStorm.judge(&board.pointee, subject) { findings.append(finding) }
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
