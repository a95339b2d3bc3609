import CLanes

/// Writes JSON in the canonical form of RFC 8785 into memory it reuses: no white space, members sorted by the UTF-16
/// code units of their keys, shortest escapes, numbers as ECMAScript prints them. Members are written as they come
/// and only rearranged when an object turns out not to be in order, so sorted input costs one copy.
///
/// One deviation, so that two 64-bit ids never become equal: an integer that no double holds exactly keeps its
/// digits, followed by an `n`.
struct CanonicalWriter: ~Copyable {
    struct Member: BitwiseCopyable {
        /// Offset of the key's opening quote.
        var start: Int
        /// Offset behind the key's closing quote.
        var keyEnd: Int
        var end: Int
    }

    /// An object being written: where its members start on the stack, and what was seen of their order.
    struct Object: BitwiseCopyable {
        var firstMember: Int
        var isDisordered = false
        var hasDuplicates = false
    }

    // Guard: both blocks are owned and freed here; `reserve` and `push` check the capacity before every write.
    private var bytes: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var count = 0
    // Guard: as above.
    private var members: UnsafeMutablePointer<Member>
    private var memberCapacity: Int
    private var memberCount = 0

    /// Whether a member's name is one whose value varies by itself.
    private(set) var hasVolatileName = false
    private let volatileNames = VolatileParts.names
    /// Whether a member's name is one that says how a call ended.
    private(set) var hasVerdictName = false
    private let verdictNames = ResultVerdicts.names

    private static let slack = 64
    private static let keptBytes = 4 << 20
    private static let keptMembers = 64 << 10

    init() {
        capacity = 64 << 10
        bytes = .allocate(capacity: capacity)
        memberCapacity = 256
        members = .allocate(capacity: memberCapacity)
    }

    deinit {
        bytes.deallocate()
        members.deallocate()
    }

    mutating func begin() {
        count = 0
        memberCount = 0
        hasVolatileName = false
        hasVerdictName = false
    }

    /// What was written, valid until the next call.
    var text: Text { Text(bytes, count) }

    /// Gives back memory that one huge value made grow.
    mutating func trim() {
        begin()
        if capacity > Self.keptBytes { resizeBytes(to: 64 << 10) }
        if memberCapacity > Self.keptMembers { resizeMembers(to: 256) }
    }

    // MARK: Structure

    @inline(__always) mutating func byte(_ value: UInt8) {
        reserve(1)
        bytes[count] = value
        count += 1
    }

    mutating func literal(_ value: StaticString) {
        reserve(value.utf8CodeUnitCount)
        (bytes + count).update(from: value.utf8Start, count: value.utf8CodeUnitCount)
        count += value.utf8CodeUnitCount
    }

    @inline(__always) mutating func beginObject() -> Object {
        byte(Byte.openBrace)
        return Object(firstMember: memberCount)
    }

    /// Before a member's key, which is written next as a string.
    @inline(__always) mutating func beginMember(_ object: Object) {
        if memberCount > object.firstMember { byte(Byte.comma) }
        if memberCount == memberCapacity { resizeMembers(to: memberCapacity * 2) }
        members[memberCount] = Member(start: count, keyEnd: count, end: count)
        memberCount += 1
    }

    /// Between a member's key and its value.
    @inline(__always) mutating func endKey(_ object: inout Object) {
        let last = memberCount - 1
        members[last].keyEnd = count
        let start = members[last].start + 1
        let name = Text(bytes + start, count - start - 1)
        if volatileNames.contains(name) { hasVolatileName = true }
        if verdictNames.contains(name) { hasVerdictName = true }
        byte(Byte.colon)
        if last > object.firstMember {
            let order = compareKeys(members[last - 1], members[last])
            if order >= 0 { object.isDisordered = true }
        }
    }

    @inline(__always) mutating func endMember() { members[memberCount - 1].end = count }

    /// Closes the object; true when two of its keys are equal (they stay, in their order).
    @inline(__always) mutating func endObject(_ object: Object) -> Bool {
        let hasDuplicates = object.isDisordered ? sort(from: object.firstMember) : false
        memberCount = object.firstMember
        byte(Byte.closeBrace)
        return hasDuplicates
    }

    // MARK: Order

