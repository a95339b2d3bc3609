import CLanes
import KilterMath
import KilterVocabulary

/// What changes in a result although it says the same: times, durations, process and request ids.
///
/// In JSON the values of members with such names are left out; in text, and in the strings of JSON, what is written like a
/// time of day, a timestamp, a duration, a process id or a UUID. Digits are never left out blindly: a page, an offset or a
/// cursor is what a result is about. A result of which nothing else would be left is what it is: a clock that is read
/// again tells something new.
enum VolatileParts {
    /// Names of members that are volatile wherever they stand.
    static let names = FoldedNames([
        "timestamp", "timestampms", "ts", "datetime", "duration", "durationms", "durationseconds", "durations", "elapsed",
        "elapsedms", "elapsedseconds", "elapsedtime", "took", "tookms", "latency", "latencyms", "executiontime", "executiontimems",
        "responsetime", "responsetimems", "processingtime", "processingtimems", "walltime", "pid", "processid", "requestid",
        "traceid", "spanid", "messageid", "sessionid", "correlationid", "startedat", "finishedat", "completedat", "generatedat",
        "servedat", "fetchedat", "checkedat", "servertime", "currenttime", "now", "uptime", "nonce",
    ])
}

/// Names of members; case, underscores and hyphens make no difference.
struct FoldedNames: Sendable {
    private var hashes: Set<UInt64> = []
    /// By first letter, the last letters that occur with it: most members are told from all of them by these two.
    private var ends = [UInt32](repeating: 0, count: 32)
    /// By first letter, the length of the shortest.
    private var lengths = [UInt8](repeating: .max, count: 32)

    static let none = FoldedNames([])

    init(_ names: [String]) {
        for name in names {
            let bytes = name.utf8.map(lowered).filter { !Self.isSeparator($0) }
            guard let first = bytes.first, let last = bytes.last else { continue }
            hashes.insert(bytes.reduce(0) { StableHash.combine($0, UInt64($1)) })
            ends[Int(first & 31)] |= 1 << UInt32(last & 31)
            lengths[Int(first & 31)] = min(lengths[Int(first & 31)], UInt8(clamping: bytes.count))
        }
    }

    var isEmpty: Bool { hashes.isEmpty }

    func union(_ other: FoldedNames) -> FoldedNames {
        var all = self
        all.hashes.formUnion(other.hashes)
        for index in ends.indices {
            all.ends[index] |= other.ends[index]
            all.lengths[index] = min(all.lengths[index], other.lengths[index])
        }
        return all
    }

    private static let bytesMax = 64

    /// Whether `key`, as it stands in JSON, is one of them.
    @inline(__always) func contains(_ key: Text) -> Bool {
        guard key.count > 0, key.count <= Self.bytesMax else { return false }
        // Upper and lower case share their low bits.
        let first = Int(key[0] & 31)
        guard ends[first] >> UInt32(key[key.count - 1] & 31) & 1 != 0, key.count >= Int(lengths[first]) else { return false }
        return isKnown(key)
    }

    @inline(never) private func isKnown(_ key: Text) -> Bool {
        var hash: UInt64 = 0
        for index in 0..<key.count {
            let byte = lowered(key[index])
            if !Self.isSeparator(byte) { hash = StableHash.combine(hash, UInt64(byte)) }
        }
        return hashes.contains(hash)
    }

    private static func isSeparator(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") }
}

/// Writes a text again without its volatile parts.
struct VolatileScan {
    // Guard: `out` has room for `text` and is written front to back, never more than was read.
    private let out: UnsafeMutablePointer<UInt8>
    private let text: Text
    private var at = 0
    private var written = 0
    private var kept = 0
    /// Members that were left out by name, and pieces by their form.
    private var named = 0
    private var pieces = 0
    /// Letters and digits of values that stay, and letters outside of pieces.
    private var staying = 0
    private var letters = 0
    /// Pieces that are times of day or dates.
    private var clocks = 0
    /// Only counts, writes nothing.
    private var isTrial = false
    /// Leaves the texts alone.
    private var keepsText = false

    private let names: FoldedNames

