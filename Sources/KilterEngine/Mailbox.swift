import KilterIntake
import KilterVocabulary
import KilterWire
import Synchronization

/// One OTLP request that came by another way than a ZeroMQ socket, with its body as it was sent.
public struct SubmittedRequest: Sendable {
    public var signal: OTLPSignal
    public var encoding: PayloadEncoding
    public var body: [UInt8]
    /// As the sender declared it; a body that is something else is malformed.
    public var compression: Compression?

    public init(signal: OTLPSignal, encoding: PayloadEncoding, body: [UInt8], compression: Compression?) {
        self.signal = signal
        self.encoding = encoding
        self.body = body
        self.compression = compression
    }
}

/// What became of a submitted request.
public enum SubmitOutcome: Sendable, Equatable {
    /// Its records were admitted, `rejected` of them refused; duplicates are not. With none refused, a reason is a warning.
    case admitted(records: UInt64, rejected: UInt64, reason: String?)
    /// It could not be read as a whole; sending it again would not help.
    case malformed(reason: String)
    /// More than `Limits.inflatedBytesMax` after decompression.
    case tooLarge
    /// Too much is waiting; send it again later.
    case busy
    /// The engine is ending; what the request caused, if anything, was not published.
    case stopping
}

/// Requests on their way to the receiver's thread: bounded, in order of arrival, each answered exactly once.
///
/// Full is an answer, not a wait: whoever submits can tell the sender to come back.
final class Mailbox: Sendable {
    struct Letter: Sendable {
        let request: SubmittedRequest
        let answer: CheckedContinuation<SubmitOutcome, Never>
    }

    /// Something to be done on the receiver's thread between two rounds.
    typealias Errand = @Sendable (Receiver?) -> Void

    private struct State {
        var letters: [Letter] = []
        var errands: [Errand] = []
        var bytes = 0
        var isClosed = false
    }

    /// Requests and bytes that may wait; one request is taken whatever its size.
    static let requestsMax = 256
    static let bytesMax = 64 << 20

    let wake: WakePipe
    private let state = Mutex(State())

    init() throws(WireError) { wake = try WakePipe() }

    func submit(_ request: SubmittedRequest) async -> SubmitOutcome {
        await withCheckedContinuation { answer in
            let refusal: SubmitOutcome? = state.withLock { state in
                if state.isClosed { return .stopping }
                let isFull = state.letters.count >= Self.requestsMax || state.bytes + request.body.count > Self.bytesMax
                if isFull && !state.letters.isEmpty { return .busy }
                state.letters.append(Letter(request: request, answer: answer))
                state.bytes += request.body.count
                return nil
            }
            if let refusal { answer.resume(returning: refusal) } else { wake.signal() }
        }
    }

    /// Takes up to `count` requests in the order of their arrival.
    func take(_ count: Int) -> [Letter] {
        state.withLock { state in
            let taken = Array(state.letters.prefix(count))
            state.letters.removeFirst(taken.count)
            for letter in taken { state.bytes -= letter.request.body.count }
            return taken
        }
    }

    /// Asks the receiver's thread; nil once the engine has ended.
    func ask<Answer: Sendable>(_ question: @escaping @Sendable (Receiver) -> Answer) async -> Answer? {
        await withCheckedContinuation { answer in
            let errand: Errand = { answer.resume(returning: $0.map(question)) }
            let isClosed = state.withLock { state in
                if !state.isClosed { state.errands.append(errand) }
                return state.isClosed
            }
            if isClosed { errand(nil) } else { wake.signal() }
        }
    }

    func takeErrands() -> [Errand] {
        state.withLock { state in
            let errands = state.errands
            state.errands = []
            return errands
        }
    }

    /// From now on every request is answered with `stopping`; what waits already can still be taken.
    func close() { state.withLock { $0.isClosed = true } }

    /// Answers whatever is left with `stopping`.
    func abandon() {
        close()
        for letter in take(.max) { letter.answer.resume(returning: .stopping) }
        for errand in takeErrands() { errand(nil) }
    }
}