    @inline(never) private mutating func sort(from first: Int) -> Bool {
        var slice = UnsafeMutableBufferPointer(start: members + first, count: memberCount - first)
        let bodyStart = slice[0].start
        let body = count - bodyStart
        let bytes = bytes
        if slice.count <= Self.fewMembers {
            insertInOrder(slice)
        } else {
            slice.sort { (a: Member, b: Member) -> Bool in
                let order = compareKeysIn(bytes, a, b)
                return order == 0 ? a.start < b.start : order < 0
            }
        }
        reserve(body)
        // The members are copied behind the text in their new order, then back.
        let source = self.bytes
        var to = count
        var hasDuplicates = false
        for index in slice.indices {
            if index > 0 {
                source[to] = Byte.comma
                to += 1
                if compareKeysIn(source, slice[index - 1], slice[index]) == 0 { hasDuplicates = true }
            }
            let length = slice[index].end - slice[index].start
            (source + to).update(from: source + slice[index].start, count: length)
            to += length
        }
        (source + bodyStart).update(from: source + count, count: body)
        return hasDuplicates
    }

    private static let fewMembers = 16

    /// Members of equal keys stay in their order.
    private func insertInOrder(_ slice: UnsafeMutableBufferPointer<Member>) {
        for index in 1..<slice.count {
            let member = slice[index]
            var place = index
            while place > 0, compareKeysIn(bytes, slice[place - 1], member) > 0 {
                slice[place] = slice[place - 1]
                place -= 1
            }
            slice[place] = member
        }
    }

    @inline(__always) private func compareKeys(_ a: Member, _ b: Member) -> Int { compareKeysIn(bytes, a, b) }

    // MARK: Strings and numbers

    /// A string given as UTF-8, quoted and escaped as RFC 8785 has it.
    mutating func string(_ text: Text) {
        reserve(text.count + 2)
        bytes[count] = Byte.quote
        count += 1
        var p = text.base
        let end = text.end
        while true {
            reserve(end - p + 8)
            let run = kilter_copy_plain(bytes + count, p, end - p)
            p += run
            count += run
            if p == end { break }
            if p.pointee >= 0x80 {
                bytes[count] = p.pointee
                count += 1
            } else {
                escape(p.pointee)
            }
            p += 1
        }
        bytes[count] = Byte.quote
        count += 1
    }

    /// The inside of a JSON string that holds no escapes and no control characters, quoted.
    @inline(__always) mutating func plainString(_ inside: Text) {
        reserve(inside.count + 2)
        bytes[count] = Byte.quote
        (bytes + count + 1).update(from: inside.base, count: inside.count)
        bytes[count + inside.count + 1] = Byte.quote
        count += inside.count + 2
    }

    private mutating func escape(_ byte: UInt8) {
        reserve(8)
        bytes[count] = Byte.backslash
        let short: UInt8? =
            switch byte {
            case Byte.quote, Byte.backslash: byte
            case 0x08: UInt8(ascii: "b")
            case 0x09: UInt8(ascii: "t")
            case 0x0a: UInt8(ascii: "n")
            case 0x0c: UInt8(ascii: "f")
            case 0x0d: UInt8(ascii: "r")
            default: nil
            }
        if let short {
            bytes[count + 1] = short
            count += 2
            return
        }
        bytes[count + 1] = UInt8(ascii: "u")
        bytes[count + 2] = 0x30
        bytes[count + 3] = 0x30
        bytes[count + 4] = 0x30 + byte >> 4
        bytes[count + 5] = byte & 15 < 10 ? 0x30 + byte & 15 : 0x57 + byte & 15
        count += 6
    }

    mutating func integer(_ value: Int64) {
        reserve(32)
        let length = writeDecimal(value, to: bytes + count)
        if value.magnitude <= 1 << 53 {
            count += length
        } else if Double(exactly: value) != nil {
            count += writeNumber(Double(value), to: bytes + count)
        } else {
            count += length
            byte(UInt8(ascii: "n"))
        }
    }

    /// A double; what JSON has no number for is written as the strings that protobuf's JSON mapping uses.
    mutating func double(_ value: Double) {
        if value.isNaN {
            literal("\"NaN\"")
        } else if value.isInfinite {
            literal(value < 0 ? "\"-Infinity\"" : "\"Infinity\"")
        } else {
            reserve(40)
            count += writeNumber(value, to: bytes + count)
        }
    }

    /// A number of JSON text; false when its value is beyond what a double reaches.
    mutating func number(_ number: NumberText) -> Bool {
        reserve(number.text.count + 40)
        guard let length = writeNumber(number, to: bytes + count) else { return false }
        count += length
        return true
    }

    /// Bytes as base64, as protobuf's JSON mapping has them.
    mutating func base64(_ data: Text) {
        reserve(data.count * 2 + 8)
        bytes[count] = Byte.quote
        count += 1
        count += encodeBase64(data, to: bytes + count)
        bytes[count] = Byte.quote
        count += 1
    }

