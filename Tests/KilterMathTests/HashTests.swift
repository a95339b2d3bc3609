import KilterMath
import Testing

@Suite("Hashes")
struct HashTests {
    /// SipHash with 128 bits, any round counts, byte by byte as the paper writes it: the slow oracle.
    static func siphash128(_ message: [UInt8], _ k0: UInt64, _ k1: UInt64, c: Int, d: Int) -> (UInt64, UInt64) {
        var v: [UInt64] = [
            0x736f_6d65_7073_6575 ^ k0, 0x646f_7261_6e64_6f6d ^ k1 ^ 0xee, 0x6c79_6765_6e65_7261 ^ k0, 0x7465_6462_7974_6573 ^ k1,
        ]
        func rotate(_ x: UInt64, _ n: UInt64) -> UInt64 { x << n | x >> (64 - n) }
        func rounds(_ n: Int) {
            for _ in 0..<n {
                v[0] = v[0] &+ v[1]; v[1] = rotate(v[1], 13) ^ v[0]; v[0] = rotate(v[0], 32)
                v[2] = v[2] &+ v[3]; v[3] = rotate(v[3], 16) ^ v[2]
                v[0] = v[0] &+ v[3]; v[3] = rotate(v[3], 21) ^ v[0]
                v[2] = v[2] &+ v[1]; v[1] = rotate(v[1], 17) ^ v[2]; v[2] = rotate(v[2], 32)
            }
        }
        var words = message
        let length = UInt8(truncatingIfNeeded: message.count)
        while words.count % 8 != 7 { words.append(0) }
        words.append(length)
        for start in stride(from: 0, to: words.count, by: 8) {
            let word = (0..<8).reduce(UInt64(0)) { $0 | UInt64(words[start + $1]) << UInt64(8 * $1) }
            v[3] ^= word
            rounds(c)
            v[0] ^= word
        }
        v[2] ^= 0xee
        rounds(d)
        let low = v[0] ^ v[1] ^ v[2] ^ v[3]
        v[1] ^= 0xdd
        rounds(d)
        return (v[0] ^ v[1] ^ v[2] ^ v[3], low)
    }

    @Test("The oracle itself gives the published SipHash-2-4-128 value of the empty message")
    func oracle() {
        let (high, low) = Self.siphash128([], 0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908, c: 2, d: 4)
        #expect(low == 0xe6a8_25ba_047f_81a3)
        #expect(high == 0x9302_55c7_1472_f66d)
    }

    @Test("Keyed hash equals the oracle with one and three rounds, for every length and every split")
    func keyedHash() {
        let message = (0..<67).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        for count in 0...message.count {
            let expected = Self.siphash128(Array(message[..<count]), 7, 9, c: 1, d: 3)
            for split in stride(from: 0, through: count, by: 5) {
                var hash = KeyedHash128(key: (7, 9))
                message[..<split].withUnsafeBufferPointer { hash.update($0) }
                message[split..<count].withUnsafeBufferPointer { hash.update($0) }
                let value = hash.finalize()
                #expect(value.high == expected.0 && value.low == expected.1, "length \(count), split \(split)")
            }
        }
    }

    @Test("SHA-256 gives the values of FIPS 180-4")
    func sha256() {
        func hex(_ text: String) -> String {
            SHA256.hash(text).map {
                let s = String($0, radix: 16); return s.count == 1 ? "0" + s : s
            }.joined()
        }
        #expect(hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")
                == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
        #expect(hex(String(repeating: "a", count: 1_000)) == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
    }

    @Test("The stable hash is the same today as it ever was, is never zero, and tells one-bit neighbours apart")
    func stableHash() {
        // Recorded values: a change would orphan every snapshot and move every key to another shard.
        #expect(StableHash.hash("") == 0xa550_6ff5_2926_ac13)
        #expect(StableHash.hash("lookup") == 0x418f_d032_8d6f_af34)
        #expect(StableHash.hash("gpt-4o-mini-2024-07-18") == 0x5b89_fd12_25cf_2030)
        #expect(StableHash.hash("lookup", seed: 7) == 0x8707_66a9_c737_3799)
        #expect(StableHash.combine(1, 2) == 0x519d_5b34_0eba_b811)
        var seen: Set<UInt64> = []
        var bytes = [UInt8](repeating: 0, count: 40)
        for length in 0...40 {
            for bit in 0..<max(1, length * 8) {
                if length > 0 { bytes[bit / 8] ^= 1 << UInt8(bit % 8) }
                let value = bytes[..<length].withUnsafeBufferPointer { StableHash.hash($0) }
                #expect(value != 0)
                seen.insert(value)
                if length > 0 { bytes[bit / 8] ^= 1 << UInt8(bit % 8) }
            }
        }
        #expect(seen.count == 1 + (1...40).reduce(0) { $0 + $1 * 8 })
        #expect(StableHash.combine(1, 2) != StableHash.combine(2, 1))
    }
}
