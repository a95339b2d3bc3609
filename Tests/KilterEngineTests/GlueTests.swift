import KilterModels
import Testing
import Yams

/// The ready-made configuration that `kilter init` prints.
@Suite("Glue")
struct GlueTests {
    static let values = [
        "program": "/usr/local/lib/kilter/kilter", "pull": "tcp://127.0.0.1:15555", "sub": "tcp://127.0.0.1:15556",
        "acked": "tcp://127.0.0.1:15557", "publish": "tcp://127.0.0.1:15558", "catchup": "tcp://127.0.0.1:15559",
        "http": "127.0.0.1:15560", "otlp_http": "127.0.0.1:14318",
    ]
    static let files = Glue.Kind.allCases.flatMap(\.files)

    private func filled(_ file: String) throws -> String { try #require(Models.bundled.glue(file)).filled(Self.values) }

    private func yaml(_ file: String) throws -> [String: Any] {
        try #require(try Yams.load(yaml: filled(file)) as? [String: Any])
    }

    @Test("Every template asks for known values only, and none is left over", arguments: files)
    func placeholders(file: String) throws {
        let template = try #require(Models.bundled.glue(file), "Models/Glue/\(file) is missing")
        for name in template.placeholders { #expect(Self.values[name] != nil, "{{\(name)}} has no value") }
        let text = try filled(file)
        #expect(Glue(text).placeholders.isEmpty)
        #expect(!text.contains("127.0.0.1:5") && !text.contains("127.0.0.1:4318"), "an address of serve stands there in fixed form")
        #expect(text.utf8.allSatisfy { $0 != 9 && $0 != 13 } && text.hasSuffix("\n"))
    }

    @Test("A name without a value is refused, and what belongs to other programs stays")
    func unknown() throws {
        #expect(throws: Glue.Unfilled(placeholder: "nowhere")) { try Glue("a {{nowhere}}").filled(Self.values) }
        let foreign = "{{ $value }} {{X}} {{a b}} {{}} {{ {"
        #expect(try Glue(foreign).filled([:]) == foreign)
        #expect(try Glue("{{{a}}}{{a}}").filled(["a": "{{b}}"]) == "{{{a}}}{{b}}")
        #expect(Glue("{{b}}{{a}}{{b}}").placeholders == ["b", "a"])
        #expect(Models(directory: nil).glue("collector.yaml") == nil)
    }

    @Test("The Collector has both pipelines to the engine, retries, and its own ports")
    func collector() throws {
        let root = try yaml("collector.yaml")
        let exporters = try #require(root["exporters"] as? [String: Any])
        let kilter = try #require(exporters["otlphttp/kilter"] as? [String: Any])
        #expect(kilter["endpoint"] as? String == "http://127.0.0.1:14318")
        #expect((kilter["retry_on_failure"] as? [String: Any])?["enabled"] as? Bool == true)
        #expect((kilter["sending_queue"] as? [String: Any])?["num_consumers"] as? Int == 1)
        let processors = try #require(root["processors"] as? [String: Any])
        #expect((processors["batch"] as? [String: Any])?["timeout"] as? String == "200ms")
        let service = try #require(root["service"] as? [String: Any])
        let pipelines = try #require(service["pipelines"] as? [String: Any])
        #expect(pipelines.keys.sorted() == ["logs", "traces"])
        let receivers = try #require(root["receivers"] as? [String: Any])
        for (name, pipeline) in pipelines.sorted(by: { $0.key < $1.key }) {
            let parts = try #require(pipeline as? [String: [String]])
            #expect(parts["exporters"] == ["otlphttp/kilter"], "\(name)")
            #expect(parts["receivers"]?.allSatisfy { receivers[$0] != nil } == true)
            #expect(parts["processors"]?.allSatisfy { processors[$0] != nil } == true)
        }
        #expect(try !filled("collector.yaml").contains("endpoint: 127.0.0.1:4318"))
    }

    @Test("Prometheus scrapes the engine's own address, and every alert has an expression, a severity and a summary")
    func prometheus() throws {
        let jobs = try #require(try yaml("prometheus.yaml")["scrape_configs"] as? [[String: Any]])
        let targets = jobs.flatMap { ($0["static_configs"] as? [[String: [String]]] ?? []).flatMap { $0["targets"] ?? [] } }
        #expect(targets == ["127.0.0.1:15560"])
        let groups = try #require(try yaml("prometheus-alerts.yaml")["groups"] as? [[String: Any]])
        let rules = groups.flatMap { $0["rules"] as? [[String: Any]] ?? [] }
        #expect(rules.count >= 4)
        for rule in rules {
            let expression = try #require(rule["expr"] as? String)
            #expect(expression.contains("job=\"kilter\""))
            #expect((rule["labels"] as? [String: String])?["severity"] != nil)
            #expect((rule["annotations"] as? [String: String])?["summary"] != nil)
        }
    }

    @Test("The service runs the program it was asked for, on loopback, without rights")
    func systemd() throws {
        let lines = try filled("kilter.service").split(separator: "\n").map(String.init)
        let start = try #require(lines.first { $0.hasPrefix("ExecStart=") })
        #expect(start.hasPrefix("ExecStart=\"/usr/local/lib/kilter/kilter\" serve --pull tcp://127.0.0.1:15555 "))
        for needed in ["DynamicUser=yes", "IPAddressDeny=any", "Restart=on-failure", "StateDirectory=kilter", "NoNewPrivileges=yes"] {
            #expect(lines.contains(needed))
        }
    }
}
