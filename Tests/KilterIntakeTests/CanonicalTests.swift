import KilterIntake
import KilterVocabulary
import Seeded
import Testing

@Suite struct CanonicalTests {
    private func canonical(_ text: String) -> String? {
        var content = ContentFingerprints(key: .published)
        return content.canonicalForm(of: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    private func fingerprint(_ text: String) -> Fingerprint {
        var content = ContentFingerprints(key: .published)
        return content.fingerprint(of: Array(text.utf8))
    }

    /// RFC 8785, appendix B: the double of each bit pattern, and how it is printed.
    @Test(
        arguments: [
            (0x0000_0000_0000_0000, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"), (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"), (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"), (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"), (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"), (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"), (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ] as [(UInt64, String)])
    func numbersOfTheRFC(_ bits: UInt64, _ printed: String) {
        let value = Double(bitPattern: bits)
        #expect(canonical("\(value)") == printed)
        // Read as an integer, digits that no double holds exactly are kept as they are.
        let isInexact = !printed.contains(".") && !printed.contains("e") && printed.count > 17
        #expect(canonical(printed) == (isInexact ? printed + "n" : printed))
        if isInexact { return }
        // The same through a double-valued attribute.
        let text = Build.row([("gen_ai.tool.call.arguments", Build.text(printed))])?.row.arguments
        let number = Build.row([("gen_ai.tool.call.arguments", "{\"doubleValue\":\(value)}")])?.row.arguments
        #expect(text?.isKnown == true && text == number)
    }

    /// RFC 8785, section 3.2.3: sorting by UTF-16 code units, not by code points or bytes.
    @Test func keysOfTheRFC() {
        let input =
            #"{"\u20ac":"Euro Sign","\r":"Carriage Return","\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}"#
        let expected =
            "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
        #expect(canonical(input) == expected)
    }

    @Test func stringsOfTheRFC() {
        let input =
            #"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}"#
        let expected =
            #"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#
        #expect(canonical(input) == expected)
    }

    @Test(arguments: [
        ("1.50", "1.5"), ("1.0", "1"), ("-0", "0"), ("-0.0", "0"), ("-0.000", "0"), ("100", "100"), ("1e2", "100"), ("1E+2", "100"),
        ("0.1e1", "1"), ("10.0e-1", "1"), ("0.0000010", "0.000001"), ("0.0000001", "1e-7"), ("123456789012.345", "123456789012.345"),
        ("0.30000000000000004", "0.30000000000000004"), ("-12.340", "-12.34"), ("9007199254740993", "9007199254740993n"),
        ("9007199254740994", "9007199254740994"), ("18446744073709551615", "18446744073709551615n"),
        ("100000000000000000000", "100000000000000000000"), ("100000000000000000001", "100000000000000000001n"),
        ("1000000000000000000000", "1e+21"), ("[ ]", "[]"), ("{ }", "{}"), (" [ 1 , 2 ] ", "[1,2]"), (#""\/""#, #""/""#),
        (#"{"a":{"c":1,"b":{"e":[{"z":0,"y":0}],"d":1}},"A":1}"#, #"{"A":1,"a":{"b":{"d":1,"e":[{"y":0,"z":0}]},"c":1}}"#),
        (#"{"ab":1,"a":2,"":3}"#, #"{"":3,"a":2,"ab":1}"#), (#"{"a\\b":1,"a\"b":2}"#, #"{"a\"b":2,"a\\b":1}"#),
        ("\"\u{7f}\"", "\"\u{7f}\""),
    ])
    func forms(_ pair: (String, String)) {
        #expect(canonical(pair.0) == pair.1)
        #expect(fingerprint(pair.0) == fingerprint(pair.1.hasSuffix("n") ? pair.0 : pair.1))
    }

    @Test(arguments: [
        "", "hello", "{", #"{"a":1,"a":2}"#, #"{"b":1,"a":2,"b":3}"#, #"{"a":1,"\u0061":2}"#, "1e400", "-1e999", "01", "1 2", "nan", "None",
        "{'a': 1}",
        #""\ud800""#, "[1,]", #"{"a":1}}"#, "12:30", "truex",
    ])
    func textThatStaysRaw(_ text: String) { #expect(canonical(text) == nil) }

    @Test func depthOfText() {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(canonical(nested(Limits.valueDepthMax)) == nested(Limits.valueDepthMax))
        #expect(canonical(nested(Limits.valueDepthMax + 1)) == nil)
        #expect(fingerprint(nested(100_000)) != fingerprint(nested(100_001)))
    }

    @Test func identifiersOf64BitsStayApart() {
        var seen = Set<Fingerprint>()
        let centre: UInt64 = 9_223_372_036_854_775_808
        for offset in 0..<3_000 as Range<UInt64> { seen.insert(fingerprint(#"{"id":\#(centre - 1_500 + offset)}"#)) }
        #expect(seen.count == 3_000)
        #expect(fingerprint("9223372036854775808") == fingerprint("9.223372036854775808e18"))
        let asInt = Build.row([("gen_ai.tool.call.arguments", Build.int(9_007_199_254_740_993))])?.row.arguments
        #expect(asInt == fingerprint("9007199254740993"))
    }

    /// Key order, white space, number spelling and escapes never matter; any change of content does.
    @Test func respellingKeepsTheFingerprint() {
        var random = Seeded(state: 99)
        for _ in 0..<400 {
            let value = Value.random(&random, depth: 0)
            let one = value.spelled(&random)
            let two = value.spelled(&random)
            #expect(canonical(one) != nil && canonical(one) == canonical(two), "\(one) \(two)")
            #expect(fingerprint(one) == fingerprint(two) && fingerprint(one).isKnown)
            let changed = Value.object([("changed", value)])
            #expect(fingerprint(changed.spelled(&random)) != fingerprint(one))
            // Canonical text is its own canonical form.
            #expect(canonical(one).flatMap { canonical($0) ?? $0 } == canonical(one))
            // The same value as a tree of attributes.
            let tree = Build.row([("gen_ai.tool.call.arguments", value.attribute)])?.row.arguments
            if case .text = value { continue }
            #expect(tree == fingerprint(one))
        }
    }

    @Test func theEmptyValueIsOne() {
        let empty = fingerprint("")
        for text in ["None", "null", "{}", " { } ", "\"\"", " null"] { #expect(fingerprint(text) == empty) }
        for text in ["[]", "0", "false", "none", "\" \"", "{\"\":null}", "[null]"] { #expect(fingerprint(text) != empty) }
        #expect(empty.isKnown && !fingerprint("__REDACTED__").isKnown)
        #expect(!ContentFingerprintsProbe.fingerprint(of: [0xff]).isKnown)
    }

    @Test func theKeyDecides() {
        var other = ContentFingerprints(key: FingerprintKey(k0: 1, k1: 2))
        #expect(other.fingerprint(of: Array("x".utf8)) != fingerprint("x"))
        #expect(fingerprint("1.50") == fingerprint("1.5") && fingerprint("\"1.5\"") != fingerprint("1.5"))
    }
}

enum ContentFingerprintsProbe {
    static func fingerprint(of bytes: [UInt8]) -> Fingerprint {
        var content = ContentFingerprints(key: .published)
        return content.fingerprint(of: bytes)
    }
}

/// A JSON value that can be spelled in many ways.
private indirect enum Value {
    case null, bool(Bool), int(Int64), decimal(Int64, Int), text(String), array([Value]), object([(String, Value)])

    static func random(_ random: inout Seeded, depth: Int) -> Value {
        switch Int.random(in: 0..<(depth > 3 ? 5 : 9), using: &random) {
        case 0: return .bool(Bool.random(using: &random))
        case 1: return .int(Int64.random(in: -1_000_000...1_000_000, using: &random))
        case 2: return .int(Int64.random(in: .min ... .max, using: &random))
        case 3: return .decimal(Int64.random(in: -99_999_999...99_999_999, using: &random), Int.random(in: 1...12, using: &random))
        case 4: return .text(string(&random))
        case 5: return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in .random(&random, depth: depth + 1) })
        default:
            var members: [String: Value] = [:]
            for _ in 0..<Int.random(in: 1..<7, using: &random) { members[string(&random)] = .random(&random, depth: depth + 1) }
            return .object(members.sorted { $0.key < $1.key })
        }
    }

    private static func string(_ random: inout Seeded) -> String {
        let letters: [Character] = [
            "a", "b", "Z", "0", " ", "\"", "\\", "/", "\n", "\u{1}", "é", "€", "\u{e000}", "😀", "\u{fb33}", "_",
        ]
        return String((0..<Int.random(in: 0..<24, using: &random)).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
    }

    func spelled(_ random: inout Seeded) -> String {
        func space() -> String { ["", "", "", " ", "\n\t"].randomElement(using: &random) ?? "" }
        switch self {
        case .null: return "null"
        case .bool(let value): return value ? "true" : "false"
        case .int(let value): return "\(value)"
        case .decimal(let digits, let places): return Self.decimal(digits, places, &random)
        case .text(let text): return Self.quoted(text, &random)
        case .array(let items):
            return "[" + space() + items.map { $0.spelled(&random) }.joined(separator: space() + "," + space()) + space() + "]"
        case .object(let members):
            let shuffled = members.shuffled(using: &random)
            return "{" + space()
                + shuffled.map { "\(Self.quoted($0.0, &random))\(space()):\(space())\($0.1.spelled(&random))" }
                .joined(separator: space() + ",") + space() + "}"
        }
    }

    private static func decimal(_ digits: Int64, _ places: Int, _ random: inout Seeded) -> String {
        switch Int.random(in: 0..<3, using: &random) {
        case 0: return "\(digits)e-\(places)"
        case 1: return "\(digits)00E-\(places + 2)"
        default:
            let magnitude = String(digits.magnitude)
            let padded = String(repeating: "0", count: max(0, places + 1 - magnitude.count)) + magnitude
            let point = padded.index(padded.endIndex, offsetBy: -places)
            return (digits < 0 ? "-" : "") + padded[..<point] + "." + padded[point...] + (Bool.random(using: &random) ? "0" : "")
        }
    }

    private static func quoted(_ text: String, _ random: inout Seeded) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            if scalar == "\"" || scalar == "\\" {
                out += "\\" + String(scalar)
            } else if scalar.value < 0x20 || Int.random(in: 0..<4, using: &random) == 0 {
                for unit in String(scalar).utf16 {
                    let hex = String(unit, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
                }
            } else {
                out += String(scalar)
            }
        }
        return out + "\""
    }

    /// The same value as JSON of an AnyValue.
    var attribute: String {
        switch self {
        case .null: return "{}"
        case .bool(let value): return "{\"boolValue\":\(value)}"
        case .int(let value): return Build.int(value)
        case .decimal(let digits, let places): return "{\"doubleValue\":\(digits)e-\(places)}"
        case .text(let text): return Build.text(text)
        case .array(let items): return "{\"arrayValue\":{\"values\":[\(items.map(\.attribute).joined(separator: ","))]}}"
        case .object(let members):
            let list = members.map { "{\"key\":\(Build.text($0.0).dropFirst(15).dropLast(1)),\"value\":\($0.1.attribute)}" }
            return "{\"kvlistValue\":{\"values\":[\(list.joined(separator: ","))]}}"
        }
    }
}
