import KilterBreakers
import KilterIntake
import KilterVocabulary

/// What of a configuration the walk itself depends on. Two engines with equal settings give equal bytes.
public struct Settings: Sendable {
    /// Goes into every event's `source`.
    public var instance = "kilter"
    /// What the decoders depend on: the fingerprint key, identity, prices.
    public var intake = IntakeRules()
    /// Counts in effect where no override applies.
    public var thresholds = Thresholds.published
    /// Counts for one agent where overrides exist; nil when there are none.
    public var overrides: (@Sendable (_ tenant: String, _ environment: String, _ service: String, _ agent: String) -> Thresholds)?
    /// What a tool is, where the configuration says so; nil when it says nothing.
    public var toolClasses: (@Sendable (ToolSubject) -> ToolClass)?
    /// How many false alarms of statistical detectors may be seen.
    public var falseAlarms = FalseAlarmBudget()
    /// Times in which what some agents do is neither judged nor learned by statistics; which agents, the overrides say.
    public var maintenance: [MaintenanceWindow] = []
    /// How long an episode stays open without further evidence. Longer than the slowest loop that peers recorded
    /// (ten minutes between calls).
    public var quiet = Nanoseconds.minutes(15)
    /// The same of statistical alerts, whose evidence comes with each run.
    public var statisticalQuiet = Nanoseconds.seconds(7 * 86_400)
    public var breakers: [BreakerRule] = [.published]
    /// Identifies the settings in snapshots.
    public var fingerprint: UInt64 = 0

    public init() {}
}
