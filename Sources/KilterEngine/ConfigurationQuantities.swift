import KilterVocabulary

/// What was wrong with a written quantity, as the second half of a sentence.
struct QuantityError: Error, Equatable {
    let message: String
}

/// Readers of written quantities. All arithmetic is exact: a value that its unit cannot hold is an error, never a
/// rounded number.
enum WrittenQuantity {
    private static let durationUnits: [(name: String, nanoseconds: UInt64)] = [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// What people write for the units.
    private static let longNames: [(unit: String, long: [String])] = [
        ("us", ["µs", "μs", "usec", "micros"]), ("ms", ["msec", "millis", "milliseconds"]),
        ("s", ["sec", "secs", "second", "seconds"]), ("m", ["min", "mins", "minute", "minutes"]),
        ("h", ["hr", "hrs", "hour", "hours"]), ("d", ["day", "days"]),
    ]

    /// `250ms`, `1.5h`, `30d`.
    static func duration(_ text: String) throws(QuantityError) -> Nanoseconds {
        let names = durationUnits.map(\.name)
        guard let (number, unit) = WrittenNumber.prefix(of: text), unit.first?.isLetter ?? true else {
            throw QuantityError(message: "`\(text)` is no duration; expected a number and a unit, such as `250ms` or `5m`")
        }
        guard !unit.isEmpty else {
            throw QuantityError(
                message: "`\(text)` has no unit; expected a duration such as `\(text)s` (\(names.joined(separator: ", ")))")
        }
        guard let match = durationUnits.first(where: { $0.name == unit }) else {
            let meant = longNames.first { $0.long.contains(unit.lowercased()) }?.unit
            let hint = meant.map { "; did you mean `\($0)`?" } ?? NearestName.hint(for: unit, among: names)
            throw QuantityError(
                message: "`\(text)` is no duration: `\(unit)` is none of \(names.joined(separator: ", "))\(hint)")
        }
        guard let nanoseconds = number.times(match.nanoseconds) else {
            throw QuantityError(message: "`\(text)` is no whole number of nanoseconds below 584 years")
        }
        return Nanoseconds(nanoseconds)
    }

    /// `$20`, `$0.15`, in microdollars.
    static func money(_ text: String) throws(QuantityError) -> UInt64 {
        guard text.hasPrefix("$"), let (number, rest) = WrittenNumber.prefix(of: String(text.dropFirst())), rest.isEmpty else {
            throw QuantityError(message: "`\(text)` is no amount of money; expected dollars such as `$20` or `$0.15`")
        }
        guard let microdollars = number.times(1_000_000) else {
            throw QuantityError(message: "`\(text)` is no whole number of millionths of a dollar")
        }
        return microdollars
    }

    /// `200k tokens`, `1.5M tokens`, `800 tokens`.
    static func tokens(_ text: String) throws(QuantityError) -> UInt64 {
        let factors: [String: UInt64] = ["": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000]
        let words = text.split(separator: " ", omittingEmptySubsequences: true)
        guard words.count == 2, words[1] == "tokens", let (number, suffix) = WrittenNumber.prefix(of: String(words[0])),
            let factor = factors[suffix], let count = number.times(factor)
        else {
            throw QuantityError(message: "`\(text)` is no number of tokens; expected one such as `200k tokens` (k, M, G)")
        }
        return count
    }

    /// `85%`, in thousandths of a per cent; at most 100%.
    static func percentage(_ text: String) throws(QuantityError) -> UInt32 {
        guard text.hasSuffix("%"), let (number, rest) = WrittenNumber.prefix(of: String(text.dropLast())), rest.isEmpty,
            let thousandths = number.times(1_000), thousandths <= 100_000
        else {
            throw QuantityError(message: "`\(text)` is no percentage; expected one from `0%` to `100%`, such as `85%`")
        }
        return UInt32(thousandths)
    }

    /// A plain number such as `0.8`, in millionths.
    static func number(_ text: String) throws(QuantityError) -> UInt64 {
        guard let (number, rest) = WrittenNumber.prefix(of: text), rest.isEmpty, let value = number.times(1_000_000) else {
            throw QuantityError(message: "`\(text)` is no plain number; expected one such as `0.8`")
        }
        return value
    }

    /// A plain whole number from 1.
    static func count(_ text: String) throws(QuantityError) -> UInt32 {
        guard text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), let count = UInt32(text), count > 0 else {
            throw QuantityError(message: "`\(text)` is no count; expected a whole number from 1")
        }
        return count
    }

