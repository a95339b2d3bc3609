import KilterEngine

/// A line on standard error that shows how far a replay has come; silent when that is not a terminal.
final class ProgressBar {
    private let isShown = StandardError.isTerminal
    private let started = ContinuousClock.now
    private var last: ContinuousClock.Instant?
    private static let width = 30

    func show(_ progress: Replay.Progress) {
        guard isShown else { return }
        let now = ContinuousClock.now
        if let last, now - last < .milliseconds(100) { return }
        last = now
        let seconds = max((now - started).components.seconds, 1)
        let rate = progress.records / UInt64(clamping: seconds)
        var bar = ""
        if let total = progress.bytesTotal, total > 0 {
            let done = min(Int(progress.bytesRead * UInt64(Self.width) / total), Self.width)
            bar = "[" + String(repeating: "=", count: done) + String(repeating: " ", count: Self.width - done) + "] "
        }
        let files = progress.files > 1 ? "file \(progress.filesDone + 1) of \(progress.files), " : ""
        StandardError.write("\r\u{1b}[K\(bar)\(files)\(progress.records) records, \(rate)/s")
    }

    func clear() {
        if isShown, last != nil { StandardError.write("\r\u{1b}[K") }
    }
}
