/// A seeded stream of spans as a fleet of agents sends them: the same shape and seed give the same bytes, for ever.
///
/// Every agent works through turns of the OpenTelemetry GenAI kind: a model call asks for a tool, the tool runs, and
/// after some rounds the span that encloses the turn ends. Which agent goes next is drawn; what it does next follows
/// from how far it has come. A few agents repeat one call, so that detectors, episodes and breakers have work.
public struct SpanStream {
    /// How the next agent is drawn.
    public enum Law: String, Sendable, CaseIterable {
        /// All agents alike: the worst case for caches.
        case uniform
        /// The k-th agent in proportion to 1/k^1.1: a few busy ones and a long tail.
        case zipf
    }

    public struct Shape: Sendable {
        public var agents = 1_000
        public var law = Law.uniform
        public var seed: UInt64 = 1
        /// Spans of one export request.
        public var spansPerPayload = 64

        public init(agents: Int = 1_000, law: Law = .uniform, seed: UInt64 = 1, spansPerPayload: Int = 64) {
            self.agents = max(agents, 1)
            self.law = law
            self.seed = seed
            self.spansPerPayload = max(spansPerPayload, 1)
        }
    }

    public let shape: Shape
    private let draw: AgentDraw
    private var random: SplitMix64
    /// Spans that each agent has sent so far.
    private var progress: [UInt32]
    /// Unix nanoseconds; a fixed start, every span a little later.
    private var time: UInt64 = 1_767_225_600_000_000_000

    public init(_ shape: Shape) {
        self.shape = shape
        draw = AgentDraw(shape.law, agents: shape.agents)
        random = SplitMix64(seed: shape.seed)
        progress = [UInt32](repeating: 0, count: shape.agents)
    }

    /// The next export request in OTLP/JSON or OTLP/protobuf.
    public mutating func next(_ encoding: Encoding) -> [UInt8] {
        var spans: [GeneratedSpan] = []
        spans.reserveCapacity(shape.spansPerPayload)
        for _ in 0..<shape.spansPerPayload { spans.append(nextSpan()) }
        return encoding == .json ? JSONForm.request(spans) : ProtobufForm.request(spans)
    }

    private mutating func nextSpan() -> GeneratedSpan {
        let agent = draw.agent(&random)
        let step = progress[agent]
        progress[agent] = step &+ 1
        time += 1_000_000 + random.next() % 8_000_000
        return GeneratedSpan(agent: agent, step: step, end: time, noise: random.next())
    }

    /// How a stream is written.
    public enum Encoding: String, Sendable, CaseIterable { case json, protobuf }
}

/// Draws agents. The k-th agent of the Zipf law has the weight 1/k^1.1.
private struct AgentDraw {
    private let agents: UInt64
    /// Running sums of the weights; empty when all agents are alike.
    private var sums: [Double] = []

    init(_ law: SpanStream.Law, agents: Int) {
        self.agents = UInt64(agents)
        guard law == .zipf else { return }
        var sum = 0.0
        sums.reserveCapacity(agents)
        for rank in 1...agents {
            sum += 1 / (Double(rank) * Self.tenthRoot(Double(rank)))
            sums.append(sum)
        }
    }

    /// By Newton's iteration: the mathematics library of a platform has no part in the stream.
    private static func tenthRoot(_ x: Double) -> Double {
        var root = 1 + x.squareRoot().squareRoot().squareRoot() / 2
        for _ in 0..<40 {
            let square = root * root
            let fourth = square * square
            let ninth = fourth * fourth * root
            root -= (ninth * root - x) / (10 * ninth)
        }
        return root
    }

    func agent(_ random: inout SplitMix64) -> Int {
        guard let total = sums.last else { return Int(random.next() % agents) }
        let point = random.unit() * total
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] <= point { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Sebastiano Vigna's splitmix64 (2015): a small generator whose whole state is its seed.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        return Self.mix(state)
    }

    /// Evenly in 0 up to but not including 1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

// Streams as files.
extension SpanStream {
    /// One request as a record of a stream file: a line of JSON, or protobuf with its length before it.
    public mutating func nextRecord(_ encoding: Encoding) -> [UInt8] {
        let request = next(encoding)
        return encoding == .json ? request + [10] : ProtobufForm.delimited(request)
    }
}