    /// - Parameter names: of members that are left out.
    // Guard: as above.
    init(_ text: Text, into out: UnsafeMutablePointer<UInt8>, names: FoldedNames) {
        self.text = text
        self.out = out
        self.names = names
    }

    /// The length of the JSON without the named members; nil when it has none of them, or nothing else.
    mutating func dropNamed() -> Int? {
        keepsText = true
        return settle(isJSON: true)
    }

    /// The length of what was written; nil when there is nothing volatile in it, or nothing else.
    mutating func settle(isJSON: Bool) -> Int? {
        if isJSON { settleJSON() } else { settleText(to: text.count) }
        flush(to: text.count)
        guard named + pieces > 0 else { return nil }
        if isJSON { return staying > 0 ? written : nil }
        return letters >= lettersMin ? written : nil
    }

    /// Of a clock hardly more than its hands would be left; a duration only says how long something took.
    private var lettersMin: Int { clocks > 0 ? 16 : 6 }

    // MARK: JSON, in its canonical form

    private mutating func settleJSON() {
        while at < text.count {
            guard text[at] == Byte.quote else {
                if Self.isWordByte(text[at]) { staying += 1 }
                at += 1
                continue
            }
            let start = at + 1
            passString()
            let inside = text.dropFirst(start).prefix(at - 1 - start)
            if at < text.count, text[at] == Byte.colon {
                at += 1
                if names.contains(inside) { leaveOut(from: start - 1) }
            } else {
                settleString(start, at - 1)
            }
        }
    }

    /// Canonical JSON closes every string, so the scan stops inside the text.
    private mutating func passString() {
        at += 1
        while true {
            at += kilter_string_stop(text.base + at)
            if at >= text.count || text[at] == Byte.quote { break }
            at += text[at] == Byte.backslash ? 2 : 1
        }
        at += 1
    }

    /// A whole string stays as it is where little would be left of it.
    private mutating func settleString(_ start: Int, _ end: Int) {
        staying += 1
        if keepsText || kilter_may_be_volatile(text.base + start, end - start) == 0 { return }
        var inner = VolatileScan(text, into: out, names: .none)
        inner.isTrial = true
        inner.at = start
        inner.kept = start
        inner.settleText(to: end)
        guard inner.pieces > 0, inner.letters >= inner.lettersMin else { return }
        flush(to: start)
        // Again, now that it is known to be worth it.
        let resume = at
        at = start
        settleText(to: end)
        flush(to: end)
        at = resume
        kept = end
    }

    /// The member that begins at `start`, of which the cursor stands on the value.
    private mutating func leaveOut(from start: Int) {
        flush(to: start)
        var depth = 0
        repeat {
            switch text[at] {
            case Byte.quote:
                passString()
                continue
            case Byte.openBrace, Byte.openBracket: depth += 1
            case Byte.closeBrace, Byte.closeBracket:
                if depth == 0 { return endLeavingOut() }
                depth -= 1
            case Byte.comma: if depth == 0 { return endLeavingOut() }
            default: break
            }
            at += 1
        } while at < text.count
        endLeavingOut()
    }

    private mutating func endLeavingOut() {
        kept = at
        named += 1
    }

    // MARK: Text

    private mutating func settleText(to end: Int) {
        while at < end {
            let byte = text[at]
            if Self.isDigit(byte), at == 0 || !Self.isWordByte(text[at - 1]), let stop = pieceEnd(at, end) {
                if text.dropFirst(at).prefix(stop - at).find(":") != nil { clocks += 1 }
                flush(to: at)
                at = stop
                kept = stop
                pieces += 1
                continue
            }
            if Self.isLetter(byte) { letters += 1 }
            at += 1
        }
    }

    private mutating func flush(to end: Int) {
        if isTrial { return kept = end }
        while kept < min(end, text.count) {
            out[written] = text[kept]
            written += 1
            kept += 1
        }
    }

    /// Where the volatile piece that begins with the digit at `start` ends; nil when there is none.
    private func pieceEnd(_ start: Int, _ end: Int) -> Int? {
        var digits = start
        while digits < end, Self.isDigit(text[digits]) { digits += 1 }
        if digits - start == 4, let date = dateEnd(start, end) { return date }
        if digits - start <= 2, let clock = clockEnd(start, end) { return clock }
        if isAfterPID(start) { return digits }
        return durationEnd(digits, end, from: start)
    }

