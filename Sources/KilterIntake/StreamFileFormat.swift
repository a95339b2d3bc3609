import KilterVocabulary

/// How payloads stand in a recorded stream, after decompression.
public enum StreamFormat: Sendable, Equatable {
    /// One JSON object a line, as the Collector's file exporter writes by default.
    case jsonLines
    /// JSON objects over several lines each, one after the other.
    case jsonDocuments
    /// A 4-byte big-endian length before each payload, as the Collector's file exporter writes protobuf and
    /// compressed payloads.
    case lengthFrames
    /// A varint length before each protobuf payload, as `writeDelimitedTo` of the protobuf libraries writes.
    case varintDelimited
    /// Messages with their arrival, as `kilter record` writes them; see `Recording`.
    case recording
}

/// What the first bytes of a stream say about its format.
enum StreamGuess: Equatable {
    case format(StreamFormat)
    /// JSON; whether lines or documents shows when the first object or the first line ends.
    case json
    /// White space only, and more than any binary format begins with: text, if anything.
    case blank
    case needsMore
    case empty
    case notAStream

    /// Bytes that decide between the binary formats; text may need more for its leading blank lines.
    private static let binaryBytes = 64

    init(_ bytes: UnsafeRawBufferPointer, atEnd: Bool) {
        var start = 0
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { start = 3 }
        let text = bytes[start...].firstIndex { !StreamText.isSpace($0) }
        if let text, bytes[text] == UInt8(ascii: "{") {
            self = .json
        } else if !atEnd && bytes.count < Self.binaryBytes {
            self = .needsMore
        } else if bytes.isEmpty || (text == nil && atEnd) {
            self = .empty
        } else if text == nil {
            self = .blank
        } else if bytes.starts(with: Recording.magic) {
            self = .format(.recording)
        } else if bytes[0] == 0 {
            self = Self.isFramed(bytes) ? .format(.lengthFrames) : .notAStream
        } else if Self.isDelimited(bytes) {
            self = .format(.varintDelimited)
        } else {
            self = Self.isFramed(bytes) ? .format(.lengthFrames) : .notAStream
        }
    }

    /// A plausible 4-byte length with a payload that begins like JSON, a request or compressed data. Empty
    /// payloads may stand before it.
    private static func isFramed(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var at = 0
        while at + 4 < bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self).bigEndian)
            at += 4
            if length == 0 { continue }
            guard length <= Limits.inflatedBytesMax else { return false }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[at...])
            if payload[0] == UInt8(ascii: "{") { return true }
            return isRequest(payload, length) || Compression(magic: payload) != nil
        }
        return false
    }

    /// A plausible varint length with a payload that begins like a request.
    private static func isDelimited(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let (length, size) = StreamVarint.read(bytes, at: 0), length > 0, length <= UInt64(Limits.inflatedBytesMax)
        else { return false }
        return isRequest(UnsafeRawBufferPointer(rebasing: bytes[size...]), Int(length))
    }

    /// `resource_spans` or `resource_logs` (field 1) that fits into `length`, followed by a field of theirs.
    private static func isRequest(_ payload: UnsafeRawBufferPointer, _ length: Int) -> Bool {
        guard payload.count >= 2, payload[0] == 0x0a, let (inner, size) = StreamVarint.read(payload, at: 1) else { return false }
        guard inner <= UInt64(max(length - 1 - size, 0)) else { return false }
        if inner == 0 || payload.count <= 1 + size { return true }
        // resource, scope_spans, schema_url, and the first byte of the retired field 1000.
        return [0x0a, 0x12, 0x1a, 0xc2].contains(payload[1 + size])
    }
}

extension OTLPSignal {
    /// What a JSON request carries, told by its first key. Another key than OTLP's counts as traces, so that the
    /// decoder refuses it with its reason. Costs a few nanoseconds.
    init(firstKeyOf json: UnsafeRawBufferPointer) {
        self = .traces
        var at = json.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        for expected in [UInt8(ascii: "{"), UInt8(ascii: "\"")] {
            while at < json.count && StreamText.isSpace(json[at]) { at += 1 }
            guard at < json.count, json[at] == expected else { return }
            at += 1
        }
        let key = json[at...].prefix(Self.keyBytesMax).prefix { $0 != UInt8(ascii: "\"") }
        func isOne(of names: StaticString...) -> Bool {
            names.contains { key.elementsEqual(UnsafeBufferPointer(start: $0.utf8Start, count: $0.utf8CodeUnitCount)) }
        }
        if isOne(of: "resourceSpans", "resource_spans") { return }
        if isOne(of: "resourceLogs", "resource_logs") { self = .logs }
        if isOne(of: "resourceMetrics", "resource_metrics", "resourceProfiles", "resource_profiles") { self = .other }
    }

    private static let keyBytesMax = 32
}

/// Unsigned base-128 numbers of protobuf.
enum StreamVarint {
    /// The number at `offset` and its size in bytes; nil when it is cut off or longer than ten bytes.
    static func read(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (value: UInt64, size: Int)? {
        var value: UInt64 = 0
        for size in 0..<10 {
            guard offset + size < bytes.count else { return nil }
            let byte = bytes[offset + size]
            value |= UInt64(byte & 0x7f) << UInt64(7 * size)
            if byte < 0x80 { return (value, size + 1) }
        }
        return nil
    }
}

/// The little that must be known of JSON to find where objects end: strings, escapes, braces.
enum StreamText {
    @inline(__always) static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09
    }

    /// A scan for the end of one object that can stop anywhere and go on.
    struct ObjectScan {
        private(set) var depth = 0
        private var inString = false
        private var escaped = false
        /// Lines that ended inside the object so far.
        private(set) var lines: UInt64 = 0

        /// Offset behind the closing brace of the object, or nil when it does not end in `range`.
        mutating func end(in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
            for at in range {
                let byte = bytes[at]
                if byte == 0x0a { lines += 1 }
                if inString {
                    if escaped {
                        escaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        escaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        inString = false
                    }
                } else if byte == UInt8(ascii: "\"") {
                    inString = true
                } else if byte == UInt8(ascii: "{") {
                    depth += 1
                } else if byte == UInt8(ascii: "}") {
                    depth -= 1
                    if depth <= 0 { return at + 1 }
                }
            }
            return nil
        }
    }

    /// Whether the object at the front of `bytes`, which may be cut off, has one of `names` as a key of its own.
    static func hasTopLevelKey(_ bytes: UnsafeRawBufferPointer, _ names: [StaticString]) -> Bool {
        var depth = 0
        var at = 0
        while at < bytes.count {
            switch bytes[at] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"):
                depth -= 1
                if depth <= 0 { return false }
            case UInt8(ascii: "\""):
                let start = at + 1
                at = endOfString(bytes, from: start)
                if depth == 1 && isKey(bytes, behind: at), names.contains(where: { matches(bytes[start..<at], $0) }) {
                    return true
                }
            default: break
            }
            at += 1
        }
        return false
    }

    /// Offset of the closing quote, or the end of `bytes`.
    private static func endOfString(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var at = start
        while at < bytes.count && bytes[at] != UInt8(ascii: "\"") {
            at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(at, bytes.count)
    }

    private static func isKey(_ bytes: UnsafeRawBufferPointer, behind quote: Int) -> Bool {
        var at = quote + 1
        while at < bytes.count && isSpace(bytes[at]) { at += 1 }
        return at < bytes.count && bytes[at] == UInt8(ascii: ":")
    }

    private static func matches(_ slice: Slice<UnsafeRawBufferPointer>, _ name: StaticString) -> Bool {
        slice.elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }
}
