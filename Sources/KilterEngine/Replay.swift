import KilterIntake
import KilterVocabulary

/// Runs recorded streams through an engine on their own event time.
///
/// Recordings are judged as the live engine would have judged their messages: event times are clamped against the
/// recorded arrival, and the ticks of a silence come where they came then. Where the last message of a file is cut, as
/// a writer that was killed leaves it, or a file is empty, the next one goes on, and `remarks` says so.
///
/// Files are read in the order given, as one stream. Decoding is shared out among the engine's workers, judging is in
/// the order of the records: the events are the same for any number of workers and any size of block.
public final class Replay {
    public struct Options: Sendable {
        /// Only records whose event time (end) is at or after `since` and before `until` are admitted.
        public var since: EventTime?
        public var until: EventTime?
        /// Interleave the files by time instead of reading one after the other; recordings then let no time pass by
        /// ticks, because the silence of one file is not that of all.
        public var merge = false
        /// What protobuf payloads carry that do not stand in a recording.
        public var protobuf = OTLPSignal.traces
        /// After the last record, fire the time-outs that are left.
        public var drain = false
        /// Bytes of a stream that are read and decoded together.
        public var chunkBytes = 1 << 20

        public init() {}
    }

    /// How far a replay has come.
    public struct Progress: Sendable {
        public var file = ""
        public var filesDone = 0
        public var files = 0
        /// Bytes read of the current file as it lies on disk, and in all; nil for a pipe.
        public var bytesRead: UInt64 = 0
        public var bytesTotal: UInt64?
        public var records: UInt64 = 0
    }

    public let engine: Engine
    public private(set) var progress = Progress()
    /// Records outside `since` and `until`: not received, in the sense of the accounting.
    public private(set) var outside: UInt64 = 0
    /// What was wrong with files without keeping the others from being read: a file without a payload, a recording
    /// that ends half way through a message.
    public private(set) var remarks: [StreamError] = []
    private var idle = IdleTicks()
    private var sawPayload = false
    private let options: Options
    private let lanes: [DecodeLane]
    private let emit: ([Event]) throws -> Void
    private let report: (Progress) -> Void

    /// - Parameters:
    ///   - emit: takes events as they come about, in order.
    ///   - report: is told after each round of blocks.
    public init(
        engine: Engine, options: Options = Options(),
        report: @escaping (Progress) -> Void = { _ in }, emit: @escaping ([Event]) throws -> Void
    ) {
        self.engine = engine
        self.options = options
        self.emit = emit
        self.report = report
        lanes = (0..<engine.workers).map { _ in DecodeLane(rules: engine.settings.intake) }
    }

    /// Replays the streams. Whatever was whole before an error has been judged when it is thrown. Throws the first of
    /// the remarks when not one payload was read.
    public func run(_ paths: [String]) throws {
        progress.files = paths.count
        if options.merge && paths.count > 1 { try runMerged(paths) } else { try runInOrder(paths) }
        if options.drain { try publish(engine.drain()) }
        if !sawPayload, let remark = remarks.first { throw remark }
    }

    /// Replays a stream that is in memory.
    public func run(bytes: [UInt8], name: String) throws {
        try run(StreamFile(bytes: bytes, name: name, protobuf: options.protobuf, chunkBytes: options.chunkBytes))
        if options.drain { try publish(engine.drain()) }
        if !sawPayload, let remark = remarks.first { throw remark }
    }

    private func runInOrder(_ paths: [String]) throws {
        for path in paths {
            try run(open(path))
            progress.filesDone += 1
        }
    }

    private func open(_ path: String) throws(StreamError) -> StreamFile {
        try StreamFile(path: path, protobuf: options.protobuf, chunkBytes: options.chunkBytes)
    }

    private func run(_ stream: consuming StreamFile) throws {
        progress.file = stream.name
        progress.bytesTotal = stream.bytesTotal
        var failure: StreamError?
        var ended = false
        while !ended {
            var filled = 0
            while filled < lanes.count, !ended {
                do throws(StreamError) {
                    ended = try !stream.read(into: &lanes[filled].block)
                    if !ended { filled += 1 }
                } catch {
                    failure = error
                    ended = true
                }
            }
            try judge(filled)
            progress.bytesRead = stream.bytesRead
            report(progress)
        }
        if let failure { try remark(failure, stream.format) }
    }

    /// Keeps in mind what others need not suffer for, and throws what ends the replay.
    private func remark(_ failure: StreamError, _ format: StreamFormat?) throws(StreamError) {
        guard failure.sparesOthers(in: format) else { throw failure }
        remarks.append(failure)
    }

