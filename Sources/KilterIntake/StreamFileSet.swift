#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The streams that a list of arguments names, in the order in which they are to be read.
///
/// A file is taken as it is, whatever its content. A folder gives the streams of spans and logs in it and below it, by
/// name (as bytes), and lists what it passed over. A pattern that the shell left alone (`*`, `?`, `[a-z]`) gives what it
/// matches, by name. `-` is standard input.
public struct StreamSet: Sendable, Equatable {
    /// Levels of folders below the one named.
    public static let depthMax = 32

    /// A file in a folder that was not taken.
    public struct Skipped: Sendable, Equatable {
        public var path: String
        public var reason: String

        public init(path: String, reason: String) {
            self.path = path
            self.reason = reason
        }
    }

    /// Paths for `StreamFile(path:)`.
    public private(set) var files: [String] = []
    public private(set) var skipped: [Skipped] = []

    public init(arguments: [String]) throws(StreamError) {
        for argument in arguments { try add(argument) }
        if files.filter({ $0 == "-" }).count > 1 {
            throw .unreadable(file: "standard input", reason: "named more than once", denied: false)
        }
    }

    private mutating func add(_ argument: String) throws(StreamError) {
        switch FileKind(argument, followsLinks: true) {
        case _ where argument == "-": files.append(argument)
        case .folder: try addFolder(argument)
        case .file, .other: files.append(argument)
        case .missing:
            let matches = Self.matches(of: argument)
            if matches.isEmpty { throw .missing(file: argument) }
            for match in matches {
                if FileKind(match, followsLinks: true) == .folder { try addFolder(match) } else { files.append(match) }
            }
        }
    }

    private mutating func addFolder(_ folder: String) throws(StreamError) {
        let before = files.count
        try descend(folder, depth: 0)
        if files.count == before { throw .noStreams(folder: folder) }
    }

    private mutating func descend(_ folder: String, depth: Int) throws(StreamError) {
        for name in try Self.names(in: folder) {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            switch FileKind(path, followsLinks: false) {
            // Links to folders are not followed: they may lead back up.
            case .folder where depth >= Self.depthMax: skip(path, "more than \(Self.depthMax) levels below")
            case .folder: try descend(path, depth: depth + 1)
            case .file: sniff(path)
            case .other where FileKind(path, followsLinks: true) == .file: sniff(path)
            case .other, .missing: skip(path, "not a plain file")
            }
        }
    }

    private mutating func sniff(_ path: String) {
        do {
            if try StreamFile.holdsSpans(path: path) { files.append(path) } else { skip(path, "no span stream") }
        } catch {
            skip(path, Self.reason(error))
        }
    }

    private mutating func skip(_ path: String, _ reason: String) { skipped.append(Skipped(path: path, reason: reason)) }

    private static func reason(_ error: StreamError) -> String {
        switch error {
        case .empty: "empty"
        case .unreadable(_, let reason, _), .corrupt(_, _, let reason): reason
        case .truncated: "ends half way through its beginning"
        case .missing, .notAStream, .payloadTooLarge, .noStreams: "no span stream"
        }
    }

    /// What stands in a folder, hidden files left out, ordered by the bytes of the names.
    private static func names(in folder: String) throws(StreamError) -> [String] {
        guard let handle = opendir(folder) else {
            throw .unreadable(file: folder, reason: String(cString: strerror(errno)), denied: errno == EACCES)
        }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return sorted(names)
    }

    private static func matches(of pattern: String) -> [String] {
        guard pattern.utf8.contains(where: { "*?[".utf8.contains($0) }) else { return [] }
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, GLOB_NOSORT, nil, &found) == 0, let paths = found.gl_pathv else { return [] }
        let names = (0..<Int(found.gl_pathc)).compactMap { index in paths[index].map { String(cString: $0) } }
        return sorted(names)
    }

    /// The same order whatever the language of the machine.
    private static func sorted(_ names: [String]) -> [String] {
        names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}

private enum FileKind {
    case file, folder, other, missing

    init(_ path: String, followsLinks: Bool) {
        var status = stat()
        guard (followsLinks ? stat(path, &status) : lstat(path, &status)) == 0 else {
            self = .missing
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFREG: self = .file
        case S_IFDIR: self = .folder
        default: self = .other
        }
    }
}

extension StreamFile {
    /// Decompressed bytes looked at to tell a span stream from other files.
    private static let sniffBytes = 256 << 10

    /// Whether a file is a span stream by its beginning: its first JSON object has `resourceSpans` or `resourceLogs`
    /// as a key of its own, or it is framed protobuf or a recording. Throws when the beginning cannot be read.
    static func holdsSpans(path: String) throws(StreamError) -> Bool {
        var source = try StreamSource(path: path, readMax: sniffBytes)
        var buffer = SlackBuffer(capacity: sniffBytes)
        var ended = false
        while !ended && buffer.count < sniffBytes {
            do {
                let got = try source.read(into: buffer.spare)
                buffer.extend(by: got)
                ended = got == 0
            } catch {
                // What was whole before the damage still tells what the file is.
                if buffer.count == 0 { throw error }
                ended = true
            }
        }
        switch StreamGuess(buffer.bytes, atEnd: ended) {
        case .empty: throw .empty(file: path)
        case .blank, .needsMore, .notAStream: return false
        case .json, .format(.jsonLines), .format(.jsonDocuments): return isRequest(buffer.bytes)
        case .format(.varintDelimited), .format(.recording): return true
        case .format(.lengthFrames): return holdsSpansInFrames(buffer.bytes)
        }
    }

    private static func isRequest(_ bytes: UnsafeRawBufferPointer) -> Bool {
        StreamText.hasTopLevelKey(bytes, ["resourceSpans", "resource_spans", "resourceLogs", "resource_logs"])
    }

    /// Judged by the first payload that is not empty; a compressed one is taken at its word.
    private static func holdsSpansInFrames(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at + 4 < bytes.count, bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self) == 0 { at += 4 }
        let payload = UnsafeRawBufferPointer(rebasing: bytes[min(at + 4, bytes.count)...])
        guard payload.first == UInt8(ascii: "{") else { return true }
        return isRequest(payload)
    }
}
