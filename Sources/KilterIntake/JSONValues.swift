import KilterVocabulary

/// The lenient corners of OTLP/JSON: numbers as strings, names for enums, ids in two spellings (reference, 1.16).
extension JSONReader {
    // MARK: Numbers

    /// A whole number: a decimal string, a number, or a `{low, high, unsigned}` object that leaked from JavaScript.
    /// Nil when the value is well-formed JSON but none of these.
    mutating func whole() throws(Refusal) -> Whole? {
        switch p.pointee {
        case Byte.quote:
            let text = try text()
            return Self.whole(text)
        case Byte.openBrace: return try longObject()
        case UInt8(ascii: "-"), 0x30...0x39:
            guard let number = NumberText.read(&p) else { throw Self.malformed }
            return number.whole
        default:
            try skipValue()
            return nil
        }
    }

    /// The decimal digits of a string, which must be nothing else.
    static func whole(_ text: Text) -> Whole? {
        var index = 0
        let isNegative = text.count > 1 && text[0] == UInt8(ascii: "-")
        if isNegative { index = 1 }
        guard index < text.count, text.count <= 21 else { return nil }
        var magnitude: UInt64 = 0
        while index < text.count {
            let digit = text[index] &- 0x30
            guard digit < 10 else { return nil }
            let (product, high) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(UInt64(digit))
            if high || carry { return nil }
            magnitude = sum
            index += 1
        }
        return Whole(isNegative: isNegative, magnitude: magnitude)
    }

    private mutating func longObject() throws(Refusal) -> Whole? {
        var low: Whole?
        var high: Whole?
        var isUnsigned = false
        if try enter(Byte.openBrace, Byte.closeBrace) {
            repeat {
                let key = try key()
                if key.equals("low") {
                    low = try scalarWhole()
                } else if key.equals("high") {
                    high = try scalarWhole()
                } else if key.equals("unsigned") {
                    isUnsigned = p.pointee == UInt8(ascii: "t")
                    try skipValue()
                } else {
                    try skipValue()
                }
            } while try next(Byte.closeBrace)
        }
        guard let low = low?.signed, let high = high?.signed else { return nil }
        let bits = UInt64(truncatingIfNeeded: high) << 32 | UInt64(UInt32(truncatingIfNeeded: low))
        if isUnsigned || Int64(bitPattern: bits) >= 0 { return Whole(isNegative: false, magnitude: bits) }
        return Whole(isNegative: true, magnitude: Int64(bitPattern: bits).magnitude)
    }

    private mutating func scalarWhole() throws(Refusal) -> Whole? {
        if p.pointee == Byte.openBrace || p.pointee == Byte.openBracket {
            try skipValue()
            return nil
        }
        return try whole()
    }

    /// A point in time in nanoseconds. What is not one makes the payload malformed.
    mutating func time() throws(Refusal) -> UInt64 {
        // Usual case without a detour: nineteen digits in quotes.
        if p.pointee == Byte.quote, p[20] == Byte.quote, let value = decimal19(p + 1) {
            p += 21
            return value
        }
        if try takeNull() { return 0 }
        guard let value = try whole()?.unsigned else { throw Self.malformed }
        return value
    }

    /// An enum: an integer, or one of its names, given with their numbers. Anything else is zero.
    mutating func enumeration(_ names: [(StaticString, Int32)]) throws(Refusal) -> Int32 {
        if p.pointee != Byte.quote {
            return Int32(truncatingIfNeeded: try whole()?.signed ?? 0)
        }
        let name = try text()
        for (known, value) in names where name.equals(known) { return value }
        return Int32(truncatingIfNeeded: Self.whole(name)?.signed ?? 0)
    }

    // MARK: Ids

    /// A span id, or nil when it is malformed; zero when it is empty or null.
    mutating func spanID() throws(Refusal) -> UInt64? {
        // Usual case without a detour: 16 hexadecimal digits in quotes.
        if p.pointee == Byte.quote, let id = hex16(p + 1), p[17] == Byte.quote {
            p += 18
            return id
        }
        let bytes = try identifier(length: 8)
        switch bytes?.count {
        case 8?: return bytes.map { load8($0.base).byteSwapped }
        case 0?: return 0
        default: return nil
        }
    }

