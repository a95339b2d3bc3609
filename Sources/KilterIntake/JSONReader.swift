import CLanes
import KilterVocabulary

/// A cursor over strict JSON text (RFC 8259). The text is followed by a zero byte, which no JSON construct contains:
/// so no step needs a bounds check, and the end of the input is met as a malformed byte.
struct JSONReader: BitwiseCopyable {
    // Guard: `p` only advances over bytes that were looked at and are not zero; a zero byte and 63 more readable ones
    // follow the text, so `p` cannot leave it and vector loads stay in its slack.
    var p: UnsafePointer<UInt8>
    // Guard: the workspace belongs to the decoder that made this reader.
    let space: UnsafeMutablePointer<Workspace>

    static var malformed: Refusal { Refusal(.malformedJSON) }

    /// A string as it stands in the text, already known to be well formed.
    struct Raw: BitwiseCopyable {
        var text: Text
        var hasEscapes: Bool
    }

    // Guard: stays inside the text, which is followed by a zero byte and readable slack.
    @inline(__always) init(_ p: UnsafePointer<UInt8>, _ space: UnsafeMutablePointer<Workspace>) {
        self.p = p
        self.space = space
    }

    // MARK: Structure

    @inline(__always) mutating func skipSpace() {
        while p.pointee <= 0x20 && (p.pointee == 0x20 || p.pointee == 0x0a || p.pointee == 0x0d || p.pointee == 0x09) {
            p += 1
        }
    }

    @inline(__always) mutating func take(_ byte: UInt8) -> Bool {
        if p.pointee != byte { return false }
        p += 1
        return true
    }

    @inline(__always) mutating func expect(_ byte: UInt8) throws(Refusal) {
        if p.pointee != byte { throw Self.malformed }
        p += 1
    }

    /// True when the bytes of `literal` follow; they are passed.
    @inline(__always) mutating func take(_ literal: StaticString) -> Bool {
        if !sameBytes(p, literal.utf8Start, literal.utf8CodeUnitCount) { return false }
        p += literal.utf8CodeUnitCount
        return true
    }

    /// Enters an object or array; false when it is empty, and then it is left already.
    @inline(__always) mutating func enter(_ open: UInt8, _ close: UInt8) throws(Refusal) -> Bool {
        try expect(open)
        skipSpace()
        return !take(close)
    }

    /// After a member or an element: true when another follows.
    @inline(__always) mutating func next(_ close: UInt8) throws(Refusal) -> Bool {
        skipSpace()
        if take(Byte.comma) {
            skipSpace()
            return true
        }
        try expect(close)
        return false
    }

    /// A member's key and its colon; the cursor stands on the value.
    @inline(__always) mutating func key() throws(Refusal) -> Text {
        let key = try text()
        skipSpace()
        try expect(Byte.colon)
        skipSpace()
        return key
    }

    // MARK: Strings

    /// A string, its opening quote included, validated but not rewritten.
    @inline(__always) mutating func raw() throws(Refusal) -> Raw {
        try expect(Byte.quote)
        return try rawAfterQuote()
    }

    @inline(__always) mutating func rawAfterQuote() throws(Refusal) -> Raw {
        let start = p
        p += kilter_text_stop(p)
        if p.pointee == Byte.quote {
            let text = Text(start, p - start)
            p += 1
            return Raw(text: text, hasEscapes: false)
        }
        return try rawWithEscapes(start)
    }

    // Guard: stays inside the text, which is followed by a zero byte and readable slack.
    @inline(never) private mutating func rawWithEscapes(_ start: UnsafePointer<UInt8>) throws(Refusal) -> Raw {
        var hasEscapes = false
        while true {
            let byte = p.pointee
            if byte == Byte.quote {
                let text = Text(start, p - start)
                p += 1
                return Raw(text: text, hasEscapes: hasEscapes)
            } else if byte == Byte.backslash {
                hasEscapes = true
                try passEscape()
            } else if byte >= 0x80 {
                let length = kilter_utf8_sequence(p)
                if length == 0 { throw Refusal(.invalidUTF8) }
                p += length
                if p.pointee >= 0x80 { continue }
            } else {
                throw Self.malformed
            }
            p += kilter_text_stop(p)
        }
    }

    @inline(__always) private mutating func passEscape() throws(Refusal) {
        switch p[1] {
        case Byte.quote, Byte.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"):
            p += 2
        case UInt8(ascii: "u"):
            guard let scalar = escapedScalar(p) else { throw Self.malformed }
            p += scalar > 0xffff ? 12 : 6
        default: throw Self.malformed
        }
    }

    /// A string, rewritten into the arena when it holds escapes.
    @inline(__always) mutating func text() throws(Refusal) -> Text {
        try decoded(raw())
    }

