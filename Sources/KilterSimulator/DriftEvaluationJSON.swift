extension DriftEvaluation {
    /// Times are seconds here, because alerts of drift take hours.
    func json(allowed: Double?) -> TelemetryValue {
        var still: [TelemetryValue.Field] = [
            .init("agents", .integer(Int64(exposure.agents))), .init("agent_days", .double(exposure.agentDays)),
        ]
        if let runs = exposure.agentRuns { still.append(.init("agent_runs", .integer(Int64(runs)))) }
        still += [
            .init("episodes", .integer(Int64(falseEpisodes))), .init("warnings", .integer(Int64(falseWarnings))),
            .init("group_episodes", .integer(Int64(falseGroupEpisodes))),
            .init("low", .double(interval.low)), .init("high", .double(interval.high)),
        ]
        if let allowed { still.append(.init("allowed", .double(allowed))) }
        still.append(
            .init("signals", .object(falseBySignal.map { .init($0.signal, .integer(Int64($0.episodes))) })))
        var fields: [TelemetryValue.Field] = [.init("still", .object(still)), .init("changes", .array(changes.map(\.json)))]
        fields += [
            .init("right_episodes", .integer(Int64(rightEpisodes))), .init("stray_episodes", .integer(Int64(strayEpisodes))),
            .init("unlabelled_episodes", .integer(Int64(unlabelledEpisodes))),
        ]
        if let precision { fields.append(.init("precision", .double(precision))) }
        return .object(fields)
    }
}

extension DriftEvaluation.Change {
    fileprivate var json: TelemetryValue {
        var fields: [TelemetryValue.Field] = [
            .init("signal", .string(signal)), .init("changes", .integer(Int64(count))),
            .init("alarmed_before", .integer(Int64(alarmedBefore))), .init("found", .integer(Int64(found))),
            .init("missed", .integer(Int64(missed))), .init("found_in_group", .integer(Int64(foundInGroup))),
        ]
        if let recall { fields.append(.init("recall", .double(recall))) }
        if let restrictedMean { fields.append(.init("restricted_mean_observations", .double(restrictedMean))) }
        fields += [
            .init("attributed", .integer(Int64(attributed))), .init("told_main", .integer(Int64(toldMain))),
            .init("directed", .integer(Int64(directed))), .init("directed_right", .integer(Int64(directedRight))),
        ]
        let figures = [
            ("observations", observations), ("seconds", seconds), ("onset_error_observations", onsetObservations),
            ("onset_error_seconds", onsetSeconds),
        ]
        for (name, figures) in figures {
            if let figures { fields.append(.init(name, figures.json)) }
        }
        return .object(fields)
    }
}

extension DriftEvaluation.Figures {
    fileprivate var json: TelemetryValue {
        .object([
            .init("count", .integer(Int64(count))), .init("median", .double(median)), .init("mean", .double(mean)),
            .init("standard_error", .double(standardError)), .init("p90", .double(p90)), .init("p95", .double(p95)),
        ])
    }
}
