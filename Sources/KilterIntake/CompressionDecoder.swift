import CCompression

/// The two decompressors behind one step function, fed piece by piece. Each is made when first needed and kept.
struct InflateDecoder: ~Copyable {
    /// Largest zstd window as a power of two: 128 MiB, the default of the zstd tool.
    private static let windowLog: Int32 = 27

    private var compression = Compression.gzip
    // Guard: owned by this value alone and freed in `deinit`. On the heap because zlib keeps the address.
    private var gzip: UnsafeMutablePointer<z_stream>?
    private var zstd: OpaquePointer?
    /// The input may end here: nothing of a further member or frame was seen.
    private(set) var isBetweenMembers = true

    /// What one step did. A failure leaves what was produced before it valid.
    struct Step {
        var consumed = 0
        var produced = 0
        var failure: InflateError?
    }

    deinit {
        if let gzip {
            inflateEnd(gzip)
            gzip.deallocate()
        }
        if let zstd { ZSTD_freeDCtx(zstd) }
    }

    /// Forgets whatever was under way and expects the first byte of `compression`.
    mutating func begin(_ compression: Compression) throws(InflateError) {
        self.compression = compression
        isBetweenMembers = true
        switch compression {
        case .gzip:
            if let gzip {
                inflateReset(gzip)
            } else {
                gzip = try Self.makeGzip()
            }
        case .zstd:
            if let zstd {
                ZSTD_DCtx_reset(zstd, ZSTD_reset_session_only)
            } else {
                guard let made = ZSTD_createDCtx() else { throw .outOfMemory }
                ZSTD_DCtx_setParameter(made, ZSTD_d_windowLogMax, Self.windowLog)
                zstd = made
            }
        }
    }

    // Guard: owned by this value, freed in deinit, never handed out.
    private static func makeGzip() throws(InflateError) -> UnsafeMutablePointer<z_stream> {
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 15 bits of window, and 16 on top for a gzip header and nothing else.
        guard kilter_inflate_init(stream, 15 + 16) == Z_OK else {
            stream.deallocate()
            throw .outOfMemory
        }
        return stream
    }

    /// Decompresses from `input` into `output` until one of them is used up or a member ends. No progress with input
    /// left over never happens with room in `output`; it is reported as damage.
    mutating func step(input: UnsafeRawBufferPointer, output: UnsafeMutableRawBufferPointer) -> Step {
        if isBetweenMembers && input.isEmpty { return Step() }
        var step =
            switch compression {
            case .gzip: stepGzip(input, output)
            case .zstd: stepZstd(input, output)
            }
        if step.failure == nil && step.consumed == 0 && step.produced == 0 && !input.isEmpty && !output.isEmpty {
            step.failure = .corrupt
        }
        return step
    }

    private mutating func stepGzip(_ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer) -> Step {
        guard let gzip else { return Step(failure: .outOfMemory) }
        let offered = UInt32(clamping: input.count)
        let room = UInt32(clamping: output.count)
        // zlib reads through this pointer and never writes, whatever its type says.
        gzip.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        gzip.pointee.avail_in = offered
        gzip.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        gzip.pointee.avail_out = room
        let code = inflate(gzip, Z_NO_FLUSH)
        var step = Step(consumed: Int(offered - gzip.pointee.avail_in), produced: Int(room - gzip.pointee.avail_out))
        switch code {
        case Z_STREAM_END:
            isBetweenMembers = true
            inflateReset(gzip)
        case Z_OK: isBetweenMembers = false
        case Z_BUF_ERROR: break
        case Z_MEM_ERROR: step.failure = .outOfMemory
        default: step.failure = .corrupt
        }
        return step
    }

    private mutating func stepZstd(_ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer) -> Step {
        guard let zstd else { return Step(failure: .outOfMemory) }
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let code = ZSTD_decompressStream(zstd, &target, &source)
        var step = Step(consumed: source.pos, produced: target.pos)
        if ZSTD_isError(code) != 0 {
            // Errors are negated members of ZSTD_ErrorCode, whose values the library keeps fixed.
            switch 0 &- code {
            case 16: step.failure = .windowTooLarge
            case 64: step.failure = .outOfMemory
            default: step.failure = .corrupt
            }
        } else {
            isBetweenMembers = code == 0
        }
        return step
    }
}
