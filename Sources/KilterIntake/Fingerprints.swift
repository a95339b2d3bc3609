import KilterMath
import KilterVocabulary

/// The key of content fingerprints. Part of the configuration: other keys, other fingerprints.
public struct FingerprintKey: Sendable, Equatable {
    public var k0: UInt64
    public var k1: UInt64

    public init(k0: UInt64, k1: UInt64) {
        self.k0 = k0
        self.k1 = k1
    }

    /// The published default, so that a replay by anybody gives the same bytes. Its 16 bytes read `kilter/published`.
    public static let published = FingerprintKey(k0: 0x702f_7265_746c_696b, k1: 0x6465_6873_696c_6275)
}

/// Turns content into fingerprints. Each use has a domain of its own, so that equal bytes in different roles (the
/// canonical text of a value, raw text, a hash that the producer made) never give equal fingerprints.
struct Fingerprinter: Sendable {
    enum Domain: UInt64 {
        case canonical = 1, raw, empty, producer, error, messageText, messageHash, logText, logValue, settled, answer, prompt
    }

    private let seed: KeyedHash128

    init(key: FingerprintKey) { seed = KeyedHash128(key: (key.k0, key.k1)) }

    /// Fingerprint of `text`, whatever its length. Never the unknown fingerprint.
    func fingerprint(_ text: Text, _ domain: Domain) -> Fingerprint {
        var hash = begin(domain)
        hash.update(text.buffer)
        return Self.close(hash)
    }

    /// What `None`, `null`, `{}` and the empty string all are.
    var empty: Fingerprint { fingerprint(.none, .empty) }

    /// 64 bits of a keyed hash over several texts, each closed by its length; never zero.
    func digest(_ domain: Domain, _ first: Text, _ second: Text) -> UInt64 {
        var hash = begin(domain)
        feed(&hash, first)
        feed(&hash, second)
        return Self.close(hash).low
    }

    /// Digest of a failure whose only text is the result it gave.
    func digest(_ domain: Domain, _ first: Text, _ second: Fingerprint) -> UInt64 {
        var hash = begin(domain)
        feed(&hash, first)
        feed(&hash, word: second.high)
        feed(&hash, word: second.low)
        feed(&hash, word: .max)
        return Self.close(hash).low
    }

    private func begin(_ domain: Domain) -> KeyedHash128 {
        var hash = seed
        feed(&hash, word: domain.rawValue)
        return hash
    }

    private func feed(_ hash: inout KeyedHash128, _ text: Text) {
        hash.update(text.buffer)
        feed(&hash, word: UInt64(truncatingIfNeeded: text.count))
    }

    private func feed(_ hash: inout KeyedHash128, word: UInt64) {
        withUnsafeBytes(of: word.littleEndian) { hash.update($0.assumingMemoryBound(to: UInt8.self)) }
    }

    private static func close(_ hash: KeyedHash128) -> Fingerprint {
        let (high, low) = hash.finalize()
        return Fingerprint(high: high, low: low == 0 ? 1 : low)
    }
}

extension Workspace {
    /// The fingerprint of a text and whether it is the empty value.
    mutating func fingerprint(_ text: Text) -> (fingerprint: Fingerprint, isEmpty: Bool) {
        isCanonical = false
        if mayBeJSON(text), let text = terminated(text) { return fingerprint(terminated: text) }
        if text.isEmpty || text.equals("None") { return (fingerprints.empty, true) }
        return (fingerprints.fingerprint(text, .raw), false)
    }

    /// The same for text that is followed by a quote or a zero byte.
    mutating func fingerprint(terminated text: Text) -> (fingerprint: Fingerprint, isEmpty: Bool) {
        if mayBeJSON(text) && canonicalize(text) {
            isCanonical = true
            if isEmptyValue(canonical.text) { return (fingerprints.empty, true) }
            return (fingerprints.fingerprint(canonical.text, .canonical), false)
        }
        if text.isEmpty || text.equals("None") { return (fingerprints.empty, true) }
        return (fingerprints.fingerprint(text, .raw), false)
    }

    /// The text with a byte behind it that ends every JSON token. In a protobuf payload that takes a copy.
    @inline(__always) mutating func terminated(_ text: Text) -> Text? {
        textsAreTerminated ? text : arena.copy(text)
    }
}

/// True for the canonical texts that mean the same as no content at all.
func isEmptyValue(_ canonical: Text) -> Bool {
    canonical.count <= 4 && (canonical.equals("{}") || canonical.equals("null") || canonical.equals("\"\""))
}

/// A quick look at the first byte: prose is told from JSON without trying.
@inline(__always) private func mayBeJSON(_ text: Text) -> Bool {
    var index = 0
    while index < text.count && text[index] <= 0x20 { index += 1 }
    guard index < text.count else { return false }
    switch text[index] {
    case Byte.openBrace, Byte.openBracket, Byte.quote, UInt8(ascii: "-"), 0x30...0x39, UInt8(ascii: "t"),
        UInt8(ascii: "f"), UInt8(ascii: "n"):
        return true
    default: return false
    }
}