    /// Decodes the first `filled` lanes side by side, then judges them one after the other.
    private func judge(_ filled: Int) throws {
        guard filled > 0 else { return }
        let lanes = self.lanes
        engine.crew.run { worker in
            if worker < filled { lanes[worker].decodeBlock() }
        }
        for lane in lanes[..<filled] {
            sawPayload = true
            progress.records += lane.batch.received
            if lane.block.payloads.first?.arrival == nil { try step(lane) } else { try stepRecorded(lane) }
            lane.batch.releaseExcess()
        }
    }

    private func step(_ lane: DecodeLane) throws {
        if isRanged {
            let before = lane.batch.rows.count
            let since = options.since ?? .zero
            let until = options.until ?? .never
            lane.batch.rows.removeAll { $0.endNanoseconds < since.nanoseconds || $0.endNanoseconds >= until.nanoseconds }
            outside += UInt64(before - lane.batch.rows.count)
        }
        try publish(engine.step(&lane.batch))
    }

    private var isRanged: Bool { options.since != nil || options.until != nil }

    private func publish(_ events: [Event]) throws {
        if !events.isEmpty { try emit(events) }
    }
}

// Recordings.
extension Replay {
    /// Judges the messages of a block, and between them lets the time pass that passed when they came in.
    ///
    /// As many messages as no tick can fall among go through the engine together: all those that came within the period
    /// of the last input, which in a stream that flows is the whole block.
    private func stepRecorded(_ lane: DecodeLane) throws {
        let payloads = lane.block.payloads
        var all: ContiguousArray<SpanRecord> = []
        var next = 0
        while next < payloads.count {
            for tick in idle.due(at: payloads[next].arrival ?? .zero) { try publish(engine.tick(tick)) }
            let first = next
            next += 1
            // What a range leaves out is not admitted; message by message it shows which one was.
            while !isRanged, next < payloads.count, idle.isSilent(until: payloads[next].arrival ?? .zero) { next += 1 }
            let start = first == 0 ? 0 : lane.rowEnds[first - 1]
            if next - first < payloads.count {
                if first == 0 { swap(&all, &lane.batch.rows) }
                lane.batch.rows = ContiguousArray(all[start..<lane.rowEnds[next - 1]])
            }
            try step(lane)
            if let admitted = lane.batch.rows.lastIndex(where: { $0.isAdmitted }) {
                let message = isRanged ? first : (first..<next).first { lane.rowEnds[$0] > start + admitted } ?? first
                idle.admit(at: payloads[message].arrival ?? .zero)
            }
            lane.batch.forgetCounts()
        }
    }
}

extension SpanRecord {
    fileprivate var isAdmitted: Bool { place.outcome == .processed || place.outcome == .late }
}

// Interleaving by time.
extension Replay {
    /// One of several files, standing at its next payload.
    private final class Cursor {
        var stream: StreamFile
        let lane: DecodeLane
        var next = 0
        /// Earliest end among the records of the payload it stands at; a payload without records keeps the time before.
        var time: UInt64 = 0
        var failure: StreamError?

        init(_ stream: consuming StreamFile, _ lane: DecodeLane) {
            self.stream = stream
            self.lane = lane
        }

        /// Decodes the next payload; false at the end of the file.
        func advance() -> Bool {
            while next >= lane.block.payloads.count {
                do throws(StreamError) {
                    guard try stream.read(into: &lane.block) else { return false }
                } catch {
                    failure = error
                    return false
                }
                next = 0
            }
            lane.decode(lane.block.payloads[next])
            next += 1
            time = lane.batch.rows.reduce(nil as UInt64?) { min($0 ?? .max, $1.endNanoseconds) } ?? time
            return true
        }
    }

    private func runMerged(_ paths: [String]) throws {
        var cursors: [Cursor] = []
        var failure: StreamError?
        for path in paths {
            let cursor = Cursor(try open(path), DecodeLane(rules: engine.settings.intake))
            if cursor.advance() { cursors.append(cursor) } else { failure = failure ?? close(cursor) }
        }
        while let at = cursors.indices.min(by: { cursors[$0].time < cursors[$1].time }) {
            let cursor = cursors[at]
            sawPayload = true
            progress.file = cursor.stream.name
            progress.records += cursor.lane.batch.received
            try step(cursor.lane)
            cursor.lane.batch.releaseExcess()
            if !cursor.advance() {
                failure = failure ?? close(cursor)
                cursors.remove(at: at)
                progress.filesDone += 1
                report(progress)
            }
        }
        if let failure { throw failure }
    }

    /// What ended the reading of a file, unless it is only to be remarked.
    private func close(_ cursor: Cursor) -> StreamError? {
        guard let failure = cursor.failure else { return nil }
        do {
            try remark(failure, cursor.stream.format)
            return nil
        } catch {
            return error
        }
    }
}