    /// `2026-03-02T09:18:50.048Z`, with a space for the T, with or without fraction and zone; not a bare date.
    private func dateEnd(_ start: Int, _ end: Int) -> Int? {
        guard start + 16 <= end, text[start + 4] == UInt8(ascii: "-"), digits(start + 5, 2), text[start + 7] == UInt8(ascii: "-"),
            digits(start + 8, 2), text[start + 10] == UInt8(ascii: "T") || text[start + 10] == 0x20
        else { return nil }
        return clockEnd(start + 11, end)
    }

    /// `09:18:50`, with fraction and zone.
    private func clockEnd(_ start: Int, _ end: Int) -> Int? {
        guard start + 8 <= end, digits(start, 2), text[start + 2] == Byte.colon, digits(start + 3, 2), text[start + 5] == Byte.colon,
            digits(start + 6, 2)
        else { return nil }
        var at = start + 8
        if at + 1 < end, text[at] == UInt8(ascii: ".") || text[at] == Byte.comma, Self.isDigit(text[at + 1]) {
            at += 1
            while at < end, Self.isDigit(text[at]) { at += 1 }
        }
        if at < end, text[at] == UInt8(ascii: "Z") { return at + 1 }
        if at + 3 <= end, text[at] == UInt8(ascii: "+") || text[at] == UInt8(ascii: "-"), digits(at + 1, 2) {
            at += 3
            if at < end, text[at] == Byte.colon { at += 1 }
            while at < end, Self.isDigit(text[at]) { at += 1 }
        }
        return at
    }

    /// `0.52s`, `12 ms`, `3 seconds`: behind "in", "took", "after" or an opening bracket, so that no other measure is meant.
    private func durationEnd(_ digits: Int, _ end: Int, from start: Int) -> Int? {
        guard isAfterSpan(start) else { return nil }
        var at = digits
        if at + 1 < end, text[at] == UInt8(ascii: "."), Self.isDigit(text[at + 1]) {
            at += 1
            while at < end, Self.isDigit(text[at]) { at += 1 }
        }
        if at < end, text[at] == 0x20 { at += 1 }
        let unit = at
        while at < end, Self.isLetter(text[at]) { at += 1 }
        let word = text.dropFirst(unit).prefix(at - unit)
        let units: [StaticString] = [
            "s", "ms", "us", "ns", "sec", "secs", "second", "seconds", "millisecond", "milliseconds", "m", "min", "minutes",
        ]
        return units.contains(where: { word.equalsFolded($0) }) ? at : nil
    }

    private func isAfterSpan(_ start: Int) -> Bool {
        if start > 0, text[start - 1] == UInt8(ascii: "(") { return true }
        let before = text.prefix(start)
        let words: [StaticString] = [" in ", "took ", "took: ", "after ", "time: ", "elapsed: ", "duration: "]
        return words.contains { before.hasSuffix($0) }
    }

    private func isAfterPID(_ start: Int) -> Bool {
        guard start >= 4 else { return false }
        let separator = text[start - 1]
        guard separator == 0x20 || separator == UInt8(ascii: "=") || separator == Byte.colon || separator == UInt8(ascii: "[") else {
            return false
        }
        var end = start - 1
        while end > 0, text[end - 1] == Byte.colon || text[end - 1] == 0x20 { end -= 1 }
        let before = text.prefix(end)
        return before.count >= 3 && before.dropFirst(before.count - 3).equalsFolded("pid")
            && (before.count == 3 || !Self.isWordByte(before[before.count - 4]))
    }

    private func digits(_ start: Int, _ count: Int) -> Bool { (start..<start + count).allSatisfy { Self.isDigit(text[$0]) } }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    private static func isLetter(_ byte: UInt8) -> Bool { (lowered(byte) >= 0x61 && lowered(byte) <= 0x7a) || byte >= 0xc0 }
    private static func isWordByte(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
}
