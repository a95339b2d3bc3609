import CLanes
import KilterVocabulary

/// Whether a result says next to nothing: fewer than sixteen letters once keys, tags, punctuation and digits are left out.
/// "ok", "done", an empty list, a bare number. Looks at no more of the text than it takes to find sixteen.
///
/// The bound is the one that removed every false alarm of equal results for different calls in 371 solved coding runs.
func isBrief(_ text: Text) -> Bool {
    var scan = LetterScan(text)
    return !scan.reaches(LetterScan.telling)
}

/// Tools that store what the agent plans or thinks: whatever they answer is a receipt. A plan that is written twenty times with
/// its items moving on gets the same sentence twenty times.
private let planners = FoldedNames([
    "todowrite", "writetodo", "writetodos", "todo", "todos", "updatetodo", "updatetodos", "updatetodolist", "managetodolist", "todolist",
    "settodos", "plan", "updateplan", "writeplan", "setplan", "createplan", "planupdate", "taskplan", "updatetasks", "updatetasklist",
    "settasks", "tasklist", "think", "thinking", "sequentialthinking", "scratchpad", "reportprogress", "updatetopic",
])

extension SpanResolver {
    /// The tool's answers are receipts, whatever they say.
    func answersAreReceipts() -> Bool { planners.contains(toolName(.executeTool)) }
}

/// Whether a result of a line or two only confirms: it says that something was done, and nothing of what was found.
func isReceipt(_ text: Text) -> Bool {
    guard text.count <= receiptBytesMax else { return false }
    var confirms = false
    var at = 0
    while at < text.count {
        let start = at
        while at < text.count, lowered(text[at]) >= 0x61, lowered(text[at]) <= 0x7a { at += 1 }
        if at > start {
            let word = text.dropFirst(start).prefix(at - start)
            if answers.contains(word) { return false }
            if !confirms { confirms = confirmations.contains(word) }
        }
        at += at < text.count ? 1 : 0
    }
    return confirms
}

private let receiptBytesMax = 256
private let confirmations = FoldedNames([
    "success", "successful", "successfully", "succeeded", "completed", "updated", "created", "saved", "written", "wrote", "stored",
    "clicked", "typed", "pressed", "scrolled", "selected", "submitted", "filled", "moved", "deleted", "removed", "added", "inserted",
    "appended", "sent", "applied", "edited", "modified", "changed", "replaced", "scheduled", "booked", "registered", "recorded",
    "uploaded", "renamed", "copied", "committed", "passed", "ran",
])
/// Words of results that tell what was looked for, or that it failed.
private let answers = FoldedNames([
    "found", "result", "results", "match", "matches", "matching", "failed", "failure", "error", "errors", "cannot", "unable", "not",
    "denied", "timeout", "unavailable", "invalid",
])

private struct LetterScan {
    static let telling = 16
    private let text: Text
    private let isJSON: Bool
    private var at = 0

    init(_ text: Text) {
        self.text = text
        var start = 0
        while start < text.count, text[start] <= 0x20 { start += 1 }
        isJSON = start < text.count && (text[start] == Byte.openBrace || text[start] == Byte.openBracket)
    }

    mutating func reaches(_ wanted: Int) -> Bool {
        var letters = 0
        while at < text.count, letters < wanted {
            let byte = text[at]
            if isJSON, byte == Byte.quote {
                letters += string(wanted - letters)
                continue
            }
            if !isJSON, byte == UInt8(ascii: "<"), let end = tagEnd() {
                at = end
                continue
            }
            if Self.isLetter(byte) { letters += 1 }
            at += 1
        }
        return letters >= wanted
    }

    /// Letters of the string that begins here, none if it is a key. Passes it, or as much of it as has `wanted` letters.
    private mutating func string(_ wanted: Int) -> Int {
        var letters = 0
        at += 1
        while at < text.count {
            let plain = kilter_string_stop_within(text.base + at, text.count - at)
            letters += kilter_letters(text.base + at, plain)
            at += plain
            guard at < text.count, text[at] != Byte.quote else { break }
            // What an escape stands for is no letter.
            at += text[at] == Byte.backslash ? 2 : 1
        }
        at += 1
        var next = at
        while next < text.count, text[next] <= 0x20 { next += 1 }
        return next < text.count && text[next] == Byte.colon ? 0 : letters
    }

    /// Behind the tag that begins here: a letter or a slash after the bracket, and an end within 256 bytes.
    private func tagEnd() -> Int? {
        guard at + 1 < text.count, Self.isLetter(text[at + 1]) || text[at + 1] == UInt8(ascii: "/") else { return nil }
        for end in at + 1..<min(text.count, at + 256) where text[end] == UInt8(ascii: ">") { return end + 1 }
        return nil
    }

    /// Letters of ASCII, and every scalar beyond it once.
    private static func isLetter(_ byte: UInt8) -> Bool { (lowered(byte) >= 0x61 && lowered(byte) <= 0x7a) || byte >= 0xc0 }
}