    @inline(__always) func decoded(_ raw: Raw) throws(Refusal) -> Text {
        raw.hasEscapes ? try rewritten(raw.text) : raw.text
    }

    @inline(never) private func rewritten(_ raw: Text) throws(Refusal) -> Text {
        guard let out = space.pointee.arena.room(raw.count) else { throw Self.malformed }
        return space.pointee.arena.keep(unescape(raw, to: out))
    }

    // MARK: Whole values

    /// True when `null` follows; it is passed.
    @inline(__always) mutating func takeNull() throws(Refusal) -> Bool {
        if p.pointee != UInt8(ascii: "n") { return false }
        guard take("null") else { throw Self.malformed }
        return true
    }

    /// Passes one value of any shape, validating it, without recursion: which of the open containers are objects
    /// stands in a stack of bits. Deeper than 256 is refused.
    @inline(never) mutating func skipValue() throws(Refusal) {
        var depth = 0
        while true {
            switch p.pointee {
            case Byte.openBrace:
                if depth == Nesting.depthMax { throw Refusal(.tooDeep) }
                if try enter(Byte.openBrace, Byte.closeBrace) {
                    depth += 1
                    space.pointee.nesting.set(depth, isObject: true)
                    try skipKey()
                    continue
                }
            case Byte.openBracket:
                if depth == Nesting.depthMax { throw Refusal(.tooDeep) }
                if try enter(Byte.openBracket, Byte.closeBracket) {
                    depth += 1
                    space.pointee.nesting.set(depth, isObject: false)
                    continue
                }
            default: try skipScalar()
            }
            while true {
                if depth == 0 { return }
                let isObject = space.pointee.nesting.isObject(depth)
                if try next(isObject ? Byte.closeBrace : Byte.closeBracket) {
                    if isObject { try skipKey() }
                    break
                }
                depth -= 1
            }
        }
    }

    /// Passes one object whose brackets and quotes pair, whatever texts and numbers stand in it and however deep it is;
    /// throws `refusal` where they do not. O(bytes).
    @inline(never) mutating func passLoosely(or refusal: Refusal) throws(Refusal) {
        var closing: [UInt8] = []
        repeat {
            let byte = p.pointee
            switch byte {
            case Byte.openBrace: closing.append(Byte.closeBrace)
            case Byte.openBracket: closing.append(Byte.closeBracket)
            case Byte.closeBrace, Byte.closeBracket: if closing.popLast() != byte { throw refusal }
            case Byte.quote:
                p += 1
                while p.pointee != Byte.quote {
                    if p.pointee == Byte.backslash { p += 1 }
                    if p.pointee < 0x20 { throw refusal }
                    p += 1
                }
            case Byte.comma, Byte.colon, 0x09, 0x0a, 0x0d, 0x20, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                if closing.isEmpty { throw refusal }
            default: throw refusal
            }
            p += 1
        } while !closing.isEmpty
    }

    @inline(__always) private mutating func skipKey() throws(Refusal) {
        _ = try raw()
        skipSpace()
        try expect(Byte.colon)
        skipSpace()
    }

    @inline(__always) mutating func skipScalar() throws(Refusal) {
        switch p.pointee {
        case Byte.quote: _ = try raw()
        case UInt8(ascii: "t"): if !take("true") { throw Self.malformed }
        case UInt8(ascii: "f"): if !take("false") { throw Self.malformed }
        case UInt8(ascii: "n"): if !take("null") { throw Self.malformed }
        default: if NumberText.read(&p) == nil { throw Self.malformed }
        }
    }
}

/// Bytes with a meaning in JSON.
enum Byte {
    static let quote = UInt8(ascii: "\"")
    static let backslash = UInt8(ascii: "\\")
    static let comma = UInt8(ascii: ",")
    static let colon = UInt8(ascii: ":")
    static let openBrace = UInt8(ascii: "{")
    static let closeBrace = UInt8(ascii: "}")
    static let openBracket = UInt8(ascii: "[")
    static let closeBracket = UInt8(ascii: "]")
}

/// Which of the open containers are objects, one bit a level.
struct Nesting: ~Copyable {
    static let depthMax = 256
    // Guard: owned and freed here; levels are 1 to `depthMax`, checked by the caller before each `set`.
    private let words: UnsafeMutablePointer<UInt64>

    init() {
        words = .allocate(capacity: Self.depthMax / 64 + 1)
        words.initialize(repeating: 0, count: Self.depthMax / 64 + 1)
    }

    deinit { words.deallocate() }

    @inline(__always) func isObject(_ level: Int) -> Bool { words[level >> 6] >> UInt64(level & 63) & 1 != 0 }

    @inline(__always) func set(_ level: Int, isObject: Bool) {
        let bit: UInt64 = 1 << UInt64(level & 63)
        if isObject { words[level >> 6] |= bit } else { words[level >> 6] &= ~bit }
    }
}
