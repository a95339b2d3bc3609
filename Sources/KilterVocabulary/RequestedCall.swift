/// A tool call that a model asked for, as its own span shows it. The span of the tool, which comes later, is joined to it
/// by the call's id when it shows no arguments itself.
public struct RequestedCall: BitwiseCopyable, Sendable {
    /// Hash of the tool call id, as in `SpanRecord.callID`; never zero.
    public var callID: UInt64
    public var arguments: Fingerprint
    /// Length of the arguments in characters, saturating.
    public var argumentsCharacters: UInt32

    public init(callID: UInt64, arguments: Fingerprint, argumentsCharacters: UInt32) {
        self.callID = callID
        self.arguments = arguments
        self.argumentsCharacters = argumentsCharacters
    }
}
