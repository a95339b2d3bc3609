/// Where in a stream something stands, as far as it is known.
public enum StreamPlace: Equatable, Sendable {
    /// One-based line of a text stream.
    case line(UInt64)
    /// One-based number of a framed payload and the offset of its length, in bytes after decompression.
    case payload(UInt64, offset: UInt64)
    /// Bytes from the start of the file as it lies on disk.
    case byte(UInt64)

    public var description: String {
        switch self {
        case .line(let line): "line \(line)"
        case .payload(let number, let offset): "payload \(number) at byte \(offset)"
        case .byte(let offset): "byte \(offset)"
        }
    }
}

/// Why a recorded stream could not be read, or not to its end. The message is one sentence for people.
public enum StreamError: Error, Equatable, Sendable {
    /// Neither a file nor a pattern that matches one.
    case missing(file: String)
    /// Exists and cannot be opened or read; `denied` when for want of permission.
    case unreadable(file: String, reason: String, denied: Bool)
    /// Not one payload in it.
    case empty(file: String)
    /// Its beginning, of which `begins` shows a few bytes, is none of the known forms.
    case notAStream(file: String, begins: String)
    /// Ends half way through `what`; everything whole before it was delivered.
    case truncated(file: String, at: StreamPlace, what: String)
    case corrupt(file: String, at: StreamPlace, reason: String)
    /// `bytes` is nil when the payload did not end within the limit.
    case payloadTooLarge(file: String, at: StreamPlace, bytes: UInt64?, limit: Int)
    /// A folder without one span stream in it.
    case noStreams(folder: String)

    public var file: String {
        switch self {
        case .missing(let file), .empty(let file), .noStreams(let file), .notAStream(let file, _): file
        case .unreadable(let file, _, _), .truncated(let file, _, _), .corrupt(let file, _, _): file
        case .payloadTooLarge(let file, _, _, _): file
        }
    }

    /// Whether other files can be read as if nothing had happened: this one holds nothing, or is a recording of which
    /// all is good but a last message that was cut.
    public func sparesOthers(in format: StreamFormat?) -> Bool {
        switch self {
        case .empty: true
        case .truncated: format == .recording
        default: false
        }
    }

    public var message: String {
        switch self {
        case .missing(let file):
            "\(file): no such file or folder, and nothing that it matches as a pattern"
        case .unreadable(let file, let reason, _):
            "\(file): cannot be read: \(reason)"
        case .empty(let file):
            "\(file): empty, where at least one OTLP request was expected"
        case .notAStream(let file, let begins):
            "\(file): not an OTLP stream: it begins with \(begins), where JSON lines, 4-byte length frames, "
                + "varint-delimited protobuf or a recording were expected, plain or compressed with gzip or zstd"
        case .truncated(let file, let place, let what):
            "\(file): ends at \(place.description) half way through \(what)"
        case .corrupt(let file, let place, let reason):
            "\(file): \(reason) at \(place.description)"
        case .payloadTooLarge(let file, let place, let bytes?, let limit):
            "\(file): \(place.description) claims \(bytes) bytes, where at most \(limit) were expected"
        case .payloadTooLarge(let file, let place, nil, let limit):
            "\(file): \(place.description) does not end within the \(limit) bytes that one request may have"
        case .noStreams(let folder):
            "\(folder): no span stream in this folder; expected files whose first object has the key resourceSpans or "
                + "resourceLogs"
        }
    }

    /// The first bytes of something unknown: as text when they are printable ASCII, else in hexadecimal.
    static func begins(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = bytes.prefix(16).prefix { $0 >= 0x20 && $0 < 0x7f }
        if text.count >= 4 || text.count == bytes.count { return "\"\(String(decoding: text, as: UTF8.self))\"" }
        return "bytes " + bytes.prefix(8).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
