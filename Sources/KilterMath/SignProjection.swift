import CBLAS

/// Vectors of up to 4,096 dimensions onto sixteen fixed directions, each of whose coordinates is +1 or -1 by a hash: distances
/// are kept in expectation, as with any random directions (Achlioptas 2003), and nothing has to be learned first.
///
/// Always eight rows at a time go to OpenBLAS, short of them filled up with zeros, because its kernels add up in an order that
/// depends on the shape of the product: one shape, one order, and a row's result depends on nothing but the row. That eight rows
/// are all treated alike is tried once at the first use; where they are not, or there is no OpenBLAS, our own lanes take over,
/// which are slower and the same everywhere. Kernels differ from one type of processor to another, by less than a millionth. So results
/// are rounded to multiples of 2^-10, which hides nearly all of that; `numericClass` says what was at work.
///
/// About 0.3 µs a vector of 384 dimensions, when there are eight; 1.9 µs a single one. Lanes: 0.4 µs.
public enum SignProjection {
    public static let directions = 16
    public static let dimensionsMax = 4_096
    /// Rows of the one shape that products have.
    static let rows = 8
    private static let roundings: Float = 1_024

    /// Who does the sums: `openblas`, or `lanes`.
    public static let numericClass = treatsRowsAlike ? "openblas" : "lanes"

    /// Sixteen signs for each coordinate.
    private static let signs: [Float] = {
        var signs: [Float] = []
        signs.reserveCapacity(dimensionsMax * directions)
        for coordinate in 0..<dimensionsMax {
            let bits = StableHash.combine(UInt64(coordinate) + 1, 0x51_674e)
            for direction in 0..<directions { signs.append(bits >> UInt64(direction * 4) & 1 == 0 ? 1 : -1) }
        }
        return signs
    }()

    /// Projects `vectors`, one behind the other, of `dimensions` in 1...4096 each. What is left over behind the last whole one is
    /// passed over. Coordinates must be finite.
    public static func project(_ vectors: [Float], dimensions: Int) -> [SIMD16<Float>] {
        guard dimensions >= 1, dimensions <= dimensionsMax else { return [] }
        return treatsRowsAlike ? byBLAS(vectors, dimensions) : byLanes(vectors, dimensions)
    }

    // MARK: OpenBLAS

    /// The same by OpenBLAS, whatever the processor; by lanes where it is not installed.
    public static func byBLAS(_ vectors: [Float], _ dimensions: Int) -> [SIMD16<Float>] {
        guard kilter_blas_is_installed() else { return byLanes(vectors, dimensions) }
        let count = vectors.count / dimensions
        var found: [SIMD16<Float>] = []
        found.reserveCapacity(count)
        var block = [Float](repeating: 0, count: rows * dimensions), sums = [Float](repeating: 0, count: rows * directions)
        for start in stride(from: 0, to: count, by: rows) {
            let filled = min(rows, count - start)
            for index in 0..<filled * dimensions { block[index] = vectors[start * dimensions + index] }
            for index in filled * dimensions..<block.count { block[index] = 0 }
            multiply(block, dimensions, into: &sums)
            for row in 0..<filled {
                var projected = SIMD16<Float>(repeating: 0)
                for direction in 0..<directions { projected[direction] = sums[row * directions + direction] }
                found.append(rounded(projected))
            }
        }
        return found
    }

    private static func multiply(_ block: [Float], _ dimensions: Int, into sums: inout [Float]) {
        kilter_blas_multiply(Int32(rows), Int32(directions), Int32(truncatingIfNeeded: dimensions), block, signs, &sums)
    }

    /// Whether a row's result is the same in whichever of the eight places it stands, on this processor; false without OpenBLAS.
    private static let treatsRowsAlike: Bool =
        kilter_blas_is_installed()
        && [1, 7, 384, 1_536].allSatisfy { dimensions in
            var block = (0..<rows * dimensions).map { Float(StableHash.combine(UInt64($0) + 1, 7) >> 40) / 16_777_216 - 0.5 }
            var first = [Float](repeating: 0, count: rows * directions), sums = first
            multiply(block, dimensions, into: &first)
            for _ in 1..<rows {
                block = Array(block[dimensions...] + block[..<dimensions])
                first = Array(first[directions...] + first[..<directions])
                multiply(block, dimensions, into: &sums)
                if sums != first { return false }
            }
            return true
        }

    // MARK: Lanes

    /// The same by sixteen lanes, whose order of addition is the same on every machine.
    public static func byLanes(_ vectors: [Float], _ dimensions: Int) -> [SIMD16<Float>] {
        let count = vectors.count / dimensions
        return (0..<count).map { row in
            vectors.withUnsafeBufferPointer { values in
                signs.withUnsafeBytes { signs in
                    var even = SIMD16<Float>(repeating: 0), odd = even
                    for coordinate in 0..<dimensions {
                        // Guard: `signs` holds sixteen numbers for each of at most `dimensionsMax` coordinates.
                        let lanes = signs.loadUnaligned(fromByteOffset: coordinate * 64, as: SIMD16<Float>.self)
                        let value = values[row * dimensions + coordinate]
                        if coordinate & 1 == 0 { even += lanes * value } else { odd += lanes * value }
                    }
                    return rounded(even + odd)
                }
            }
        }
    }

    private static func rounded(_ sums: SIMD16<Float>) -> SIMD16<Float> {
        (sums * roundings).rounded(.toNearestOrEven) / roundings
    }
}
