import Foundation
import KilterIntake
import KilterVocabulary

/// A recording as it grows: appended to, never changed. What `flush` has handed to the system survives the end of this
/// process, however it ends; a last record that did not fit any more is cut, and replay says so.
final class RecordingFile {
    /// Bytes kept back before they are written without being asked.
    private static let pendingMax = 1 << 20

    private let path: String
    private let descriptor: Int32
    private var pending: [UInt8] = []
    /// Bytes of the recording, written or pending.
    private(set) var bytes: UInt64 = 0

    /// Creates `path`, readable for its owner only, since a recording holds content as it came; `-` is standard output.
    init(path: String, replacesExisting: Bool, info: String) throws {
        self.path = path
        if path == "-" {
            descriptor = STDOUT_FILENO
        } else {
            let mode = replacesExisting ? O_TRUNC : O_EXCL
            descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | mode, 0o600)
        }
        guard descriptor >= 0 else {
            if errno == EEXIST { throw Recorder.Failure.exists(file: path) }
            throw Recorder.Failure.unwritable(file: path, reason: String(cString: strerror(errno)))
        }
        try append { $0 += Recording.header(info: info) }
        try flush()
    }

    deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

    /// Lets `write` append records.
    func append(_ write: (inout [UInt8]) -> Void) throws {
        let before = pending.count
        write(&pending)
        bytes += UInt64(pending.count - before)
        if pending.count >= Self.pendingMax { try flush() }
    }

    /// Hands everything to the system.
    func flush() throws {
        var from = 0
        while from < pending.count {
            let written = pending[from...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else {
                let failure = unwritable(errno)
                pending.removeAll()
                throw failure
            }
            from += written
        }
        pending.removeAll(keepingCapacity: true)
    }

    /// Hands everything to the disk.
    func finish() throws {
        try flush()
        // A pipe or a terminal has no disk behind it, and says so.
        guard fsync(descriptor) != 0, errno != EINVAL, errno != EROFS, errno != ENOTSUP else { return }
        throw unwritable(errno)
    }

    private func unwritable(_ code: Int32) -> Recorder.Failure {
        .unwritable(file: path == "-" ? "standard output" : path, reason: String(cString: strerror(code)))
    }
}
