/// One row of a series.
struct Row {
    /// Seconds since 1970, by the file's own clock.
    let seconds: Int
    let value: Double

    var hour: Int { seconds / 3_600 % 24 }
    var day: Int32 { Int32(clamping: seconds / 86_400) }

    /// Of `2014-07-01 00:30:00,8127`; nil for anything else.
    init?(_ line: String) {
        let fields = line.split(separator: ",")
        guard fields.count == 2, let value = Double(fields[1]), value.isFinite else { return nil }
        let parts = fields[0].split { "- :".contains($0) }.compactMap { Int($0) }
        guard parts.count == 6, (1970...9999).contains(parts[0]), (1...12).contains(parts[1]), parts[2...].allSatisfy({ 0...60 ~= $0 })
        else {
            return nil
        }
        self.value = value
        seconds = Self.days(parts[0], parts[1], parts[2]) * 86_400 + parts[3] * 3_600 + parts[4] * 60 + parts[5]
    }

    /// Days since 1970 of the Gregorian calendar, the year taken from March on so that the leap day is its last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month > 2 ? year : year - 1, month = (month + 9) % 12
        return 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469
    }
}
