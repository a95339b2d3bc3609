import KilterMath
import KilterVocabulary

/// What one agent did in one run, that is all its turns in one trace, summed up while it goes on: the run's own figures, and those
/// of each kind of step as the mean of their logarithms. Spans of one run depend on one another, so baselines take one observation
/// a run.
///
/// Fixed size. Cost: one look at up to twelve kinds of steps a span, and a logarithm for each of its figures.
public struct RunTally: BitwiseCopyable, Sendable {
    static let stepKindsMax = 12
    /// Spans of one kind of step after which a run that goes on is observed and begun anew: some never end.
    static let stepSpansMax: UInt16 = 256

    /// What tells kinds of steps apart: figures of different kinds are not compared.
    public enum StepKind: UInt8, CaseIterable, BitwiseCopyable, Sendable {
        /// A tool's calls, by the tool's name.
        case tool
        /// Model calls that ask for tools, that answer, and those of which neither is seen.
        case request, answer, inference
        /// The first model call of the run, whose input nothing has been added to yet. Input only.
        case opening
        /// Model calls in a phase of work that their producer names.
        case phase
    }

    /// Figures of the steps of one kind.
    public struct Step: BitwiseCopyable, Sendable {
        /// Sums of the logarithms of each figure, in the order of `Signal.ofSteps`, and how many spans gave it.
        public internal(set) var sums = SIMD8<Float>(repeating: 0)
        public internal(set) var counts = SIMD8<UInt16>(repeating: 0)
        /// Tool or phase; zero elsewhere.
        public internal(set) var name: NameHash = 0
        public internal(set) var kind = StepKind.tool
        /// Of a tool: one of its calls failed.
        public internal(set) var hasFailed = false

        init() {}

        init(kind: StepKind, name: NameHash) {
            self.kind = kind
            self.name = name
        }

        mutating func add(_ place: Int, _ value: Double) {
            counts[place] &+= 1
            // Nothing at all is as good as the smallest unit.
            sums[place] += Float(Elementary.log(max(value, 1e-3)))
        }

        /// The geometric mean of a figure; nil where no span gave it.
        public func mean(_ place: Int) -> Double? {
            guard counts[place] > 0 else { return nil }
            return Elementary.exp(Double(sums[place]) / Double(counts[place]))
        }
    }

    // Whose it is, for findings that come when time, not a span, ends it.
    public var agentKey: UInt64 = 0
    public var taskKey: UInt64 = 0
    public var tenant: NameHash = 0
    public var environment: NameHash = 0
    public var service: NameHash = 0
    public var agent: NameHash = 0
    public var version: NameHash = 0
    public var trace = TraceID()
    public var lastSpan: UInt64 = 0
    public var thresholdSet: UInt16 = 0
    /// Engine time of the last record, from which on quiet counts.
    public var lastSeen = EventTime.zero
    public var start: UInt64 = .max
    public var end: UInt64 = 0

    /// Agents of the tenant that were alive at the last record.
    public var fleet: UInt32 = 0
    public var spans: UInt32 = 0
    public var failures: UInt32 = 0
    public var work: UInt32 = 0
    public var picodollars: UInt64 = 0
    public var isPriced = false
    /// Its spans name no parents.
    public var isFlat = false
    /// Its root has ended; what ended with it may still come.
    public var isRooted = false
    /// The run was observed; what comes late of it is not another one.
    public var isClosed = false
    /// No deadline is armed for it any more.
    public var isIdle = false
    public var outcome: NameHash = 0
    public var requestModel: NameHash = 0
    public var responseModel: NameHash = 0
    public var finishReason: NameHash = 0
    /// Digest of what the run was asked, zero is unknown: a message's to the agent, else of what its first model call answers.
    public internal(set) var request: UInt64 = 0
    var isMessage = false
    /// Tokens of its first model call's answer, and a digest of the tools called before the second one, in any order.
    public internal(set) var firstOutput: UInt32 = 0
    public internal(set) var firstTools: UInt64 = 0
    var inferences: UInt8 = 0
    /// One tool call and one step from tool to tool, each as likely as any other of the run.
    public var sampledTool: NameHash = 0
    public var sampledTransition: UInt64 = 0
    public var transitionFrom: NameHash = 0
    public var transitionTo: NameHash = 0
    var lastTool: NameHash = 0
    var lastToolName: NameHash = 0
    var toolCalls: UInt32 = 0
    var transitions: UInt32 = 0
    /// Sums of the projected embeddings of its spans, how many they are and of what length.
    var embeddingSum = InlineArray<16, Float>(repeating: 0)
    var embeddingCount: UInt32 = 0
    var embeddingDimensions: UInt16 = 0
    public internal(set) var stepCount: UInt8 = 0
    public internal(set) var steps = InlineArray<12, Step>(repeating: Step())

