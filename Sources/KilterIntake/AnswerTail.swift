import CLanes
import KilterVocabulary

/// Whether a text ends in one block of words over and over, as a model's does that has lost its way.
///
/// The block is found as the distance at which the last 24 bytes come before; how far back the text goes on repeating at that
/// distance gives the copies. Lists that only begin alike, tables, rules, code, JSON, numbers and base64 are no words: what
/// repeats must be mostly letters and blanks, hold four words, and not stand in a code block or a JSON value. At least 192 bytes
/// must repeat. Cost: for a text that ends like nothing before it a look at 2 KB, sixteen bytes at a time.
struct AnswerTail: BitwiseCopyable, Equatable {
    /// Bytes of the block; zero when there is none.
    var bytes: UInt16 = 0
    var repeats: UInt16 = 0

    private static let anchor = 24
    private static let repeatedMin = 192
    private static let blockMin = 3
    /// Labels, cells and refrains are shorter.
    private static let wordsMin = 4

    init() {}

    init(_ whole: Text) {
        let text = whole.trimmed
        guard text.count >= Self.repeatedMin, let block = Self.distance(text) else { return }
        let window = text.dropFirst(text.count - min(text.count, Limits.answerTailBytes))
        var equal = 0
        let most = window.count - block
        while equal < most, window[window.count - 1 - equal] == window[window.count - 1 - equal - block] { equal += 1 }
        guard equal + block >= Self.repeatedMin, Self.isWords(window.dropFirst(window.count - block)), !Self.isInStructure(text) else {
            return
        }
        bytes = UInt16(clamping: block)
        repeats = UInt16(clamping: (equal + block) / block)
    }

    /// The least distance, up to `Limits.answerBlockBytesMax`, at which the last bytes of `text` come before.
    private static func distance(_ text: Text) -> Int? {
        let last = text.end - anchor
        let most = min(Limits.answerBlockBytesMax, text.count - anchor)
        var distance = blockMin
        while distance <= most {
            let skipped = kilter_distance(last, distance, most)
            guard skipped <= most else { return nil }
            if sameBytes(last, last - skipped, anchor) { return skipped }
            distance = skipped + 1
        }
        return nil
    }

    /// Letters and blanks, some of both, and hardly any signs of markup, code or data.
    private static func isWords(_ block: Text) -> Bool {
        var letters = 0
        var blanks = 0
        var beyond = 0
        var signs = 0
        var words = 0
        var isInWord = false
        for index in 0..<block.count {
            let isLetter = (lowered(block[index]) >= 0x61 && lowered(block[index]) <= 0x7a) || block[index] >= 0x80
            if isLetter && !isInWord { words += 1 }
            isInWord = isLetter
            let byte = block[index]
            switch byte {
            case 0x80...: beyond += 1
            case 0x41...0x5a, 0x61...0x7a: letters += 1
            case 0x09, 0x0a, 0x0d, 0x20: blanks += 1
            case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: ":"), UInt8(ascii: "'"), UInt8(ascii: "-"),
                0x30...0x39:
                break
            case UInt8(ascii: ","): signs += 1
            default: signs += 2
            }
        }
        // Scripts without blanks between words are of three bytes a sign.
        let hasWords = words >= wordsMin || beyond * 2 > block.count
        return hasWords && (letters + beyond) * 2 >= block.count && (letters + beyond + blanks) * 5 >= block.count * 4
            && signs * 8 <= block.count
    }

    /// The text is a JSON value, or its end is inside of a code block.
    private static func isInStructure(_ text: Text) -> Bool {
        if text[0] == Byte.openBrace || text[0] == Byte.openBracket { return true }
        var isCode = false
        var index = 0
        while index + 2 < text.count {
            let byte = text[index]
            if byte == UInt8(ascii: "`") || byte == UInt8(ascii: "~"), text[index + 1] == byte, text[index + 2] == byte {
                isCode.toggle()
                while index < text.count, text[index] == byte { index += 1 }
            } else {
                index += 1
            }
        }
        return isCode
    }
}
