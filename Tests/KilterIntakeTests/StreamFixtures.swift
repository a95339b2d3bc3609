import Foundation
import KilterIntake

/// Small streams in every form that is read, built or fixed, with what must come out of them.
enum StreamFixtures {
    /// Three requests of one line each; braces and quotes inside strings.
    static let lines = [
        #"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"chat"}]}]}]}"#,
        #"{"resourceSpans":[]}"#,
        #"{"resourceSpans":[{"resource":{},"note":"a } brace and a \" quote"}]}"#,
    ]

    static var payloads: [[UInt8]] { lines.map { Array($0.utf8) } }
    static var text: [UInt8] { Array((lines.joined(separator: "\n") + "\n").utf8) }

    /// `text`, written by Python's gzip at level 9.
    static let gzip = [UInt8](
        Data(
            base64Encoded: """
                H4sIAAAAAAACA6tWKkotzi8tSk4NLkjMK1ayiq5WKk7OL0Dmwll5ibmpSlZKyRmJJUq1sWDIVY1hAFZBhIiSVXWtjlJefgnIqESFWoWkosTk\
                VIXEvBSFRIUYJYXCUpAUyGgAka+ziZwAAAA=
                """) ?? Data())

    /// `text`, written by zstd 1.5 at level 19 with a checksum.
    static let zstd = [UInt8](
        Data(
            base64Encoded: """
                KLUv/SScpQIAEgUQEaDthVfTk6vWYONWEOIlVGLAoJr6lm2+fVnexHgbMTxbly/esrGHSsWBqZes0MV7MXMNxVMiHhm70QjOFhueBgYANTfA+YDA\
                fuWatmgA4eYYOw7HEQ==
                """) ?? Data())

    /// One gzip member of 1 MiB of zeros in 1,051 bytes.
    static let gzipOfZeros: [UInt8] =
        [
            0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0, 0, 0, 0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x08,
            0x5f, 0xa0,
        ] + [UInt8](repeating: 0, count: 1016) + [0x3e, 0x03, 0x1c, 0xea, 0x38, 0xa7, 0, 0, 0x10, 0]

    /// A zstd frame of `blocks` run-length blocks of 128 KiB of `byte` each: four bytes a block.
    static func zstdRun(of byte: UInt8, blocks: Int) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
        for block in 0..<blocks {
            let header = UInt32(128 << 10) << 3 | 1 << 1 | (block == blocks - 1 ? 1 : 0)
            frame += [UInt8(header & 0xff), UInt8(header >> 8 & 0xff), UInt8(header >> 16 & 0xff), byte]
        }
        return frame
    }

    /// A zstd frame that holds `content` as it is, 128 KiB a block.
    static func zstdRaw(_ content: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x38]
        var at = 0
        repeat {
            let count = min(content.count - at, 128 << 10)
            let header = UInt32(count) << 3 | (at + count == content.count ? 1 : 0)
            frame += [UInt8(header & 0xff), UInt8(header >> 8 & 0xff), UInt8(header >> 16 & 0xff)]
            frame += content[at..<at + count]
            at += count
        } while at < content.count
        return frame
    }

    /// Requests in protobuf of `resource_spans` with one `schema_url` of the given length each.
    static func requests(_ lengths: [Int]) -> [[UInt8]] {
        lengths.map { length in
            let inner = [0x1a] + varint(length) + [UInt8](repeating: 0x7b, count: length)
            return [0x0a] + varint(inner.count) + inner
        }
    }

    static func varint(_ value: Int) -> [UInt8] {
        value < 128 ? [UInt8(value)] : [UInt8(value & 127 | 128)] + varint(value >> 7)
    }

    static func framed(_ payloads: [[UInt8]]) -> [UInt8] {
        payloads.flatMap { payload in
            withUnsafeBytes(of: UInt32(payload.count).bigEndian) { Array($0) } + payload
        }
    }

    static func delimited(_ payloads: [[UInt8]]) -> [UInt8] { payloads.flatMap { varint($0.count) + $0 } }
}

/// Everything that came out of a stream.
struct StreamHarvest: Equatable {
    var payloads: [[UInt8]] = []
    var places: [StreamPlace] = []
    var encodings: [PayloadEncoding] = []
    var error: StreamError?

    var texts: [String] { payloads.map { String(decoding: $0, as: UTF8.self) } }

    init(_ bytes: [UInt8], chunk: Int = StreamFile.chunkBytes, payloadMax: Int = 1 << 20) {
        var file = StreamFile(bytes: bytes, name: "spans", chunkBytes: chunk, payloadMax: payloadMax)
        gather(&file)
    }

    init(path: String) {
        do {
            var file = try StreamFile(path: path)
            gather(&file)
        } catch {
            self.error = error
        }
    }

    private mutating func gather(_ file: inout StreamFile) {
        var block = StreamBlock()
        do {
            while try file.read(into: &block) {
                for payload in block.payloads {
                    payloads.append(Array(block.bytes(of: payload)))
                    places.append(file.place(of: payload))
                    encodings.append(payload.encoding)
                }
                if !slackIsZero(block) { payloads.append(Array("no slack".utf8)) }
            }
        } catch {
            self.error = error
        }
        do {
            if try file.read(into: &block) { payloads.append(Array("goes on".utf8)) }
        } catch {
            payloads.append(Array("fails twice".utf8))
        }
    }

    private func slackIsZero(_ block: borrowing StreamBlock) -> Bool {
        let bytes = block.bytes
        guard let base = bytes.baseAddress else { return false }
        return UnsafeRawBufferPointer(start: base + bytes.count, count: SlackBuffer.slack).allSatisfy { $0 == 0 }
    }
}

/// A folder of its own that is removed when the test ends.
final class StreamFolder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "/kilter-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = path + "/" + name
        let folder = (file as NSString).deletingLastPathComponent
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }
}

/// A seeded generator, so that a failure comes back (SplitMix64, Steele et al. 2014).
struct StreamRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
