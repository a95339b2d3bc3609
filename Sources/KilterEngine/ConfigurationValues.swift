import KilterVocabulary

extension Configuration {
    /// What of arguments and results may be kept.
    public enum Content: String, Sendable, CaseIterable { case digest, preview, full }

    /// False alarms that the user is willing to see.
    public struct FalseAlarms: Sendable, Equatable {
        public enum Group: String, Sendable, CaseIterable { case agent, fleet }

        public enum Period: Sendable, Equatable {
            case time(Nanoseconds)
            case runs(UInt32)
        }

        public struct Rate: Sendable, Equatable {
            /// Millionths of an alarm.
            public var millionths: UInt64
            public var group: Group
            public var period: Period
        }

        public var warning = Rate(millionths: 1_000_000, group: .fleet, period: .time(.seconds(86_400)))
        /// Nil is a thirtieth of `warning`.
        public var critical: Rate?
    }

    public struct ToolRule: Sendable, Equatable {
        public enum Class: String, Sendable, CaseIterable {
            case normal, poll, ignore
            case sideEffect = "side_effect"
        }

        public var selector = Selector()
        public var toolClass: Class?
        /// Argument fields that are not identity.
        public var volatile: [String] = []
    }

    /// Thresholds for whom the selector names.
    public struct DetectorRule: Sendable, Equatable {
        public var selector = Selector()
        public var patch = ThresholdsPatch()
        public var quiet: Nanoseconds?
        /// Ladders of detectors that this build does not have, by their ids.
        public var later: [LaterDetector] = []
    }

    public struct LaterDetector: Sendable, Equatable {
        public var name: String
        public var patch: LadderPatch
    }

    /// The most that money or tokens may amount to.
    public enum Limit: Sendable, Equatable {
        case microdollars(UInt64)
        case tokens(UInt64)
    }

    public struct Budget: Sendable, Equatable {
        public enum Scope: String, Sendable, CaseIterable { case run, agent, workflow, department, tenant }

        public var selector = Selector()
        public var scope = Scope.run
        /// Nil for a run, which is its own period.
        public var per: Nanoseconds?
        public var limit = Limit.tokens(0)
    }

    public struct Breaker: Sendable, Equatable {
        public var selector = Selector()
        public var scope = BreakerScope.run
        /// Detector ids of the contract, in the order given.
        public var on: [String] = ["repeated_call", "call_cycle", "duplicate_side_effect"]
        public var mode = BreakerMode.shadow
        /// How long it stays open after the last evidence against its scope.
        public var coolDown = Nanoseconds.minutes(5)
        /// Calls that must pass while half open before it closes.
        public var probePermits: UInt32 = 3
        public var onSilence = BreakerEvent.OnSilence.hold
        /// Thousandths of a per cent of the scopes that may be open at once.
        public var maxTripped: UInt32?
        /// Thousandths of a per cent of the scopes in which an enforced breaker blocks.
        public var enforce: UInt32?
    }

    public struct Policy: Sendable, Equatable {
        public var selector = Selector()
        /// Globs over tool names; nil allows all.
        public var allowTools: [String]?
        public var denyTools: [String] = []
    }

    /// A value of a signal in the signal's own unit.
    public enum SignalValue: Sendable, Equatable {
        /// Thousandths of a per cent.
        case percentage(UInt32)
        case duration(Nanoseconds)
        case microdollars(UInt64)
        case tokens(UInt64)
        /// Millionths of a plain number.
        case number(UInt64)
    }

    public struct KPI: Sendable, Equatable {
        public var selector = Selector()
        public var signal = ""
        public var atLeast: SignalValue?
        public var atMost: SignalValue?
        /// Observations that are looked back over.
        public var window: UInt32 = 200
    }

    public struct Maintenance: Sendable, Equatable {
        public var selector = Selector()
        public var from = EventTime.zero
        public var to = EventTime.zero
    }

    /// A key that was accepted and changes nothing in this build.
    public struct Inert: Sendable, Equatable {
        /// Such as `detectors[1].stagnation`.
        public var path: String
        /// One-based.
        public var line: Int
    }

    /// Notes about the text of a configuration; two configurations are equal whatever their notes.
    struct Notes: Sendable, Equatable {
        var withoutEffect: [Inert] = []

        static func == (a: Self, b: Self) -> Bool { true }
    }
}