    // MARK: Memory

    @inline(__always) private mutating func reserve(_ more: Int) {
        if count + more + Self.slack > capacity { resizeBytes(to: max(capacity * 2, count + more + Self.slack)) }
    }

    @inline(never) private mutating func resizeBytes(to size: Int) {
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
        larger.update(from: bytes, count: count)
        bytes.deallocate()
        bytes = larger
        capacity = size
    }

    @inline(never) private mutating func resizeMembers(to size: Int) {
        let larger = UnsafeMutablePointer<Member>.allocate(capacity: size)
        larger.update(from: members, count: memberCount)
        members.deallocate()
        members = larger
        memberCapacity = size
    }
}

/// Order of two written keys by the UTF-16 code units of what they mean: negative, zero or positive. The written form
/// of a key is unique to it, so equal bytes are equal keys. Bytes decide unless the first difference touches an escape
/// or a scalar above U+D7FF, where UTF-16 order leaves that of UTF-8.
// Guard: the workspace owns the room and grows it before writing.
private func compareKeysIn(
    _ bytes: UnsafeMutablePointer<UInt8>, _ a: CanonicalWriter.Member, _ b: CanonicalWriter.Member
) -> Int {
    let first = Text(bytes + a.start + 1, a.keyEnd - a.start - 2)
    let second = Text(bytes + b.start + 1, b.keyEnd - b.start - 2)
    let shared = min(first.count, second.count)
    var index = 0
    while index < shared && first[index] == second[index] { index += 1 }
    if index == shared { return first.count - second.count }
    if !needsUnits(first, at: index) && !needsUnits(second, at: index) {
        return Int(first[index]) - Int(second[index])
    }
    return compareUnits(first, second)
}

/// True when the byte at `index`, where two keys first differ, is not its own UTF-16 rank.
private func needsUnits(_ key: Text, at index: Int) -> Bool {
    if key[index] >= 0xed || key[index] == Byte.backslash { return true }
    // Behind a backslash or inside `\u00xx`, or inside a sequence whose lead byte is high.
    for back in 1...5 where index >= back {
        let byte = key[index - back]
        if byte == Byte.backslash || byte >= 0xed { return true }
    }
    return false
}

private func compareUnits(_ a: Text, _ b: Text) -> Int {
    var left = KeyUnits(a)
    var right = KeyUnits(b)
    while true {
        switch (left.next(), right.next()) {
        case (nil, nil): return 0
        case (nil, _?): return -1
        case (_?, nil): return 1
        case (let x?, let y?): if x != y { return Int(x) - Int(y) }
        }
    }
}

/// The UTF-16 code units of a key in its written form.
private struct KeyUnits {
    // Guard: both point into a written key, which stays where it is while keys are compared.
    private var p: UnsafePointer<UInt8>
    // Guard: as above.
    private let end: UnsafePointer<UInt8>
    private var pending: UInt16?

    init(_ key: Text) {
        p = key.base
        end = key.end
    }

    mutating func next() -> UInt16? {
        if let low = pending {
            pending = nil
            return low
        }
        guard p < end else { return nil }
        let byte = p.pointee
        if byte == Byte.backslash { return escape() }
        if byte < 0x80 {
            p += 1
            return UInt16(byte)
        }
        let length = max(kilter_utf8_sequence(p), 1)
        var scalar = UInt32(byte) & (length == 2 ? 0x1f : length == 3 ? 0x0f : 0x07)
        for index in 1..<max(length, 2) where length > 1 { scalar = scalar << 6 | UInt32(p[index] & 0x3f) }
        p += length
        if scalar < 0x10000 { return UInt16(truncatingIfNeeded: scalar) }
        pending = UInt16(truncatingIfNeeded: 0xdc00 + (scalar - 0x10000) & 0x3ff)
        return UInt16(truncatingIfNeeded: 0xd800 + (scalar - 0x10000) >> 10)
    }

    private mutating func escape() -> UInt16 {
        let kind = p[1]
        if kind == UInt8(ascii: "u") {
            let scalar = escapedScalar(p) ?? 0
            p += 6
            return UInt16(truncatingIfNeeded: scalar)
        }
        p += 2
        switch kind {
        case UInt8(ascii: "b"): return 0x08
        case UInt8(ascii: "t"): return 0x09
        case UInt8(ascii: "n"): return 0x0a
        case UInt8(ascii: "f"): return 0x0c
        case UInt8(ascii: "r"): return 0x0d
        default: return UInt16(kind)
        }
    }
}
