import KilterMath
import KilterVocabulary

/// Which tools one agent has ever used, in which order, and how rarely a run of it brings something new. Fixed size.
///
/// Rarity is counted, not modelled: of the runs before this one, the last 32, 64 or 128, how many used a tool, or took a
/// step from one tool to another, that the agent had never used or taken. Every run is a bit of that history, so an
/// agent that learns new tools becomes used to it run by run.
///
/// Once there are more tools or steps than places, newness can no longer be told and is not claimed. Cost: two looks at
/// tables of 64 and 192 words a call.
public struct Repertoire: BitwiseCopyable, Sendable {
    static let toolsMax = 64
    static let stepsMax = 192
    static let runsOpen = 8
    /// Runs looked back over.
    public static let runsKept: UInt32 = 128

    /// A run that the agent is at.
    struct Run: BitwiseCopyable {
        var key: UInt64 = 0
        /// Which of all runs it is, from 1.
        var number: UInt32 = 0
        /// The longest result that the run has read so far, in characters.
        var read: UInt32 = 0
        /// The tool that was last used before the batch of parallel calls at hand, and the one last used.
        var previous: UInt64 = 0
        var current: UInt64 = 0
        var previousName: NameHash = 0
        var currentName: NameHash = 0
        var parent: UInt64 = 0
        var responseID: UInt64 = 0
        var lastCall: UInt32 = 0
    }

    /// Runs and calls so far.
    var runCount: UInt32 = 0
    var calls: UInt32 = 0
    var open = InlineArray<8, Run>(repeating: Run())
    /// A bit for each run, the latest lowest: it brought something new.
    var toolHistory = Bits128()
    var stepHistory = Bits128()
    var toolCount: UInt16 = 0
    var stepCount: UInt16 = 0
    var tools = InlineArray<64, UInt32>(repeating: 0)
    var steps = InlineArray<192, UInt32>(repeating: 0)

    public init() {}

    /// What one call adds to what the agent had done before.
    public struct Sight: BitwiseCopyable, Sendable {
        public var isNewTool = false
        public var isNewStep = false
        /// Runs before this one that were looked back over, and those of them that brought something of the kind.
        public var runs: UInt32 = 0
        public var bringing: UInt32 = 0
        /// The tool used before, and the longest result read before, in characters.
        public var previous: NameHash = 0
        public var read: UInt32 = 0
        /// Tools, or steps, that the agent had used or taken before.
        public var known: UInt32 = 0
        public var isNew: Bool { isNewTool || isNewStep }
        /// One run in how many brings something new: a Laplace estimate, so that no history claims certainty.
        public var oneIn: UInt32 { (runs &+ 2) / (bringing &+ 1) }
    }

    /// A use of a tool.
    public struct Use: BitwiseCopyable, Sendable {
        public var run: UInt64
        public var tool: NameHash
        /// What tells a command of a shell from others; zero elsewhere.
        public var command: UInt64
        public var parent: UInt64
        public var responseID: UInt64
        public var parentIsInference: Bool
        public var resultCharacters: UInt32

        // Guard: the pointer is only used here.
        public init(_ row: UnsafePointer<SpanRecord>, tool: NameHash) {
            self.init(
                run: row.pointee.place.runKey, tool: tool, command: row.pointee.command, parent: row.pointee.parent,
                responseID: row.pointee.responseID, parentIsInference: row.pointee.place.parentIsInference,
                resultCharacters: row.pointee.flags.contains(.failed) ? 0 : row.pointee.resultCharacters)
        }

        public init(
            run: UInt64, tool: NameHash, command: UInt64 = 0, parent: UInt64 = 0, responseID: UInt64 = 0,
            parentIsInference: Bool = false, resultCharacters: UInt32 = 0
        ) {
            self.run = run
            self.tool = tool
            self.command = command
            self.parent = parent
            self.responseID = responseID
            self.parentIsInference = parentIsInference
            self.resultCharacters = resultCharacters
        }
    }

    /// Takes one call.
    public mutating func observe(_ use: Use) -> Sight {
        calls &+= 1
        let at = place(of: use.run)
        var run = open[at]
        let what = use.command == 0 ? use.tool : StableHash.combine(use.tool, use.command)
        Self.enter(use, what, &run)
        var sight = Sight(previous: run.previousName, read: run.read)
        noteTool(use, what, run, &sight)
        if run.previous != 0, run.previous != what { noteStep(StableHash.combine(run.previous, what), run, &sight) }
        run.read = max(run.read, use.resultCharacters)
        run.lastCall = calls
        open[at] = run
        return sight
    }

    /// Parallel calls follow what was before all of them, not one another.
    private static func enter(_ use: Use, _ what: UInt64, _ run: inout Run) {
        let isParallel =
            (use.responseID != 0 && use.responseID == run.responseID)
            || (use.parentIsInference && use.parent != 0 && use.parent == run.parent)
        if !isParallel {
            run.previous = run.current
            run.previousName = run.currentName
        }
        run.current = what
        run.currentName = use.tool
        run.parent = use.parent
        run.responseID = use.responseID
    }

    private mutating func noteTool(_ use: Use, _ what: UInt64, _ run: Run, _ sight: inout Sight) {
        let known = toolCount
        guard remember(tool: what) else { return }
        sight.isNewTool = true
        sight.known = UInt32(known)
        look(back: toolHistory, past: run, &sight)
        // A shell whose command is not seen for once is no new tool.
        if use.command != 0 { remember(tool: use.tool) }
        // The first run of all brings nothing but new tools, which says nothing about the others.
        if run.number > 1 { toolHistory.set(runCount &- run.number) }
    }

