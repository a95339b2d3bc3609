import Foundation

/// A fixed crew of threads that runs one piece of work per worker and waits for all of them: the barrier of the
/// bulk-synchronous walk. With one worker the caller does the work itself and no thread exists.
final class Crew: @unchecked Sendable { // Guard: every stored variable below is read and written under `lock` only.
    let workers: Int
    private let lock = NSCondition()
    private var work: (@Sendable (Int) -> Void)?
    private var round = 0
    private var running = 0
    private var stopped = false

    init(workers: Int) {
        self.workers = max(1, workers)
        for worker in 1..<max(1, self.workers) {
            let thread = Thread { [self] in attend(worker) }
            thread.name = "kilter-worker-\(worker)"
            thread.stackSize = 4 << 20
            thread.start()
        }
    }

    /// Runs `body` once for each worker number and returns when all are done.
    func run(_ body: @escaping @Sendable (Int) -> Void) {
        guard workers > 1 else { return body(0) }
        lock.lock()
        work = body
        round += 1
        running = workers - 1
        lock.broadcast()
        lock.unlock()
        body(0)
        lock.lock()
        while running > 0 { lock.wait() }
        work = nil
        lock.unlock()
    }

    /// Ends the threads; the crew is of no use afterwards.
    func stop() {
        lock.lock()
        stopped = true
        lock.broadcast()
        lock.unlock()
    }

    private func attend(_ worker: Int) {
        var seen = 0
        while true {
            lock.lock()
            while round == seen, !stopped { lock.wait() }
            if stopped { return lock.unlock() }
            seen = round
            var body = work
            lock.unlock()
            body?(worker)
            // Let go of what the work holds before anybody goes on.
            body = nil
            lock.lock()
            running -= 1
            if running == 0 { lock.broadcast() }
            lock.unlock()
        }
    }
}
