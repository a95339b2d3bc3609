/// The embedding of what a model was asked or said, as the engine keeps it: projected onto sixteen fixed directions.
public struct Embedding: BitwiseCopyable, Sendable, Equatable {
    /// Of the vector of unit length.
    public var projected: SIMD16<Float>
    /// Of the vector as it was sent, at most `Limits.embeddingDimensionsMax`.
    public var dimensions: UInt16

    public init(projected: SIMD16<Float>, dimensions: UInt16) {
        self.projected = projected
        self.dimensions = dimensions
    }
}

extension SpanBatch {
    /// The embedding that `row` carries; nil for none.
    public func embedding(of row: SpanRecord) -> Embedding? {
        let place = Int(row.embedding)
        return place >= 1 && place <= embeddings.count ? embeddings[place - 1] : nil
    }
}
