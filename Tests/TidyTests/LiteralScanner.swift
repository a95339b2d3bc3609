/// Tells for every byte of a Swift file whether it is code, comment or the inside of a string literal.
///
/// Knows nested block comments, literals of one and of several lines, raw literals and interpolation. It does not
/// know regular expression literals, which the project does not use.
struct LiteralScanner {
    enum Part: UInt8 { case code, comment, literal }

    private enum Mode {
        /// Code; inside an interpolation `depth` counts the parentheses that are open.
        case code(depth: Int)
        case literal(hashes: Int, isLong: Bool)
        case line
        case block(depth: Int)
    }

    let bytes: [UInt8]
    private(set) var parts: [Part]
    private var modes: [Mode] = [.code(depth: 0)]
    private var at = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        parts = Array(repeating: .code, count: bytes.count)
    }

    /// The file with a blank for every byte that is not wanted; the ends of lines stay.
    func masked(_ isWanted: (Part) -> Bool) -> [UInt8] {
        bytes.indices.map { isWanted(parts[$0]) || bytes[$0] == UInt8(ascii: "\n") ? bytes[$0] : UInt8(ascii: " ") }
    }

    mutating func run() {
        while at < bytes.count {
            switch modes[modes.count - 1] {
            case .code(let depth): code(depth)
            case .literal(let hashes, let isLong): literal(hashes, isLong)
            case .line:
                if bytes[at] == UInt8(ascii: "\n") { modes.removeLast() }
                take(1, as: .comment)
            case .block(let depth): block(depth)
            }
        }
    }

    private mutating func code(_ depth: Int) {
        if follows("//") {
            modes.append(.line)
        } else if follows("/*") {
            modes.append(.block(depth: 1))
            take(2, as: .comment)
        } else if let (hashes, isLong) = opening() {
            modes.append(.literal(hashes: hashes, isLong: isLong))
            take(hashes + (isLong ? 3 : 1), as: .code)
        } else if depth > 0, follows("(") {
            modes[modes.count - 1] = .code(depth: depth + 1)
            take(1, as: .code)
        } else if depth > 0, follows(")") {
            if depth == 1 { modes.removeLast() } else { modes[modes.count - 1] = .code(depth: depth - 1) }
            take(1, as: depth == 1 ? .literal : .code)
        } else {
            take(1, as: .code)
        }
    }

    private mutating func literal(_ hashes: Int, _ isLong: Bool) {
        let marks = String(repeating: "#", count: hashes)
        if follows("\\" + marks + "(") {
            modes.append(.code(depth: 1))
            take(hashes + 2, as: .literal)
        } else if follows("\\" + marks) {
            take(hashes + 2, as: .literal)
        } else if follows((isLong ? "\"\"\"" : "\"") + marks) {
            modes.removeLast()
            take(hashes + (isLong ? 3 : 1), as: .code)
        } else {
            // A literal of one line that does not end is damage; it must not swallow the rest of the file.
            if !isLong, bytes[at] == UInt8(ascii: "\n") { modes.removeLast() }
            take(1, as: .literal)
        }
    }

    private mutating func block(_ depth: Int) {
        if follows("/*") {
            modes[modes.count - 1] = .block(depth: depth + 1)
            take(2, as: .comment)
        } else if follows("*/") {
            if depth == 1 { modes.removeLast() } else { modes[modes.count - 1] = .block(depth: depth - 1) }
            take(2, as: .comment)
        } else {
            take(1, as: .comment)
        }
    }

    /// The number of `#` and the kind of a literal that opens here.
    private func opening() -> (hashes: Int, isLong: Bool)? {
        var end = at
        while end < bytes.count, bytes[end] == UInt8(ascii: "#") { end += 1 }
        guard end < bytes.count, bytes[end] == UInt8(ascii: "\"") else { return nil }
        let isLong = end + 2 < bytes.count && bytes[end + 1] == bytes[end] && bytes[end + 2] == bytes[end]
        // `#"""#` is the raw literal of one quotation mark.
        let closes = isLong && end > at && end + 3 < bytes.count && bytes[end + 3] == UInt8(ascii: "#")
        return (end - at, isLong && !closes)
    }

    private func follows(_ text: String) -> Bool {
        var index = at
        for byte in text.utf8 {
            guard index < bytes.count, bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    private mutating func take(_ count: Int, as part: Part) {
        let end = min(at + count, bytes.count)
        for index in at..<end { parts[index] = part }
        at = end
    }
}
