import Foundation
import KilterIntake
import KilterVocabulary
import Seeded
import Testing

@Suite struct JSONStrictTests {
    /// Accepted as JSON: whatever was counted, it was not for bad syntax or bad UTF-8.
    private func accepts(_ text: [UInt8]) -> Bool {
        let decoded = Decoded(text, .json)
        return decoded.quarantined(.malformedJSON) + decoded.quarantined(.invalidUTF8) == 0
    }

    private func accepts(_ text: String) -> Bool { accepts(Array(text.utf8)) }

    @Test(arguments: [
        #"{}"#, #" { } "#, #"{"resourceSpans":[]}"#, #"{"resource_spans":null}"#, #"{"a":-0.0e+12,"b":1E5}"#,
        #"{"a":"\u00e9\ud83d\ude00\/\b\f\n\r\t\"\\"}"#, #"{"a":[1,2,[[]],{}],"b":null}"#, "{\"a\":\"é😀\"}", "\u{feff}{}",
    ])
    func goodSyntax(_ text: String) { #expect(accepts(text)) }

    @Test(arguments: [
        "", " ", "{", "}", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{,}"#, #"{"a":1}}"#, #"{"a":1} x"#, #"{'a':1}"#,
        #"{"a":[1,]}"#, #"{"a":[,1]}"#, #"{"a":[1 2]}"#, #"{"a":01}"#, #"{"a":-}"#, #"{"a":1.}"#, #"{"a":.5}"#,
        #"{"a":1e}"#, #"{"a":1e+}"#, #"{"a":+1}"#, #"{"a":0x1}"#, #"{"a":NaN}"#, #"{"a":tru}"#, #"{"a":nulL}"#,
        #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, #"{"a":"\ud800"}"#, #"{"a":"\udc00"}"#, #"{"a":"\ud800\u0041"}"#, #"{"a":"\ud800\ud800"}"#,
        "{\"a\":\"line\nbreak\"}", "{\"a\":\"\u{1}\"}", #"{"a":"open}"#, "{\"a\":1}\u{0}", #"{"a":1"b":2}"#, #"{a:1}"#,
    ])
    func badSyntax(_ text: String) {
        #expect(!accepts(text))
        #expect(Decoded(json: text).batch.received == 1)
    }

    @Test(
        arguments: [
            [0xc0, 0xaf], [0x80], [0xc3], [0xe0, 0x9f, 0x80], [0xed, 0xa0, 0x80], [0xf0, 0x8f, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xf5, 0x80, 0x80, 0x80], [0xe2, 0x82], [0xff],
        ] as [[UInt8]])
    func badUTF8(_ bytes: [UInt8]) {
        let text = Array(#"{"a":""#.utf8) + bytes + Array(#""}"#.utf8)
        #expect(Decoded(text, .json).refusal == .invalidUTF8)
        let key = Array(#"{""#.utf8) + bytes + Array(#"":1}"#.utf8)
        #expect(Decoded(key, .json).refusal == .invalidUTF8)
    }

    @Test func everyScalarPassesRawAndEscaped() {
        var scalars = Array(UInt32(0x20)...0x2fff)
        scalars += [0xd7ff, 0xe000, 0xfffd, 0xffff, 0x10000, 0x1f600, 0x10ffff]
        for chunk in stride(from: 0, to: scalars.count, by: 97) {
            let some = scalars[chunk..<min(chunk + 97, scalars.count)].compactMap(Unicode.Scalar.init)
            let raw = String(String.UnicodeScalarView(some))
            let escaped = raw.utf16.map { "\\u" + String(format: "%04X", $0) }.joined()
            let one = Build.row([("kilter.message.text", Build.text(raw))])
            let two = Build.row([("kilter.message.text", "{\"stringValue\":\"\(escaped)\"}")])
            #expect(one != nil && one?.row.messageDigest == two?.row.messageDigest)
            #expect(one?.row.messageCharacters == UInt32(some.count))
        }
    }

    @Test func nestingIsBounded() {
        func nested(_ depth: Int) -> String {
            "{\"a\":" + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
        }
        #expect(accepts(nested(256)))
        #expect(Decoded(json: nested(256)).refusal == .notOTLP)
        #expect(Decoded(json: nested(257)).refusal == .tooDeep)
        #expect(Decoded(json: nested(200_000)).refusal == .tooDeep)
    }

    /// Foundation's parser is the oracle: over documents and damaged documents both accept the same.
    @Test func agreesWithFoundation() {
        var random = Seeded(state: 2024)
        var accepted = 0
        for _ in 0..<4_000 {
            var text = Array(document(&random, depth: 0).utf8)
            if Bool.random(using: &random), !text.isEmpty {
                let at = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text.remove(at: at)
                case 1: text.insert(Array("{}[]\",:0-.e\\u tn".utf8).randomElement(using: &random) ?? 0x20, at: at)
                default: text.swapAt(at, Int.random(in: 0..<text.count, using: &random))
                }
            }
            let wrapped = Array("{\"v\":".utf8) + text + Array("}".utf8)
            // Foundation refuses numbers beyond double as well; the grammar does not.
            if hasLongExponent(text) { continue }
            let expected = (try? JSONSerialization.jsonObject(with: Data(wrapped))) != nil
            if expected { accepted += 1 }
            #expect(accepts(wrapped) == expected, "\(String(decoding: wrapped, as: UTF8.self))")
        }
        #expect(accepted > 1_500 && accepted < 3_900)
    }

    private func hasLongExponent(_ text: [UInt8]) -> Bool {
        var digits = -1
        for byte in text {
            switch byte {
            case UInt8(ascii: "e"), UInt8(ascii: "E"): digits = 0
            case UInt8(ascii: "+"), UInt8(ascii: "-"): break
            case 0x30...0x39 where digits >= 0: digits += 1
            default: digits = -1
            }
            if digits >= 3 { return true }
        }
        return false
    }

    private func document(_ random: inout Seeded, depth: Int) -> String {
        func space() -> String { ["", "", " ", "\n", "\t "].randomElement(using: &random) ?? "" }
        switch Int.random(in: 0..<(depth > 4 ? 5 : 7), using: &random) {
        case 0: return ["true", "false", "null"].randomElement(using: &random) ?? ""
        case 1: return "\(Int64.random(in: -1_000_000...1_000_000, using: &random))"
        case 2: return "\(Double.random(in: -1...1, using: &random))e\(Int.random(in: -20...20, using: &random))"
        case 3, 4: return quoted(&random)
        case 5:
            let items = (0..<Int.random(in: 0..<4, using: &random)).map { _ in document(&random, depth: depth + 1) }
            return "[" + space() + items.joined(separator: "," + space()) + "]"
        default:
            let items = (0..<Int.random(in: 0..<4, using: &random)).map { index in
                "\"k\(index)\"" + space() + ":" + space() + document(&random, depth: depth + 1)
            }
            return "{" + items.joined(separator: space() + ",") + space() + "}"
        }
    }

    private func quoted(_ random: inout Seeded) -> String {
        let pieces = ["a", "bc", "é", "😀", "\\n", "\\\"", "\\\\", "\\u0041", "\\ud83d\\ude00", " ", "{", "/"]
        return "\"" + (0..<Int.random(in: 0..<40, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined() + "\""
    }
}
