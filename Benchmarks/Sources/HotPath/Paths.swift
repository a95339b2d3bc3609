import CAllocationCount
import KilterDetection
import KilterEngine
import KilterIntake
import KilterState
import KilterVocabulary
import SpanStreams

/// What is measured, in lengths of the same way: decoding; decoding and admission; these and the detectors of one keying;
/// the whole step.
public final class HotPath {
    /// `calls`, `answers`, `tools`, `effects` and `messages` end behind the detectors that share one state and its one update:
    /// the calls of a turn, what was answered in it, the tools of an agent, what must not be done twice, and what agents say to
    /// one another. What they take beyond `admission` is what those detectors cost.
    public enum End: String, CaseIterable, Sendable { case decode, admission, calls, answers, tools, effects, messages, pipeline }

    /// Payloads that are decoded into one batch: at 64 spans each about what a replay reads at once.
    public static let payloadsPerBatch = 16

    private let end: End
    private let encoding: PayloadEncoding
    private var decoder: RequestDecoder
    private var batch = SpanBatch()
    private var admission = Admission()
    private let engine: Engine
    private let rooms = Rooms()
    private var work = ShardWork()
    private let standards = Standards()
    /// Events that came out.
    public private(set) var events = 0

    /// What `serve` and `replay` run with when nothing is configured, the prices that ship included.
    public static let settings = (try? Configuration.parse("", file: "defaults").settings) ?? Settings()

    public init(_ encoding: SpanStream.Encoding, to end: End, engine: Engine = Engine(settings: settings)) {
        decoder = RequestDecoder(rules: engine.settings.intake)
        self.encoding = encoding == .json ? .json : .protobuf
        self.end = end
        self.engine = engine
    }

    /// Sends payloads along the path and returns how many spans they held.
    @discardableResult public func run(_ payloads: PayloadSet, _ range: Range<Int>) -> Int {
        var spans = 0
        var next = range.lowerBound
        while next < range.upperBound {
            let upTo = min(next + Self.payloadsPerBatch, range.upperBound)
            batch.removeAll()
            for number in next..<upTo {
                _ = payloads.withPayload(number) { decoder.decode($0, encoding: encoding, into: &batch) }
            }
            spans += batch.rows.count
            precondition(batch.received == batch.rows.count, "the generated stream was refused")
            judge()
            next = upTo
        }
        return spans
    }

    private func judge() {
        switch end {
        case .decode: return
        case .admission: admit()
        case .calls, .answers, .tools, .effects, .messages: detect()
        case .pipeline: events += engine.step(&batch).count
        }
    }

    private func admit() {
        admission.admitRefusals(of: batch)
        admission.admit(&batch, rows: batch.rows.indices, arrival: nil)
    }

    private func detect() {
        admit()
        // Only what these detectors look at is left.
        for index in batch.rows.indices {
            let isTool = batch.rows[index].kind == .executeTool
            if isTool != (end == .calls || end == .tools || end == .effects) { batch.rows[index].place.outcome = .late }
            if end == .effects { batch.rows[index].place.toolClass = .sideEffect }
        }
        work.share(batch, batch.rows.indices)
        var found = Found()
        for shard in 0..<Limits.shards {
            switch end {
            case .calls, .answers: Detection.stepAgents(work, shard, batch, standards, &rooms.shards[shard], into: &found)
            case .tools: Detection.stepHabits(work, shard, batch, standards, &rooms.shards[shard], into: &found)
            default: Detection.stepRuns(work, shard, batch, standards, &rooms.shards[shard], into: &found)
            }
        }
        events += found.findings.count
    }
}

/// The state of all shards.
private final class Rooms {
    let shards = UnsafeMutablePointer<Shard>.allocate(capacity: Limits.shards)

    init() {
        for shard in 0..<Limits.shards { (shards + shard).initialize(to: Shard(StateMemory.published.bounds.perShard)) }
    }

    deinit {
        shards.deinitialize(count: Limits.shards)
        shards.deallocate()
    }
}

extension SpanBatch {
    /// The next `payloads` export requests of `stream` as a batch of their own.
    public init(_ stream: inout SpanStream, payloads: Int) {
        self.init()
        var decoder = RequestDecoder()
        for _ in 0..<payloads { decoder.decode(copying: stream.next(.protobuf), encoding: .protobuf, into: &self) }
    }
}

/// Requests for memory by this thread so far; nil where they cannot be counted.
public func allocationsSoFar() -> UInt64? { kilter_counts_allocations() == 0 ? nil : kilter_allocations() }