    /// A trace id, or nil when it is malformed; all zero when it is empty or null.
    mutating func traceID() throws(Refusal) -> TraceID? {
        // Usual case without a detour: 32 hexadecimal digits and a quote.
        if p.pointee == Byte.quote, let high = hex16(p + 1), let low = hex16(p + 17), p[33] == Byte.quote {
            p += 34
            return TraceID(high: high, low: low)
        }
        guard let bytes = try identifier(length: 16) else { return nil }
        if bytes.isEmpty { return TraceID() }
        return TraceID(high: load8(bytes.base).byteSwapped, low: load8(bytes.base + 8).byteSwapped)
    }

    /// `length` bytes written as hexadecimal, base64 or an array of integers; empty for an empty string or null;
    /// nil for anything else.
    private mutating func identifier(length: Int) throws(Refusal) -> Text? {
        if try takeNull() { return Text.none }
        if p.pointee == Byte.openBracket { return try byteArray(length: length) }
        guard p.pointee == Byte.quote else {
            try skipValue()
            return nil
        }
        let text = try text()
        if text.isEmpty { return text }
        guard let out = space.pointee.arena.room(text.count) else { throw Self.malformed }
        if text.count == length * 2 {
            for index in 0..<length {
                guard let high = hexDigit(text[2 * index]), let low = hexDigit(text[2 * index + 1]) else { return nil }
                out[index] = UInt8(truncatingIfNeeded: high << 4 | low)
            }
            return space.pointee.arena.keep(length)
        }
        guard text.count == (length + 2) / 3 * 4, decodeBase64(text, to: out) == length else { return nil }
        return space.pointee.arena.keep(length)
    }

    private mutating func byteArray(length: Int) throws(Refusal) -> Text? {
        guard let out = space.pointee.arena.room(length) else { throw Self.malformed }
        var count = 0
        var isGood = true
        if try enter(Byte.openBracket, Byte.closeBracket) {
            repeat {
                if let byte = try whole()?.unsigned, byte < 256, count < length {
                    out[count] = UInt8(truncatingIfNeeded: byte)
                    count += 1
                } else {
                    isGood = false
                }
            } while try next(Byte.closeBracket)
        }
        return isGood && (count == length || count == 0) ? space.pointee.arena.keep(count) : nil
    }

    // MARK: Attribute values

    /// An AnyValue whose text, if it is one, keeps its escapes: then its `bits` are 1.
    mutating func unreadText() throws(Refusal) -> AttributeValue {
        let start = self
        if take("{\"stringValue\":\"") || take("{\"stringValue\": \"") {
            let raw = try rawAfterQuote()
            if take(Byte.closeBrace) { return AttributeValue(.text, raw.text, bits: raw.hasEscapes ? 1 : 0) }
        }
        self = start
        return try anyValue()
    }

    /// An AnyValue. Plain JSON scalars, arrays and objects, which hand-rolled exporters write, are taken as what
    /// they are. The last member wins.
    mutating func anyValue() throws(Refusal) -> AttributeValue {
        if take("{\"stringValue\":\"") || take("{\"stringValue\": \"") {
            let value = AttributeValue.text(try decoded(rawAfterQuote()))
            if take(Byte.closeBrace) { return value }
            return try anyValue(after: value)
        }
        guard p.pointee == Byte.openBrace else { return try plainValue() }
        let start = p
        guard try enter(Byte.openBrace, Byte.closeBrace) else { return .absent }
        return try anyValueMembers(start, .absent)
    }

    /// Whatever follows the first member, when that is not the closing brace right away.
    @inline(never) private mutating func anyValue(after value: AttributeValue) throws(Refusal) -> AttributeValue {
        let start = p
        return try next(Byte.closeBrace) ? try anyValueMembers(start, value) : value
    }

