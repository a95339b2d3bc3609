import KilterVocabulary

/// Errors that say that there is no tool of the name that was called, as frameworks, MCP servers and models' hosts word it.
enum UnknownTools {
    /// In the error's class, letters and digits alone.
    private static let classes: [StaticString] = [
        "toolnotfound", "unknowntool", "nosuchtool", "toolunknown", "invalidtoolname", "unregisteredtool", "unknownfunction",
        "functionnotfound",
    ]
    /// In its text, lower case.
    private static let phrases: [StaticString] = [
        "unknown tool", "no such tool", "no tool named", "no tool called", "tool not found", "not a valid tool",
        "invalid tool name", "unrecognized tool", "unknown function", "no function named", "no such function",
    ]
    /// Behind the tool's name in its text.
    private static let verdicts: [StaticString] = [" not found", " does not exist", " is not a", " is not registered", " not available"]
    /// Before it.
    private static let nouns: [StaticString] = ["tool ", "function "]
    /// Bytes of an error's text that are looked at.
    private static let textMax = 512

    // Guard: the workspace belongs to the caller's decoder.
    static func isNamed(
        by type: Text, _ message: Text, tool: Text, _ space: UnsafeMutablePointer<Workspace>
    ) -> Bool {
        if let letters = folded(type, space, keeps: isAlphanumeric), classes.contains(where: { letters.find($0) != nil }) { return true }
        guard !message.isEmpty, let text = folded(message.prefix(min(message.count, textMax)), space, keeps: { _ in true })
        else { return false }
        if phrases.contains(where: { text.find($0) != nil }) { return true }
        guard !tool.isEmpty, tool.count <= text.count, let name = folded(tool, space, keeps: { _ in true }) else { return false }
        return isDenied(name, in: text)
    }

    /// `tool 'name' not found` and its like, with any quotes or none.
    private static func isDenied(_ name: Text, in text: Text) -> Bool {
        for start in 0...(text.count - name.count) where (0..<name.count).allSatisfy({ text[start + $0] == name[$0] }) {
            var before = start
            while before > 0, isQuote(text[before - 1]) { before -= 1 }
            var after = start + name.count
            while after < text.count, isQuote(text[after]) { after += 1 }
            let head = text.prefix(before)
            let tail = text.dropFirst(after)
            if nouns.contains(where: { head.hasSuffix($0) }), verdicts.contains(where: { tail.hasPrefix($0) }) { return true }
        }
        return false
    }

    // Guard: as above.
    private static func folded(
        _ text: Text, _ space: UnsafeMutablePointer<Workspace>, keeps: (UInt8) -> Bool
    ) -> Text? {
        guard !text.isEmpty, let out = space.pointee.arena.room(text.count) else { return nil }
        var count = 0
        for index in 0..<text.count {
            let byte = lowered(text[index])
            guard keeps(byte) else { continue }
            out[count] = byte
            count += 1
        }
        return space.pointee.arena.keep(count)
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool { (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == Byte.quote || byte == 0x27 || byte == 0x60 }
}
