import Foundation
import KilterMath

// What it costs to project embeddings onto sixteen directions, by OpenBLAS in blocks of eight and by our own lanes: nanoseconds of
// processor time a vector, the best of many rounds.

func now() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

func cost(of count: Int, _ dimensions: Int, _ project: ([Float], Int) -> [SIMD16<Float>]) -> Double {
    let vectors = (0..<count * dimensions).map { Float(StableHash.combine(UInt64($0) + 1, 3) >> 40) / 16_777_216 - 0.5 }
    let times = 512 / count
    var best = Double.infinity, kept: Float = 0
    for _ in 0..<60 {
        let begin = now()
        for _ in 0..<times { kept += project(vectors, dimensions)[0][0] }
        best = min(best, (now() - begin) / Double(times * count))
    }
    precondition(kept.isFinite)
    return best
}

func column(_ text: String) -> String { String(repeating: " ", count: max(1, 14 - text.count)) + text }

print("ns a vector into 16 directions; used here: \(SignProjection.numericClass)")
print("dimensions  batch" + column("OpenBLAS") + column("lanes"))
for dimensions in [384, 1_536] {
    for batch in [1, 8, 64] {
        let theirs = cost(of: batch, dimensions, SignProjection.byBLAS), ours = cost(of: batch, dimensions, SignProjection.byLanes)
        let head = String(repeating: " ", count: 10 - "\(dimensions)".count) + "\(dimensions)"
        print(head + String(repeating: " ", count: 7 - "\(batch)".count) + "\(batch)" + column("\(Int(theirs))") + column("\(Int(ours))"))
    }
}
