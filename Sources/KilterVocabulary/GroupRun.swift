/// How unusual one run was for its agent, signal by signal, on its way to a group that the agent belongs to.
public struct GroupRun: BitwiseCopyable, Sendable {
    /// What agents have in common that makes a group.
    public enum Kind: UInt8, BitwiseCopyable, Sendable {
        case service, model

        public var name: String {
            switch self {
            case .service: "service"
            case .model: "model"
            }
        }
    }

    /// Position of the record in the engine's step, and among the runs that ended with it.
    public var record: UInt32 = 0
    public var number: UInt32 = 0
    public var kind = Kind.service
    public var groupKey: UInt64 = 0
    /// Runs whose part of the budget their agents cannot spend themselves yet, because they know too little.
    public var unspent: UInt16 = 0
    /// Agent, or service, by which the members of the group are told apart.
    public var member: UInt64 = 0
    /// Bits of the signals that have a score, and these: normal scores, each among the runs of the same agent.
    public var signals: UInt32 = 0
    public var scores = InlineArray<24, Float>(repeating: 0)
    /// Agents whose runs of the trace it sums up, by signal.
    public var counts = InlineArray<24, UInt16>(repeating: 0)

    // Whose run it was.
    public var tenant: NameHash = 0
    public var environment: NameHash = 0
    public var service: NameHash = 0
    public var model: NameHash = 0
    public var trace = TraceID()
    public var span: UInt64 = 0
    public var startedAt = EventTime.zero
    public var observedAt = EventTime.zero
    public var engineTime = EventTime.zero
    public var fleet: UInt32 = 0
    public var thresholdSet: UInt16 = 0

    public init() {}

    /// The order in which groups take their runs.
    @inlinable public var place: UInt64 { UInt64(record) << 32 | UInt64(number) }
}
