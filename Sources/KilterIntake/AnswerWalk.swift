import KilterMath
import KilterVocabulary

/// Reads a model's answer: what it says, and the calls it asks for, which are objects with an id and arguments, whatever stands
/// around them. Calls that the provider carries out itself are left out, because no tool span follows. Of several messages
/// the last one of the model counts.
struct AnswerWalk {
    // Guard: the workspace belongs to the decoder that reads this span.
    let space: UnsafeMutablePointer<Workspace>
    let limit: Int
    /// The last message that the model wrote.
    private(set) var answer = AnswerDraft()
    private var draft = AnswerDraft()
    /// The message that is being read is somebody else's.
    private var isForeign = false
    private var count = 0

    private static let depthMax = 12

    // Guard: as above.
    init(space: UnsafeMutablePointer<Workspace>, limit: Int) {
        self.space = space
        self.limit = limit
    }

    typealias Found = (UInt64, JSONReader) -> Int

    mutating func value(_ reader: inout JSONReader, depth: Int, _ found: Found) throws(Refusal) {
        if depth < Self.depthMax && count < limit {
            if reader.p.pointee == Byte.openBracket { return try list(&reader, depth: depth, found) }
            if reader.p.pointee == Byte.openBrace { return try message(&reader, depth: depth, found) }
        }
        try reader.skipValue()
    }

    private mutating func list(_ reader: inout JSONReader, depth: Int, _ found: Found) throws(Refusal) {
        guard try reader.enter(Byte.openBracket, Byte.closeBracket) else { return }
        repeat { try value(&reader, depth: depth + 1, found) } while try reader.next(Byte.closeBracket)
    }

    /// The value itself, or an element of it when it is a list, is a message; what is deeper is part of one.
    private mutating func message(_ reader: inout JSONReader, depth: Int, _ found: Found) throws(Refusal) {
        if depth > 1 { return try object(&reader, depth: depth, found) }
        draft = AnswerDraft()
        isForeign = false
        // What is cut off was still said.
        defer {
            if !draft.isEmpty && !isForeign { answer = draft }
            draft = AnswerDraft()
        }
        try object(&reader, depth: depth, found)
    }

    private mutating func object(_ reader: inout JSONReader, depth: Int, _ found: Found) throws(Refusal) {
        var part = Part()
        guard try reader.enter(Byte.openBrace, Byte.closeBrace) else { return }
        repeat {
            let mark = space.pointee.arena.used
            let key = try reader.key()
            let isText = reader.p.pointee == Byte.quote
            if isText && (key.equals("id") || key.equals("toolCallId")) {
                let id = try reader.text()
                part.callID = id.isEmpty ? 0 : StableHash.hash(id.buffer)
            } else if isText && key.equals("type") {
                part.type = Part.Kind(try reader.text())
            } else if isText && key.equals("role") {
                let role = try reader.text()
                isForeign = !PromptScan.isModel(role)
            } else if isText && (key.equals("content") || key.equals("text")) {
                part.text = reader
                try reader.skipValue()
            } else if key.equals("arguments") || key.equals("args") || key.equals("input") {
                part.arguments = reader
                try reader.skipValue()
            } else if key.equals("function") && reader.p.pointee == Byte.openBrace {
                if let inner = try functionArguments(&reader) { part.arguments = inner }
            } else if Self.holdsMore(key) {
                try value(&reader, depth: depth + 1, found)
            } else {
                try reader.skipValue()
            }
            space.pointee.arena.rewind(to: mark)
        } while try reader.next(Byte.closeBrace)
        take(part, found)
    }

    private static func holdsMore(_ key: Text) -> Bool {
        key.equals("parts") || key.equals("tool_calls") || key.equals("message") || key.equals("content") || key.equals("choices")
            || key.equals("generations") || key.equals("kwargs")
    }

    private mutating func take(_ part: Part, _ found: Found) {
        if part.callID != 0, part.type != .elsewhere, let arguments = part.arguments {
            draft.asks = true
            count = found(part.callID, arguments)
        } else if part.type == .call {
            draft.asks = true
        }
        guard var reader = part.text, part.type != .elsewhere else { return }
        let mark = space.pointee.arena.used
        defer { space.pointee.arena.rewind(to: mark) }
        guard let text = try? reader.text() else { return }
        if part.type == .thought { draft.takeThought(text) } else { draft.take(text, space) }
    }

    private func functionArguments(_ reader: inout JSONReader) throws(Refusal) -> JSONReader? {
        var arguments: JSONReader?
        guard try reader.enter(Byte.openBrace, Byte.closeBrace) else { return nil }
        repeat {
            if try reader.key().equals("arguments") { arguments = reader }
            try reader.skipValue()
        } while try reader.next(Byte.closeBrace)
        return arguments
    }

    /// One object of an answer, as far as its members have come.
    private struct Part {
        enum Kind {
            case text, thought, call
            /// What others did: results, and calls on the provider's side.
            case elsewhere

            init(_ type: Text) {
                if type.hasPrefix("server_tool") || type.hasSuffix("_response") || type.hasSuffix("_result") {
                    self = .elsewhere
                } else if type.equals("tool_call") || type.equals("tool_use") || type.equals("function_call") {
                    self = .call
                } else {
                    self = type.equals("reasoning") || type.equals("thinking") ? .thought : .text
                }
            }
        }

        var type = Kind.text
        var callID: UInt64 = 0
        var arguments: JSONReader?
        var text: JSONReader?
    }
}
