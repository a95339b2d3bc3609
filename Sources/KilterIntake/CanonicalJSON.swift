import CLanes
import KilterVocabulary

extension Workspace {
    /// Makes JSON text canonical, in the writer. False for what is not JSON, has a key twice in one object, a number
    /// beyond double, or is nested too deep: then only the raw text can be compared.
    /// The byte behind the text must be a quote or zero.
    mutating func canonicalize(_ text: Text) -> Bool {
        canonical.begin()
        var p = text.base
        Self.skipSpace(&p)
        guard writeTextValue(&p, depth: 0) else { return false }
        Self.skipSpace(&p)
        return p == text.end
    }

    /// Appends plain JSON from an attribute's tree; false when it cannot be made canonical.
    mutating func appendPlain(_ text: Text, depth: Int) -> Bool {
        var p = text.base
        return writeTextValue(&p, depth: depth)
    }

    // Guard: the text ends in a zero byte that no construct contains, so the cursor cannot leave it.
    private static func skipSpace(_ p: inout UnsafePointer<UInt8>) {
        while p.pointee == 0x20 || p.pointee == 0x0a || p.pointee == 0x0d || p.pointee == 0x09 { p += 1 }
    }

    // Guard: the text ends in a zero byte that no construct contains, so the cursor cannot leave it.
    private mutating func writeTextValue(_ p: inout UnsafePointer<UInt8>, depth: Int) -> Bool {
        switch p.pointee {
        case Byte.quote: return writeTextString(&p)
        case Byte.openBrace: return depth < Limits.valueDepthMax && writeTextObject(&p, depth: depth + 1)
        case Byte.openBracket: return depth < Limits.valueDepthMax && writeTextArray(&p, depth: depth + 1)
        case UInt8(ascii: "t"): return writeTextLiteral(&p, "true")
        case UInt8(ascii: "f"): return writeTextLiteral(&p, "false")
        case UInt8(ascii: "n"): return writeTextLiteral(&p, "null")
        default:
            guard let number = NumberText.read(&p) else { return false }
            return canonical.number(number)
        }
    }

    // Guard: the text ends in a zero byte that no construct contains, so the cursor cannot leave it.
    private mutating func writeTextLiteral(_ p: inout UnsafePointer<UInt8>, _ literal: StaticString) -> Bool {
        guard sameBytes(p, literal.utf8Start, literal.utf8CodeUnitCount) else { return false }
        p += literal.utf8CodeUnitCount
        canonical.literal(literal)
        return true
    }

    // Guard: the text ends in a zero byte that no construct contains, so the cursor cannot leave it.
    private mutating func writeTextObject(_ p: inout UnsafePointer<UInt8>, depth: Int) -> Bool {
        p += 1
        Self.skipSpace(&p)
        var object = canonical.beginObject()
        if p.pointee == Byte.closeBrace {
            p += 1
            return !canonical.endObject(object)
        }
        while true {
            canonical.beginMember(object)
            guard p.pointee == Byte.quote, writeTextString(&p) else { return false }
            canonical.endKey(&object)
            Self.skipSpace(&p)
            guard p.pointee == Byte.colon else { return false }
            p += 1
            Self.skipSpace(&p)
            guard writeTextValue(&p, depth: depth) else { return false }
            canonical.endMember()
            Self.skipSpace(&p)
            if p.pointee == Byte.closeBrace { break }
            guard p.pointee == Byte.comma else { return false }
            p += 1
            Self.skipSpace(&p)
        }
        p += 1
        return !canonical.endObject(object)
    }

    // Guard: the text ends in a zero byte that no construct contains, so the cursor cannot leave it.
    private mutating func writeTextArray(_ p: inout UnsafePointer<UInt8>, depth: Int) -> Bool {
        p += 1
        Self.skipSpace(&p)
        canonical.byte(Byte.openBracket)
        if p.pointee == Byte.closeBracket {
            p += 1
            canonical.byte(Byte.closeBracket)
            return true
        }
        while true {
            guard writeTextValue(&p, depth: depth) else { return false }
            Self.skipSpace(&p)
            if p.pointee == Byte.closeBracket { break }
            guard p.pointee == Byte.comma else { return false }
            canonical.byte(Byte.comma)
            p += 1
            Self.skipSpace(&p)
        }
        p += 1
        canonical.byte(Byte.closeBracket)
        return true
    }

    /// A string of text that is known to be UTF-8. One without escapes is copied as it stands.
    // Guard: the text ends in a zero byte that no construct contains, so the cursor cannot leave it.
    private mutating func writeTextString(_ p: inout UnsafePointer<UInt8>) -> Bool {
        let start = p + 1
        p = start + kilter_string_stop(start)
        if p.pointee == Byte.quote {
            canonical.plainString(Text(start, p - start))
            p += 1
            return true
        }
        while p.pointee != Byte.quote {
            guard p.pointee == Byte.backslash else { return false }
            switch p[1] {
            case UInt8(ascii: "u"):
                guard let scalar = escapedScalar(p) else { return false }
                p += scalar > 0xffff ? 12 : 6
            case Byte.quote, Byte.backslash, UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
                UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
                p += 2
            default: return false
            }
            p += kilter_string_stop(p)
        }
        let mark = arena.used
        guard let out = arena.room(p - start) else { return false }
        canonical.string(arena.keep(unescape(Text(start, p - start), to: out)))
        arena.rewind(to: mark)
        p += 1
        return true
    }
}
