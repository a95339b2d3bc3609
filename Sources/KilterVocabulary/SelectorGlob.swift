/// Shell patterns without classes, over Unicode scalars: `*` stands for any text, `?` for one character, everything
/// else for itself. No backtracking beyond the last star, so O(pattern · text).
public enum SelectorGlob {
    public static func matches(_ glob: String, _ text: String) -> Bool {
        let glob = Array(glob.unicodeScalars), text = Array(text.unicodeScalars)
        var (g, t) = (0, 0)
        var star: (glob: Int, text: Int)?
        while t < text.count {
            if g < glob.count && glob[g] == "*" {
                star = (g + 1, t)
                g += 1
            } else if g < glob.count && (glob[g] == "?" || glob[g] == text[t]) {
                g += 1
                t += 1
            } else if let last = star {
                // The last star takes one character more.
                star = (last.glob, last.text + 1)
                (g, t) = (last.glob, last.text + 1)
            } else {
                return false
            }
        }
        return glob[g...].allSatisfy { $0 == "*" }
    }

    /// How much of the pattern stands for itself.
    public static func literalCharacters(_ glob: String) -> Int { glob.unicodeScalars.count { $0 != "*" && $0 != "?" } }

    public static func isPattern(_ text: String) -> Bool { text.unicodeScalars.contains { $0 == "*" || $0 == "?" } }
}
