/// The longest pauses of something that otherwise goes on, and from which length on a pause is none of them.
///
/// The tail beyond the sixteenth longest is taken for Pareto's, with three quarters of Hill's index (1975) and five at most:
/// heavier than that of exponential pauses. A pause that long is expected as often as is allowed for the time in which
/// the pauses were seen. Their unit is the caller's; events that were to be expected meanwhile make nights and weekends short.
///
/// 80 bytes.
public struct PauseBaseline: BitwiseCopyable, Sendable, Equatable {
    static let keptMax = 16
    private static let indexMax = 5.0
    private static let indexOfFew = 2.0

    /// Longest first.
    private var longest = InlineArray<16, Float>(repeating: 0)
    public private(set) var count: UInt32 = 0
    /// False alarms that were allowed while the pauses were watched.
    public private(set) var allowed = 0.0

    public init() {}

    /// The longest pause so far; 0 without any.
    public var greatest: Double { Double(longest[0]) }

    /// Time passed: `allowance` in expected false alarms.
    public mutating func pass(allowance: Double) {
        if allowance > 0, allowed < 1e6 { allowed += allowance }
    }

    /// A pause is over.
    public mutating func note(_ pause: Double) {
        guard pause > 0, pause < 1e12 else { return }
        if count < .max { count += 1 }
        var next = Float(pause)
        for index in 0..<Self.keptMax where longest[index] < next { swap(&longest[index], &next) }
    }

    /// The pause from which on it is told; nil while nothing is allowed. Pauses below `least` are none.
    public func limit(least: Double) -> Double? {
        guard allowed > 0, least > 0 else { return nil }
        var known = 0
        while known < Self.keptMax, Double(longest[known]) > least { known += 1 }
        let base = known == Self.keptMax ? Double(longest[known - 1]) : least
        var logs = 0.0
        for index in 0..<known { logs += Elementary.log(Double(longest[index]) / base) }
        let hill = logs > 0 ? 0.75 * Double(known) / logs : Self.indexMax
        // Of few pauses nobody knows how their tail goes on.
        let index = min(known == Self.keptMax ? Self.indexMax : Self.indexOfFew, hill)
        let factor = Double(known + 1) / allowed
        return max(base * Elementary.exp(min(max(0, Elementary.log(factor)) / index, 600)), 1.25 * greatest)
    }

    private func swap(_ a: inout Float, _ b: inout Float) { (a, b) = (b, a) }

    public func write(to writer: inout ByteWriter) {
        for index in 0..<Self.keptMax { writer.write(float: longest[index]) }
        writer.write(count)
        writer.write(double: allowed)
    }

    public init(from reader: inout ByteReader) throws(ByteReader.Short) {
        for index in 0..<Self.keptMax {
            longest[index] = try reader.readFloat()
            guard longest[index] >= 0, index == 0 || longest[index] <= longest[index - 1] else { throw ByteReader.Short() }
        }
        count = try reader.read()
        allowed = try reader.readDouble()
        guard allowed >= 0, allowed < 2e6 else { throw ByteReader.Short() }
    }

    public static func == (a: PauseBaseline, b: PauseBaseline) -> Bool {
        a.count == b.count && a.allowed == b.allowed && (0..<keptMax).allSatisfy { a.longest[$0] == b.longest[$0] }
    }
}
