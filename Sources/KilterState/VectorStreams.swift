import KilterMath
import KilterVocabulary

/// Where the embeddings of one agent lie and how far around it, of vectors of one length. Fixed size.
public struct VectorStream: BitwiseCopyable, Sendable {
    /// Runs from which a change of place can be told.
    public static let ready = CoordinateRanks.unscored + VectorBaseline.ready

    public var ranks = CoordinateRanks()
    public var baseline = VectorBaseline(dimensions: SignProjection.directions)
    public var watch = StreamWatch()
    /// Distances of runs from the centroid of those before them.
    public var spread: ValueStream
    /// Mean of all runs so far, and their number.
    public internal(set) var centroid = SIMD16<Float>(repeating: 0)
    public internal(set) var count: UInt32 = 0

    public init() {
        spread = ValueStream(RankBaseline(direction: .up))
    }

    /// How far `projected` lies from the centroid of the runs before, in the embedding's own unit; nil for the first one.
    public func distance(of projected: SIMD16<Float>) -> Double? {
        guard count > 0 else { return nil }
        let away = projected - centroid
        var sum: Float = 0
        for lane in 0..<16 { sum += away[lane] * away[lane] }
        return Double(sum / 16).squareRoot()
    }

    public mutating func learn(_ projected: SIMD16<Float>) {
        if count < .max { count += 1 }
        centroid += (projected - centroid) / Float(count)
    }
}

extension RunTally {
    /// What no projection of a vector of unit length exceeds: the root of its dimensions, and a little.
    static let projectedMax: Float = 80

    /// Takes the embedding of one of its spans; those of another length than the first one's are passed over.
    public mutating func note(_ embedding: Embedding) {
        if embeddingCount == 0 { embeddingDimensions = embedding.dimensions }
        guard embedding.dimensions == embeddingDimensions, embeddingCount < .max else { return }
        embeddingCount += 1
        for lane in 0..<16 { embeddingSum[lane] += embedding.projected[lane] }
    }

    /// The mean of its embeddings; nil where there are none.
    public var embedding: Embedding? {
        guard embeddingCount > 0 else { return nil }
        var mean = SIMD16<Float>(repeating: 0)
        for lane in 0..<16 { mean[lane] = embeddingSum[lane] / Float(embeddingCount) }
        return Embedding(projected: mean, dimensions: embeddingDimensions)
    }

    func writeEmbedding(to writer: inout ByteWriter) {
        writer.write(embeddingCount)
        guard embeddingCount > 0 else { return }
        writer.write(embeddingDimensions)
        for lane in 0..<16 { writer.write(embeddingSum[lane]) }
    }

    mutating func readEmbedding(from reader: inout ByteReader) throws(ByteReader.Short) {
        embeddingCount = try reader.read()
        guard embeddingCount > 0 else { return }
        embeddingDimensions = try reader.read()
        for lane in 0..<16 {
            embeddingSum[lane] = try reader.readFinite()
            guard embeddingSum[lane].magnitude <= Self.projectedMax * Float(embeddingCount) else { throw ByteReader.Short() }
        }
    }
}

extension VectorStream: Slot {
    func write(to writer: inout ByteWriter) {
        ranks.write(to: &writer)
        baseline.write(to: &writer)
        watch.write(to: &writer)
        spread.write(to: &writer)
        writer.write(count)
        for lane in 0..<16 { writer.write(centroid[lane]) }
    }

    init(from reader: inout ByteReader) throws(ByteReader.Short) {
        self.init()
        ranks = try CoordinateRanks(from: &reader)
        baseline = try VectorBaseline(from: &reader)
        watch = try StreamWatch(from: &reader)
        spread = try ValueStream(from: &reader)
        count = try reader.read()
        for lane in 0..<16 {
            centroid[lane] = try reader.readFinite()
            guard centroid[lane].magnitude <= RunTally.projectedMax else { throw ByteReader.Short() }
        }
    }
}
