/// A 128-bit keyed hash for fingerprints of content: SipHash-1-3 with 128 bits of output (Aumasson and Bernstein,
/// 2012; the 128-bit finalisation of the reference code). Whoever lacks the key cannot guess short secrets by
/// hashing candidates, and cannot craft colliding calls.
///
/// Incremental: any split of the input gives the same value. Cost: about 0.7 ns a byte plus 15 ns.
public struct KeyedHash128: Sendable {
    @usableFromInline var v0: UInt64
    @usableFromInline var v1: UInt64
    @usableFromInline var v2: UInt64
    @usableFromInline var v3: UInt64
    @usableFromInline var tail: UInt64 = 0
    @usableFromInline var tailBytes: UInt64 = 0
    @usableFromInline var length: UInt64 = 0

    public init(key: (UInt64, UInt64)) {
        v0 = 0x736f_6d65_7073_6575 ^ key.0
        v1 = 0x646f_7261_6e64_6f6d ^ key.1 ^ 0xee
        v2 = 0x6c79_6765_6e65_7261 ^ key.0
        v3 = 0x7465_6462_7974_6573 ^ key.1
    }

    @inlinable @inline(__always) mutating func round() {
        v0 = v0 &+ v1
        v1 = (v1 << 13 | v1 >> 51) ^ v0
        v0 = v0 << 32 | v0 >> 32
        v2 = v2 &+ v3
        v3 = (v3 << 16 | v3 >> 48) ^ v2
        v0 = v0 &+ v3
        v3 = (v3 << 21 | v3 >> 43) ^ v0
        v2 = v2 &+ v1
        v1 = (v1 << 17 | v1 >> 47) ^ v2
        v2 = v2 << 32 | v2 >> 32
    }

    @inlinable @inline(__always) mutating func compress(_ word: UInt64) {
        v3 ^= word
        round()
        v0 ^= word
    }

    @inlinable public mutating func update(_ byte: UInt8) {
        tail |= UInt64(byte) << (tailBytes &* 8)
        tailBytes &+= 1
        length &+= 1
        if tailBytes == 8 {
            compress(tail)
            tail = 0
            tailBytes = 0
        }
    }

    @inlinable public mutating func update(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let base = bytes.baseAddress else { return }
        let raw = UnsafeRawPointer(base)
        var offset = 0
        let count = bytes.count
        while offset < count && tailBytes != 0 {
            update(bytes[offset])
            offset += 1
        }
        while offset + 8 <= count {
            compress(UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            length &+= 8
            offset += 8
        }
        while offset < count {
            update(bytes[offset])
            offset += 1
        }
    }

    /// The value of everything fed so far; the hash may go on being fed afterwards.
    public func finalize() -> (high: UInt64, low: UInt64) {
        var last = self
        last.compress(tail | (length & 0xff) << 56)
        last.v2 ^= 0xee
        last.round()
        last.round()
        last.round()
        let low = last.v0 ^ last.v1 ^ last.v2 ^ last.v3
        last.v1 ^= 0xdd
        last.round()
        last.round()
        last.round()
        return (last.v0 ^ last.v1 ^ last.v2 ^ last.v3, low)
    }
}
