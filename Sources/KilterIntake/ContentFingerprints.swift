import KilterVocabulary

/// Fingerprints of content outside of spans, equal to those the decoder gives the same arguments, and the same results
/// where nothing in them is volatile: for a
/// gateway's question before a call, and for anyone who wants to see what makes two calls equal.
/// Reuses its memory; one thread at a time.
public struct ContentFingerprints: ~Copyable {
    private var workspace: Workspace

    public init(key: FingerprintKey) { workspace = Workspace(rules: IntakeRules(key: key)) }

    /// The canonical form (RFC 8785) of JSON text, or nil for what is compared as raw text instead: anything that is
    /// not JSON, repeats a key in an object, is nested deeper than `Limits.valueDepthMax`, or holds a number that no
    /// double reaches. Integers that no double holds exactly keep their digits, followed by an `n`.
    public mutating func canonicalForm(of text: some Collection<UInt8>) -> [UInt8]? {
        guard let copy = adopt(text), isUTF8(copy), workspace.canonicalize(copy) else { return nil }
        return Array(workspace.canonical.text.buffer)
    }

    /// The fingerprint of a text: of its canonical form when it is JSON, of its bytes otherwise. `None`, `null`, `{}` and
    /// the empty string share one. What is hidden (`__REDACTED__`) or not UTF-8 is unknown.
    public mutating func fingerprint(of text: some Collection<UInt8>) -> Fingerprint {
        guard let copy = adopt(text), isUTF8(copy) else { return .unknown }
        if copy.equals("__REDACTED__") { return .unknown }
        return workspace.fingerprint(terminated: copy).fingerprint
    }

    private mutating func adopt(_ text: some Collection<UInt8>) -> Text? {
        workspace.beginPayload(bytes: text.count)
        guard let room = workspace.arena.room(text.count) else { return nil }
        _ = UnsafeMutableBufferPointer(start: room, count: text.count).initialize(from: text)
        return workspace.arena.keep(text.count)
    }
}
