/// Where values have lain of late: a mean whose weights fade with time, so that it follows what comes and goes with the hour.
///
/// 8 bytes, two divisions an observation.
public struct RecentLevel: BitwiseCopyable, Sendable, Equatable {
    /// How soon it is followed.
    struct Speed {
        /// Seconds in which weights fade to about a third.
        let fading: Double
        /// With so many observations the level is half believed: that of few says more of chance.
        let believed: Float

        /// Of times, which swing by a fifth of a deviation with the hour, and of what hardly does.
        static let fast = Speed(fading: 2_700, believed: 25), slow = Speed(fading: 5_400, believed: 400)
    }

    /// As many observations at most: of many the latest tell the hour.
    static let countMax: Float = 600

    private var mean: Float = 0
    private var weight: Float = 0

    public init() {}

    /// What is left of a value when the level of those before it is taken out; `passedSeconds` since the last one.
    mutating func remainder(_ value: Float, passedSeconds: Double, _ speed: Speed) -> Float {
        weight /= Float(1 + max(passedSeconds, 0) / speed.fading)
        let level = mean * (weight / (weight + speed.believed))
        weight = min(weight + 1, Self.countMax)
        mean += (value - mean) / weight
        return value - level
    }

    func write(to writer: inout ByteWriter) {
        writer.write(float: mean)
        writer.write(float: weight)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        mean = try reader.readFloat()
        weight = try reader.readFloat()
        guard weight >= 0, weight <= Self.countMax, mean.magnitude <= 4 else { throw ByteReader.Short() }
    }
}