    public init() {}

    /// The run of which `row` is the first record.
    // Guard: the pointer is only used here.
    public init(_ row: UnsafePointer<SpanRecord>, _ strings: borrowing StringTable) {
        agentKey = row.pointee.place.agentKey
        taskKey = row.pointee.place.taskKey
        tenant = row.pointee.place.tenantName
        environment = strings.hash(row.pointee.environment)
        service = strings.hash(row.pointee.service)
        agent = row.pointee.place.agentName
        trace = row.pointee.trace
    }

    /// Takes one span. True when a kind of step has been seen so often that the run should be observed though it goes on.
    // Guard: as above.
    public mutating func observe(_ row: UnsafePointer<SpanRecord>, tool: NameHash, _ strings: borrowing StringTable) -> Bool {
        spans &+= 1
        lastSeen = row.pointee.place.engineTime
        fleet = row.pointee.place.fleet
        lastSpan = row.pointee.span
        trace = row.pointee.trace
        thresholdSet = row.pointee.place.thresholdSet
        start = min(start, row.pointee.startNanoseconds)
        end = max(end, row.pointee.endNanoseconds)
        if row.pointee.agentVersion != 0 { version = strings.hash(row.pointee.agentVersion) }
        let isRefused = !row.pointee.flags.isDisjoint(with: [.rateLimited, .blocked])
        if row.pointee.flags.contains(.failed), !isRefused, !row.pointee.flags.contains(.serverSide) { failures &+= 1 }
        guard !isRefused, !row.pointee.flags.contains(.serverSide) else { return false }
        if row.pointee.kind.isInference { return observeInference(row, strings) }
        if row.pointee.messageDigest != 0, !isMessage { (request, isMessage) = (row.pointee.messageDigest, true) }
        if row.pointee.kind == .executeTool, tool != 0, row.pointee.place.toolClass != .ignore { return observeCall(row, tool) }
        return false
    }

    // Guard: as above.
    private mutating func observeInference(_ row: UnsafePointer<SpanRecord>, _ strings: borrowing StringTable) -> Bool {
        work &+= 1
        if row.pointee.model != 0 { requestModel = strings.hash(row.pointee.model) }
        if row.pointee.responseModel != 0 { responseModel = strings.hash(row.pointee.responseModel) }
        if row.pointee.finishReason != 0 { finishReason = strings.hash(row.pointee.finishReason) }
        if row.pointee.flags.contains(.priced) {
            isPriced = true
            picodollars &+= row.pointee.costPicodollars
        }
        if row.pointee.flags.contains(.failed) { return false }
        if row.pointee.inputTokens > 0 {
            let at = place(inferences > 0 ? Self.stepKind(row, finishReason) : .opening, row.pointee.phase)
            if let at { steps[at].add(2, Double(row.pointee.inputTokens)) }
        }
        if inferences == 0 {
            if !isMessage { request = row.pointee.answer.prompt }
            firstOutput = row.pointee.outputTokens
        }
        if inferences < .max { inferences += 1 }
        guard let at = place(Self.stepKind(row, finishReason), row.pointee.phase) else { return false }
        let seconds = Double(row.pointee.endNanoseconds &- row.pointee.startNanoseconds) / 1e9
        let output = Double(row.pointee.outputTokens)
        steps[at].add(0, seconds * 1e9)
        if output > 0 { steps[at].add(1, output) }
        if row.pointee.flags.contains(.priced) { steps[at].add(3, Double(row.pointee.costPicodollars)) }
        // Of a few tokens most of the time goes into the first.
        if output >= 16, seconds > 0 { steps[at].add(4, output / seconds) }
        if row.pointee.firstTokenMicroseconds > 0 { steps[at].add(5, Double(row.pointee.firstTokenMicroseconds) * 1e3) }
        if row.pointee.reasoningTokens > 0 { steps[at].add(6, Double(row.pointee.reasoningTokens)) }
        if row.pointee.cacheReadTokens > 0, row.pointee.inputTokens > 0 {
            steps[at].add(7, Double(row.pointee.cacheReadTokens) / Double(row.pointee.inputTokens))
        }
        return steps[at].counts[0] >= Self.stepSpansMax
    }

