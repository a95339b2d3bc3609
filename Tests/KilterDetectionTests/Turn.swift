import KilterDetection
import KilterMath
import KilterState
import KilterVocabulary

/// Rows of one agent's turn in few words, judged as the engine judges them.
struct Turn: ~Copyable {
    private static let bounds = Shard.Bounds(
        turnsMax: 8, longTurnsMax: 8, runsMax: 8, graphsMax: 8, effectsMax: 8, agentsMax: 8, pairsMax: 8, answersMax: 8,
        talliesMax: 8, ratesMax: 8, valuesMax: 8, mixesMax: 8, tailsMax: 8, vectorsMax: 8, repeatsMax: 8, groupsMax: 8)
    private var shard = Shard(bounds)
    private var span: UInt64 = 0
    /// Spans so far.
    var spans: UInt64 { span }
    var thresholds = Thresholds.published
    var acknowledged = AcknowledgedResults()
    private(set) var votes: [AcknowledgementVote] = []

    /// One call; what is 0 is unknown. Returns the findings it causes.
    mutating func call(
        _ tool: String, arguments: UInt64 = 0, result: UInt64 = 0, error: UInt64 = 0, flags: SpanFlags = [],
        outcome: Outcome = .processed, toolClass: ToolClass = .normal, characters: UInt32 = 0, agent: UInt64 = 9,
        edit: (inout SpanRecord) -> Void = { _ in }
    ) -> [Finding] {
        span += 1
        var batch = SpanBatch()
        var row = SpanRecord()
        row.kind = .executeTool
        row.span = span
        row.startNanoseconds = span * 1_000
        row.endNanoseconds = span * 1_000 + 500
        row.arguments = Fingerprint(high: 0, low: arguments)
        row.result = Fingerprint(high: 0, low: result)
        row.errorDigest = error
        row.flags = error == 0 ? flags : flags.union(.failed)
        row.tool = Array(tool.utf8).withUnsafeBufferPointer { batch.strings.intern($0, hash: StableHash.hash($0)) }
        row.argumentsCharacters = characters
        row.place.turnKey = agent
        row.place.agentKey = agent
        row.place.runKey = 4
        row.place.turn = 5
        row.place.outcome = outcome
        row.place.toolClass = toolClass
        edit(&row)
        batch.rows.append(row)
        var work = ShardWork()
        work.share(batch, 0..<1)
        var found = Found()
        let standards = Standards(thresholds: [thresholds], acknowledged: acknowledged)
        Detection.stepAgents(work, Shard.ofTurn(agent), batch, standards, &shard, into: &found)
        Detection.stepHabits(work, Shard.ofAgent(agent), batch, standards, &shard, into: &found)
        Detection.stepRuns(work, Shard.ofRun(4), batch, standards, &shard, into: &found)
        votes += found.votes
        return found.findings
    }

    /// One answer; a digest of 0 is unknown. Returns the findings it causes.
    mutating func answer(
        _ digest: UInt64, kind: Answer.Kind = .text, prompt: UInt64 = 0, flags: SpanFlags = [], outcome: Outcome = .processed,
        agent: UInt64 = 9, edit: (inout SpanRecord) -> Void = { _ in }
    ) -> [Finding] {
        span += 1
        var batch = SpanBatch()
        var row = SpanRecord()
        row.kind = .chat
        row.span = span
        row.startNanoseconds = span * 1_000
        row.endNanoseconds = span * 1_000 + 500
        row.answer.digest = digest
        row.answer.kind = kind
        row.answer.prompt = prompt
        row.flags = flags
        row.place.turnKey = agent
        row.place.agentKey = agent
        row.place.runKey = 4
        row.place.turn = 5
        row.place.outcome = outcome
        edit(&row)
        batch.rows.append(row)
        var work = ShardWork()
        work.share(batch, 0..<1)
        var found = Found()
        Detection.stepAgents(work, Shard.ofTurn(agent), batch, Standards(thresholds: [thresholds]), &shard, into: &found)
        return found.findings
    }

    /// Puts the state through its snapshot form.
    mutating func cutAndRestore() throws {
        let blobs = shard.blobs(shard: 0)
        shard = Shard(Self.bounds)
        try shard.restore(blobs)
    }

    /// One message between agents. Returns the findings it causes.
    mutating func message(_ sender: UInt64, to receiver: UInt64, digest: UInt64, atSecond: UInt64) -> [Finding] {
        span += 1
        var batch = SpanBatch()
        var row = SpanRecord()
        row.kind = .invokeAgent
        row.span = span
        row.startNanoseconds = atSecond * 1_000_000_000
        row.endNanoseconds = row.startNanoseconds
        row.messageDigest = digest
        row.sender = Array("agent-\(sender)".utf8).withUnsafeBufferPointer { batch.strings.intern($0, hash: sender) }
        row.place.agentName = receiver
        row.place.turnKey = receiver
        row.place.runKey = 4
        row.place.outcome = .processed
        batch.rows.append(row)
        var work = ShardWork()
        work.share(batch, 0..<1)
        var found = Found()
        Detection.stepAgents(work, Shard.ofTurn(receiver), batch, Standards(thresholds: [thresholds]), &shard, into: &found)
        Detection.stepRuns(work, Shard.ofRun(row.place.runKey), batch, Standards(thresholds: [thresholds]), &shard, into: &found)
        return found.findings
    }
}

/// The severities that each of `count` steps causes for one detector.
func severities(_ detector: DetectorID, _ count: Int, _ step: (inout Turn, Int) -> [Finding]) -> [Severity?] {
    var turn = Turn()
    return (1...count).map { number in step(&turn, number).first { $0.detector == detector }?.severity }
}
