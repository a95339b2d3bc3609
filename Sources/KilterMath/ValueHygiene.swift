/// What is taken out of a stream of values before they are ranked, because it would otherwise pass for a change.
public struct ValueHygiene: BitwiseCopyable, Sendable, Equatable {
    public struct Options: OptionSet, BitwiseCopyable, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Each rank, as a normal score, is replaced by what it differs from its forecast from the previous one.
        public static let autocorrelation = Options(rawValue: 1)
        /// What an hour of the day usually differs by is subtracted.
        public static let season = Options(rawValue: 2)
        /// Until more is known hours are presumed to differ less than times do, which follow how busy everything is.
        public static let steady = Options(rawValue: 4)
    }

    /// Bytes of its written form.
    public static let byteCount = 1 + DailySwing.byteCount + 10 * 4 + 1
    /// Days after which hours are known well enough for small changes to be told from them, and days of an epoch that took them over.
    static let seasonDays: Int32 = 3, epochDays: Int32 = 2
    /// Autocorrelation below this is left alone.
    static let correlationMin: Float = 0.05

    public let options: Options
    /// Running medians of log2 x by hour of the day.
    private var swing = DailySwing()
    private var median: Float = 0
    /// Running median of the distance from the median.
    private var spread: Float = 0
    private var count: UInt32 = 0
    /// The first day of what is known of the hours, and that of the epoch: not the same where hours are taken over from an epoch before.
    private var firstDay: Int32 = 0
    private var epochDay: Int32 = 0
    /// Whether the first values of an epoch that took over are still awaited.
    private var isAwaited = false
    private var day: Int32 = 0
    /// The last normal score.
    private var previous: Float = 0
    /// Means of `z' z` and `z' z'`, z' the previous normal score: their quotient is the lag-one coefficient, whatever tails the
    /// values have, because scores have none.
    private var crossed: Float = 0
    private var squared: Float = 0
    private var pairs: UInt32 = 0

    public init(_ options: Options) { self.options = options }

    /// Whether a season is to be subtracted but too little of it was seen, in this epoch: then small changes cannot be told from the
    /// hour's own. What is known of the hours is subtracted all the same, be it from this epoch or from one before.
    public var isWaitingForSeason: Bool {
        options.contains(.season) && (count == 0 || isAwaited || isNew || day - epochDay < Self.epochDays)
    }

    private var isNew: Bool { day - firstDay < Self.seasonDays }

    /// Whether hours are seen to differ.
    @inline(__always) var isSeasonal: Bool { swing.isSeen }

    /// Observations of a row that what may be left of the hour's difference does not make a change of, as long as the season is awaited.
    var patience: Float { swing.patience }

    /// How far a value may be off for what its hour differs by, in steps of `Elementary.logPosition`.
    @inline(__always) var doubt: Int32 { Int32(min(swing.doubt, 8) * Float(Elementary.stepsPerOctave)) }

    /// That of an epoch that follows: hours, and how values hang together, are the traffic's and go on.
    var successor: ValueHygiene {
        var next = self
        next.isAwaited = count > 0
        next.previous = 0
        return next
    }

    /// False until `begin`; true when there is nothing to do.
    var hasBegun: Bool { options.isEmpty || count > 0 }

    /// The lag-one coefficient that is applied now.
    public var coefficient: Float {
        guard options.contains(.autocorrelation), pairs >= 10, squared > 0 else { return 0 }
        // Of few pairs a coefficient is half chance: so much of it is believed.
        let pairs = Float(pairs), raw = crossed / squared * (pairs / (pairs + 20))
        let limited = raw < 0.95 ? raw : 0.95
        return limited >= Self.correlationMin ? limited : 0
    }

    /// What is left of a value `position`, log2 in steps of `Elementary.logPosition`; `hour` of the day in 0..<24.
    mutating func remainder(_ position: Int32, hour: Int, day: Int32, learns: Bool = true) -> Int32 {
        guard options.contains(.season), hasBegun else { return position }
        let hour = hour >= 0 && hour < 24 ? hour : 0
        let value = Float(position) / Float(Elementary.stepsPerOctave)
        self.day = max(day, self.day)
        season(hour)
        let level = value - swing.offset
        if learns { learn(value, distance: level - median, hour: hour) }
        return Int32(max(-8e6, min(8e6, level * Float(Elementary.stepsPerOctave))))
    }

    /// What a normal score differs from its forecast, again of unit spread; nil where scores do not hang together.
    mutating func innovation(_ score: Float, learns: Bool) -> Float? {
        guard options.contains(.autocorrelation) else { return nil }
        let coefficient = coefficient, before = previous
        if learns, pairs < .max {
            pairs += 1
            let share = 1 / Float(min(pairs, 1 << 16))
            crossed += (before * score - crossed) * share
            squared += (before * before - squared) * share
        }
        previous = score
        guard coefficient > 0 else { return nil }
        return (score - coefficient * before) / (1 - coefficient * coefficient).squareRoot()
    }

    /// Starts from the median and the median distance from it of the first `count` values, in steps of
    /// `Elementary.logPosition`: an outlier that came first would mislead for days.
    mutating func begin(median: Int32, spread: Int32, count: UInt32, day: Int32) {
        guard !options.isEmpty else { return }
        if isAwaited { return move(to: median, day: day) }
        let octave = Float(Elementary.stepsPerOctave)
        self.median = Float(median) / octave
        self.spread = spread > 0 ? Float(spread) / octave : 0.25
        self.count = count
        (firstDay, epochDay, self.day) = (day, day, day)
    }

    /// Moves to where the first values of an epoch lie that has taken over what hours differ by.
    private mutating func move(to median: Int32, day: Int32) {
        isAwaited = false
        self.day = max(day, self.day)
        epochDay = self.day
        let distance = Float(median) / Float(Elementary.stepsPerOctave) - self.median
        self.median += distance
        swing.shift(by: distance)
    }

    /// Brings what is subtracted up to date. An hour's median by one observation varies as that of a normal law that hangs together so.
    @inline(__always) private mutating func season(_ hour: Int) {
        guard !swing.isAt(hour) else { return }
        turn(to: hour)
    }

    @inline(never) private mutating func turn(to hour: Int) {
        let deviation = 1.4826 * spread, coefficient = coefficient
        let variance = DailySwing.medianFactor * deviation * deviation * (1 + coefficient) / (1 - coefficient)
        swing.turn(
            to: hour, around: median, variance: variance, isNew: isNew,
            presumed: options.contains(.steady) ? DailySwing.presumedLittle : DailySwing.presumed)
    }

    private mutating func learn(_ value: Float, distance: Float, hour: Int) {
        if count < .max { count += 1 }
        // Stochastic approximation of medians, with steps c / n whose constant suits a normal law and is safe for others.
        let step = 2.4 * spread
        median = Self.follow(median, value, step, count)
        let size = distance < 0 ? -distance : distance
        spread = max(1e-4, Self.follow(spread, size, 1.2 * spread, count))
        guard options.contains(.season) else { return }
        swing.learn(hour: hour, from: median) { Self.follow($0, value, step, $1) }
    }

    @inline(__always) private static func follow(_ median: Float, _ value: Float, _ step: Float, _ count: UInt32) -> Float {
        let part = step / Float(min(count, 1 << 16) + 3)
        return value > median ? median + part : value < median ? median - part : median
    }

    func write(to writer: inout ByteWriter) {
        writer.write(options.rawValue)
        swing.write(to: &writer)
        for value in [median, spread, previous, crossed, squared] { writer.write(float: value) }
        writer.write(count)
        writer.write(pairs)
        writer.write(firstDay)
        writer.write(epochDay)
        writer.write(day)
        writer.write(isAwaited)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        let raw = try reader.read(UInt8.self)
        guard raw < 8 else { throw ByteReader.Short() }
        options = Options(rawValue: raw)
        swing = try DailySwing(from: &reader)
        median = try reader.readFloat()
        spread = try reader.readFloat()
        previous = try reader.readFloat()
        crossed = try reader.readFloat()
        squared = try reader.readFloat()
        count = try reader.read()
        pairs = try reader.read()
        firstDay = try reader.read()
        epochDay = try reader.read()
        day = try reader.read()
        let awaited = try reader.read(UInt8.self)
        isAwaited = awaited == 1
        let areDays = count > 0 ? firstDay <= epochDay && epochDay <= day : day == 0 && epochDay == 0 && firstDay == 0 && !isAwaited
        let isPlausible = spread >= 0 && squared >= 0 && areDays
        guard awaited < 2, isPlausible, swing.isPlausible(of: count) else { throw ByteReader.Short() }
        let isFar = [median, spread, previous].contains { $0 < -8_000 || $0 > 8_000 }
        guard !isFar, Swift.abs(crossed) < 1e12, squared < 1e12 else { throw ByteReader.Short() }
        // A difference of days must not overflow.
        guard day > Int32.min / 2, day < Int32.max / 2, firstDay > Int32.min / 2, firstDay < Int32.max / 2 else {
            throw ByteReader.Short()
        }
    }

    public static func == (a: ValueHygiene, b: ValueHygiene) -> Bool {
        ByteWriter.bytes(a.write) == ByteWriter.bytes(b.write)
    }
}
