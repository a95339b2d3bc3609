import KilterVocabulary

/// Finds the last message in a model's input that is neither the model's own nor an instruction, from the end on: inputs hold
/// whole conversations, of which only the end is new.
///
/// A message is known by its member `role`. Cost: a few instructions for each byte behind that member.
struct PromptScan {
    private let text: Text
    /// The text begins where the input does.
    private let isWhole: Bool

    init(_ text: Text, isWhole: Bool) {
        self.text = text
        self.isWhole = isWhole
    }

    static func isModel(_ role: Text) -> Bool {
        role.equalsFolded("assistant") || role.equalsFolded("model") || role.equalsFolded("ai")
    }

    static func isOwn(_ role: Text) -> Bool {
        isModel(role) || role.equalsFolded("system") || role.equalsFolded("developer")
    }

    static func isTool(_ role: Text) -> Bool { role.equalsFolded("tool") || role.equalsFolded("function") }

    /// The message without what stands before its role or, where the role comes last, before that; `ofTools` whether a tool's
    /// result is one.
    func lastMessage(ofTools: Bool) -> Text? {
        var end = text.count
        while let place = role(before: end) {
            end = place.start
            if Self.isOwn(place.role) { continue }
            if !ofTools, Self.isTool(place.role) { return nil }
            let close = closing(place.end)
            let rest = text.prefix(close).dropFirst(place.end)
            if rest.find("\"content\"") != nil || rest.find("\"parts\"") != nil { return rest }
            if let earlier = role(before: place.start) { return text.prefix(place.start).dropFirst(earlier.end) }
            return isWhole ? text.prefix(place.start) : nil
        }
        return nil
    }

    private struct Place {
        var start: Int
        var end: Int
        var role: Text
    }

    /// The last member `role` with a text that begins before `end`. In a text inside of the JSON its quotes have backslashes.
    private func role(before end: Int) -> Place? {
        var start = end - 6
        while start > 0 {
            if text[start] == Byte.quote, text[start + 1] == UInt8(ascii: "r"), text[start - 1] != Byte.backslash,
                let place = role(at: start)
            {
                return place
            }
            start -= 1
        }
        return nil
    }

    private func role(at start: Int) -> Place? {
        guard text.dropFirst(start).hasPrefix("\"role\"") else { return nil }
        var at = start + 6
        while at < text.count, text[at] <= 0x20 || text[at] == Byte.colon { at += 1 }
        guard at < text.count, text[at] == Byte.quote else { return nil }
        let begin = at + 1
        at = begin
        while at < text.count, text[at] != Byte.quote, at - begin < 32 { at += 1 }
        guard at < text.count, text[at] == Byte.quote else { return nil }
        return Place(start: start, end: at + 1, role: text.prefix(at).dropFirst(begin))
    }

    /// Where the object ends that `from` is in, or the text.
    private func closing(_ from: Int) -> Int {
        var at = from
        var depth = 0
        while at < text.count {
            switch text[at] {
            case Byte.openBrace, Byte.openBracket: depth += 1
            case Byte.closeBrace, Byte.closeBracket:
                if depth == 0 { return at }
                depth -= 1
            case Byte.quote:
                at += 1
                while at < text.count, text[at] != Byte.quote { at += text[at] == Byte.backslash ? 2 : 1 }
            default: break
            }
            at += 1
        }
        return min(at, text.count)
    }
}
