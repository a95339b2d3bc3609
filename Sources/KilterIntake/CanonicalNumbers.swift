/// Writes a double as ECMAScript's Number::toString does (ECMA-262, 6.1.6.1.20; RFC 8785, section 3.2.2.3): the shortest
/// digits that read back as the same number. At most 25 bytes. The value must be finite.
// Guard: the caller provides room for the 25 bytes of the longest number.
func writeNumber(_ value: Double, to out: UnsafeMutablePointer<UInt8>) -> Int {
    if value == 0 {
        out[0] = 0x30
        return 1
    }
    if let small = Int64(exactly: value), small.magnitude <= 1 << 53 { return writeDecimal(small, to: out) }
    var text = value.description
    return text.withUTF8 { shortest in layOut(Decimal(shortest), to: out) }
}

/// The digits of a shortest decimal and where its point stands: 0.d1d2d3… × 10^point.
private struct Decimal {
    var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)
    var count = 0
    var point = 0
    var isNegative = false

    /// Takes apart what Swift prints for a finite double: `-1.5`, `100000.0`, `1e-07`, `1.7976931348623157e+308`.
    init(_ text: UnsafeBufferPointer<UInt8>) {
        var afterPoint = 0
        var seenPoint = false
        var exponent = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "-"): isNegative = true
            case UInt8(ascii: "."): seenPoint = true
            case 0x30...0x39:
                append(byte)
                if seenPoint { afterPoint += 1 }
            default:
                exponent = Self.exponent(text, from: index + 1)
                index = text.count
            }
            index += 1
        }
        point = total - afterPoint + exponent
        trim()
    }

    private var total = 0

    private mutating func append(_ byte: UInt8) {
        total += 1
        if count == 24 { return }
        withUnsafeMutableBytes(of: &digits) { $0[count] = byte }
        count += 1
    }

    private static func exponent(_ text: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var value = 0
        var isNegative = false
        for index in start..<text.count {
            switch text[index] {
            case UInt8(ascii: "-"): isNegative = true
            case 0x30...0x39: value = value * 10 + Int(text[index] - 0x30)
            default: break
            }
        }
        return isNegative ? -value : value
    }

    /// Drops zeros in front and behind.
    private mutating func trim() {
        withUnsafeMutableBytes(of: &digits) { bytes in
            while count > 0 && bytes[count - 1] == 0x30 { count -= 1 }
            var zeros = 0
            while zeros < count && bytes[zeros] == 0x30 { zeros += 1 }
            for index in zeros..<count where zeros > 0 { bytes[index - zeros] = bytes[index] }
            count -= zeros
            point -= zeros
        }
    }
}

// Guard: the caller provides room for the 25 bytes of the longest number.
private func layOut(_ decimal: Decimal, to out: UnsafeMutablePointer<UInt8>) -> Int {
    var length = 0
    func put(_ byte: UInt8) {
        out[length] = byte
        length += 1
    }
    var digits = decimal.digits
    withUnsafeBytes(of: &digits) { digit in
        let n = decimal.point
        let k = decimal.count
        if decimal.isNegative { put(UInt8(ascii: "-")) }
        if n > 0 && n <= 21 {
            for index in 0..<max(k, n) {
                if index == n { put(UInt8(ascii: ".")) }
                put(index < k ? digit[index] : 0x30)
            }
        } else if n > -6 && n <= 0 {
            put(0x30)
            put(UInt8(ascii: "."))
            for _ in n..<0 { put(0x30) }
            for index in 0..<k { put(digit[index]) }
        } else {
            put(digit[0])
            if k > 1 { put(UInt8(ascii: ".")) }
            for index in 1..<max(k, 1) { put(digit[index]) }
            put(UInt8(ascii: "e"))
            put(UInt8(ascii: n > 0 ? "+" : "-"))
            length += writeDecimal(Int64((n - 1).magnitude), to: out + length)
        }
    }
    return length
}

