import KilterVocabulary

/// One payload of a recorded stream: where it stands in its block, and where it stood in the stream.
public struct StreamPayload: Sendable {
    /// Offset in the block's bytes.
    public var offset: Int
    public var count: Int
    public var encoding: PayloadEncoding
    /// One-based line of a text stream, number of the frame otherwise.
    public var number: UInt64
    /// Bytes of the stream, after decompression, before it.
    public var position: UInt64
    /// What the payload says it carries, or for protobuf, which does not say, what the file was declared to carry.
    public var signal = OTLPSignal.traces
    /// False for a recorded message that came without a topic; see `Envelope`.
    public var encodingIsDeclared = true
    /// When a recorded message arrived, and the number that its publisher gave it; nil in other forms.
    public var arrival: EventTime?
    public var sequence: UInt64?
    /// Bytes of a recorded message's topic, which stand directly before the payload.
    public var topicBytes = 0

    /// The same as the frames of a message would say it.
    public var envelope: Envelope {
        Envelope(
            signal: signal, encoding: encoding, encodingIsDeclared: encodingIsDeclared, sequence: sequence,
            suffix: 0..<0, payloadFrame: 0)
    }
}

/// A stretch of a stream and the payloads in it, reused from read to read.
///
/// Behind each payload at least `SlackBuffer.slack` bytes may be read; behind the last one they are zero.
public struct StreamBlock: ~Copyable {
    public private(set) var payloads: [StreamPayload] = []
    private var buffer = SlackBuffer()

    public init() {}

    /// Valid until the block is read into again.
    public var bytes: UnsafeRawBufferPointer { buffer.bytes }

    /// The bytes of one payload of this block. Valid until the block is read into again.
    public func bytes(of payload: StreamPayload) -> UnsafeBufferPointer<UInt8> {
        UnsafeRawBufferPointer(rebasing: buffer.bytes[payload.offset..<payload.offset + payload.count])
            .assumingMemoryBound(to: UInt8.self)
    }

    /// The topic of a recorded message; empty in other forms. Valid until the block is read into again.
    public func topic(of payload: StreamPayload) -> UnsafeBufferPointer<UInt8> {
        UnsafeRawBufferPointer(rebasing: buffer.bytes[payload.offset - payload.topicBytes..<payload.offset])
            .assumingMemoryBound(to: UInt8.self)
    }

    /// Hands one payload to `body` with a zero byte directly behind it, as the JSON reader needs it; what stood there
    /// is put back afterwards.
    public mutating func terminated<R>(_ payload: StreamPayload, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        let end = payload.offset + payload.count
        let behind = buffer.replace(at: end, with: 0)
        defer { _ = buffer.replace(at: end, with: behind) }
        return body(bytes(of: payload))
    }

    mutating func begin(with carried: UnsafeRawBufferPointer) {
        payloads.removeAll(keepingCapacity: true)
        buffer.removeAll()
        buffer.append(carried)
    }

    mutating func read(_ source: inout StreamSource, _ wanted: Int) throws(StreamError) -> Int {
        buffer.reserve(buffer.count + wanted)
        let spare = UnsafeMutableRawBufferPointer(rebasing: buffer.spare[..<wanted])
        let got = try source.read(into: spare)
        buffer.extend(by: got)
        return got
    }

    mutating func add(_ payload: StreamPayload) { payloads.append(payload) }

    /// Adds a payload whose signal its own bytes tell; `undeclared` is that of protobuf, which does not tell.
    mutating func add(
        _ range: Range<Int>, _ encoding: PayloadEncoding, undeclared: OTLPSignal, number: UInt64, position: UInt64
    ) {
        let signal = encoding == .json ? OTLPSignal(firstKeyOf: UnsafeRawBufferPointer(rebasing: bytes[range])) : undeclared
        add(
            StreamPayload(
                offset: range.lowerBound, count: range.count, encoding: encoding, number: number, position: position,
                signal: signal))
    }

    /// Content behind what was read, with slack of its own.
    mutating func append(_ content: UnsafeRawBufferPointer) -> Range<Int> {
        let start = buffer.count
        buffer.append(content)
        buffer.reserve(buffer.count + SlackBuffer.slack)
        buffer.seal()
        buffer.extend(by: SlackBuffer.slack)
        return start..<start + content.count
    }

    mutating func end() { buffer.seal() }
}

