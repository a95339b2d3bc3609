/// What is wrong with a configuration: every problem with line and column, the first of the file in front.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    public struct Problem: Equatable, Sendable {
        /// One-based; columns count Unicode scalars.
        public var line: Int
        public var column: Int
        /// One sentence: what was found, what was expected, and the nearest valid name where a name was meant.
        public var message: String

        public init(line: Int, column: Int, message: String) {
            self.line = line
            self.column = column
            self.message = message
        }
    }

    public var file: String
    /// In file order, at least one.
    public private(set) var problems: [Problem]

    public init(file: String, problem: Problem, further: [Problem] = []) {
        self.file = file
        problems = ([problem] + further).sorted { ($0.line, $0.column) < ($1.line, $1.column) }
    }

    public var line: Int { problems[0].line }
    public var column: Int { problems[0].column }
    public var message: String { problems[0].message }

    /// The first problem as compilers write it.
    public var description: String { "\(file):\(line):\(column): \(message)" }
}

/// Finds the name that was probably meant.
public enum NearestName {
    /// A sentence part that names the nearest of `names`; empty when there are none.
    public static func hint(for name: String, among names: [String]) -> String {
        guard let nearest = nearest(to: name, among: names) else { return "" }
        let isBeginning = !name.isEmpty && (nearest.hasPrefix(name) || name.hasPrefix(nearest))
        let near = isBeginning || distance(name, nearest) <= max(1, (nearest.count + 1) / 3)
        return near ? "; did you mean `\(nearest)`?" : "; the nearest valid name is `\(nearest)`"
    }

    /// The name with the least edit distance; among equals the one listed first.
    static func nearest(to name: String, among names: [String]) -> String? {
        names.map { (name: $0, distance: distance(name, $0)) }.min { $0.distance < $1.distance }?.name
    }

    /// Insertions, deletions, replacements and swaps of neighbours that lead from one name to the other, case and
    /// hyphens counting little: optimal string alignment in O(n·m).
    static func distance(_ a: String, _ b: String) -> Int {
        let a = folded(a), b = folded(b)
        var before = [Int](repeating: 0, count: b.count + 1)
        var last = Array(0...b.count)
        for i in 0..<a.count {
            var row = [i + 1] + [Int](repeating: 0, count: b.count)
            for j in 0..<b.count {
                let replaced = last[j] + (a[i] == b[j] ? 0 : 1)
                row[j + 1] = min(replaced, last[j + 1] + 1, row[j] + 1)
                if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] { row[j + 1] = min(row[j + 1], before[j - 1] + 1) }
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }

    private static func folded(_ name: String) -> [Character] {
        name.lowercased().prefix(64).map { $0 == "-" || $0 == " " ? "_" : $0 }
    }
}