/// Writes a number of JSON text in canonical form; nil when it is too large for a double. Plain integers and short
/// decimals need no conversion: up to 15 significant digits a decimal is its own shortest form.
// Guard: the caller provides room for the 25 bytes of the longest number.
func writeNumber(_ number: NumberText, to out: UnsafeMutablePointer<UInt8>) -> Int? {
    if number.isWhole { return writeWhole(number, to: out) }
    if let length = writeShortDecimal(number, to: out) { return length }
    guard let value = parseDouble(number.text), value.isFinite else { return nil }
    return writeNumber(value, to: out)
}

// Guard: the caller provides room for the 25 bytes of the longest number.
private func writeWhole(_ number: NumberText, to out: UnsafeMutablePointer<UInt8>) -> Int? {
    let text = number.text
    if !number.overflows && number.magnitude <= 1 << 53 {
        let sign = number.isNegative && number.magnitude == 0 ? 1 : 0
        out.update(from: text.base + sign, count: text.count - sign)
        return text.count - sign
    }
    guard let value = parseDouble(text), value.isFinite else { return nil }
    if isExact(text) { return writeNumber(value, to: out) }
    out.update(from: text.base, count: text.count)
    out[text.count] = UInt8(ascii: "n")
    return text.count + 1
}

/// True when a double holds the integer of these digits: what is left of it without its factors of ten and two
/// has at most 53 bits.
private func isExact(_ text: Text) -> Bool {
    var count = text.count
    var zeros = 0
    while count > 1 && text[count - 1] == 0x30 {
        count -= 1
        zeros += 1
    }
    guard let digits = JSONReader.whole(text.prefix(count)) else { return false }
    var odd = digits.magnitude >> UInt64(digits.magnitude.trailingZeroBitCount)
    for _ in 0..<zeros {
        let (product, overflow) = odd.multipliedReportingOverflow(by: 5)
        if overflow { return false }
        odd = product
    }
    return odd <= 1 << 53
}

/// A decimal without exponent, of at most 15 significant digits and not below one millionth: its own canonical form but
/// for zeros at the end.
// Guard: the caller provides room for the 25 bytes of the longest number.
private func writeShortDecimal(_ number: NumberText, to out: UnsafeMutablePointer<UInt8>) -> Int? {
    let text = number.text
    guard text.count <= 17, !number.overflows else { return nil }
    var point = 0
    while point < text.count && text[point] != UInt8(ascii: ".") { point += 1 }
    guard point < text.count, text.count - point <= 16 else { return nil }
    for index in point + 1..<text.count where text[index] &- 0x30 >= 10 { return nil }
    var count = text.count
    while text[count - 1] == 0x30 { count -= 1 }
    if count == point + 1 { count = point }
    let sign = number.isNegative ? 1 : 0
    if count == point && number.magnitude == 0 {
        out[0] = 0x30
        return 1
    }
    if text.count - sign - 1 > 15 { return nil }
    if number.magnitude == 0 {
        var zeros = 0
        while text[point + 1 + zeros] == 0x30 { zeros += 1 }
        if zeros > 5 { return nil }
    }
    out.update(from: text.base, count: count)
    return count
}

/// Standard base64 with padding; returns the length.
// Guard: the caller provides room for what the encoding of its bytes takes.
func encodeBase64(_ data: Text, to out: UnsafeMutablePointer<UInt8>) -> Int {
    let alphabet: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    var length = 0
    var index = 0
    while index < data.count {
        let left = data.count - index
        let bits =
            UInt32(data[index]) << 16 | (left > 1 ? UInt32(data[index + 1]) << 8 : 0)
            | (left > 2 ? UInt32(data[index + 2]) : 0)
        out[length] = alphabet.utf8Start[Int(bits >> 18 & 63)]
        out[length + 1] = alphabet.utf8Start[Int(bits >> 12 & 63)]
        out[length + 2] = left > 1 ? alphabet.utf8Start[Int(bits >> 6 & 63)] : UInt8(ascii: "=")
        out[length + 3] = left > 2 ? alphabet.utf8Start[Int(bits & 63)] : UInt8(ascii: "=")
        length += 4
        index += 3
    }
    return length
}
