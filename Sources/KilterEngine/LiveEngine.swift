import Foundation
import KilterIntake
import KilterOutlet
import KilterVocabulary
import KilterWire
import Synchronization

/// The engine as a daemon: sockets in, events out, one receiver thread in between.
///
/// The receiver owns its sockets and the engine: it takes what has arrived, decodes it with the engine's workers,
/// judges it in the order of arrival and hands the events to the publisher. Nothing in it is shared but the status.
public final class LiveEngine: Sendable {
    public struct Options: Sendable {
        public var ingress: [IngressEndpoint] = []
        /// Nil leaves the output out.
        public var publish: String?
        public var catchUp: String?
        public var workers = 1
        public var memory = StateMemory.published
        /// A snapshot to start with.
        public var snapshot: [UInt8]?
        public var allowUnauthenticated = false

        public init() {}
    }

    /// What the engine says of itself; a copy as of the last round.
    public struct Status: Sendable {
        public var isReady = false
        public var received: UInt64 = 0
        public var inputGaps: UInt64 = 0
        public var messages: UInt64 = 0
        public var failure: String?
    }

    public let ingressAddresses: [String]
    public let publishAddress: String?
    public let catchUpAddress: String?
    private let publisher: Publisher
    private let mailbox: Mailbox
    private let state = Mutex(Status())
    private let measured = Mutex(EngineMetrics())
    private let stopping = Atomic(false)
    private let ended = DispatchSemaphore(value: 0)

    /// Binds everything and starts to receive. Throws what is wrong with an endpoint or the snapshot; then nothing runs.
    public init(settings: Settings, options: Options) throws {
        let context = try Context.ofProcess()
        let engine = Engine(settings: settings, workers: options.workers, memory: options.memory, takesCensus: true)
        if let snapshot = options.snapshot { try engine.restore(snapshot) }
        mailbox = try Mailbox()
        let ingress = try Ingress(options.ingress, context: context, allowUnauthenticated: options.allowUnauthenticated, wake: mailbox.wake)
        publisher = try Publisher.start(
            context: context, publishEndpoint: options.publish, catchUpEndpoint: options.catchUp,
            instance: settings.instance, logID: .random(), epoch: 1, allowUnauthenticated: options.allowUnauthenticated)
        ingressAddresses = ingress.bound
        publishAddress = publisher.publishEndpoint
        catchUpAddress = publisher.catchUpEndpoint
        let receiver = Receiver(engine: engine, ingress: ingress, mailbox: mailbox, sink: try publisher.makeSink())
        // The first scrape may come before the first round; it must find every series, at nought.
        measured.withLock { $0 = receiver.meter.snapshot(of: engine, messages: 0, gaps: 0) }
        let thread = Thread { [self] in receive(receiver) }
        thread.name = "kilter-receiver"
        thread.stackSize = 8 << 20
        state.withLock { $0.isReady = true }
        thread.start()
    }

    public var status: Status { state.withLock { $0 } }

    /// Takes one request by another way than a socket and returns when its records are admitted and what they caused
    /// is on its way out.
    public func submit(_ request: SubmittedRequest) async -> SubmitOutcome { await mailbox.submit(request) }

    /// What the engine can and cannot see so far; nil once it has ended.
    public func diagnosis() async -> Diagnosis? {
        await mailbox.ask { $0.engine.diagnosis(inputGaps: $0.gaps.missing) }
    }

    /// What was counted and measured, at most a tenth of a second and the work in progress old.
    public var metrics: EngineMetrics { measured.withLock { $0 } }

    /// Takes what has arrived already, publishes what comes of it, and ends. Further calls wait and do nothing.
    public func stop() {
        stopping.store(true, ordering: .releasing)
        ended.wait()
        ended.signal()
        publisher.stop()
    }

    private func receive(_ receiver: Receiver) {
        do {
            try receiver.announce()
            while !stopping.load(ordering: .acquiring) {
                try receiver.round(milliseconds: 100)
                note(receiver)
            }
            try receiver.finish()
            note(receiver)
        } catch {
            state.withLock { $0.failure = "\(error)" }
        }
        mailbox.abandon()
        state.withLock { $0.isReady = false }
        ended.signal()
    }

    private func note(_ receiver: Receiver) {
        if receiver.meter.snapshotIsDue() {
            let metrics = receiver.meter.snapshot(
                of: receiver.engine, messages: receiver.messages, gaps: receiver.gaps.missing)
            measured.withLock { $0 = metrics }
        }
        let received = receiver.engine.admission.received
        let gaps = receiver.gaps.missing
        let messages = receiver.messages
        let failure = publisher.failure.map { "\($0)" }
        state.withLock {
            $0.received = received
            $0.inputGaps = gaps
            $0.messages = messages
            if let failure {
                $0.failure = failure
                $0.isReady = false
            }
        }
    }
}
