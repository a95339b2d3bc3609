import CLanes

/// The scalar of a `\uXXXX` escape (or of a surrogate pair of two) at `p`, or nil: bad digits, a lone surrogate.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
func escapedScalar(_ p: UnsafePointer<UInt8>) -> UInt32? {
    guard let first = hexDigits4(p + 2) else { return nil }
    if first < 0xd800 || first > 0xdfff { return first }
    guard first < 0xdc00, p[6] == Byte.backslash, p[7] == UInt8(ascii: "u") else { return nil }
    guard let second = hexDigits4(p + 8), second >= 0xdc00, second <= 0xdfff else { return nil }
    return 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
}

/// Four hexadecimal digits of either case. Stops at the first byte that is none.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
private func hexDigits4(_ p: UnsafePointer<UInt8>) -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<4 {
        guard let digit = hexDigit(p[index]) else { return nil }
        value = value << 4 | digit
    }
    return value
}

@inline(__always) func hexDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x30...0x39: UInt32(byte) - 0x30
    case 0x41...0x46: UInt32(byte) - 0x37
    case 0x61...0x66: UInt32(byte) - 0x57
    default: nil
    }
}

/// Writes the text of a validated JSON string without its escapes; never longer than the original. The quote behind
/// the original ends the scan. May write 16 bytes past its end. Returns the length.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
func unescape(_ raw: Text, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var p = raw.base
    let end = raw.end
    var count = 0
    while true {
        let run = kilter_copy_to_stop(out + count, p)
        if run >= end - p { return count + (end - p) }
        p += run
        count += run
        if p.pointee == Byte.backslash {
            count += unescapeOne(&p, to: out + count)
        } else {
            // A byte of a longer sequence, or (in text that is not a JSON literal's inside) anything: as it is.
            out[count] = p.pointee
            count += 1
            p += 1
        }
    }
}

// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
private func unescapeOne(_ p: inout UnsafePointer<UInt8>, to out: UnsafeMutablePointer<UInt8>) -> Int {
    let escape = p[1]
    guard escape == UInt8(ascii: "u") else {
        p += 2
        switch escape {
        case UInt8(ascii: "b"): out[0] = 0x08
        case UInt8(ascii: "f"): out[0] = 0x0c
        case UInt8(ascii: "n"): out[0] = 0x0a
        case UInt8(ascii: "r"): out[0] = 0x0d
        case UInt8(ascii: "t"): out[0] = 0x09
        default: out[0] = escape
        }
        return 1
    }
    let scalar = escapedScalar(p) ?? 0xfffd
    p += scalar > 0xffff ? 12 : 6
    return writeUTF8(scalar, to: out)
}

/// Writes one scalar as UTF-8; returns its length.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
func writeUTF8(_ scalar: UInt32, to out: UnsafeMutablePointer<UInt8>) -> Int {
    @inline(__always) func byte(_ value: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value) }
    if scalar < 0x80 {
        out[0] = byte(scalar)
        return 1
    }
    if scalar < 0x800 {
        out[0] = byte(0xc0 | scalar >> 6)
        out[1] = byte(0x80 | scalar & 0x3f)
        return 2
    }
    if scalar < 0x10000 {
        out[0] = byte(0xe0 | scalar >> 12)
        out[1] = byte(0x80 | scalar >> 6 & 0x3f)
        out[2] = byte(0x80 | scalar & 0x3f)
        return 3
    }
    out[0] = byte(0xf0 | scalar >> 18)
    out[1] = byte(0x80 | scalar >> 12 & 0x3f)
    out[2] = byte(0x80 | scalar >> 6 & 0x3f)
    out[3] = byte(0x80 | scalar & 0x3f)
    return 4
}

/// A JSON number as it stands in the text, taken apart as far as integers go.
struct NumberText: BitwiseCopyable {
    var text: Text
    var isNegative: Bool
    /// No fraction, no exponent.
    var isWhole: Bool
    /// The whole part's value; meaningless when `overflows`.
    var magnitude: UInt64
    var overflows: Bool

    /// Reads a number by the full grammar and passes it; nil when there is none. What may follow a number is the
    /// caller's business: every byte that could go on with it is taken.
    // Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
    @inline(__always) static func read(_ p: inout UnsafePointer<UInt8>) -> NumberText? {
        let start = p
        var number = NumberText(
            text: Text(start, 0), isNegative: false, isWhole: true, magnitude: 0, overflows: false)
        if p.pointee == UInt8(ascii: "-") {
            number.isNegative = true
            p += 1
        }
        let digits = p
        while p.pointee &- 0x30 < 10 {
            let (product, high) = number.magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(p.pointee &- 0x30))
            number.overflows = number.overflows || high || carry
            number.magnitude = sum
            p += 1
        }
        if p == digits || (digits.pointee == 0x30 && p - digits > 1) { return nil }
        if p.pointee == UInt8(ascii: ".") || p.pointee | 0x20 == UInt8(ascii: "e") {
            number.isWhole = false
            if !passFraction(&p) { return nil }
        }
        number.text.count = p - start
        return number
    }

    // Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
    @inline(never) private static func passFraction(_ p: inout UnsafePointer<UInt8>) -> Bool {
        if p.pointee == UInt8(ascii: ".") {
            p += 1
            if !passDigits(&p) { return false }
        }
        if p.pointee | 0x20 == UInt8(ascii: "e") {
            p += 1
            if p.pointee == UInt8(ascii: "+") || p.pointee == UInt8(ascii: "-") { p += 1 }
            if !passDigits(&p) { return false }
        }
        return true
    }

    // Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
    private static func passDigits(_ p: inout UnsafePointer<UInt8>) -> Bool {
        guard p.pointee &- 0x30 < 10 else { return false }
        while p.pointee &- 0x30 < 10 { p += 1 }
        return true
    }

    /// The number as a whole one, when it is: by syntax, or a fraction or exponent that comes out whole.
    var whole: Whole? {
        if isWhole { return overflows ? nil : Whole(isNegative: isNegative, magnitude: magnitude) }
        guard let value = parseDouble(text), let exact = UInt64(exactly: value.magnitude) else { return nil }
        return Whole(isNegative: isNegative, magnitude: exact)
    }
}

