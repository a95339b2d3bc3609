import Foundation
import KilterConsole
import KilterEngine
import Testing

@Suite("Metrics")
struct MetricsTests {
    @Test("Text format: help, type, labels and numbers are written as Prometheus reads them")
    func text() {
        var out = MetricsText()
        out.family("a_total", .counter, "One\\two\nlines.")
        out.sample("a_total", ["x": "q\"\\\n"], 3 as UInt64)
        out.single("b", .gauge, "B.", 0.25)
        #expect(
            out.text == """
                # HELP a_total One\\\\two\\nlines.
                # TYPE a_total counter
                a_total{x="q\\"\\\\\\n"} 3
                # HELP b B.
                # TYPE b gauge
                b 0.25

                """)
        #expect(MetricsText.number(.infinity) == "+Inf")
        #expect(MetricsText.number(-.infinity) == "-Inf")
        #expect(MetricsText.number(.nan) == "NaN")
    }

    @Test("Buckets of a histogram hold what is at most their bound")
    func histogram() {
        var histogram = DurationHistogram(boundsSeconds: [0.1, 1])
        for seconds in [0, 0.1, 0.1000001, 1, 5] { histogram.note(seconds: seconds) }
        #expect(histogram.counts == [2, 2, 1])
        #expect(histogram.count == 5)
        #expect(abs(histogram.sumSeconds - 6.2000001) < 1e-9)
    }

    @Test("The page: every family once, with help and type before its samples, and cumulative buckets")
    func page() throws {
        var engine = EngineMetrics()
        engine.records = [.init(["processed"], 7)]
        engine.alerts = [.init(["repeated_call", "warning"], 2), .init(["repeated_call", "resolved"], 1)]
        engine.transitions = [.init(["shadow", "open"], 1)]
        engine.exportLag.note(seconds: 0.7)
        engine.exportLag.note(seconds: 1_000)
        let page = MetricsPage(
            engine: engine, isReady: true, http: OTLPCounters().snapshot, process: .now, version: "1.2.3"
        ).text
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.last == "")
        var families: Set<Substring> = []
        var current: Substring = ""
        for line in lines.dropLast() {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                current = words[2]
                #expect(families.insert(current).inserted, "\(current) twice")
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == current)
            } else {
                #expect(line.hasPrefix(current), "\(line) stands under \(current)")
                #expect(Double(words[words.count - 1]) != nil, "\(line)")
            }
        }
        for line in [
            "kilter_build_info{version=\"1.2.3\"} 1", "kilter_records_total{outcome=\"processed\"} 7",
            "kilter_alert_events_total{detector=\"repeated_call\",severity=\"warning\"} 2",
            "kilter_alerts_resolved_total{detector=\"repeated_call\"} 1",
            "kilter_breaker_transitions_total{mode=\"shadow\",state=\"open\"} 1",
            "kilter_export_lag_seconds_bucket{le=\"0.5\"} 0", "kilter_export_lag_seconds_bucket{le=\"1.0\"} 1",
            "kilter_export_lag_seconds_bucket{le=\"300.0\"} 1", "kilter_export_lag_seconds_bucket{le=\"+Inf\"} 2",
            "kilter_export_lag_seconds_count 2", "kilter_http_connections{server=\"otlp\"} 0",
            "kilter_http_connections_displaced_total{server=\"console\"} 0",
            "kilter_http_connections_refused_total{server=\"otlp\"} 0",
        ] { #expect(lines.contains(Substring(line)), "\(line)") }
    }

    @Test("Process figures come from the right fields, whatever the command is called")
    func processFigures() throws {
        let stat = "42 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 250 50 13 14 15 16 9 0 1000 4096000 100 18446744073709551615 1"
        let figures = try #require(
            ProcessFigures(
                stat: stat, bootSeconds: 5_000, ticksPerSecond: 100, pageBytes: 4_096, descriptorsOpen: 7, descriptorsMax: 1_024))
        #expect(figures.cpuSeconds == 3)
        #expect(figures.threads == 9)
        #expect(figures.startSeconds == 5_010)
        #expect(figures.virtualBytes == 4_096_000)
        #expect(figures.residentBytes == 409_600)
        for broken in ["", ")", "1 (a) S 1 2", "1 a S"] {
            #expect(
                ProcessFigures(
                    stat: broken, bootSeconds: 0, ticksPerSecond: 100, pageBytes: 1, descriptorsOpen: 0, descriptorsMax: 0) == nil)
        }
    }
}