/// The payloads of one recorded stream in order, in blocks and with bounded memory: about twice the chunk, plus
/// the largest payload (`Limits.inflatedBytesMax` at most).
///
/// Reads OTLP JSON lines, JSON objects over several lines, the Collector's 4-byte length frames, varint-delimited
/// protobuf and Kilter's recordings, each plain or as gzip or zstd, told by their first bytes. Measured on recorded traces: 13 to 16 GB/s
/// plain, 3.8 GB/s of output from zstd, 1.5 GB/s from gzip.
public struct StreamFile: ~Copyable {
    /// Bytes read at a time unless told otherwise: large enough to make calls cheap, small enough that the decoder
    /// finds them in the cache.
    public static let chunkBytes = 256 << 10

    private var source: StreamSource
    private var splitter: StreamSplitter
    /// The payload that was not whole yet at the end of the last block.
    private var carry = SlackBuffer()
    private let chunkBytes: Int
    private var sourceEnded = false
    private var finished = false
    private var failure: StreamError?

    /// Opens `path`, or standard input when it is `-`. `protobuf` is the signal of protobuf payloads, which do not say
    /// themselves what they carry.
    public init(
        path: String, protobuf: OTLPSignal = .traces, chunkBytes: Int = Self.chunkBytes,
        payloadMax: Int = Limits.inflatedBytesMax
    ) throws(StreamError) {
        let chunk = max(chunkBytes, 1)
        if path == "-" {
            source = StreamSource(standardInput: "standard input", readMax: chunk)
        } else {
            source = try StreamSource(path: path, readMax: chunk)
        }
        splitter = StreamSplitter(file: source.name, protobuf: protobuf, payloadMax: payloadMax)
        self.chunkBytes = chunk
    }

    /// A stream that is in memory already; `name` appears in messages.
    public init(
        bytes: [UInt8], name: String, protobuf: OTLPSignal = .traces, chunkBytes: Int = Self.chunkBytes,
        payloadMax: Int = Limits.inflatedBytesMax
    ) {
        let chunk = max(chunkBytes, 1)
        source = StreamSource(memory: bytes, name: name, readMax: chunk)
        splitter = StreamSplitter(file: name, protobuf: protobuf, payloadMax: payloadMax)
        self.chunkBytes = chunk
    }

    /// The name as messages show it.
    public var name: String { source.name }
    /// Known once the first block was read.
    public var format: StreamFormat? { splitter.format }
    /// Bytes taken from the file as it lies on disk, for a progress bar.
    public var bytesRead: UInt64 { source.bytesRead }
    /// Bytes of the file as it lies on disk; nil for a pipe.
    public var bytesTotal: UInt64? { source.bytesTotal }

    /// Where `payload` stands, for messages.
    public func place(of payload: StreamPayload) -> StreamPlace {
        switch format {
        case .lengthFrames, .varintDelimited, .recording: .payload(payload.number, offset: payload.position)
        default: .line(payload.number)
        }
    }

    /// Fills `block` with the next payloads, at least one. False at the end of the stream. An error comes after
    /// everything that was whole before it, and once; after it the stream is at its end.
    public mutating func read(into block: inout StreamBlock) throws(StreamError) -> Bool {
        block.begin(with: carry.bytes)
        carry.removeAll()
        if finished {
            guard let failure else { return false }
            self.failure = nil
            throw failure
        }
        splitter.rebase()
        let filled = collect(&block)
        if !finished { carry.append(UnsafeRawBufferPointer(rebasing: block.bytes[splitter.consumed..<filled])) }
        block.end()
        if !block.payloads.isEmpty { return true }
        guard let failure else { return false }
        self.failure = nil
        throw failure
    }

    /// Reads and splits until a payload is whole or nothing more comes. Returns how many bytes of the stream stand
    /// in the block.
    private mutating func collect(_ block: inout StreamBlock) -> Int {
        while true {
            let filled = block.bytes.count
            splitter.split(&block, atEnd: sourceEnded && failure == nil)
            if let fault = splitter.fault {
                failure = failure ?? fault
                finished = true
                return filled
            }
            if !block.payloads.isEmpty { return filled }
            if sourceEnded {
                finished = true
                return filled
            }
            if splitter.consumed == filled {
                // Nothing but blank lines so far: a gigabyte of them takes no memory.
                splitter.rebase()
                block.begin(with: UnsafeRawBufferPointer(start: nil, count: 0))
            }
            do {
                sourceEnded = try block.read(&source, chunkBytes) == 0
            } catch {
                failure = error
                sourceEnded = true
            }
        }
    }
}
