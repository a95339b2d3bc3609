import CAllocationCount
import KilterEngine
import KilterIntake
import KilterVocabulary
import SpanStreams

/// What is measured, in three lengths of the same way: decoding; decoding and admission; the whole step.
public final class HotPath {
    public enum End: String, CaseIterable, Sendable { case decode, admission, pipeline }

    /// Payloads that are decoded into one batch: at 64 spans each about what a replay reads at once.
    public static let payloadsPerBatch = 16

    private let end: End
    private let encoding: PayloadEncoding
    private var decoder: RequestDecoder
    private var batch = SpanBatch()
    private var admission = Admission()
    private let engine: Engine
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
        case .admission:
            admission.admitRefusals(of: batch)
            admission.admit(&batch, rows: batch.rows.indices, arrival: nil)
        case .pipeline: events += engine.step(&batch).count
        }
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
