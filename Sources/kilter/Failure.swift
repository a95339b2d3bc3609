import ArgumentParser
import Foundation
import KilterConsole
import KilterEngine
import KilterIntake
import KilterWire

/// A command that cannot do its job: one sentence for people and the exit code of the contract.
struct Failure: Error {
    enum Code: Int32 {
        case answerIsNo = 1, usage = 64, badData = 65, noInput = 66, unavailable = 69, inputOutput = 74, badConfiguration = 78
    }

    var code: Code
    var message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The failure that `error` amounts to.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case let stream as StreamError: self.init(stream)
        case let wire as WireError: self.init(wire)
        case let console as ConsoleError: self.init(.usage, console.description)
        case let configuration as ConfigurationError: self.init(.badConfiguration, configuration.description)
        case let sending as StreamSender.Failure:
            if case .nobodyListens = sending {
                self.init(.unavailable, sending.description)
            } else {
                self.init(.badData, sending.description)
            }
        case let recording as Recorder.Failure: self.init(.inputOutput, recording.description)
        case let snapshot as Snapshot.Failure: self.init(.badData, "the snapshot cannot be used: \(snapshot)")
        default: self.init(.inputOutput, "\(error)")
        }
    }

    private init(_ error: StreamError) {
        let code: Code =
            switch error {
            case .missing, .noStreams: .noInput
            case .unreadable: .inputOutput
            case .empty, .notAStream, .truncated, .corrupt, .payloadTooLarge: .badData
            }
        self.init(code, error.message)
    }

    private init(_ error: WireError) {
        let code: Code =
            switch error {
            case .notUnderstood, .unauthenticatedBind: .usage
            default: .unavailable
            }
        self.init(code, error.description)
    }
}

/// Runs the body of a command; what goes wrong becomes one line on standard error and the exit code.
func reportingFailures(_ body: () async throws -> Void) async throws {
    do {
        try await body()
    } catch let exit as ExitCode {
        throw exit
    } catch {
        let failure = Failure(error)
        StandardError.line("kilter: \(TerminalText.safe(failure.message))")
        throw ExitCode(failure.code.rawValue)
    }
}

/// The end of messaging: sockets that are gone may still have messages on their way, which leave before the process does.
enum Messaging {
    static func end() {
        // The thread that held the last socket may need a moment to let go of it.
        for _ in 0..<50 {
            guard let context = try? Context.ofProcess() else { return }
            if (try? context.terminate()) != nil { return }
            Thread.sleep(forTimeInterval: 0.02)
        }
    }
}

enum StandardError {
    static var isTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    static func line(_ text: String) { write(text + "\n") }

    /// Nobody to tell, when standard error is closed or full: the exit code says it all the same.
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        var from = 0
        while from < bytes.count {
            let written = bytes[from...].withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            if written <= 0 { return }
            from += written
        }
    }
}

/// Buffered standard output. A reader that went away ends the command quietly, as in any pipe.
struct StandardOutput {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Told before bytes go out, so that a progress bar can make room on the same terminal.
    var beforeFlush: () -> Void = {}
    private var pending: [UInt8] = []

    /// Writes all of a short output.
    static func write(_ text: String) throws {
        var output = StandardOutput()
        try output.write(text.utf8)
        try output.flush()
    }

    mutating func write(_ bytes: some Sequence<UInt8>) throws {
        pending.append(contentsOf: bytes)
        if pending.count >= 64 << 10 { try flush() }
    }

    mutating func flush() throws {
        if !pending.isEmpty { beforeFlush() }
        var from = 0
        while from < pending.count {
            let written = pending[from...].withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
            if written < 0 {
                if errno == EINTR { continue }
                let reason = String(cString: strerror(errno))
                pending.removeAll()
                throw Failure(.inputOutput, "standard output cannot be written: \(reason)")
            }
            from += written
        }
        pending.removeAll(keepingCapacity: true)
    }
}
