import KilterVocabulary

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Finds the payloads in the bytes of a stream as they arrive. Its state is where it stands, so that the same
/// payloads come out however the bytes were cut; nothing is scanned twice.
struct StreamSplitter: ~Copyable {
    /// Payloads put into one block; the bytes behind them wait for the next.
    static let payloadsMax = 65_536
    /// Bytes inflated from frames into one block, at most one payload more.
    static let inflatedMax = 8 << 20

    let file: String
    private(set) var format: StreamFormat?
    /// Offset in the block of the first byte that belongs to no payload found so far.
    var consumed = 0
    /// Why the stream cannot go on, found behind the payloads of the block.
    var fault: StreamError?
    /// Lines that ended, or frames seen, before `consumed`.
    var number: UInt64 = 0
    /// Bytes of the stream, after decompression, before the block.
    private(set) var base: UInt64 = 0
    /// Offset in the block up to which the unfinished payload was looked at.
    private var scanned = 0
    private var object = StreamText.ObjectScan()
    /// The stream begins with more blanks than any binary form has: text, of which nothing was seen yet.
    private var isBlank = false
    /// The stream is known to be JSON.
    private var isText = false
    /// The header of a recording was read, and a record behind it.
    var isBehindHeader = false
    var sawRecord = false
    /// What protobuf payloads carry.
    private let protobuf: OTLPSignal
    let payloadMax: Int
    private var inflater: Inflater

    init(file: String, protobuf: OTLPSignal, payloadMax: Int) {
        self.file = file
        self.protobuf = protobuf
        self.payloadMax = payloadMax
        inflater = Inflater(bytesMax: payloadMax)
    }

    /// The bytes from `consumed` on stand at the front of a new block.
    mutating func rebase() {
        base += UInt64(consumed)
        scanned = max(scanned - consumed, 0)
        consumed = 0
    }

    /// Adds the payloads that are whole in the first `filled` bytes of `block`. With `atEnd` no more bytes come.
    mutating func split(_ block: inout StreamBlock, atEnd: Bool) {
        if format == nil { detect(block.bytes, atEnd: atEnd) }
        guard fault == nil, let format else { return }
        let filled = block.bytes.count
        switch format {
        case .jsonLines: splitLines(&block, filled, atEnd: atEnd)
        case .jsonDocuments: splitDocuments(&block, filled, atEnd: atEnd)
        case .lengthFrames, .varintDelimited: splitFrames(&block, filled, atEnd: atEnd)
        case .recording: splitRecording(&block, filled, atEnd: atEnd)
        }
    }

    // MARK: Format

    private mutating func detect(_ bytes: UnsafeRawBufferPointer, atEnd: Bool) {
        if !isText && !isBlank {
            switch StreamGuess(bytes, atEnd: atEnd) {
            case .format(let found): format = found
            case .needsMore: return
            case .empty: fault = .empty(file: file)
            case .notAStream: fault = .notAStream(file: file, begins: StreamError.begins(bytes))
            case .blank, .json:
                isBlank = true
                if bytes.starts(with: [0xef, 0xbb, 0xbf]) { consumed = 3 }
            }
        }
        if isBlank { skipBlanks(bytes, atEnd: atEnd) }
        if isText { tellLinesFromDocuments(bytes, atEnd: atEnd) }
    }

    /// Each blank is looked at once, however many stand before the first object.
    private mutating func skipBlanks(_ bytes: UnsafeRawBufferPointer, atEnd: Bool) {
        skipSpace(bytes, bytes.count)
        scanned = consumed
        if consumed == bytes.count {
            if atEnd { fault = .empty(file: file) }
        } else if bytes[consumed] == UInt8(ascii: "{") {
            isBlank = false
            isText = true
        } else {
            fault = .notAStream(file: file, begins: StreamError.begins(UnsafeRawBufferPointer(rebasing: bytes[consumed...])))
        }
    }

    /// Lines when the first object ends before its line does, or never; documents when its line ends first.
    private mutating func tellLinesFromDocuments(_ bytes: UnsafeRawBufferPointer, atEnd: Bool) {
        let newline = Self.newline(bytes, from: scanned, to: bytes.count)
        let end = object.end(in: bytes, scanned..<(newline ?? bytes.count))
        scanned = newline ?? bytes.count
        if end != nil || (newline == nil && atEnd) {
            format = .jsonLines
        } else if newline != nil {
            format = .jsonDocuments
        } else if bytes.count - consumed > payloadMax {
            fault = tooLarge(nil)
        }
    }

    private mutating func skipSpace(_ bytes: UnsafeRawBufferPointer, _ filled: Int) {
        while consumed < filled && StreamText.isSpace(bytes[consumed]) {
            if bytes[consumed] == 0x0a { number += 1 }
            consumed += 1
        }
    }

    // MARK: Text

    private mutating func splitLines(_ block: inout StreamBlock, _ filled: Int, atEnd: Bool) {
        let bytes = block.bytes
        while consumed < filled && block.payloads.count < Self.payloadsMax {
            guard let end = Self.newline(bytes, from: max(scanned, consumed), to: filled) ?? (atEnd ? filled : nil) else {
                scanned = filled
                break
            }
            guard end - consumed <= payloadMax else { return fault = tooLarge(nil) }
            number += 1
            add(&block, bytes, consumed..<end)
            consumed = min(end + 1, filled)
        }
        if scanned == filled && filled - consumed > payloadMax { fault = tooLarge(nil) }
    }

