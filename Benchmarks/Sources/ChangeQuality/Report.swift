import Dispatch
import Foundation

/// Rows of the table, and whether a gate was missed.
struct Report {
    private(set) var isMissed = false

    func headline(_ text: String) { print("\n\(text)") }

    mutating func row(_ cells: [String], isMissed: Bool = false) {
        let widths = [38, 20, 8, 8, 8, 8, 8, 10]
        let padded = cells.enumerated().map { index, cell in
            let space = String(repeating: " ", count: max(0, widths[min(index, 7)] - cell.count))
            return index == 0 ? cell + space : space + cell
        }
        print(padded.joined(separator: " ") + (isMissed ? "  MISSED" : ""))
        if isMissed { self.isMissed = true }
    }
}

func short(_ value: Double, _ digits: Int = 0) -> String { String(format: "%.\(digits)f", value) }

/// `count` results in the order of their index, computed by as many threads as there are processors.
func spread<Result: Sendable>(_ count: Int, _ run: @escaping @Sendable (Int) -> Result) -> [Result] {
    let results = Collected<Result>(count)
    DispatchQueue.concurrentPerform(iterations: count) { results.set($0, run($0)) }
    return results.all
}

// Guard: the lock keeps threads apart.
private final class Collected<Result: Sendable>: @unchecked Sendable {
    private let lock = NSLock()
    private var results: [Result?]

    init(_ count: Int) { results = Array(repeating: nil, count: count) }

    func set(_ index: Int, _ result: Result) { lock.withLock { results[index] = result } }

    var all: [Result] { lock.withLock { results.compactMap { $0 } } }
}
