import KilterMath

/// The evidence of all streams that share one budget.
///
/// Each stream's evidence is a supermartingale less what it was allowed, and so is the sum: an alarm where the sum reaches
/// one costs the budget no more than alarms where each reaches one for itself, and finds what shows in several signals sooner.
/// Evidence that an alarm was raised with is given up: its own where it was enough alone, that of all streams where it was not.
public struct EvidencePool: BitwiseCopyable, Sendable, Equatable {
    /// What the streams say that no alarm stands for, each less than one.
    public private(set) var sum = 0.0
    /// How often all was given up; a stream that is a round behind has not done so yet.
    public private(set) var round: UInt32 = 0

    public init() {}

    /// What `watch`'s stream takes part with.
    @inlinable public func share(of watch: StreamWatch) -> PoolShare {
        PoolShare(others: Float(max(0, sum - Double(part(of: watch)))), round: round)
    }

    /// Takes note of what a stream says now, where it said `before`; `isPooled` where an alarm was raised with the help of others.
    public mutating func settle(_ before: Float, _ now: Float, isPooled: Bool) {
        guard !isPooled else {
            sum = 0
            round &+= 1
            return
        }
        sum = max(0, sum + Double(now) - Double(before))
    }

    /// What the sum contains of a stream.
    @inlinable public func part(of watch: StreamWatch) -> Float { watch.round == round ? watch.pooled : 0 }

    func write(to writer: inout ByteWriter) {
        writer.write(sum.bitPattern)
        writer.write(round)
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        sum = Double(bitPattern: try reader.read())
        round = try reader.read()
        guard sum >= 0, sum < 1e6 else { throw ByteReader.Short() }
    }
}

/// A stream whose evidence counts among that of its agent's other streams.
public protocol PooledStream {
    var watch: StreamWatch { get set }

    /// Gives up the evidence that an alarm was raised with; the onsets stay known.
    mutating func spend()
}

extension PooledStream {
    /// Gives up evidence that the pool has given up since the stream was last observed.
    @inlinable public mutating func join(_ round: UInt32) {
        guard watch.round != round else { return }
        watch.round = round
        watch.pooled = 0
        if watch.said == .nothing { spend() }
    }
}

extension WatchedStream: PooledStream {
    @inlinable public mutating func spend() { baseline.spend() }
}

extension MixStream: PooledStream {
    public mutating func spend() { baseline.spend() }
}

/// What one stream is told of the evidence of the others.
public struct PoolShare: BitwiseCopyable, Sendable {
    public let others: Float
    public let round: UInt32

    public init(others: Float, round: UInt32) {
        self.others = others
        self.round = round
    }

    /// A likelihood ratio below this says nothing that others could add to: evidence grows with what was allowed, too.
    private static let productMin: Float = 4

    /// Evidence that is not worth adding.
    public static let least: Float = 0.005

    /// What is held against the budget. A stream that says less than a third of it waits for one that says more, to be told by it.
    public func total(with own: Float) -> Float { own >= others / 2 ? own + others : own }

    /// What a stream that has not been told of adds to the pool.
    public func part(of own: Float, product: Float) -> Float { own < 1 && product >= Self.productMin ? own : 0 }
}