/// A whole number of either sign up to 64 bits of magnitude.
struct Whole: BitwiseCopyable, Equatable {
    var isNegative: Bool
    var magnitude: UInt64

    var signed: Int64? {
        if !isNegative { return Int64(exactly: magnitude) }
        if magnitude == 1 << 63 { return .min }
        return Int64(exactly: magnitude).map { -$0 }
    }

    var unsigned: UInt64? { isNegative && magnitude != 0 ? nil : magnitude }
}

/// The double nearest to a decimal number of JSON's grammar (or Swift's: `nan` and `inf` never get here).
/// Cost: allocates beyond 15 bytes; off the usual path.
func parseDouble(_ text: Text) -> Double? {
    Double(String(decoding: text.buffer, as: UTF8.self))
}

/// The bytes of base64 text (RFC 4648, either alphabet, padding optional), written to `out`; nil when it is none.
/// Writes at most three bytes for four.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
func decodeBase64(_ text: Text, to out: UnsafeMutablePointer<UInt8>) -> Int? {
    var count = text.count
    while count > 0 && text[count - 1] == UInt8(ascii: "=") && text.count - count < 2 { count -= 1 }
    if count % 4 == 1 || (count < text.count && text.count % 4 != 0) { return nil }
    var written = 0
    var bits: UInt32 = 0
    var pending = 0
    for index in 0..<count {
        let digit: UInt32
        switch text[index] {
        case 0x41...0x5a: digit = UInt32(text[index]) - 0x41
        case 0x61...0x7a: digit = UInt32(text[index]) - 0x61 + 26
        case 0x30...0x39: digit = UInt32(text[index]) - 0x30 + 52
        case UInt8(ascii: "+"), UInt8(ascii: "-"): digit = 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): digit = 63
        default: return nil
        }
        bits = bits << 6 | digit
        pending += 6
        if pending >= 8 {
            pending -= 8
            out[written] = UInt8(truncatingIfNeeded: bits >> UInt32(pending))
            written += 1
        }
    }
    return written
}

/// Eight hexadecimal digits of either case as a number, all at once; nil when one of them is none.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
@inline(__always) func hex8(_ p: UnsafePointer<UInt8>) -> UInt32? {
    let x = load8(p)
    let high: UInt64 = 0x8080_8080_8080_8080
    if x & high != 0 { return nil }
    let lower = x | 0x2020_2020_2020_2020
    let isDigit = (x &+ 0x5050_5050_5050_5050) & (0xb9b9_b9b9_b9b9_b9b9 &- x)
    let isLetter = (lower &+ 0x1f1f_1f1f_1f1f_1f1f) & (0xe6e6_e6e6_e6e6_e6e6 &- lower)
    if (isDigit | isLetter) & high != high { return nil }
    var n = (x & 0x0f0f_0f0f_0f0f_0f0f) &+ ((x >> 6) & 0x0101_0101_0101_0101) &* 9
    n = (n << 4 | n >> 8) & 0x00ff_00ff_00ff_00ff
    n = (n | n >> 8) & 0x0000_ffff_0000_ffff
    n = (n | n >> 16) & 0xffff_ffff
    return UInt32(truncatingIfNeeded: n).byteSwapped
}

/// Sixteen hexadecimal digits as a number.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
@inline(__always) func hex16(_ p: UnsafePointer<UInt8>) -> UInt64? {
    guard let high = hex8(p), let low = hex8(p + 8) else { return nil }
    return UInt64(high) << 32 | UInt64(low)
}

/// Eight decimal digits as a number, all at once; nil when one of them is none. (The pairwise sums are the well-known
/// ones of fast number parsers: ones and tens, then hundreds, then ten thousands, each by one multiplication.)
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
@inline(__always) private func decimal8(_ p: UnsafePointer<UInt8>) -> UInt64? {
    let x = load8(p)
    let high: UInt64 = 0x8080_8080_8080_8080
    if (x | (x &+ 0x4646_4646_4646_4646) | (x &- 0x3030_3030_3030_3030)) & high != 0 { return nil }
    var n = x &- 0x3030_3030_3030_3030
    n = (n &* 10 &+ (n >> 8)) & 0x00ff_00ff_00ff_00ff
    n = (n &* 100 &+ (n >> 16)) & 0x0000_ffff_0000_ffff
    return (n &* 10_000 &+ (n >> 32)) & 0xffff_ffff
}

/// Nineteen decimal digits as a number: a time in nanoseconds of this century. Cannot overflow.
// Guard: the caller keeps readable slack behind the text and room for as many bytes as it has.
@inline(__always) func decimal19(_ p: UnsafePointer<UInt8>) -> UInt64? {
    guard let first = decimal8(p), let second = decimal8(p + 8) else { return nil }
    let a = p[16] &- 0x30
    let b = p[17] &- 0x30
    let c = p[18] &- 0x30
    if a > 9 || b > 9 || c > 9 { return nil }
    let last = UInt64(a) &* 100 &+ UInt64(b) &* 10 &+ UInt64(c)
    return first &* 100_000_000_000 &+ second &* 1_000 &+ last
}

/// True when the whole text is UTF-8. Sixteen ASCII bytes a step.
@inline(__always) func isUTF8(_ text: Text) -> Bool { kilter_is_utf8(text.base, text.count) != 0 }