    // Guard: stays inside the text, which is followed by a zero byte and readable slack.
    private mutating func anyValueMembers(
        _ start: UnsafePointer<UInt8>, _ first: AttributeValue
    ) throws(Refusal) -> AttributeValue {
        var value = first
        var tree: UnsafePointer<UInt8>?
        repeat {
            let key = try key()
            let memberStart = p
            if let member = try anyValueMember(key) {
                tree = member.shape == .jsonTree ? memberStart : nil
                value = member
            }
        } while try next(Byte.closeBrace)
        if let tree { value.text = Text(tree, p - tree) }
        return value
    }

    /// One member of an AnyValue; nil for null and for unknown keys. A tree is passed over: its place is enough.
    private mutating func anyValueMember(_ key: Text) throws(Refusal) -> AttributeValue? {
        if try takeNull() { return nil }
        if key.equals("stringValue") || key.equals("string_value") { return try plainValue() }
        if key.equals("intValue") || key.equals("int_value") {
            return try whole()?.signed.map { .integer($0) } ?? AttributeValue(.badNumber, .none)
        }
        if key.equals("doubleValue") || key.equals("double_value") { return try doubleMember() }
        if key.equals("boolValue") || key.equals("bool_value") { return try boolMember() }
        if key.equals("bytesValue") || key.equals("bytes_value") { return try bytesMember() }
        if key.equals("arrayValue") || key.equals("array_value") {
            try skipValue()
            return AttributeValue(.jsonTree, .none, bits: 0)
        }
        if key.equals("kvlistValue") || key.equals("kvlist_value") {
            try skipValue()
            return AttributeValue(.jsonTree, .none, bits: 1)
        }
        try skipValue()
        return nil
    }

    /// A value that is not wrapped in an AnyValue.
    mutating func plainValue() throws(Refusal) -> AttributeValue {
        let start = p
        switch p.pointee {
        case Byte.quote: return .text(try text())
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return try boolMember()
        case UInt8(ascii: "-"), 0x30...0x39:
            guard let number = NumberText.read(&p) else { throw Self.malformed }
            if number.isWhole, let whole = number.whole?.signed { return .integer(whole) }
            return parseDouble(number.text).map { .double($0) } ?? AttributeValue(.badNumber, .none)
        case UInt8(ascii: "n"):
            try skipValue()
            return .absent
        default:
            try skipValue()
            return AttributeValue(.plainTree, Text(start, p - start))
        }
    }

    private mutating func doubleMember() throws(Refusal) -> AttributeValue {
        let value = try plainValue()
        switch value.shape {
        case .integer: return .double(Double(Int64(bitPattern: value.bits)))
        case .text:
            if value.text.equals("NaN") { return .double(.nan) }
            if value.text.equals("Infinity") { return .double(.infinity) }
            if value.text.equals("-Infinity") { return .double(-.infinity) }
            return isNumber(value.text)
                ? parseDouble(value.text).map { .double($0) } ?? AttributeValue(.badNumber, .none)
                : AttributeValue(.badNumber, .none)
        default: return value
        }
    }

    private mutating func boolMember() throws(Refusal) -> AttributeValue {
        if p.pointee == Byte.quote {
            let text = try text()
            if text.equalsFolded("true") { return .boolean(true) }
            if text.equalsFolded("false") { return .boolean(false) }
            return .text(text)
        }
        let isTrue = p.pointee == UInt8(ascii: "t")
        let isBool = isTrue || p.pointee == UInt8(ascii: "f")
        if !isBool { return try plainValue() }
        try skipScalar()
        return .boolean(isTrue)
    }

    private mutating func bytesMember() throws(Refusal) -> AttributeValue {
        guard p.pointee == Byte.quote else {
            try skipValue()
            return .absent
        }
        let text = try text()
        guard let out = space.pointee.arena.room(text.count) else { throw Self.malformed }
        guard let count = decodeBase64(text, to: out) else { return .absent }
        return AttributeValue(.bytes, space.pointee.arena.keep(count))
    }
}

/// True when the whole text is one JSON number.
func isNumber(_ text: Text) -> Bool {
    var p = text.base
    guard let number = NumberText.read(&p) else { return false }
    return number.text.count == text.count
}
