import Foundation
import KilterIntake
import KilterVocabulary

/// A recording as it grows: appended to, never changed. What `flush` has handed to the system survives the end of this
/// process, however it ends; a last record that did not fit any more is cut, and replay says so.
///
/// While it grows it is locked (flock(2)), so that two recorders never share one; at its end it must still lie where it
/// was made and hold every byte.
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
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (replacesExisting ? 0 : O_EXCL), 0o600)
        }
        guard descriptor >= 0 else {
            if errno == EEXIST { throw Recorder.Failure.exists(file: path) }
            throw Recorder.Failure.unwritable(file: path, reason: String(cString: strerror(errno)))
        }
        if kind == S_IFREG { try claim() }
        try append { $0 += Recording.header(info: info) }
        try flush()
    }

    deinit { if descriptor > STDERR_FILENO { close(descriptor) } }

    /// Takes a file for this recorder alone, and empties it. Where a file system knows no locks, nobody else is kept off.
    private func claim() throws {
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK { throw Recorder.Failure.taken(file: path) }
        if ftruncate(descriptor, 0) != 0 { throw unwritable(errno) }
    }

    /// What stands behind the descriptor: a file, a pipe, a device.
    private var kind: mode_t {
        var status = stat()
        return path != "-" && fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
    }

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

    /// Hands everything to the disk and makes sure that it lies there.
    func finish() throws {
        try flush()
        // A pipe or a terminal has no disk behind it, and says so.
        if fsync(descriptor) != 0, errno != EINVAL, errno != EROFS, errno != ENOTSUP { throw unwritable(errno) }
        guard kind == S_IFREG else { return }
        defer { flock(descriptor, LOCK_UN) }
        var (own, found) = (stat(), stat())
        guard fstat(descriptor, &own) == 0, stat(path, &found) == 0, own.st_dev == found.st_dev, own.st_ino == found.st_ino else {
            throw Recorder.Failure.gone(file: path)
        }
        guard UInt64(clamping: own.st_size) == bytes else {
            throw Recorder.Failure.changed(file: path, bytes: UInt64(clamping: own.st_size), bytesWritten: bytes)
        }
    }

    private func unwritable(_ code: Int32) -> Recorder.Failure {
        .unwritable(file: path == "-" ? "standard output" : path, reason: String(cString: strerror(code)))
    }
}
