import KilterMath
import KilterVocabulary

/// How one agent began to answer its latest requests, by the request's digest: how long its model's first answer was, and
/// which tools it asked for. Fixed size: 1.6 kB.
///
/// What was answered first stays the measure of what is answered later, so that a slow change is not absorbed. Requests that
/// never come again make room for one another and leave those alone that do.
public struct RequestMemory: BitwiseCopyable, Sendable {
    static let requestsMax = 64

    var requests = InlineArray<64, UInt64>(repeating: 0)
    /// Logarithms of the first answers' tokens, and digests of the tools that were called then.
    var lengths = InlineArray<64, Float>(repeating: 0)
    var tools = InlineArray<64, UInt32>(repeating: 0)
    /// Which of the agent's runs asked last, and how often it was asked again.
    var runs = InlineArray<64, UInt32>(repeating: 0)
    var repeats = InlineArray<64, UInt8>(repeating: 0)
    /// How unlike the first one its answers have been since, on average.
    var habits = InlineArray<64, Float>(repeating: 0)
    var count: UInt8 = 0

    public init() {}

    /// How an answer differs from the first one to the same request.
    public struct Difference: BitwiseCopyable, Sendable {
        /// Of the logarithms of their lengths.
        public let length: Double
        public let isOfTools: Bool
        /// The request's place, how often it came again before, and how unlike its answers were then.
        public let place: Int
        public let repeats: UInt8
        public let habit: Float
    }

    /// How a run begins otherwise than the first one that was asked the same; nil where none was. Then it is kept, if `learns`.
    /// Cost: a look at 64 words at most.
    // Guard: the run is only read, and only here.
    public mutating func difference(_ tally: UnsafePointer<RunTally>, run: UInt32, learns: Bool) -> Difference? {
        let request = tally.pointee.request
        guard request != 0, tally.pointee.firstOutput > 0 else { return nil }
        let length = Float(Elementary.log(Double(tally.pointee.firstOutput)))
        let called = UInt32(truncatingIfNeeded: tally.pointee.firstTools >> 32)
        for index in 0..<Int(count) where requests[index] == request {
            runs[index] = run
            return Difference(
                length: Double((length - lengths[index]).magnitude), isOfTools: called != tools[index], place: index,
                repeats: repeats[index], habit: habits[index])
        }
        guard learns else { return nil }
        let at = count < Self.requestsMax ? Int(count) : leastWanted
        if count < Self.requestsMax { count += 1 }
        (requests[at], lengths[at], tools[at], runs[at], repeats[at], habits[at]) = (request, length, called, run, 0, 0)
        return nil
    }

    /// Takes note of how unlike the answer was in which `difference` was seen.
    public mutating func note(_ difference: Difference, unlikeness: Float) {
        let at = difference.place
        if repeats[at] < .max { repeats[at] += 1 }
        habits[at] += (unlikeness - habits[at]) / Float(repeats[at])
    }

    /// The one asked longest ago of those that were asked once; where all came again, of all.
    private var leastWanted: Int {
        var place = 0
        for index in 1..<Int(count) {
            let (isOnce, wasOnce) = (repeats[index] == 0, repeats[place] == 0)
            if isOnce != wasOnce ? isOnce : runs[index] < runs[place] { place = index }
        }
        return place
    }

    func write(to writer: inout ByteWriter) {
        writer.write(count)
        for index in 0..<Int(count) {
            writer.write(requests[index])
            writer.write(lengths[index])
            writer.write(tools[index])
            writer.write(runs[index])
            writer.write(repeats[index])
            writer.write(habits[index])
        }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        count = try reader.read()
        guard Int(count) <= Self.requestsMax else { throw ByteReader.Short() }
        for index in 0..<Int(count) {
            requests[index] = try reader.read()
            lengths[index] = try reader.readFinite()
            tools[index] = try reader.read()
            runs[index] = try reader.read()
            repeats[index] = try reader.read()
            habits[index] = try reader.readFinite()
            guard requests[index] != 0, lengths[index] >= 0, lengths[index] < 23, habits[index] >= 0, habits[index] < 4 else {
                throw ByteReader.Short()
            }
        }
    }
}

/// One agent's answers to requests that come again, of one version.
public struct RepeatStream: BitwiseCopyable, Sendable, Slot {
    public var memory = RequestMemory()
    public var stream = ScoreStream(ScoreBaseline(direction: .up, level: .unknown))

    public init() {}

    func write(to writer: inout ByteWriter) {
        memory.write(to: &writer)
        stream.write(to: &writer)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        memory = try RequestMemory(from: &reader)
        stream = try ScoreStream(from: &reader)
        guard stream.baseline.knownLevel == .unknown else { throw ByteReader.Short() }
    }
}
