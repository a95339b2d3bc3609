extension Evaluation {
    /// The figures as one JSON object; what is not known is left out. Times are milliseconds, money microdollars.
    public var jsonText: String { jsonText(allowed: nil) }

    /// - Parameter allowed: statistical false alarms that the configuration allows in what was still, where it is known.
    public func jsonText(allowed: Double?) -> String {
        var fields: [TelemetryValue.Field] = [
            .init("wrong_runs", .integer(Int64(wrongRuns))), .init("warned_runs", .integer(Int64(warnedRuns))),
        ]
        if let recall { fields.append(.init("recall", .double(recall))) }
        if let precision { fields.append(.init("precision", .double(precision))) }
        fields.append(.init("false_alarms", .integer(Int64(falseAlarms))))
        fields.append(.init("agent_days", .double(agentDays)))
        if let falseAlarmsPerAgentDay { fields.append(.init("false_alarms_per_agent_day", .double(falseAlarmsPerAgentDay))) }
        fields.append(.init("measured_in_stream", .bool(isMeasured)))
        fields.append(.init("kinds", .array((kinds + (healthy.runs > 0 ? [healthy] : [])).map(\.json))))
        fields.append(.init("detectors", .array(detectors.map(\.json))))
        if let drift { fields.append(.init("drift", drift.json(allowed: allowed))) }
        return TelemetryValue.object(fields).jsonText()
    }
}

extension Evaluation.Kind {
    fileprivate var json: TelemetryValue {
        var fields: [TelemetryValue.Field] = [.init("kind", .string(kind)), .init("runs", .integer(Int64(runs)))]
        if let whole {
            fields.append(.init("spans", .integer(Int64(whole.spans))))
            fields.append(.init("microdollars", .integer(Int64(whole.microdollars))))
        }
        for level in AlarmLevel.allCases {
            var reached: [TelemetryValue.Field] = [.init("runs", .integer(Int64(self.reached[level.rawValue])))]
            // Healthy runs have no window to be late in.
            if kind != TruthLabel.healthy { reached += delays[level.rawValue].fields }
            fields.append(.init(level.name, .object(reached)))
        }
        return .object(fields)
    }
}

extension Evaluation.Detector {
    fileprivate var json: TelemetryValue {
        .object([
            .init("detector", .string(id)), .init("right", .integer(Int64(right))), .init("wrong", .integer(Int64(wrong))),
            .init("unlabelled", .integer(Int64(unlabelled))), .init("runs", .integer(Int64(runs))),
            .init("warning", .object(delays.fields)),
        ])
    }
}

extension Evaluation.Delays {
    fileprivate var fields: [TelemetryValue.Field] {
        var fields: [TelemetryValue.Field] = [.init("timed", .integer(Int64(count)))]
        if let spans { fields.append(.init("spans", .integer(Int64(spans)))) }
        if let milliseconds { fields.append(.init("milliseconds", .integer(Int64(milliseconds)))) }
        if let microdollars { fields.append(.init("microdollars", .integer(Int64(microdollars)))) }
        return fields
    }
}