    // Guard: as above.
    private mutating func observeCall(_ row: UnsafePointer<SpanRecord>, _ tool: NameHash) -> Bool {
        work &+= 1
        toolCalls &+= 1
        let what = row.pointee.command == 0 ? tool : StableHash.combine(tool, row.pointee.command)
        let chance = StableHash.combine(taskKey, row.pointee.span)
        // Each of the n calls so far is the sample with probability 1/n.
        if chance % UInt64(toolCalls) == 0 { sampledTool = what }
        if lastTool != 0 {
            transitions &+= 1
            if (chance >> 32) % UInt64(transitions) == 0 {
                sampledTransition = StableHash.combine(lastTool, what)
                (transitionFrom, transitionTo) = (lastToolName, tool)
            }
        }
        (lastTool, lastToolName) = (what, tool)
        if inferences == 1 { firstTools &+= what }
        guard let at = place(.tool, tool) else { return false }
        steps[at].add(0, Double(row.pointee.endNanoseconds &- row.pointee.startNanoseconds))
        if row.pointee.flags.contains(.failed) { steps[at].hasFailed = true }
        return steps[at].counts[0] >= Self.stepSpansMax
    }

    /// What kind of step a model call is, in a run whose models stopped for `finishReason` last.
    // Guard: as above.
    static func stepKind(_ row: UnsafePointer<SpanRecord>, _ finishReason: NameHash) -> StepKind {
        if row.pointee.phase != 0 { return .phase }
        if row.pointee.requestedCallCount > 0 || row.pointee.answer.kind == .request { return .request }
        if row.pointee.answer.kind != .absent { return .answer }
        if row.pointee.finishReason == 0 { return .inference }
        if asking.contains(finishReason) { return .request }
        return ending.contains(finishReason) ? .answer : .inference
    }

    /// Why models stop, in the words of several providers: to have a tool called, or because all is said.
    private static let asking = ["tool_calls", "tool_call", "tool_use", "function_call", "tool-calls"].map(hash)
    private static let ending = ["stop", "end_turn", "STOP", "completed"].map(hash)

    private static func hash(_ text: String) -> UInt64 { Array(text.utf8).withUnsafeBufferPointer { StableHash.hash($0) } }

    /// The place of a kind of step; nil when all are taken.
    private mutating func place(_ kind: StepKind, _ name: NameHash) -> Int? {
        let name = kind == .tool || kind == .phase ? name : 0
        for index in 0..<Int(stepCount) where steps[index].kind == kind && steps[index].name == name { return index }
        guard Int(stepCount) < Self.stepKindsMax else { return nil }
        steps[Int(stepCount)] = Step(kind: kind, name: name)
        stepCount &+= 1
        return Int(stepCount) - 1
    }

    /// Begins anew under the same name, after an observation of a run that goes on.
    public mutating func beginAnew() {
        var next = RunTally()
        (next.agentKey, next.taskKey, next.tenant, next.environment) = (agentKey, taskKey, tenant, environment)
        (next.service, next.agent, next.version, next.trace) = (service, agent, version, trace)
        (next.lastSpan, next.thresholdSet, next.lastSeen, next.fleet) = (lastSpan, thresholdSet, lastSeen, fleet)
        (next.inferences, next.lastTool, next.isFlat) = (inferences, lastTool, isFlat)
        (next.lastToolName, next.isIdle) = (lastToolName, isIdle)
        self = next
    }
}
