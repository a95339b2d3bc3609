import Foundation
import KilterIntake
import KilterMath
import KilterOutlet
import KilterVocabulary
import KilterWire
import Synchronization

/// Subscribes in an engine's place and writes what comes to a recording, judging nothing.
///
/// Arrival is the wall clock's time when the recording began, carried on by the monotonic clock: a clock that is set
/// meanwhile makes no silence. While nothing comes, a mark every ten seconds says that time passes, so that replay adds
/// the same ticks up to the end.
public final class Recorder: Sendable {
    public struct Options: Sendable {
        /// `pull` and `sub` only: the acknowledged grade needs somebody who answers for what it took.
        public var ingress: [IngressEndpoint] = []
        public var replacesExisting = false
        /// End after this time, or once the file has this size in bytes; nil for never.
        public var period: Nanoseconds?
        public var bytesMax: UInt64?
        /// Who records, for the header.
        public var creator = "kilter"
        public var allowUnauthenticated = false

        public init() {}
    }

    /// How far a recording has come.
    public struct Progress: Sendable, Equatable {
        public var messages: UInt64 = 0
        /// Messages that were not recorded, because their frames say nothing that an engine would understand.
        public var refused: UInt64 = 0
        /// Messages that sequence numbers say are missing.
        public var missing: UInt64 = 0
        /// Bytes of the file.
        public var bytes: UInt64 = 0
        public var elapsed = Nanoseconds(0)
    }

    public enum Failure: Error, Equatable, CustomStringConvertible {
        case exists(file: String)
        case unwritable(file: String, reason: String)
        /// Another recorder is at work on it.
        case taken(file: String)
        /// Deleted, moved or replaced meanwhile.
        case gone(file: String)
        /// Has another size than what was written.
        case changed(file: String, bytes: UInt64, bytesWritten: UInt64)

        public var description: String {
            switch self {
            case .exists(let file): "\(file): exists already; choose another name, or --force to replace it"
            case .unwritable(let file, let reason): "\(file): cannot be written: \(reason)"
            case .taken(let file): "\(file): another recorder writes it at this moment; choose another name"
            case .gone(let file): "\(file): was deleted, moved or replaced while it was recorded"
            case .changed(let file, let bytes, let bytesWritten):
                "\(file): has \(bytes) bytes, but \(bytesWritten) were recorded: something else changed it meanwhile"
            }
        }
    }

    /// Addresses as bound or connected, in the order given.
    public let addresses: [String]
    private let stopping = Atomic(false)
    private let wake: WakePipe
    private let work: Mutex<RecorderWork>

    /// Binds everything and creates the file; when that fails, neither is left behind.
    public init(to path: String, options: Options) throws {
        wake = try WakePipe()
        let ingress = try Ingress(
            options.ingress, context: try Context.ofProcess(), allowUnauthenticated: options.allowUnauthenticated, wake: wake)
        addresses = ingress.bound
        work = Mutex(try RecorderWork(path, options, ingress))
    }

    /// Records until `stop` is called or a bound of the options is reached; once.
    /// - Parameter report: is told about ten times a second.
    public func run(report: (Progress) -> Void = { _ in }) throws -> Progress {
        try work.withLock { work in
            while !work.isComplete, !stopping.load(ordering: .acquiring) {
                try work.round()
                report(work.progress)
            }
            try work.finish()
            return work.progress
        }
    }

    /// Ends `run` soon: what has arrived by then is recorded.
    public func stop() {
        stopping.store(true, ordering: .releasing)
        wake.signal()
    }
}

/// What the thread that records owns.
private final class RecorderWork: @unchecked Sendable { // Guard: reached through the mutex of its recorder only.
    private(set) var progress = Recorder.Progress()
    private let options: Recorder.Options
    private var ingress: Ingress
    private let file: RecordingFile
    private var buffer = MessageBuffer(framesMax: 8, bytesMax: Limits.messageBytesMax + 4_096)
    private var gaps = InputGaps()
    private var turn = 0
    private let clock = ContinuousClock()
    private let started: ContinuousClock.Instant
    private let startedAt: EventTime
    private var lastRecord: EventTime

    /// Messages taken in one round, so that a flood does not keep the recorder from writing and ending.
    private static let messagesPerRound = 1_024
    private static let markEvery = Nanoseconds.seconds(10)

    init(_ path: String, _ options: Recorder.Options, _ ingress: consuming Ingress) throws {
        self.options = options
        started = clock.now
        startedAt = WallClock.now
        lastRecord = startedAt
        let info = RecordingInfo(creator: options.creator, startedAt: startedAt, addresses: ingress.bound)
        self.ingress = ingress
        file = try RecordingFile(path: path, replacesExisting: options.replacesExisting, info: info.json)
        try mark()
    }

    var isComplete: Bool {
        if let period = options.period, progress.elapsed >= period { return true }
        return options.bytesMax.map { file.bytes >= $0 } ?? false
    }

    /// Waits for messages, at most a tenth of a second, and writes what is there.
    func round() throws {
        let left = options.period.map { Int(clamping: ($0.count - min($0.count, progress.elapsed.count)) / 1_000_000) + 1 }
        if try ingress.wait(milliseconds: min(100, left ?? 100)) { try takeBurst() }
        if now.since(lastRecord) >= Self.markEvery { try mark() }
        try file.flush()
        progress.elapsed = now.since(startedAt)
        progress.bytes = file.bytes
    }

    /// Takes what has arrived already, notes when the recording ended, and hands all of it to the disk.
    func finish() throws {
        for _ in 0..<64 where !isComplete { if try takeBurst() < Self.messagesPerRound { break } }
        try mark()
        try file.finish()
        progress.bytes = file.bytes
    }

    @discardableResult
    private func takeBurst() throws -> Int {
        for taken in 0..<Self.messagesPerRound {
            guard !isComplete, try ingress.receive(into: &buffer, from: &turn) else { return taken }
            try record()
        }
        return Self.messagesPerRound
    }

    private func record() throws {
        let frames = (0..<buffer.count).map { buffer.frame($0).assumingMemoryBound(to: UInt8.self) }
        let arrival = now
        var envelope: Envelope?
        if buffer.flaw == nil { try file.append { envelope = try? Recording.append(frames: frames, arrival: arrival, to: &$0) } }
        guard let envelope else { return progress.refused += 1 }
        lastRecord = arrival
        progress.messages += 1
        if let sequence = envelope.sequence {
            _ = gaps.note(topic: StableHash.hash(frames[0]), sequence: sequence)
            progress.missing = gaps.missing
        }
    }

    private func mark() throws {
        let arrival = now
        try file.append { Recording.appendMark(arrival: arrival, to: &$0) }
        lastRecord = arrival
    }

    private var now: EventTime {
        let (seconds, attoseconds) = (clock.now - started).components
        return startedAt
            + Nanoseconds(UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000))
    }
}

/// Who recorded what, for people who look into the file.
private struct RecordingInfo {
    var creator: String
    var startedAt: EventTime
    var addresses: [String]

    var json: String {
        let places = addresses.map(quoted).joined(separator: ",")
        return "{\"created_by\":\(quoted(creator)),\"created_at\":\"\(Timestamp.text(startedAt))\",\"endpoints\":[\(places)]}\n"
    }

    private func quoted(_ text: String) -> String {
        let safe = text.unicodeScalars.filter { $0.value >= 0x20 && $0 != "\"" && $0 != "\\" }
        return "\"\(String(String.UnicodeScalarView(safe)))\""
    }
}