    private mutating func splitDocuments(_ block: inout StreamBlock, _ filled: Int, atEnd: Bool) {
        let bytes = block.bytes
        while block.payloads.count < Self.payloadsMax {
            if scanned <= consumed {
                skipSpace(bytes, filled)
                scanned = consumed
                object = StreamText.ObjectScan()
            }
            guard consumed < filled else { return }
            guard let end = end(ofDocumentIn: bytes, filled, atEnd: atEnd) else { break }
            guard end - consumed <= payloadMax else { return fault = tooLarge(nil) }
            block.add(consumed..<end, .json, undeclared: protobuf, number: number + 1, position: base + UInt64(consumed))
            number += object.lines
            consumed = end
            scanned = end
        }
        if filled - consumed > payloadMax {
            fault = tooLarge(nil)
        } else if atEnd && consumed < filled {
            fault = .truncated(file: file, at: .line(number + 1), what: "the JSON object that begins there")
        }
    }

    /// What is no object is handed on up to the end of its line, for the decoder to refuse.
    private mutating func end(ofDocumentIn bytes: UnsafeRawBufferPointer, _ filled: Int, atEnd: Bool) -> Int? {
        let start = max(scanned, consumed)
        let end =
            bytes[consumed] == UInt8(ascii: "{")
            ? object.end(in: bytes, start..<filled)
            : Self.newline(bytes, from: start, to: filled) ?? (atEnd ? filled : nil)
        scanned = filled
        return end
    }

    /// A line without the blanks around it; nothing when nothing is left.
    private func add(_ block: inout StreamBlock, _ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) {
        var (start, end) = (line.lowerBound, line.upperBound)
        while start < end && StreamText.isSpace(bytes[start]) { start += 1 }
        while end > start && StreamText.isSpace(bytes[end - 1]) { end -= 1 }
        guard start < end else { return }
        block.add(start..<end, .json, undeclared: protobuf, number: number, position: base + UInt64(start))
    }

    // MARK: Frames

    private mutating func splitFrames(_ block: inout StreamBlock, _ filled: Int, atEnd: Bool) {
        while consumed < filled && block.payloads.count < Self.payloadsMax {
            // Inflated payloads stand behind the bytes of the stream; both are bounded.
            guard block.bytes.count - filled < Self.inflatedMax else { return }
            let bytes = UnsafeRawBufferPointer(rebasing: block.bytes[consumed..<filled])
            guard let (length, size) = frameLength(bytes) else {
                if fault == nil && atEnd { fault = truncated("the length of a payload") }
                return
            }
            guard length <= UInt64(payloadMax) else { return fault = tooLarge(length) }
            let end = size + Int(length)
            guard end <= bytes.count else {
                if atEnd { fault = truncated("a payload of \(length) bytes") }
                return
            }
            if length > 0 { addFrame(&block, UnsafeRawBufferPointer(rebasing: bytes[size..<end]), at: consumed + size) }
            if fault != nil { return }
            number += 1
            consumed += end
        }
    }

    /// Nil when it is cut off, or is no length at all, which sets `fault`.
    private mutating func frameLength(_ bytes: UnsafeRawBufferPointer) -> (length: UInt64, size: Int)? {
        if format == .lengthFrames {
            guard bytes.count >= 4 else { return nil }
            return (UInt64(bytes.loadUnaligned(as: UInt32.self).bigEndian), 4)
        }
        if let read = StreamVarint.read(bytes, at: 0) { return (read.value, read.size) }
        if bytes.count >= 10 { fault = .corrupt(file: file, at: place, reason: "no varint length") }
        return nil
    }

    /// A payload as it stands in the block; a compressed one, as the Collector writes them when told to compress,
    /// is inflated behind the bytes of the stream.
    private mutating func addFrame(_ block: inout StreamBlock, _ payload: UnsafeRawBufferPointer, at start: Int) {
        let position = base + UInt64(consumed)
        guard format == .lengthFrames, let compression = Compression(magic: payload) else {
            return add(&block, start..<start + payload.count, payload, position)
        }
        do {
            let inflated = try inflater.inflate(payload)
            if inflated.isEmpty { return }
            add(&block, block.append(inflated), inflated, position)
        } catch {
            fault = .corrupt(file: file, at: place, reason: "\(compression.rawValue): \(error.message)")
        }
    }

    private func add(
        _ block: inout StreamBlock, _ range: Range<Int>, _ payload: UnsafeRawBufferPointer, _ position: UInt64
    ) {
        let encoding = PayloadEncoding.recognise(payload.assumingMemoryBound(to: UInt8.self))
        block.add(range, encoding, undeclared: protobuf, number: number + 1, position: position)
    }

    // MARK: Places

    var place: StreamPlace {
        isText ? .line(number + 1) : .payload(number + 1, offset: base + UInt64(consumed))
    }

    func truncated(_ what: String) -> StreamError { .truncated(file: file, at: place, what: what) }

    func tooLarge(_ bytes: UInt64?) -> StreamError {
        .payloadTooLarge(file: file, at: place, bytes: bytes, limit: payloadMax)
    }

    @inline(__always)
    private static func newline(_ bytes: UnsafeRawBufferPointer, from: Int, to: Int) -> Int? {
        guard from < to, let start = bytes.baseAddress, let hit = memchr(start + from, 0x0a, to - from) else { return nil }
        return UnsafeRawPointer(hit) - start
    }
}
