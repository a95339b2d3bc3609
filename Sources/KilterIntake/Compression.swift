import CCompression
import KilterVocabulary

/// How bytes are compressed, told by their first ones (RFC 1952 section 2.3.1, RFC 8878 section 3.1).
public enum Compression: String, Sendable, CaseIterable {
    case gzip, zstd

    /// Bytes that `init(magic:)` needs to see to be certain.
    public static let magicBytes = 4

    /// Nil when `bytes` begin with neither magic number. No OTLP payload, JSON or protobuf, begins with one.
    public init?(magic bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= Self.magicBytes else { return nil }
        switch (bytes[0], bytes[1], bytes[2], bytes[3]) {
        case (0x1f, 0x8b, 0x08, _): self = .gzip
        case (0x28, 0xb5, 0x2f, 0xfd): self = .zstd
        // A skippable frame, as parallel compressors put in front.
        case (0x50...0x5f, 0x2a, 0x4d, 0x18): self = .zstd
        default: return nil
        }
    }
}

/// Why compressed bytes were refused.
public enum InflateError: Error, Equatable, Sendable {
    case notCompressed
    /// The input ends inside a member or frame.
    case truncated
    /// Damaged: a bad header, code, length or checksum, or a dictionary that nobody has.
    case corrupt
    /// More than `limit` bytes after decompression.
    case tooLarge(limit: Int)
    /// A zstd frame that needs a larger window than is granted.
    case windowTooLarge
    case outOfMemory

    public var message: String {
        switch self {
        case .notCompressed: "neither gzip nor zstd"
        case .truncated: "compressed data ends half way"
        case .corrupt: "compressed data is damaged"
        case .tooLarge(let limit): "more than \(limit) bytes after decompression"
        case .windowTooLarge: "the zstd frame needs a window above 128 MiB"
        case .outOfMemory: "no memory for the decompressor"
        }
    }
}

/// Decompresses whole messages, gzip with any number of members or zstd with any number of frames, into memory
/// that it keeps and reuses.
///
/// What bounds a message is its size after decompression, whatever its ratio: a vector of zeros reaches 630 in gzip, a
/// prompt repeated in every span 330 in zstd, and deflate ends at 1,032.
///
/// Cost on recorded traces: 1.5 GB/s of output for gzip, 2.5 to 4 GB/s for zstd; no allocation once the buffer fits.
public struct Inflater: ~Copyable {
    private let bytesMax: Int
    private var output = SlackBuffer(capacity: 64 << 10)
    private var decoder = InflateDecoder()

    public init(bytesMax: Int = Limits.inflatedBytesMax) { self.bytesMax = bytesMax }

    /// The inflated bytes of one message, with `SlackBuffer.slack` zeros behind them, valid until the next call.
    /// After an error the inflater is ready for the next message.
    public mutating func inflate(_ message: UnsafeRawBufferPointer) throws(InflateError) -> UnsafeRawBufferPointer {
        guard let compression = Compression(magic: message) else { throw .notCompressed }
        try decoder.begin(compression)
        output.removeAll()
        var consumed = 0
        while true {
            // One byte more than the limit may be written, so that exactly the limit still passes.
            if output.spare.isEmpty { output.reserve(min(max(output.count * 2, message.count * 4), bytesMax + 1)) }
            let step = decoder.step(input: UnsafeRawBufferPointer(rebasing: message[consumed...]), output: output.spare)
            consumed += step.consumed
            output.extend(by: step.produced)
            if output.count > bytesMax { throw .tooLarge(limit: bytesMax) }
            if let failure = step.failure { throw failure }
            if step.consumed == 0 && step.produced == 0 && consumed == message.count {
                guard decoder.isBetweenMembers else { throw .truncated }
                output.seal()
                return output.bytes
            }
        }
    }
}
