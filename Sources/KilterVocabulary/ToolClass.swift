/// What the user says a tool is (contract, section 8): how much its repetition means.
public enum ToolClass: UInt8, BitwiseCopyable, Sendable, CaseIterable {
    case normal
    /// Changes the world outside: the second identical success is one too many.
    case sideEffect
    /// Asks until something is ready: repetition counts a fifth.
    case poll
    /// Its calls are no part of any sequence.
    case ignore

    /// How many calls of a polling tool weigh as much as one of another (peers' practice: users proposed 10 against 4, and
    /// 15 polls of one build must not warn).
    public static let pollWeight: UInt32 = 5
}
