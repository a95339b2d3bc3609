import KilterMath
import KilterVocabulary

/// What a shell is told to do: the first word of its command. An agent whose only tool is a shell is told apart by it.
enum CommandWord {
    /// Names of tools that run commands; case, underscores and hyphens make no difference.
    static let shells = FoldedNames([
        "bash", "sh", "zsh", "shell", "terminal", "cmd", "powershell", "command", "exec", "runcommand", "executecommand",
        "executebash", "runbash", "runshellcommand", "shellcommand", "localshell", "localshellcall", "runterminalcmd", "runterminalcommand",
        "runinterminal", "execcommand", "runshell", "bashtool", "cmdrun",
    ])

    private static let wordBytesMax = 32
    /// Words that only say how the next one is run; what they take with them is passed too.
    private static let wrappers: [StaticString] = ["sudo", "env", "time", "timeout", "nohup", "nice", "exec", "command", "stdbuf"]

    /// The hash of the command's first word, without its folder, in the canonical arguments of a shell; zero when it has none.
    /// Passes assignments, `cd … &&` and the like, and words such as `sudo`.
    static func hash(of command: Text) -> UInt64 {
        var at = 0
        for _ in 0..<8 {
            let word = next(command, &at)
            if word.isEmpty { return 0 }
            if word.equals("cd") || word.equals("export") || word.equals("source") || word.equals("set") {
                guard passCommand(command, &at) else { return hash(word: word) }
                continue
            }
            if wrappers.contains(where: { word.equals($0) }) || isAssignment(word) || isOption(word) || isNumber(word) { continue }
            return hash(word: word)
        }
        return 0
    }

    private static func hash(word: Text) -> UInt64 {
        var start = 0
        for index in 0..<word.count where word[index] == UInt8(ascii: "/") { start = index + 1 }
        let name = word.dropFirst(start)
        guard name.count > 0, name.count <= wordBytesMax else { return 0 }
        let hash = StableHash.hash(name.buffer)
        return hash == 0 ? 1 : hash
    }

    private static func isAssignment(_ word: Text) -> Bool { (1..<max(word.count, 1)).contains { word[$0] == UInt8(ascii: "=") } }
    private static func isOption(_ word: Text) -> Bool { word[0] == UInt8(ascii: "-") }
    private static func isNumber(_ word: Text) -> Bool { word[0] >= 0x30 && word[0] <= 0x39 }

    /// The next word; a quote, a backslash or an operator ends it, as does what JSON escapes.
    private static func next(_ text: Text, _ at: inout Int) -> Text {
        while at < text.count, isBlank(text[at]) || text[at] == UInt8(ascii: "(") { at += 1 }
        let start = at
        while at < text.count, !isBlank(text[at]), !endsWord(text[at]) { at += 1 }
        return text.dropFirst(start).prefix(at - start)
    }

    /// Moves behind the next `&&`, `;` or line feed; false when there is none.
    private static func passCommand(_ text: Text, _ at: inout Int) -> Bool {
        while at < text.count {
            let byte = text[at]
            at += 1
            if byte == UInt8(ascii: ";") { return true }
            if byte == UInt8(ascii: "&"), at < text.count, text[at] == UInt8(ascii: "&") {
                at += 1
                return true
            }
            if byte == Byte.backslash, at < text.count, text[at] == UInt8(ascii: "n") {
                at += 1
                return true
            }
        }
        return false
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }

    private static func endsWord(_ byte: UInt8) -> Bool {
        switch byte {
        case Byte.quote, Byte.backslash, UInt8(ascii: "'"), UInt8(ascii: ";"), UInt8(ascii: "|"), UInt8(ascii: "&"), UInt8(ascii: "<"),
            UInt8(ascii: ">"), UInt8(ascii: ")"), UInt8(ascii: "`"):
            true
        default: false
        }
    }
}

extension SpanResolver {
    /// The first word of the command that a shell was given; zero for other tools.
    func commandWord(_ arguments: Text) -> UInt64 {
        guard CommandWord.shells.contains(toolName(.executeTool)) else { return 0 }
        for key: StaticString in ["\"command\":\"", "\"cmd\":\"", "\"script\":\"", "\"input\":\"", "\"code\":\""] {
            if let start = member(key, of: arguments) {
                return CommandWord.hash(of: quoted(arguments.dropFirst(start)))
            }
        }
        // The words of a list, behind the shell's own name and its options.
        if let start = member("\"command\":[\"", of: arguments) {
            var words = arguments.dropFirst(start)
            for shell: StaticString in ["bash\",\"-lc\",\"", "bash\",\"-c\",\"", "sh\",\"-c\",\"", "zsh\",\"-lc\",\""]
            where words.hasPrefix(shell) {
                words = words.dropFirst(shell.utf8CodeUnitCount)
                break
            }
            return CommandWord.hash(of: quoted(words))
        }
        // Plain text is the command itself.
        return arguments.hasPrefix("{") || arguments.hasPrefix("[") ? 0 : CommandWord.hash(of: arguments)
    }

    /// The text of a JSON string up to its closing quote, its escapes as they stand.
    private func quoted(_ text: Text) -> Text {
        var end = 0
        while end < text.count, text[end] != Byte.quote { end += text[end] == Byte.backslash ? 2 : 1 }
        return text.prefix(min(end, text.count))
    }
}
