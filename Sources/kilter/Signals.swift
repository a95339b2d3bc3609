import Foundation
import Logging

/// What signals mean to an engine: SIGTERM and SIGINT end it, and so does SIGHUP where its terminal is gone; elsewhere
/// SIGHUP asks a daemon to read its configuration again, which this build does not, and SIGUSR1 and SIGUSR2 mean nothing.
final class Signals {
    private var source: (any DispatchSourceSignal)?

    init(_ logger: Logger) {
        for number in [SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
        guard !StandardError.isTerminal else { return }
        signal(SIGHUP, SIG_IGN)
        let made = DispatchSource.makeSignalSource(signal: SIGHUP)
        made.setEventHandler {
            logger.notice("SIGHUP: reload is not in this build; restart the engine to change its configuration")
        }
        made.resume()
        source = made
    }

    func end() { source?.cancel() }
}
