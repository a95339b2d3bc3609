import KilterVocabulary

/// Event time as RFC 3339 text in UTC with nine digits of the second: `2026-11-21T22:00:00.000000000Z`.
public enum Timestamp {
    public static func text(_ time: EventTime) -> String {
        var bytes: [UInt8] = []
        append(time, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Covers all of `EventTime` (until the year 2554), always 30 bytes.
    static func append(_ time: EventTime, to bytes: inout [UInt8]) {
        let seconds = time.nanoseconds / 1_000_000_000
        let ofDay = seconds % 86_400
        let date = civil(days: seconds / 86_400)
        func part(_ value: UInt64, _ count: Int, _ separator: UInt8) {
            Digits.append(value, count: count, to: &bytes)
            bytes.append(separator)
        }
        part(date.year, 4, UInt8(ascii: "-"))
        part(date.month, 2, UInt8(ascii: "-"))
        part(date.day, 2, UInt8(ascii: "T"))
        part(ofDay / 3_600, 2, UInt8(ascii: ":"))
        part(ofDay / 60 % 60, 2, UInt8(ascii: ":"))
        part(ofDay % 60, 2, UInt8(ascii: "."))
        part(time.nanoseconds % 1_000_000_000, 9, UInt8(ascii: "Z"))
    }

    /// Days since 1970-01-01 in the Gregorian calendar. Years are counted from 1 March, so that the leap day comes
    /// last, in eras of 400 years (146,097 days); after H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    static func civil(days: UInt64) -> (year: UInt64, month: UInt64, day: UInt64) {
        let shifted = days + 719_468
        let era = shifted / 146_097
        let ofEra = shifted % 146_097
        let yearOfEra = (ofEra - ofEra / 1_460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        let day = ofYear - (153 * fromMarch + 2) / 5 + 1
        let month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
        return (era * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }
}
