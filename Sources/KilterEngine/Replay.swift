import KilterIntake
import KilterVocabulary

/// Runs recorded streams through an engine on their own event time.
///
/// Files are read in the order given, as one stream. Decoding is shared out among the engine's workers, judging is in
/// the order of the records: the events are the same for any number of workers and any size of block.
public final class Replay {
    public struct Options: Sendable {
        /// Only records whose event time (end) is at or after `since` and before `until` are admitted.
        public var since: EventTime?
        public var until: EventTime?
        /// Interleave the files by time instead of reading one after the other.
        public var merge = false
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

    /// Replays the streams. Whatever was whole before an error has been judged when it is thrown.
    public func run(_ paths: [String]) throws {
        progress.files = paths.count
        if options.merge && paths.count > 1 { try runMerged(paths) } else { try runInOrder(paths) }
        if options.drain { try publish(engine.drain()) }
    }

    /// Replays a stream that is in memory.
    public func run(bytes: [UInt8], name: String) throws {
        try run(StreamFile(bytes: bytes, name: name, chunkBytes: options.chunkBytes))
        if options.drain { try publish(engine.drain()) }
    }

    private func runInOrder(_ paths: [String]) throws {
        for path in paths {
            try run(StreamFile(path: path, chunkBytes: options.chunkBytes))
            progress.filesDone += 1
        }
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
        if let failure { throw failure }
    }

    /// Decodes the first `filled` lanes side by side, then judges them one after the other.
    private func judge(_ filled: Int) throws {
        guard filled > 0 else { return }
        let lanes = self.lanes
        engine.crew.run { worker in
            if worker < filled { lanes[worker].decodeBlock() }
        }
        for lane in lanes[..<filled] { try step(lane) }
    }

    private func step(_ lane: DecodeLane) throws {
        if options.since != nil || options.until != nil {
            let before = lane.batch.rows.count
            let since = options.since ?? .zero
            let until = options.until ?? .never
            lane.batch.rows.removeAll { $0.endNanoseconds < since.nanoseconds || $0.endNanoseconds >= until.nanoseconds }
            outside += UInt64(before - lane.batch.rows.count)
        }
        progress.records += lane.batch.received
        try publish(engine.step(&lane.batch))
        lane.batch.releaseExcess()
    }

    private func publish(_ events: [Event]) throws {
        if !events.isEmpty { try emit(events) }
    }
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
            let cursor = Cursor(try StreamFile(path: path, chunkBytes: options.chunkBytes), DecodeLane(rules: engine.settings.intake))
            if cursor.advance() { cursors.append(cursor) } else { failure = failure ?? cursor.failure }
        }
        while let at = cursors.indices.min(by: { cursors[$0].time < cursors[$1].time }) {
            progress.file = cursors[at].stream.name
            try step(cursors[at].lane)
            if !cursors[at].advance() {
                failure = failure ?? cursors[at].failure
                cursors.remove(at: at)
                progress.filesDone += 1
                report(progress)
            }
        }
        if let failure { throw failure }
    }
}