    /// `2026-11-21T22:00:00Z`, `2026-11-21T22:00:00.5+01:00` (RFC 3339).
    static func time(_ text: String) throws(QuantityError) -> EventTime {
        guard let nanoseconds = WrittenTime.nanoseconds(text) else {
            throw QuantityError(message: "`\(text)` is no time; expected RFC 3339 with a zone, such as `2026-11-21T22:00:00Z`")
        }
        return EventTime(nanoseconds: nanoseconds)
    }
}

/// A decimal number as written: digits, and how many of them stand behind the point.
struct WrittenNumber: Equatable {
    private var digits: UInt64
    private var places: Int

    /// The number at the front of `text` and what follows it.
    static func prefix(of text: String) -> (WrittenNumber, rest: String)? {
        var number = WrittenNumber(digits: 0, places: 0)
        var (count, sawPoint) = (0, false)
        var rest = Substring(text)
        while let character = rest.first {
            if character == "." && !sawPoint && count > 0 {
                sawPoint = true
            } else if let digit = character.wholeNumberValue, character.isASCII {
                let (product, over) = number.digits.multipliedReportingOverflow(by: 10)
                let (sum, carried) = product.addingReportingOverflow(UInt64(digit))
                guard !over && !carried else { return nil }
                number.digits = sum
                if sawPoint { number.places += 1 }
                count += 1
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        guard count > 0, !sawPoint || number.places > 0 else { return nil }
        return (number, String(rest))
    }

    /// The product, or nil when it is no whole number or too large.
    func times(_ factor: UInt64) -> UInt64? {
        guard places <= 18 else { return nil }
        let divisor = (0..<places).reduce(UInt64(1)) { power, _ in power * 10 }
        let product = digits.multipliedFullWidth(by: factor)
        guard product.high < divisor else { return nil }
        let (quotient, remainder) = divisor.dividingFullWidth(product)
        return remainder == 0 ? quotient : nil
    }
}

/// RFC 3339 times as nanoseconds since the Unix epoch, from 1970 on.
enum WrittenTime {
    static func nanoseconds(_ text: String) -> UInt64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes[4] == 0x2d, bytes[7] == 0x2d, bytes[13] == 0x3a, bytes[16] == 0x3a,
            [0x54, 0x74, 0x20].contains(bytes[10]),
            let year = digits(bytes, 0, 4), let month = digits(bytes, 5, 2), let day = digits(bytes, 8, 2),
            let hour = digits(bytes, 11, 2), let minute = digits(bytes, 14, 2), let second = digits(bytes, 17, 2),
            (1...12).contains(month), day >= 1, day <= days(in: month, year), hour < 24, minute < 60, second < 60
        else { return nil }
        var at = 19
        guard let fraction = fraction(bytes, &at), let offset = offset(bytes, at) else { return nil }
        let seconds = dayNumber(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        guard seconds >= 0 else { return nil }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carried) = product.addingReportingOverflow(fraction)
        return overflow || carried ? nil : sum
    }

    private static func digits(_ bytes: [UInt8], _ from: Int, _ count: Int) -> Int? {
        var value = 0
        for at in from..<from + count {
            guard at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 else { return nil }
            value = value * 10 + Int(bytes[at] - 0x30)
        }
        return value
    }

    /// Nanoseconds behind the point, if there is one.
    private static func fraction(_ bytes: [UInt8], _ at: inout Int) -> UInt64? {
        guard at < bytes.count, bytes[at] == 0x2e else { return 0 }
        at += 1
        var (value, count) = (UInt64(0), 0)
        while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 {
            if count < 9 { value = value * 10 + UInt64(bytes[at] - 0x30) }
            (at, count) = (at + 1, count + 1)
        }
        guard count > 0 else { return nil }
        return (min(count, 9)..<9).reduce(value) { scaled, _ in scaled * 10 }
    }

    /// Seconds that the zone is ahead of UTC.
    private static func offset(_ bytes: [UInt8], _ at: Int) -> Int? {
        guard at < bytes.count else { return nil }
        if bytes[at] == 0x5a || bytes[at] == 0x7a { return bytes.count == at + 1 ? 0 : nil }
        guard bytes[at] == 0x2b || bytes[at] == 0x2d, bytes.count == at + 6, bytes[at + 3] == 0x3a,
            let hours = digits(bytes, at + 1, 2), let minutes = digits(bytes, at + 4, 2), hours < 24, minutes < 60
        else { return nil }
        return (bytes[at] == 0x2b ? 1 : -1) * (hours * 3_600 + minutes * 60)
    }

    private static func days(in month: Int, _ year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
    }

    /// Days since 1970-01-01 in the proleptic Gregorian calendar, counted from the first of March.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