    private mutating func noteStep(_ step: UInt64, _ run: Run, _ sight: inout Sight) {
        let known = stepCount
        // The step to a tool that is new is new with it.
        guard remember(step: step), !sight.isNewTool else { return }
        sight.isNewStep = true
        sight.known = UInt32(known)
        look(back: stepHistory, past: run, &sight)
        if run.number > 1 { stepHistory.set(runCount &- run.number) }
    }

    /// True when the tool is new and has found a place.
    @discardableResult private mutating func remember(tool: UInt64) -> Bool {
        let word = Self.word(tool)
        for index in 0..<Int(toolCount) where tools[index] == word { return false }
        guard Int(toolCount) < Self.toolsMax else { return false }
        tools[Int(toolCount)] = word
        toolCount &+= 1
        return true
    }

    /// True when the step is new and has found a place.
    private mutating func remember(step: UInt64) -> Bool {
        let word = Self.word(step)
        for index in 0..<Int(stepCount) where steps[index] == word { return false }
        guard Int(stepCount) < Self.stepsMax else { return false }
        steps[Int(stepCount)] = word
        stepCount &+= 1
        return true
    }

    /// The runs before this one; later ones that have begun already say nothing about it. Mutating because everything would be
    /// copied for a reader.
    private mutating func look(back history: Bits128, past run: Run, _ sight: inout Sight) {
        let age = runCount &- run.number &+ 1
        let kept = min(run.number &- 1, age < Self.runsKept ? Self.runsKept &- age : 0)
        // Whoever is new to its work brings much that is new: of the last 32, 64 or all of them, those where it is rarest.
        for window in [32, 64, Self.runsKept] as [UInt32] {
            let runs = min(kept, window)
            let bringing = history.count(from: age, runs)
            if (runs &+ 2) / (bringing &+ 1) > sight.oneIn || window == 32 { (sight.runs, sight.bringing) = (runs, bringing) }
        }
    }

    /// The open run of that key; a new one takes the place of the one that was quiet for longest.
    private mutating func place(of key: UInt64) -> Int {
        var oldest = 0
        for index in 0..<Self.runsOpen {
            if open[index].key == key { return index }
            if open[index].lastCall < open[oldest].lastCall { oldest = index }
        }
        runCount &+= 1
        toolHistory.shift()
        stepHistory.shift()
        open[oldest] = Run(key: key, number: runCount, lastCall: calls)
        return oldest
    }

    private static func word(_ hash: UInt64) -> UInt32 {
        let word = UInt32(truncatingIfNeeded: hash ^ hash >> 32)
        return word == 0 ? 1 : word
    }
}

/// 128 bits, of which the lowest is the latest.
struct Bits128: BitwiseCopyable {
    var low: UInt64 = 0
    var high: UInt64 = 0

    mutating func shift() {
        high = high << 1 | low >> 63
        low <<= 1
    }

    mutating func set(_ index: UInt32) {
        if index < 64 { low |= 1 << UInt64(index) } else if index < 128 { high |= 1 << UInt64(index - 64) }
    }

    /// How many of the `length` bits from `index` on are set.
    func count(from index: UInt32, _ length: UInt32) -> UInt32 {
        var count: UInt32 = 0
        for at in index..<max(min(index &+ length, 128), index) {
            count &+= UInt32(truncatingIfNeeded: at < 64 ? low >> UInt64(at) : high >> UInt64(at - 64)) & 1
        }
        return count
    }
}

extension Repertoire: Slot {
    func write(to writer: inout ByteWriter) {
        for word in [runCount, calls] { writer.write(word) }
        for word in [toolHistory.low, toolHistory.high, stepHistory.low, stepHistory.high] { writer.write(word) }
        for index in 0..<Self.runsOpen {
            let run = open[index]
            for word in [run.key, run.previous, run.current, run.previousName, run.currentName, run.parent, run.responseID] {
                writer.write(word)
            }
            for word in [run.number, run.read, run.lastCall] { writer.write(word) }
        }
        writer.write(toolCount)
        writer.write(stepCount)
        for index in 0..<Int(toolCount) { writer.write(tools[index]) }
        for index in 0..<Int(stepCount) { writer.write(steps[index]) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        runCount = try reader.read()
        calls = try reader.read()
        toolHistory = Bits128(low: try reader.read(), high: try reader.read())
        stepHistory = Bits128(low: try reader.read(), high: try reader.read())
        for index in 0..<Self.runsOpen {
            open[index].key = try reader.read()
            open[index].previous = try reader.read()
            open[index].current = try reader.read()
            open[index].previousName = try reader.read()
            open[index].currentName = try reader.read()
            open[index].parent = try reader.read()
            open[index].responseID = try reader.read()
            open[index].number = try reader.read()
            open[index].read = try reader.read()
            open[index].lastCall = try reader.read()
        }
        toolCount = try reader.read()
        stepCount = try reader.read()
        guard Int(toolCount) <= Self.toolsMax, Int(stepCount) <= Self.stepsMax else { throw ByteReader.Short() }
        for index in 0..<Int(toolCount) { tools[index] = try reader.read() }
        for index in 0..<Int(stepCount) { steps[index] = try reader.read() }
    }
}
