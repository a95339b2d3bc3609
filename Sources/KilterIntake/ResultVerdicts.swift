import KilterVocabulary

/// What a result in JSON says of how its call ended, where the span itself says nothing: `isError` of MCP's tool results, and
/// the members that interfaces use for it.
enum ResultVerdicts {
    static let names = FoldedNames(["iserror", "success", "ok", "error"])

    fileprivate static let nothing: [StaticString] = ["null", "false", "\"\"", "{}", "[]", "0"]
}

extension SpanResolver {
    /// Whether the canonical text of an object says that the call failed. Only its outermost members are looked at.
    func saysFailure(_ text: Text) -> Bool {
        func value(_ key: StaticString) -> Text { member(key, of: text).map { text.dropFirst($0) } ?? .none }
        if value("\"isError\":").hasPrefix("true") || value("\"is_error\":").hasPrefix("true") { return true }
        if value("\"success\":").hasPrefix("false") || value("\"ok\":").hasPrefix("false") { return true }
        let error = value("\"error\":")
        return !error.isEmpty && !ResultVerdicts.nothing.contains { error.hasPrefix($0) }
    }
}
