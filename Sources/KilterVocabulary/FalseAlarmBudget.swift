/// How many false alarms may be seen, as detection spends them: so many for each agent and run, or for each agent and time.
public struct FalseAlarmBudget: Sendable, Equatable {
    public enum Unit: Sendable, Equatable {
        /// Alarms a nanosecond, of each agent or of all agents of a tenant together.
        case time(perNanosecond: Double, isOfFleet: Bool)
        /// Alarms a run of each agent.
        case runs(perRun: Double)
    }

    public var unit = Unit.time(perNanosecond: 1 / 86_400e9, isOfFleet: true)
    /// How many times as much evidence a critical alarm takes.
    public var criticalFactor: Float = 30
    /// As the configuration says it, for explanations.
    public var text = "1 per day per fleet"

    public init() {}

    /// A gap counts as a day at most: nobody was there to be alarmed.
    private static let gapMax = Nanoseconds.seconds(86_400)

    /// What one agent may spend for the time or the runs that have passed.
    /// - Parameter agents: agents of the fleet that are alive.
    public func allowance(passed: Nanoseconds, runs: Double, agents: UInt32) -> Double {
        switch unit {
        case .time(let rate, let isOfFleet):
            rate * Double(min(passed, Self.gapMax).count) / (isOfFleet ? Double(max(agents, 1)) : 1)
        case .runs(let rate): rate * runs
        }
    }
}
