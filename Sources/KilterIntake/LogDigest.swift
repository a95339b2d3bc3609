import KilterMath
import KilterVocabulary

/// Makes of what a log record says the number that it goes by in place of a span id: the same record sent again has
/// the same one, in either encoding, and a record that says something else has another.
/// Keyed, because it covers content that must not be guessed from it.
struct LogDigest {
    // Guard: the workspace belongs to the decoder that made this reader, which is noncopyable and busy in `decode`.
    let space: UnsafeMutablePointer<Workspace>

    /// Takes in one attribute, or the body under an empty key. An empty value says nothing.
    func take(_ key: Text, _ value: AttributeValue) {
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        switch value.shape {
        case .absent: return
        case .text: add(.logText, key, value.text)
        case .protobufTree, .jsonTree, .plainTree: add(.logValue, key, canonicalTree(value))
        case .integer, .double, .boolean, .bytes, .badNumber:
            SpanResolver(space: space).writeScalar(value)
            add(.logValue, key, space.pointee.canonical.text)
        }
    }

    /// Takes in an object of plain JSON.
    func take(_ key: Text, plain object: Text) {
        space.pointee.canonical.begin()
        let text = space.pointee.appendPlain(object, depth: 0) ? space.pointee.canonical.text : object
        if !isEmptyValue(text) { add(.logValue, key, text) }
    }

    /// The digest of the whole record; never zero.
    func finish(_ row: SpanRecord, event: Text, service: NameHash) -> UInt64 {
        let about = StableHash.combine(StableHash.combine(row.trace.high, row.trace.low), row.parent)
        let said = StableHash.combine(space.pointee.fingerprints.digest(.logText, event, .none), space.pointee.facts.said)
        return StableHash.combine(StableHash.combine(about, row.endNanoseconds), StableHash.combine(said, service))
    }

    private func add(_ domain: Fingerprinter.Domain, _ key: Text, _ text: Text) {
        let digest = space.pointee.fingerprints.digest(domain, key, text)
        space.pointee.facts.said = StableHash.combine(space.pointee.facts.said, digest)
    }

    /// The canonical text of a tree, or the tree as it was written when it is malformed or nested too deep.
    private func canonicalTree(_ value: AttributeValue) -> Text {
        do throws(Refusal) {
            switch value.shape {
            case .protobufTree: try TreeWriter(space: space).write(protobuf: value.text)
            case .jsonTree: try TreeWriter(space: space).write(json: value)
            default:
                space.pointee.canonical.begin()
                if !space.pointee.appendPlain(value.text, depth: 0) { return value.text }
            }
            return space.pointee.canonical.text
        } catch {
            return value.text
        }
    }
}

extension Workspace {
    /// Keeps an attribute's value unless nobody asks for it.
    mutating func keep(_ value: AttributeValue, in slot: Slot) {
        if slot != .ignored && !candidates.set(slot, value) { facts.duplicateKeys &+= 1 }
    }

    /// The same for what stands behind a value that is there already.
    mutating func offer(_ value: AttributeValue, to slot: Slot) {
        if slot != .ignored && !candidates.has(slot) { _ = candidates.set(slot, value) }
    }
}
