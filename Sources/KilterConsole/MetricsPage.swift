import KilterEngine

/// What `/metrics` says. The labels are closed sets: no agent, tenant or text from a wire becomes one.
package struct MetricsPage {
    package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var out = MetricsText()

    package var text: String { out.text }

    package init(
        engine: EngineMetrics, isReady: Bool, http: OTLPCounters.Snapshot, process: ProcessFigures?, version: String
    ) {
        out.family("kilter_build_info", .gauge, "The version of the engine, as a label; always 1.")
        out.sample("kilter_build_info", ["version": version], 1 as UInt64)
        out.single("kilter_ready", .gauge, "1 while the engine takes spans.", UInt64(isReady ? 1 : 0))
        records(engine)
        events(engine)
        input(engine, http)
        state(engine)
        times(engine)
        if let process { figures(process) }
    }

    private mutating func records(_ engine: EngineMetrics) {
        counts("kilter_records_total", "Spans and log records received; each is in exactly one outcome.", "outcome", engine.records)
        counts(
            "kilter_quarantined_records_total", "Records and whole requests that were refused, by reason.", "reason",
            engine.quarantined)
        counts("kilter_notes_total", "Records that were kept, but cut, dropped in part or odd.", "note", engine.notes)
    }

    private mutating func events(_ engine: EngineMetrics) {
        let resolved = engine.alerts.filter { $0.labels.last == "resolved" }
        let firing = engine.alerts.filter { $0.labels.last != "resolved" }
        counts("kilter_alert_events_total", "Alerts opened or escalated.", "detector", "severity", firing)
        counts("kilter_alerts_resolved_total", "Alerts resolved.", "detector", resolved)
        counts("kilter_breaker_transitions_total", "Breakers that entered a state.", "mode", "state", engine.transitions)
        counts("kilter_notices_total", "Notices.", "kind", engine.notices)
        out.single(
            "kilter_trips_refused_total", .counter, "Trips that stayed alerts, because too many breakers were open.", engine.tripsRefused)
    }

    private mutating func input(_ engine: EngineMetrics, _ http: OTLPCounters.Snapshot) {
        out.single("kilter_messages_total", .counter, "Messages received over ZeroMQ.", engine.messages)
        out.single(
            "kilter_input_gap_messages_total", .counter, "Messages that publishers numbered and that never arrived.", engine.inputGaps)
        out.family("kilter_received_bytes_total", .counter, "Bytes received, as they came.")
        out.sample("kilter_received_bytes_total", ["transport": "http"], http.bytes)
        out.sample("kilter_received_bytes_total", ["transport": "zeromq"], engine.messageBytes)
        out.family("kilter_otlp_requests_total", .counter, "OTLP/HTTP requests, by signal and status.")
        for row in http.rows {
            out.sample("kilter_otlp_requests_total", ["signal": row.signal, "code": "\(row.status)"], row.requests)
        }
        out.single(
            "kilter_otlp_inflight_bytes", .gauge, "Bytes of OTLP/HTTP bodies that are held at this moment.",
            UInt64(clamping: http.bytesInFlight))
        connections(http.connections)
    }

    private mutating func connections(_ servers: [Connections.Snapshot]) {
        out.family("kilter_http_connections", .gauge, "HTTP connections that are open, by server.")
        for server in servers { out.sample("kilter_http_connections", ["server": server.server], UInt64(clamping: server.open)) }
        out.family(
            "kilter_http_connections_displaced_total", .counter, "Quiet HTTP connections that were closed because all were taken.")
        for server in servers { out.sample("kilter_http_connections_displaced_total", ["server": server.server], server.displaced) }
        out.family(
            "kilter_http_connections_refused_total", .counter, "HTTP connections that were answered 503 because all were at work.")
        for server in servers { out.sample("kilter_http_connections_refused_total", ["server": server.server], server.refused) }
    }

    private mutating func state(_ engine: EngineMetrics) {
        out.single("kilter_state_tenants", .gauge, "Tenants with state of their own.", UInt64(clamping: engine.tenants))
        out.single("kilter_state_turns", .gauge, "Turns whose calls are remembered.", UInt64(clamping: engine.turns))
        out.single("kilter_state_runs", .gauge, "Runs whose messages are remembered.", UInt64(clamping: engine.runs))
        out.single("kilter_state_evictions_total", .counter, "Turns and runs forgotten for lack of room.", engine.evicted)
        out.single("kilter_episodes_open", .gauge, "Alerts that are firing.", UInt64(clamping: engine.episodesOpen))
        out.single("kilter_breakers_not_closed", .gauge, "Breakers that are open or half open.", UInt64(clamping: engine.breakersAway))
    }

    private mutating func times(_ engine: EngineMetrics) {
        out.family("kilter_export_lag_seconds", .histogram, "From the end of a span to its arrival here.")
        histogram("kilter_export_lag_seconds", nil, engine.exportLag)
        out.family(
            "kilter_stage_duration_seconds", .histogram, "Time that a stage of the walk took for what was received at once.")
        for stage in EngineStage.allCases {
            histogram("kilter_stage_duration_seconds", stage.name, engine.stages[Int(stage.rawValue)])
        }
    }

    /// Names and meaning as in every Prometheus client.
    private mutating func figures(_ process: ProcessFigures) {
        out.single("process_cpu_seconds_total", .counter, "User and system CPU time.", process.cpuSeconds)
        out.single("process_resident_memory_bytes", .gauge, "Resident memory.", process.residentBytes)
        out.single("process_virtual_memory_bytes", .gauge, "Virtual memory.", process.virtualBytes)
        out.single("process_open_fds", .gauge, "Open file descriptors.", UInt64(clamping: process.descriptorsOpen))
        out.single("process_max_fds", .gauge, "Greatest number of open file descriptors.", process.descriptorsMax)
        out.single("process_start_time_seconds", .gauge, "Unix time of the start.", process.startSeconds)
        out.single("process_threads", .gauge, "Threads.", UInt64(clamping: process.threads))
    }

    private mutating func counts(_ name: String, _ help: String, _ label: String, _ tallies: [EngineMetrics.Tally]) {
        out.family(name, .counter, help)
        for tally in tallies { out.sample(name, [label: tally.labels.first ?? ""], tally.count) }
    }

    private mutating func counts(
        _ name: String, _ help: String, _ first: String, _ second: String, _ tallies: [EngineMetrics.Tally]
    ) {
        out.family(name, .counter, help)
        for tally in tallies where tally.labels.count == 2 {
            out.sample(name, [first: tally.labels[0], second: tally.labels[1]], tally.count)
        }
    }

    /// Buckets are cumulative in this format, and the last one holds everything.
    private mutating func histogram(_ name: String, _ stage: String?, _ histogram: DurationHistogram) {
        var sum: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            sum &+= count
            let bound = MetricsText.number(index < histogram.boundsSeconds.count ? histogram.boundsSeconds[index] : .infinity)
            if let stage {
                out.sample("\(name)_bucket", ["stage": stage, "le": bound], sum)
            } else {
                out.sample("\(name)_bucket", ["le": bound], sum)
            }
        }
        if let stage {
            out.sample("\(name)_sum", ["stage": stage], histogram.sumSeconds)
            out.sample("\(name)_count", ["stage": stage], sum)
        } else {
            out.sample("\(name)_sum", [:], histogram.sumSeconds)
            out.sample("\(name)_count", [:], sum)
        }
    }
}
