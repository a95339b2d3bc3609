#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The bytes of a file, of standard input or of memory in order, decompressed on the way when they begin with the
/// magic of gzip or zstd. Holds one input buffer, whatever the size of the file.
struct StreamSource: ~Copyable {
    /// Compressed bytes read at a time.
    private static let inputBytes = 256 << 10

    let name: String
    /// Bytes of the file as it lies on disk, or nil for a pipe.
    let bytesTotal: UInt64?
    /// Bytes taken from the file so far.
    private(set) var bytesRead: UInt64 = 0

    private var descriptor: Int32
    private let closes: Bool
    private let memory: [UInt8]
    private let readMax: Int
    private var input = SlackBuffer()
    /// Bytes of `input` already used.
    private var used = 0
    private var inputEnded = false
    private var compression: Compression?
    private var decoder = InflateDecoder()
    private var recognised = false
    /// Found after bytes that are still good were produced; thrown by the next read.
    private var pending: StreamError?

    init(path: String, readMax: Int) throws(StreamError) {
        let opened = open(path, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw Self.fault(path, errno) }
        var status = stat()
        let isKnown = fstat(opened, &status) == 0
        if isKnown && status.st_mode & S_IFMT == S_IFDIR {
            close(opened)
            throw Self.fault(path, EISDIR)
        }
        name = path
        descriptor = opened
        closes = true
        memory = []
        let isPlain = isKnown && status.st_mode & S_IFMT == S_IFREG
        bytesTotal = isPlain ? UInt64(clamping: status.st_size) : nil
        self.readMax = max(readMax, 1)
    }

    init(standardInput name: String, readMax: Int) {
        self.name = name
        descriptor = STDIN_FILENO
        closes = false
        memory = []
        bytesTotal = nil
        self.readMax = max(readMax, 1)
    }

    init(memory: [UInt8], name: String, readMax: Int) {
        self.name = name
        descriptor = -1
        closes = false
        self.memory = memory
        bytesTotal = UInt64(memory.count)
        self.readMax = max(readMax, 1)
    }

    deinit { if closes { close(descriptor) } }

    /// Fills the front of `output` and returns how much; zero is the end. Blocks for as long as a pipe does, and
    /// returns what one read gave rather than waiting for more.
    mutating func read(into output: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        if let failure = pending {
            pending = nil
            throw failure
        }
        guard !output.isEmpty else { return 0 }
        if !recognised { try recognise() }
        if compression != nil { return try inflated(into: output) }
        let left = input.count - used
        if left == 0 { return try raw(into: output) }
        let taken = min(left, output.count)
        output.copyMemory(from: UnsafeRawBufferPointer(rebasing: input.bytes[used..<used + taken]))
        used += taken
        return taken
    }

    /// Looks at the first bytes, which a pipe may give one at a time.
    private mutating func recognise() throws(StreamError) {
        input.reserve(Self.inputBytes)
        while input.count < Compression.magicBytes && !inputEnded {
            let got = try raw(into: input.spare)
            input.extend(by: got)
        }
        compression = Compression(magic: input.bytes)
        if let compression {
            do { try decoder.begin(compression) } catch { throw fault(error) }
        }
        recognised = true
    }

    private mutating func inflated(into output: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        var produced = 0
        while true {
            if used == input.count && !inputEnded {
                if produced > 0 { return produced }
                input.removeAll()
                used = 0
                let got = try raw(into: input.spare)
                input.extend(by: got)
            }
            let step = decoder.step(
                input: UnsafeRawBufferPointer(rebasing: input.bytes[used...]),
                output: UnsafeMutableRawBufferPointer(rebasing: output[produced...]))
            used += step.consumed
            produced += step.produced
            if let failure = step.failure { return try finish(produced, fault(failure)) }
            if produced == output.count { return produced }
            if step.consumed == 0 && step.produced == 0 && inputEnded {
                return try finish(produced, decoder.isBetweenMembers ? nil : fault(.truncated))
            }
        }
    }

    private mutating func finish(_ produced: Int, _ failure: StreamError?) throws(StreamError) -> Int {
        guard let failure else { return produced }
        if produced == 0 { throw failure }
        pending = failure
        return produced
    }

    private mutating func raw(into output: UnsafeMutableRawBufferPointer) throws(StreamError) -> Int {
        if inputEnded { return 0 }
        let wanted = min(output.count, readMax)
        if descriptor < 0 { return fromMemory(into: output, wanted) }
        while true {
            #if canImport(Glibc)
                let got = Glibc.read(descriptor, output.baseAddress, wanted)
            #elseif canImport(Musl)
                let got = Musl.read(descriptor, output.baseAddress, wanted)
            #else
                let got = Darwin.read(descriptor, output.baseAddress, wanted)
            #endif
            if got >= 0 {
                bytesRead += UInt64(got)
                inputEnded = got == 0
                return got
            }
            if errno != EINTR { throw Self.fault(name, errno) }
        }
    }

    private mutating func fromMemory(into output: UnsafeMutableRawBufferPointer, _ wanted: Int) -> Int {
        let start = Int(bytesRead)
        let taken = min(wanted, memory.count - start)
        memory.withUnsafeBytes { output.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + taken])) }
        bytesRead += UInt64(taken)
        inputEnded = taken == 0
        return taken
    }

    private func fault(_ error: InflateError) -> StreamError {
        let place = StreamPlace.byte(bytesRead - UInt64(input.count - used))
        let kind = compression?.rawValue ?? "compressed"
        return error == .truncated
            ? .truncated(file: name, at: place, what: "the \(kind) data")
            : .corrupt(file: name, at: place, reason: "\(kind): \(error.message)")
    }

    private static func fault(_ file: String, _ code: Int32) -> StreamError {
        if code == ENOENT || code == ENOTDIR { return .missing(file: file) }
        return .unreadable(
            file: file, reason: String(cString: strerror(code)), denied: code == EACCES || code == EPERM)
    }
}
